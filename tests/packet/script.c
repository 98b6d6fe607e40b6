/* Scripts as a whole: their lines, flows, calls and events. */
#include "tests/packet/lexer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES_MAX 10000

struct named {
	const char *name;
	int value;
};

static const struct named calls[] = {
    {"connect", IX_CALL_CONNECT},   {"accept", IX_CALL_ACCEPT},
    {"sendv", IX_CALL_SENDV},       {"recv_done", IX_CALL_RECV_DONE},
    {"close", IX_CALL_CLOSE},       {"abort", IX_CALL_ABORT},
    {"udp_send", IX_CALL_UDP_SEND}, {"udp_recv_done", IX_CALL_UDP_RECV_DONE},
};
static const struct named events[] = {
    {"knock", IX_EVENT_KNOCK},       {"connected", IX_EVENT_CONNECTED},
    {"recv", IX_EVENT_RECV},         {"sent", IX_EVENT_SENT},
    {"eof", IX_EVENT_EOF},           {"dead", IX_EVENT_DEAD},
    {"timer", IX_EVENT_TIMER},       {"udp_recv", IX_EVENT_UDP_RECV},
    {"udp_sent", IX_EVENT_UDP_SENT},
};
static const struct named errors[] = {
    {"ok", 0},
    {"bad_call", IX_ERR_BAD_CALL},
    {"bad_handle", IX_ERR_BAD_HANDLE},
    {"bad_buffer", IX_ERR_BAD_BUFFER},
    {"bad_length", IX_ERR_BAD_LENGTH},
    {"state", IX_ERR_STATE},
    {"no_memory", IX_ERR_NO_MEMORY},
    {"no_port", IX_ERR_NO_PORT},
    {"no_route", IX_ERR_NO_ROUTE},
    {"moved", IX_ERR_MOVED},
};
static const struct named reasons[] = {
    {"closed", IX_DEAD_CLOSED},       {"reset", IX_DEAD_RESET},     {"timeout", IX_DEAD_TIMEOUT},
    {"no_memory", IX_DEAD_NO_MEMORY}, {"refused", IX_DEAD_REFUSED},
};
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *name_of(const struct named *table, size_t n, int value)
{
	for (size_t i = 0; i < n; i++)
		if (table[i].value == value)
			return table[i].name;
	return "unknown";
}

static bool value_of(struct cursor *c, const struct named *table, size_t n, int *value)
{
	for (size_t i = 0; i < n; i++)
		if (accept_word(c, table[i].name)) {
			*value = table[i].value;
			return true;
		}
	return false;
}

const char *script_call_name(unsigned type)
{
	return name_of(calls, COUNT(calls), (int)type);
}

const char *script_event_name(unsigned type)
{
	return name_of(events, COUNT(events), (int)type);
}

const char *script_error_name(int64_t error)
{
	return name_of(errors, COUNT(errors), (int)error);
}

const char *script_reason_name(int reason)
{
	return name_of(reasons, COUNT(reasons), reason);
}

/* NAME IP:PORT LOCAL_PORT|* [isn N]; a name that is known is changed. */
static bool read_flow_line(struct cursor *c, struct script *s)
{
	struct flow f = {.isn = s->flow[0].isn};
	struct number local = {0};
	uint64_t value;
	unsigned i;

	if (!read_name(c, f.name, sizeof(f.name)) || !read_ip(c, &f.remote_ip) || !accept_char(c, ':') ||
	    !read_unsigned(c, 65535, &value) || !read_number(c, 65535, &local))
		return complain(c, "expected NAME IP:PORT LOCAL_PORT");
	f.remote_port = (uint16_t)value;
	f.local_port = (uint16_t)local.value;
	if (accept_word(c, "isn")) {
		if (!read_unsigned(c, UINT32_MAX, &value))
			return false;
		f.isn = (uint32_t)value;
	}
	for (i = 0; i < s->flows && strcmp(s->flow[i].name, f.name) != 0; i++)
		;
	if (i == SCRIPT_FLOWS_MAX)
		return complain(c, "too many flows");
	s->flow[i] = f;
	if (i == s->flows)
		s->flows++;
	return true;
}

static bool read_result(struct cursor *c, struct call_line *call)
{
	uint64_t value;
	int error;

	if (!accept_char(c, '='))
		return true;
	call->result_given = true;
	if (value_of(c, errors, COUNT(errors), &error)) {
		call->result = error;
		return true;
	}
	if (!read_unsigned(c, INT32_MAX, &value))
		return false;
	call->result = (int64_t)value;
	return true;
}

static bool read_call(struct cursor *c, const struct script *s, struct call_line *call)
{
	uint64_t value;
	int type;

	if (!read_flow(c, s, &call->flow))
		return false;
	if (!value_of(c, calls, COUNT(calls), &type))
		return complain(c, "no such call");
	call->type = (enum ix_call_type)type;
	if (type == IX_CALL_SENDV || type == IX_CALL_RECV_DONE || type == IX_CALL_UDP_SEND)
		do {
			if (call->lengths == (type == IX_CALL_SENDV ? IX_SG_MAX : 1))
				return complain(c, "too many lengths");
			if (!read_unsigned(c, SCRIPT_STREAM_MAX, &value))
				return false;
			call->length[call->lengths++] = (uint32_t)value;
		} while (accept_char(c, '+'));
	return read_result(c, call);
}

static bool read_event(struct cursor *c, const struct script *s, struct event_line *event)
{
	int type;

	if (!read_flow(c, s, &event->flow))
		return false;
	if (!value_of(c, events, COUNT(events), &type))
		return complain(c, "no such event");
	event->type = (enum ix_event_type)type;
	if ((type == IX_EVENT_RECV || type == IX_EVENT_SENT || type == IX_EVENT_UDP_RECV) &&
	    !read_number(c, UINT32_MAX, &event->length))
		return false;
	if ((type == IX_EVENT_SENT || type == IX_EVENT_CONNECTED) && accept_word(c, "window") &&
	    !read_number(c, UINT32_MAX, &event->window))
		return false;
	if (type == IX_EVENT_RECV)
		event->alt = accept_word(c, "alt");
	if (type == IX_EVENT_CONNECTED) {
		event->status_given = true;
		value_of(c, errors, COUNT(errors), &event->status);
	}
	if (type == IX_EVENT_DEAD) {
		event->status_given = true;
		if (!value_of(c, reasons, COUNT(reasons), &event->status))
			return complain(c, "expected closed, reset, timeout, no_memory or refused");
	}
	return true;
}

static bool read_what(struct cursor *c, const struct script *s, struct line *line)
{
	uint64_t value;

	if (accept_char(c, '<') || accept_char(c, '>')) {
		line->kind = c->at[-1] == '<' ? LINE_INJECT : LINE_EXPECT;
		return read_packet(c, s, line->kind == LINE_EXPECT, &line->packet);
	}
	if (accept_word(c, "call")) {
		line->kind = LINE_CALL;
		return read_call(c, s, &line->call);
	}
	if (accept_word(c, "event")) {
		line->kind = LINE_EVENT;
		return read_event(c, s, &line->event);
	}
	if (accept_word(c, "count")) {
		line->kind = LINE_COUNT;
		if (!read_name(c, line->count.name, sizeof(line->count.name)) || !read_unsigned(c, INT32_MAX, &value))
			return false;
		line->count.value = (int64_t)value;
		return true;
	}
	line->kind = LINE_QUIET;
	return accept_word(c, "quiet") || complain(c, "expected < > call event count or quiet");
}

static bool read_timed_line(struct cursor *c, struct script *s)
{
	struct line *line = &s->line[s->lines];

	memset(line, 0, sizeof(*line));
	line->number = c->line;
	line->relative = accept_char(c, '+');
	if (!read_time(c, &line->time_ns))
		return complain(c, "expected option, flow, arp, or a time");
	if (!read_what(c, s, line))
		return false;
	s->lines++;
	return true;
}

static bool read_line(struct cursor *c, struct script *s)
{
	if (at_end(c))
		return true;
	if (s->lines == 0 && accept_word(c, "option")) {
		if (!read_option(c, &s->options))
			return false;
	} else if (s->lines == 0 && accept_word(c, "flow")) {
		if (!read_flow_line(c, s))
			return false;
	} else if (s->lines == 0 && accept_word(c, "arp")) {
		s->arp_manual = accept_word(c, "manual");
		if (!s->arp_manual && !accept_word(c, "automatic"))
			return complain(c, "expected manual or automatic");
	} else if (!read_timed_line(c, s)) {
		return false;
	}
	return at_end(c) || complain(c, "expected the end of the line");
}

static void set_defaults(struct script *s, const char *name)
{
	memset(s, 0, sizeof(*s));
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->options = ix_tcp_options_default;
	s->flow[0] = (struct flow){"a", 0x0a000002, 5000, 80, 1000000};
	s->flows = 1;
}

int script_read(struct script *s, const char *text, size_t length, const char *name, char *error, size_t error_size)
{
	struct cursor c = {.file = name, .error = error, .error_size = error_size};
	const char *end = text + length, *what;
	size_t lines = 1;

	set_defaults(s, name);
	for (const char *p = text; p < end; p++)
		lines += *p == '\n';
	s->line = lines <= LINES_MAX ? calloc(lines, sizeof(*s->line)) : NULL;
	if (!s->line) {
		snprintf(error, error_size, "%s:1: 'file': more than %d lines, or no memory", name, LINES_MAX);
		return -1;
	}
	while (text < end && !c.failed) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));

		c.at = text;
		c.end = newline ? newline : end;
		c.line++;
		read_line(&c, s);
		text = newline ? newline + 1 : end;
	}
	if (!c.failed && ix_tcp_options_check(&s->options, &what))
		complain_about(&c, "options", what);
	return c.failed ? -1 : 0;
}

void script_clear(struct script *s)
{
	free(s->line);
	s->line = NULL;
	s->lines = 0;
}

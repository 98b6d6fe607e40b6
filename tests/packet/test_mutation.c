/*
 * Every expectation of every script can fail: each number, flag, option, result and time that a script states is
 * altered in turn, and each stated packet and event replaced by silence; the run must then fail. Scripts that do not
 * pass unaltered are not counted here, but by packet_script.
 */
#include "tests/packet/corpus.h"
#include "tests/packet/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHIFT_NS (3 * RUN_TOLERANCE_NS)

static bool alter_number(struct number *n)
{
	if (!n->given || n->any)
		return false;
	n->value++;
	return true;
}

static bool alter_tcp(struct packet *p, unsigned which)
{
	switch (which) {
	case 0:
		p->flags ^= FLAG_P;
		return true;
	case 1:
		p->flags ^= FLAG_F;
		return true;
	case 2:
		return !(p->flags & FLAG_S) && alter_number(&p->seq);
	case 3:
		return alter_number(&p->ack);
	case 4:
		return alter_number(&p->win);
	case 5:
		if (p->options_any || p->option_bytes + 4 > sizeof(p->options))
			return false;
		memset(p->options + p->option_bytes, 1, 4);
		p->option_bytes += 4;
		return true;
	case 6:
		if (!p->option_bytes)
			return false;
		p->options[p->option_bytes - 1] ^= 1;
		return true;
	default:
		if (!p->modifier[MOD_NEWISN].given)
			return false;
		p->modifier[MOD_NEWISN].given = false;
		return true;
	}
}

static bool alter_arp(struct packet *p, unsigned which)
{
	if (which == 0)
		p->arp_operation ^= 3;
	else if (which == 1)
		p->arp_target++;
	else
		p->arp_sender++;
	return which < 3;
}

#define PACKET_CHANGES 16
static bool alter_packet(struct packet *p, unsigned which)
{
	if (which < 8)
		return p->kind == PACKET_TCP   ? alter_tcp(p, which)
		       : p->kind == PACKET_ARP ? alter_arp(p, which)
					       : false;
	switch (which) {
	case 8:
		return alter_number(&p->length);
	case 9:
		return alter_number(&p->icmp_type);
	case 10:
		return alter_number(&p->icmp_code);
	case 11:
		return alter_number(&p->icmp_id);
	case 12:
		return alter_number(&p->icmp_seq);
	case 13:
		return alter_number(&p->modifier[MOD_TOS]);
	case 14:
		return alter_number(&p->modifier[MOD_TTL]);
	default:
		p->kind = p->kind == PACKET_UDP ? PACKET_ICMP : PACKET_UDP;
		return true;
	}
}

static bool alter_event(struct event_line *e, unsigned which)
{
	switch (which) {
	case 0:
		e->type = e->type == IX_EVENT_TIMER ? IX_EVENT_EOF : IX_EVENT_TIMER;
		return true;
	case 1:
		return alter_number(&e->length);
	case 2:
		return alter_number(&e->window);
	case 3:
		e->status++;
		return e->status_given;
	default:
		e->alt = !e->alt;
		return e->type == IX_EVENT_RECV && e->length.value > 0;
	}
}

static bool alter_call(struct call_line *c)
{
	int64_t sum = 0;

	for (unsigned i = 0; i < c->lengths; i++)
		sum += c->length[i];
	if (c->type == IX_CALL_SENDV && !c->result_given)
		c->result = sum + 1;
	else
		c->result = c->result_given && c->result ? c->result + 1 : IX_ERR_BAD_CALL;
	c->result_given = true;
	return true;
}

/* Changes of a line, by number; the last three move it in time or state silence instead. */
#define CHANGES (PACKET_CHANGES + 3)
static bool alter(struct script *s, unsigned at, unsigned which)
{
	struct line *line = &s->line[at];
	bool expected = line->kind == LINE_EXPECT || line->kind == LINE_EVENT;

	if (which < PACKET_CHANGES)
		switch (line->kind) {
		case LINE_EXPECT:
			return alter_packet(&line->packet, which);
		case LINE_EVENT:
			return which < 5 && alter_event(&line->event, which);
		case LINE_CALL:
			return which == 0 && alter_call(&line->call);
		case LINE_COUNT:
			line->count.value++;
			return which == 0;
		default:
			return false;
		}
	if (!expected)
		return false;
	switch (which - PACKET_CHANGES) {
	case 0:
		line->time_ns += SHIFT_NS;
		return true;
	case 1:
		line->time_ns -= SHIFT_NS;
		return line->time_ns + SHIFT_NS >= SHIFT_NS;
	default:
		line->kind = LINE_QUIET;
		line->time_ns += SHIFT_NS;
		return true;
	}
}

static bool passes(const struct script *s)
{
	struct run_result result;

	run_script(s, &device_under_test, &result);
	free(result.trace);
	return result.passed;
}

/* False if the script passes although altered. */
static bool try_change(const struct script *script, unsigned at, unsigned which, unsigned *tried)
{
	struct script altered = *script;
	bool survived;

	altered.line = malloc(script->lines * sizeof(*altered.line));
	if (!altered.line)
		return false;
	memcpy(altered.line, script->line, script->lines * sizeof(*altered.line));
	if (!alter(&altered, at, which)) {
		free(altered.line);
		return true;
	}
	++*tried;
	survived = passes(&altered);
	free(altered.line);
	if (survived)
		printf("# %s:%u passes with change %u\n", script->name, script->line[at].number, which);
	return !survived;
}

/* 0: every change is noticed; 1: one is not; 2: the script cannot be judged. */
static int mutate_file(const char *file, unsigned *tried)
{
	struct script script;
	char error[512];
	int status = 0;

	if (corpus_read(&script, file, error, sizeof(error)) || !passes(&script)) {
		script_clear(&script);
		return 2;
	}
	for (unsigned at = 0; at < script.lines; at++)
		for (unsigned which = 0; which < CHANGES; which++)
			if (!try_change(&script, at, which, tried))
				status = 1;
	script_clear(&script);
	return status;
}

int main(int argc, char **argv)
{
	struct corpus corpus;
	unsigned count[3] = {0}, total = 0;

	if (corpus_list(&corpus, argc > 1 ? argv[1] : "tests/packet")) {
		fprintf(stderr, "no scripts\n");
		return 2;
	}
	for (unsigned i = 0; i < corpus.files; i++) {
		unsigned tried = 0;
		int status = mutate_file(corpus.file[i], &tried);

		/* A script that states nothing but silence has nothing to alter. */
		printf("%s %u - %s, %u changes%s\n", status == 1 ? "not ok" : "ok", i + 1, corpus.file[i], tried,
		       status == 2 ? " # SKIP it does not pass unaltered" : "");
		count[status]++;
		total += tried;
	}
	corpus_free(&corpus);
	printf("# %u changes, %u scripts noticed all, %u did not, %u skipped\n", total, count[0], count[1], count[2]);
	return count[1] || !total;
}

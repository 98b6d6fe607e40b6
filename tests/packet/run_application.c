/* The application of a run: its calls, and the events it expects. */
#include "tests/packet/run_internal.h"

#include <string.h>

static struct ix_call prepare(struct run *r, const struct call_line *c)
{
	const struct flow_state *f = &r->flow[c->flow];
	struct ix_call call = {.type = c->type, .handle = f->handle, .cookie = (ix_cookie)c->flow + 1};

	if (c->type == IX_CALL_CONNECT || c->type == IX_CALL_UDP_SEND) {
		call.ip = f->ends.remote_ip;
		call.port = f->ends.remote_port;
	}
	if (c->type == IX_CALL_UDP_SEND) {
		call.local_port = f->ends.local_port;
		call.length = c->length[0];
	}
	return call;
}

/* Scatter-gather entries stand behind the stream's bytes in the pool. */
static bool prepare_sendv(struct run *r, const struct call_line *c, struct ix_call *call)
{
	struct ix_sg sg[IX_SG_MAX] = {0};
	uint32_t at = r->flow[c->flow].sent;

	for (unsigned i = 0; i < c->lengths; i++) {
		sg[i].buffer = at;
		sg[i].length = c->length[i];
		at += c->length[i];
	}
	if (at > SCRIPT_STREAM_MAX)
		return run_fail(r, "more than %u bytes sent", SCRIPT_STREAM_MAX);
	memcpy(r->ops->memory(r->device, SCRIPT_STREAM_MAX, sizeof(sg)), sg, sizeof(sg));
	call->buffer = SCRIPT_STREAM_MAX;
	call->count = c->lengths;
	return true;
}

/* As many calls as there are buffers: a call is about one. */
static int64_t receive_done(struct run *r, struct flow_state *f, struct ix_call *call, uint32_t length)
{
	int64_t result = 0;

	while (length && f->helds && result >= 0) {
		struct held *h = &f->held[0];
		uint32_t n = length < h->length ? length : h->length;

		call->buffer = h->buffer;
		call->length = n;
		result = r->ops->call(r->device, call);
		h->buffer += n;
		h->length -= n;
		length -= n;
		if (!h->length) {
			f->helds--;
			memmove(&f->held[0], &f->held[1], f->helds * sizeof(f->held[0]));
		}
	}
	return length && result >= 0 ? IX_ERR_BAD_LENGTH : result;
}

static int64_t make_call(struct run *r, const struct call_line *c, struct ix_call *call)
{
	struct flow_state *f = &r->flow[c->flow];
	int64_t result;

	switch (c->type) {
	case IX_CALL_RECV_DONE:
		return receive_done(r, f, call, c->length[0]);
	case IX_CALL_UDP_RECV_DONE:
		if (f->helds)
			call->buffer = f->held[--f->helds].buffer;
		return r->ops->call(r->device, call);
	case IX_CALL_CONNECT:
		f->ends.local_port = r->script->flow[c->flow].local_port;
		result = r->ops->call(r->device, call);
		if (result > 0)
			f->handle = (ix_handle)result;
		return result;
	case IX_CALL_SENDV:
		result = r->ops->call(r->device, call);
		f->sent += result > 0 ? (uint32_t)result : 0;
		return result;
	default:
		return r->ops->call(r->device, call);
	}
}

static uint32_t total(const struct call_line *c)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < c->lengths; i++)
		sum += c->length[i];
	return sum;
}

static void print_result(char *text, size_t size, int64_t result)
{
	if (result < 0)
		snprintf(text, size, "%s", script_error_name(result));
	else
		snprintf(text, size, "%lld", (long long)result);
}

/* If the line names no result: all bytes of a SENDV, success of others. */
static bool check_result(struct run *r, const struct call_line *c, int64_t result)
{
	char want[32], got[32];
	int64_t expected = c->result_given ? c->result : c->type == IX_CALL_SENDV ? total(c) : 0;
	bool exact = c->result_given ? c->result != 0 || c->type == IX_CALL_SENDV : c->type == IX_CALL_SENDV;

	if (exact ? result == expected : result >= 0)
		return true;
	print_result(want, sizeof(want), expected);
	print_result(got, sizeof(got), result);
	return run_fail(r, "result of call differs\n  expected  %s = %s\n  got       %s = %s",
			script_call_name(c->type), exact ? want : "ok", script_call_name(c->type), got);
}

bool run_call(struct run *r, const struct call_line *c)
{
	struct ix_call call = prepare(r, c);
	char text[32];
	int64_t result;

	if (c->type == IX_CALL_SENDV && !prepare_sendv(r, c, &call))
		return false;
	result = make_call(r, c, &call);
	print_result(text, sizeof(text), result);
	run_trace(r, r->ops->now_ns(r->device), "call %s: %s %u = %s", r->script->flow[c->flow].name,
		  script_call_name(c->type), total(c), c->type == IX_CALL_CONNECT && result > 0 ? "ok" : text);
	return check_result(r, c, result);
}

void run_call_freely(struct run *r, const struct call_line *c)
{
	struct ix_call call = prepare(r, c);

	if (c->type == IX_CALL_SENDV) {
		if (r->flow[c->flow].sent + total(c) > SCRIPT_STREAM_MAX)
			r->flow[c->flow].sent = 0;
		if (!prepare_sendv(r, c, &call))
			return;
	}
	make_call(r, c, &call);
}

/* By handle; a knock and a datagram by their addresses. */
static int find_flow(const struct run *r, const struct ix_event *e)
{
	bool by_address = e->type == IX_EVENT_KNOCK || e->type == IX_EVENT_UDP_RECV;

	for (unsigned i = 0; i < r->script->flows; i++) {
		const struct flow_state *f = &r->flow[i];

		if (by_address ? f->ends.remote_ip == e->ip && f->ends.remote_port == e->port &&
				     (!f->ends.local_port || f->ends.local_port == e->local_port)
		    : e->type == IX_EVENT_UDP_SENT ? e->cookie == i + 1
						   : e->handle && f->handle == e->handle)
			return (int)i;
	}
	return -1;
}

void run_print_event(struct run *r, const struct ix_event *e, char *text, size_t size)
{
	int flow = find_flow(r, e), n;

	n = snprintf(text, size, "%s: %s", flow < 0 ? "(no flow)" : r->script->flow[flow].name,
		     script_event_name(e->type));
	text += n;
	size -= (size_t)n;
	switch (e->type) {
	case IX_EVENT_RECV:
	case IX_EVENT_UDP_RECV:
		snprintf(text, size, " %u", e->length);
		break;
	case IX_EVENT_SENT:
		snprintf(text, size, " %u window %u", e->length, e->window);
		break;
	case IX_EVENT_CONNECTED:
		snprintf(text, size, " window %u %s", e->window, script_error_name(e->status));
		break;
	case IX_EVENT_DEAD:
		snprintf(text, size, " %s", script_reason_name(e->status));
		break;
	default:
		break;
	}
}

void run_absorb_event(struct run *r, const struct ix_event *e)
{
	int flow = find_flow(r, e);
	struct flow_state *f = &r->flow[flow < 0 ? 0 : flow];

	if (e->type == IX_EVENT_KNOCK)
		f->handle = e->handle;
	if ((e->type == IX_EVENT_RECV || e->type == IX_EVENT_UDP_RECV) && f->helds < RUN_HELD)
		f->held[f->helds++] = (struct held){e->buffer, e->length};
}

static bool hold(struct run *r, struct flow_state *f, const struct ix_event *e)
{
	if (f->helds == RUN_HELD)
		return run_fail(r, "too many buffers held");
	f->held[f->helds++] = (struct held){e->buffer, e->length};
	return true;
}

static bool check_received(struct run *r, struct flow_state *f, const struct ix_event *e, bool alt)
{
	const uint8_t *bytes = r->ops->memory(r->device, e->buffer, e->length);
	uint32_t position = e->type == IX_EVENT_RECV ? f->received : 0;

	if (!bytes)
		return run_fail(r, "event names a buffer outside its pool");
	for (uint32_t i = 0; i < e->length; i++)
		if (bytes[i] != peer_byte(position + i, alt))
			return run_fail(r, "byte %u received differs\n  expected  %02x\n  got       %02x", position + i,
					peer_byte(position + i, alt), bytes[i]);
	if (e->type == IX_EVENT_RECV)
		f->received += e->length;
	return hold(r, f, e);
}

/* What an event means to the flow it is of. */
static bool take(struct run *r, int flow, const struct ix_event *e, bool alt)
{
	struct flow_state *f = &r->flow[flow];

	if (e->type == IX_EVENT_KNOCK)
		f->handle = e->handle;
	if (e->type == IX_EVENT_KNOCK || e->type == IX_EVENT_CONNECTED) {
		f->received = f->syn;
		f->sent = 0;
		f->helds = 0;
	}
	if (e->type == IX_EVENT_RECV || e->type == IX_EVENT_UDP_RECV)
		return check_received(r, f, e, alt);
	return true;
}

static bool number_differs(const struct number *expected, uint32_t got)
{
	return expected->given && !expected->any && expected->value != got;
}

static bool event_differs(const struct event_line *x, const struct ix_event *e, int flow)
{
	return e->type != x->type || flow != x->flow || number_differs(&x->length, e->length) ||
	       number_differs(&x->window, e->window) || (x->status_given && x->status != e->status);
}

static void print_expected(const struct run *r, const struct event_line *x, char *text, size_t size)
{
	struct ix_event e = {.type = x->type,
			     .status = x->status,
			     .length = (uint32_t)x->length.value,
			     .window = (uint32_t)x->window.value};
	int n = snprintf(text, size, "%s: %s", r->script->flow[x->flow].name, script_event_name(x->type));

	text += n;
	size -= (size_t)n;
	if (x->length.given && !x->length.any)
		n = snprintf(text, size, " %u", e.length), text += n, size -= (size_t)n;
	if (x->window.given && !x->window.any)
		n = snprintf(text, size, " window %u", e.window), text += n, size -= (size_t)n;
	if (x->status_given)
		snprintf(text, size, " %s",
			 x->type == IX_EVENT_DEAD ? script_reason_name(e.status) : script_error_name(e.status));
}

bool run_match_event(struct run *r, const struct event_line *expected)
{
	struct event_item item = r->event[0];
	int flow = find_flow(r, &item.event);
	char got[128], want[128];

	run_print_event(r, &item.event, got, sizeof(got));
	if (event_differs(expected, &item.event, flow)) {
		print_expected(r, expected, want, sizeof(want));
		return run_fail(r, "event differs\n  expected  event %s\n  got       event %s", want, got);
	}
	run_trace(r, item.at_ns, "event %s", got);
	r->events--;
	memmove(&r->event[0], &r->event[1], r->events * sizeof(r->event[0]));
	return take(r, flow, &item.event, expected->alt);
}

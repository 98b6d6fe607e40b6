#include "tests/packet/run_internal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

bool run_fail(struct run *r, const char *format, ...)
{
	va_list arguments;
	char *text = r->result->message;
	size_t size = sizeof(r->result->message);
	int n;

	if (r->failed)
		return false;
	r->failed = true;
	r->result->line = r->line ? r->line->number : 0;
	n = snprintf(text, size, "%s:%u: ", r->script->name, r->result->line);
	va_start(arguments, format);
	vsnprintf(text + n, size - (size_t)n, format, arguments);
	va_end(arguments);
	return false;
}

static double seconds(const struct run *r, uint64_t at_ns)
{
	return (double)(int64_t)(at_ns - r->origin_ns) / 1e9;
}

void run_trace(struct run *r, uint64_t at_ns, const char *format, ...)
{
	va_list arguments;

	fprintf(r->trace, "%12.6f ", seconds(r, at_ns));
	va_start(arguments, format);
	vfprintf(r->trace, format, arguments);
	va_end(arguments);
	fputc('\n', r->trace);
}

static bool collect(struct run *r)
{
	struct event_item item;

	while (r->ops->next_event(r->device, &item.event, &item.at_ns)) {
		if (r->events == RUN_QUEUE)
			return run_fail(r, "too many events at once");
		r->event[r->events++] = item;
	}
	return run_collect_frames(r);
}

/* Lets time pass, once: until something comes out or @until_ns. */
static bool pass(struct run *r, uint64_t until_ns)
{
	if (!r->ops->advance(r->device, until_ns))
		return run_fail(r, "the stack finds no rest");
	return collect(r);
}

static bool unexpected_frame(struct run *r)
{
	char text[512];

	run_print_frame(r, &r->frame[0], text, sizeof(text));
	return run_fail(r, "unexpected packet\n  expected  nothing\n  got       %.6f > %s",
			seconds(r, r->frame[0].at_ns), text);
}

static bool unexpected_event(struct run *r)
{
	char text[512];

	run_print_event(r, &r->event[0].event, text, sizeof(text));
	return run_fail(r, "unexpected event\n  expected  nothing\n  got       %.6f event %s",
			seconds(r, r->event[0].at_ns), text);
}

/* Whatever came out before @before_ns should have been expected by now. */
static bool check_stale(struct run *r, uint64_t before_ns)
{
	if (r->frames && r->frame[0].at_ns < before_ns)
		return unexpected_frame(r);
	if (r->events && r->event[0].at_ns < before_ns)
		return unexpected_event(r);
	return true;
}

/* To the time of an action, with nothing coming out till then. */
static bool advance_to(struct run *r, uint64_t when_ns)
{
	if (when_ns + RUN_TOLERANCE_NS < r->ops->now_ns(r->device))
		return run_fail(r, "this time has passed");
	while (r->ops->now_ns(r->device) < when_ns && !r->frames && !r->events)
		if (!pass(r, when_ns))
			return false;
	return check_stale(r, UINT64_MAX);
}

/* Waits for a frame (or event) due at @when_ns. */
static bool await(struct run *r, uint64_t when_ns, const unsigned *queued)
{
	uint64_t deadline_ns = when_ns + RUN_TOLERANCE_NS, early_ns = when_ns - RUN_EARLY_NS;

	while (check_stale(r, early_ns) && !*queued && r->ops->now_ns(r->device) < deadline_ns)
		if (!pass(r, deadline_ns))
			return false;
	return !r->failed;
}

static bool due(struct run *r, uint64_t at_ns, uint64_t when_ns, const char *what)
{
	if (at_ns <= when_ns + RUN_TOLERANCE_NS)
		return true;
	return run_fail(r, "%s late\n  expected  at %.6f\n  got       at %.6f", what, seconds(r, when_ns),
			seconds(r, at_ns));
}

static bool expect_frame(struct run *r, const struct packet *expected, uint64_t when_ns)
{
	char text[512];

	if (!await(r, when_ns, &r->frames))
		return false;
	if (!r->frames) {
		script_print_packet(text, sizeof(text), expected, NULL);
		return run_fail(r, "missing packet\n  expected  %.6f > %s\n  got       nothing", seconds(r, when_ns),
				text);
	}
	r->last_ns = r->frame[0].at_ns;
	return run_match_frame(r, expected) && due(r, r->last_ns, when_ns, "packet");
}

static bool expect_event(struct run *r, const struct event_line *expected, uint64_t when_ns)
{
	if (!await(r, when_ns, &r->events))
		return false;
	if (!r->events)
		return run_fail(r, "missing event\n  expected  %.6f event %s\n  got       nothing", seconds(r, when_ns),
				script_event_name(expected->type));
	r->last_ns = r->event[0].at_ns;
	return run_match_event(r, expected) && due(r, r->last_ns, when_ns, "event");
}

static bool check_count(struct run *r, const char *name, int64_t expected)
{
	int64_t got;

	if (!r->ops->count(r->device, name, &got))
		return run_fail(r, "count: no such name: %s", name);
	if (got != expected)
		return run_fail(r, "count differs\n  expected  %s %lld\n  got       %s %lld", name, (long long)expected,
				name, (long long)got);
	return true;
}

/* After a failure: what else had come out. */
static void trace_rest(struct run *r)
{
	char text[512];

	for (unsigned i = 0; i < r->frames; i++) {
		run_print_frame(r, &r->frame[i], text, sizeof(text));
		run_trace(r, r->frame[i].at_ns, "> %s   (waiting)", text);
	}
	for (unsigned i = 0; i < r->events; i++) {
		run_print_event(r, &r->event[i].event, text, sizeof(text));
		run_trace(r, r->event[i].at_ns, "event %s   (waiting)", text);
	}
}

static bool run_line(struct run *r, const struct line *line)
{
	uint64_t when_ns = line->time_ns + (line->relative ? r->last_ns : r->origin_ns);

	r->line = line;
	if (line->kind == LINE_EXPECT)
		return expect_frame(r, &line->packet, when_ns);
	if (line->kind == LINE_EVENT)
		return expect_event(r, &line->event, when_ns);
	if (!advance_to(r, when_ns))
		return false;
	r->last_ns = r->ops->now_ns(r->device);
	if (line->kind == LINE_INJECT)
		return run_inject(r, &line->packet) && collect(r);
	if (line->kind == LINE_CALL)
		return run_call(r, &line->call) && collect(r);
	return line->kind == LINE_QUIET || check_count(r, line->count.name, line->count.value);
}

static void run_lines(struct run *r)
{
	const struct script *s = r->script;

	for (unsigned i = 0; i < s->lines && !r->failed; i++)
		run_line(r, &s->line[i]);
	if (!r->failed && pass(r, r->ops->now_ns(r->device)))
		check_stale(r, UINT64_MAX);
	if (r->failed)
		trace_rest(r);
}

static bool absorb(struct run *r)
{
	for (unsigned i = 0; i < r->events; i++)
		run_absorb_event(r, &r->event[i].event);
	for (unsigned i = 0; i < r->frames && !r->failed; i++)
		run_absorb_frame(r, &r->frame[i]);
	r->events = r->frames = 0;
	return !r->failed;
}

static bool run_line_freely(struct run *r, const struct line *line)
{
	uint64_t when_ns = line->time_ns + (line->relative ? r->last_ns : r->origin_ns);

	r->line = line;
	while (r->ops->now_ns(r->device) < when_ns)
		if (!pass(r, when_ns) || !absorb(r))
			return false;
	r->last_ns = r->ops->now_ns(r->device);
	if (line->kind == LINE_INJECT)
		run_inject(r, &line->packet);
	else if (line->kind == LINE_CALL)
		run_call_freely(r, &line->call);
	return collect(r) && absorb(r);
}

static void run_lines_freely(struct run *r)
{
	for (unsigned i = 0; i < r->script->lines && run_line_freely(r, &r->script->line[i]); i++)
		;
}

static void start(struct run *r)
{
	uint8_t *pool = r->ops->memory(r->device, 0, SCRIPT_STREAM_MAX);

	for (uint32_t i = 0; i < SCRIPT_STREAM_MAX; i++)
		pool[i] = device_byte(i);
	r->origin_ns = r->last_ns = r->ops->now_ns(r->device);
	if (!r->script->arp_manual)
		run_teach_neighbours(r);
}

static void prepare_flows(struct run *r)
{
	const struct script *s = r->script;

	for (unsigned i = 0; i < s->flows; i++) {
		struct ends *e = &r->flow[i].ends;

		e->local_ip = s->options.ip;
		e->remote_ip = s->flow[i].remote_ip;
		e->local_port = s->flow[i].local_port;
		e->remote_port = s->flow[i].remote_port;
		e->peer_isn = s->flow[i].isn;
		memcpy(e->local_mac, s->options.mac, 6);
	}
}

static void run(const struct script *script, const struct device_ops *ops, struct run_result *result,
		void (*lines)(struct run *))
{
	struct run *r = calloc(1, sizeof(*r));
	size_t trace_size;

	memset(result, 0, sizeof(*result));
	if (!r)
		return;
	*r = (struct run){.script = script, .ops = ops, .result = result};
	r->frame = malloc(RUN_QUEUE * sizeof(*r->frame));
	r->event = malloc(RUN_QUEUE * sizeof(*r->event));
	r->trace = open_memstream(&result->trace, &trace_size);
	prepare_flows(r);
	r->device = r->frame && r->event && r->trace ? ops->open(&script->options) : NULL;
	if (!r->device) {
		run_fail(r, "the stack cannot be started");
	} else {
		start(r);
		lines(r);
		if (!ops->close(r->device))
			run_fail(r, "packets or memory left over, or an assertion of the stack failed");
	}
	if (r->trace)
		fclose(r->trace);
	result->passed = !r->failed;
	free(r->frame);
	free(r->event);
	free(r);
}

void run_script(const struct script *script, const struct device_ops *ops, struct run_result *result)
{
	run(script, ops, result, run_lines);
}

void run_freely(const struct script *script, const struct device_ops *ops, struct run_result *result)
{
	run(script, ops, result, run_lines_freely);
}

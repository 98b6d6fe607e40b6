#include "sim/trace.h"

#include <stdlib.h>
#include <string.h>

const char *const sim_trace_name[SIM_TRACE_COUNT] = {"arrive", "drop", "output", "input",     "user", "request",
						     "idle",   "send", "reply",  "interrupt", "steal"};

void sim_trace_init(struct sim_trace *trace, void (*record)(void *context, const struct sim_trace_record *record),
		    void *context)
{
	*trace = (struct sim_trace){.record = record, .context = context};
}

/* Nothing earlier than @now_ns can still be stated. */
static void hand_out(struct sim_trace *trace, uint64_t now_ns)
{
	size_t due = 0;

	while (due < trace->count && trace->ahead[due].time_ns < now_ns)
		trace->record(trace->context, &trace->ahead[due++]);
	if (due) {
		trace->count -= due;
		memmove(trace->ahead, trace->ahead + due, trace->count * sizeof(*trace->ahead));
	}
}

void sim_trace_fini(struct sim_trace *trace)
{
	hand_out(trace, UINT64_MAX);
	free(trace->ahead);
	trace->ahead = NULL;
	trace->count = trace->capacity = 0;
}

static int grow(struct sim_trace *trace)
{
	size_t capacity = trace->capacity ? 2 * trace->capacity : 256;
	struct sim_trace_record *ahead = realloc(trace->ahead, capacity * sizeof(*ahead));

	if (!ahead)
		return -1;
	trace->ahead = ahead;
	trace->capacity = capacity;
	return 0;
}

void sim_trace_add(struct sim_trace *trace, uint64_t now_ns, uint64_t time_ns, unsigned core, enum sim_trace_what what,
		   uint64_t who)
{
	size_t at;

	if (!trace)
		return;
	hand_out(trace, now_ns);
	if (trace->count == trace->capacity && grow(trace)) {
		trace->failed = 1;
		return;
	}
	for (at = trace->count; at && trace->ahead[at - 1].time_ns > time_ns; at--)
		trace->ahead[at] = trace->ahead[at - 1];
	trace->ahead[at] = (struct sim_trace_record){time_ns, who, core, what};
	trace->count++;
}

/*
 * Event trace: who did what when, for teaching and debugging. A machine states what is going to happen as soon as it
 * knows (a batch's requests when its user phase begins); the trace hands records out in order of time, equal times in
 * the order in which they were stated.
 */
#ifndef IXLAB_SIM_TRACE_H
#define IXLAB_SIM_TRACE_H

#include <stddef.h>
#include <stdint.h>

enum sim_trace_what {
	SIM_TRACE_ARRIVE,    /* a packet reaches the receive ring of the core; who: its flow group */
	SIM_TRACE_DROP,      /* and finds it full */
	SIM_TRACE_OUTPUT,    /* the core begins the output half of its kernel phase; who: batched calls to run */
	SIM_TRACE_INPUT,     /* the input half; who: packets waiting */
	SIM_TRACE_USER,      /* its user phase; who: events to consume */
	SIM_TRACE_REQUEST,   /* the application begins a request; who: its connection */
	SIM_TRACE_IDLE,      /* the core begins to wait; who: 0 */
	SIM_TRACE_SEND,      /* packets leave for the wire; who: how many */
	SIM_TRACE_REPLY,     /* a client has its reply; the core is the one that sent it; who: its connection */
	SIM_TRACE_INTERRUPT, /* an interrupt of its user phase begins; who: packets and calls it processes */
	SIM_TRACE_STEAL,     /* it has connections of other threads; who: how many so far */
	SIM_TRACE_COUNT
};

extern const char *const sim_trace_name[SIM_TRACE_COUNT]; /* "arrive", ... */

struct sim_trace_record {
	uint64_t time_ns;
	uint64_t who;
	uint32_t core;
	uint32_t what; /* enum sim_trace_what */
};

struct sim_trace {
	void (*record)(void *context, const struct sim_trace_record *record);
	void *context;
	struct sim_trace_record *ahead; /* stated, not yet due; in order */
	size_t count, capacity;
	int failed; /* memory was short: records are missing */
};

/* @record is called with each record. */
void sim_trace_init(struct sim_trace *trace, void (*record)(void *context, const struct sim_trace_record *record),
		    void *context);

/* Hands out what is left. */
void sim_trace_fini(struct sim_trace *trace);

/* @now_ns: the engine's time; @time_ns: when it happens, not before. No-op without a trace (NULL). */
void sim_trace_add(struct sim_trace *trace, uint64_t now_ns, uint64_t time_ns, unsigned core, enum sim_trace_what what,
		   uint64_t who);

#endif

/*
 * Event engine: virtual time in integer nanoseconds, events in order of (time, order of scheduling), so a run is a
 * total order. Events are embedded in whatever waits (a core, a wire); scheduling and cancelling allocate nothing
 * beyond the engine's own tree, which doubles when more events are pending than ever before.
 *
 * The pending set is a winner tree (a tournament: Knuth, "The Art of Computer Programming" 3, 5.4.1): a key stays at
 * its leaf and only the winners above it are played again, a fixed number of steps without an unpredictable branch.
 * While an event fires its leaf stays open, and what it schedules first goes there, so "fire and schedule the next" is
 * one pass up the tree, not two. README.md has the measurements that chose it.
 *
 * What is scheduled for the present instant comes after all in the tree that is due at it, for that was scheduled
 * before time had come there. So it waits in a list, first in, first out, and never enters the tree.
 */
#ifndef IXLAB_SIM_ENGINE_H
#define IXLAB_SIM_ENGINE_H

#include <stddef.h>
#include <stdint.h>

struct sim_event {
	void (*fire)(
	    struct sim_event *event); /* set by the owner, once; when called, the event is no longer scheduled */
	/* private to the engine */
	uint32_t place;                    /* its leaf + 1, or SIM_PLACE_PRESENT; 0 when not scheduled */
	struct sim_event *next, *previous; /* in the list of the present */
};

#define SIM_PLACE_PRESENT UINT32_MAX

#define SIM_CONTAINER(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

struct sim_engine {
	uint64_t now_ns;
	uint64_t fired;    /* events so far */
	uint64_t sequence; /* of the next event scheduled */
	uint32_t pending;
	uint32_t leaves;          /* a power of two */
	uint32_t free_count;      /* leaves that are free, on the stack below */
	uint32_t open;            /* the leaf + 1 of the event that fires now, until it is used or cleared */
	int stopped;              /* by sim_engine_stop() */
	int failed;               /* memory was short: an event is missing, the run is void */
	uint64_t *time_ns;        /* of each leaf; the greatest there is when it is free */
	uint64_t *order;          /* of each leaf: its sequence number; the greatest there is when it is free */
	struct sim_event **event; /* of each leaf */
	uint32_t *winner;         /* of each node: 1 is the root, leaf i is node leaves + i */
	uint32_t *free_leaf;
	struct sim_event *first, *last; /* of the present instant, beside those in the tree that are due at it */
};

/* @expected pending events fit without growing. 0, or -1 when memory is short. */
int sim_engine_init(struct sim_engine *engine, uint32_t expected);
void sim_engine_fini(struct sim_engine *engine);

/* Schedules @event for @time_ns, or moves it there; a time in the past counts as now. */
void sim_schedule(struct sim_engine *engine, struct sim_event *event, uint64_t time_ns);

/* No-op when it is not scheduled. */
void sim_cancel(struct sim_engine *engine, struct sim_event *event);

static inline int sim_scheduled(const struct sim_event *event)
{
	return event->place != 0;
}

/*
 * Fires events until none is due at or before @until_ns (UINT64_MAX: at all), or one calls sim_engine_stop(). Returns 1
 * if stopped, 0 if not, -1 when memory was short. Time then stands at the last event, or at @until_ns if nothing
 * stopped it.
 */
int sim_run(struct sim_engine *engine, uint64_t until_ns);

/* Makes sim_run() return after the event that fires now. */
static inline void sim_engine_stop(struct sim_engine *engine)
{
	engine->stopped = 1;
}

/* Is every winner the lesser of its children's, and every place right? For tests. */
int sim_engine_valid(const struct sim_engine *engine);

#endif

/*
 * Schedulers as a table of operations: who processes a packet, which events the application gets next, what an idle
 * thread does, what an interrupt does. `ix` runs to completion (thesis 2.4.3), `zygos` steals (thesis 3.4); a further
 * one is one new file.
 */
#ifndef IX_SCHEDULER_H
#define IX_SCHEDULER_H

#include "impl/core/abi.h"
#include "impl/core/packet.h"

struct ix_thread;
struct ix_work;

struct ix_scheduler {
	const char *name;
	int attaches;                                  /* keeps something with each handle (handle.h) */
	int (*thread_start)(struct ix_thread *thread); /* 0 or a negative enum ix_error */
	void (*thread_stop)(struct ix_thread *thread);

	/* Gives back packets it holds, of all threads before any is stopped. May be NULL. */
	void (*drain)(struct ix_thread *thread);

	/* First step of the kernel phase: runs the calls that the application left. Sets thread->room if it is not the
	 * size of the event array. */
	void (*calls)(struct ix_thread *thread, struct ix_work *work);

	/* An event, from the stack or a timer. Counts thread->room down, which is not 0. */
	void (*deliver)(struct ix_thread *thread, const struct ix_event *event);

	/* Second half of the kernel phase: takes packets through the stack and leaves the events of the next user phase
	 * in thread->events. Does not loop: bounded by the batch bound. */
	void (*input)(struct ix_thread *thread, struct ix_work *work);

	/* What an inter-processor interrupt runs during this thread's user phase. */
	void (*interrupt)(struct ix_thread *thread, struct ix_work *work);

	/* Is there something to do now, besides what every scheduler looks at? If not, *until_ns may be brought forward
	 * to when there may be. May be NULL. */
	int (*has_work)(const struct ix_thread *thread, uint64_t now_ns, uint64_t *until_ns);

	/* @idle waits, but is to be thought of as asking again and again, and packets have come to the ring of @target:
	 * does what it would do. 0: cannot be done for it. May be NULL. */
	int (*notice)(struct ix_thread *idle, unsigned target);
};

extern const struct ix_scheduler ix_scheduler_ix;
extern const struct ix_scheduler ix_scheduler_zygos;             /* steals and interrupts */
extern const struct ix_scheduler ix_scheduler_zygos_cooperative; /* steals, and never interrupts */

/* The scheduler called @name ("ix", "zygos", "zygos-cooperative"), or NULL. */
const struct ix_scheduler *ix_scheduler_find(const char *name);

#endif

/*
 * Schedulers as a table of operations: who processes a packet, which events the application gets next, what an idle
 * thread does, what an interrupt does. `ix` runs to completion (thesis 2.4.3); a further one is one new file.
 */
#ifndef IX_SCHEDULER_H
#define IX_SCHEDULER_H

#include "impl/core/abi.h"
#include "impl/core/packet.h"

struct ix_thread;
struct ix_work;

struct ix_scheduler {
	const char *name;
	int (*thread_start)(struct ix_thread *thread); /* 0 or a negative enum ix_error */
	void (*thread_stop)(struct ix_thread *thread);

	/* An event of a connection, from the stack. */
	void (*deliver)(struct ix_thread *thread, const struct ix_event *event);

	/* Second half of the kernel phase: takes packets through the stack and leaves the events of the next user phase
	 * in thread->events. Does not loop: bounded by the batch bound. */
	void (*input)(struct ix_thread *thread, struct ix_work *work);

	/* What an inter-processor interrupt runs during this thread's user phase. */
	void (*interrupt)(struct ix_thread *thread, struct ix_work *work);
};

extern const struct ix_scheduler ix_scheduler_ix;

#endif

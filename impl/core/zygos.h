/*
 * What a thread of the scheduler zygos has, for its files: scheduler_zygos.c decides which work comes next and
 * zygos_calls.c brings the calls of stolen connections home.
 */
#ifndef IX_ZYGOS_H
#define IX_ZYGOS_H

#include "impl/core/kernel.h"
#include "impl/core/shuffle.h"

struct ix_zygos {
	/* for other threads too */
	_Alignas(64) struct ix_shuffle shuffle;
	struct ix_shipment_queue remote; /* calls for this thread to run */
	_Atomic uint64_t interrupted_ns; /* when one last sent it an interrupt; 0: never */

	/* its own */
	_Alignas(64) struct ix_shuffle_connection *own; /* it works on, and is their home */
	struct ix_shuffle_connection *opened;           /* the same from the next user phase on: by a CONNECT */
	struct ix_shuffle_connection *stolen;           /* it works on, from other threads */
	struct ix_shuffle_connection *spare;
	unsigned spares;
	int shows_backlog, shows_stuck; /* its bits of struct ix_shown */
	uint64_t random;
	struct ix_zygos_chunk *chunks; /* memory of connections */
	struct ix_shuffle_event *pool;
	struct ix_shipment_pool shipments;
};

static inline struct ix_zygos *ix_zygos_of(const struct ix_thread *thread)
{
	return thread->scheduler_state;
}

/* Does its scheduler interrupt user phases? */
static inline int ix_zygos_interrupts(const struct ix_thread *thread)
{
	return thread->dataplane->options.scheduler == &ix_scheduler_zygos;
}

/* The object of a handle whose group is @thread's, or NULL. */
struct ix_shuffle_connection *ix_zygos_find(const struct ix_thread *thread, ix_handle handle);
/* The same, made if there is none; a spare one must be there. */
struct ix_shuffle_connection *ix_zygos_connection(struct ix_thread *thread, ix_handle handle);
/* Takes memory for more spare ones if they are few; 0 or IX_ERR_NO_MEMORY. In a kernel phase. */
int ix_zygos_replenish(struct ix_thread *thread);
/* Ends the work of whoever it was on a connection of this thread's. */
void ix_zygos_release(struct ix_thread *thread, struct ix_shuffle_connection *connection);

/* The calls of the application: runs those on own connections, ships the others; then the thread's work on its
 * connections is over, unless the application holds them. */
void ix_zygos_run_calls(struct ix_thread *thread, struct ix_work *work);
/* Runs what has been shipped here. */
void ix_zygos_run_shipped(struct ix_thread *thread, struct ix_work *work);

static inline void ix_zygos_run_remote(struct ix_thread *thread, struct ix_work *work)
{
	if (ix_shipment_waiting(&ix_zygos_of(thread)->remote))
		ix_zygos_run_shipped(thread, work);
}
/* Gives back packets that stand in shipments, here or being filled. */
void ix_zygos_drop_calls(struct ix_thread *thread);

/* Makes @target look at what is there for it: wakes it, or interrupts its user phase. */
void ix_zygos_nudge(struct ix_thread *thread, unsigned target, struct ix_work *work);

#endif

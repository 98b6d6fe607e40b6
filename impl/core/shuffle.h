/*
 * The shuffle layer (ZygOS; thesis 3.4): connections with events, ready to be worked on by any thread, in one queue per
 * home thread. A connection is
 *
 *	idle	no event waits, nobody works on it; in no queue
 *	ready	events wait; in its home thread's queue, once
 *	busy	its home or another thread works on it, alone, until its events are consumed and its calls have run; events
 *		that come meanwhile wait; in no queue
 *
 * idle -> ready and idle -> busy (a connection that a call opens), busy -> idle or ready are the home thread's to do;
 * ready -> busy is whoever's takes it. All of it happens under the lock of the home thread's queue: its owner waits for
 * the lock, others only try. Events live in a pool of the queue's.
 *
 * Whether a queue holds something is shown to other threads by a bit in a word of all queues, which they look at
 * instead of each queue. The word is everyone's, so writing it for each connection would make all threads wait for its
 * cache line: the home thread shows only what it leaves when it has taken its own, by ix_shuffle_show(); who takes the
 * last connection clears the bit. Both under the lock, hence: a bit that is set means that the queue is not empty, and
 * a queue that is not empty has its bit set whenever its home thread is not at it.
 */
#ifndef IX_SHUFFLE_H
#define IX_SHUFFLE_H

#include "impl/core/abi.h"
#include "impl/core/remote_calls.h"
#include <stdatomic.h>
#include <stddef.h>

enum ix_connection_state { IX_CONNECTION_IDLE, IX_CONNECTION_READY, IX_CONNECTION_BUSY };

struct ix_shuffle_event {
	struct ix_event event;
	struct ix_shuffle_event *next;
};

struct ix_shuffle_list {
	struct ix_shuffle_event *first, *last;
};

#define IX_SHIPMENT_INLINE_WORDS 12 /* two calls and their entries: a request that is answered */

/* By cache lines, as there are many: what every request needs; what a stolen one needs too; results, which are rare. */
struct ix_shuffle_connection {
	_Alignas(64) ix_handle handle;
	struct ix_shuffle_connection *next; /* in the queue, in the list of who works on it, or among spare ones */
	_Atomic unsigned state;             /* enum ix_connection_state; written under the lock */
	unsigned home;                      /* thread; fixed while not idle */
	ix_cookie cookie;                   /* of the ACCEPT that has run: for events that were made before it */
	struct ix_shuffle_list events;      /* under the lock */
	unsigned results;                   /* under the lock; told before the events */

	/* of the thread that works on it, then of its home thread: calls on their way there */
	struct ix_shipment *last_shipment;
	_Alignas(64) struct ix_shipment shipment;
	_Alignas(64) struct ix_shipment_word word[IX_SHIPMENT_INLINE_WORDS];

	struct ix_event result[IX_RESULTS_MAX];
};

_Static_assert(offsetof(struct ix_shuffle_connection, shipment) == 64, "what every request needs is one cache line");

struct ix_shuffle {
	_Atomic unsigned lock;
	_Atomic unsigned ready; /* connections in the queue; written under the lock, read by others as a hint */
	_Atomic unsigned shown; /* is the bit set? Written under the lock */
	_Atomic uint64_t *shows;
	uint64_t bit;
	struct ix_shuffle_connection *first, *last;
	struct ix_shuffle_list local; /* events of no connection: for the home thread alone */
	struct ix_shuffle_event *free;
	_Atomic unsigned free_count; /* written under the lock; its owner alone takes, so to it a lower bound */
	unsigned capacity;
};

/* @event: the pool, @count of them, borrowed. @shows, borrowed, @bit: where the queue shows that it holds something. */
void ix_shuffle_init(struct ix_shuffle *shuffle, struct ix_shuffle_event *event, unsigned count,
		     _Atomic uint64_t *shows, uint64_t bit);
void ix_shuffle_connection_init(struct ix_shuffle_connection *connection, ix_handle handle);

/* The home thread's. An event of the connection, for which the pool has room. 1: it was idle and is ready now. */
int ix_shuffle_append(struct ix_shuffle *shuffle, struct ix_shuffle_connection *connection, unsigned home,
		      const struct ix_event *event);
/* The home thread's. A result for the connection, lost if IX_RESULTS_MAX wait. 1: it was idle and is ready now. */
int ix_shuffle_result(struct ix_shuffle *shuffle, struct ix_shuffle_connection *connection, unsigned home,
		      const struct ix_event *result);
/* The home thread's: an idle connection is busy now. */
void ix_shuffle_hold(struct ix_shuffle *shuffle, struct ix_shuffle_connection *connection, unsigned home);
/* The home thread's: events that were made before the connection was accepted get its cookie when they are taken. */
void ix_shuffle_accept(struct ix_shuffle *shuffle, struct ix_shuffle_connection *connection, ix_cookie cookie);
/* The home thread's: the application has closed a busy connection, and its handle is gone. What it would have been told
 * of data, and of calls, is dropped. */
void ix_shuffle_close(struct ix_shuffle *shuffle, struct ix_shuffle_connection *connection);
/* The home thread's: a busy connection is ready (1) or idle (0) now. */
int ix_shuffle_release(struct ix_shuffle *shuffle, struct ix_shuffle_connection *connection);

/* The home thread's: lets others see what is left in the queue. A fence stands between this and a look at who waits. */
static inline void ix_shuffle_show(struct ix_shuffle *shuffle);

/*
 * The home thread takes, another one steals, the connection that has been ready longest; it is busy then. Its results
 * and events, as many as @room (more than IX_RESULTS_MAX), are copied to @events, their number to *count. NULL: there
 * is none, or, for a thief, the lock was held.
 */
struct ix_shuffle_connection *ix_shuffle_take(struct ix_shuffle *shuffle, struct ix_event *events, unsigned room,
					      unsigned *count);
struct ix_shuffle_connection *ix_shuffle_steal(struct ix_shuffle *shuffle, struct ix_event *events, unsigned room,
					       unsigned *count);

/* The home thread's: events of no connection; the second returns how many have been copied. */
void ix_shuffle_put_local(struct ix_shuffle *shuffle, const struct ix_event *event);
unsigned ix_shuffle_take_local(struct ix_shuffle *shuffle, struct ix_event *events, unsigned room);

/* Checks all that can be checked of the structure under its lock; NULL, or what is wrong. For tests. */
const char *ix_shuffle_validate(struct ix_shuffle *shuffle);

static inline unsigned ix_shuffle_ready(const struct ix_shuffle *shuffle)
{
	return atomic_load_explicit(&shuffle->ready, memory_order_relaxed);
}

void ix_shuffle_show_now(struct ix_shuffle *shuffle);

/* Without the lock: if a thief has cleared the bit, it did so under the lock when the queue was empty, and what has
 * been put there since was put under the lock, by this thread, which therefore sees it cleared. */
static inline void ix_shuffle_show(struct ix_shuffle *shuffle)
{
	if (ix_shuffle_ready(shuffle) && !atomic_load_explicit(&shuffle->shown, memory_order_relaxed))
		ix_shuffle_show_now(shuffle);
}

#endif

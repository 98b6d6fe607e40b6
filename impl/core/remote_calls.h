/*
 * Calls on their way from the thread that works on a stolen connection to the connection's home thread: shipments of
 * copies, in a queue that any thread may push to and its owner empties. Shipments of one thread arrive in the order in
 * which it pushed them.
 *
 * The first shipment of a connection's calls is part of the connection, so that the usual answer needs no memory; more
 * come from a pool of the shipping thread and return there by a second such queue.
 */
#ifndef IX_REMOTE_CALLS_H
#define IX_REMOTE_CALLS_H

#include "impl/core/abi.h"
#include "impl/core/platform.h"
#include <stdatomic.h>
#include <stddef.h>

struct ix_shuffle_connection;

/* Calls and the entries of their SENDV stand in words of 16 bytes: a call takes four, an entry one. */
struct ix_shipment_word {
	uint64_t half[2];
};
#define IX_CALL_WORDS (sizeof(struct ix_call) / sizeof(struct ix_shipment_word))

struct ix_shipment {
	struct ix_shipment *next;                 /* in a queue, or in the pool */
	struct ix_shipment *more;                 /* what follows in the same delivery */
	struct ix_shuffle_connection *connection; /* that they are on; NULL: any */
	int release;                              /* the connection is done with when all has run */
	unsigned used, capacity;                  /* words */
	struct ix_shipment_word *word;
	struct ix_shipment_pool *pool; /* NULL: part of its connection */
};

struct ix_shipment_queue {
	struct ix_shipment *_Atomic newest;
};

struct ix_shipment_pool {
	struct ix_shipment *free;
	struct ix_shipment_queue returned;
	struct ix_shipment_chunk *chunks;
};

/* Empties a shipment for use. */
void ix_shipment_begin(struct ix_shipment *shipment, struct ix_shuffle_connection *connection);
/* Copies a call, and the @entries of its SENDV, to the end. -1: no room. */
int ix_shipment_add(struct ix_shipment *shipment, const struct ix_call *call, const struct ix_sg *sg, unsigned entries);
/* Reads the call at *position into *call and @sg (of IX_SG_MAX), and moves on; -1 at the end. The number of entries is
 * call->count for a SENDV. */
int ix_shipment_read(const struct ix_shipment *shipment, unsigned *position, struct ix_call *call, struct ix_sg *sg);

/* Any thread. Release: who takes it sees all of it. 1 if it found the queue empty. */
int ix_shipment_push(struct ix_shipment_queue *queue, struct ix_shipment *shipment);
/* The owner: all of them, oldest first, chained by next; NULL when empty. */
struct ix_shipment *ix_shipment_take_all(struct ix_shipment_queue *queue);
/* A hint for any thread. */
static inline int ix_shipment_waiting(const struct ix_shipment_queue *queue)
{
	return atomic_load_explicit(&queue->newest, memory_order_relaxed) != NULL;
}

/* A shipment that holds any one call at least; grows the pool; NULL when memory is short. Its owner's, in a kernel
 * phase. */
struct ix_shipment *ix_shipment_pool_get(struct ix_shipment_pool *pool, const struct ix_platform *platform);
/* Any thread. No-op for one that is part of its connection. */
void ix_shipment_return(struct ix_shipment *shipment);
void ix_shipment_pool_stop(struct ix_shipment_pool *pool, const struct ix_platform *platform);

#endif

#include "impl/core/remote_calls.h"
#include <string.h>

#define CHUNK_SHIPMENTS 32
#define POOL_WORDS      28 /* a call with IX_SG_MAX entries takes 20 */

_Static_assert(sizeof(struct ix_sg) == sizeof(struct ix_shipment_word), "an entry is a word");
_Static_assert(sizeof(struct ix_call) % sizeof(struct ix_shipment_word) == 0, "a call is whole words");
_Static_assert(IX_CALL_WORDS + IX_SG_MAX <= POOL_WORDS, "a shipment of the pool holds any call");

struct ix_shipment_chunk {
	struct ix_shipment_chunk *next;
	struct ix_shipment shipment[CHUNK_SHIPMENTS];
	struct ix_shipment_word word[CHUNK_SHIPMENTS][POOL_WORDS];
};

void ix_shipment_begin(struct ix_shipment *shipment, struct ix_shuffle_connection *connection)
{
	shipment->next = shipment->more = NULL;
	shipment->connection = connection;
	shipment->release = 0;
	shipment->used = 0;
}

int ix_shipment_add(struct ix_shipment *shipment, const struct ix_call *call, const struct ix_sg *sg, unsigned entries)
{
	unsigned words = (unsigned)IX_CALL_WORDS + entries;

	if (shipment->capacity - shipment->used < words)
		return -1;
	memcpy(&shipment->word[shipment->used], call, sizeof(*call));
	if (entries)
		memcpy(&shipment->word[shipment->used + IX_CALL_WORDS], sg, entries * sizeof(*sg));
	shipment->used += words;
	return 0;
}

int ix_shipment_read(const struct ix_shipment *shipment, unsigned *position, struct ix_call *call, struct ix_sg *sg)
{
	if (*position == shipment->used)
		return -1;
	memcpy(call, &shipment->word[*position], sizeof(*call));
	*position += (unsigned)IX_CALL_WORDS;
	if (call->type == IX_CALL_SENDV) {
		memcpy(sg, &shipment->word[*position], call->count * sizeof(*sg));
		*position += call->count;
	}
	return 0;
}

int ix_shipment_push(struct ix_shipment_queue *queue, struct ix_shipment *shipment)
{
	struct ix_shipment *newest = atomic_load_explicit(&queue->newest, memory_order_relaxed);

	do
		shipment->next = newest;
	while (!atomic_compare_exchange_weak_explicit(&queue->newest, &newest, shipment, memory_order_acq_rel,
						      memory_order_relaxed));
	return !newest;
}

struct ix_shipment *ix_shipment_take_all(struct ix_shipment_queue *queue)
{
	struct ix_shipment *shipment, *next, *oldest = NULL;

	if (!ix_shipment_waiting(queue))
		return NULL;
	/* Acquire, and all are taken at once: no shipment can come back between a look at it and the exchange. Release, as
	 * a push acquires: who finds the queue empty knows what its owner had done before it emptied it. */
	shipment = atomic_exchange_explicit(&queue->newest, NULL, memory_order_acq_rel);
	for (; shipment; shipment = next) {
		next = shipment->next;
		shipment->next = oldest;
		oldest = shipment;
	}
	return oldest;
}

static int grow(struct ix_shipment_pool *pool, const struct ix_platform *platform)
{
	struct ix_shipment_chunk *chunk = platform->allocate(platform->context, sizeof(*chunk), 64);

	if (!chunk)
		return -1;
	chunk->next = pool->chunks;
	pool->chunks = chunk;
	for (unsigned i = 0; i < CHUNK_SHIPMENTS; i++) {
		chunk->shipment[i] = (struct ix_shipment){
		    .next = pool->free, .word = chunk->word[i], .capacity = POOL_WORDS, .pool = pool};
		pool->free = &chunk->shipment[i];
	}
	return 0;
}

struct ix_shipment *ix_shipment_pool_get(struct ix_shipment_pool *pool, const struct ix_platform *platform)
{
	struct ix_shipment *shipment;

	if (!pool->free)
		pool->free = ix_shipment_take_all(&pool->returned);
	if (!pool->free && grow(pool, platform))
		return NULL;
	shipment = pool->free;
	pool->free = shipment->next;
	return shipment;
}

void ix_shipment_return(struct ix_shipment *shipment)
{
	if (shipment->pool)
		ix_shipment_push(&shipment->pool->returned, shipment);
}

void ix_shipment_pool_stop(struct ix_shipment_pool *pool, const struct ix_platform *platform)
{
	struct ix_shipment_chunk *chunk;

	while ((chunk = pool->chunks)) {
		pool->chunks = chunk->next;
		platform->release(platform->context, chunk);
	}
}

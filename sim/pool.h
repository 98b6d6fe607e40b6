/*
 * All packets of a simulation in one piece of memory: 64 bytes of bookkeeping and @room bytes of data each, taken and
 * returned last in, first out, so that few stay in the cache. Nothing is allocated after the start. Memory that was
 * never used is never touched, so a pool may be as large as the worst case.
 */
#ifndef IXLAB_SIM_POOL_H
#define IXLAB_SIM_POOL_H

#include "impl/core/packet.h"

struct sim_pool {
	uint8_t *base; /* the pool as the core knows it (IX_POOL_PACKETS) */
	size_t size;
	uint32_t room;  /* data bytes of a packet */
	uint32_t count; /* packets */
	uint32_t fresh; /* those from here on were never taken */
	uint32_t used;  /* out now */
	uint32_t peak;
	struct ix_packet *free;
};

/* @room is rounded up to whole cache lines; at most 65535. 0, or -1 when memory is short. */
int sim_pool_init(struct sim_pool *pool, uint32_t count, uint32_t room);
void sim_pool_fini(struct sim_pool *pool);

/* A packet of length 0 with data at the start of its room; NULL when all are out. */
static inline struct ix_packet *sim_pool_get(struct sim_pool *pool)
{
	struct ix_packet *packet = pool->free;

	if (packet) {
		pool->free = packet->next;
	} else {
		if (pool->fresh == pool->count)
			return NULL;
		packet =
		    (struct ix_packet *)(void *)(pool->base + (size_t)pool->fresh++ * (sizeof(*packet) + pool->room));
	}
	packet->next = NULL;
	packet->data = (uint8_t *)(packet + 1);
	packet->length = 0;
	packet->undone = 0;
	packet->flags = 0;
	if (++pool->used > pool->peak)
		pool->peak = pool->used;
	return packet;
}

static inline void sim_pool_put(struct sim_pool *pool, struct ix_packet *packet)
{
	packet->next = pool->free;
	pool->free = packet;
	pool->used--;
}

#endif

/*
 * A dataplane over an in-memory NIC, and one cycle of one of its threads.
 */
#ifndef TEST_WORLD_H
#define TEST_WORLD_H

#include "tests/unit/core/echo.h"

struct world {
	struct memory_nic *nic;
	struct ix_dataplane *dataplane;
	struct ix_thread *thread; /* the first */
};

static inline struct world world_start(struct ix_options options)
{
	struct world world = {memory_nic_create(options.threads, options.groups, 4096, 8192, 256), NULL, NULL};

	assert_int_equal(ix_dataplane_create(&world.dataplane, &options, &world.nic->platform), 0);
	world.thread = &world.dataplane->thread[0];
	return world;
}

/* Checks that every packet has come back. */
static inline void world_stop(struct world *world)
{
	ix_dataplane_destroy(world->dataplane);
	assert_int_equal(memory_nic_destroy(world->nic), 0);
}

static inline struct ix_work world_cycle(struct world *world, unsigned thread)
{
	struct ix_work work = {0};

	ix_kernel_enter(&world->dataplane->thread[thread], &work);
	return work;
}

static inline void world_arrive(struct world *world, uint32_t rss_hash, uint32_t connection, uint32_t payload)
{
	assert_int_equal(memory_nic_arrive(world->nic, rss_hash, connection, &payload, sizeof(payload)), 0);
}

/* The payload of a RECV that world_arrive() caused. */
static inline uint32_t world_payload(const struct world *world, const struct ix_event *event)
{
	uint32_t payload;

	memcpy(&payload, ix_buffer_memory(world->dataplane, event->buffer, event->length), sizeof(payload));
	return payload;
}

#endif

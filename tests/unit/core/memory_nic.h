/*
 * An in-memory NIC and its platform table for tests of the core: rings, a redirection table, a pool of packets that
 * counts what is out, a clock that the test sets. Threads may use it at once: one lock guards all of it.
 */
#ifndef TEST_MEMORY_NIC_H
#define TEST_MEMORY_NIC_H

#include "impl/core/dataplane.h"
#include <pthread.h>

#define MEMORY_NIC_APPLICATION_POOL (1u << 20)

struct memory_nic {
	struct ix_platform platform; /* to give to ix_dataplane_create */
	struct ix_rss rss;           /* default key */
	pthread_mutex_t lock;
	unsigned threads, groups, ring_size;
	struct ix_packet_queue ring[IX_THREADS_MAX];
	unsigned reta[IX_RSS_GROUPS_MAX];
	unsigned unsteerable; /* steering of this group fails; none: >= groups */
	struct ix_packet_queue sent[IX_THREADS_MAX];
	unsigned transmit_room; /* packets the transmit ring takes per call */
	struct ix_packet *packets;
	struct ix_packet_queue free;
	unsigned packet_count;
	_Atomic uint64_t now_ns;
	_Atomic unsigned kicks[IX_THREADS_MAX];
	_Atomic unsigned interrupts[IX_THREADS_MAX]; /* of these kicks */
};

struct memory_nic *memory_nic_create(unsigned threads, unsigned groups, unsigned ring_size, unsigned packets,
				     unsigned data_room);
/* Returns the packets that were not given back: 0, or a leak. */
unsigned memory_nic_destroy(struct memory_nic *nic);

/* A message arrives; -1 if the ring is full or packets are short. A hash is steered by its low bits. */
int memory_nic_arrive(struct memory_nic *nic, uint32_t rss_hash, uint32_t connection, const void *payload,
		      unsigned length);

/* The next packet sent by @thread, or NULL; give it back with memory_nic_free(). */
struct ix_packet *memory_nic_sent(struct memory_nic *nic, unsigned thread);
void memory_nic_free(struct memory_nic *nic, struct ix_packet *packet);

/* One of the application pool's addresses as a buffer. */
static inline ix_buffer memory_nic_buffer(const struct memory_nic *nic, const void *address)
{
	return (ix_buffer)((const uint8_t *)address - nic->platform.pool_base[IX_POOL_APPLICATION]);
}

#endif

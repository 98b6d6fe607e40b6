/*
 * What the core needs from outside: time, packets, steering, memory. The simulator implements it in virtual time, the
 * DPDK dataplane in real time. One table per dataplane; functions are called only by the thread they name, except kick,
 * ring_waiting and interrupts_pending.
 */
#ifndef IX_PLATFORM_H
#define IX_PLATFORM_H

#include "impl/core/packet.h"

struct ix_platform {
	void *context;

	uint64_t (*clock_ns)(void *context, unsigned thread);

	/* Takes at most @n packets off the receive ring of @thread; returns how many. rss_hash and arrival_ns are set.
	 */
	unsigned (*receive)(void *context, unsigned thread, struct ix_packet **packets, unsigned n);

	/* Hands packets to the transmit ring; the first ones, as many as returned, belong to the platform then. */
	unsigned (*transmit)(void *context, unsigned thread, struct ix_packet **packets, unsigned n);

	/* From now on packets of @group go to the ring of @thread (rewrites the RETA entry). 0 or -1. */
	int (*steer)(void *context, unsigned group, unsigned thread);

	/* Makes @thread enter its kernel phase soon if it waits (and, with @interrupt, if it is in user mode). A hint.
	 */
	void (*kick)(void *context, unsigned thread, int interrupt);

	/* Do packets wait in the receive ring of @thread? A hint; called by any thread. May be NULL: never known. */
	int (*ring_waiting)(void *context, unsigned thread);

	/* Threads, a bit each; of no other is ring_waiting true. A hint, as above; NULL: all must be asked. */
	uint64_t (*rings_waiting)(void *context);

	/* Threads, a bit each, to which an interrupt is on its way, so that another would do nothing. A hint, as above. */
	uint64_t (*interrupts_pending)(void *context);

	/* A packet with room for data_room bytes at data, or NULL; and its return (any thread). */
	struct ix_packet *(*packet_alloc)(void *context, unsigned thread);
	void (*packet_free)(void *context, struct ix_packet *packet);
	uint32_t data_room;

	/* Has the cache fetch what transmit or packet_free will touch of a packet besides its bookkeeping and bytes; looks
	 * into neither. May be NULL. */
	void (*packet_prefetch)(void *context, const struct ix_packet *packet);

	void *(*allocate)(void *context, size_t size, size_t align); /* zeroed; NULL when short */
	void (*release)(void *context, void *memory);

	/* The two pools of abi.h, for translating buffers and checking them; data of packets lies in IX_POOL_PACKETS.
	 */
	uint8_t *pool_base[2];
	uint64_t pool_size[2];
};

#endif

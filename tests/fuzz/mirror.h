/*
 * One host with the stack `tcp` that talks to itself, in virtual time, in memory: what it sends to MIRROR_PEER comes back
 * as if MIRROR_PEER had sent it (the two addresses trade places, which no checksum notices). So both ends of every
 * connection are of this host. Frames to other addresses are lost, except those to the host itself.
 */
#ifndef IX_TESTS_FUZZ_MIRROR_H
#define IX_TESTS_FUZZ_MIRROR_H

#include "impl/tcp/tcp.h"

#include <stdbool.h>

#define MIRROR_THREADS    2u
#define MIRROR_GROUPS     4u
#define MIRROR_IP         0x0a000001u
#define MIRROR_PEER       0x0a000002u
#define MIRROR_PORT       7000
#define MIRROR_UDP_PORT   53
#define MIRROR_POOL_BYTES 65536u
#define MIRROR_PACKETS    256u
#define MIRROR_FRAME_ROOM 2048u

/* What befalls a frame. Astray, it arrives at the wrong thread. */
enum mirror_fate {
	MIRROR_PASS,
	MIRROR_LOSE,
	MIRROR_HOLD,
	MIRROR_REPEAT,
	MIRROR_FLAGS,
	MIRROR_WINDOW,
	MIRROR_ASTRAY,
	MIRROR_FATES
};

struct mirror {
	struct ix_dataplane *dataplane;
	uint64_t now_ns;
	struct ix_packet_queue ring[MIRROR_THREADS];
	struct ix_packet_queue held;
	unsigned reta[MIRROR_GROUPS];
	struct ix_packet packet[MIRROR_PACKETS], *free_packets;
	unsigned packets_in_use;
	uint8_t *memory, *frames; /* the application pool, which the core must not write; the packet pool */
	enum mirror_fate fate;    /* of the next fated frames with IPv4 */
	unsigned fated;
	uint16_t value;            /* flags that change, or the window */
	unsigned fail_allocations; /* the next so many */
	unsigned ring_full;        /* the next so many transmissions take nothing */
};

/* A new host in @mirror, whose memory is kept from the last one; ends the process if there is none. */
void mirror_open(struct mirror *mirror, const struct ix_options *options, struct ix_tcp_options *tcp);
void mirror_close(struct mirror *mirror);
void mirror_release(struct mirror *mirror); /* the frames held go on their way */

#endif

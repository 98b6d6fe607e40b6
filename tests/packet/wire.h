/*
 * What the host under test sends and receives by, behind one table: packet memory and the way of frames through it, but not
 * time, which is virtual. So the same scripts run over plain memory and over the dataplane's own ports.
 */
#ifndef IX_TESTS_PACKET_WIRE_H
#define IX_TESTS_PACKET_WIRE_H

#include "impl/core/dataplane.h"

#include <stdbool.h>

struct wire;

struct wire_ops {
	/* Fills @platform: all of it but the application's pool. The clock shows *now_ns. NULL when it cannot be opened. */
	struct wire *(*open)(struct ix_platform *platform, const uint64_t *now_ns);
	/* After the dataplane's end. False if a packet is missing. */
	bool (*close)(struct wire *wire);
	/* A frame comes in: the next receive burst finds it. */
	void (*put)(struct wire *wire, const struct ix_rss *rss, const uint8_t *frame, unsigned length);
	bool (*waiting)(const struct wire *wire); /* have frames been put that nobody has received? */
	bool (*sent)(struct wire *wire);          /* has a frame been sent that nobody has taken? */
	unsigned (*take)(struct wire *wire, uint8_t *frame, unsigned size, uint64_t *at_ns);
};

/* That of the file linked: wire_memory.c or wire_ports.c. */
extern const struct wire_ops wire_ops;

#endif

/*
 * A wire: one direction of a link, or a port of a switch. Packets are serialized one after the other at the bandwidth
 * and arrive a propagation delay later. On the way they may be lost, duplicated, held back (so that later ones
 * overtake) or have a bit flipped, each with its own probability and independently.
 *
 * Packets in flight wait in two queues, each in order of arrival: those on time, and those held back. One event stands
 * for both. A wire without delay and bandwidth delivers at once.
 */
#ifndef IXLAB_SIM_WIRE_H
#define IXLAB_SIM_WIRE_H

#include "models/rng.h"
#include "sim/engine.h"
#include "sim/pool.h"

/* Preamble 8, frame check sequence 4, inter-frame gap 12: what Ethernet adds to each frame. */
#define SIM_ETHERNET_OVERHEAD_BYTES 24u
#define SIM_ETHERNET_MIN_BYTES      60u /* shorter frames are padded on the wire */

/* In a packet's flags: a bit of it was flipped on the way. */
#define SIM_WIRE_DAMAGED 0x80000000u

struct sim_wire_options {
	uint64_t bandwidth_bps; /* 0: infinite */
	uint64_t delay_ns;
	uint32_t header_bytes; /* that each packet has on the wire beside its own */
	/* Of a packet, all bytes of wire time; NULL: its own, with headers, padding and what Ethernet adds. */
	uint32_t (*wire_bytes)(const struct ix_packet *packet);
	uint64_t queue_bytes;                     /* what waits for serialization beyond this is dropped; 0: no bound */
	double loss, duplicate, reorder, corrupt; /* probabilities per packet, 0 .. 1 */
	uint64_t reorder_ns;                      /* by which a held-back packet is late */
};

struct sim_wire_totals {
	uint64_t packets, bytes; /* handed in; bytes without Ethernet's overhead */
	uint64_t busy_ns;        /* of serialization, of all that was handed in */
	uint64_t delivered, lost, overflowed, duplicated, reordered, corrupted;
};

struct sim_wire {
	struct sim_engine *engine;
	struct sim_pool *pool;
	struct sim_wire_options options;
	struct sim_wire_totals totals;
	void (*deliver)(void *context, struct ix_packet *packet); /* the packet is the receiver's from then on */
	void *context;
	struct sim_event event;
	uint64_t free_ns; /* when the last bit handed in so far will have left */
	double ns_per_byte, carry_ns;
	int impaired;
	int ideal; /* neither takes time nor loses anything: delivers at once */
	struct rng rng;
	struct ix_packet_queue on_time, held;
	struct sim_wire *bonded; /* NULL, or the wires that stand for this one */
	uint32_t bonded_count;
};

/* @seed and @replication are those of the run; @number tells the wires of a run apart. */
void sim_wire_init(struct sim_wire *wire, struct sim_engine *engine, struct sim_pool *pool,
		   const struct sim_wire_options *options, uint64_t seed, uint32_t replication, uint32_t number);

/*
 * From now on @wire is a bond of the @count wires at @bonded (borrowed, each of its own bandwidth), as of several links
 * to one switch: a packet takes the one that its RSS hash names, so those of a connection keep their order. What is
 * handed in shows in the totals of the wires bonded.
 */
void sim_wire_bond(struct sim_wire *wire, struct sim_wire *bonded, uint32_t count);

/* How long the wire has been busy up to now. */
uint64_t sim_wire_busy_ns(const struct sim_wire *wire);

/* Returns what is in flight to the pool. */
void sim_wire_fini(struct sim_wire *wire);

/*
 * Hands over @packet, whose first bit may leave now. Returns the time at which its last bit has left (its transmit
 * descriptor is free then), whatever becomes of the packet.
 */
uint64_t sim_wire_send(struct sim_wire *wire, struct ix_packet *packet);

static inline uint32_t sim_wire_in_flight(const struct sim_wire *wire)
{
	return wire->on_time.count + wire->held.count;
}

#endif

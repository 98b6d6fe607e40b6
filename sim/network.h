/*
 * A network of simulated machines: each is linked by a wire up to a switch and a wire down from it. The switch knows
 * every address from the start, copies broadcasts to all other hosts, and forwards without delay of its own; what waits
 * for a wire down is the queue of its port (sim_wire_options.queue_bytes). Packets are whole Ethernet frames.
 *
 * Frames with a flipped bit go on, for the checksums of IP, TCP and UDP to find, as if it had been flipped in the
 * memory of a switch. Other frames (ARP) have no checksum but Ethernet's frame check sequence: they are dropped.
 */
#ifndef IXLAB_SIM_NETWORK_H
#define IXLAB_SIM_NETWORK_H

#include "sim/machine.h"

#define SIM_NETWORK_HOSTS_MAX 64u
#define SIM_FRAME_BYTES       1600u /* room of a packet that holds any frame without jumbo sizes */

struct sim_network;

struct sim_host {
	struct sim_network *network;
	struct sim_machine machine;
	struct sim_wire up, down;
	uint8_t mac[6];
};

struct sim_network {
	struct sim_engine *engine;
	struct sim_pool *pool; /* room for frames: SIM_FRAME_BYTES */
	struct sim_host *host[SIM_NETWORK_HOSTS_MAX];
	unsigned hosts;
	uint64_t forwarded;
	int64_t copied;   /* copies of broadcasts, less the frames copied */
	uint64_t damaged; /* frames dropped for a flipped bit, since they are not IPv4 */
	uint64_t unknown; /* frames to addresses of nobody, or too short to have one: dropped */
};

/* @engine and @pool are borrowed. */
void sim_network_init(struct sim_network *network, struct sim_engine *engine, struct sim_pool *pool);

/* Takes all hosts away, their machines first: what they hold goes back to the pool. */
void sim_network_fini(struct sim_network *network);

/*
 * Adds a machine whose frames carry @mac; @wire is used for both directions, impairments and all, with random numbers
 * of the run's @seed and @replication; but for its bound on what waits, which is the switch port's (the machine's own
 * wire has its transmit rings). *host is borrowed until sim_network_fini(). 0 or a negative enum ix_error.
 */
int sim_network_add(struct sim_network *network, const struct sim_machine_options *options, const uint8_t mac[6],
		    const struct sim_wire_options *wire, uint64_t seed, uint32_t replication, struct sim_host **host);

#endif

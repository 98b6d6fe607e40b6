/*
 * A network interface with one receive and one transmit ring per queue (IX on the 82599: 512 and 4096 descriptors) and
 * receive-side scaling: the Toeplitz hash of a frame's addresses and ports selects an entry of the redirection table
 * (RETA), which names the queue. A frame that finds no free receive descriptor is dropped and counted.
 *
 * Descriptors are returned to the NIC at least 32 at a time, so that one PCIe write is spent on 32 packets (thesis
 * 2.7): up to 31 that software has already taken are missing from the ring. A transmit descriptor is free again when
 * its last bit is on the wire.
 */
#ifndef IXLAB_SIM_NIC_H
#define IXLAB_SIM_NIC_H

#include "impl/core/rss.h"
#include "sim/wire.h"

#define SIM_NIC_QUEUES_MAX     64u
#define SIM_NIC_RX_MAX         65536u /* receive descriptors of a ring: a power of two; the 82599 has up to 4096 */
#define SIM_NIC_TX_DESCRIPTORS 4096u
#define SIM_NIC_RETURN_BATCH   32u

struct sim_nic_queue {
	_Alignas(64) struct ix_packet **rx; /* circular, rx_descriptors */
	uint32_t rx_head, rx_count;
	uint32_t rx_unreturned; /* taken by software, descriptor not yet given back */
	uint32_t rx_doorbells;  /* rung since sim_nic_doorbells() was last called */
	uint64_t *tx_left_ns;   /* circular, SIM_NIC_TX_DESCRIPTORS: when each packet out has left */
	uint32_t tx_head, tx_count;
	struct ix_packet_queue staged; /* handed over, leaving when the core's work on them is done */
	uint64_t received, dropped, transmitted, doorbells;
};

struct sim_nic {
	struct sim_engine *engine;
	struct sim_pool *pool;
	struct sim_wire *wire; /* where it transmits to */
	struct ix_rss rss;
	unsigned queues;
	uint32_t rx_descriptors; /* of each queue */
	uint16_t reta[IX_RSS_GROUPS_MAX];
	struct sim_nic_queue *queue;
	uint64_t accepted[IX_RSS_GROUPS_MAX]; /* packets of each RETA entry that found a descriptor */
	uint64_t unhashed;                    /* frames without IPv4 ports, which go to queue 0 */

	/* A packet came to the ring of @queue, or (@dropped) found it full; then it is returned to the pool afterwards.
	 */
	void (*notify)(void *context, unsigned queue, const struct ix_packet *packet, int dropped);
	void *context;
};

/* @key: 40 bytes; @groups: RETA entries; entry i names queue i mod @queues. 0, or -1 when @groups is no power of two up
 * to IX_RSS_GROUPS_MAX, @queues is not in 1 .. SIM_NIC_QUEUES_MAX, @rx_descriptors is no
 * power of two in SIM_NIC_RETURN_BATCH * 2 .. SIM_NIC_RX_MAX, or memory is short. */
int sim_nic_init(struct sim_nic *nic, struct sim_engine *engine, struct sim_pool *pool, struct sim_wire *wire,
		 const uint8_t *key, uint32_t groups, unsigned queues, uint32_t rx_descriptors);
void sim_nic_fini(struct sim_nic *nic);

/* The number, from 0, of @packet among those of its RETA entry that came into a ring: to see whether all of them reach
 * the stack, and in order. */
static inline uint64_t sim_nic_number(const struct ix_packet *packet)
{
	return packet->user[1];
}

/* A frame from the wire, with its hash computed from its headers: TCP and UDP over IPv4. */
void sim_nic_frame(struct sim_nic *nic, struct ix_packet *packet);

/* The same for a packet whose rss_hash is set already. */
void sim_nic_hashed(struct sim_nic *nic, struct ix_packet *packet);

/* RETA entry @group names @queue from now on. 0, or -1 if there is no such entry or queue. */
int sim_nic_steer(struct sim_nic *nic, unsigned group, unsigned queue);

/* Takes at most @n packets off the receive ring; returns how many. */
unsigned sim_nic_receive(struct sim_nic *nic, unsigned queue, struct ix_packet **packets, unsigned n);

/* Takes over as many of the @n packets as there are transmit descriptors free; they leave at sim_nic_flush(). */
unsigned sim_nic_transmit(struct sim_nic *nic, unsigned queue, struct ix_packet **packets, unsigned n);

/* What was taken over goes to the wire now. */
void sim_nic_flush(struct sim_nic *nic, unsigned queue);

/* Doorbells (PCIe writes) rung for @queue since this was last asked: returned receive descriptors, and one for what is
 * staged. */
static inline unsigned sim_nic_doorbells(struct sim_nic *nic, unsigned queue)
{
	struct sim_nic_queue *q = &nic->queue[queue];
	unsigned rung = q->rx_doorbells + (q->staged.head != NULL);

	if (rung) {
		q->rx_doorbells = 0;
		q->doorbells += rung;
	}
	return rung;
}

static inline uint32_t sim_nic_waiting(const struct sim_nic *nic, unsigned queue)
{
	return nic->queue[queue].rx_count;
}

#endif

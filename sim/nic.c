#include "sim/nic.h"

#include <stdlib.h>
#include <string.h>

#define ETHERNET_HEADER 14u
#define ETHERTYPE_IPV4  0x0800u
#define IPV4_HEADER     20u
#define PROTOCOL_TCP    6u
#define PROTOCOL_UDP    17u

int sim_nic_init(struct sim_nic *nic, struct sim_engine *engine, struct sim_pool *pool, struct sim_wire *wire,
		 const uint8_t *key, uint32_t groups, unsigned queues, uint32_t rx_descriptors)
{
	memset(nic, 0, sizeof(*nic));
	if (!queues || queues > SIM_NIC_QUEUES_MAX || rx_descriptors < 2 * SIM_NIC_RETURN_BATCH ||
	    rx_descriptors > SIM_NIC_RX_MAX || (rx_descriptors & (rx_descriptors - 1)) ||
	    ix_rss_init(&nic->rss, key, groups))
		return -1;
	nic->engine = engine;
	nic->pool = pool;
	nic->wire = wire;
	nic->queues = queues;
	nic->rx_descriptors = rx_descriptors;
	for (unsigned i = 0; i < IX_RSS_GROUPS_MAX; i++)
		nic->reta[i] = (uint16_t)(i % queues);
	nic->queue = aligned_alloc(_Alignof(struct sim_nic_queue), queues * sizeof(*nic->queue));
	if (nic->queue)
		memset(nic->queue, 0, queues * sizeof(*nic->queue));
	for (unsigned i = 0; nic->queue && i < queues; i++) {
		struct sim_nic_queue *q = &nic->queue[i];

		q->rx = calloc(rx_descriptors, sizeof(struct ix_packet *));
		q->tx_left_ns = calloc(SIM_NIC_TX_DESCRIPTORS, sizeof(*q->tx_left_ns));
		if (!q->rx || !q->tx_left_ns)
			break;
		if (i + 1 == queues)
			return 0;
	}
	sim_nic_fini(nic);
	return -1;
}

void sim_nic_fini(struct sim_nic *nic)
{
	for (unsigned i = 0; nic->queue && i < nic->queues; i++) {
		struct sim_nic_queue *q = &nic->queue[i];
		struct ix_packet *packet;

		for (; q->rx_count; q->rx_count--)
			sim_pool_put(nic->pool, q->rx[q->rx_head++ & (nic->rx_descriptors - 1)]);
		while ((packet = ix_packet_queue_pop(&q->staged)))
			sim_pool_put(nic->pool, packet);
		free(q->rx);
		free(q->tx_left_ns);
	}
	free(nic->queue);
	memset(nic, 0, sizeof(*nic));
}

static inline uint32_t big_endian(const uint8_t *bytes, unsigned count)
{
	uint32_t value = 0;

	while (count--)
		value = value << 8 | *bytes++;
	return value;
}

/* Sets the hash of a frame with ports that is not a fragment; returns 0 for any other. */
static int hash_frame(const struct sim_nic *nic, struct ix_packet *packet)
{
	const uint8_t *ip = packet->data + ETHERNET_HEADER, *ports;
	unsigned header;

	if (packet->length < ETHERNET_HEADER + IPV4_HEADER || big_endian(packet->data + 12, 2) != ETHERTYPE_IPV4)
		return 0;
	header = (ip[0] & 15u) * 4;
	if (ip[0] >> 4 != 4 || header < IPV4_HEADER || packet->length < ETHERNET_HEADER + header + 4)
		return 0;
	if ((ip[9] != PROTOCOL_TCP && ip[9] != PROTOCOL_UDP) || (big_endian(ip + 6, 2) & 0x3fffu))
		return 0;
	ports = ip + header;
	packet->rss_hash = ix_rss_hash_ipv4(&nic->rss, big_endian(ip + 12, 4), big_endian(ip + 16, 4),
					    (uint16_t)big_endian(ports, 2), (uint16_t)big_endian(ports + 2, 2));
	return 1;
}

static void to_ring(struct sim_nic *nic, unsigned queue, struct ix_packet *packet)
{
	struct sim_nic_queue *q = &nic->queue[queue];

	packet->arrival_ns = nic->engine->now_ns;
	packet->undone = 0; /* the sender's stack may have left something there */
	packet->flags = 0;
	if (q->rx_count + q->rx_unreturned >= nic->rx_descriptors) {
		q->dropped++;
		nic->notify(nic->context, queue, packet, 1);
		sim_pool_put(nic->pool, packet);
		return;
	}
	q->rx[(q->rx_head + q->rx_count++) & (nic->rx_descriptors - 1)] = packet;
	q->received++;
	packet->user[1] = nic->accepted[ix_rss_group(&nic->rss, packet->rss_hash)]++;
	nic->notify(nic->context, queue, packet, 0);
}

void sim_nic_hashed(struct sim_nic *nic, struct ix_packet *packet)
{
	to_ring(nic, nic->reta[ix_rss_group(&nic->rss, packet->rss_hash)], packet);
}

void sim_nic_frame(struct sim_nic *nic, struct ix_packet *packet)
{
	if (hash_frame(nic, packet)) {
		sim_nic_hashed(nic, packet);
		return;
	}
	nic->unhashed++;
	packet->rss_hash = 0;
	to_ring(nic, 0, packet);
}

int sim_nic_steer(struct sim_nic *nic, unsigned group, unsigned queue)
{
	if (group >= nic->rss.groups || queue >= nic->queues)
		return -1;
	nic->reta[group] = (uint16_t)queue;
	return 0;
}

unsigned sim_nic_receive(struct sim_nic *nic, unsigned queue, struct ix_packet **packets, unsigned n)
{
	struct sim_nic_queue *q = &nic->queue[queue];
	unsigned taken = q->rx_count < n ? q->rx_count : n;

	for (unsigned i = 0; i < taken; i++)
		packets[i] = q->rx[q->rx_head++ & (nic->rx_descriptors - 1)];
	q->rx_count -= taken;
	if (!q->rx_count)
		q->rx_head = 0; /* what is used of the ring stays in the cache */
	q->rx_unreturned += taken;
	if (q->rx_unreturned >= SIM_NIC_RETURN_BATCH) {
		q->rx_unreturned = 0;
		q->rx_doorbells++;
	}
	return taken;
}

/* Frees the descriptors of packets that have left. As with the other ring, an empty one starts over. */
static void reclaim(struct sim_nic_queue *q, uint64_t now_ns)
{
	while (q->tx_count && q->tx_left_ns[q->tx_head % SIM_NIC_TX_DESCRIPTORS] <= now_ns) {
		q->tx_head++;
		q->tx_count--;
	}
	if (!q->tx_count)
		q->tx_head = 0;
}

unsigned sim_nic_transmit(struct sim_nic *nic, unsigned queue, struct ix_packet **packets, unsigned n)
{
	struct sim_nic_queue *q = &nic->queue[queue];
	unsigned room;

	reclaim(q, nic->engine->now_ns);
	room = SIM_NIC_TX_DESCRIPTORS - q->tx_count - q->staged.count;
	if (n > room)
		n = room;
	for (unsigned i = 0; i < n; i++)
		ix_packet_queue_push(&q->staged, packets[i]);
	return n;
}

void sim_nic_flush(struct sim_nic *nic, unsigned queue)
{
	struct sim_nic_queue *q = &nic->queue[queue];
	struct ix_packet *packet;

	while ((packet = ix_packet_queue_pop(&q->staged))) {
		uint64_t left_ns = sim_wire_send(nic->wire, packet);

		q->transmitted++;
		if (left_ns > nic->engine->now_ns)
			q->tx_left_ns[(q->tx_head + q->tx_count++) % SIM_NIC_TX_DESCRIPTORS] = left_ns;
	}
}

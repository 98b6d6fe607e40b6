/*
 * Packets as the core sees them: 64 bytes of bookkeeping; the data is contiguous and elsewhere (behind it in a
 * simulated pool, in an mbuf on DPDK). A packet is in at most one queue, and belongs to whoever took it out.
 */
#ifndef IX_PACKET_H
#define IX_PACKET_H

#include <stddef.h>
#include <stdint.h>

struct ix_packet {
	struct ix_packet *next;
	uint8_t *data;
	uint16_t length;
	uint16_t group;      /* flow group, set by ix_rss_group() when it is polled */
	uint32_t rss_hash;   /* Toeplitz hash, from the NIC */
	uint64_t arrival_ns; /* when the NIC had it */
	uint32_t undone;     /* bytes handed to the application and not yet done */
	uint32_t flags;
	uint64_t user[2]; /* of the platform */
	uint64_t pool;    /* of the platform */
};

_Static_assert(sizeof(struct ix_packet) == 64, "bookkeeping of a packet is one cache line");

struct ix_packet_queue {
	struct ix_packet *head, *tail;
	uint32_t count;
};

static inline void ix_packet_queue_push(struct ix_packet_queue *q, struct ix_packet *p)
{
	p->next = NULL;
	if (q->head)
		q->tail->next = p;
	else
		q->head = p;
	q->tail = p;
	q->count++;
}

static inline struct ix_packet *ix_packet_queue_pop(struct ix_packet_queue *q)
{
	struct ix_packet *p = q->head;

	if (p) {
		q->head = p->next;
		q->count--;
	}
	return p;
}

/* Puts all of @from, in order, before all of @to; @from is left empty. */
static inline void ix_packet_queue_prepend(struct ix_packet_queue *to, struct ix_packet_queue *from)
{
	if (!from->head)
		return;
	from->tail->next = to->head;
	if (!to->head)
		to->tail = from->tail;
	to->head = from->head;
	to->count += from->count;
	from->head = NULL;
	from->count = 0;
}

#endif

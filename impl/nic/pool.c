/* Packets: one pool of mbufs whose private area is the core's bookkeeping, in contiguous memory. */
#include "impl/nic/internal.h"

#include <rte_errno.h>
#include <rte_mempool.h>

#define CACHE_PACKETS 256

/* The memory is named by offsets from its start, so it has to be in one piece. */
static int find_memory(struct nic *nic)
{
	struct rte_mempool_memhdr *piece;
	uintptr_t low = UINTPTR_MAX, high = 0;
	uint64_t sum = 0;

	STAILQ_FOREACH(piece, &nic->pool->mem_list, next)
	{
		uintptr_t start = (uintptr_t)piece->addr;

		if (start < low)
			low = start;
		if (start + piece->len > high)
			high = start + piece->len;
		sum += piece->len;
	}
	nic->pool_base = (uint8_t *)low;
	nic->pool_size = high - low;
	return sum == nic->pool_size ? 0 : -1;
}

/*
 * What was freed last is used next: however large the pool, only as much of it comes and goes through the caches as is
 * in use. And no device but a card asks for physical addresses, so packets may lie across pages; otherwise each would
 * have a page of 4 KiB, and all of them the same few sets of the caches.
 */
static struct rte_mempool *make(const struct nic_options *options, unsigned cache)
{
	struct rte_pktmbuf_pool_private room = {.mbuf_data_room_size = RTE_PKTMBUF_HEADROOM + NIC_DATA_ROOM,
						.mbuf_priv_size = sizeof(struct ix_packet)};
	struct rte_mempool *pool = rte_mempool_create_empty(
	    "packets", options->packets, sizeof(struct rte_mbuf) + room.mbuf_priv_size + room.mbuf_data_room_size,
	    cache, sizeof(room), SOCKET_ID_ANY, options->type == NIC_ETHDEV ? 0 : RTE_MEMPOOL_F_NO_IOVA_CONTIG);

	if (!pool)
		return NULL;
	if (rte_mempool_set_ops_byname(pool, "stack", NULL)) {
		rte_mempool_free(pool);
		rte_errno = ENOTSUP;
		return NULL;
	}
	rte_pktmbuf_pool_init(pool, &room);
	if (rte_mempool_populate_default(pool) < 0) {
		rte_mempool_free(pool);
		return NULL;
	}
	rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
	return pool;
}

int nic_start_pool(struct nic *nic, struct nic_error *error)
{
	unsigned cache = nic->options.packets >= 8 * CACHE_PACKETS ? CACHE_PACKETS : 0;

	_Static_assert(sizeof(struct ix_packet) % RTE_MBUF_PRIV_ALIGN == 0, "private area of an mbuf");
	nic->pool = make(&nic->options, cache);
	if (!nic->pool)
		return nic_fail(error, -1, "packets", "no memory for %u packets (%s); ask for fewer",
				nic->options.packets, rte_strerror(rte_errno));
	if (find_memory(nic))
		return nic_fail(error, -1, "packets",
				"the memory of %u packets is in %u pieces; ask for fewer, or use larger huge pages",
				nic->options.packets, nic->pool->nb_mem_chunks);
	return 0;
}

void nic_memory(const struct nic *nic, uint8_t **base, uint64_t *size)
{
	*base = nic->pool_base;
	*size = nic->pool_size;
}

struct ix_packet *nic_packet_alloc(struct nic *nic)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(nic->pool);
	struct ix_packet *packet;

	if (!mbuf)
		return NULL;
	packet = packet_of(mbuf);
	packet->next = NULL;
	packet->data = rte_pktmbuf_mtod(mbuf, uint8_t *);
	packet->length = 0;
	packet->undone = 0;
	packet->flags = 0;
	return packet;
}

void nic_packet_free(struct ix_packet *packet)
{
	rte_pktmbuf_free_seg(mbuf_of(packet));
}

void nic_packet_prefetch(const struct ix_packet *packet)
{
	const struct rte_mbuf *mbuf = (const struct rte_mbuf *)(const void *)packet - 1;

	__builtin_prefetch(mbuf, 1);
	__builtin_prefetch((const char *)mbuf + RTE_CACHE_LINE_SIZE, 1);
}

unsigned nic_packets_in_use(const struct nic *nic)
{
	return rte_mempool_in_use_count(nic->pool);
}

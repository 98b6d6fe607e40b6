/*
 * The RETA in software: whoever finds a queue of the device free polls it, hashes, and deals the packets to one ring
 * per thread. Any thread may be the one, so none has to be awake for the others' sake. Under the lock of the queue the
 * packets of a flow go into rings in the order in which they came; a thread's own go through its ring too, behind what
 * others have dealt before. nic_steer() takes the lock, so when it returns the old ring holds all it will ever get.
 */
#include "impl/nic/internal.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

#define RING_PACKETS 4096
#define ROUNDS       4 /* bursts of one poll */

static int start(struct nic *nic, struct nic_error *error)
{
	char name[32];

	for (unsigned i = 0; i < nic->options.threads; i++) {
		snprintf(name, sizeof(name), "thread-%u", i);
		nic->thread[i].ring = rte_ring_create(name, RING_PACKETS, SOCKET_ID_ANY, RING_F_SC_DEQ);
		if (!nic->thread[i].ring)
			return nic_fail(error, -1, "threads", "no memory for the ring of thread %u", i);
	}
	return 0;
}

static void stop(struct nic *nic)
{
	void *mbuf;

	for (unsigned i = 0; i < nic->options.threads && nic->thread[i].ring; i++) {
		while (!rte_ring_dequeue(nic->thread[i].ring, &mbuf))
			rte_pktmbuf_free(mbuf);
		rte_ring_free(nic->thread[i].ring);
	}
}

static void deal(struct nic *nic, unsigned dealer, struct rte_mbuf **mbufs, unsigned n)
{
	uint64_t wake = 0;

	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *mbuf = mbufs[i];
		unsigned to;

		mbuf->hash.rss = nic_hash(&nic->rss, rte_pktmbuf_mtod(mbuf, uint8_t *), mbuf->data_len);
		to = atomic_load_explicit(&nic->reta[ix_rss_group(&nic->rss, mbuf->hash.rss)], memory_order_relaxed);
		if (to != dealer && rte_ring_empty(nic->thread[to].ring))
			wake |= 1ull << to;
		if (rte_ring_enqueue(nic->thread[to].ring, mbuf)) {
			rte_pktmbuf_free(mbuf);
			count(&nic->thread[dealer].dropped, 1);
		}
	}
	for (unsigned to = 0; wake; to++, wake >>= 1)
		if ((wake & 1) && nic->dealt)
			nic->dealt(nic->dealt_context, to);
}

static void poll(struct nic *nic, unsigned thread, unsigned queue)
{
	struct rte_mbuf *mbufs[NIC_BURST];
	unsigned n, rounds = 0;

	if (!rte_spinlock_trylock(&nic->queue[queue].receive_lock))
		return;
	do {
		n = rte_eth_rx_burst(nic->port, (uint16_t)queue, mbufs, NIC_BURST);
		deal(nic, thread, mbufs, n);
	} while (n == NIC_BURST && ++rounds < ROUNDS && rte_ring_count(nic->thread[thread].ring) < NIC_BURST);
	rte_spinlock_unlock(&nic->queue[queue].receive_lock);
}

static unsigned receive_alone(struct nic *nic, struct rte_mbuf **mbufs, unsigned n)
{
	unsigned got = rte_eth_rx_burst(nic->port, 0, mbufs, (uint16_t)n);

	for (unsigned i = 0; i < got; i++)
		mbufs[i]->hash.rss = nic_hash(&nic->rss, rte_pktmbuf_mtod(mbufs[i], uint8_t *), mbufs[i]->data_len);
	return got;
}

static unsigned receive(struct nic *nic, unsigned thread, struct rte_mbuf **mbufs, unsigned n)
{
	struct rte_ring *ring = nic->thread[thread].ring;
	unsigned queue;

	if (nic->options.threads == 1 && nic->facts.queues == 1)
		return receive_alone(nic, mbufs, n);
	for (queue = 0; queue < nic->facts.queues && rte_ring_count(ring) < n; queue++)
		poll(nic, thread, queue);
	return rte_ring_dequeue_burst(ring, (void **)mbufs, n, NULL);
}

static int steer(struct nic *nic, unsigned group, unsigned thread)
{
	atomic_store_explicit(&nic->reta[group], (uint8_t)thread, memory_order_relaxed);
	/* Whoever deals by the old entry has done so once the lock was ours. */
	for (unsigned queue = 0; queue < nic->facts.queues; queue++) {
		while (!rte_spinlock_trylock(&nic->queue[queue].receive_lock))
			sched_yield();
		rte_spinlock_unlock(&nic->queue[queue].receive_lock);
	}
	return 0;
}

/* One frame per group through the dealing code. */
static int self_test(struct nic *nic, struct nic_error *error)
{
	unsigned group, to;
	void *out;

	for (group = 0; group < nic->options.groups; group++) {
		struct rte_mbuf *mbuf = rte_pktmbuf_alloc(nic->pool);

		if (!mbuf)
			return nic_fail(error, -1, "packets", "too few for the self-test");
		mbuf->data_len = (uint16_t)nic_test_frame(nic, group, rte_pktmbuf_mtod(mbuf, uint8_t *));
		mbuf->pkt_len = mbuf->data_len;
		deal(nic, 0, &mbuf, 1);
		to = group % nic->options.threads;
		if (rte_ring_dequeue(nic->thread[to].ring, &out))
			return nic_fail(error, -1, "type", "a packet of group %u does not reach thread %u", group, to);
		rte_pktmbuf_free(out);
	}
	snprintf(nic->facts.self_test, sizeof(nic->facts.self_test), "%u groups through the rings of threads", group);
	return 0;
}

const struct nic_back_end nic_software = {
    .name = "software", .start = start, .stop = stop, .receive = receive, .steer = steer, .self_test = self_test};

/* Packets between port and core: no byte of them is touched, but for what the hash needs. */
#include "impl/nic/internal.h"

#include <rte_ip.h>
#include <rte_net.h>
#include <rte_tcp.h>
#include <rte_udp.h>

/* Is the mbuf of use? The NIC says when a checksum is wrong; where it did not look, we do. */
static int usable(const struct nic *nic, struct rte_mbuf *mbuf)
{
	const struct rte_ipv4_hdr *ip;
	uint16_t sum;

	if (mbuf->nb_segs != 1)
		return 0;
	if (!nic->facts.checksums)
		return 1;
	if ((mbuf->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_BAD ||
	    (mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_BAD)
		return 0;
	if ((mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_GOOD &&
	    (mbuf->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_GOOD)
		return 1;
	ip = rte_pktmbuf_mtod_offset(mbuf, const struct rte_ipv4_hdr *, sizeof(struct rte_ether_hdr));
	if (mbuf->data_len < sizeof(struct rte_ether_hdr) + sizeof(*ip) || ip->version_ihl != 0x45 ||
	    rte_be_to_cpu_16(ip->total_length) < sizeof(*ip) + sizeof(struct rte_udp_hdr) ||
	    rte_be_to_cpu_16(ip->total_length) > mbuf->data_len - sizeof(struct rte_ether_hdr))
		return 1;       /* no IPv4, or malformed: the stack sees to it */
	if (rte_ipv4_cksum(ip)) /* summed with the field, a right one gives 0 */
		return 0;
	if (ip->next_proto_id != IPPROTO_TCP && ip->next_proto_id != IPPROTO_UDP)
		return 1;
	if (ip->next_proto_id == IPPROTO_UDP && !((const struct rte_udp_hdr *)(const void *)(ip + 1))->dgram_cksum)
		return 1;
	sum = rte_ipv4_udptcp_cksum(ip, ip + 1);
	return sum == 0 || sum == 0xffff;
}

static struct ix_packet *take(struct nic *nic, struct rte_mbuf *mbuf, uint64_t now_ns)
{
	struct ix_packet *packet = packet_of(mbuf);

	packet->next = NULL;
	packet->data = rte_pktmbuf_mtod(mbuf, uint8_t *);
	packet->length = mbuf->data_len;
	packet->rss_hash = mbuf->hash.rss;
	packet->arrival_ns = now_ns;
	packet->undone = 0;
	packet->flags = 0;
	return packet;
}

unsigned nic_receive(struct nic *nic, unsigned thread, struct ix_packet **packets, unsigned n, uint64_t now_ns)
{
	struct nic_thread *t = &nic->thread[thread];
	struct rte_mbuf *mbufs[NIC_BURST];
	unsigned wanted = n < NIC_BURST ? n : NIC_BURST, got, used = 0;
	uint64_t bytes = 0, misrouted = 0;

	got = nic->back_end->receive(nic, thread, mbufs, wanted);
	if (!got)
		return 0;
	for (unsigned i = 0; i < got; i++) {
		if (i + 1 < got)
			rte_prefetch0(rte_pktmbuf_mtod(mbufs[i + 1], void *));
		if (!usable(nic, mbufs[i])) {
			rte_pktmbuf_free(mbufs[i]);
			count(&t->dropped, 1);
			continue;
		}
		bytes += mbufs[i]->data_len;
		misrouted += atomic_load_explicit(&nic->reta[ix_rss_group(&nic->rss, mbufs[i]->hash.rss)],
						  memory_order_relaxed) != thread;
		packets[used++] = take(nic, mbufs[i], now_ns);
	}
	count(&t->received, used);
	count(&t->received_bytes, bytes);
	if (misrouted)
		count(&t->misrouted, misrouted);
	return used;
}

/* The NIC is to complete the checksums; it wants the sum of the pseudo header in their place. */
static void ask_for_checksums(struct rte_mbuf *mbuf)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(mbuf, struct rte_ipv4_hdr *, sizeof(struct rte_ether_hdr));
	const struct rte_ether_hdr *ether = rte_pktmbuf_mtod(mbuf, const struct rte_ether_hdr *);

	mbuf->ol_flags = 0;
	if (ether->ether_type != rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4))
		return;
	mbuf->l2_len = sizeof(*ether);
	mbuf->l3_len = sizeof(*ip);
	mbuf->ol_flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM;
	ip->hdr_checksum = 0;
	if (ip->next_proto_id == IPPROTO_TCP) {
		struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(void *)(ip + 1);

		mbuf->l4_len = (uint64_t)(tcp->data_off >> 4) * 4;
		mbuf->ol_flags |= RTE_MBUF_F_TX_TCP_CKSUM;
		tcp->cksum = rte_ipv4_phdr_cksum(ip, mbuf->ol_flags);
	} else if (ip->next_proto_id == IPPROTO_UDP) {
		mbuf->ol_flags |= RTE_MBUF_F_TX_UDP_CKSUM;
		((struct rte_udp_hdr *)(void *)(ip + 1))->dgram_cksum = rte_ipv4_phdr_cksum(ip, mbuf->ol_flags);
	}
}

static void give(const struct nic *nic, struct ix_packet *packet, struct rte_mbuf *mbuf)
{
	mbuf->data_off = (uint16_t)(packet->data - (uint8_t *)mbuf->buf_addr);
	mbuf->data_len = packet->length;
	mbuf->pkt_len = packet->length;
	if (nic->facts.checksums)
		ask_for_checksums(mbuf);
	else
		mbuf->ol_flags = 0;
}

unsigned nic_transmit(struct nic *nic, unsigned thread, struct ix_packet **packets, unsigned n)
{
	unsigned queue = thread % nic->facts.transmit_queues, total = n < NIC_BURST ? n : NIC_BURST, sent;
	int shared = nic->facts.transmit_queues < nic->options.threads;
	struct nic_thread *t = &nic->thread[thread];
	struct rte_mbuf *mbufs[NIC_BURST];
	uint64_t bytes = 0;

	for (unsigned i = 0; i < total; i++) {
		bytes += packets[i]->length;
		mbufs[i] = mbuf_of(packets[i]);
		give(nic, packets[i], mbufs[i]);
	}
	if (shared)
		rte_spinlock_lock(&nic->queue[queue].transmit_lock);
	sent = rte_eth_tx_burst(nic->port, (uint16_t)queue, mbufs, (uint16_t)total);
	if (shared)
		rte_spinlock_unlock(&nic->queue[queue].transmit_lock);
	/* Those sent may be another's by now. */
	for (unsigned i = sent; i < total; i++)
		bytes -= packets[i]->length;
	count(&t->sent, sent);
	count(&t->sent_bytes, bytes);
	return sent;
}

void nic_reclaim(struct nic *nic, unsigned thread)
{
	if (nic->options.type == NIC_ETHDEV)
		rte_eth_tx_done_cleanup(nic->port, (uint16_t)(thread % nic->facts.transmit_queues), 0);
}

int nic_waiting(const struct nic *nic, unsigned thread)
{
	if (nic->thread[thread].ring)
		return !rte_ring_empty(nic->thread[thread].ring);
	return nic->options.type == NIC_ETHDEV &&
	       rte_eth_rx_descriptor_status(nic->port, (uint16_t)thread, 0) == RTE_ETH_RX_DESC_DONE;
}

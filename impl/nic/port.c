/* A port of DPDK: its queues, and what it offers. */
#include "impl/nic/internal.h"

#include <stdio.h>
#include <string.h>

#define REPLENISH 32 /* descriptors returned at once (thesis 2.7) */

#define CHECKSUMS_IN  (RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM)
#define CHECKSUMS_OUT (RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM)
#define FLOWS         (RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP)

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static int choose_queues(struct nic *nic, struct nic_error *error)
{
	const struct nic_options *o = &nic->options;
	unsigned most = least(nic->info.max_rx_queues, NIC_QUEUES_MAX);
	unsigned wanted = nic->back_end == &nic_software ? 1 : o->threads;

	if (o->type == NIC_ETHDEV)
		most = nic->info.max_rx_queues;
	if (o->queues > most)
		return nic_fail(error, -2, "queues", "the device has %u; ask for no more", most);
	if (wanted > most)
		return nic_fail(error, -2, "threads", "the device has %u queues, one is needed per thread", most);
	if (o->queues && nic->back_end != &nic_software && o->queues != o->threads)
		return nic_fail(error, -2, "queues", "one per thread (%u) with a device of type %s", o->threads,
				nic_type_name[o->type]);
	nic->facts.queues = o->queues ? o->queues : wanted;
	nic->facts.transmit_queues = least(o->threads, nic->info.max_tx_queues);
	/* In pairs; those of memif have to be the other end's too. */
	if (o->type != NIC_ETHDEV)
		nic->facts.transmit_queues = nic->facts.queues;
	return 0;
}

static void choose_offloads(struct nic *nic, struct rte_eth_conf *conf)
{
	const struct rte_eth_dev_info *info = &nic->info;
	enum nic_choice choice = nic->options.checksums;
	int offered = (info->rx_offload_capa & CHECKSUMS_IN) == CHECKSUMS_IN &&
		      (info->tx_offload_capa & CHECKSUMS_OUT) == CHECKSUMS_OUT;

	/* net_tap offers to compute them in software: no faster than ours. */
	nic->facts.checksums =
	    offered && (choice == NIC_YES || (choice == NIC_AUTO && nic->options.type == NIC_ETHDEV));
	if (nic->facts.checksums) {
		conf->rxmode.offloads |= CHECKSUMS_IN;
		conf->txmode.offloads |= CHECKSUMS_OUT;
	}
	if (nic->back_end == &nic_ethdev && (info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_RSS_HASH))
		conf->rxmode.offloads |= RTE_ETH_RX_OFFLOAD_RSS_HASH;
	if ((info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE) && nic->options.type == NIC_ETHDEV)
		conf->txmode.offloads |= RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE; /* one pool, one reference */
}

static int configure(struct nic *nic, struct nic_error *error)
{
	struct rte_eth_conf conf = {0};
	uint8_t key[64] = {0};

	choose_offloads(nic, &conf);
	if (nic->back_end == &nic_ethdev) {
		if (nic->info.hash_key_size > sizeof(key) ||
		    (nic->info.hash_key_size && nic->info.hash_key_size < IX_RSS_KEY_SIZE))
			return nic_fail(error, -2, "pci", "the device has RSS keys of %u bytes, %d to %zu are known",
					nic->info.hash_key_size, IX_RSS_KEY_SIZE, sizeof(key));
		memcpy(key, nic->options.rss_key, IX_RSS_KEY_SIZE);
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_key = key;
		conf.rx_adv_conf.rss_conf.rss_key_len =
		    nic->info.hash_key_size ? nic->info.hash_key_size : IX_RSS_KEY_SIZE;
		conf.rx_adv_conf.rss_conf.rss_hf = FLOWS & nic->info.flow_type_rss_offloads;
	}
	if (rte_eth_dev_configure(nic->port, (uint16_t)nic->facts.queues, (uint16_t)nic->facts.transmit_queues, &conf))
		return nic_fail(error, -1, "queues", "the device refuses its configuration: %s", nic_eal_complaint());
	nic->configured = 1;
	return 0;
}

static int start_queues(struct nic *nic, struct nic_error *error)
{
	uint16_t in = (uint16_t)nic->options.descriptors, out = (uint16_t)nic->options.descriptors;
	struct rte_eth_rxconf rx = nic->info.default_rxconf;
	unsigned i;

	if (nic->options.type == NIC_ETHDEV)
		rte_eth_dev_adjust_nb_rx_tx_desc(nic->port, &in, &out);
	if (nic->options.type == NIC_ETHDEV)
		rx.rx_free_thresh = REPLENISH;
	for (i = 0; i < nic->facts.queues; i++)
		if (rte_eth_rx_queue_setup(nic->port, (uint16_t)i, in, SOCKET_ID_ANY, &rx, nic->pool))
			return nic_fail(error, -1, "descriptors", "receive queue %u: %s", i, nic_eal_complaint());
	for (i = 0; i < nic->facts.transmit_queues; i++)
		if (rte_eth_tx_queue_setup(nic->port, (uint16_t)i, out, SOCKET_ID_ANY, NULL))
			return nic_fail(error, -1, "descriptors", "transmit queue %u: %s", i, nic_eal_complaint());
	return 0;
}

static void choose_mac(struct nic *nic)
{
	const uint8_t *wanted = nic->options.mac;
	struct rte_ether_addr mac = {{0}};

	rte_eth_macaddr_get(nic->port, &mac);
	/* Those of a tap and of a packet socket are the kernel's end's; both hear whatever address we take. */
	if (nic->options.type == NIC_TAP || nic->options.type == NIC_AF_PACKET || nic->options.type == NIC_AF_XDP)
		mac.addr_bytes[5] ^= nic->options.type == NIC_TAP;
	else if (wanted && memcmp(mac.addr_bytes, wanted, 6) != 0 &&
		 rte_eth_dev_default_mac_addr_set(nic->port, (struct rte_ether_addr *)(uintptr_t)wanted))
		rte_eth_promiscuous_enable(nic->port); /* heard only by one that hears all */
	memcpy(nic->facts.mac, wanted ? wanted : mac.addr_bytes, sizeof(nic->facts.mac));
}

int nic_start_port(struct nic *nic, struct nic_error *error)
{
	int code;

	if (rte_eth_dev_info_get(nic->port, &nic->info))
		return nic_fail(error, -1, "type", "the device tells nothing of itself");
	nic->facts.driver = nic->info.driver_name;
	nic->facts.reta_entries = nic->back_end == &nic_ethdev ? nic->info.reta_size : 0;
	if (nic->back_end == &nic_ethdev && !nic->info.reta_size)
		nic->back_end = &nic_software;
	code = choose_queues(nic, error);
	if (!code)
		code = configure(nic, error);
	if (!code)
		code = start_queues(nic, error);
	if (code)
		return code;
	if (rte_eth_dev_start(nic->port))
		return nic_fail(error, -1, "type", "the device does not start: %s", nic_eal_complaint());
	nic->started = 1;
	choose_mac(nic);
	return 0;
}

void nic_stop_port(struct nic *nic)
{
	if (nic->started)
		rte_eth_dev_stop(nic->port);
	if (nic->configured || nic->attached)
		rte_eth_dev_close(nic->port);
	if (nic->attached)
		rte_eal_hotplug_remove("vdev", nic->device);
}

int nic_link_up(const struct nic *nic)
{
	struct rte_eth_link link;

	if (nic->options.type == NIC_TAP)
		return 1; /* DPDK cannot tell once the kernel's end is in another namespace */
	return !rte_eth_link_get_nowait(nic->port, &link) && link.link_status == RTE_ETH_LINK_UP;
}

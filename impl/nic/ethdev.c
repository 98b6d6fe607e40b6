/* A NIC with RSS: it hashes, and its redirection table says which queue, one per thread. */
#include "impl/nic/internal.h"

#include <stdio.h>
#include <string.h>

#define ENTRIES_MAX RTE_ETH_RSS_RETA_SIZE_512

static rte_spinlock_t reta_lock = RTE_SPINLOCK_INITIALIZER; /* of the driver's mailbox to the NIC */

/* Entries that stand for one of our groups: the table may be larger than we have groups. */
static int write_entries(struct nic *nic, unsigned first, unsigned step)
{
	struct rte_eth_rss_reta_entry64 entries[ENTRIES_MAX / RTE_ETH_RETA_GROUP_SIZE] = {0};
	unsigned size = nic->facts.reta_entries, i;
	int error;

	for (i = first; i < size; i += step) {
		entries[i / RTE_ETH_RETA_GROUP_SIZE].mask |= 1ull << i % RTE_ETH_RETA_GROUP_SIZE;
		entries[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] =
		    atomic_load(&nic->reta[i % nic->options.groups]);
	}
	rte_spinlock_lock(&reta_lock);
	error = rte_eth_dev_rss_reta_update(nic->port, entries, (uint16_t)size);
	rte_spinlock_unlock(&reta_lock);
	return error ? -1 : 0;
}

static int start(struct nic *nic, struct nic_error *error)
{
	unsigned size = nic->facts.reta_entries;

	if (size > ENTRIES_MAX || size < nic->options.groups)
		return nic_fail(error, -2, "groups", "the NIC's RETA has %u entries; %s", size,
				size > ENTRIES_MAX ? "at most 512 are known" : "ask for no more groups");
	if (write_entries(nic, 0, 1))
		return nic_fail(error, -1, "pci", "the NIC refuses its RETA: %s", nic_eal_complaint());
	return 0;
}

static int steer(struct nic *nic, unsigned group, unsigned thread)
{
	uint8_t before = atomic_exchange(&nic->reta[group], (uint8_t)thread);

	if (!write_entries(nic, group, nic->options.groups))
		return 0;
	atomic_store(&nic->reta[group], before);
	return -1;
}

static unsigned receive(struct nic *nic, unsigned thread, struct rte_mbuf **mbufs, unsigned n)
{
	unsigned got = rte_eth_rx_burst(nic->port, (uint16_t)thread, mbufs, (uint16_t)n);

	for (unsigned i = 0; i < got; i++)
		if (!(mbufs[i]->ol_flags & RTE_MBUF_F_RX_RSS_HASH))
			mbufs[i]->hash.rss =
			    nic_hash(&nic->rss, rte_pktmbuf_mtod(mbufs[i], uint8_t *), mbufs[i]->data_len);
	return got;
}

/* No packet can be sent to ourselves, so what the NIC says of itself is compared with what was asked; packets that come
 * to a wrong thread all the same are counted as misrouted, and handed over. */
static int self_test(struct nic *nic, struct nic_error *error)
{
	struct rte_eth_rss_reta_entry64 entries[ENTRIES_MAX / RTE_ETH_RETA_GROUP_SIZE] = {0};
	unsigned size = nic->facts.reta_entries, i;
	uint8_t key[64] = {0};
	struct rte_eth_rss_conf conf = {.rss_key = key, .rss_key_len = sizeof(key)};

	for (i = 0; i < size / RTE_ETH_RETA_GROUP_SIZE; i++)
		entries[i].mask = UINT64_MAX;
	if (rte_eth_dev_rss_reta_query(nic->port, entries, (uint16_t)size))
		return nic_fail(error, -1, "pci", "the NIC does not tell its RETA: %s", nic_eal_complaint());
	for (i = 0; i < size; i++)
		if (entries[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] !=
		    atomic_load(&nic->reta[i % nic->options.groups]))
			return nic_fail(error, -1, "pci", "entry %u of the NIC's RETA is not what was written", i);
	if (!rte_eth_dev_rss_hash_conf_get(nic->port, &conf) && memcmp(key, nic->options.rss_key, IX_RSS_KEY_SIZE) != 0)
		return nic_fail(error, -1, "pci", "the NIC has another RSS key than was written");
	snprintf(nic->facts.self_test, sizeof(nic->facts.self_test), "RETA of %u entries and key read back", size);
	return 0;
}

const struct nic_back_end nic_ethdev = {
    .name = "ethdev", .start = start, .receive = receive, .steer = steer, .self_test = self_test};

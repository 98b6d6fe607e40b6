#ifndef IX_NIC_INTERNAL_H
#define IX_NIC_INTERNAL_H

#include "impl/nic/nic.h"
#include <rte_config.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring.h>
#include <rte_spinlock.h>
#include <stdatomic.h>

#define NIC_THREADS_MAX 64
#define NIC_BURST       64

/* Words are written by one thread and read by any. */
struct nic_thread {
	_Alignas(64) _Atomic uint64_t received;
	_Atomic uint64_t sent, received_bytes, sent_bytes, misrouted, dropped;
	struct rte_ring *ring; /* software: packets dealt to this thread */
};

struct nic_queue {
	_Alignas(64) rte_spinlock_t receive_lock; /* software: who polls, deals; also taken to change the RETA */
	_Alignas(64) rte_spinlock_t transmit_lock;
};

/* What differs between the back ends. */
struct nic_back_end {
	const char *name;
	int (*start)(struct nic *nic, struct nic_error *error); /* after the port has started; 0, -1 or -2 */
	void (*stop)(struct nic *nic);
	unsigned (*receive)(struct nic *nic, unsigned thread, struct rte_mbuf **mbufs, unsigned n);
	int (*steer)(struct nic *nic, unsigned group, unsigned thread);
	int (*self_test)(struct nic *nic, struct nic_error *error); /* writes facts.self_test */
};
extern const struct nic_back_end nic_software, nic_tap, nic_ethdev;

struct nic {
	struct nic_options options;
	const struct nic_back_end *back_end;
	struct nic_facts facts;
	struct rte_eth_dev_info info;
	uint16_t port;
	int attached, configured, started;
	char device[64]; /* as DPDK calls it */
	struct rte_mempool *pool;
	uint8_t *pool_base;
	uint64_t pool_size;
	struct ix_rss rss;
	_Atomic uint8_t reta[IX_RSS_GROUPS_MAX];
	void (*dealt)(void *context, unsigned thread);
	void *dealt_context;
	struct nic_queue queue[NIC_THREADS_MAX];
	struct nic_thread thread[NIC_THREADS_MAX];
	struct tap_steering *steering;
};

static inline struct ix_packet *packet_of(struct rte_mbuf *mbuf)
{
	return rte_mbuf_to_priv(mbuf);
}

static inline struct rte_mbuf *mbuf_of(struct ix_packet *packet)
{
	return (struct rte_mbuf *)(void *)packet - 1;
}

static inline void count(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n, memory_order_relaxed);
}

/* The Toeplitz hash of a frame, as a NIC computes it: IPv4 with the ports of TCP and UDP; 0 if it is no IPv4. */
uint32_t nic_hash(const struct ix_rss *rss, const uint8_t *frame, uint32_t length);
/* Writes a TCP frame whose hash leads to @group, for self-tests; returns its length. */
unsigned nic_test_frame(const struct nic *nic, unsigned group, uint8_t *frame);
#define NIC_TEST_FRAME 60

__attribute__((format(printf, 4, 5))) int nic_fail(struct nic_error *error, int code, const char *key,
						   const char *format, ...);

int nic_start_eal(const struct nic_options *options, struct nic_facts *facts, struct nic_error *error);
/* What DPDK said last that was an error, "" if nothing. */
const char *nic_eal_complaint(void);
int nic_start_pool(struct nic *nic, struct nic_error *error);
int nic_check_device(const struct nic_options *options, struct nic_error *error);
int nic_attach(struct nic *nic, struct nic_error *error);
int nic_start_port(struct nic *nic, struct nic_error *error);
void nic_stop_port(struct nic *nic);

#endif

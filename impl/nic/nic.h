/*
 * A port of DPDK as the core needs it: bursts of struct ix_packet per elastic thread, and a redirection table (RETA)
 * that can be rewritten while packets flow. One per process. Behind it stand three back ends (design: README.md):
 *	software   whoever polls hashes (Toeplitz) and deals packets to rings per thread: memif, ring, af_packet, af_xdp
 *	tap        a kernel tap whose queue is chosen by a program in the kernel that hashes alike; its map is the RETA
 *	ethdev     the NIC hashes; rte_eth_dev_rss_reta_update
 * Packets are mbufs: the bookkeeping lies in the mbuf's private area, the data is the mbuf's, nothing is copied.
 */
#ifndef IX_NIC_H
#define IX_NIC_H

#include "impl/core/packet.h"
#include "impl/core/rss.h"

enum nic_type { NIC_MEMIF, NIC_AF_PACKET, NIC_AF_XDP, NIC_RING, NIC_TAP, NIC_ETHDEV, NIC_TYPES };
extern const char *const nic_type_name[NIC_TYPES];

enum nic_choice { NIC_AUTO, NIC_YES, NIC_NO };

#define NIC_QUEUES_MAX 16 /* of net_tap and of rings in this process */
#define NIC_DATA_ROOM  2048

struct nic_options {
	enum nic_type type;
	const char *name;           /* interface (af_packet, af_xdp, tap), socket (memif), PCI address (ethdev) */
	int memif_server;           /* it makes the socket; the other end connects */
	unsigned queues;            /* receive queues of the device; 0: what suits threads and back end */
	unsigned descriptors;       /* per queue */
	unsigned packets;           /* in the pool */
	unsigned threads;           /* elastic threads, each with a receive and a transmit side */
	unsigned groups;            /* of the RETA, a power of two */
	const uint8_t *rss_key;     /* IX_RSS_KEY_SIZE bytes */
	const uint8_t *mac;         /* NULL: the device's own */
	unsigned main_cpu;          /* where threads of DPDK itself run */
	enum nic_choice huge_pages; /* auto: if there are enough */
	enum nic_choice checksums;  /* auto: by the NIC if it can both ways (ethdev only) */
};

/* What is wrong, in one line: the option it is about (a key of the configuration, "" if none), cause and cure. */
struct nic_error {
	const char *key;
	char text[256];
};

/* What the port turned out to be, for start-up lines. */
struct nic_facts {
	const char *driver, *back_end;
	unsigned queues, transmit_queues;
	unsigned reta_entries; /* of the hardware; 0: ours */
	int huge_pages, checksums;
	uint8_t mac[6];
	char self_test[96];
};

struct nic_counters {
	uint64_t received, sent, received_bytes, sent_bytes;
	uint64_t misrouted; /* came to another thread than the RETA says, because it was under way or the NIC errs */
	uint64_t dropped;   /* a ring of ours was full, or it could not be used: several parts, wrong checksum */
};

struct nic;

/* Starts DPDK and the port, and tests that packets reach the queue that the RETA names. 0, -1 (the run cannot go on) or
 * -2 (the configuration is wrong), with *error. To be called once in a process. */
int nic_open(struct nic **nic, const struct nic_options *options, struct nic_error *error);
/* Gives the device back. Packets must have been freed. */
void nic_close(struct nic *nic);

const struct nic_facts *nic_facts(const struct nic *nic);
/* The contiguous memory in which the data of all packets lies. */
void nic_memory(const struct nic *nic, uint8_t **base, uint64_t *size);

/* Before an operating-system thread calls what follows, and after: gives it a cache of the pool. 0 or -1. */
int nic_thread_start(void);
void nic_thread_stop(void);

/* At most @n packets of elastic thread @thread, with rss_hash and arrival_ns = @now_ns; returns how many: fewer than
 * @n only if there are no more. */
unsigned nic_receive(struct nic *nic, unsigned thread, struct ix_packet **packets, unsigned n, uint64_t now_ns);
/* The first ones, as many as returned, are the port's then. */
unsigned nic_transmit(struct nic *nic, unsigned thread, struct ix_packet **packets, unsigned n);
/* Hands transmitted packets back to the pool where the driver does so only when asked: before a thread sleeps. */
void nic_reclaim(struct nic *nic, unsigned thread);
struct ix_packet *nic_packet_alloc(struct nic *nic);
void nic_packet_free(struct ix_packet *packet);
/* Has the cache fetch what transmission or the end of a packet will touch besides its bookkeeping and bytes. */
void nic_packet_prefetch(const struct ix_packet *packet);

/* From now on packets of @group come to @thread. Any thread. 0 or -1. */
int nic_steer(struct nic *nic, unsigned group, unsigned thread);

/* Is called by a thread that has put packets into the ring of another one that had been empty (software back end). */
void nic_on_dealt(struct nic *nic, void (*dealt)(void *context, unsigned thread), void *context);
/* Do packets wait for the thread, as far as can be told without a system call? A hint; any thread. */
int nic_waiting(const struct nic *nic, unsigned thread);

void nic_read_counters(const struct nic *nic, unsigned thread, struct nic_counters *counters);
/* Packets of the pool that are in use. */
unsigned nic_packets_in_use(const struct nic *nic);
/* Is the other end there (memif: connected)? */
int nic_link_up(const struct nic *nic);

#endif

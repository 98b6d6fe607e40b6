/*
 * A host: what stands behind the server's link at the system level, that is hardware threads, an operating system and
 * the application that answers requests. Each system compared with is one kind of host over the same engine, NIC, wires
 * and clients: the dataplanes (host_dataplane.c, over machine.h and the core), Linux (host_linux.c), mTCP
 * (host_mtcp.c).
 *
 * A packet is a request or a reply (sim/request.h); a host answers a request by sending its packet's bytes back on
 * @wire, with its RSS hash kept, after the request's service time and its own overheads have passed. One packet may
 * stand for several on the wire: the host is charged for receiving extra_rx more with a request, and for sending
 * extra_tx more with its reply. SIM_STAGE_ARRIVED is stamped before the host gets a request; it stamps the others.
 */
#ifndef IXLAB_SIM_HOST_H
#define IXLAB_SIM_HOST_H

#include "impl/core/dataplane.h"
#include "sim/cost.h"
#include "sim/nic.h"
#include "sim/trace.h"

struct sim_host_kind;

struct sim_host_options {
	struct sim_engine *engine; /* these three are borrowed */
	struct sim_pool *pool;
	struct sim_wire *wire;               /* to the clients */
	unsigned threads;                    /* hardware threads, each with a queue of the NIC */
	unsigned threads_per_core;           /* 1, or 2: threads 2i and 2i + 1 share a core */
	unsigned batch_bound;                /* as far as the kind knows one */
	unsigned connections;                /* of all clients: what their state does to the cache */
	uint32_t request_bytes, reply_bytes; /* of payload */
	int service_is_compute; /* service times are work of the processor, which takes as long as its frequency and
				    * a busy sibling make it take; if not, the application spins for just that time */
	enum ix_transmit_order transmit_order;
	const struct sim_costs *costs; /* borrowed; its constants are those the kind names */
	uint64_t seed;
	uint32_t replication;
};

struct sim_host_totals {
	uint64_t kernel_ns, user_ns, idle_ns; /* over all threads: their sum is the time passed times their number */
	uint64_t cycles;                      /* batches begun: run-to-completion cycles, polls of the kernel, ... */
	uint64_t processed, backlog_sum;      /* over these: packets processed, packets left behind */
	uint64_t timers;
	uint64_t steals;     /* connections executed by another than their home thread */
	uint64_t interrupts; /* of a user phase */
	uint64_t doorbells;  /* PCIe writes */
};

/* The first member of each kind's own structure. */
struct sim_host {
	const struct sim_host_kind *kind;
	struct sim_nic *nic;     /* requests reach the host by sim_nic_hashed(host->nic, packet) */
	struct sim_trace *trace; /* NULL: none. May be set at any time */
	/* A packet found the receive ring full. May be NULL. */
	void (*on_drop)(void *context, const struct ix_packet *packet);
	void *drop_context;
};

struct sim_host_kind {
	const char *name; /* as after --system: "ix", "zygos", "linux-floating", ... */
	const struct sim_cost_names *costs;

	/* The processor time, at the nominal frequency, that a request of so many packets each way takes at least, beside
	 * its service: with batches as full as can be. NULL where the kind cannot say. */
	double (*least_ns)(const struct sim_costs *costs, double received, double sent);

	/* NULL when memory is short. */
	struct sim_host *(*create)(const struct sim_host_kind *kind, const struct sim_host_options *options);
	void (*destroy)(struct sim_host *host);

	/* What all threads have done up to now; and thread @thread alone. */
	void (*totals)(const struct sim_host *host, struct sim_host_totals *totals);
	void (*thread_totals)(const struct sim_host *host, unsigned thread, struct sim_host_totals *totals);

	/* Batches of @packets packets, 1 .. the batch bound; NULL where the kind has none. */
	uint64_t (*batches)(const struct sim_host *host, unsigned packets);

	const struct ix_scheduler *scheduler; /* of a dataplane; NULL for others */
};

/* The kind called @name, or NULL; all of them, ended by NULL. */
const struct sim_host_kind *sim_host_kind_find(const char *name);
extern const struct sim_host_kind *const sim_host_kinds[];

extern const struct sim_host_kind sim_host_ix, sim_host_zygos, sim_host_zygos_cooperative; /* host_dataplane.c */

#endif

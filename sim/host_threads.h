/*
 * What the hosts have in common that do not run the shared core: a NIC with a queue for each hardware thread, constants
 * at the actual frequency, hardware threads in pairs.
 */
#ifndef IXLAB_SIM_HOST_THREADS_H
#define IXLAB_SIM_HOST_THREADS_H

#include "sim/host.h"
#include "sim/processor.h"
#include "sim/request.h"

struct sim_host_threads {
	struct sim_host host;
	struct sim_host_options options;
	struct sim_nic nic;
	uint64_t ns[SIM_COSTS_MAX];
	uint64_t detect_ns;
	double service_scale;
	unsigned service_work; /* enum sim_work of service times */
	double slowdown;       /* by a busy sibling */
};

/* @notify is told of packets as sim_nic.notify, with @host as its context. 0, or -1 when memory is short. */
int sim_host_threads_init(struct sim_host_threads *host, const struct sim_host_kind *kind,
			  const struct sim_host_options *options,
			  void (*notify)(void *context, unsigned queue, const struct ix_packet *packet, int dropped));
void sim_host_threads_fini(struct sim_host_threads *host);

/* What a message's misses of the last-level cache take, at constant @miss each. */
uint64_t sim_host_misses_ns(const struct sim_host_threads *host, unsigned miss);

static inline uint64_t sim_host_now_ns(const struct sim_host_threads *host)
{
	return host->options.engine->now_ns;
}

static inline struct sim_part sim_host_service(const struct sim_host_threads *host, const struct sim_request *request)
{
	double ns = (double)request->service_ns * host->service_scale;

	return (struct sim_part){(uint64_t)(ns + 0.5), host->service_work};
}

/* The hardware thread on the same core as @thread; @thread itself if it has the core for itself. */
static inline unsigned sim_host_sibling(const struct sim_host_threads *host, unsigned thread)
{
	unsigned sibling = thread ^ 1u;

	return host->options.threads_per_core == 2 && sibling < host->options.threads ? sibling : thread;
}

/* Returns the packets of @queue to the pool. */
void sim_host_release(const struct sim_host_threads *host, struct ix_packet_queue *queue);

/* To the trace, if there is one. */
static inline void sim_host_note(const struct sim_host_threads *host, unsigned thread, enum sim_trace_what what,
				 uint64_t who)
{
	if (host->host.trace)
		sim_trace_add(host->host.trace, sim_host_now_ns(host), sim_host_now_ns(host), thread, what, who);
}

/* Of a packet dropped at @thread's queue: tells the trace and the host's owner. */
void sim_host_dropped(const struct sim_host_threads *host, unsigned thread, const struct ix_packet *packet);

/* Is @packet executed by another thread than the one that received it? */
static inline int sim_host_is_stolen(const struct sim_host_threads *host, unsigned thread,
				     const struct ix_packet *packet)
{
	return host->nic.reta[ix_rss_group(&host->nic.rss, packet->rss_hash)] != thread;
}

/* Adds the processor's times and the doorbells of the NIC to @totals. */
void sim_host_add_times(const struct sim_host_threads *host, unsigned thread, const struct sim_processor *processor,
			struct sim_host_totals *totals);

/* The sum of kind->thread_totals() over all threads: as sim_host_kind.totals. */
void sim_host_sum_totals(const struct sim_host *host, struct sim_host_totals *totals);

#endif

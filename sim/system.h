/*
 * The system level: open-loop clients, a wire each way, and a server machine whose threads run the `message` stack (one
 * packet is one request). Scheduling without a transport protocol: batch bounds, stealing, control loops.
 *
 * Requests arrive as a Poisson process, each on a connection drawn at random, whatever the state of earlier ones
 * (pipelining without bound). A latency counts from the intended send to the reply's arrival at the client. Service
 * times are drawn on arrival, from a stream of their own, so systems under comparison face the same requests.
 */
#ifndef IXLAB_SIM_SYSTEM_H
#define IXLAB_SIM_SYSTEM_H

#include "models/dist.h"
#include "sim/clients.h"
#include "sim/host.h"

#define SIM_SYSTEM_CORES_MAX   SIM_NIC_QUEUES_MAX
#define SIM_SYSTEM_RATE_MAX    1e9 /* requests per second: one a nanosecond, the resolution of time */
#define SIM_SYSTEM_MEAN_MAX_NS 1e12

struct sim_system_options {
	unsigned cores;       /* 1 .. SIM_SYSTEM_CORES_MAX */
	unsigned batch_bound; /* 1 .. IX_BATCH_MAX */
	unsigned connections; /* 1 .. SIM_CONNECTIONS_MAX */
	enum sim_placement placement;
	const struct dist *service; /* any mean; rescaled. Borrowed */
	double mean_ns;             /* of the service time at the nominal frequency, > 0 .. SIM_SYSTEM_MEAN_MAX_NS */
	double rate_rps;            /* > 0 .. SIM_SYSTEM_RATE_MAX */
	const struct sim_host_kind *kind;
	unsigned threads_per_core; /* as in sim_host_options; 0: 1 */
	int service_is_compute;    /* as there */
	enum ix_transmit_order transmit_order;
	struct sim_costs costs;
	uint64_t seed;
	uint32_t replication;
};

/* Everything since the start. */
struct sim_system_totals {
	uint64_t now_ns;
	uint64_t arrivals, replies, in_system;
	uint64_t dropped;             /* found the receive ring full */
	uint64_t out_of_order;        /* replies that overtook one of their connection: always 0 */
	double in_system_integral_ns; /* of the number in the system over time: for Little's law */
	double latency_sum_ns;        /* over the replies */
	double work_offered_ns, work_replied_ns, work_dropped_ns;
	struct sim_host_totals host;
	uint64_t events; /* of the engine */
};

struct sim_system;

/* NULL with @error when a parameter is out of range or memory is short. */
struct sim_system *sim_system_create(const struct sim_system_options *options, char *error, size_t error_size);
void sim_system_destroy(struct sim_system *system);

/* Records go to @trace (borrowed) from now on; NULL ends it. */
void sim_system_trace(struct sim_system *system, struct sim_trace *trace);

/*
 * Runs until at least @replies more have come (a last instant may bring some more than that); their latencies in
 * microseconds go to @take in blocks, in the order in which they came. A non-zero return of @take ends the run. Returns
 * 0, what @take returned, or -1 when memory was short. Allocates nothing once the peak of what waits has been seen.
 */
int sim_system_run(struct sim_system *system, uint64_t replies,
		   int (*take)(void *context, const double *latency_us, size_t n), void *context);

void sim_system_totals(const struct sim_system *system, struct sim_system_totals *totals);

/* Run-to-completion cycles of all cores that processed @packets packets, 1 .. the batch bound. */
uint64_t sim_system_batches(const struct sim_system *system, unsigned packets);

#endif

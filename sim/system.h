/*
 * The system level: clients (sim/load.h), a wire each way, and a server of one of the kinds of host (sim/host.h), where
 * one packet is one request. Scheduling without a transport protocol: batch bounds, stealing, control loops.
 *
 * A latency counts from the intended send to the reply's arrival at the client.
 */
#ifndef IXLAB_SIM_SYSTEM_H
#define IXLAB_SIM_SYSTEM_H

#include "models/dist.h"
#include "sim/host.h"
#include "sim/load.h"

#define SIM_SYSTEM_CORES_MAX      SIM_NIC_QUEUES_MAX
#define SIM_SYSTEM_RATE_MAX       1e9 /* requests per second: one a nanosecond, the resolution of time */
#define SIM_SYSTEM_MEAN_MAX_NS    1e12
#define SIM_SYSTEM_BYTES_MAX      16777216u /* of a request or a reply */
#define SIM_SYSTEM_ACKS_MAX       16.0
#define SIM_SYSTEM_MESSAGES_MAX   1000000000u
#define SIM_SYSTEM_IN_FLIGHT_MAX  1000000u
#define SIM_SYSTEM_THINK_MAX_NS   1e12
#define SIM_SYSTEM_WIRE_LINKS_MAX 16u

struct sim_system_options {
	const struct sim_host_kind *kind;
	unsigned cores;            /* hardware threads, 1 .. SIM_SYSTEM_CORES_MAX */
	unsigned threads_per_core; /* 1 or 2 */
	unsigned batch_bound;      /* 1 .. IX_BATCH_MAX */
	unsigned connections;      /* 1 .. SIM_CONNECTIONS_MAX */
	enum sim_placement placement;
	const struct dist *service; /* any mean; rescaled. Borrowed */
	double mean_ns;             /* of the service time at the nominal frequency, > 0 .. SIM_SYSTEM_MEAN_MAX_NS */
	int service_is_compute;     /* see sim/host.h */
	double rate_rps;            /* of an open loop, > 0 .. SIM_SYSTEM_RATE_MAX */
	unsigned closed;            /* clients of a closed loop, up to @connections; 0: open loop */
	double think_ns;            /* of a closed loop: from reply to next request, 0 .. SIM_SYSTEM_THINK_MAX_NS */
	unsigned in_flight;         /* of an open loop: requests of a connection at most, others wait; 0: no limit */
	uint32_t request_bytes, reply_bytes; /* payload, 1 .. SIM_SYSTEM_BYTES_MAX */
	double acks;                         /* pure acknowledgements each way per request, 0 .. SIM_SYSTEM_ACKS_MAX */
	uint32_t messages_per_connection;    /* after which it is closed and opened again; 0: never */
	unsigned wire_links;                 /* of the bandwidth that the costs name, 1 .. SIM_SYSTEM_WIRE_LINKS_MAX */
	enum ix_transmit_order transmit_order;
	struct sim_costs costs;
	uint64_t seed;
	uint32_t replication;
};

/* Everything since the start. */
struct sim_system_totals {
	uint64_t now_ns;
	uint64_t arrivals, replies;
	uint64_t in_system;           /* sent, and neither answered nor dropped */
	uint64_t waiting;             /* at the clients, for one of their connection to be answered */
	uint64_t dropped;             /* found the receive ring full, or given up by the client (sim/load.h) */
	uint64_t resent;              /* closed loop: found it full and were sent again */
	uint64_t out_of_order;        /* replies that overtook one of their connection: always 0 */
	double in_system_integral_ns; /* of the number in the system or waiting over time: for Little's law */
	double latency_sum_ns;        /* over the replies */
	double work_offered_ns, work_replied_ns, work_dropped_ns;
	struct sim_host_totals host;
	double to_server_busy_ns, to_clients_busy_ns; /* of the wire's directions: the mean of their links */
	uint64_t events;                              /* of the engine */
};

struct sim_system;

/* NULL with @error when a parameter is out of range or memory is short. */
struct sim_system *sim_system_create(const struct sim_system_options *options, char *error, size_t error_size);
void sim_system_destroy(struct sim_system *system);

/* Records go to @trace (borrowed) from now on; NULL ends it. */
void sim_system_trace(struct sim_system *system, struct sim_trace *trace);

/* @observe is told each request as its reply reaches the client, at the engine's time @now_ns; NULL ends it. */
void sim_system_observe(struct sim_system *system,
			void (*observe)(void *context, const struct sim_request *request, uint64_t now_ns),
			void *context);

/*
 * Runs until at least @replies more have come (a last instant may bring some more than that); their latencies in
 * microseconds go to @take in blocks, in the order in which they came. A non-zero return of @take ends the run. Returns
 * 0, what @take returned, or -1 when memory was short. Allocates nothing once the peak of what waits has been seen.
 */
int sim_system_run(struct sim_system *system, uint64_t replies,
		   int (*take)(void *context, const double *latency_us, size_t n), void *context);

void sim_system_totals(const struct sim_system *system, struct sim_system_totals *totals);

/* Of thread @thread alone, up to now. */
void sim_system_thread_totals(const struct sim_system *system, unsigned thread, struct sim_host_totals *totals);

/* Batches of all threads with @packets packets, 1 .. the batch bound; 0 where the kind of host counts none. */
uint64_t sim_system_batches(const struct sim_system *system, unsigned packets);

#endif

/*
 * The clients' side of the system level: when requests are meant to be sent, on which connection, how long they take,
 * and when they are sent in fact.
 *
 * Open loop: requests come as a Poisson process, each on a connection drawn at random, whatever the state of earlier
 * ones; those that find their connection's limit of requests in flight reached wait at the client. Closed loop: each of
 * so many clients has one request outstanding, on its own connections in turn, and sends the next when it has thought
 * after the reply; a request that the server drops is sent again after the least retransmission timeout of Linux.
 *
 * Every source of randomness has its stream, drawn from in the order in which requests are meant to be sent: systems
 * under comparison face the same requests (in an open loop).
 */
#ifndef IXLAB_SIM_LOAD_H
#define IXLAB_SIM_LOAD_H

#include "models/rng.h"
#include "sim/clients.h"
#include "sim/request.h"
#include "sim/wire.h"

#define SIM_LOAD_DRAW 256 /* random numbers drawn at a time */

/* Requests that may wait at the clients, all connections together; what is meant to be sent beyond is given up. */
#define SIM_LOAD_WAITING_MAX 1000000u

#define SIM_LOAD_RESEND_NS 200000000u

struct sim_system_options;

/* Of a connection whose requests in flight are limited. */
struct sim_load_line {
	struct ix_packet_queue waiting;
	uint32_t in_flight;
};

/* Packets and bytes of wire time of a message's two ways beside its first packets. */
struct sim_load_frames {
	uint16_t extra_rx, extra_tx;
	uint32_t request_wire_bytes, reply_wire_bytes;
};

struct sim_load_totals {
	uint64_t arrivals, replies;
	uint64_t dropped;           /* never answered: found the receive ring full, or given up by the client */
	uint64_t resent;            /* closed loop: found it full and were sent again */
	uint64_t waiting;           /* at the clients, now */
	uint64_t present;           /* neither answered nor dropped, now */
	uint64_t out_of_order;      /* replies that overtook one of their connection */
	double present_integral_ns; /* of their number over time */
	double latency_sum_ns;      /* over the replies */
	double work_offered_ns, work_replied_ns, work_dropped_ns;
};

struct sim_load {
	const struct sim_system_options *options;
	struct sim_engine *engine;
	struct sim_pool *pool;
	struct sim_wire *wire; /* to the server */
	struct sim_connection *connection;
	struct sim_load_line *line; /* NULL: no limit */
	struct sim_event arrival;
	struct sim_wire think, resend; /* these only delay */

	struct rng arrival_rng, service_rng, assignment_rng;
	double gap[SIM_LOAD_DRAW], service[SIM_LOAD_DRAW];
	unsigned drawn;       /* of both, used up */
	double next_ns;       /* of the next arrival, unrounded */
	uint32_t next_number; /* its connection */
	double gap_ns, service_scale;
	unsigned started; /* clients of a closed loop */

	struct sim_request plain;                /* what all requests have in common */
	struct sim_load_frames opening, closing; /* what these add */
	double acks_due;

	struct sim_load_totals totals;
	uint64_t changed_ns; /* the integral is known up to here */
};

/* Everything is borrowed. 0, or -1 when memory is short or a flow group cannot be reached. */
int sim_load_init(struct sim_load *load, const struct sim_system_options *options, struct sim_engine *engine,
		  struct sim_pool *pool, struct sim_wire *wire, const struct ix_rss *rss);
void sim_load_fini(struct sim_load *load);

/* @packet holds a reply, and is the load's from now on. Returns the latency in ns, from the intended send. */
uint64_t sim_load_replied(struct sim_load *load, struct ix_packet *packet);

/* The server has dropped the request in @packet, which stays its own. */
void sim_load_lost(struct sim_load *load, const struct ix_packet *packet);

/* With the integral up to now. */
struct sim_load_totals sim_load_totals(const struct sim_load *load);

#endif

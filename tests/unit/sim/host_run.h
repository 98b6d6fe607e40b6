/*
 * A host with nothing around it but a wire each way: requests are sent by the test, one by one, or come as a Poisson
 * process; what becomes of each is seen in its reply.
 */
#ifndef IXLAB_TESTS_UNIT_SIM_HOST_RUN_H
#define IXLAB_TESTS_UNIT_SIM_HOST_RUN_H

#include "models/dist.h"
#include "sim/clients.h"
#include "sim/host.h"
#include "sim/request.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOST_RUN_PACKETS 2500000u /* memory that is not used is not touched */
#define HOST_RUN_ROOM    256u

struct host_run {
	/* Set before host_run_start(). */
	const struct sim_host_kind *kind;
	struct sim_costs costs;
	unsigned threads, threads_per_core, connections;
	int service_is_compute;
	uint32_t request_bytes, reply_bytes;
	uint64_t seed;
	void (*on_reply)(struct host_run *run, const struct sim_request *request); /* may be NULL */
	void *context;                                                             /* of on_reply() */

	struct sim_engine engine;
	struct sim_pool pool;
	struct sim_wire to_server, to_clients;
	struct sim_host *host;
	struct sim_connection *connection;

	/* Poisson arrivals, host_run_load() */
	struct sim_event arrival;
	struct rng arrival_rng, service_rng, assignment_rng;
	const struct dist *service;
	double gap_ns, service_scale, next_ns;
	int in_turn; /* connections are used one after the other, not at random */
	uint64_t wanted;

	uint64_t arrivals, replies, dropped, out_of_order;
	uint64_t in_system_integral_ns, changed_ns, latency_sum_ns, work_ns; /* work: service times of the answered */
	struct sim_request last;                                             /* request answered */
	uint64_t last_latency_ns;
};

/* The how manieth request of the run, from 0. */
static inline uint32_t host_run_number(const struct sim_request *request)
{
	return request->request_wire_bytes;
}

static inline void host_run_count(struct host_run *run)
{
	uint64_t present = run->arrivals - run->replies - run->dropped;

	run->in_system_integral_ns += present * (run->engine.now_ns - run->changed_ns);
	run->changed_ns = run->engine.now_ns;
}

static inline void host_run_on_reply(void *context, struct ix_packet *packet)
{
	struct host_run *run = context;
	const struct sim_request *request = sim_request_in(packet);
	struct sim_connection *connection = &run->connection[request->connection];

	run->out_of_order += request->sequence < connection->expected; /* more where some were dropped */
	connection->expected = request->sequence + 1;
	host_run_count(run);
	run->last = *request;
	run->last_latency_ns = run->engine.now_ns - request->intended_ns;
	run->latency_sum_ns += run->last_latency_ns;
	run->work_ns += request->service_ns;
	run->replies++;
	if (run->on_reply)
		run->on_reply(run, request);
	sim_pool_put(&run->pool, packet);
	if (run->replies == run->wanted)
		sim_engine_stop(&run->engine);
}

static inline void host_run_on_request(void *context, struct ix_packet *packet)
{
	struct host_run *run = context;

	sim_stamp(packet, SIM_STAGE_ARRIVED, run->engine.now_ns);
	sim_nic_hashed(run->host->nic, packet);
}

static inline void host_run_on_drop(void *context, const struct ix_packet *packet)
{
	struct host_run *run = context;

	host_run_count(run);
	run->dropped++;
}

/* Sends a request now; it says of how many packets more it consists. */
static inline void host_run_send(struct host_run *run, uint32_t number, uint64_t service_ns, unsigned extra_packets)
{
	struct ix_packet *packet = sim_pool_get(&run->pool);
	struct sim_connection *connection = &run->connection[number];
	struct sim_message *message;

	assert_non_null(packet);
	message = (struct sim_message *)(void *)packet->data;
	memset(message, 0, sizeof(*message));
	message->header.connection = connection->number;
	message->request.intended_ns = message->request.sent_ns = run->engine.now_ns;
	message->request.service_ns = service_ns;
	message->request.connection = number;
	message->request.sequence = connection->sent++;
	message->request.request_wire_bytes = (uint32_t)run->arrivals; /* no host's business, so it can be a number */
	message->request.extra_rx = message->request.extra_tx = (uint16_t)extra_packets;
	packet->length = sizeof(*message);
	packet->rss_hash = connection->hash;
	host_run_count(run);
	run->arrivals++;
	sim_wire_send(&run->to_server, packet);
}

static inline void host_run_on_arrival(struct sim_event *event)
{
	struct host_run *run = SIM_CONTAINER(event, struct host_run, arrival);
	uint32_t number;
	double service;

	number = run->in_turn ? (uint32_t)(run->arrivals % run->connections)
			      : rng_below(&run->assignment_rng, run->connections);
	dist_fill(run->service, &run->service_rng, &service, 1);
	host_run_send(run, number, (uint64_t)(service * run->service_scale + 0.5), 0);
	run->next_ns += rng_exponential(&run->arrival_rng) * run->gap_ns;
	sim_schedule(&run->engine, event, (uint64_t)(run->next_ns + 0.5));
}

static inline void host_run_start(struct host_run *run)
{
	struct sim_wire_options wire = {.delay_ns = (uint64_t)llrint(run->costs.wire_delay_ns)};
	struct sim_host_options options = {.engine = &run->engine,
					   .pool = &run->pool,
					   .wire = &run->to_clients,
					   .threads = run->threads,
					   .threads_per_core = run->threads_per_core,
					   .batch_bound = 64,
					   .connections = run->connections,
					   .request_bytes = run->request_bytes,
					   .reply_bytes = run->reply_bytes,
					   .service_is_compute = run->service_is_compute,
					   .costs = &run->costs,
					   .seed = run->seed};

	assert_int_equal(sim_engine_init(&run->engine, 64), 0);
	assert_int_equal(sim_pool_init(&run->pool, HOST_RUN_PACKETS, HOST_RUN_ROOM), 0);
	assert_true(sizeof(struct sim_message) <= run->pool.room);
	sim_wire_init(&run->to_server, &run->engine, &run->pool, &wire, run->seed, 0, 0);
	sim_wire_init(&run->to_clients, &run->engine, &run->pool, &wire, run->seed, 0, 1);
	run->to_server.deliver = host_run_on_request;
	run->to_clients.deliver = host_run_on_reply;
	run->to_server.context = run->to_clients.context = run;
	run->host = run->kind->create(run->kind, &options);
	assert_non_null(run->host);
	run->host->on_drop = host_run_on_drop;
	run->host->drop_context = run;
	run->connection = calloc(run->connections, sizeof(*run->connection));
	assert_non_null(run->connection);
	assert_int_equal(sim_clients_place(run->connection, run->connections, &run->host->nic->rss, run->threads,
					   SIM_PLACEMENT_EVEN, run->seed, 0),
			 0);
}

/* A connection whose packets come to @thread. */
static inline uint32_t host_run_connection(const struct host_run *run, unsigned thread)
{
	const struct sim_nic *nic = run->host->nic;
	uint32_t number = 0;

	while (nic->reta[ix_rss_group(&nic->rss, run->connection[number].hash)] != thread)
		assert_true(++number < run->connections);
	return number;
}

/* Poisson arrivals at @load of each thread by service times of mean @mean_ns, until @replies more have come. */
static inline void host_run_load(struct host_run *run, const struct dist *service, double load, double mean_ns,
				 uint64_t replies)
{
	if (!run->service) {
		rng_init(&run->arrival_rng, run->seed, RNG_ARRIVAL, 0);
		rng_init(&run->service_rng, run->seed, RNG_SERVICE, 0);
		rng_init(&run->assignment_rng, run->seed, RNG_ASSIGNMENT, 0);
		run->service = service;
		run->gap_ns = mean_ns / (load * run->threads);
		run->service_scale = mean_ns / dist_mean(service);
		run->next_ns = (double)run->engine.now_ns + rng_exponential(&run->arrival_rng) * run->gap_ns;
		run->arrival.fire = host_run_on_arrival;
		sim_schedule(&run->engine, &run->arrival, (uint64_t)(run->next_ns + 0.5));
	}
	run->wanted = run->replies + replies;
	assert_true(sim_run(&run->engine, UINT64_MAX) == 1);
}

/* Runs until nothing is under way, without further Poisson arrivals. */
static inline void host_run_finish(struct host_run *run)
{
	sim_cancel(&run->engine, &run->arrival);
	run->wanted = UINT64_MAX;
	assert_int_equal(sim_run(&run->engine, UINT64_MAX), 0);
}

/* Runs up to @time_ns. */
static inline void host_run_until(struct host_run *run, uint64_t time_ns)
{
	assert_int_equal(sim_run(&run->engine, time_ns), 0);
}

/* Everything goes back where it came from. */
static inline void host_run_stop(struct host_run *run)
{
	sim_cancel(&run->engine, &run->arrival);
	run->kind->destroy(run->host);
	sim_wire_fini(&run->to_server);
	sim_wire_fini(&run->to_clients);
	assert_int_equal(run->pool.used, 0);
	assert_int_equal(run->engine.pending, 0);
	sim_pool_fini(&run->pool);
	sim_engine_fini(&run->engine);
	free(run->connection);
}

#endif

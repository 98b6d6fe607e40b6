#include "sim/system.h"
#include "sim/host.h"
#include "sim/request.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DRAW         256    /* random numbers drawn at a time */
#define BLOCK        1024   /* latencies handed out at a time */
#define MESSAGE_ROOM 128    /* data bytes of a packet */
#define WIRE_BYTES   118u   /* of a message of 64 bytes in a TCP segment over IPv4 and Ethernet */
#define BACKLOG      32768u /* packets that the software of a thread keeps */
#define NS_PER_S     1e9
#define NS_PER_US    1e3

struct sim_system {
	struct sim_system_options options;
	struct sim_engine engine;
	struct sim_pool pool;
	struct sim_wire to_server, to_clients;
	struct sim_host *host;
	struct sim_connection *connection;
	struct sim_event arrival;

	struct rng arrival_rng, service_rng, assignment_rng;
	double gap[DRAW], service[DRAW];
	unsigned drawn; /* of both, used up */
	double next_ns; /* of the next arrival, unrounded */
	double gap_ns, service_scale;

	struct sim_system_totals totals;
	uint64_t changed_ns; /* the integral is known up to here */

	double latency_us[BLOCK];
	size_t latencies;
	uint64_t wanted; /* replies at which to stop */
	int (*take)(void *context, const double *latency_us, size_t n);
	void *take_context;
	int taken; /* what it returned */
};

static void count_present(struct sim_system *system, int change)
{
	struct sim_system_totals *t = &system->totals;

	t->in_system_integral_ns += (double)t->in_system * (double)(system->engine.now_ns - system->changed_ns);
	t->in_system += (uint64_t)(int64_t)change;
	system->changed_ns = system->engine.now_ns;
}

static void send_request(struct sim_system *system, double service_ns)
{
	uint32_t number = rng_below(&system->assignment_rng, system->options.connections);
	struct sim_connection *connection = &system->connection[number];
	struct ix_packet *packet = sim_pool_get(&system->pool);
	struct sim_message *message;

	if (!packet) { /* the pool holds all that rings and queues can: see init_pool() */
		system->engine.failed = 1;
		return;
	}
	message = (struct sim_message *)(void *)packet->data;
	message->header = (struct ix_message_header){.connection = connection->number};
	message->request = (struct sim_request){.intended_ns = system->engine.now_ns,
						.sent_ns = system->engine.now_ns,
						.service_ns = (uint64_t)(service_ns + 0.5),
						.connection = number,
						.sequence = connection->sent++};
	packet->length = sizeof(*message);
	packet->rss_hash = connection->hash;
	system->totals.arrivals++;
	system->totals.work_offered_ns += (double)message->request.service_ns;
	count_present(system, 1);
	sim_wire_send(&system->to_server, packet);
}

static void draw(struct sim_system *system)
{
	rng_fill_exponential(&system->arrival_rng, system->gap, DRAW);
	dist_fill(system->options.service, &system->service_rng, system->service, DRAW);
	system->drawn = 0;
}

static void on_arrival(struct sim_event *event)
{
	struct sim_system *system = SIM_CONTAINER(event, struct sim_system, arrival);
	double service_ns = system->service[system->drawn++] * system->service_scale;

	if (system->drawn == DRAW)
		draw(system);
	system->next_ns += system->gap[system->drawn] * system->gap_ns;
	sim_schedule(&system->engine, event, (uint64_t)(system->next_ns + 0.5));
	send_request(system, service_ns);
}

static void hand_out(struct sim_system *system)
{
	if (system->latencies && system->take && !system->taken)
		system->taken = system->take(system->take_context, system->latency_us, system->latencies);
	system->latencies = 0;
	if (system->taken)
		sim_engine_stop(&system->engine);
}

static void on_reply(void *context, struct ix_packet *packet)
{
	struct sim_system *system = context;
	const struct sim_request *request = sim_request_in(packet);
	struct sim_connection *connection = &system->connection[request->connection];
	double latency_ns = (double)(system->engine.now_ns - request->intended_ns);

	if ((int32_t)(request->sequence - connection->expected) < 0)
		system->totals.out_of_order++;
	connection->expected = request->sequence + 1;
	system->totals.replies++;
	system->totals.latency_sum_ns += latency_ns;
	system->totals.work_replied_ns += (double)request->service_ns;
	count_present(system, -1);
	if (system->host->trace)
		sim_trace_add(system->host->trace, system->engine.now_ns, system->engine.now_ns,
			      system->host->nic->reta[ix_rss_group(&system->host->nic->rss, connection->hash)],
			      SIM_TRACE_REPLY, request->connection);
	sim_pool_put(&system->pool, packet);
	system->latency_us[system->latencies++] = latency_ns / NS_PER_US;
	if (system->latencies == BLOCK)
		hand_out(system);
	if (system->totals.replies == system->wanted)
		sim_engine_stop(&system->engine);
}

static void on_request(void *context, struct ix_packet *packet)
{
	struct sim_system *system = context;

	sim_stamp(packet, SIM_STAGE_ARRIVED, system->engine.now_ns);
	sim_nic_hashed(system->host->nic, packet);
}

static void on_drop(void *context, const struct ix_packet *packet)
{
	struct sim_system *system = context;

	system->totals.dropped++;
	system->totals.work_dropped_ns += (double)sim_request_in(packet)->service_ns;
	count_present(system, -1);
}

static int complain(char *error, size_t error_size, const char *text)
{
	snprintf(error, error_size, "%s", text);
	return -1;
}

static int check(const struct sim_system_options *o, char *error, size_t error_size)
{
	if (o->cores < 1 || o->cores > SIM_SYSTEM_CORES_MAX)
		return complain(error, error_size, "cores: allowed: 1 to 64");
	if (o->batch_bound < 1 || o->batch_bound > IX_BATCH_MAX)
		return complain(error, error_size, "batch bound: allowed: 1 to 1024");
	if (o->connections < 1 || o->connections > SIM_CONNECTIONS_MAX)
		return complain(error, error_size, "connections: allowed: 1 to 1000000");
	if (!(o->mean_ns > 0) || o->mean_ns > SIM_SYSTEM_MEAN_MAX_NS)
		return complain(error, error_size, "mean service time: allowed: above 0 and up to 1000 s");
	if (!(o->rate_rps > 0) || o->rate_rps > SIM_SYSTEM_RATE_MAX)
		return complain(error, error_size, "rate: allowed: above 0 and up to 1e9 requests per second");
	if (!(dist_mean(o->service) > 0) || !isfinite(dist_mean(o->service)))
		return complain(error, error_size, "service: allowed: a mean above 0 and finite");
	return 0;
}

/* Requests and replies that rings, software queues and wires can hold at once, with as much again to spare on wires. */
static int init_pool(struct sim_system *system)
{
	const struct sim_system_options *o = &system->options;
	double in_flight = 4 * o->rate_rps * o->costs.wire_delay_ns / NS_PER_S;
	double per_core = o->costs.rx_descriptors + SIM_NIC_TX_DESCRIPTORS + BACKLOG + 4.0 * o->batch_bound + 64;
	double packets = per_core * o->cores + in_flight + 65536;

	return packets < UINT32_MAX ? sim_pool_init(&system->pool, (uint32_t)packets, MESSAGE_ROOM) : -1;
}

static void init_wires(struct sim_system *system)
{
	const struct sim_system_options *o = &system->options;
	struct sim_wire_options wire = {
	    .bandwidth_bps = (uint64_t)llrint(o->costs.wire_bandwidth_gbps * 1e9),
	    .delay_ns = (uint64_t)llrint(o->costs.wire_delay_ns),
	    .header_bytes = WIRE_BYTES - sizeof(struct sim_message),
	};

	sim_wire_init(&system->to_server, &system->engine, &system->pool, &wire, o->seed, o->replication, 0);
	sim_wire_init(&system->to_clients, &system->engine, &system->pool, &wire, o->seed, o->replication, 1);
	system->to_server.deliver = on_request;
	system->to_server.context = system;
	system->to_clients.deliver = on_reply;
	system->to_clients.context = system;
}

static void start_arrivals(struct sim_system *system)
{
	const struct sim_system_options *o = &system->options;

	rng_init(&system->arrival_rng, o->seed, RNG_ARRIVAL, o->replication);
	rng_init(&system->service_rng, o->seed, RNG_SERVICE, o->replication);
	rng_init(&system->assignment_rng, o->seed, RNG_ASSIGNMENT, o->replication);
	system->gap_ns = NS_PER_S / o->rate_rps;
	system->service_scale = o->mean_ns / dist_mean(o->service);
	draw(system);
	system->next_ns = system->gap[0] * system->gap_ns;
	system->arrival.fire = on_arrival;
	sim_schedule(&system->engine, &system->arrival, (uint64_t)(system->next_ns + 0.5));
}

static struct sim_host *create_host(struct sim_system *system)
{
	const struct sim_system_options *o = &system->options;
	struct sim_host_options options = {.engine = &system->engine,
					   .pool = &system->pool,
					   .wire = &system->to_clients,
					   .threads = o->cores,
					   .threads_per_core = o->threads_per_core,
					   .batch_bound = o->batch_bound,
					   .connections = o->connections,
					   .service_is_compute = o->service_is_compute,
					   .transmit_order = o->transmit_order,
					   .costs = &o->costs,
					   .seed = o->seed,
					   .replication = o->replication};

	return o->kind->create(o->kind, &options);
}

static int init(struct sim_system *system)
{
	const struct sim_system_options *o = &system->options;

	if (sim_engine_init(&system->engine, o->cores + 3))
		return -1;
	system->connection = calloc(o->connections, sizeof(*system->connection));
	if (!system->connection || init_pool(system))
		return -1;
	init_wires(system);
	system->host = create_host(system);
	if (!system->host)
		return -1;
	system->host->on_drop = on_drop;
	system->host->drop_context = system;
	if (sim_clients_place(system->connection, o->connections, &system->host->nic->rss, o->cores, o->placement,
			      o->seed, o->replication))
		return -1;
	start_arrivals(system);
	return 0;
}

struct sim_system *sim_system_create(const struct sim_system_options *options, char *error, size_t error_size)
{
	struct sim_system *system;

	if (check(options, error, error_size))
		return NULL;
	system = calloc(1, sizeof(*system));
	if (system)
		system->options = *options;
	if (!system || init(system)) {
		sim_system_destroy(system);
		complain(error, error_size, "out of memory");
		return NULL;
	}
	return system;
}

void sim_system_destroy(struct sim_system *system)
{
	if (!system)
		return;
	if (system->host)
		system->host->kind->destroy(system->host);
	if (system->to_server.engine)
		sim_wire_fini(&system->to_server);
	if (system->to_clients.engine)
		sim_wire_fini(&system->to_clients);
	sim_pool_fini(&system->pool);
	sim_engine_fini(&system->engine);
	free(system->connection);
	free(system);
}

void sim_system_trace(struct sim_system *system, struct sim_trace *trace)
{
	system->host->trace = trace;
}

int sim_system_run(struct sim_system *system, uint64_t replies,
		   int (*take)(void *context, const double *latency_us, size_t n), void *context)
{
	int status;

	system->wanted = system->totals.replies + replies;
	system->take = take;
	system->take_context = context;
	system->taken = 0;
	if (!replies)
		return 0;
	status = sim_run(&system->engine, UINT64_MAX);
	if (status < 0)
		return -1;
	hand_out(system);
	return system->taken;
}

void sim_system_totals(const struct sim_system *system, struct sim_system_totals *totals)
{
	uint64_t now_ns = system->engine.now_ns;

	*totals = system->totals;
	totals->now_ns = now_ns;
	totals->events = system->engine.fired;
	totals->in_system_integral_ns += (double)totals->in_system * (double)(now_ns - system->changed_ns);
	system->host->kind->totals(system->host, &totals->host);
}

uint64_t sim_system_batches(const struct sim_system *system, unsigned packets)
{
	const struct sim_host_kind *kind = system->host->kind;

	return kind->batches ? kind->batches(system->host, packets) : 0;
}

#include "sim/system.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK        1024 /* latencies handed out at a time */
#define MESSAGE_ROOM sizeof(struct sim_message)
#define NS_PER_S     1e9
#define NS_PER_US    1e3

/* Packets that a thread of a host may hold beside what is in its rings: 32,768 of a backlog, two batches of events and
 * their replies, with as much again to spare. */
#define HELD_PER_THREAD 131072.0

struct sim_system {
	struct sim_system_options options;
	struct sim_engine engine;
	struct sim_pool pool;
	struct sim_wire to_server, to_clients;
	struct sim_wire server_link[SIM_SYSTEM_WIRE_LINKS_MAX], client_link[SIM_SYSTEM_WIRE_LINKS_MAX];
	struct sim_host *host;
	struct sim_load load;

	double latency_us[BLOCK];
	size_t latencies;
	uint64_t wanted; /* replies at which to stop */
	int (*take)(void *context, const double *latency_us, size_t n);
	void *take_context;
	int taken; /* what it returned */
	void (*observe)(void *context, const struct sim_request *request, uint64_t now_ns);
	void *observe_context;
};

static void hand_out(struct sim_system *system)
{
	if (system->latencies && system->take && !system->taken)
		system->taken = system->take(system->take_context, system->latency_us, system->latencies);
	system->latencies = 0;
	if (system->taken)
		sim_engine_stop(&system->engine);
}

/* To whoever watches single requests. */
static void tell(struct sim_system *system, const struct ix_packet *packet)
{
	const struct sim_request *request = sim_request_in(packet);
	const struct sim_nic *nic = system->host->nic;
	uint64_t now_ns = system->engine.now_ns;

	if (system->observe)
		system->observe(system->observe_context, request, now_ns);
	if (system->host->trace)
		sim_trace_add(system->host->trace, now_ns, now_ns, nic->reta[ix_rss_group(&nic->rss, packet->rss_hash)],
			      SIM_TRACE_REPLY, request->connection);
}

static void on_reply(void *context, struct ix_packet *packet)
{
	struct sim_system *system = context;

	if (system->observe || system->host->trace)
		tell(system, packet);
	system->latency_us[system->latencies++] = (double)(int64_t)sim_load_replied(&system->load, packet) / NS_PER_US;
	if (system->latencies == BLOCK)
		hand_out(system);
	if (system->load.totals.replies == system->wanted)
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
	sim_load_lost(&((struct sim_system *)context)->load, packet);
}

/* What is wrong with the machine, or NULL. */
static const char *check_machine(const struct sim_system_options *o)
{
	if (!o->kind)
		return "kind of host: missing";
	if (o->cores < 1 || o->cores > SIM_SYSTEM_CORES_MAX)
		return "cores: allowed: 1 to 64";
	if (o->threads_per_core < 1 || o->threads_per_core > 2)
		return "threads per core: allowed: 1 or 2";
	if (o->batch_bound < 1 || o->batch_bound > IX_BATCH_MAX)
		return "batch bound: allowed: 1 to 1024";
	if (o->wire_links < 1 || o->wire_links > SIM_SYSTEM_WIRE_LINKS_MAX)
		return "wire links: allowed: 1 to 16";
	return NULL;
}

static const char *check_load(const struct sim_system_options *o)
{
	if (o->connections < 1 || o->connections > SIM_CONNECTIONS_MAX)
		return "connections: allowed: 1 to 1000000";
	if (!(o->mean_ns > 0) || o->mean_ns > SIM_SYSTEM_MEAN_MAX_NS)
		return "mean service time: allowed: above 0 and up to 1000 s";
	if (!o->closed && (!(o->rate_rps > 0) || o->rate_rps > SIM_SYSTEM_RATE_MAX))
		return "rate: allowed: above 0 and up to 1e9 requests per second";
	if (!(dist_mean(o->service) > 0) || !isfinite(dist_mean(o->service)))
		return "service: allowed: a mean above 0 and finite";
	if (o->closed > o->connections)
		return "closed: allowed: at most as many clients as connections";
	if (!(o->think_ns >= 0 && o->think_ns <= SIM_SYSTEM_THINK_MAX_NS))
		return "think time: allowed: 0 to 1000 s";
	if (o->in_flight > SIM_SYSTEM_IN_FLIGHT_MAX || (o->in_flight && o->closed))
		return "requests in flight: allowed: up to 1000000, of an open loop";
	return NULL;
}

static const char *check_messages(const struct sim_system_options *o)
{
	if (o->request_bytes < 1 || o->request_bytes > SIM_SYSTEM_BYTES_MAX || o->reply_bytes < 1 ||
	    o->reply_bytes > SIM_SYSTEM_BYTES_MAX)
		return "request and reply bytes: allowed: 1 to 16777216";
	if (!(o->acks >= 0 && o->acks <= SIM_SYSTEM_ACKS_MAX))
		return "acks: allowed: 0 to 16";
	if (o->messages_per_connection > SIM_SYSTEM_MESSAGES_MAX)
		return "messages per connection: allowed: 0 to 1e9";
	return NULL;
}

/*
 * What rings, software queues, wires and clients can hold at once. Messages of many segments make the rings of a slow
 * wire's far end the bound, which they are anyway: a packet in the pool is a message.
 */
static int init_pool(struct sim_system *system)
{
	const struct sim_system_options *o = &system->options;
	double in_flight = 4 * o->rate_rps * o->costs.wire_delay_ns / NS_PER_S;
	double per_thread = o->costs.rx_descriptors + SIM_NIC_TX_DESCRIPTORS + HELD_PER_THREAD;
	double packets = per_thread * o->cores + in_flight + 65536 + 2.0 * o->closed;

	if (o->in_flight)
		packets += SIM_LOAD_WAITING_MAX;
	return packets < UINT32_MAX ? sim_pool_init(&system->pool, (uint32_t)packets, MESSAGE_ROOM) : -1;
}

static uint32_t request_wire_bytes(const struct ix_packet *packet)
{
	return sim_request_in(packet)->request_wire_bytes;
}

static uint32_t reply_wire_bytes(const struct ix_packet *packet)
{
	return sim_request_in(packet)->reply_wire_bytes;
}

static void init_direction(struct sim_system *system, struct sim_wire *wire, struct sim_wire *link, uint32_t number,
			   uint32_t (*wire_bytes)(const struct ix_packet *packet),
			   void (*deliver)(void *context, struct ix_packet *packet))
{
	const struct sim_system_options *o = &system->options;
	struct sim_wire_options options = {
	    .bandwidth_bps = (uint64_t)llrint(o->costs.wire_bandwidth_gbps * 1e9),
	    .delay_ns = (uint64_t)llrint(o->costs.wire_delay_ns),
	    .wire_bytes = wire_bytes,
	};

	sim_wire_init(wire, &system->engine, &system->pool, &options, o->seed, o->replication, number);
	wire->deliver = deliver;
	wire->context = system;
	if (o->wire_links == 1)
		return;
	for (unsigned i = 0; i < o->wire_links; i++)
		link[i] = *wire;
	sim_wire_bond(wire, link, o->wire_links);
}

static int init(struct sim_system *system)
{
	const struct sim_system_options *o = &system->options;
	struct sim_host_options host = {
	    .engine = &system->engine,
	    .pool = &system->pool,
	    .wire = &system->to_clients,
	    .threads = o->cores,
	    .threads_per_core = o->threads_per_core,
	    .batch_bound = o->batch_bound,
	    .connections = o->connections,
	    .request_bytes = o->request_bytes,
	    .reply_bytes = o->reply_bytes,
	    .service_is_compute = o->service_is_compute,
	    .transmit_order = o->transmit_order,
	    .costs = &o->costs,
	    .seed = o->seed,
	    .replication = o->replication,
	};

	if (sim_engine_init(&system->engine, o->cores + 3) || init_pool(system))
		return -1;
	init_direction(system, &system->to_server, system->server_link, 0, request_wire_bytes, on_request);
	init_direction(system, &system->to_clients, system->client_link, 1, reply_wire_bytes, on_reply);
	system->host = o->kind->create(o->kind, &host);
	if (!system->host)
		return -1;
	system->host->on_drop = on_drop;
	system->host->drop_context = system;
	return sim_load_init(&system->load, o, &system->engine, &system->pool, &system->to_server,
			     &system->host->nic->rss);
}

struct sim_system *sim_system_create(const struct sim_system_options *options, char *error, size_t error_size)
{
	const char *wrong = check_machine(options);
	struct sim_system *system;

	if (!wrong)
		wrong = check_load(options);
	if (!wrong)
		wrong = check_messages(options);
	if (wrong) {
		snprintf(error, error_size, "%s", wrong);
		return NULL;
	}
	system = calloc(1, sizeof(*system));
	if (system)
		system->options = *options;
	if (!system || init(system)) {
		sim_system_destroy(system);
		snprintf(error, error_size, "out of memory");
		return NULL;
	}
	return system;
}

static void fini_direction(struct sim_wire *wire)
{
	if (!wire->engine)
		return;
	for (uint32_t i = 0; i < wire->bonded_count; i++)
		sim_wire_fini(&wire->bonded[i]);
	sim_wire_fini(wire);
}

void sim_system_destroy(struct sim_system *system)
{
	if (!system)
		return;
	sim_load_fini(&system->load);
	if (system->host)
		system->host->kind->destroy(system->host);
	fini_direction(&system->to_server);
	fini_direction(&system->to_clients);
	sim_pool_fini(&system->pool);
	sim_engine_fini(&system->engine);
	free(system);
}

void sim_system_trace(struct sim_system *system, struct sim_trace *trace)
{
	system->host->trace = trace;
}

void sim_system_observe(struct sim_system *system,
			void (*observe)(void *context, const struct sim_request *request, uint64_t now_ns),
			void *context)
{
	system->observe = observe;
	system->observe_context = context;
}

int sim_system_run(struct sim_system *system, uint64_t replies,
		   int (*take)(void *context, const double *latency_us, size_t n), void *context)
{
	int status;

	system->wanted = system->load.totals.replies + replies;
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

/* The mean over its links. */
static double busy_ns(const struct sim_wire *wire)
{
	double sum_ns = 0;

	if (!wire->bonded)
		return (double)sim_wire_busy_ns(wire);
	for (uint32_t i = 0; i < wire->bonded_count; i++)
		sum_ns += (double)sim_wire_busy_ns(&wire->bonded[i]);
	return sum_ns / wire->bonded_count;
}

void sim_system_totals(const struct sim_system *system, struct sim_system_totals *totals)
{
	struct sim_load_totals load = sim_load_totals(&system->load);

	*totals = (struct sim_system_totals){
	    .now_ns = system->engine.now_ns,
	    .arrivals = load.arrivals,
	    .replies = load.replies,
	    .in_system = load.present - load.waiting,
	    .waiting = load.waiting,
	    .dropped = load.dropped,
	    .resent = load.resent,
	    .out_of_order = load.out_of_order,
	    .in_system_integral_ns = load.present_integral_ns,
	    .latency_sum_ns = load.latency_sum_ns,
	    .work_offered_ns = load.work_offered_ns,
	    .work_replied_ns = load.work_replied_ns,
	    .work_dropped_ns = load.work_dropped_ns,
	    .to_server_busy_ns = busy_ns(&system->to_server),
	    .to_clients_busy_ns = busy_ns(&system->to_clients),
	    .events = system->engine.fired,
	};
	system->host->kind->totals(system->host, &totals->host);
}

void sim_system_thread_totals(const struct sim_system *system, unsigned thread, struct sim_host_totals *totals)
{
	system->host->kind->thread_totals(system->host, thread, totals);
}

uint64_t sim_system_batches(const struct sim_system *system, unsigned packets)
{
	const struct sim_host_kind *kind = system->host->kind;

	return kind->batches ? kind->batches(system->host, packets) : 0;
}

/* A run of the packet level: its parts, and its phases. */
#include "sim/packet_world.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define NS_PER_MS      1000000ull
#define NS_PER_S       1000000000ull
#define SLICE_NS       (20 * NS_PER_MS)
#define QUIET_NS       (10 * NS_PER_MS) /* longer than an acknowledgement is delayed */
#define NO_PROGRESS_NS (1000 * NS_PER_S)
#define DRAIN_NS       (300 * NS_PER_S) /* longer than any state of a closed connection lasts */
#define POOL_BASE      65536u
#define POOL_MAX       (1u << 22)

const char *const sim_packet_scenario_name[SIM_PACKET_SCENARIOS] = {"echo", "stream", "churn", "incast", "connect"};

struct packet_chunk {
	struct packet_chunk *next;
	_Alignas(max_align_t) uint8_t memory[];
};

void packet_fail(struct sim_packet *world, const char *text)
{
	if (!world->error[0])
		snprintf(world->error, sizeof(world->error), "%s", text);
	packet_stop(world);
}

void packet_stop(struct sim_packet *world)
{
	sim_engine_stop(&world->engine);
}

const char *sim_packet_error(const struct sim_packet *world)
{
	return world->error;
}

void *packet_take_chunk(struct sim_packet *world, size_t size)
{
	struct packet_chunk *chunk = calloc(1, sizeof(*chunk) + size);

	if (!chunk)
		return NULL;
	chunk->next = world->chunks;
	world->chunks = chunk;
	return chunk->memory;
}

static void set_sizes(struct sim_packet *world)
{
	world->up_bytes = world->down_bytes = world->options.message_bytes;
	if (world->options.scenario == SIM_PACKET_STREAM)
		world->down_bytes = 0;
	if (world->options.scenario == SIM_PACKET_INCAST)
		world->down_bytes = PACKET_QUESTION;
}

static int init(struct sim_packet *world)
{
	const struct sim_packet_options *o = &world->options;
	uint64_t packets = POOL_BASE + 64ull * o->connections;
	unsigned next = 0;

	if (sim_engine_init(&world->engine, 16) ||
	    sim_pool_init(&world->pool, packets < POOL_MAX ? (uint32_t)packets : POOL_MAX, SIM_FRAME_BYTES))
		return -1;
	sim_network_init(&world->network, &world->engine, &world->pool);
	world->flow = calloc(o->connections, sizeof(*world->flow));
	if (!world->flow || packet_reserve_sessions(world, o->connections))
		return -1;
	for (unsigned i = 0; i <= o->clients; i++)
		if (packet_add_host(world, i))
			return -1;
	for (unsigned i = 0; i < o->connections; i++) {
		world->flow[i].id = i;
		world->flow[i].host = &world->host[1 + next];
		next = next + 1 == o->clients ? 0 : next + 1;
	}
	return 0;
}

static void start(struct sim_packet *world)
{
	const struct sim_packet_options *o = &world->options;

	rng_init(&world->arrival_rng, o->seed, RNG_ARRIVAL, o->replication);
	rng_init(&world->assignment_rng, o->seed, RNG_ASSIGNMENT, o->replication);
	rng_init(&world->migration_rng, o->seed, RNG_MIGRATION, o->replication);
	world->round.fire = packet_on_round;
	world->migrate.fire = packet_on_migrate;
	if (o->migrate_every_ns && o->cores > 1)
		sim_schedule(&world->engine, &world->migrate, o->migrate_every_ns);
	world->heap_before = packet_heap_bytes();
	world->totals.bytes_per_connection = world->totals.pcb_bytes = NAN;
	for (unsigned i = 1; i <= o->clients; i++) {
		packet_open_more(&world->host[i]);
		sim_machine_wake(&world->host[i].host->machine, 0);
	}
}

struct sim_packet *sim_packet_create(const struct sim_packet_options *options, char *error, size_t error_size)
{
	struct sim_packet *world = calloc(1, sizeof(*world));

	if (!world) {
		snprintf(error, error_size, "out of memory");
		return NULL;
	}
	world->options = *options;
	if (options->scenario == SIM_PACKET_CONNECT)
		world->options.requests = options->connections;
	if (options->scenario == SIM_PACKET_CHURN)
		world->phase = SIM_PACKET_MESSAGES;
	set_sizes(world);
	if (init(world)) {
		snprintf(error, error_size, "out of memory");
		sim_packet_destroy(world);
		return NULL;
	}
	start(world);
	return world;
}

void sim_packet_destroy(struct sim_packet *world)
{
	struct packet_chunk *chunk;

	if (!world)
		return;
	for (unsigned i = 0; i <= world->options.clients; i++)
		packet_stop_host(&world->host[i]);
	if (world->network.engine)
		sim_network_fini(&world->network);
	sim_pool_fini(&world->pool);
	sim_engine_fini(&world->engine);
	while ((chunk = world->chunks)) {
		world->chunks = chunk->next;
		free(chunk);
	}
	free(world->sample);
	free(world->flow);
	free(world);
}

void sim_packet_trace(struct sim_packet *world, struct sim_trace *trace)
{
	world->host[0].host->machine.own_trace = trace;
}

static int messages_over(const struct sim_packet *world)
{
	return world->totals.messages + world->totals.abandoned >= world->options.requests;
}

static void close_all(struct sim_packet *world)
{
	world->phase = SIM_PACKET_CLOSING;
	world->totals.end_ns = world->engine.now_ns;
	sim_cancel(&world->engine, &world->arrival);
	sim_cancel(&world->engine, &world->round);
	for (unsigned i = 1; i <= world->options.clients; i++) {
		world->host[i].next_flow = i - 1;
		packet_close_more(&world->host[i]);
		sim_machine_wake(&world->host[i].host->machine, 0);
	}
}

static int all_closed(const struct sim_packet *world)
{
	for (unsigned i = 1; i <= world->options.clients; i++)
		if (world->host[i].dialing || world->host[i].closing)
			return 0;
	return !world->open && !world->sessions;
}

static void begin_quiet(struct sim_packet *world)
{
	world->phase = SIM_PACKET_QUIET;
	world->quiet_until_ns = world->engine.now_ns + QUIET_NS;
}

static void end_quiet(struct sim_packet *world)
{
	packet_measure_memory(world);
	if (world->options.scenario == SIM_PACKET_CONNECT) {
		world->phase = SIM_PACKET_MESSAGES; /* they are over */
		return;
	}
	world->phase = SIM_PACKET_MESSAGES;
	world->totals.begin_ns = world->engine.now_ns;
	packet_start_messages(world);
}

static void begin_drain(struct sim_packet *world)
{
	world->phase = SIM_PACKET_DRAINING;
	world->drain_until_ns = world->engine.now_ns + DRAIN_NS;
	sim_cancel(&world->engine, &world->migrate);
}

/* What follows from what is there; one step. */
static void step(struct sim_packet *world)
{
	uint64_t now_ns = world->engine.now_ns;

	switch (world->phase) {
	case SIM_PACKET_CONNECTING:
		if (world->settled >= world->options.connections &&
		    (world->options.scenario != SIM_PACKET_CONNECT || messages_over(world)))
			begin_quiet(world);
		break;
	case SIM_PACKET_QUIET:
		if (now_ns >= world->quiet_until_ns)
			end_quiet(world);
		break;
	case SIM_PACKET_MESSAGES:
		if (messages_over(world))
			close_all(world);
		break;
	case SIM_PACKET_CLOSING:
		if (all_closed(world))
			begin_drain(world);
		break;
	case SIM_PACKET_DRAINING:
		if ((!packet_live_connections(world) && !packet_migrating(world)) || now_ns >= world->drain_until_ns) {
			packet_count_leaks(world);
			world->phase = SIM_PACKET_FINISHED;
		}
		break;
	default:
		break;
	}
}

static int check(struct sim_packet *world, int status)
{
	if (status < 0)
		packet_fail(world, "out of memory");
	if (world->phase <= SIM_PACKET_CLOSING && world->engine.now_ns > world->progress_ns + NO_PROGRESS_NS)
		packet_fail(world, "no byte has moved for 1,000 simulated seconds");
	if (world->error[0])
		world->phase = SIM_PACKET_FAILED;
	return world->phase == SIM_PACKET_FAILED;
}

enum sim_packet_phase sim_packet_run(struct sim_packet *world, uint64_t messages,
				     int (*take)(void *context, const double *latency_us, size_t n), void *context)
{
	enum sim_packet_phase phase = world->phase;
	uint64_t goal = world->totals.messages + messages;

	world->take = take;
	world->take_context = context;
	while (world->phase == phase && phase < SIM_PACKET_FINISHED && world->totals.messages < goal) {
		uint64_t until_ns = world->engine.now_ns + SLICE_NS;

		if (phase == SIM_PACKET_QUIET)
			until_ns = world->quiet_until_ns;
		/* Not less than what is left: the last message of all ends the phase. */
		world->stop_at = goal < world->options.requests ? goal : world->options.requests;
		if (world->totals.messages >= world->options.requests)
			world->stop_at = UINT64_MAX;
		if (check(world, sim_run(&world->engine, until_ns)))
			break;
		step(world);
	}
	packet_give_latencies(world);
	return world->phase;
}

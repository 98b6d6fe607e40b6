#include "sim/load.h"
#include "sim/segment.h"
#include "sim/system.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S 1e9

/* Signed integers convert to and from doubles in one instruction, unsigned ones do not. */
static inline double real_of(uint64_t value)
{
	return (double)(int64_t)value;
}

static inline uint64_t rounded(double value)
{
	return (uint64_t)(int64_t)(value + 0.5);
}

static void count_present(struct sim_load *load, int change)
{
	struct sim_load_totals *t = &load->totals;

	t->present_integral_ns += real_of(t->present) * real_of(load->engine->now_ns - load->changed_ns);
	t->present += (uint64_t)(int64_t)change;
	load->changed_ns = load->engine->now_ns;
}

static void add_frames(struct sim_request *request, const struct sim_load_frames *frames)
{
	request->extra_rx = (uint16_t)(request->extra_rx + frames->extra_rx);
	request->extra_tx = (uint16_t)(request->extra_tx + frames->extra_tx);
	request->request_wire_bytes += frames->request_wire_bytes;
	request->reply_wire_bytes += frames->reply_wire_bytes;
}

/* What a request's connection costs: its first message opens it, its last closes it. Connections start at different
 * points of their lives. */
static void add_connection(const struct sim_load *load, struct sim_request *request)
{
	uint32_t messages = load->options->messages_per_connection, at;

	at = messages == 1 ? 0 : (request->sequence + request->connection) % messages;
	if (at == 0)
		add_frames(request, &load->opening);
	if (at + 1 == messages)
		add_frames(request, &load->closing);
}

static void add_acks(struct sim_load *load, struct sim_request *request)
{
	uint32_t acks;

	load->acks_due += load->options->acks;
	acks = (uint32_t)load->acks_due;
	load->acks_due -= acks;
	add_frames(request, &(struct sim_load_frames){(uint16_t)acks, (uint16_t)acks, acks * sim_segment_wire_bytes(0),
						      acks * sim_segment_wire_bytes(0)});
}

static void launch(struct sim_load *load, struct ix_packet *packet)
{
	sim_request_in(packet)->sent_ns = load->engine->now_ns;
	sim_wire_send(load->wire, packet);
}

static void give_up(struct sim_load *load, struct ix_packet *packet)
{
	load->totals.dropped++;
	load->totals.work_dropped_ns += (double)sim_request_in(packet)->service_ns;
	count_present(load, -1);
	sim_pool_put(load->pool, packet);
}

/* Sends the request, or lets it wait where its connection has enough of them in flight. */
static void submit(struct sim_load *load, struct ix_packet *packet, uint32_t number)
{
	struct sim_load_line *line;

	if (!load->line) {
		launch(load, packet);
		return;
	}
	line = &load->line[number];
	if (line->in_flight < load->options->in_flight) {
		line->in_flight++;
		launch(load, packet);
	} else if (load->totals.waiting < SIM_LOAD_WAITING_MAX) {
		ix_packet_queue_push(&line->waiting, packet);
		load->totals.waiting++;
	} else {
		give_up(load, packet);
	}
}

/* One request of the connection has ended, one way or another. */
static void release_line(struct sim_load *load, uint32_t number)
{
	struct sim_load_line *line;
	struct ix_packet *packet;

	if (!load->line)
		return;
	line = &load->line[number];
	packet = ix_packet_queue_pop(&line->waiting);
	if (packet) {
		load->totals.waiting--;
		launch(load, packet);
	} else {
		line->in_flight--;
	}
}

static void draw(struct sim_load *load)
{
	if (!load->options->closed)
		rng_fill_exponential(&load->arrival_rng, load->gap, SIM_LOAD_DRAW);
	dist_fill(load->options->service, &load->service_rng, load->service, SIM_LOAD_DRAW);
	load->drawn = 0;
}

/* A request that is meant to be sent now; NULL when memory is short. */
static struct ix_packet *make(struct sim_load *load, uint32_t number)
{
	struct sim_connection *connection = &load->connection[number];
	struct ix_packet *packet = sim_pool_get(load->pool);
	double service_ns = load->service[load->drawn++] * load->service_scale;
	struct sim_message *message;
	struct sim_request *request;

	if (load->drawn == SIM_LOAD_DRAW)
		draw(load);
	if (!packet) { /* the pool holds all that rings and queues can: see init_pool() in system.c */
		load->engine->failed = 1;
		return NULL;
	}
	message = (struct sim_message *)(void *)packet->data;
	message->header = (struct ix_message_header){.connection = connection->number};
	request = &message->request;
	*request = load->plain;
	request->intended_ns = load->engine->now_ns;
	request->service_ns = rounded(service_ns);
	request->connection = number;
	request->sequence = connection->sent++;
	if (load->options->messages_per_connection)
		add_connection(load, request);
	if (load->options->acks > 0)
		add_acks(load, request);
	packet->length = sizeof(*message);
	packet->rss_hash = connection->hash;
	load->totals.arrivals++;
	load->totals.work_offered_ns += real_of(request->service_ns);
	count_present(load, 1);
	return packet;
}

static void arrive(struct sim_load *load, uint32_t number)
{
	struct ix_packet *packet = make(load, number);

	if (packet)
		submit(load, packet, number);
}

/* One arrival ahead, for the sake of the cache. */
static void draw_connection(struct sim_load *load)
{
	load->next_number = rng_below(&load->assignment_rng, load->options->connections);
	__builtin_prefetch(&load->connection[load->next_number], 1);
}

static void on_arrival(struct sim_event *event)
{
	struct sim_load *load = SIM_CONTAINER(event, struct sim_load, arrival);
	uint32_t number = load->next_number;
	struct ix_packet *packet = make(load, number);

	draw_connection(load);
	load->next_ns += load->gap[load->drawn] * load->gap_ns;
	sim_schedule(load->engine, event, rounded(load->next_ns));
	if (packet)
		submit(load, packet, number);
}

/* Clients start one after the other, as fast as the cores can take their requests. */
static void on_start(struct sim_event *event)
{
	struct sim_load *load = SIM_CONTAINER(event, struct sim_load, arrival);
	unsigned number = load->started++;

	if (load->started < load->options->closed) {
		load->next_ns += load->options->mean_ns / load->options->cores;
		sim_schedule(load->engine, event, rounded(load->next_ns));
	}
	arrive(load, number);
}

/* A client has thought: its next request goes on the next of its connections. */
static void on_thought(void *context, struct ix_packet *packet)
{
	struct sim_load *load = context;
	uint32_t number = sim_request_in(packet)->connection + load->options->closed;

	if (number >= load->options->connections)
		number %= load->options->closed;
	sim_pool_put(load->pool, packet);
	arrive(load, number);
}

static void on_resend(void *context, struct ix_packet *packet)
{
	struct sim_load *load = context;

	sim_wire_send(load->wire, packet);
}

uint64_t sim_load_replied(struct sim_load *load, struct ix_packet *packet)
{
	const struct sim_request *request = sim_request_in(packet);
	struct sim_connection *connection = &load->connection[request->connection];
	uint64_t latency_ns = load->engine->now_ns - request->intended_ns;
	uint32_t number = request->connection;

	load->totals.out_of_order += (int32_t)(request->sequence - connection->expected) < 0;
	connection->expected = request->sequence + 1;
	load->totals.replies++;
	load->totals.latency_sum_ns += real_of(latency_ns);
	load->totals.work_replied_ns += real_of(request->service_ns);
	count_present(load, -1);
	if (load->options->closed) {
		sim_wire_send(&load->think, packet);
	} else {
		sim_pool_put(load->pool, packet);
		release_line(load, number);
	}
	return latency_ns;
}

void sim_load_lost(struct sim_load *load, const struct ix_packet *packet)
{
	struct ix_packet *copy;

	if (!load->options->closed) {
		load->totals.dropped++;
		load->totals.work_dropped_ns += (double)sim_request_in(packet)->service_ns;
		count_present(load, -1);
		release_line(load, sim_request_in(packet)->connection);
		return;
	}
	copy = sim_pool_get(load->pool);
	if (!copy) {
		load->engine->failed = 1;
		return;
	}
	memcpy(copy->data, packet->data, sizeof(struct sim_message));
	copy->length = packet->length;
	copy->rss_hash = packet->rss_hash;
	load->totals.resent++;
	sim_wire_send(&load->resend, copy);
}

struct sim_load_totals sim_load_totals(const struct sim_load *load)
{
	struct sim_load_totals totals = load->totals;

	totals.present_integral_ns += (double)totals.present * (double)(load->engine->now_ns - load->changed_ns);
	return totals;
}

static void init_frames(struct sim_load *load)
{
	const struct sim_system_options *o = load->options;
	uint32_t bare = sim_segment_wire_bytes(0), syn = sim_segment_wire_bytes(SIM_SEGMENT_SYN_OPTION_BYTES);

	load->plain.extra_rx = (uint16_t)(sim_segments(o->request_bytes) - 1);
	load->plain.extra_tx = (uint16_t)(sim_segments(o->reply_bytes) - 1);
	load->plain.request_wire_bytes = sim_message_wire_bytes(o->request_bytes);
	load->plain.reply_wire_bytes = sim_message_wire_bytes(o->reply_bytes);
	/* SYN and ACK one way, SYN with ACK the other; a Linux client acknowledges the first data of a connection at
	 * once, later data with the next request. RST. */
	load->opening = (struct sim_load_frames){3, 1, syn + 2 * bare, syn};
	load->closing = (struct sim_load_frames){1, 0, bare, 0};
}

static void init_delay(struct sim_load *load, struct sim_wire *wire, double delay_ns,
		       void (*deliver)(void *context, struct ix_packet *packet))
{
	struct sim_wire_options options = {.delay_ns = (uint64_t)llrint(delay_ns)};

	sim_wire_init(wire, load->engine, load->pool, &options, 0, 0, 0);
	wire->deliver = deliver;
	wire->context = load;
}

static void start(struct sim_load *load)
{
	const struct sim_system_options *o = load->options;

	rng_init(&load->arrival_rng, o->seed, RNG_ARRIVAL, o->replication);
	rng_init(&load->service_rng, o->seed, RNG_SERVICE, o->replication);
	rng_init(&load->assignment_rng, o->seed, RNG_ASSIGNMENT, o->replication);
	load->service_scale = o->mean_ns / dist_mean(o->service);
	draw(load);
	if (o->closed) {
		load->arrival.fire = on_start;
	} else {
		load->gap_ns = NS_PER_S / o->rate_rps;
		load->next_ns = load->gap[0] * load->gap_ns;
		load->arrival.fire = on_arrival;
		draw_connection(load);
	}
	sim_schedule(load->engine, &load->arrival, rounded(load->next_ns));
}

int sim_load_init(struct sim_load *load, const struct sim_system_options *options, struct sim_engine *engine,
		  struct sim_pool *pool, struct sim_wire *wire, const struct ix_rss *rss)
{
	memset(load, 0, sizeof(*load));
	load->options = options;
	load->engine = engine;
	load->pool = pool;
	load->wire = wire;
	load->connection = calloc(options->connections, sizeof(*load->connection));
	if (options->in_flight)
		load->line = calloc(options->connections, sizeof(*load->line));
	init_delay(load, &load->think, options->think_ns, on_thought);
	init_delay(load, &load->resend, SIM_LOAD_RESEND_NS, on_resend);
	if (!load->connection || (options->in_flight && !load->line) ||
	    sim_clients_place(load->connection, options->connections, rss, options->cores, options->placement,
			      options->seed, options->replication))
		return -1;
	init_frames(load);
	start(load);
	return 0;
}

void sim_load_fini(struct sim_load *load)
{
	if (!load->engine)
		return;
	sim_wire_fini(&load->think);
	sim_wire_fini(&load->resend);
	sim_cancel(load->engine, &load->arrival);
	free(load->connection);
	free(load->line);
}

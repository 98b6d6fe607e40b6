/* The clients' application: opens connections, sends messages, awaits what is owed for them. */
#include "sim/packet_world.h"

#include <stdlib.h>
#include <string.h>

#define LIFE_MAX 8u /* messages of a connection's life in churn */

static const struct ix_handler client_handler;

/* Drawn by hash, so that both ends know. */
int packet_is_aborting(const struct sim_packet *world, uint64_t id)
{
	return world->options.scenario == SIM_PACKET_CHURN && packet_key(id, 2) % 3 == 0;
}

static uint64_t life_of(const struct sim_packet *world, const struct packet_flow *flow)
{
	uint64_t index = (uint64_t)(flow - world->flow), n = world->options.connections;

	switch (world->options.scenario) {
	case SIM_PACKET_CHURN:
		return 1 + packet_key(flow->id, 3) % LIFE_MAX;
	case SIM_PACKET_CONNECT:
		return 1;
	case SIM_PACKET_INCAST: /* the server says when */
		return 0;
	default:
		return world->options.rate_rps > 0
			   ? 0
			   : world->options.requests / n + (index < world->options.requests % n);
	}
}

static struct packet_message *message_new(struct sim_packet *world)
{
	struct packet_message *message = world->free_message;

	if (!message) {
		message = packet_take_chunk(world, PACKET_CHUNK * sizeof(*message));
		for (unsigned i = 0; message && i < PACKET_CHUNK; i++) {
			message[i].next = world->free_message;
			world->free_message = &message[i];
		}
		message = world->free_message;
	}
	if (message)
		world->free_message = message->next;
	return message;
}

static void message_free(struct sim_packet *world, struct packet_flow *flow)
{
	struct packet_message *message = flow->first;

	flow->first = message->next;
	message->next = world->free_message;
	world->free_message = message;
}

struct packet_message *packet_issue(struct packet_flow *flow, uint64_t intended_ns)
{
	struct packet_message *message = message_new(flow->host->world);

	if (!message) {
		packet_fail(flow->host->world, "out of memory");
		return NULL;
	}
	message->next = NULL;
	message->intended_ns = intended_ns;
	if (flow->first)
		flow->last->next = message;
	else
		flow->first = message;
	flow->last = message;
	return message;
}

/* The next ones, as far as the pipeline lets; a stream is bounded by what is unsent instead. */
static void refill(struct packet_flow *flow)
{
	struct sim_packet *world = flow->host->world;
	int stream = world->options.scenario == SIM_PACKET_STREAM;

	if (flow->state != FLOW_OPEN)
		return;
	while (stream ? ix_connection_unsent(flow->end.connection) < PACKET_UNSENT_MAX &&
			    flow->end.sent == flow->end.allowed
		      : flow->under_way < world->options.depth) {
		if (flow->waiting)
			flow->waiting--;
		else if (flow->left && packet_issue(flow, flow->host->now_ns))
			flow->left--;
		else
			break;
		flow->under_way++;
		flow->end.allowed += world->up_bytes;
		packet_pump(world, &flow->end);
	}
}

static void close_flow(struct packet_flow *flow)
{
	flow->state = FLOW_CLOSING;
	flow->host->closing++;
	ix_close(flow->end.connection);
}

static void end_of_life(struct packet_flow *flow)
{
	struct sim_packet *world = flow->host->world;

	if (world->options.scenario != SIM_PACKET_CHURN || flow->state != FLOW_OPEN || flow->left || flow->first)
		return;
	if (packet_is_aborting(world, flow->id)) {
		flow->state = FLOW_CLOSING;
		flow->host->closing++;
		ix_abort(flow->end.connection);
	} else {
		close_flow(flow);
	}
}

void packet_give_latencies(struct sim_packet *world)
{
	if (world->take && world->latencies && world->take(world->take_context, world->latency_us, world->latencies))
		packet_fail(world, "out of memory");
	world->latencies = 0;
}

void packet_complete(struct packet_flow *flow, uint64_t now_ns)
{
	struct sim_packet *world = flow->host->world;

	world->latency_us[world->latencies++] = (double)(now_ns - flow->first->intended_ns) / 1e3;
	message_free(world, flow);
	flow->under_way--;
	world->totals.messages++;
	if (world->latencies == PACKET_LATENCIES)
		packet_give_latencies(world);
	if (world->totals.messages >= world->stop_at)
		packet_stop(world);
	if (world->options.scenario == SIM_PACKET_INCAST && --world->round_left == 0)
		sim_schedule(&world->engine, &world->round, now_ns);
}

static void abandon(struct packet_flow *flow)
{
	struct sim_packet *world = flow->host->world;
	int counts = world->phase < SIM_PACKET_CLOSING;

	if (counts && world->options.scenario != SIM_PACKET_CHURN)
		world->totals.abandoned += flow->left;
	flow->left = 0;
	while (flow->first) {
		message_free(world, flow);
		world->totals.abandoned += (unsigned)counts;
		if (world->options.scenario == SIM_PACKET_INCAST && --world->round_left == 0)
			sim_schedule(&world->engine, &world->round, world->engine.now_ns);
	}
	flow->under_way = flow->waiting = 0;
}

static void open_flow(struct packet_flow *flow)
{
	struct packet_host *host = flow->host;
	struct sim_packet *world = host->world;
	uint16_t port = (uint16_t)(PACKET_PORT + flow->id % PACKET_PORTS);

	flow->end = (struct packet_end){.out_key = packet_key(flow->id, 0), .in_key = packet_key(flow->id, 1)};
	flow->counted = 0;
	flow->session = NULL;
	flow->left = life_of(world, flow);
	flow->state = FLOW_OPENING;
	host->dialing++;
	flow->end.connection = ix_dial(host->runtime[0], PACKET_SERVER_IP, port, &client_handler, flow);
	if (!flow->end.connection)
		packet_fail(world, "out of memory");
}

void packet_open_more(struct packet_host *host)
{
	struct sim_packet *world = host->world;

	for (; host->dialing < PACKET_OPENING_MAX && host->next_flow < world->options.connections && !world->error[0];
	     host->next_flow += world->options.clients)
		open_flow(&world->flow[host->next_flow]);
}

void packet_close_more(struct packet_host *host)
{
	struct sim_packet *world = host->world;

	for (; host->closing < PACKET_OPENING_MAX && host->next_flow < world->options.connections;
	     host->next_flow += world->options.clients) {
		struct packet_flow *flow = &world->flow[host->next_flow];

		if (flow->state != FLOW_OPEN)
			continue;
		flow->left = 0;
		if (!flow->first) /* else when its answer is there: what comes to a closed connection makes it reset */
			close_flow(flow);
	}
}

static void settle(struct sim_packet *world)
{
	world->settled++;
	world->progress_ns = world->engine.now_ns;
	if (world->settled >= world->options.connections)
		packet_stop(world);
}

static void on_opened(struct ix_connection *connection, int status)
{
	struct packet_flow *flow = ix_connection_context(connection);
	struct sim_packet *world = flow->host->world;

	flow->host->dialing--;
	if (status < 0) {
		flow->state = FLOW_CLOSED;
		flow->end.connection = NULL;
		world->totals.connections_lost++;
		abandon(flow);
	} else {
		flow->state = FLOW_OPEN;
		world->totals.connections_opened++;
		if (++world->open > world->totals.connections_peak)
			world->totals.connections_peak = world->open;
		if (ix_write(connection, &flow->id, PACKET_HELLO))
			packet_fail(world, "the application's pool is used up");
		if (world->phase == SIM_PACKET_CLOSING)
			close_flow(flow);
		else if (world->options.scenario == SIM_PACKET_CONNECT || world->options.scenario == SIM_PACKET_CHURN)
			refill(flow);
	}
	settle(world);
	packet_open_more(flow->host);
}

static void on_received(struct ix_connection *connection)
{
	struct packet_flow *flow = ix_connection_context(connection);
	struct sim_packet *world = flow->host->world;
	struct ix_view view;

	while (ix_read_take(connection, &view)) {
		packet_verify(world, &flow->end, view.data, view.length);
		ix_read_done(connection, &view);
	}
	while (world->down_bytes && flow->end.received >= (flow->counted + 1) * world->down_bytes) {
		flow->counted++;
		if (world->options.scenario == SIM_PACKET_INCAST) {
			flow->end.allowed += world->up_bytes;
		} else if (!flow->first) {
			world->totals.corrupted_bytes += world->down_bytes; /* nobody asked for them */
		} else {
			packet_complete(flow, flow->host->now_ns);
		}
	}
	packet_pump(world, &flow->end);
	refill(flow);
	end_of_life(flow);
}

static void on_sent(struct ix_connection *connection, uint32_t bytes)
{
	struct packet_flow *flow = ix_connection_context(connection);

	(void)bytes;
	packet_pump(flow->host->world, &flow->end);
	if (flow->host->world->phase == SIM_PACKET_MESSAGES)
		refill(flow);
}

static void on_closed(struct ix_connection *connection, int reason)
{
	struct packet_flow *flow = ix_connection_context(connection);
	struct packet_host *host = flow->host;
	struct sim_packet *world = host->world;

	(void)reason;
	if (flow->state == FLOW_CLOSING) {
		host->closing--;
		if (packet_is_aborting(world, flow->id))
			world->totals.connections_reset++;
		else
			world->totals.connections_closed++;
	} else {
		world->totals.connections_lost++;
	}
	world->open--;
	world->progress_ns = world->engine.now_ns;
	abandon(flow);
	flow->state = FLOW_CLOSED;
	flow->end.connection = NULL;
	if (world->phase == SIM_PACKET_CLOSING) {
		packet_close_more(host);
		if (!world->open)
			packet_stop(world);
	} else if (world->options.scenario == SIM_PACKET_CHURN) {
		flow->id += world->options.connections;
		open_flow(flow);
	}
}

static const struct ix_handler client_handler = {
    .opened = on_opened, .received = on_received, .sent = on_sent, .closed = on_closed};

/* A request of the open loop: on a connection that is gone it is given up. */
static void on_arrival(struct sim_event *event)
{
	struct sim_packet *world = SIM_CONTAINER(event, struct sim_packet, arrival);
	struct packet_flow *flow = &world->flow[rng_below(&world->assignment_rng, world->options.connections)];

	world->issued++;
	if (flow->state == FLOW_OPEN && packet_issue(flow, world->engine.now_ns)) {
		flow->host->now_ns = world->engine.now_ns;
		flow->waiting++;
		refill(flow);
		sim_machine_wake(&flow->host->host->machine, 0);
	} else {
		world->totals.abandoned++;
	}
	if (world->issued == world->options.requests)
		return;
	world->arrival_ns += rng_exponential(&world->arrival_rng) * 1e9 / world->options.rate_rps;
	sim_schedule(&world->engine, event, (uint64_t)world->arrival_ns);
}

void packet_start_messages(struct sim_packet *world)
{
	if (world->options.scenario == SIM_PACKET_INCAST) {
		sim_schedule(&world->engine, &world->round, world->engine.now_ns);
		return;
	}
	if (world->options.rate_rps > 0) {
		world->arrival.fire = on_arrival;
		world->arrival_ns = (double)world->engine.now_ns;
		sim_schedule(&world->engine, &world->arrival, world->engine.now_ns);
		return;
	}
	for (unsigned i = 0; i < world->options.connections; i++) {
		world->flow[i].host->now_ns = world->engine.now_ns;
		refill(&world->flow[i]);
	}
	for (unsigned i = 1; i <= world->options.clients; i++)
		sim_machine_wake(&world->host[i].host->machine, 0);
}

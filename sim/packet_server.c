/* The server's application: answers what it receives, or takes it in, or asks for it. */
#include "sim/packet_world.h"

#include <string.h>

static const struct ix_handler server_handler;

int packet_reserve_sessions(struct sim_packet *world, unsigned count)
{
	struct packet_session *session = packet_take_chunk(world, count * sizeof(*session));

	for (unsigned i = 0; session && i < count; i++) {
		session[i].next = world->free_session;
		world->free_session = &session[i];
	}
	return session ? 0 : -1;
}

const struct ix_handler *packet_knock(void *policy_context, uint32_t ip, uint16_t port, void **context)
{
	struct packet_host *host = policy_context;
	struct sim_packet *world = host->world;
	struct packet_session *session;

	(void)ip;
	(void)port;
	if (!world->free_session && packet_reserve_sessions(world, PACKET_CHUNK)) {
		packet_fail(world, "out of memory");
		return NULL;
	}
	session = world->free_session;
	world->free_session = session->next;
	memset(session, 0, sizeof(*session));
	session->host = host;
	*context = session;
	world->sessions++;
	return &server_handler;
}

static void on_opened(struct ix_connection *connection, int status)
{
	struct packet_session *session = ix_connection_context(connection);

	(void)status;
	session->end.connection = connection;
}

/* Who is it? A number that no living connection has is a corrupted hello. */
static void introduce(struct packet_session *session)
{
	struct sim_packet *world = session->host->world;
	struct packet_flow *flow;

	memcpy(&session->id, session->hello, PACKET_HELLO);
	flow = &world->flow[session->id % world->options.connections];
	if (flow->id != session->id && world->options.scenario != SIM_PACKET_CHURN)
		world->totals.corrupted_bytes += PACKET_HELLO;
	session->flow = flow;
	if (flow->id == session->id)
		flow->session = session;
	session->end.in_key = packet_key(session->id, 0);
	session->end.out_key = packet_key(session->id, 1);
}

static size_t take_hello(struct packet_session *session, const struct ix_view *view)
{
	size_t n = PACKET_HELLO - session->hello_bytes;

	if (!n)
		return 0;
	if (n > view->length)
		n = view->length;
	memcpy(session->hello + session->hello_bytes, view->data, n);
	session->hello_bytes += (unsigned)n;
	if (session->hello_bytes == PACKET_HELLO)
		introduce(session);
	return n;
}

static void on_received(struct ix_connection *connection)
{
	struct packet_session *session = ix_connection_context(connection);
	struct sim_packet *world = session->host->world;
	int answers = world->options.scenario != SIM_PACKET_STREAM && world->options.scenario != SIM_PACKET_INCAST;
	struct ix_view view;

	while (ix_read_take(connection, &view)) {
		size_t skip = take_hello(session, &view);

		if (skip < view.length)
			packet_verify(world, &session->end, view.data + skip, view.length - skip);
		ix_read_done(connection, &view);
	}
	while (session->end.received >= (session->counted + 1) * world->up_bytes) {
		session->counted++;
		if (answers)
			session->end.allowed += world->down_bytes;
		else if (session->flow->session != session || !session->flow->first)
			world->totals.corrupted_bytes += world->up_bytes; /* nobody sent them */
		else
			packet_complete(session->flow, session->host->now_ns);
	}
	packet_pump(world, &session->end);
}

static void on_sent(struct ix_connection *connection, uint32_t bytes)
{
	struct packet_session *session = ix_connection_context(connection);

	(void)bytes;
	packet_pump(session->host->world, &session->end);
}

static void on_ended(struct ix_connection *connection)
{
	struct packet_session *session = ix_connection_context(connection);

	session->closing = 1;
	ix_close(connection);
}

static void on_closed(struct ix_connection *connection, int reason)
{
	struct packet_session *session = ix_connection_context(connection);
	struct sim_packet *world = session->host->world;

	(void)reason;
	/* A reset may come before the hello that would say that it was to be expected. */
	if (!session->closing && !(world->options.scenario == SIM_PACKET_CHURN &&
				   (session->hello_bytes < PACKET_HELLO || packet_is_aborting(world, session->id))))
		world->sessions_lost++;
	if (session->flow && session->flow->session == session)
		session->flow->session = NULL;
	session->next = world->free_session;
	world->free_session = session;
	world->progress_ns = world->engine.now_ns;
	if (--world->sessions == 0)
		packet_stop(world);
}

static const struct ix_handler server_handler = {
    .opened = on_opened, .received = on_received, .sent = on_sent, .ended = on_ended, .closed = on_closed};

/* Between two user phases, so it may use connections of all threads. */
void packet_on_round(struct sim_event *event)
{
	struct sim_packet *world = SIM_CONTAINER(event, struct sim_packet, round);
	uint64_t done = world->totals.messages + world->totals.abandoned;

	world->round_left = 0;
	for (unsigned i = 0; i < world->options.connections && done + world->round_left < world->options.requests;
	     i++) {
		struct packet_flow *flow = &world->flow[i];

		if (flow->state != FLOW_OPEN || !flow->session || !packet_issue(flow, world->engine.now_ns))
			continue;
		flow->under_way++;
		world->round_left++;
		flow->session->end.allowed += world->down_bytes;
		packet_pump(world, &flow->session->end);
	}
	if (!world->round_left && done < world->options.requests)
		packet_fail(world, "no connection is left to be asked");
	for (unsigned i = 0; i < world->options.cores; i++)
		sim_machine_wake(&world->host[0].host->machine, i);
}

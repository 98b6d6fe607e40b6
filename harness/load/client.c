/*
 * One thread's client. It opens its connections, a bounded number at a time, prepares the server if the protocol asks
 * for it, sends until its requests or its time are used up, waits for the last replies, and is done.
 */
#include "harness/load/load.h"
#include <stdlib.h>
#include <string.h>

#define DIALS_AT_A_TIME 64
#define OTHERS_POLL_NS  100000 /* between looks whether the other threads are ready, too */
#define DUE_AT_A_TIME   1024   /* requests sent in one go, so that replies are looked at too */

static void enter(struct load_client *client, enum load_phase phase);
static void next_request(struct load_client *client, struct load_connection *lc, uint64_t now_ns);

static uint64_t ns(double seconds)
{
	return (uint64_t)(1e9 * seconds);
}

static int full(const struct load_connection *lc)
{
	return !lc->connection || lc->count == lc->client->shared->config.depth;
}

/* Sends @request, whose bytes are @length of the scratch memory. */
static void send_request(struct load_client *client, struct load_connection *lc, const struct load_request *request,
			 size_t length)
{
	const struct load_config *config = &client->shared->config;
	uint64_t last = lc->first + lc->count;
	double lag_us;

	lc->in_flight[last < config->depth ? last : last - config->depth] = *request;
	lc->count++;
	client->sent++;
	if (ix_write(lc->connection, client->scratch, length)) {
		ix_abort(lc->connection); /* memory is short: seen as a failed connection */
		return;
	}
	if (request->counted && client->gap_ns > 0) {
		lag_us = 1e-3 * (double)(load_now_ns() - request->due_ns);
		estimator_add(client->lag, &lag_us, 1);
	}
}

static void send_due(struct load_client *client, struct load_connection *lc, struct load_request *request)
{
	size_t length = client->shared->config.protocol->request(client, request, client->scratch);

	request->counted = request->due_ns >= client->measure_ns;
	send_request(client, lc, request, length);
}

/* The connection drawn, or the next with room; NULL: none has. */
static struct load_connection *connection_with_room(struct load_client *client)
{
	uint32_t n = client->connections, at = rng_below(&client->assignment, n);

	for (uint32_t i = 0; i < n; i++, at = at + 1 < n ? at + 1 : 0)
		if (!full(&client->connection[at]))
			return &client->connection[at];
	return NULL;
}

static int wait_for_room(struct load_client *client, const struct load_request *request)
{
	if (client->due_count == client->due_capacity) {
		uint64_t capacity = client->due_capacity ? 2 * client->due_capacity : 1024;
		struct load_request *due = calloc(capacity, sizeof(*due));

		if (!due)
			return -1;
		for (uint64_t i = 0; i < client->due_count; i++)
			due[i] = client->due[(client->due_first + i) % client->due_capacity];
		free(client->due);
		client->due = due;
		client->due_first = 0;
		client->due_capacity = capacity;
	}
	client->due[(client->due_first + client->due_count++) % client->due_capacity] = *request;
	return 0;
}

static int used_up(const struct load_client *client, uint64_t due_ns)
{
	return client->quota ? client->issued == client->quota : due_ns >= client->end_ns;
}

static void on_arrivals(struct ix_timeout *timeout, struct ix_runtime *runtime)
{
	struct load_client *client =
	    (struct load_client *)((char *)timeout - offsetof(struct load_client, arrival_timer));
	uint64_t now_ns = load_now_ns();

	for (unsigned i = 0; i < DUE_AT_A_TIME && client->next_due_ns <= now_ns; i++) {
		struct load_request request = {.due_ns = client->next_due_ns};
		struct load_connection *lc;

		if (used_up(client, client->next_due_ns)) {
			enter(client, LOAD_DRAIN);
			return;
		}
		client->issued++;
		/* Those that wait already come first. */
		lc = client->due_count ? NULL : connection_with_room(client);
		if (lc)
			send_due(client, lc, &request);
		else if (wait_for_room(client, &request))
			client->lost++;
		client->next_due_ns += (uint64_t)(client->gap_ns * rng_exponential(&client->arrival)) + 1;
	}
	now_ns = load_now_ns();
	ix_timeout_set(runtime, timeout, client->next_due_ns > now_ns ? client->next_due_ns - now_ns : 0);
}

/* The connection has room at @now_ns: who has waited longest, or in a closed loop the next. */
static void next_request(struct load_client *client, struct load_connection *lc, uint64_t now_ns)
{
	struct load_request request = {0};
	size_t length;

	while (!full(lc)) {
		if (client->due_count) {
			request = client->due[client->due_first];
			client->due_first = (client->due_first + 1) % client->due_capacity;
			client->due_count--;
		} else if (client->phase == LOAD_PREPARE) {
			length = client->shared->config.protocol->prepare(client, &request, client->scratch);
			if (!length)
				return;
			send_request(client, lc, &request, length);
			continue;
		} else if (client->phase == LOAD_RUN && client->gap_ns == 0) {
			request.due_ns = now_ns;
			if (used_up(client, now_ns)) {
				enter(client, LOAD_DRAIN);
				return;
			}
			client->issued++;
		} else {
			return;
		}
		send_due(client, lc, &request);
	}
}

static void start_all(struct load_client *client)
{
	for (uint32_t i = 0; i < client->connections; i++)
		if (client->connection[i].connection)
			next_request(client, &client->connection[i], load_now_ns());
}

static uint64_t in_flight(const struct load_client *client)
{
	return client->due_count + client->sent;
}

/* Has every thread prepared, or given up? This one has. */
static bool all_prepared(struct load_client *client)
{
	if (!client->prepared)
		atomic_fetch_add(&client->shared->prepared, 1);
	client->prepared = true;
	return atomic_load(&client->shared->prepared) == client->shared->threads;
}

static void finish(struct load_client *client)
{
	all_prepared(client); /* nobody is to wait for it */
	client->phase = LOAD_DONE;
	client->lost += in_flight(client);
	ix_timeout_clear(client->runtime, &client->phase_timer);
	ix_timeout_clear(client->runtime, &client->arrival_timer);
	for (uint32_t i = 0; i < client->connections; i++)
		if (client->connection[i].connection)
			ix_close(client->connection[i].connection);
	atomic_store(&client->done, true);
}

static void run(struct load_client *client)
{
	const struct load_config *config = &client->shared->config;

	client->start_ns = load_now_ns();
	client->measure_ns = client->start_ns + ns(config->warmup_s);
	client->end_ns = client->measure_ns + ns(config->duration_s);
	client->last_reply_ns = client->measure_ns;
	client->seen = client->replied;
	ix_timeout_set(client->runtime, &client->phase_timer,
		       client->quota ? ns(config->timeout_s) : client->end_ns - client->start_ns);
	if (client->gap_ns > 0) {
		client->next_due_ns = client->start_ns + (uint64_t)(client->gap_ns * rng_exponential(&client->arrival));
		on_arrivals(&client->arrival_timer, client->runtime);
	} else {
		start_all(client);
	}
}

static void enter(struct load_client *client, enum load_phase phase)
{
	const struct load_config *config = &client->shared->config;

	if (client->phase >= phase)
		return;
	if (phase == LOAD_RUN && !all_prepared(client)) {
		ix_timeout_set(client->runtime, &client->phase_timer, OTHERS_POLL_NS);
		return;
	}
	client->phase = phase;
	ix_timeout_clear(client->runtime, &client->phase_timer);
	if (client->open == 0 || (phase > LOAD_RUN && in_flight(client) == 0)) {
		finish(client);
	} else if (phase == LOAD_PREPARE) {
		if (config->protocol->prepare)
			start_all(client);
		if (in_flight(client) == 0)
			enter(client, LOAD_RUN);
		else
			ix_timeout_set(client->runtime, &client->phase_timer, ns(config->timeout_s));
	} else if (phase == LOAD_RUN) {
		run(client);
	} else {
		ix_timeout_set(client->runtime, &client->phase_timer, ns(config->timeout_s));
	}
}

/* The time of a run is over, or nothing has been heard for long. */
static void on_run_end(struct load_client *client)
{
	if (client->quota && client->seen != client->replied) {
		client->seen = client->replied;
		ix_timeout_set(client->runtime, &client->phase_timer, ns(client->shared->config.timeout_s));
	} else if (client->quota) {
		finish(client);
	} else {
		enter(client, LOAD_DRAIN);
	}
}

/* A phase has taken too long: connections that are not open are given up; so are replies that have not come. */
static void on_phase_end(struct ix_timeout *timeout, struct ix_runtime *runtime)
{
	struct load_client *client =
	    (struct load_client *)((char *)timeout - offsetof(struct load_client, phase_timer));

	if (client->phase == LOAD_CONNECT) {
		client->failed_connections += client->connections - client->settled;
		client->settled = client->connections;
		enter(client, LOAD_PREPARE);
	} else if (client->phase == LOAD_PREPARE && client->prepared) {
		enter(client, LOAD_RUN);
	} else if (client->phase == LOAD_RUN) {
		on_run_end(client);
	} else {
		finish(client);
	}
}

static void dial_more(struct load_client *client);

static void settled(struct load_client *client)
{
	if (client->phase != LOAD_CONNECT)
		return;
	client->settled++;
	dial_more(client);
	if (client->settled == client->connections)
		enter(client, LOAD_PREPARE);
}

static void on_opened(struct ix_connection *connection, int status)
{
	struct load_connection *lc = ix_connection_context(connection);
	struct load_client *client = lc->client;

	if (client->phase != LOAD_CONNECT) {
		if (!status)
			ix_abort(connection); /* it comes too late, and has been counted as failed */
		return;
	}
	if (status) {
		client->failed_connections++;
	} else {
		lc->connection = connection;
		client->open++;
	}
	settled(client);
}

/* The histogram takes many at once for little more than one. */
void load_client_flush(struct load_client *client)
{
	estimator_add(client->latency, client->latency_us, client->latencies);
	client->latencies = 0;
}

static void add_latency(struct load_client *client, uint64_t latency_ns)
{
	client->latency_us[client->latencies++] = 1e-3 * (double)latency_ns;
	if (client->latencies == LOAD_LATENCIES)
		load_client_flush(client);
}

static void reply_done(struct load_connection *lc, uint64_t now_ns)
{
	struct load_client *client = lc->client;
	const struct load_request *request = &lc->in_flight[lc->first];

	if (request->counted) {
		add_latency(client, now_ns - request->due_ns);
		client->counted++;
		client->last_reply_ns = now_ns;
	}
	client->replied++;
	atomic_store_explicit(&client->progress, client->replied, memory_order_relaxed);
	if (++lc->first == client->shared->config.depth)
		lc->first = 0;
	lc->count--;
	client->sent--;
	lc->taken = lc->body = 0;
	lc->phase = lc->line_length = 0;
	next_request(client, lc, now_ns);
}

/* Bytes that came at @now_ns. 0, or -1: they are not what was to come. */
static int take_in(struct load_connection *lc, const uint8_t *data, size_t length, uint64_t now_ns)
{
	const struct load_protocol *protocol = lc->client->shared->config.protocol;

	while (length) {
		bool done = false;
		ptrdiff_t n = lc->count ? protocol->reply(lc, &lc->in_flight[lc->first], data, length, &done) : -1;

		if (n < 0)
			return -1;
		data += n;
		length -= (size_t)n;
		if (done)
			reply_done(lc, now_ns);
		if (!lc->connection)
			return 0;
	}
	return 0;
}

static void check_drained(struct load_client *client)
{
	if (client->phase == LOAD_DRAIN && in_flight(client) == 0)
		finish(client);
	else if (client->phase == LOAD_PREPARE && in_flight(client) == 0)
		enter(client, LOAD_RUN);
}

static void on_received(struct ix_connection *connection)
{
	struct load_connection *lc = ix_connection_context(connection);
	struct load_client *client = lc->client;
	uint64_t now_ns = load_now_ns();
	struct ix_view view;

	while (client->phase != LOAD_DONE && ix_read_take(connection, &view)) {
		int wrong = take_in(lc, view.data, view.length, now_ns);

		ix_read_done(connection, &view);
		if (wrong) {
			client->wrong++;
			ix_abort(connection);
			break;
		}
	}
	if (client->phase == LOAD_DRAIN || client->phase == LOAD_PREPARE)
		check_drained(client);
}

static void on_ended(struct ix_connection *connection)
{
	ix_close(connection);
}

static void on_closed(struct ix_connection *connection, int reason)
{
	struct load_connection *lc = ix_connection_context(connection);
	struct load_client *client = lc->client;

	if (!lc->connection)
		return;
	lc->connection = NULL;
	if (client->phase == LOAD_DONE)
		return;
	client->failed_connections++;
	client->lost += lc->count;
	client->sent -= lc->count;
	lc->count = 0;
	if (--client->open == 0 && client->phase != LOAD_CONNECT)
		finish(client);
	else
		check_drained(client);
}

static const struct ix_handler handler = {
    .opened = on_opened, .received = on_received, .ended = on_ended, .closed = on_closed};

static void dial_more(struct load_client *client)
{
	const struct load_config *config = &client->shared->config;

	while (client->dialed < client->connections && client->dialed - client->settled < DIALS_AT_A_TIME) {
		uint16_t port = (uint16_t)(config->port + client->dialed % config->ports);
		struct load_connection *lc = &client->connection[client->dialed++];

		if (!ix_dial(client->runtime, config->address, port, &handler, lc)) {
			client->failed_connections++;
			client->settled++;
		}
	}
}

/* Thread @thread's part of @total. */
static uint64_t share(uint64_t total, unsigned thread, unsigned threads)
{
	return total / threads + (thread < total % threads);
}

static int client_memory(struct load_client *client)
{
	const struct load_config *config = &client->shared->config;
	struct load_request *rings = calloc(client->connections * config->depth, sizeof(*rings));

	client->connection = calloc(client->connections, sizeof(*client->connection));
	client->scratch = calloc(1, config->size + 512);
	client->latency = estimator_create(0, LOAD_CONFIDENCE);
	client->lag = estimator_create(0, LOAD_CONFIDENCE);
	if (!client->connection || !rings) {
		free(rings);
		return -1;
	}
	for (uint32_t i = 0; i < client->connections; i++)
		client->connection[i] =
		    (struct load_connection){.client = client, .in_flight = rings + i * config->depth};
	return client->scratch && client->latency && client->lag ? 0 : -1;
}

struct load_client *load_client_create(struct load_shared *shared, struct ix_runtime *runtime, unsigned thread)
{
	const struct load_config *config = &shared->config;
	struct load_client *client = calloc(1, sizeof(*client));

	if (!client)
		return NULL;
	client->shared = shared;
	client->runtime = runtime;
	client->thread = thread;
	client->connections = (uint32_t)share(config->connections, thread, shared->threads);
	client->quota = share(config->requests, thread, shared->threads);
	client->prepare_next = thread;
	if (config->rate_rps > 0)
		client->gap_ns = 1e9 * shared->threads / config->rate_rps;
	rng_init(&client->arrival, config->seed, RNG_ARRIVAL, thread);
	rng_init(&client->assignment, config->seed, RNG_ASSIGNMENT, thread);
	rng_init(&client->service, config->seed, RNG_SERVICE, thread);
	rng_init(&client->mix, config->seed, RNG_PLACEMENT, thread);
	client->arrival_timer.fire = on_arrivals;
	client->phase_timer.fire = on_phase_end;
	if (client_memory(client) || ix_timeout_set(runtime, &client->phase_timer, ns(config->timeout_s))) {
		load_client_destroy(client);
		return NULL;
	}
	dial_more(client);
	return client;
}

void load_client_destroy(struct load_client *client)
{
	if (!client)
		return;
	if (client->connection)
		free(client->connection[0].in_flight);
	free(client->connection);
	free(client->due);
	free(client->scratch);
	estimator_destroy(client->latency);
	estimator_destroy(client->lag);
	free(client);
}

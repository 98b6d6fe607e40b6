/*
 * The packet level: real TCP (impl/tcp) on simulated machines, over wires that lose, duplicate, reorder and corrupt.
 * Clients open connections and send messages that the server echoes; every byte is checked at both ends.
 */
#include "impl/tcp/tcp.h"
#include "sim/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PORT        4000
#define CONNECTIONS 40u /* of each client */
#define CLIENTS     3u
#define MESSAGES    20u
#define MESSAGE     3000u
#define PERIOD      251u /* of the bytes of a stream */
#define PATTERN     (2 * PERIOD + MESSAGE)
#define SG_BYTES    (4096u * sizeof(struct ix_sg))
#define NS_PER_S    1000000000ull

/* One end of a connection: how far each direction has come. */
struct end {
	ix_handle handle;
	uint64_t received, sent, allowed; /* bytes; allowed: that may have been sent by now */
	int dead;
};

struct application {
	struct sim_host *host;
	uint64_t wrong_bytes;
	struct end end[CLIENTS * CONNECTIONS];
	unsigned ends;
	unsigned finished, dead;
	int is_server;
};

static struct sim_engine engine;
static struct sim_pool pool;
static struct sim_network network;
static struct application application[CLIENTS + 1];

static struct ix_call *next_call(struct ix_thread *thread, enum ix_call_type type, ix_handle handle)
{
	struct ix_call *call = &thread->calls[thread->call_count++];

	assert_true(thread->call_count <= thread->dataplane->options.calls);
	memset(call, 0, sizeof(*call));
	call->type = type;
	call->handle = handle;
	return call;
}

/* Sends what is allowed and not yet sent, from the pattern in the application's pool; the entry says how much. */
static void send_more(struct application *a, struct ix_thread *thread, struct end *end)
{
	uint64_t entry = (uint64_t)thread->id * SG_BYTES + thread->call_count * sizeof(struct ix_sg);
	uint64_t pattern = (uint64_t)thread->dataplane->options.threads * SG_BYTES;
	uint64_t left = end->allowed - end->sent;
	struct ix_call *call;
	struct ix_sg *sg;

	if (!left || end->dead)
		return;
	sg = (struct ix_sg *)(void *)(a->host->machine.application_pool + entry);
	sg->buffer = pattern + end->sent % PERIOD;
	sg->length = (uint32_t)(left < MESSAGE ? left : MESSAGE);
	call = next_call(thread, IX_CALL_SENDV, end->handle);
	call->buffer = entry;
	call->count = 1;
	call->cookie = (ix_cookie)(end - a->end) + 1;
}

/* SENDV answers in place how much it took: looked up when the next user phase begins. */
static void take_results(struct application *a, const struct ix_thread *thread, const unsigned *calls)
{
	for (unsigned i = 0; i < calls[thread->id]; i++) {
		const struct ix_call *call = &thread->calls[i];

		if (call->type == IX_CALL_SENDV && call->result > 0)
			a->end[call->cookie - 1].sent += (uint64_t)call->result;
	}
}

static void receive(struct application *a, struct ix_thread *thread, const struct ix_event *event, struct end *end)
{
	const uint8_t *bytes = ix_buffer_memory(thread->dataplane, event->buffer, event->length);
	struct ix_call *call = next_call(thread, IX_CALL_RECV_DONE, event->handle);

	assert_non_null(bytes);
	for (uint32_t i = 0; i < event->length; i++)
		a->wrong_bytes += bytes[i] != (end->received + i) % PERIOD;
	end->received += event->length;
	call->buffer = event->buffer;
	call->length = event->length;
	if (a->is_server)
		end->allowed = end->received;
	else if (end->received == end->allowed && end->received < MESSAGES * MESSAGE)
		end->allowed += MESSAGE;
	else if (end->received == MESSAGES * MESSAGE)
		next_call(thread, IX_CALL_CLOSE, event->handle);
	a->finished += end->received == MESSAGES * MESSAGE;
}

static void handle_event(struct application *a, struct ix_thread *thread, const struct ix_event *event)
{
	static struct end nobody; /* of a knock: it has no cookie yet */
	struct end *end = event->cookie ? &a->end[event->cookie - 1] : &nobody;

	switch (event->type) {
	case IX_EVENT_KNOCK:
		end = &a->end[a->ends++];
		end->handle = event->handle;
		next_call(thread, IX_CALL_ACCEPT, event->handle)->cookie = a->ends;
		break;
	case IX_EVENT_CONNECTED:
		assert_int_equal(event->status, 0);
		end->handle = event->handle;
		end->allowed = MESSAGE;
		break;
	case IX_EVENT_RECV:
		assert_true(event->cookie > 0);
		receive(a, thread, event, end);
		break;
	case IX_EVENT_EOF:
		next_call(thread, IX_CALL_CLOSE, event->handle);
		break;
	case IX_EVENT_DEAD:
		assert_int_equal(event->status, IX_DEAD_CLOSED);
		end->dead = 1;
		a->dead++;
		break;
	default:
		break;
	}
}

static uint64_t run(void *context, struct ix_thread *thread, uint64_t start_ns)
{
	static unsigned calls[CLIENTS + 1][IX_THREADS_MAX]; /* of the user phase before */
	struct application *a = context;
	unsigned *last = calls[a - application];

	take_results(a, thread, last);
	for (unsigned i = 0; i < thread->event_count; i++)
		handle_event(a, thread, &thread->events[i]);
	for (unsigned i = 0; i < thread->event_count; i++) {
		const struct ix_event *event = &thread->events[i];
		int again = 0; /* one SENDV a cycle and connection: its result must be known before the next */

		for (unsigned j = 0; j < i; j++)
			again |= thread->events[j].cookie == event->cookie;
		if (event->cookie && !again)
			send_more(a, thread, &a->end[event->cookie - 1]);
	}
	last[thread->id] = thread->call_count;
	return 500ull * thread->event_count;
}

static void add_host(unsigned number, unsigned cores, const struct sim_wire_options *wire)
{
	struct ix_tcp_options tcp = ix_tcp_options_default;
	struct sim_machine_options options = {.core = ix_options_default, .costs = sim_costs_zero, .run = run};
	struct application *a = &application[number];
	const uint8_t mac[6] = {2, 0, 0, 0, 0, (uint8_t)(number + 1)};

	tcp.ip = 0x0a000001 + number;
	memcpy(tcp.mac, mac, sizeof(mac));
	tcp.listen_ports = number == 0;
	tcp.listen_port[0] = PORT;
	tcp.check_checksums = tcp.generate_checksums = 1;
	tcp.rto_min_ns = tcp.rto_initial_ns = 2000000;
	tcp.rto_max_ns = 100000000;
	tcp.time_wait_ns = 50000000;
	tcp.syn_retries = tcp.retries = 30;
	tcp.arp_retry_ns = 5000000;
	tcp.arp_lifetime_ns = 100000000; /* ARP has no checksum: what a flipped bit did to an entry passes */
	tcp.secret[0] = number + 1;
	options.core.threads = cores;
	options.core.stack = &ix_stack_tcp;
	options.core.stack_options = &tcp;
	options.costs.detect_ns = 100;
	options.costs.ns[SIM_COST_RECEIVE] = 400;
	options.costs.ns[SIM_COST_TRANSMIT] = 300;
	options.costs.rx_descriptors = 512;
	options.context = a;
	options.application_bytes = cores * SG_BYTES + PATTERN;
	a->is_server = number == 0;
	assert_int_equal(sim_network_add(&network, &options, mac, wire, 3, 0, &a->host), 0);
	for (unsigned i = 0; i < PATTERN; i++)
		a->host->machine.application_pool[cores * SG_BYTES + i] = (uint8_t)(i % PERIOD);
}

/* Calls that stand when the machine starts: nothing has happened yet that the application could answer. */
static void connect_all(struct application *client)
{
	struct ix_dataplane *dataplane = client->host->machine.dataplane;

	for (unsigned i = 0; i < CONNECTIONS; i++) {
		struct ix_thread *thread = &dataplane->thread[i % dataplane->options.threads];
		struct ix_call *call = next_call(thread, IX_CALL_CONNECT, 0);

		call->cookie = ++client->ends;
		call->ip = 0x0a000001;
		call->port = PORT;
	}
}

static void echo_over(const struct sim_wire_options *wire)
{
	memset(application, 0, sizeof(application));
	assert_int_equal(sim_engine_init(&engine, 16), 0);
	assert_int_equal(sim_pool_init(&pool, 65536, SIM_FRAME_BYTES), 0);
	sim_network_init(&network, &engine, &pool);
	add_host(0, 4, wire);
	for (unsigned i = 1; i <= CLIENTS; i++) {
		add_host(i, i, wire);
		connect_all(&application[i]);
	}
	assert_int_equal(sim_run(&engine, 20 * NS_PER_S), 0);
	for (unsigned i = 1; i <= CLIENTS; i++) {
		assert_int_equal(application[i].finished, CONNECTIONS);
		assert_int_equal(application[i].dead, CONNECTIONS);
		assert_int_equal(application[i].wrong_bytes, 0);
	}
	assert_int_equal(application[0].ends, CLIENTS * CONNECTIONS);
	assert_int_equal(application[0].finished, CLIENTS * CONNECTIONS);
	assert_int_equal(application[0].dead, CLIENTS * CONNECTIONS);
	assert_int_equal(application[0].wrong_bytes, 0);
}

static void stop(void)
{
	sim_network_fini(&network);
	assert_int_equal(pool.used, 0);
	sim_pool_fini(&pool);
	sim_engine_fini(&engine);
}

static uint64_t retransmits(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < network.hosts; i++)
		for (unsigned t = 0; t < network.host[i]->machine.options.core.threads; t++) {
			const struct ix_tcp_counters *c =
			    ix_tcp_counters(&network.host[i]->machine.dataplane->thread[t]);

			sum += c->retransmits_timeout + c->retransmits_fast;
		}
	return sum;
}

static void test_echo_over_clean_wires(void **state)
{
	echo_over(&(struct sim_wire_options){.bandwidth_bps = 10000000000, .delay_ns = 2000});
	assert_int_equal(retransmits(), 0);
	assert_int_equal(network.unknown, 0);
	for (unsigned t = 0; t < 4; t++) /* the hash spreads the connections over the server's cores */
		assert_true(sim_machine_totals(&application[0].host->machine, t).processed > 500);
	stop();
}

static void test_echo_over_wires_that_do_everything_wrong(void **state)
{
	echo_over(&(struct sim_wire_options){.bandwidth_bps = 10000000000,
					     .delay_ns = 2000,
					     .loss = 0.02,
					     .duplicate = 0.01,
					     .reorder = 0.02,
					     .reorder_ns = 20000,
					     .corrupt = 0.001});
	assert_true(retransmits() > 50);
	assert_true(application[0].host->down.totals.lost > 50);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_echo_over_clean_wires),
	    cmocka_unit_test(test_echo_over_wires_that_do_everything_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The clients of the system level, against every kind of host: what they send when, and what the wire makes of it. */
#include "sim/segment.h"
#include "tests/unit/sim/system_run.h"

#include <stdlib.h>
#include <string.h>

static void assert_near(double value, double expected, double relative)
{
	if (!(fabs(value - expected) <= relative * fabs(expected)))
		fail_msg("%.9g is not within %g of %.9g", value, relative, expected);
}

static struct sim_system_totals difference(const struct sim_system_totals *end, const struct sim_system_totals *start)
{
	struct sim_system_totals d = *end;

	d.now_ns -= start->now_ns;
	d.replies -= start->replies;
	d.in_system_integral_ns -= start->in_system_integral_ns;
	d.latency_sum_ns -= start->latency_sum_ns;
	d.to_server_busy_ns -= start->to_server_busy_ns;
	d.to_clients_busy_ns -= start->to_clients_busy_ns;
	return d;
}

/* Frames by hand: 14 + 20 + 20 bytes of headers, at least 60 together, then preamble 8, check sequence 4, gap 12. */
static void test_segments_by_hand(void **state)
{
	assert_int_equal(sim_message_wire_bytes(64), 64 + 54 + 24);
	assert_int_equal(sim_message_wire_bytes(1), 60 + 24);
	assert_int_equal(sim_message_wire_bytes(1460), 1538);
	assert_int_equal(sim_segments(1460), 1);
	assert_int_equal(sim_segments(1461), 2);
	assert_int_equal(sim_message_wire_bytes(1461), 1538 + 84);
	assert_int_equal(sim_message_wire_bytes(5000), 3 * 1538 + 620 + 54 + 24);
}

/* A closed loop over @links of 10 Gb/s, where nothing else takes time. @bytes: of wire time per request in the busier
 * direction, counted by hand. */
static void check_line_rate(struct sim_system_options *o, double bytes)
{
	struct sim_system *system;
	struct sim_system_totals start, end, d;
	double line_rps = o->wire_links * 10e9 / 8 / bytes;

	o->closed = o->connections;
	o->mean_ns = 1;
	o->costs.wire_bandwidth_gbps = 10;
	o->costs.wire_delay_ns = 1000;
	system = system_create(o);
	assert_int_equal(sim_system_run(system, 20000, NULL, NULL), 0);
	sim_system_totals(system, &start);
	assert_int_equal(sim_system_run(system, 200000, NULL, NULL), 0);
	sim_system_totals(system, &end);
	d = difference(&end, &start);
	/* What is under way may be so at one end of the measurement and not at the other. */
	assert_near((double)d.replies * 1e9 / (double)d.now_ns, line_rps, o->connections / 200000.0 + 1e-5);
	assert_near(fmax(d.to_server_busy_ns, d.to_clients_busy_ns), (double)d.now_ns, 2e-3);
	sim_system_destroy(system);
}

static void test_wires_are_used_up_to_line_rate(void **state)
{
	struct dist service;

	for (size_t i = 0; sim_host_kinds[i]; i++) {
		struct sim_system_options o = system_options(4, 0.5, &service, "det");

		o.kind = sim_host_kinds[i];
		o.connections = 512;
		check_line_rate(&o, 142); /* 8.80 M requests per second */
		o.acks = 0.5;
		check_line_rate(&o, 142 + 0.5 * 84);
		o.acks = 0;
		o.messages_per_connection = 1; /* SYN with options, ACK, request, ACK of the reply, RST */
		check_line_rate(&o, 98 + 84 + 142 + 84 + 84);
		o.messages_per_connection = 4;
		check_line_rate(&o, (98 + 84 + 4 * 142 + 84 + 84) / 4.0);
		o.messages_per_connection = 0;
		o.wire_links = 4;
		check_line_rate(&o, 142);
		o.reply_bytes = 5000;
		check_line_rate(&o, 3 * 1538 + 698);
	}
}

/* What became of the first requests of a run. */
#define RECORDS_PER_CONNECTION 64

struct records {
	unsigned connections;
	struct sim_request *request; /* [connection * RECORDS_PER_CONNECTION + sequence]; intended_ns 0: none */
	uint64_t *latency_ns;
};

static void record(void *context, const struct sim_request *request, uint64_t now_ns)
{
	struct records *records = context;
	size_t at = (size_t)request->connection * RECORDS_PER_CONNECTION + request->sequence;

	if (request->sequence >= RECORDS_PER_CONNECTION)
		return;
	records->request[at] = *request;
	records->latency_ns[at] = now_ns - request->intended_ns;
}

static struct records run_records(const struct sim_system_options *o, uint64_t replies)
{
	size_t count = (size_t)o->connections * RECORDS_PER_CONNECTION;
	struct records records = {o->connections, calloc(count, sizeof(*records.request)),
				  calloc(count, sizeof(*records.latency_ns))};
	struct sim_system *system = system_create(o);

	assert_non_null(records.request);
	assert_non_null(records.latency_ns);
	sim_system_observe(system, record, &records);
	assert_int_equal(sim_system_run(system, replies, NULL, NULL), 0);
	sim_system_destroy(system);
	return records;
}

static void free_records(struct records *records)
{
	free(records->request);
	free(records->latency_ns);
}

/* Request by request: meant to be sent at the same time, on the same connection, with the same service time. */
static void assert_same_requests(const struct records *a, const struct records *b, size_t least)
{
	size_t compared = 0;

	for (size_t i = 0; i < (size_t)a->connections * RECORDS_PER_CONNECTION; i++) {
		if (!a->request[i].intended_ns || !b->request[i].intended_ns)
			continue;
		assert_int_equal(a->request[i].intended_ns, b->request[i].intended_ns);
		assert_int_equal(a->request[i].service_ns, b->request[i].service_ns);
		assert_int_equal(a->request[i].request_wire_bytes, b->request[i].request_wire_bytes);
		compared++;
	}
	assert_true(compared >= least);
}

static void test_all_kinds_face_the_same_requests(void **state)
{
	struct dist service;
	struct sim_system_options o = system_options(4, 0.6, &service, "exp");
	struct records first;

	o.acks = 0.3;
	o.in_flight = 2;
	first = run_records(&o, 5000);
	for (size_t i = 0; sim_host_kinds[i]; i++) {
		struct records other;

		o.kind = sim_host_kinds[i];
		o.costs.wire_delay_ns = 1000 * (double)i;
		other = run_records(&o, 5000);
		assert_same_requests(&first, &other, 4900);
		free_records(&other);
	}
	free_records(&first);
}

/* At most @limit requests of a connection are on their way: each is sent after the reply that many before it. */
struct flight {
	unsigned limit;
	uint64_t *replied_ns; /* [connection * limit + count % limit] */
	uint64_t *count;
	uint64_t waited;
};

static void check_flight(void *context, const struct sim_request *request, uint64_t now_ns)
{
	struct flight *flight = context;
	uint64_t *slot = &flight->replied_ns[(size_t)request->connection * flight->limit +
					     flight->count[request->connection]++ % flight->limit];

	assert_true(request->sent_ns >= request->intended_ns);
	assert_true(request->sent_ns >= *slot);
	flight->waited += request->sent_ns > request->intended_ns;
	*slot = now_ns;
}

static void test_requests_in_flight_stay_within_the_limit(void **state)
{
	static const unsigned limits[] = {1, 4};
	struct dist service;

	for (size_t i = 0; sim_host_kinds[i]; i++)
		for (size_t l = 0; l < sizeof(limits) / sizeof(limits[0]); l++) {
			struct sim_system_options o = system_options(4, 0.95, &service, "exp");
			struct flight flight = {limits[l], calloc(16 * limits[l], sizeof(uint64_t)),
						calloc(16, sizeof(uint64_t)), 0};
			struct sim_system_totals t;
			struct sim_system *system;

			o.kind = sim_host_kinds[i];
			o.connections = 16;
			o.in_flight = limits[l];
			o.costs.wire_delay_ns = 2000;
			system = system_create(&o);
			sim_system_observe(system, check_flight, &flight);
			assert_int_equal(sim_system_run(system, 50000, NULL, NULL), 0);
			sim_system_totals(system, &t);
			assert_true(flight.waited > 1000);
			assert_true(t.in_system <= (uint64_t)16 * limits[l]);
			assert_int_equal(t.arrivals, t.replies + t.in_system + t.waiting + t.dropped);
			/* Little's law holds for what waits at the clients, too. */
			assert_near(t.in_system_integral_ns, t.latency_sum_ns, 1e-2);
			sim_system_destroy(system);
			free(flight.replied_ns);
			free(flight.count);
		}
}

/* On one connection it does not matter whether the queue is at the client or at the server, and latency counts both. */
static void test_waiting_at_the_client_counts(void **state)
{
	struct dist service;
	struct sim_system_options o = system_options(1, 0.8, &service, "exp");
	struct records at_server, at_client;
	uint64_t waited_ns = 0;

	o.connections = 1;
	o.batch_bound = 1;
	at_server = run_records(&o, 1000);
	o.in_flight = 1;
	at_client = run_records(&o, 1000);
	for (size_t i = 0; i < RECORDS_PER_CONNECTION; i++) {
		assert_int_equal(at_client.latency_ns[i], at_server.latency_ns[i]);
		waited_ns += at_client.request[i].sent_ns - at_client.request[i].intended_ns;
		assert_int_equal(at_server.request[i].sent_ns, at_server.request[i].intended_ns);
	}
	assert_true(waited_ns > 0);
	free_records(&at_server);
	free_records(&at_client);
}

static void test_clients_give_up_what_cannot_wait(void **state)
{
	struct dist service;
	struct sim_system_options o = system_options(1, 0.5, &service, "det");
	struct sim_system_totals t;

	o.connections = 1;
	o.in_flight = 1;
	o.rate_rps = 1e8; /* a thousand times too much */
	t = system_run(&o, 1500, NULL);
	assert_in_range(t.waiting, SIM_LOAD_WAITING_MAX - 1, SIM_LOAD_WAITING_MAX); /* a reply lets one go */
	assert_true(t.dropped > 400000);
	assert_int_equal(t.arrivals, t.replies + t.in_system + t.waiting + t.dropped);
}

/* Clients times 1 = throughput times (latency + think time). */
static void test_closed_loop_law(void **state)
{
	static const double think_us[] = {0, 35};
	struct dist service;

	for (size_t i = 0; sim_host_kinds[i]; i++)
		for (size_t k = 0; k < 2; k++) {
			struct sim_system_options o = system_options(4, 0, &service, "exp");
			struct sim_system_totals start, end, d;
			struct sim_system *system;

			o.kind = sim_host_kinds[i];
			o.closed = 24;
			o.think_ns = 1e3 * think_us[k];
			o.costs.wire_delay_ns = 3000;
			system = system_create(&o);
			assert_int_equal(sim_system_run(system, 5000, NULL, NULL), 0);
			sim_system_totals(system, &start);
			assert_int_equal(sim_system_run(system, 200000, NULL, NULL), 0);
			sim_system_totals(system, &end);
			d = difference(&end, &start);
			assert_true(end.in_system <= 24);
			assert_int_equal(end.arrivals, end.replies + end.in_system);
			assert_near((double)d.replies / (double)d.now_ns *
					(d.latency_sum_ns / (double)d.replies + o.think_ns),
				    24, 1e-3);
			sim_system_destroy(system);
		}
}

/* Each client has its own connections, and uses them in turn. */
static void check_turn(void *context, const struct sim_request *request, uint64_t now_ns)
{
	uint32_t *last = context; /* of each client, its connection */
	uint32_t client = request->connection % 5, next = last[client] + 5;

	if (last[client] != UINT32_MAX)
		assert_int_equal(request->connection, next < 128 ? next : client);
	last[client] = request->connection;
}

static void test_closed_clients_use_their_connections_in_turn(void **state)
{
	uint32_t last[5] = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
	struct dist service;
	struct sim_system_options o = system_options(4, 0, &service, "exp");
	struct sim_system *system;

	o.closed = 5;
	system = system_create(&o);
	sim_system_observe(system, check_turn, last);
	assert_int_equal(sim_system_run(system, 10000, NULL, NULL), 0);
	sim_system_destroy(system);
}

/* 40,000 clients face a ring of 64 and the 32,768 packets that software keeps behind it: what it drops comes again, and no client is lost. */
static void test_closed_clients_send_again(void **state)
{
	struct dist service;
	struct sim_system_options o = system_options(1, 0, &service, "det");
	struct sim_system_totals t;

	o.connections = o.closed = 40000;
	o.mean_ns = 100000;
	o.think_ns = 1e6;
	o.costs.rx_descriptors = 64;
	o.batch_bound = 1;
	o.request_bytes = o.reply_bytes = 1;
	t = system_run(&o, 80000, NULL);
	assert_true(t.resent > 0);
	assert_int_equal(t.dropped, 0);
	assert_int_equal(t.arrivals, t.replies + t.in_system);
}

static void test_wrong_options_are_refused(void **state)
{
	struct dist service;
	const struct sim_system_options good = system_options(4, 0.5, &service, "exp");
	struct sim_system_options o[12];
	char error[128];

	for (size_t i = 0; i < sizeof(o) / sizeof(o[0]); i++)
		o[i] = good;
	o[0].kind = NULL;
	o[1].threads_per_core = 3;
	o[2].wire_links = SIM_SYSTEM_WIRE_LINKS_MAX + 1;
	o[3].closed = good.connections + 1;
	o[4].think_ns = -1;
	o[5].in_flight = SIM_SYSTEM_IN_FLIGHT_MAX + 1;
	o[6].in_flight = o[6].closed = 1;
	o[7].request_bytes = 0;
	o[8].reply_bytes = SIM_SYSTEM_BYTES_MAX + 1;
	o[9].acks = NAN;
	o[10].messages_per_connection = SIM_SYSTEM_MESSAGES_MAX + 1;
	o[11].wire_links = 0;
	for (size_t i = 0; i < sizeof(o) / sizeof(o[0]); i++) {
		error[0] = '\0';
		assert_null(sim_system_create(&o[i], error, sizeof(error)));
		assert_true(error[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_segments_by_hand),
	    cmocka_unit_test(test_wires_are_used_up_to_line_rate),
	    cmocka_unit_test(test_all_kinds_face_the_same_requests),
	    cmocka_unit_test(test_requests_in_flight_stay_within_the_limit),
	    cmocka_unit_test(test_waiting_at_the_client_counts),
	    cmocka_unit_test(test_clients_give_up_what_cannot_wait),
	    cmocka_unit_test(test_closed_loop_law),
	    cmocka_unit_test(test_closed_clients_use_their_connections_in_turn),
	    cmocka_unit_test(test_closed_clients_send_again),
	    cmocka_unit_test(test_wrong_options_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

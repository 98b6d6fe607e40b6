/*
 * The packet level's own instruments: the bytes that are checked, the order that is looked at, the frames that are
 * counted, and what each scenario does when nothing goes wrong.
 */
#include "sim/packet_world.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct sim_packet_options echo_options(void)
{
	return (struct sim_packet_options){.scenario = SIM_PACKET_ECHO,
					   .connections = 20,
					   .clients = 2,
					   .cores = 3,
					   .batch_bound = 64,
					   .message_bytes = 3001,
					   .requests = 1000,
					   .depth = 2,
					   .rto_min_ns = 1000000,
					   .costs = sim_costs_zero,
					   .seed = 7};
}

static struct sim_packet *create(const struct sim_packet_options *options)
{
	char error[128];
	struct sim_packet *packet = sim_packet_create(options, error, sizeof(error));

	assert_non_null(packet);
	return packet;
}

static void run_to_end(struct sim_packet *packet)
{
	enum sim_packet_phase phase;

	do
		phase = sim_packet_run(packet, UINT64_MAX / 2, NULL, NULL);
	while (phase < SIM_PACKET_FINISHED);
	assert_string_equal(sim_packet_error(packet), "");
	assert_int_equal(phase, SIM_PACKET_FINISHED);
}

static struct sim_packet_totals outcome_of(const struct sim_packet_options *options)
{
	struct sim_packet *packet = create(options);
	struct sim_packet_totals totals;

	run_to_end(packet);
	sim_packet_totals(packet, &totals);
	sim_packet_destroy(packet);
	assert_int_equal(totals.corrupted_bytes, 0);
	assert_int_equal(totals.out_of_order_bytes, 0);
	assert_int_equal(totals.connections_lost, 0);
	assert_int_equal(totals.abandoned, 0);
	assert_int_equal(totals.assertions, 0);
	assert_int_equal(
	    totals.leaked_connections + totals.leaked_objects + totals.leaked_packets + totals.leaked_timers, 0);
	assert_int_equal(sim_packet_balance(&totals.frames), 0);
	return totals;
}

static void test_bytes_depend_on_connection_direction_and_position(void **state)
{
	uint8_t whole[200], part[200];

	packet_fill(packet_key(5, 0), 1000, whole, sizeof(whole));
	for (size_t from = 0; from < 24; from++)
		for (size_t n = 0; n < 40; n++) {
			packet_fill(packet_key(5, 0), 1000 + from, part, n);
			assert_memory_equal(part, whole + from, n);
			assert_int_equal(packet_wrong(packet_key(5, 0), 1000 + from, whole + from, n), 0);
		}
	assert_true(packet_wrong(packet_key(5, 1), 1000, whole, sizeof(whole)) > 190);
	assert_true(packet_wrong(packet_key(6, 0), 1000, whole, sizeof(whole)) > 190);
	assert_true(packet_wrong(packet_key(5, 0), 1001, whole, sizeof(whole)) > 190);
}

static void test_every_wrong_byte_is_seen(void **state)
{
	uint8_t bytes[64];

	for (uint64_t position = 0; position < 9; position++)
		for (size_t at = 0; at < sizeof(bytes); at++) {
			packet_fill(packet_key(1, 1), position, bytes, sizeof(bytes));
			bytes[at] ^= 0x10;
			assert_int_equal(packet_wrong(packet_key(1, 1), position, bytes, sizeof(bytes)), 1);
			bytes[at / 2] ^= (uint8_t)(at / 2 == at ? 0 : 1);
			assert_int_equal(packet_wrong(packet_key(1, 1), position, bytes, sizeof(bytes)),
					 at / 2 == at ? 1 : 2);
		}
}

static void test_displaced_bytes_are_out_of_order_and_others_corrupted(void **state)
{
	struct sim_packet *world = calloc(1, sizeof(*world));
	struct packet_end end = {.in_key = packet_key(3, 0), .received = 5000};
	uint8_t bytes[100];

	assert_non_null(world);
	packet_fill(end.in_key, 5000, bytes, sizeof(bytes));
	packet_verify(world, &end, bytes, sizeof(bytes));
	assert_int_equal(world->totals.corrupted_bytes + world->totals.out_of_order_bytes, 0);
	packet_fill(end.in_key, 6560, bytes, sizeof(bytes)); /* a segment that overtook another */
	packet_verify(world, &end, bytes, sizeof(bytes));
	assert_int_equal(world->totals.out_of_order_bytes, 100);
	packet_fill(packet_key(4, 0), 5200, bytes, sizeof(bytes)); /* another connection's */
	packet_verify(world, &end, bytes, sizeof(bytes));
	assert_int_equal(world->totals.out_of_order_bytes, 100);
	assert_true(world->totals.corrupted_bytes > 95);
	assert_int_equal(world->totals.bytes_delivered, 300);
	free(world);
}

/* What NIC and stack number would differ if a packet overtook another: here the stack's numbers are put forward. */
static void test_a_change_of_order_before_the_stack_is_seen(void **state)
{
	struct sim_packet_options options = echo_options();
	struct sim_packet *packet = create(&options);
	struct sim_packet_totals totals;

	for (unsigned i = 0; i < IX_RSS_GROUPS_MAX; i++)
		packet->host[0].next_number[i] = 2;
	run_to_end(packet);
	sim_packet_totals(packet, &totals);
	assert_true(totals.reordered_by_migration >= 2);
	assert_int_equal(totals.dropped_by_migration, 0);
	packet->host[0].processed -= 3; /* and if three of them never came */
	sim_packet_totals(packet, &totals);
	assert_int_equal(totals.dropped_by_migration, 3);
	assert_int_equal(sim_packet_balance(&totals.frames), 3);
	sim_packet_destroy(packet);
}

static void test_echo_delivers_each_byte_both_ways(void **state)
{
	struct sim_packet_options options = echo_options();
	struct sim_packet_totals totals = outcome_of(&options);

	assert_int_equal(totals.messages, 1000);
	assert_int_equal(totals.bytes_delivered, 2 * 1000 * 3001);
	assert_int_equal(totals.connections_opened, 20);
	assert_int_equal(totals.connections_closed, 20);
	assert_int_equal(totals.connections_peak, 20);
	assert_int_equal(totals.retransmits_timeout + totals.retransmits_fast, 0);
	assert_int_equal(totals.frames.lost + totals.frames.dropped_ring + totals.frames.dropped_switch, 0);
}

static void test_stream_delivers_one_way(void **state)
{
	struct sim_packet_options options = echo_options();
	struct sim_packet_totals totals;

	options.scenario = SIM_PACKET_STREAM;
	totals = outcome_of(&options);
	assert_int_equal(totals.messages, 1000);
	assert_int_equal(totals.bytes_delivered, 1000 * 3001);
	/* Nine tenths of the server's link, which takes 38 bytes of Ethernet and 40 of headers beside 1,460. */
	assert_true((double)totals.bytes_delivered * 8 / (double)(totals.end_ns - totals.begin_ns) > 8.5);
}

static void test_churn_opens_and_closes_all_the_time(void **state)
{
	struct sim_packet_options options = echo_options();
	struct sim_packet_totals totals;

	options.scenario = SIM_PACKET_CHURN;
	options.requests = 5000;
	totals = outcome_of(&options);
	assert_true(totals.messages >= 5000);
	assert_int_equal(totals.bytes_delivered, 2 * totals.messages * 3001);
	assert_int_equal(totals.connections_opened, totals.connections_closed + totals.connections_reset);
	assert_in_range(totals.connections_opened, 5000 / 5.5, 5000 / 3.7); /* 4.5 messages each */
	assert_in_range(totals.connections_reset, totals.connections_opened / 4, totals.connections_opened / 2);
	assert_int_equal(totals.connections_peak, 20);
}

static void test_incast_overflows_a_bounded_port_and_recovers(void **state)
{
	struct sim_packet_options options = echo_options();
	struct sim_packet_totals bounded, unbounded;

	options.scenario = SIM_PACKET_INCAST;
	options.connections = options.clients = 20;
	options.message_bytes = 20000;
	options.requests = 400;
	unbounded = outcome_of(&options);
	options.buffer_bytes = 65536;
	bounded = outcome_of(&options);
	assert_int_equal(unbounded.bytes_delivered, 400 * (20000 + PACKET_QUESTION));
	assert_int_equal(bounded.bytes_delivered, unbounded.bytes_delivered);
	assert_int_equal(unbounded.frames.dropped_switch, 0);
	assert_true(bounded.frames.dropped_switch > 20);
	assert_true(bounded.end_ns - bounded.begin_ns > unbounded.end_ns - unbounded.begin_ns);
}

static void test_connect_echoes_once_on_each_connection(void **state)
{
	struct sim_packet_options options = echo_options();
	struct sim_packet_totals totals;

	options.scenario = SIM_PACKET_CONNECT;
	options.connections = 3000;
	options.message_bytes = 64;
	totals = outcome_of(&options);
	assert_int_equal(totals.messages, 3000);
	assert_int_equal(totals.connections_peak, 3000);
	assert_int_equal(totals.bytes_delivered, 2 * 3000 * 64);
	if (!isnan(totals.bytes_per_connection)) /* not with a sanitizer's heap */
		assert_in_range(totals.bytes_per_connection, 100, 1024);
}

struct latencies {
	double sum_us, least_us;
	uint64_t count;
};

static int take(void *context, const double *latency_us, size_t n)
{
	struct latencies *l = context;

	for (size_t i = 0; i < n; i++) {
		l->sum_us += latency_us[i];
		l->least_us = latency_us[i] < l->least_us ? latency_us[i] : l->least_us;
	}
	l->count += n;
	return 0;
}

/* A message that nothing gets in the way of takes four wires of 2 us, and four times the serialization of its frame. */
static void test_open_loop_keeps_its_rate_and_the_wires_their_time(void **state)
{
	struct sim_packet_options options = echo_options();
	struct latencies latencies = {.least_us = 1e9};
	struct sim_packet_totals totals;
	struct sim_packet *packet;
	double frame_us = (64 + 54 + SIM_ETHERNET_OVERHEAD_BYTES) * 8 / 10e3, seconds;

	options.message_bytes = 64;
	options.requests = 40000;
	options.rate_rps = 200000;
	packet = create(&options);
	while (sim_packet_run(packet, 10000, take, &latencies) < SIM_PACKET_FINISHED)
		continue;
	sim_packet_totals(packet, &totals);
	sim_packet_destroy(packet);
	seconds = (double)(totals.end_ns - totals.begin_ns) / 1e9;
	assert_int_equal(latencies.count, 40000);
	assert_true(latencies.least_us > 8 + 4 * frame_us - 0.01 && latencies.least_us < 8 + 4 * frame_us + 0.01);
	/* Five standard errors of a Poisson count. */
	assert_true(40000 / seconds > 200000 * (1 - 5 / 200.0) && 40000 / seconds < 200000 * (1 + 5 / 200.0));
	assert_true(latencies.sum_us / 40000 < 10);
}

/* Little's law: in closed loop, as many as there are places are always under way. */
static void test_throughput_times_latency_is_what_is_under_way(void **state)
{
	struct sim_packet_options options = echo_options();
	struct latencies latencies = {.least_us = 1e9};
	struct sim_packet_totals totals;
	struct sim_packet *packet;
	double under_way;

	options.requests = 20000;
	options.costs.ns[SIM_COST_CYCLE] = 300;
	options.costs.ns[SIM_COST_RECEIVE] = 500;
	packet = create(&options);
	while (sim_packet_run(packet, 10000, take, &latencies) < SIM_PACKET_FINISHED)
		continue;
	sim_packet_totals(packet, &totals);
	sim_packet_destroy(packet);
	under_way = latencies.sum_us * 1e3 / (double)(totals.end_ns - totals.begin_ns);
	assert_true(under_way <= 40 && under_way > 40 * 0.99); /* less only while the last ones end */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bytes_depend_on_connection_direction_and_position),
	    cmocka_unit_test(test_every_wrong_byte_is_seen),
	    cmocka_unit_test(test_displaced_bytes_are_out_of_order_and_others_corrupted),
	    cmocka_unit_test(test_a_change_of_order_before_the_stack_is_seen),
	    cmocka_unit_test(test_echo_delivers_each_byte_both_ways),
	    cmocka_unit_test(test_stream_delivers_one_way),
	    cmocka_unit_test(test_churn_opens_and_closes_all_the_time),
	    cmocka_unit_test(test_incast_overflows_a_bounded_port_and_recovers),
	    cmocka_unit_test(test_connect_echoes_once_on_each_connection),
	    cmocka_unit_test(test_throughput_times_latency_is_what_is_under_way),
	    cmocka_unit_test(test_open_loop_keeps_its_rate_and_the_wires_their_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

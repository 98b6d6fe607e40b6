/*
 * TCP over wires that lose, reorder, duplicate and corrupt, while flow groups migrate: every byte once and in order, no
 * connection lost, nothing dropped or reordered by migration, nothing left behind, every frame accounted for. And a run
 * is a function of its options and seed.
 */
#include "sim/packet.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct sim_packet_options impaired(void)
{
	return (struct sim_packet_options){.scenario = SIM_PACKET_ECHO,
					   .connections = 1000,
					   .clients = 1,
					   .cores = 4,
					   .batch_bound = 64,
					   .message_bytes = 4000,
					   .requests = 5000,
					   .depth = 1,
					   .loss = 0.02,
					   .reorder = 0.02,
					   .duplicate = 0.01,
					   .corrupt = 0.001,
					   .rto_min_ns = 1000000,
					   .costs = sim_costs_zero,
					   .seed = 11};
}

static struct sim_packet_totals run(const struct sim_packet_options *options, struct sim_trace *trace)
{
	char error[128];
	struct sim_packet *packet = sim_packet_create(options, error, sizeof(error));
	struct sim_packet_totals totals;
	enum sim_packet_phase phase;

	assert_non_null(packet);
	sim_packet_trace(packet, trace);
	do { /* frames are accounted for at any time */
		phase = sim_packet_run(packet, 1000, NULL, NULL);
		sim_packet_totals(packet, &totals);
		assert_int_equal(sim_packet_balance(&totals.frames), 0);
		assert_int_equal(totals.dropped_by_migration, 0);
	} while (phase < SIM_PACKET_FINISHED);
	assert_string_equal(sim_packet_error(packet), "");
	sim_packet_totals(packet, &totals);
	sim_packet_destroy(packet);
	return totals;
}

static void assert_whole(const struct sim_packet_totals *totals)
{
	assert_int_equal(totals->corrupted_bytes, 0);
	assert_int_equal(totals->out_of_order_bytes, 0);
	assert_int_equal(totals->connections_lost, 0);
	assert_int_equal(totals->abandoned, 0);
	assert_int_equal(totals->dropped_by_migration, 0);
	assert_int_equal(totals->reordered_by_migration, 0);
	assert_int_equal(totals->assertions, 0);
	assert_int_equal(sim_packet_balance(&totals->frames), 0);
	assert_int_equal(totals->leaked_connections, 0);
	assert_int_equal(totals->leaked_objects, 0);
	assert_int_equal(totals->leaked_packets, 0);
	assert_int_equal(totals->leaked_timers, 0);
}

/* Is @count what a probability of @p makes of @n, within five standard deviations? */
static void assert_share(uint64_t count, double p, uint64_t n)
{
	double mean = p * (double)n, deviation = sqrt(mean * (1 - p));

	assert_true((double)count > mean - 5 * deviation && (double)count < mean + 5 * deviation);
}

static void test_every_byte_arrives_through_impaired_wires(void **state)
{
	struct sim_packet_options options = impaired();
	struct sim_packet_totals totals = run(&options, NULL);

	assert_whole(&totals);
	assert_int_equal(totals.bytes_delivered, 2ull * 5000 * 4000);
	assert_true(totals.retransmits_timeout + totals.retransmits_fast > 500);
	assert_share(totals.frames.lost, 0.02, totals.frames.sent);
	assert_share(totals.frames.duplicated, 0.01 * 0.98, totals.frames.sent);
	assert_true(totals.frames.corrupted > 10);
	assert_true(totals.refused > 10); /* checksums have found them */
}

static void test_every_byte_arrives_while_groups_migrate(void **state)
{
	struct sim_packet_options options = impaired();
	struct sim_packet_totals totals;

	options.migrate_every_ns = 1000000;
	totals = run(&options, NULL);
	assert_whole(&totals);
	assert_int_equal(totals.bytes_delivered, 2ull * 5000 * 4000);
	assert_true(totals.migrations >= 20);
}

/* As fast as they finish, with loss and without: thousands, of one to all groups of a core. */
static void test_random_migrations_drop_and_reorder_nothing(void **state)
{
	struct sim_packet_options options = impaired();
	struct sim_packet_totals totals;
	uint64_t migrations = 0, deferred = 0;

	options.connections = 200;
	options.message_bytes = 64;
	options.requests = 130000;
	options.cores = 8;
	options.migrate_every_ns = 1000;
	for (int clean = 0; clean < 2; clean++) {
		if (clean)
			options.loss = options.reorder = options.duplicate = options.corrupt = 0;
		options.rate_rps = clean ? 1000000 : 500000;
		totals = run(&options, NULL);
		assert_whole(&totals);
		migrations += totals.migrations;
		deferred += totals.deferred_packets;
	}
	assert_true(migrations >= 10000);
	assert_true(deferred >= 1000);
}

static void test_churn_while_groups_migrate(void **state)
{
	struct sim_packet_options options = impaired();
	struct sim_packet_totals totals;

	options.scenario = SIM_PACKET_CHURN;
	options.connections = 200;
	options.message_bytes = 200;
	options.requests = 20000;
	options.migrate_every_ns = 50000;
	totals = run(&options, NULL);
	assert_whole(&totals);
	assert_int_equal(totals.connections_opened, totals.connections_closed + totals.connections_reset);
	assert_true(totals.connections_reset > 1000);
}

/* What two options differ in must not matter for the invariants. */
static void test_any_options(void **state)
{
	static const enum sim_packet_scenario scenario[] = {SIM_PACKET_ECHO, SIM_PACKET_STREAM, SIM_PACKET_CHURN,
							    SIM_PACKET_INCAST, SIM_PACKET_CONNECT};
	struct rng rng;

	rng_init(&rng, 5, RNG_SERVICE, 0);
	for (int i = 0; i < 40; i++) {
		struct sim_packet_options options = impaired();
		struct sim_packet_totals totals;

		options.scenario = scenario[i % 5];
		options.clients = 1 + rng_below(&rng, 4);
		options.connections = options.clients + rng_below(&rng, 60);
		options.cores = 2 + rng_below(&rng, 7);
		options.batch_bound = 1 + rng_below(&rng, 64);
		options.message_bytes = 1 + rng_below(&rng, i % 3 ? 3000 : 40000);
		options.requests = options.scenario == SIM_PACKET_CONNECT ? options.connections : 300;
		options.depth = 1 + rng_below(&rng, 8);
		options.migrate_every_ns = rng_below(&rng, 2) ? 1000 + rng_below(&rng, 200000) : 0;
		if (options.scenario == SIM_PACKET_INCAST)
			options.migrate_every_ns = 0;
		options.buffer_bytes = rng_below(&rng, 2) ? 20000 : 0;
		options.loss = rng_uniform(&rng) * 0.05;
		options.costs.ns[SIM_COST_RECEIVE] = rng_uniform(&rng) * 1000;
		options.costs.ns[SIM_COST_CYCLE] = rng_uniform(&rng) * 1000;
		options.costs.rx_descriptors = 64 << rng_below(&rng, 5);
		options.seed = (uint64_t)i;
		totals = run(&options, NULL);
		assert_whole(&totals);
		assert_true(totals.messages >= options.requests);
	}
}

static void hash_record(void *context, const struct sim_trace_record *record)
{
	uint64_t *hash = context;
	const uint64_t words[] = {record->time_ns, record->who, (uint64_t)record->core << 32 | record->what};

	for (int i = 0; i < 3; i++)
		*hash = (*hash ^ words[i]) * 0x100000001b3ull;
}

static struct sim_packet_totals traced(const struct sim_packet_options *options, uint64_t *hash)
{
	struct sim_packet_totals totals;
	struct sim_trace trace;

	*hash = 0xcbf29ce484222325ull;
	sim_trace_init(&trace, hash_record, hash);
	totals = run(options, &trace);
	sim_trace_fini(&trace);
	assert_false(trace.failed);
	/* How the heap was used before may show in it. */
	totals.bytes_per_connection = 0;
	return totals;
}

static void test_the_seed_decides(void **state)
{
	struct sim_packet_options options = impaired();
	struct sim_packet_totals first, again, other;
	uint64_t first_hash, again_hash, other_hash;

	options.connections = 100;
	options.requests = 1000;
	options.migrate_every_ns = 100000;
	first = traced(&options, &first_hash);
	again = traced(&options, &again_hash);
	options.seed++;
	other = traced(&options, &other_hash);
	assert_int_equal(first_hash, again_hash);
	assert_memory_equal(&first, &again, sizeof(first));
	assert_int_not_equal(first_hash, other_hash);
	assert_int_not_equal(first.frames.lost, other.frames.lost);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_byte_arrives_through_impaired_wires),
	    cmocka_unit_test(test_every_byte_arrives_while_groups_migrate),
	    cmocka_unit_test(test_random_migrations_drop_and_reorder_nothing),
	    cmocka_unit_test(test_churn_while_groups_migrate),
	    cmocka_unit_test(test_any_options),
	    cmocka_unit_test(test_the_seed_decides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The system level: conservation, costs to the nanosecond, batching, overload, determinism. */
#include "tests/unit/sim/system_run.h"

#include <stdlib.h>
#include <string.h>

static void assert_near(double value, double expected, double relative)
{
	if (!(fabs(value - expected) <= relative * fabs(expected)))
		fail_msg("%.9g is not within %g of %.9g", value, relative, expected);
}

/* Of requests and of work, however the machine is loaded. */
static void test_conservation(void **state)
{
	static const double loads[] = {0.3, 0.9, 1.5};
	struct dist service;

	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		struct sim_system_options o = system_options(4, loads[i], &service, "exp");
		struct sim_system_totals t;

		o.costs = costs_for_tests();
		t = system_run(&o, 200000, NULL);
		assert_true(t.replies >= 200000);
		assert_int_equal(t.arrivals, t.replies + t.in_system + t.dropped);
		assert_int_equal(t.out_of_order, 0);
		assert_int_equal(t.host.kernel_ns + t.host.user_ns + t.host.idle_ns, 4 * t.now_ns);
		/* The application has worked for what was answered, and at most for the batches under way. */
		assert_true((double)t.host.user_ns >= t.work_replied_ns);
		assert_true((double)t.host.user_ns <= t.work_replied_ns + 4 * 64 * 20 * o.mean_ns);
		assert_true(t.work_offered_ns >= t.work_replied_ns + t.work_dropped_ns);
	}
}

static void test_littles_law(void **state)
{
	struct dist service;
	struct sim_system_options o = system_options(8, 0.8, &service, "bimodal1");
	struct sim_system_totals t;

	o.costs = costs_for_tests();
	t = system_run(&o, 500000, NULL);
	/* L = lambda W; what is still in the system at the end is in L and not in W. */
	assert_near(t.in_system_integral_ns, t.latency_sum_ns, 5e-4);
}

/*
 * With deterministic service times and next to no load, every latency is the sum of the constants, and a doorbell more
 * where receive descriptors are returned, every 32 packets of a core.
 */
struct expected {
	double us, with_return_us;
	unsigned returns;
};

static int take_equal(void *context, const double *latency_us, size_t n)
{
	struct expected *expected = context;

	for (size_t i = 0; i < n; i++) {
		int returned = latency_us[i] > expected->us + 1e-9;

		expected->returns += (unsigned)returned;
		assert_float_equal(latency_us[i], returned ? expected->with_return_us : expected->us, 1e-9);
	}
	return 0;
}

static void check_unloaded_latency(enum ix_transmit_order order, double ghz, double expected_us)
{
	struct dist service;
	struct sim_system_options o = system_options(2, 1e-5, &service, "det");
	struct expected expected = {expected_us, expected_us + 0.150, 0};
	struct sim_system *system;

	o.costs = costs_for_tests();
	o.costs.frequency_ghz = ghz;
	o.transmit_order = order;
	system = system_create(&o);
	assert_int_equal(sim_system_run(system, 320, take_equal, &expected), 0);
	assert_true(expected.returns == 9 || expected.returns == 10); /* 320 packets at two cores */
	sim_system_destroy(system);
}

static void test_unloaded_latency_is_the_sum_of_the_costs(void **state)
{
	/* Per request: cycle, poll, receive, event; service; two calls, transmit. */
	double cpu_us = 0.500 + 0.020 + 0.430 + 0.060 + 10 + 2 * 0.065 + 0.350;
	double other_us = 2 * 4.000 + 0.100 + 0.150; /* wire both ways, detection, one doorbell */

	check_unloaded_latency(IX_TRANSMIT_PAPER, 2, cpu_us + other_us);
	/* No packet is there for the receive that comes first, so the released code's order takes no longer. */
	check_unloaded_latency(IX_TRANSMIT_CODE, 2, cpu_us + other_us);
	/* At half the frequency the processor takes twice as long, bus and wire as before. */
	check_unloaded_latency(IX_TRANSMIT_PAPER, 1, 2 * cpu_us + other_us);
}

/* With the order of the released code, replies wait for the receive half that follows, if there is something in it. */
static void test_transmit_after_receive_delays_replies_under_load(void **state)
{
	struct dist service;
	struct sim_system_options o = system_options(1, 0.7, &service, "det");
	struct sim_system_totals paper, code;
	double wait_ns, paper_ns, code_ns;

	o.batch_bound = 1;
	o.costs = costs_for_tests();
	paper = system_run(&o, 300000, NULL);
	o.transmit_order = IX_TRANSMIT_CODE;
	code = system_run(&o, 300000, NULL);
	paper_ns = paper.latency_sum_ns / (double)paper.replies;
	code_ns = code.latency_sum_ns / (double)code.replies;
	wait_ns = 500 + 20 + 430 + 60; /* of the next request's receive half; the load of the core is nearly 0.9 */
	assert_true(code_ns - paper_ns > 0.6 * wait_ns);
	assert_true(code_ns - paper_ns < 1.5 * wait_ns); /* 150 ns of it: a doorbell that the paper's order also has */
}

static void test_batches_grow_with_load_up_to_the_bound(void **state)
{
	static const unsigned bounds[] = {1, 16, 64};
	struct dist service;

	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		struct sim_system_options o = system_options(2, 0.02, &service, "exp");
		double low, middle, high;

		o.batch_bound = bounds[i];
		o.costs = costs_for_tests();
		system_run(&o, 20000, &low);
		o.rate_rps = 0.7 * 2 * 1e5;
		system_run(&o, 100000, &middle);
		o.rate_rps = 2 * 2 * 1e5;
		system_run(&o, 200000, &high);
		assert_true(low >= 1 && low < 1.05);
		assert_true(bounds[i] == 1 ? middle == 1 : middle > low && middle < bounds[i]);
		assert_near(high, bounds[i], 0.02);
	}
}

/* In overload every core always has a full batch: its time per request is known. */
static void check_saturation(unsigned cores, unsigned batch, int with_costs)
{
	struct dist service;
	struct sim_system_options o = system_options(cores, 2, &service, "exp");
	struct sim_system_totals start, end;
	struct sim_system *system;
	double per_request_ns = o.mean_ns, rate_rps, n;

	o.batch_bound = batch;
	if (with_costs) {
		o.costs = costs_for_tests();
		/* Each cycle: the fixed cost and a doorbell for its replies; receive descriptors are returned by 32. */
		per_request_ns +=
		    (500 + 150.0) / batch + 20 + 430 + 60 + 2 * 65 + 350 + (batch < 32 ? 150.0 / 32 : 150.0 / batch);
	}
	system = system_create(&o);
	assert_int_equal(sim_system_run(system, 20000 * cores, NULL, NULL), 0);
	sim_system_totals(system, &start);
	assert_int_equal(sim_system_run(system, 100000 * cores, NULL, NULL), 0);
	sim_system_totals(system, &end);
	n = (double)(end.replies - start.replies);
	rate_rps = n * 1e9 / (double)(end.now_ns - start.now_ns);
	assert_int_equal(end.host.idle_ns, start.host.idle_ns);
	/* Four standard deviations of the mean service time, and the batches cut at either end. */
	assert_near(rate_rps, cores * 1e9 / per_request_ns, 4 / sqrt(n) + 2.0 * batch * cores / n);
	sim_system_destroy(system);
}

static void test_saturation_throughput(void **state)
{
	check_saturation(1, 1, 0);
	check_saturation(4, 64, 0);
	check_saturation(1, 1, 1);
	check_saturation(2, 64, 1);
	check_saturation(3, 16, 1);
}

static void test_full_rings_drop_and_count(void **state)
{
	struct dist service;
	struct sim_system_options o = system_options(1, 5, &service, "det");
	struct sim_system_totals t;

	o.costs.rx_descriptors = 512;
	t = system_run(&o, 30000, NULL);
	/* 512 in the ring (less up to 31 not returned), 32,768 behind it, and a batch or two under way. */
	assert_true(t.dropped > 4 * 30000 - 34000);
	assert_true(t.in_system > 32768 && t.in_system < 32768 + 512 + 3 * 64);
	assert_int_equal(t.arrivals, t.replies + t.in_system + t.dropped);
	assert_int_equal(t.out_of_order, 0);
}

/* A trace as text, to be compared byte for byte. */
struct text {
	char *bytes;
	size_t size;
	FILE *out;
	uint64_t last_ns;
	uint64_t count[SIM_TRACE_COUNT];
};

static void write_record(void *context, const struct sim_trace_record *r)
{
	struct text *text = context;

	assert_true(r->time_ns >= text->last_ns);
	text->last_ns = r->time_ns;
	text->count[r->what]++;
	fprintf(text->out, "%llu %u %s %llu\n", (unsigned long long)r->time_ns, r->core, sim_trace_name[r->what],
		(unsigned long long)r->who);
}

static void trace_run(struct text *text, uint64_t seed)
{
	struct dist service;
	struct sim_system_options o = system_options(4, 0.7, &service, "exp");
	struct sim_system *system;
	struct sim_trace trace;

	o.seed = seed;
	o.costs = costs_for_tests();
	memset(text, 0, sizeof(*text));
	text->out = open_memstream(&text->bytes, &text->size);
	sim_trace_init(&trace, write_record, text);
	system = system_create(&o);
	sim_system_trace(system, &trace);
	assert_int_equal(sim_system_run(system, 5000, NULL, NULL), 0);
	sim_system_destroy(system);
	sim_trace_fini(&trace);
	assert_int_equal(fclose(text->out), 0);
}

static void test_same_seed_same_trace(void **state)
{
	struct text first, second, other;

	trace_run(&first, 1);
	trace_run(&second, 1);
	trace_run(&other, 2);
	assert_int_equal(first.size, second.size);
	assert_memory_equal(first.bytes, second.bytes, first.size);
	assert_true(other.size != first.size || memcmp(first.bytes, other.bytes, first.size) != 0);
	assert_int_equal(first.count[SIM_TRACE_REPLY], 5000);
	assert_true(first.count[SIM_TRACE_ARRIVE] >= 5000 && first.count[SIM_TRACE_REQUEST] >= 5000);
	assert_true(first.count[SIM_TRACE_IDLE] > 100 && first.count[SIM_TRACE_DROP] == 0);
	free(first.bytes);
	free(second.bytes);
	free(other.bytes);
}

/* Two systems under comparison face the same arrivals and service times, whatever they do with them. */
static void test_common_random_numbers(void **state)
{
	struct dist service;
	struct sim_system_options o = system_options(4, 0.5, &service, "exp");
	struct sim_system_totals a, b;

	a = system_run(&o, 50000, NULL);
	o.batch_bound = 1;
	o.costs = costs_for_tests();
	b = system_run(&o, 50000, NULL);
	/* The same requests but for those still on their way. */
	assert_near(a.work_offered_ns, b.work_offered_ns, 0.002);
	assert_near((double)a.now_ns, (double)b.now_ns, 0.002);
}

static void test_wrong_options_are_refused(void **state)
{
	struct dist service;
	const struct sim_system_options good = system_options(4, 0.5, &service, "exp");
	struct sim_system_options o[6] = {good, good, good, good, good, good};
	char error[128];

	o[0].cores = 0;
	o[1].cores = SIM_SYSTEM_CORES_MAX + 1;
	o[2].batch_bound = IX_BATCH_MAX + 1;
	o[3].connections = 0;
	o[4].mean_ns = 0;
	o[5].rate_rps = NAN;
	for (size_t i = 0; i < sizeof(o) / sizeof(o[0]); i++) {
		error[0] = '\0';
		assert_null(sim_system_create(&o[i], error, sizeof(error)));
		assert_true(error[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_conservation),
	    cmocka_unit_test(test_littles_law),
	    cmocka_unit_test(test_unloaded_latency_is_the_sum_of_the_costs),
	    cmocka_unit_test(test_transmit_after_receive_delays_replies_under_load),
	    cmocka_unit_test(test_batches_grow_with_load_up_to_the_bound),
	    cmocka_unit_test(test_saturation_throughput),
	    cmocka_unit_test(test_full_rings_drop_and_count),
	    cmocka_unit_test(test_same_seed_same_trace),
	    cmocka_unit_test(test_common_random_numbers),
	    cmocka_unit_test(test_wrong_options_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Where the time of requests went: parts that add up to the nanosecond, for every kind of host; the right requests. */
#include "harness/cost_file.h"
#include "harness/explain.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct system_point point_of(struct dist *service, const struct sim_host_kind *kind, double load)
{
	char file[64], error[512] = "";
	struct system_point point = {.requests = 60000, .warmup = 10000, .confidence = 0.95};

	snprintf(file, sizeof(file), "workloads/costs/%s.cfg",
		 strcmp(kind->costs->system, "dataplane") != 0 ? kind->costs->system : "ix");
	assert_int_equal(dist_parse(service, "exp", error, sizeof(error)), 0);
	point.options = (struct sim_system_options){.kind = kind,
						    .cores = 4,
						    .threads_per_core = 1,
						    .batch_bound = 16,
						    .connections = 64,
						    .service = service,
						    .mean_ns = 50000,
						    .rate_rps = load * 4 / 50e-6,
						    .in_flight = 4,
						    .request_bytes = 2000,
						    .reply_bytes = 64,
						    .acks = 0.5,
						    .wire_links = 1,
						    .seed = 1};
	if (costs_read(&point.options.costs, kind->costs, file, NULL, error, sizeof(error)))
		fail_msg("%s", error);
	return point;
}

/* Every part of every request ends after it begins, and they add up to what the client sees. */
static void check_parts(void *context, const struct sim_request *request, uint64_t now_ns)
{
	uint64_t part_ns[EXPLAIN_PARTS], sum_ns = 0;

	explain_split(request, now_ns, part_ns);
	for (int i = 0; i < EXPLAIN_PARTS; i++) {
		if (part_ns[i] > INT64_MAX)
			fail_msg("%s ends before it begins", explain_part_title[i]);
		sum_ns += part_ns[i];
	}
	assert_int_equal(sum_ns, now_ns - request->intended_ns);
	assert_true(part_ns[EXPLAIN_WIRE_TO_SERVER] >= 4000);
	assert_true(part_ns[EXPLAIN_SERVICE] + 1 >= request->service_ns);
	++*(uint64_t *)context;
}

static void test_parts_add_up_for_every_kind(void **state)
{
	static const double loads[] = {0.2, 0.7};

	for (size_t i = 0; sim_host_kinds[i]; i++)
		for (size_t l = 0; l < 2; l++) {
			struct dist service;
			struct system_point point = point_of(&service, sim_host_kinds[i], loads[l]);
			char error[256] = "";
			struct sim_system *system = sim_system_create(&point.options, error, sizeof(error));
			uint64_t checked = 0;

			assert_non_null(system);
			sim_system_observe(system, check_parts, &checked);
			assert_int_equal(sim_system_run(system, 50000, NULL, NULL), 0);
			assert_true(checked >= 50000);
			sim_system_destroy(system);
			dist_destroy(&service);
		}
}

static void check_explained(const struct sim_host_kind *kind)
{
	struct dist service;
	struct system_point point = point_of(&service, kind, 0.5);
	struct point_error error = {0};
	struct explain explain;
	uint64_t sum_ns = 0;
	double mean_us;

	assert_int_equal(explain_run(&point, point.options.rate_rps, 0.99, 0, 1, &explain, &error), 0);
	for (int i = 0; i < EXPLAIN_PARTS; i++)
		sum_ns += explain.part_ns[i];
	assert_int_equal(sum_ns, explain.latency_ns);
	mean_us = (double)explain.latency_ns / 1e3 / (double)explain.requests;
	assert_true(explain.from_us < explain.value_us && explain.value_us < explain.to_us);
	assert_true(mean_us > explain.from_us && mean_us < explain.to_us);
	/* 1 % of them, but for those that share a bucket of the histogram with a bound. */
	assert_float_equal((double)explain.requests / (double)explain.measured, 0.01, 0.001);
	assert_int_equal(explain.measured, 50000);
	assert_in_range(explain.intervals, EXPLAIN_INTERVALS - 2, EXPLAIN_INTERVALS);
	explain_clear(&explain);
	dist_destroy(&service);
}

static void test_requests_around_the_quantile(void **state)
{
	for (size_t i = 0; sim_host_kinds[i]; i++)
		check_explained(sim_host_kinds[i]);
}

/* The timeline's idle shares, weighted by the lengths of its intervals, are the run's. */
static void test_timeline_adds_up(void **state)
{
	struct dist service;
	struct system_point point = point_of(&service, sim_host_kind_find("ix"), 0.4);
	struct point_error error = {0};
	struct explain explain;
	double idle_us = 0;

	assert_int_equal(explain_run(&point, point.options.rate_rps, 0.5, 0, 1, &explain, &error), 0);
	for (unsigned thread = 0; thread < explain.threads; thread++)
		for (unsigned i = 0; i < explain.intervals; i++) {
			const struct explain_interval *interval =
			    &explain.timeline[(size_t)thread * EXPLAIN_INTERVALS + i];

			assert_true(interval->idle_share >= 0 && interval->idle_share <= 1 + 1e-9);
			idle_us += interval->idle_share * (explain.time_us[i + 1] - explain.time_us[i]);
		}
	idle_us /= explain.time_us[explain.intervals] * explain.threads;
	assert_float_equal(idle_us, explain.idle_share, 1e-3);
	explain_clear(&explain);
	dist_destroy(&service);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parts_add_up_for_every_kind),
	    cmocka_unit_test(test_requests_around_the_quantile),
	    cmocka_unit_test(test_timeline_adds_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

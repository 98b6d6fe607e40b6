/* The search of the maximum load, on curves whose root is known. */
#include "harness/slo.h"
#include "models/closed_form.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* A curve of p99, and how often it was asked for. */
struct curve {
	double (*p99)(double load);
	double relative_half_width;
	unsigned calls, fail_at;
};

static int evaluate(void *context, struct slo_sample *sample)
{
	struct curve *curve = context;
	double p99 = curve->p99(sample->load), half_width = curve->relative_half_width * p99;

	sample->p99 = (struct interval){
	    .value = p99, .std_error = half_width / 2, .dof = 30, .low = p99 - half_width, .high = p99 + half_width};
	return ++curve->calls == curve->fail_at ? 7 : 0;
}

static double mm1(double load)
{
	return log(100) / (1 - load);
}

static double mm16(double load)
{
	return mmn_response_quantile(16, load, 0.99);
}

/* Flat, then a jump: a rare long request suddenly reaches the percentile. */
static double jump(double load)
{
	return load < 0.123 ? 0.5 : 500;
}

static double flat(double load)
{
	return 5;
}

static void test_finds_the_root(void **state)
{
	static const struct {
		double (*p99)(double load);
		double slo, max_load;
	} cases[] = {
	    {mm1, 10, 1 - 0.4605170186}, {mm16, 10, 0.96767}, {mm1, 5, 1 - 0.9210340372}, {mm1, 1e3, 0.9953948}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		double tolerance = 0.01;

		for (int digits = 2; digits <= 4; digits++, tolerance /= 10) {
			struct curve curve = {cases[i].p99, 0, 0, 0};
			struct slo_result result;

			assert_int_equal(slo_search(evaluate, &curve, cases[i].slo, tolerance, &result), 0);
			assert_float_equal(result.max_load.value, cases[i].max_load, tolerance);
			assert_true(result.max_load.low <= cases[i].max_load);
			assert_true(result.max_load.high >= cases[i].max_load);
			assert_true(result.above.load - result.below.load <= tolerance);
			assert_int_equal(result.evaluations, curve.calls);
			assert_true(curve.calls <= 20);
		}
	}
}

static void test_interval_follows_the_slope(void **state)
{
	struct curve curve = {mm1, 0.02, 0, 0};
	struct slo_result result;
	/* d log p99 / d load = 1 / (1 - load): 2% of p99 is 0.02 (1 - load) of load. */
	double half_width = 0.02 * 0.4605 + 0.0001;

	assert_int_equal(slo_search(evaluate, &curve, 10, 0.0001, &result), 0);
	assert_float_equal(result.max_load.high - result.max_load.value, half_width, 0.0005);
	assert_float_equal(result.max_load.value - result.max_load.low, half_width, 0.0005);
	assert_float_equal(result.max_load.std_error, 0.01 * 0.4605, 0.0002);
	assert_float_equal(result.max_load.dof, 30, 0);
}

static void test_a_jump_is_narrowed_to_the_tolerance(void **state)
{
	struct curve curve = {jump, 0, 0, 0};
	struct slo_result result;

	assert_int_equal(slo_search(evaluate, &curve, 10, 0.001, &result), 0);
	assert_float_equal(result.max_load.value, 0.123, 0.001);
	assert_true(result.max_load.low <= 0.123 && result.max_load.high >= 0.123);
	assert_true(curve.calls <= 40);
}

static void test_limits_out_of_reach(void **state)
{
	struct curve curve = {flat, 0, 0, 0};
	struct slo_result result;

	assert_int_equal(slo_search(evaluate, &curve, 4.9, 0.001, &result), 0);
	assert_true(result.violated_always && !result.met_always);
	assert_float_equal(result.max_load.value, 0, 0);
	assert_int_equal(slo_search(evaluate, &curve, 5.1, 0.001, &result), 0);
	assert_true(result.met_always && !result.violated_always);
	assert_float_equal(result.max_load.value, SLO_LOAD_MAX, 0);
}

static void test_a_failed_evaluation_ends_the_search(void **state)
{
	for (unsigned fail_at = 1; fail_at <= 5; fail_at++) {
		struct curve curve = {mm16, 0, 0, fail_at};
		struct slo_result result;

		assert_int_equal(slo_search(evaluate, &curve, 10, 0.0001, &result), 7);
		assert_int_equal(curve.calls, fail_at);
	}
}

static void test_exact(void **state)
{
	struct dist service;
	struct queue_params params = {QUEUE_CENTRALIZED_FCFS, 16, 0, &service, 0, 0};
	const char *formula;
	char error[128];

	assert_int_equal(dist_parse(&service, "exp", error, sizeof(error)), 0);
	assert_float_equal(slo_exact(&params, 10, &formula), 0.96767, 1e-5);
	assert_non_null(formula);
	params.servers = 1;
	assert_float_equal(slo_exact(&params, 10, &formula), 1 - log(100) / 10, 1e-6);
	assert_float_equal(slo_exact(&params, 4, &formula), 0, 0);
	dist_destroy(&service);
	assert_int_equal(dist_parse(&service, "lognormal:2", error, sizeof(error)), 0);
	params.servers = 3;
	assert_true(isnan(slo_exact(&params, 10, &formula)));
	dist_destroy(&service);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_finds_the_root),
	    cmocka_unit_test(test_interval_follows_the_slope),
	    cmocka_unit_test(test_a_jump_is_narrowed_to_the_tolerance),
	    cmocka_unit_test(test_limits_out_of_reach),
	    cmocka_unit_test(test_a_failed_evaluation_ends_the_search),
	    cmocka_unit_test(test_exact),
	};

	return cmocka_run_group_tests_name("slo", tests, NULL, NULL);
}

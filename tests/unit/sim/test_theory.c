/*
 * With every overhead taken away and B = 1, `ix` over n cores is n independent queues, first come first served: its
 * latencies must be those of theory. Where a quantile has a closed form (M/M/1, M/D/1) that is the yardstick, elsewhere
 * the queueing model of models/queueing.h. On one core both face the same random numbers, so each single latency must
 * agree to the rounding of times to nanoseconds.
 */
#include "analysis/estimate.h"
#include "models/closed_form.h"
#include "tests/unit/sim/system_run.h"

#include <stdlib.h>
#include <string.h>

#define CONFIDENCE                                                                                                     \
	0.999 /* of the intervals that must hold theory's value: 36 are looked at, and the seeds are fixed             \
	       */

static struct estimate estimate_of(struct estimator *estimator)
{
	struct estimate estimate;

	estimator_result(estimator, &estimate);
	estimator_destroy(estimator);
	assert_false(estimate.correlated);
	return estimate;
}

static struct queue_params params_of(const struct sim_system_options *o, double load)
{
	return (struct queue_params){QUEUE_PARTITIONED_FCFS, o->cores, load, o->service, 2, 0};
}

static uint64_t warmup_of(const struct queue_params *params)
{
	return (uint64_t)queue_warmup_requests(params) + 1000;
}

static int take(void *context, const double *latency_us, size_t n)
{
	return estimator_add(context, latency_us, n);
}

static struct estimate simulate_system(const struct sim_system_options *o, double load, uint64_t requests)
{
	struct queue_params params = params_of(o, load);
	struct estimator *estimator = estimator_create(warmup_of(&params), CONFIDENCE);
	struct sim_system *system = system_create(o);

	assert_non_null(estimator);
	assert_int_equal(sim_system_run(system, requests + warmup_of(&params), take, estimator), 0);
	sim_system_destroy(system);
	return estimate_of(estimator);
}

static struct estimate simulate_queue(const struct sim_system_options *o, double load, uint64_t requests)
{
	struct queue_params params = params_of(o, load);
	struct estimator *estimator = estimator_create(warmup_of(&params), CONFIDENCE);
	struct queue_model *model = queue_create(&params, (char[128]){0}, 128);
	double sojourn[1000];

	assert_non_null(estimator);
	assert_non_null(model);
	for (uint64_t done = 0; done < requests + warmup_of(&params); done += 1000) {
		assert_int_equal(queue_step(model, sojourn, 1000), 0);
		assert_int_equal(estimator_add(estimator, sojourn, 1000), 0);
	}
	queue_destroy(model);
	return estimate_of(estimator);
}

static double half_width(const struct interval *interval)
{
	return (interval->high - interval->low) / 2;
}

static void compare(const char *text, unsigned cores, double load, uint64_t requests)
{
	struct dist service;
	struct sim_system_options o = system_options(cores, load, &service, text);
	struct queue_params params = params_of(&o, load);
	struct interval p99, mean;
	double p = 0.99, exact_p99 = NAN, exact_mean = NAN, error = 0;
	struct estimate estimate;

	o.batch_bound = 1;
	o.connections = 128 * cores;
	estimate = simulate_system(&o, load, requests);
	p99 = estimate.quantile[ESTIMATE_P99];
	mean = estimate.mean;
	queue_exact(&params, &p, &exact_p99, 1, &exact_mean);
	if (isnan(exact_p99)) {
		struct estimate model = simulate_queue(&o, load, requests);

		exact_p99 = model.quantile[ESTIMATE_P99].value;
		error = half_width(&model.quantile[ESTIMATE_P99]);
	}
	/* A bucket of the histogram is 0.1 % wide. */
	if (!(fabs(p99.value / 10 - exact_p99) <= hypot(half_width(&p99) / 10, error) + 0.001 * exact_p99))
		fail_msg("%s, %u cores, load %g: p99 %g to %g, theory %g S", text, cores, load, p99.low / 10,
			 p99.high / 10, exact_p99);
	if (!(fabs(mean.value / 10 - exact_mean) <= half_width(&mean) / 10 + 1e-4))
		fail_msg("%s, %u cores, load %g: mean %g to %g, theory %g S", text, cores, load, mean.low / 10,
			 mean.high / 10, exact_mean);
}

static void test_p99_is_that_of_partitioned_fcfs(void **state)
{
	static const unsigned cores[] = {3, 16};
	static const double loads[] = {0.3, 0.7, 0.9};
	static const char *const services[] = {"exp", "det", "bimodal1"};

	for (size_t n = 0; n < sizeof(cores) / sizeof(cores[0]); n++)
		for (size_t l = 0; l < sizeof(loads) / sizeof(loads[0]); l++)
			for (size_t s = 0; s < sizeof(services) / sizeof(services[0]); s++)
				compare(services[s], cores[n], loads[l], loads[l] > 0.8 ? 2000000 : 200000);
}

struct path {
	struct queue_model *model;
	double mean_us;
	uint64_t compared;
};

static int compare_path(void *context, const double *latency_us, size_t n)
{
	struct path *path = context;
	double sojourn[1024];

	assert_true(n <= 1024);
	assert_int_equal(queue_step(path->model, sojourn, n), 0);
	for (size_t i = 0; i < n; i++)
		if (!(fabs(latency_us[i] / path->mean_us - sojourn[i]) < 1e-5))
			fail_msg("request %llu: %.9g S, theory %.9g S", (unsigned long long)path->compared + i,
				 latency_us[i] / path->mean_us, sojourn[i]);
	path->compared += n;
	return 0;
}

/* A mean of 1 s, so that rounding to nanoseconds adds up to less than 10^-5 of it in the longest busy period. */
static void test_one_core_follows_lindleys_recursion(void **state)
{
	static const char *const services[] = {"exp", "bimodal2", "lognormal:2", "det"};
	struct dist service;

	for (size_t s = 0; s < sizeof(services) / sizeof(services[0]); s++) {
		struct sim_system_options o = system_options(1, 0.9, &service, services[s]);
		struct queue_params params = {QUEUE_PARTITIONED_FCFS, 1, 0.9, &service, o.seed, 0};
		struct path path = {queue_create(&params, (char[128]){0}, 128), 1e6, 0};
		struct sim_system *system;

		assert_non_null(path.model);
		o.batch_bound = 1;
		o.mean_ns = 1e9;
		o.rate_rps = 0.9;
		system = system_create(&o);
		assert_int_equal(sim_system_run(system, 200000, compare_path, &path), 0);
		assert_int_equal(path.compared, 200000);
		sim_system_destroy(system);
		queue_destroy(path.model);
		dist_destroy(&service);
	}
}

/* A batch's replies leave together, so a larger bound can only add to the latency when nothing costs anything. */
static void test_batching_costs_latency_where_it_saves_nothing(void **state)
{
	struct dist service;
	struct sim_system_options o = system_options(8, 0.7, &service, "exp");
	struct estimate one, many;

	o.batch_bound = 1;
	one = simulate_system(&o, 0.7, 300000);
	o.batch_bound = 64;
	many = simulate_system(&o, 0.7, 300000);
	assert_true(many.quantile[ESTIMATE_P99].low > 1.2 * one.quantile[ESTIMATE_P99].high);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_one_core_follows_lindleys_recursion),
	    cmocka_unit_test(test_p99_is_that_of_partitioned_fcfs),
	    cmocka_unit_test(test_batching_costs_latency_where_it_saves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

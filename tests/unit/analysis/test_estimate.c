#include "analysis/batches.h"
#include "analysis/estimate.h"
#include "models/queueing.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { BLOCK = 2048 };

static struct rng stream(uint32_t replication)
{
	struct rng rng;

	rng_init(&rng, 42, RNG_SERVICE, replication);
	return rng;
}

static struct estimator *create(uint64_t warmup, double confidence)
{
	struct estimator *e = estimator_create(warmup, confidence);

	assert_non_null(e);
	return e;
}

static void add_exponential(struct estimator *e, struct rng *rng, size_t n)
{
	double values[BLOCK];

	for (; n > 0;) {
		size_t part = n < BLOCK ? n : BLOCK;

		rng_fill_exponential(rng, values, part);
		assert_int_equal(estimator_add(e, values, part), 0);
		n -= part;
	}
}

static bool covers(const struct interval *interval, double truth)
{
	return interval->low <= truth && truth <= interval->high;
}

static bool unknown(const struct interval *interval)
{
	return isnan(interval->low) && isnan(interval->high) && isnan(interval->std_error) && interval->dof == 0;
}

static void test_nothing_yet(void **state)
{
	struct estimator *e = create(10, 0.95);
	struct estimate result;

	estimator_result(e, &result);
	assert_int_equal(result.count, 0);
	assert_true(isnan(result.quantile[ESTIMATE_P99].value) && isnan(result.mean.value) && isnan(result.max));
	assert_true(unknown(&result.quantile[ESTIMATE_P99]) && unknown(&result.mean));
	assert_true(result.correlated);
	estimator_destroy(e);
}

static void test_warmup_is_discarded(void **state)
{
	struct estimator *e = create(3000, 0.95);
	struct estimate result;
	double values[5000];

	for (int i = 0; i < 5000; i++)
		values[i] = i < 3000 ? 1e6 : 2;
	for (int i = 0; i < 5000; i += 500)
		assert_int_equal(estimator_add(e, values + i, 500), 0);
	estimator_result(e, &result);
	assert_int_equal(result.discarded, 3000);
	assert_int_equal(result.count, 2000);
	assert_true(result.max == 2 && result.mean.value == 2 && result.quantile[ESTIMATE_P50].value == 2);
	estimator_destroy(e);
}

static void test_independent_values(void **state)
{
	struct estimator *e = create(0, 0.999);
	struct rng rng = stream(1);
	struct estimate result;

	add_exponential(e, &rng, 1000000);
	estimator_result(e, &result);
	assert_int_equal(result.count, 1000000);
	assert_false(result.correlated);
	assert_in_range(result.batches, 16, 63);
	for (int q = 0; q < ESTIMATE_QUANTILES; q++) {
		double p = estimate_probability[q], truth = -log1p(-p);
		/* The textbook's error of a quantile of independent values, and half as much again for chance. */
		double textbook = sqrt(p / (1 - p) / 1e6);

		assert_true(covers(&result.quantile[q], truth));
		assert_true(result.quantile[q].std_error < 1.5 * textbook + 0.001 * truth);
		assert_true(result.quantile[q].std_error > textbook / 1.5);
		assert_true(result.quantile[q].dof >= 7);
	}
	assert_true(covers(&result.mean, 1));
	estimator_destroy(e);
}

static void test_blocks_do_not_matter(void **state)
{
	struct estimator *whole = create(100, 0.95), *pieces = create(100, 0.95);
	struct rng rng = stream(2);
	struct estimate a, b;
	enum { N = 300000 };
	double *values = malloc(N * sizeof(*values));

	assert_non_null(values);
	rng_fill_exponential(&rng, values, N);
	assert_int_equal(estimator_add(whole, values, N), 0);
	for (size_t i = 0; i < N;) {
		size_t n = 1 + rng_below(&rng, 5000);

		n = n < N - i ? n : N - i;
		assert_int_equal(estimator_add(pieces, values + i, n), 0);
		i += n;
	}
	estimator_result(whole, &a);
	estimator_result(pieces, &b);
	for (int q = 0; q < ESTIMATE_QUANTILES; q++) {
		assert_true(a.quantile[q].value == b.quantile[q].value);
		assert_true(a.quantile[q].low == b.quantile[q].low);
	}
	assert_true(fabs(a.mean.value - b.mean.value) < 1e-12);
	free(values);
	estimator_destroy(whole);
	estimator_destroy(pieces);
}

static void test_histogram_holds_all_values_kept(void **state)
{
	struct estimator *e = create(0, 0.95);
	struct histogram *direct = histogram_create(), *merged = histogram_create();
	struct rng rng = stream(3);

	assert_non_null(direct);
	assert_non_null(merged);
	for (int i = 0; i < 200; i++) {
		double values[777];

		rng_fill_exponential(&rng, values, 777);
		histogram_record(direct, values, 777);
		assert_int_equal(estimator_add(e, values, 777), 0);
	}
	estimator_histogram(e, merged);
	assert_int_equal(merged->count, direct->count);
	assert_memory_equal(merged->bucket, direct->bucket, sizeof(direct->bucket));
	histogram_destroy(direct);
	histogram_destroy(merged);
	estimator_destroy(e);
}

static void test_memory_does_not_grow(void **state)
{
	struct batches b;
	struct rng rng = stream(4);
	size_t bytes = 0;

	assert_int_equal(batches_init(&b), 0);
	for (int i = 0; i < 3000; i++) {
		double values[BLOCK];

		rng_fill_exponential(&rng, values, BLOCK);
		assert_int_equal(batches_add(&b, values, BLOCK), 0);
	}
	assert_in_range(b.finished, BATCHES_MAX / 2, BATCHES_MAX - 1);
	for (unsigned i = 0; i < b.finished; i++)
		bytes += b.batch[i].size;
	/* A value spans 16 or so powers of two, 3 bytes a bucket. */
	assert_true(bytes < (size_t)BATCHES_MAX * 16 * 1024 * 3);
	batches_destroy(&b);
}

static void test_short_runs_have_no_intervals(void **state)
{
	struct estimator *e = create(0, 0.95);
	struct rng rng = stream(5);
	struct estimate result;

	add_exponential(e, &rng, 7 * BATCH_FIRST_LENGTH);
	estimator_result(e, &result);
	for (int q = 0; q < ESTIMATE_QUANTILES; q++)
		assert_true(unknown(&result.quantile[q]));
	assert_true(unknown(&result.mean) && result.correlated);
	assert_true(result.quantile[ESTIMATE_P999].value > result.quantile[ESTIMATE_P99].value);

	/* p99 has some eighty values beyond it, p999 eight: too few to speak of. */
	add_exponential(e, &rng, BATCH_FIRST_LENGTH);
	estimator_result(e, &result);
	assert_false(unknown(&result.quantile[ESTIMATE_P99]));
	assert_false(unknown(&result.mean));
	assert_true(unknown(&result.quantile[ESTIMATE_P999]));
	estimator_destroy(e);
}

/* A level that moves slower than the run is long: no number of batches helps. */
static void test_slow_drift_is_noticed(void **state)
{
	struct estimator *e = create(0, 0.95);
	struct rng rng = stream(6);
	struct estimate result;
	enum { N = 500000 };

	for (int i = 0; i < N; i++) {
		double value = (2 + sin(6.28 * i / N)) * rng_exponential(&rng);

		assert_int_equal(estimator_add(e, &value, 1), 0);
	}
	estimator_result(e, &result);
	assert_true(result.correlated);
	assert_in_range(result.batches, 8, 15);
	estimator_destroy(e);
}

static void test_constant_values(void **state)
{
	struct estimator *e = create(0, 0.95);
	struct estimate result;

	for (int i = 0; i < 100000; i++) {
		double one = 1;

		assert_int_equal(estimator_add(e, &one, 1), 0);
	}
	estimator_result(e, &result);
	assert_true(result.quantile[ESTIMATE_P99].value == 1 && result.mean.value == 1);
	assert_true(covers(&result.quantile[ESTIMATE_P99], 1) && covers(&result.mean, 1));
	assert_true(result.quantile[ESTIMATE_P99].high <= 1.001);
	assert_false(result.correlated);
	estimator_destroy(e);
}

static void test_pooling(void **state)
{
	struct histogram *merged = histogram_create();
	struct estimate part[2] = {{.count = 1, .discarded = 5, .batches = 32}, {.count = 3, .batches = 16}}, out;
	double values[] = {1, 2, 3, 4}, se, dof, t;

	assert_non_null(merged);
	histogram_record(merged, values, 4);
	for (int q = 0; q < ESTIMATE_QUANTILES; q++) {
		part[0].quantile[q] = (struct interval){.value = 1, .std_error = 0.4, .dof = 31};
		part[1].quantile[q] = (struct interval){.value = 3, .std_error = 0.2, .dof = 15};
	}
	part[0].mean = part[0].quantile[0];
	part[1].mean = (struct interval){3, NAN, 0, NAN, NAN};
	estimate_pool(part, 2, merged, 0.9, &out);

	se = sqrt(0.1 * 0.1 + 0.15 * 0.15); /* weights 1/4 and 3/4 */
	dof = pow(se, 4) / (pow(0.1, 4) / 31 + pow(0.15, 4) / 15);
	t = gsl_cdf_tdist_Pinv(0.95, dof);
	assert_true(fabs(out.quantile[ESTIMATE_P50].std_error - se) < 1e-12);
	assert_true(fabs(out.quantile[ESTIMATE_P50].dof - dof) < 1e-9);
	assert_true(fabs(out.quantile[ESTIMATE_P50].value - 2) < 0.002);
	assert_true(fabs(out.quantile[ESTIMATE_P50].high - out.quantile[ESTIMATE_P50].value - t * se) < 1e-9);
	assert_true(out.mean.value == 2.5 && unknown(&out.mean));
	assert_true(out.max == 4 && out.count == 4 && out.discarded == 5 && !out.correlated);
	histogram_destroy(merged);
}

/* The share, in runs of M/M/1 of @n requests behind the warm-up, whose 95% interval of p99 covers ln(100) / (1 - load).
 */
static double coverage_of_p99(double load, size_t n, unsigned runs)
{
	double truth = log(100) / (1 - load), sojourn[BLOCK];
	unsigned covered = 0;
	struct dist service;
	char error[200];

	assert_int_equal(dist_parse(&service, "exp", error, sizeof(error)), 0);
	for (unsigned r = 0; r < runs; r++) {
		struct queue_params params = {QUEUE_CENTRALIZED_FCFS, 1, load, &service, 1, r};
		struct queue_model *model = queue_create(&params, error, sizeof(error));
		double warmup = ceil(queue_warmup_requests(&params));
		struct estimator *e = create((uint64_t)warmup, 0.95);
		struct estimate result;

		assert_non_null(model);
		for (size_t done = 0; done < n + (size_t)warmup; done += BLOCK) {
			assert_int_equal(queue_step(model, sojourn, BLOCK), 0);
			assert_int_equal(estimator_add(e, sojourn, BLOCK), 0);
		}
		estimator_result(e, &result);
		covered += covers(&result.quantile[ESTIMATE_P99], truth); /* an unknown interval covers nothing */
		estimator_destroy(e);
		queue_destroy(model);
	}
	dist_destroy(&service);
	return covered / (double)runs;
}

static void test_intervals_cover_the_truth_at_half_load(void **state)
{
	double coverage = coverage_of_p99(0.5, 100000, 200);

	print_message("coverage at load 0.5: %.3f\n", coverage);
	assert_true(coverage >= 0.91 && coverage <= 0.98);
}

static void test_intervals_cover_the_truth_at_high_load(void **state)
{
	double coverage = coverage_of_p99(0.8, 400000, 200);

	print_message("coverage at load 0.8: %.3f\n", coverage);
	assert_true(coverage >= 0.91 && coverage <= 0.98);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nothing_yet),
	    cmocka_unit_test(test_warmup_is_discarded),
	    cmocka_unit_test(test_independent_values),
	    cmocka_unit_test(test_blocks_do_not_matter),
	    cmocka_unit_test(test_histogram_holds_all_values_kept),
	    cmocka_unit_test(test_memory_does_not_grow),
	    cmocka_unit_test(test_short_runs_have_no_intervals),
	    cmocka_unit_test(test_slow_drift_is_noticed),
	    cmocka_unit_test(test_constant_values),
	    cmocka_unit_test(test_pooling),
	    cmocka_unit_test(test_intervals_cover_the_truth_at_half_load),
	    cmocka_unit_test(test_intervals_cover_the_truth_at_high_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

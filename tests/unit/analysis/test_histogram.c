#include "analysis/histogram.h"
#include "models/rng.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define ERROR_BOUND 0.001 /* relative, stated in the header */

static struct histogram *create(void)
{
	struct histogram *h = histogram_create();

	assert_non_null(h);
	return h;
}

static struct rng stream(uint32_t replication)
{
	struct rng rng;

	rng_init(&rng, 20170101, RNG_SERVICE, replication);
	return rng;
}

/* Over the whole range, evenly by logarithm. */
static double any_value(struct rng *rng)
{
	return exp2(HISTOGRAM_MIN_EXPONENT + (HISTOGRAM_MAX_EXPONENT - HISTOGRAM_MIN_EXPONENT) * rng_uniform_open(rng));
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void assert_same(const struct histogram *a, const struct histogram *b)
{
	assert_int_equal(a->count, b->count);
	assert_int_equal(a->first, b->first);
	assert_int_equal(a->last, b->last);
	assert_true(a->min == b->min);
	assert_true(a->max == b->max);
	assert_memory_equal(a->bucket, b->bucket, sizeof(a->bucket));
}

static void test_any_value_reads_back_within_the_bound(void **state)
{
	struct histogram *h = create();
	struct rng rng = stream(0);
	double worst = 0;

	for (int i = 0; i < 20000; i++) {
		/* Two more values keep minimum and maximum from giving the answer away. */
		double x = any_value(&rng), values[3] = {0, x, DBL_MAX};

		histogram_clear(h);
		histogram_record(h, values, 3);
		worst = fmax(worst, fabs(histogram_quantile(h, 0.5) - x) / x);
	}
	assert_true(worst <= ERROR_BOUND);
	assert_true(worst > ERROR_BOUND / 3); /* else this test looks at the wrong thing */
	histogram_destroy(h);
}

static void test_quantiles_agree_with_sorting(void **state)
{
	static const double probability[] = {1e-9, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1};
	struct histogram *h = create();
	struct rng rng = stream(1);

	for (int round = 0; round < 60; round++) {
		size_t n = 1 + rng_below(&rng, 3000);
		double *values = malloc(n * sizeof(*values));

		assert_non_null(values);
		for (size_t i = 0; i < n; i++)
			values[i] = round % 2 ? any_value(&rng) : 1 + rng_below(&rng, 5);
		histogram_clear(h);
		histogram_record(h, values, n);
		qsort(values, n, sizeof(*values), ascending);
		for (size_t p = 0; p < sizeof(probability) / sizeof(probability[0]); p++) {
			size_t rank = (size_t)ceil(probability[p] * (double)n);
			double exact = values[(rank ? rank : 1) - 1];

			assert_true(fabs(histogram_quantile(h, probability[p]) - exact) <= ERROR_BOUND * exact);
		}
		free(values);
	}
	histogram_destroy(h);
}

static void test_cdf_is_the_inverse_of_the_quantile(void **state)
{
	struct histogram *h = create();
	struct rng rng = stream(2);
	double values[4096];

	for (int i = 0; i < 4096; i++)
		values[i] = any_value(&rng);
	histogram_record(h, values, 4096);
	for (int percent = 1; percent < 100; percent++) {
		double p = percent / 100.0;

		assert_true(fabs(histogram_cdf(h, histogram_quantile(h, p)) - p) <= 1.0 / 4096);
	}
	assert_true(histogram_cdf(h, h->max) == 1);
	assert_true(histogram_cdf(h, h->min / 2) == 0);
	histogram_destroy(h);
}

static void test_moments(void **state)
{
	struct histogram *h = create();
	struct rng rng = stream(3);
	double values[1000], sum = 0, squares = 0;

	for (int i = 0; i < 1000; i++) {
		values[i] = 10 * rng_exponential(&rng);
		sum += values[i];
	}
	for (int i = 0; i < 1000; i++)
		squares += (values[i] - sum / 1000) * (values[i] - sum / 1000);
	histogram_record(h, values, 333);
	histogram_record(h, values + 333, 667);
	assert_true(fabs(histogram_mean(h) - sum / 1000) < 1e-12 * sum);
	assert_true(fabs(histogram_variance(h) - squares / 999) < 1e-12 * squares);
	histogram_destroy(h);
}

static void test_extremes(void **state)
{
	const double values[] = {NAN, -1, 0, 1e-30, 5, 1e30};
	struct histogram *h = create();

	assert_true(isnan(histogram_quantile(h, 0.5)) && isnan(histogram_mean(h)) && isnan(histogram_cdf(h, 1)));
	histogram_record(h, values, 0);
	assert_int_equal(h->count, 0);
	assert_true(h->first > h->last);
	histogram_record(h, values, 6);
	assert_int_equal(h->count, 6);
	assert_int_equal(h->bucket[0], 4);
	assert_int_equal(h->bucket[HISTOGRAM_BUCKETS - 1], 1);
	assert_true(h->min == 0 && h->max == 1e30);
	assert_true(histogram_quantile(h, 0.5) == 0);
	assert_true(histogram_quantile(h, 1) == 1e30);
	histogram_destroy(h);
}

static void test_merge_is_exact(void **state)
{
	struct histogram *whole = create(), *sum = create(), *part = create();
	struct rng rng = stream(4);

	for (int i = 0; i < 50; i++) {
		double values[257];
		size_t n = rng_below(&rng, 257); /* 0 too */

		for (size_t k = 0; k < n; k++)
			values[k] = any_value(&rng);
		histogram_record(whole, values, n);
		histogram_clear(part);
		histogram_record(part, values, n);
		histogram_merge(sum, part);
	}
	assert_same(whole, sum);
	assert_true(whole->sum == sum->sum && whole->sum_squares == sum->sum_squares);
	histogram_destroy(whole);
	histogram_destroy(sum);
	histogram_destroy(part);
}

static void test_clear_leaves_nothing(void **state)
{
	struct histogram *h = create(), *fresh = create();
	struct rng rng = stream(5);
	double value;

	for (int i = 0; i < 1000; i++) {
		value = any_value(&rng);
		histogram_record(h, &value, 1);
	}
	histogram_clear(h);
	assert_memory_equal(h, fresh, sizeof(*h));
	histogram_destroy(h);
	histogram_destroy(fresh);
}

static struct histogram *filled(uint32_t replication, size_t n)
{
	struct histogram *h = create();
	struct rng rng = stream(replication);

	for (size_t i = 0; i < n; i++) {
		double value = i % 7 ? rng_exponential(&rng) : any_value(&rng);

		histogram_record(h, &value, 1);
	}
	return h;
}

static void test_bytes_round_trip(void **state)
{
	static const size_t sizes[] = {0, 1, 2, 1000, 100000};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct histogram *h = filled(6, sizes[i]), *back = filled(7, 100);
		size_t size;
		unsigned char *bytes = histogram_encode(h, &size);

		assert_non_null(bytes);
		assert_int_equal(histogram_decode(back, bytes, size), 0);
		assert_memory_equal(h, back, sizeof(*h));
		free(bytes);
		histogram_destroy(h);
		histogram_destroy(back);
	}
}

static void test_large_counts_round_trip(void **state)
{
	struct histogram *h = create(), *back = create();
	double value = 3;
	size_t size;
	unsigned char *bytes;

	histogram_record(h, &value, 1);
	for (int i = 0; i < 62; i++) {
		histogram_clear(back);
		histogram_merge(back, h);
		histogram_merge(h, back);
	}
	bytes = histogram_encode(h, &size);
	assert_non_null(bytes);
	assert_int_equal(histogram_decode(back, bytes, size), 0);
	assert_int_equal(back->count, UINT64_C(1) << 62);
	free(bytes);
	histogram_destroy(h);
	histogram_destroy(back);
}

static void assert_empty(const struct histogram *h)
{
	struct histogram *fresh = create();

	assert_memory_equal(h, fresh, sizeof(*h));
	histogram_destroy(fresh);
}

/* A part may happen to end behind a bucket; then it tells another sum or maximum than its buckets. */
static void test_truncated_bytes_are_refused(void **state)
{
	struct histogram *h = filled(8, 150), *back = create();
	size_t size;
	unsigned char *bytes = histogram_encode(h, &size);

	assert_non_null(bytes);
	for (size_t cut = 0; cut < size; cut++) {
		unsigned char *part = malloc(cut ? cut : 1); /* no longer, so that a sanitizer sees reads beyond */

		assert_non_null(part);
		memcpy(part, bytes, cut);
		assert_int_equal(histogram_decode(back, part, cut), -1);
		assert_empty(back);
		free(part);
	}
	free(bytes);
	histogram_destroy(h);
	histogram_destroy(back);
}

/* What is accepted of damaged bytes must at least be a histogram. */
static void assert_valid(const struct histogram *h)
{
	uint64_t count = 0;

	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		assert_true(h->bucket[i] == 0 || (i >= h->first && i <= h->last));
		count += h->bucket[i];
	}
	assert_int_equal(count, h->count);
	assert_true(count == 0 || (h->min <= h->max && h->bucket[h->first] && h->bucket[h->last]));
}

static void test_damaged_bytes_are_refused_or_harmless(void **state)
{
	struct histogram *h = filled(9, 300), *back = create();
	struct rng rng = stream(10);
	size_t size, refused = 0;
	unsigned char *bytes = histogram_encode(h, &size);

	assert_non_null(bytes);
	for (int i = 0; i < 600; i++) {
		size_t at = rng_below(&rng, (uint32_t)size);
		unsigned char kept = bytes[at];

		bytes[at] ^= (unsigned char)(1 + rng_below(&rng, 255));
		refused += histogram_decode(back, bytes, size) != 0;
		assert_valid(back);
		bytes[at] = kept;
	}
	assert_true(refused > 0);
	free(bytes);
	histogram_destroy(h);
	histogram_destroy(back);
}

static void test_random_bytes_are_refused(void **state)
{
	struct histogram *back = create();
	struct rng rng = stream(11);
	unsigned char bytes[200];

	for (int i = 0; i < 2000; i++) {
		size_t size = rng_below(&rng, sizeof(bytes) + 1);

		for (size_t k = 0; k < size; k++)
			bytes[k] = (unsigned char)rng_below(&rng, 256);
		if (size && i % 2)
			bytes[0] = 1; /* the version */
		assert_int_equal(histogram_decode(back, bytes, size), -1);
		assert_empty(back);
	}
	histogram_destroy(back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_any_value_reads_back_within_the_bound),
	    cmocka_unit_test(test_quantiles_agree_with_sorting),
	    cmocka_unit_test(test_cdf_is_the_inverse_of_the_quantile),
	    cmocka_unit_test(test_moments),
	    cmocka_unit_test(test_extremes),
	    cmocka_unit_test(test_merge_is_exact),
	    cmocka_unit_test(test_clear_leaves_nothing),
	    cmocka_unit_test(test_bytes_round_trip),
	    cmocka_unit_test(test_large_counts_round_trip),
	    cmocka_unit_test(test_truncated_bytes_are_refused),
	    cmocka_unit_test(test_damaged_bytes_are_refused_or_harmless),
	    cmocka_unit_test(test_random_bytes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

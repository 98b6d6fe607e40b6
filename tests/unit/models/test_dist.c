/* Every distribution: moments, Kolmogorov-Smirnov against its cdf, quantile against cdf, one by one against filled. */
#include "models/dist.h"
#include "tests/unit/models/cmocka_all.h"
#include <stdlib.h>

#define SAMPLES 200000
/* Kolmogorov's statistic sqrt(n) D exceeds this with probability 1e-3 (less for discrete distributions). */
#define KS_CRITICAL 1.9495
/* A mean of SAMPLES values is off by more than so many standard errors with probability 1e-4. */
#define MEAN_CRITICAL 3.89

static const struct {
	const char *text;
	double mean;           /* by hand or by an independent computation; 0: see below */
	bool variance_settles; /* the fourth moment exists, so the sample variance has a standard error */
} kind[] = {
    {"det", 1, true},
    {"exp", 1, true},
    {"bimodal1", 1, true},
    {"bimodal2", 1, true},
    {"bimodal:0.25,8,2", 3.5, true},
    {"lognormal:1.5", 1, false},
    {"lognormal:0.3", 1, true},
    {"pareto:1.5", 1, false},
    {"pareto:3.5", 1, false},
    {"pareto:9", 1, true},
    {"gev:30,8,0.05", 0, true},
    {"gev:1,2,0", 0, true},
    {"gev:2,3,-0.4", 0, true},
    {"gev:1,2,0.4", 0, false},
    {"gpareto:2,3,0.1", 2 + 3 / 0.9, true},
    {"gpareto:0,2,-0.5", 2 / 1.5, true},
    {"gpareto:1,4,0", 5, true},
    {"etc-key", 0, true},
    {"etc-gap", 16.0292 / (1 - 0.154971), true},
    {"etc-value", 0, false},
    {"tpcc", 33, true},
};

#define KINDS (sizeof(kind) / sizeof(kind[0]))

static struct dist parsed(const char *text)
{
	struct dist dist;
	char error[200];

	if (dist_parse(&dist, text, error, sizeof(error)))
		fail_msg("%s", error);
	return dist;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* sqrt(n) times the largest distance between the sample's distribution function and the cdf; sorts @x. */
static double kolmogorov(const struct dist *dist, double *x, size_t n)
{
	double largest = 0;

	qsort(x, n, sizeof(*x), compare_doubles);
	for (size_t i = 0, j; i < n; i = j) {
		for (j = i; j < n && x[j] == x[i]; j++)
			;
		double just_below = x[i] - 1e-9 * (x[i] + 1e-9);
		double below = fabs(dist_cdf(dist, just_below) - (double)i / (double)n);
		double upto = fabs(dist_cdf(dist, x[i] * (1 + 1e-12)) - (double)j / (double)n);

		largest = fmax(largest, fmax(below, upto));
	}
	return largest * sqrt((double)n);
}

static double sample_mean(const double *x, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += x[i];
	return sum / (double)n;
}

/* Mean and variance of a sample against the distribution's own, within what chance explains. */
static void check_moments(const char *name, const struct dist *dist, const double *x, bool variance_settles)
{
	double n = SAMPLES, mean = sample_mean(x, SAMPLES), second = 0, fourth = 0;

	for (size_t i = 0; i < SAMPLES; i++) {
		double squared = (x[i] - mean) * (x[i] - mean);

		second += squared;
		fourth += squared * squared;
	}
	second /= n;
	fourth /= n;
	if (isfinite(dist_variance(dist))) {
		double allowed = MEAN_CRITICAL * sqrt(dist_variance(dist) / n) + 1e-12;

		if (!(fabs(mean - dist_mean(dist)) <= allowed))
			fail_msg("%s: mean %g, not %g within %g", name, mean, dist_mean(dist), allowed);
	}
	if (variance_settles) {
		double allowed = MEAN_CRITICAL * sqrt((fourth - second * second) / n) + 1e-12;

		if (!(fabs(second - dist_variance(dist)) <= allowed))
			fail_msg("%s: variance %g, not %g within %g", name, second, dist_variance(dist), allowed);
	}
}

static void samples_follow_moments_and_cdf(void **state)
{
	double *x = calloc(SAMPLES, sizeof(*x));

	assert_non_null(x);
	for (size_t k = 0; k < KINDS; k++) {
		struct dist dist = parsed(kind[k].text);
		struct rng rng;

		for (int scaled = 0; scaled < 2; scaled++) {
			if (scaled)
				assert_int_equal(dist_set_mean(&dist, 7), 0);
			rng_init(&rng, 2024, RNG_SERVICE, (uint32_t)k);
			dist_fill(&dist, &rng, x, SAMPLES);
			check_moments(kind[k].text, &dist, x, kind[k].variance_settles);
			double statistic = kolmogorov(&dist, x, SAMPLES);

			if (!(statistic <= KS_CRITICAL))
				fail_msg("%s: sqrt(n) D = %g", kind[k].text, statistic);
			assert_true(x[0] >= 0);
		}
		assert_near_relative(dist_mean(&dist), 7, 1e-12);
	}
	free(x);
}

/* Integrates Q(p)^order over p = 1 - exp(-y), 0 < y < 36, by the midpoint rule. */
static double quantile_moment(const struct dist *dist, int order)
{
	double sum = 0, step = 36.0 / 40000;

	for (int i = 0; i < 40000; i++) {
		double y = (i + 0.5) * step;

		sum += pow(dist_quantile(dist, -expm1(-y)), order) * exp(-y) * step;
	}
	return sum;
}

/* Moments and quantiles come from different formulas. Where the variance is dominated by p > 1 - exp(-36), skip it. */
static void moments_are_those_of_the_quantiles(void **state)
{
	for (size_t k = 0; k < KINDS; k++) {
		struct dist dist = parsed(kind[k].text);
		double mean = quantile_moment(&dist, 1);

		if (kind[k].mean > 0)
			assert_near_relative(dist_mean(&dist), kind[k].mean, 1e-3);
		assert_near_relative(dist_mean(&dist), mean, 1e-3);
		if (kind[k].variance_settles)
			assert_near(dist_variance(&dist), quantile_moment(&dist, 2) - mean * mean,
				    3e-3 * (dist_variance(&dist) + mean * mean));
	}
}

static void quantile_inverts_cdf(void **state)
{
	static const double p[] = {1e-6, 0.01, 0.25, 0.43, 0.5, 0.75, 0.9, 0.99, 0.9995, 1 - 1e-6};

	for (size_t k = 0; k < KINDS; k++) {
		struct dist dist = parsed(kind[k].text);
		double last = 0;

		for (size_t i = 0; i < sizeof(p) / sizeof(p[0]); i++) {
			double x = dist_quantile(&dist, p[i]);

			/* The smallest x with P(X <= x) >= p, up to rounding; all values are at least 0. */
			assert_true(x >= last);
			assert_true(dist_cdf(&dist, x * (1 + 1e-12)) >= p[i] - 1e-10);
			if (x > 0)
				assert_true(dist_cdf(&dist, x * (1 - 1e-9)) <= p[i] + 1e-10);
			last = x;
		}
		assert_true(dist_cdf(&dist, -1) == 0);
		assert_true(dist_cdf(&dist, 0) <= 1);
	}
}

static void filling_is_sampling_one_by_one(void **state)
{
	double filled[3000];

	for (size_t k = 0; k < KINDS; k++) {
		struct dist dist = parsed(kind[k].text);
		struct rng one, many;

		rng_init(&one, 8, RNG_SERVICE, 0);
		many = one;
		dist_fill(&dist, &many, filled, 1000);
		dist_fill(&dist, &many, filled + 1000, 2000);
		for (int i = 0; i < 3000; i++)
			assert_true(filled[i] == dist_sample(&dist, &one));
		assert_memory_equal(&one, &many, sizeof(one));
	}
}

static void infinite_moments_are_infinite(void **state)
{
	struct dist heavy = parsed("pareto:2"), tail = parsed("gpareto:0,1,0.5"), gev = parsed("gev:0,1,0.7");

	assert_true(isinf(dist_variance(&heavy)));
	assert_near(dist_mean(&heavy), 1, 1e-15);
	assert_true(isinf(dist_variance(&tail)));
	assert_near(dist_mean(&tail), 2, 1e-15);
	assert_true(isinf(dist_variance(&gev)));
	assert_true(isfinite(dist_mean(&gev)));
}

/* Far from 0 the clamp plays no part: mean and variance of the Gumbel and of the general case (Johnson, Kotz 1995). */
static void gev_moments(void **state)
{
	struct dist gumbel = parsed("gev:1000,2,0"), key = parsed("etc-key"), nearly = parsed("gev:1000,2,0.00099");
	struct dist over = parsed("gev:1000,2,0.00101"), clamped = parsed("gev:0,1,0");
	struct dist below = parsed("gev:-3,1,-0.5"), nearly_below = parsed("gev:-1000,1,0.1");
	double shape = 0.078688, g1 = tgamma(1 - shape), g2 = tgamma(1 - 2 * shape);

	assert_near(dist_mean(&gumbel), 1000 + 2 * 0.57721566490153286, 1e-8);
	assert_near(dist_variance(&gumbel), 4 * M_PI * M_PI / 6, 1e-5);
	/* Its support reaches below 0 with probability 7e-28 only. */
	assert_near(dist_mean(&key), 30.7984 + 8.20449 * (g1 - 1) / shape, 1e-9);
	assert_near(dist_variance(&key), 8.20449 * 8.20449 * (g2 - g1 * g1) / (shape * shape), 1e-7);
	/* Quadrature below shape 0.001, incomplete gamma functions above: neighbours. */
	assert_near(dist_mean(&nearly), dist_mean(&over), 1e-4);
	assert_near(dist_variance(&nearly), dist_variance(&over), 1e-1);
	/* E[max(X,0)] of the standard Gumbel: Euler's constant + E1(1). */
	assert_near(dist_mean(&clamped), 0.57721566490153286 + 0.21938393439552029, 1e-9);
	assert_near(dist_cdf(&clamped, 0), exp(-1), 1e-12);
	assert_true(dist_quantile(&clamped, 0.3) == 0);
	/* All but wholly clamped. */
	assert_near(dist_mean(&below), 0, 0);
	assert_true(dist_mean(&nearly_below) > 0 && dist_mean(&nearly_below) < 1e-15);
}

static void etc_value_has_its_head(void **state)
{
	struct dist dist = parsed("etc-value");

	assert_near(dist_cdf(&dist, 0), 0.00536, 1e-12);
	assert_near(dist_cdf(&dist, 2.5), 0.00536 + 0.00047 + 0.17820, 1e-12);
	assert_near(dist_cdf(&dist, 14), 0.44155, 1e-12);
	assert_near(dist_cdf(&dist, 15), 0.44155, 1e-12);
	assert_true(dist_quantile(&dist, 0.3) == 5 || dist_quantile(&dist, 0.3) == 3);
	assert_true(dist_quantile(&dist, 0.45) > 15);
}

static void tpcc_meets_the_published_figures(void **state)
{
	struct dist dist = parsed("tpcc");

	assert_near_relative(dist_mean(&dist), 33, 2e-3);
	assert_near_relative(dist_quantile(&dist, 0.5), 20, 2e-3);
	assert_near_relative(dist_quantile(&dist, 0.99), 203, 2e-3);
}

static void empirical_follows_its_weights(void **state)
{
	static const double value[] = {5, 1, 0, 1, 100, 3}, weight[] = {1, 2, 3, 2, 0.5, 11.5};
	double total = 20, *x = calloc(SAMPLES, sizeof(*x));
	struct dist dist;
	struct rng rng;
	char error[200];

	assert_non_null(x);
	assert_int_equal(dist_from_values(&dist, value, weight, 6, error, sizeof(error)), 0);
	assert_near(dist_mean(&dist), (5 + 2 + 0 + 2 + 50 + 34.5) / total, 1e-12);
	assert_near(dist_cdf(&dist, 0.5), 3 / total, 1e-12);
	assert_near(dist_cdf(&dist, 1), 7 / total, 1e-12);
	assert_near(dist_cdf(&dist, 100), 1, 0);
	assert_true(dist_quantile(&dist, 0.35) == 1 && dist_quantile(&dist, 0.36) == 3);
	assert_true(dist_quantile(&dist, 0.999) == 100);
	rng_init(&rng, 4, RNG_SERVICE, 0);
	dist_fill(&dist, &rng, x, SAMPLES);
	check_moments("empirical", &dist, x, true);
	assert_true(kolmogorov(&dist, x, SAMPLES) <= KS_CRITICAL);
	dist_destroy(&dist);
	free(x);
}

static void empirical_of_many_values(void **state)
{
	enum { N = 5000 };
	double *value = calloc(N, sizeof(*value)), *weight = calloc(N, sizeof(*weight));
	double *x = calloc(SAMPLES, sizeof(*x));
	struct dist dist;
	struct rng rng;
	char error[200];

	assert_true(value && weight && x);
	rng_init(&rng, 12, RNG_SERVICE, 0);
	for (int i = 0; i < N; i++) {
		value[i] = 100 * rng_uniform(&rng);
		weight[i] = rng_exponential(&rng) + 1e-6;
	}
	assert_int_equal(dist_from_values(&dist, value, weight, N, error, sizeof(error)), 0);
	dist_fill(&dist, &rng, x, SAMPLES);
	check_moments("empirical", &dist, x, true);
	assert_true(kolmogorov(&dist, x, SAMPLES) <= KS_CRITICAL);
	dist_destroy(&dist);
	free(value);
	free(weight);
	free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(samples_follow_moments_and_cdf), cmocka_unit_test(moments_are_those_of_the_quantiles),
	    cmocka_unit_test(quantile_inverts_cdf),           cmocka_unit_test(filling_is_sampling_one_by_one),
	    cmocka_unit_test(infinite_moments_are_infinite),  cmocka_unit_test(gev_moments),
	    cmocka_unit_test(etc_value_has_its_head),         cmocka_unit_test(tpcc_meets_the_published_figures),
	    cmocka_unit_test(empirical_follows_its_weights),  cmocka_unit_test(empirical_of_many_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

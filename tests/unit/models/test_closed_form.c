/* Closed forms against published values, limits, independent formulas and each other. */
#include "models/closed_form.h"
#include "tests/unit/models/cmocka_all.h"

static void erlang_c_of_the_tables(void **state)
{
	assert_near(erlang_c(1, 0.7), 0.7, 1e-15);
	assert_near(erlang_c(2, 0.5), 1.0 / 3, 1e-15);
	assert_near(erlang_c(10, 0.8), 0.409180, 1e-6);
	/* From the definition, all terms of the sum. */
	long double term = 1, sum = 0, offered = 14.4L;

	for (int i = 0; i < 16; i++) {
		sum += term;
		term *= offered / (i + 1);
	}
	term /= 1 - 0.9L;
	assert_near(erlang_c(16, 0.9), (double)(term / (sum + term)), 1e-14);
	/* Many servers, b = (1 - rho) sqrt(n) = 0.32: 1 / (1 + b Phi(b) / phi(b)) in the limit (Halfin, Whitt 1981). */
	assert_near(erlang_c(1024, 0.99), 1 / (1 + 0.32 * 0.625516 / 0.379031), 0.01);
}

static double max_load(unsigned n, double slo)
{
	double low = 0.01, high = 0.9999;

	for (int i = 0; i < 50; i++) {
		double middle = (low + high) / 2;

		if (mmn_response_quantile(n, middle, 0.99) <= slo)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static void mmn_of_the_published_values(void **state)
{
	assert_near(mmn_response_quantile(16, 0.9, 0.99), 5.2698, 5e-5);
	assert_near(mmn_response_quantile(1, 0.9, 0.99), 46.052, 5e-4);
	assert_near(max_load(16, 10), 0.96767, 5e-6);
	assert_near(max_load(1, 10), 0.53948, 5e-6);
	/* M/M/1: exponential with rate 1 - rho. */
	for (int i = 0; i < 27; i++)
		assert_near(mmn_response_cdf(1, 0.8, 3.7 * i), -expm1(-0.2 * 3.7 * i), 1e-14);
	/* No load: the service time itself. */
	assert_near(mmn_response_quantile(16, 1e-9, 0.99), log(100), 1e-7);
}

/* At n (1 - rho) = 1 wait and service have the same rate; at its sides nothing may jump. */
static void mmn_where_both_rates_are_one(void **state)
{
	for (int i = 0; i < 13; i++) {
		double t = 0.5 + 1.5 * i;
		double expected = 1 - exp(-t) * (1 + erlang_c(2, 0.5) * t);

		assert_near(mmn_response_cdf(2, 0.5, t), expected, 1e-14);
		assert_near(mmn_response_cdf(2, 0.5 + 1e-11, t), expected, 1e-9);
		assert_near(mmn_response_cdf(2, 0.5 - 1e-7, t), expected, 1e-5);
	}
	assert_near(mmn_response_cdf(1024, 0.5, 800), 1, 0);
	assert_near(mmn_response_cdf(1024, 0.9999, 5000), 1, 1e-15);
}

static void mmn_quantile_inverts_cdf(void **state)
{
	static const unsigned n[] = {1, 2, 3, 16, 64, 1024};

	for (size_t i = 0; i < sizeof(n) / sizeof(n[0]); i++) {
		for (int tenth = 0; tenth < 10; tenth++) {
			double rho = 0.05 + 0.1 * tenth;

			assert_near(mmn_response_cdf(n[i], rho, mmn_response_quantile(n[i], rho, 0.5)), 0.5, 1e-13);
			assert_near(mmn_response_cdf(n[i], rho, mmn_response_quantile(n[i], rho, 0.999)), 0.999, 1e-13);
		}
	}
}

/* Erlang's alternating sum, good while its terms are small. */
static double erlang_md1(double rho, double t)
{
	long double sum = 0;

	for (int k = 0; k <= t; k++) {
		long double x = (long double)rho * (t - k), term = expl(x);

		for (int i = 1; i <= k; i++)
			term *= -x / i;
		sum += term;
	}
	return (double)((1 - rho) * sum);
}

static void md1_is_erlangs_where_that_can_be_computed(void **state)
{
	for (int i = 0; i < 5; i++)
		for (int j = 0; j < 27; j++)
			assert_near(md1_wait_cdf(0.1 + 0.2 * i, 0.37 * j), erlang_md1(0.1 + 0.2 * i, 0.37 * j), 1e-12);
	assert_near(md1_wait_cdf(0.5, 0), 0.5, 1e-15);
	assert_near(md1_wait_cdf(0.5, 1), 0.5 * exp(0.5), 1e-15);
	assert_near(md1_wait_cdf(0.3, 2), 0.7 * (exp(0.6) - 0.3 * exp(0.3)), 1e-15);
	assert_near(md1_wait_cdf(0.3, -1), 0, 0);
}

/* P(W > t) ~ (1 - rho) / (rho exp(eta) - 1) exp(-eta t), rho (exp(eta) - 1) = eta (Cramer and Lundberg). */
static void md1_has_its_exponential_tail(void **state)
{
	static const double rho[] = {0.8, 0.9, 0.99, 0.999};

	for (size_t i = 0; i < sizeof(rho) / sizeof(rho[0]); i++) {
		double low = 1e-9, high = 10;

		for (int k = 0; k < 200; k++) {
			double middle = (low + high) / 2;

			if (rho[i] * expm1(middle) > middle)
				high = middle;
			else
				low = middle;
		}
		double constant = (1 - rho[i]) / (rho[i] * exp(low) - 1);
		double t = 8 / low; /* tail about exp(-8) */

		assert_near_relative(1 - md1_wait_cdf(rho[i], t), constant * exp(-low * t), 1e-6);
		assert_near(md1_wait_cdf(rho[i], md1_wait_quantile(rho[i], 0.99)), 0.99, 1e-12);
	}
}

/* The mean is the integral of the tail: rho / (2 (1 - rho)). */
static void md1_has_its_mean(void **state)
{
	double rho = 0.7, mean = 0, step = 0.01;

	for (int i = 0; i < 6000; i++)
		mean += (1 - md1_wait_cdf(rho, (i + 0.5) * step)) * step;
	assert_near(mean, rho / (2 * (1 - rho)), 1e-4);
	assert_near(mg1_mean_response(rho, 0), 1 + rho / (2 * (1 - rho)), 1e-14);
	assert_near(mg1_mean_response(rho, 1), 1 / (1 - rho), 1e-14);
	assert_true(md1_wait_quantile(0.4, 0.5) == 0);
}

/* The k-th moment of the response time by Simpson's rule over the tail. */
static void ps_moments(unsigned n, double rho, double end, int steps, double *mean, double *variance)
{
	double step = end / steps, first = 0, second = 0;

	for (int i = 0; i <= steps; i++) {
		double weight = (i == 0 || i == steps ? 1 : i % 2 ? 4 : 2) * step / 3, t = i * step;
		double tail = 1 - mmn_ps_response_cdf(n, rho, t);

		first += weight * tail;
		second += weight * 2 * t * tail;
	}
	*mean = first;
	*variance = second - first * first;
}

/* M/M/1-PS: mean 1 / (1 - rho), variance (2 + rho) / (2 - rho) / (1 - rho)^2 (Coffman, Muntz, Trotter 1970). */
static void ps_has_its_moments(void **state)
{
	double mean, variance;

	ps_moments(1, 0.5, 120, 600, &mean, &variance);
	assert_near(mean, 2, 1e-4);
	assert_near(variance, 2.5 / 1.5 / 0.25, 2e-3);
	ps_moments(1, 0.8, 500, 1000, &mean, &variance);
	assert_near(mean, 5, 2e-3);
	assert_near(variance, 2.8 / 1.2 / 0.04, 0.1);
	/* With n servers the number present is that of M/M/n, so by Little's law the mean is too. */
	ps_moments(4, 0.8, 120, 600, &mean, &variance);
	assert_near(mean, 1 + erlang_c(4, 0.8) / (4 * 0.2), 1e-4);
}

static void ps_at_its_limits(void **state)
{
	/* Never crowded: the service time itself. */
	assert_near(mmn_ps_response_quantile(64, 0.1, 0.99), log(100), 1e-9);
	assert_near(mmn_ps_response_cdf(3, 0.6, 0), 0, 0);
	for (int i = 0; i < 5; i++) {
		double rho = 0.1 + 0.2 * i;

		assert_near(mmn_ps_response_cdf(5, rho, mmn_ps_response_quantile(5, rho, 0.99)), 0.99, 1e-12);
	}
	/* At the same load the tail is longer than first come, first served. */
	assert_true(mmn_ps_response_quantile(16, 0.95, 0.99) > mmn_response_quantile(16, 0.95, 0.99));
}

static void exact_says_what_is_known(void **state)
{
	struct dist exponential, det, bimodal;
	double p[2] = {0.5, 0.99}, q[2], mean;
	char error[100];

	dist_parse(&exponential, "exp", error, sizeof(error));
	dist_parse(&det, "det", error, sizeof(error));
	dist_parse(&bimodal, "bimodal1", error, sizeof(error));
	dist_set_mean(&bimodal, 12); /* any unit */
	struct queue_params params = {QUEUE_CENTRALIZED_FCFS, 16, 0.9, &exponential, 1, 0};

	assert_non_null(queue_exact(&params, p, q, 2, &mean));
	assert_near(q[1], 5.2698, 5e-5);
	assert_near(mean, 1 + erlang_c(16, 0.9) / 1.6, 1e-12);
	params.discipline = QUEUE_PARTITIONED_FCFS;
	assert_non_null(queue_exact(&params, p, q, 2, &mean));
	assert_near(q[1], 46.052, 5e-4);
	params.service = &det;
	assert_non_null(queue_exact(&params, p, q, 2, NULL));
	assert_near(q[1], 1 + md1_wait_quantile(0.9, 0.99), 1e-12);
	params.service = &bimodal;
	assert_non_null(queue_exact(&params, p, q, 2, &mean));
	assert_true(isnan(q[0]) && isnan(q[1]));
	assert_near(mean, 1 + 0.9 * (1 + 2.25) / 0.2, 1e-9);
	params.discipline = QUEUE_CENTRALIZED_FCFS;
	assert_null(queue_exact(&params, p, q, 2, &mean));
	assert_true(isnan(mean));
	params.discipline = QUEUE_PARTITIONED_PS;
	assert_non_null(queue_exact(&params, p, q, 2, &mean));
	assert_true(isnan(q[1]));
	assert_near(mean, 10, 1e-12);
	params.service = &exponential;
	assert_non_null(queue_exact(&params, p, q, 2, &mean));
	assert_near(q[1], mmn_ps_response_quantile(1, 0.9, 0.99), 1e-12);
	params.load = 1;
	assert_null(queue_exact(&params, p, q, 2, &mean));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(erlang_c_of_the_tables),
	    cmocka_unit_test(mmn_of_the_published_values),
	    cmocka_unit_test(mmn_where_both_rates_are_one),
	    cmocka_unit_test(mmn_quantile_inverts_cdf),
	    cmocka_unit_test(md1_is_erlangs_where_that_can_be_computed),
	    cmocka_unit_test(md1_has_its_exponential_tail),
	    cmocka_unit_test(md1_has_its_mean),
	    cmocka_unit_test(ps_has_its_moments),
	    cmocka_unit_test(ps_at_its_limits),
	    cmocka_unit_test(exact_says_what_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

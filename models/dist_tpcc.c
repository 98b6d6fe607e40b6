/*
 * Service time of the TPC-C mix on Silo, in us: one lognormal per transaction type. Published are only the mean of 33
 * us, the median of 20 us and the 99th percentile of 203 us. Ours are the shapes (sigma) and the medians of OrderStatus
 * and StockLevel, plausible for what these transactions touch; the medians of the other three then follow from the
 * three published figures, which the mixture meets to 0.1%.
 */
#include "models/dist_ops.h"
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>

enum { NEW_ORDER, PAYMENT, ORDER_STATUS, DELIVERY, STOCK_LEVEL, TRANSACTION_TYPES };

static const struct transaction {
	double share, median_us, sigma;
} transaction[TRANSACTION_TYPES] = {
    [NEW_ORDER] = {0.45, 30.868, 0.4}, [PAYMENT] = {0.43, 12.363, 0.3},  [ORDER_STATUS] = {0.04, 16, 0.3},
    [DELIVERY] = {0.04, 177.26, 0.2},  [STOCK_LEVEL] = {0.04, 110, 0.2},
};

static double transaction_mean_us(const struct transaction *t)
{
	return t->median_us * exp(t->sigma * t->sigma / 2);
}

static double tpcc_mean(const struct dist *dist)
{
	double mean = 0;

	for (int i = 0; i < TRANSACTION_TYPES; i++)
		mean += transaction[i].share * transaction_mean_us(&transaction[i]);
	return mean;
}

static double tpcc_variance(const struct dist *dist)
{
	double second = 0, mean = tpcc_mean(dist);

	for (int i = 0; i < TRANSACTION_TYPES; i++) {
		double m = transaction_mean_us(&transaction[i]);

		second += transaction[i].share * m * m * exp(transaction[i].sigma * transaction[i].sigma);
	}
	return second - mean * mean;
}

static double tpcc_cdf(const struct dist *dist, double x)
{
	double p = 0;

	if (x <= 0)
		return 0;
	for (int i = 0; i < TRANSACTION_TYPES; i++)
		p += transaction[i].share *
		     gsl_cdf_ugaussian_P(log(x / transaction[i].median_us) / transaction[i].sigma);
	return p;
}

/* Bisection of log x between the least and the greatest of the five types' quantiles, to the last bits. */
static double tpcc_quantile(const struct dist *dist, double p)
{
	double z = gsl_cdf_ugaussian_Pinv(p), low = INFINITY, high = -INFINITY;

	for (int i = 0; i < TRANSACTION_TYPES; i++) {
		double log_x = log(transaction[i].median_us) + transaction[i].sigma * z;

		low = fmin(low, log_x);
		high = fmax(high, log_x);
	}
	for (int i = 0; i < 60; i++) {
		double middle = (low + high) / 2;

		if (tpcc_cdf(dist, exp(middle)) < p)
			low = middle;
		else
			high = middle;
	}
	return exp(high);
}

static void tpcc_fill(const struct dist *dist, struct rng *rng, double *out, size_t n)
{
	gsl_rng gsl = dist_gsl_rng(rng);

	for (size_t i = 0; i < n; i++) {
		double u = rng_uniform(rng);
		int type = 0;

		while (type < TRANSACTION_TYPES - 1 && u >= transaction[type].share)
			u -= transaction[type++].share;
		out[i] = dist->scale * transaction[type].median_us *
			 exp(gsl_ran_gaussian_ziggurat(&gsl, transaction[type].sigma));
	}
}

const struct dist_ops dist_tpcc_ops = {tpcc_mean, tpcc_variance, tpcc_cdf, tpcc_quantile, tpcc_fill};

/*
 * Value sizes of Facebook's ETC pool (Atikoglu et al., "Workload analysis of a large-scale key-value store", SIGMETRICS
 * 2012, table 5): sizes 0 .. 14 with the probabilities below, all others generalized Pareto from 15 up.
 */
#include "models/dist_ops.h"
#include "models/ziggurat.h"
#include <math.h>

#define HEAD_SIZES 15
static const double head_probability[HEAD_SIZES] = {.00536, .00047, .17820, .09239, .00018, .02740, .00065, .00606,
						    .00023, .00837, .00837, .08989, .00092, .00326, .01980};
static const double tail_location = 15, tail_scale = 214.476, tail_shape = 0.348238;

/* Sum of the head's probabilities times size^@order. */
static double head_moment(int order)
{
	double sum = 0;

	for (int size = 0; size < HEAD_SIZES; size++)
		sum += head_probability[size] * (order == 0 ? 1 : order == 1 ? size : size * size);
	return sum;
}

static double etc_mean(const struct dist *dist)
{
	double tail_mean = tail_location + tail_scale / (1 - tail_shape);

	return head_moment(1) + (1 - head_moment(0)) * tail_mean;
}

static double etc_variance(const struct dist *dist)
{
	double past = 1 - tail_shape, tail_mean = tail_location + tail_scale / past;
	double tail_variance = tail_scale * tail_scale / (past * past * (1 - 2 * tail_shape));
	double mean = etc_mean(dist);

	return head_moment(2) + (1 - head_moment(0)) * (tail_variance + tail_mean * tail_mean) - mean * mean;
}

static double etc_cdf(const struct dist *dist, double x)
{
	double below = 0;

	for (int size = 0; size < HEAD_SIZES && size <= x; size++)
		below += head_probability[size];
	return below + (1 - head_moment(0)) * dist_gpareto_cdf(tail_location, tail_scale, tail_shape, x);
}

static double etc_quantile(const struct dist *dist, double p)
{
	double below = 0;

	for (int size = 0; size < HEAD_SIZES; size++) {
		below += head_probability[size];
		if (p <= below)
			return size;
	}
	return dist_gpareto_value(tail_location, tail_scale, tail_shape, -log1p(-(p - below) / (1 - below)));
}

static void etc_fill(const struct dist *dist, struct rng *rng, double *out, size_t n)
{
	double head = head_moment(0);

	for (size_t i = 0; i < n; i++) {
		double u = rng_uniform_open(rng);
		double value =
		    u <= head ? etc_quantile(dist, u)
			      : dist_gpareto_value(tail_location, tail_scale, tail_shape, ziggurat_exponential(rng));
		out[i] = dist->scale * value;
	}
}

const struct dist_ops dist_etc_value_ops = {etc_mean, etc_variance, etc_cdf, etc_quantile, etc_fill};

/* Deterministic (value 1), exponential (mean 1) and bimodal (a: probability of b, else c) distributions. */
#include "models/dist_ops.h"
#include "models/ziggurat.h"
#include <math.h>

static double det_mean(const struct dist *dist)
{
	return 1;
}

static double det_variance(const struct dist *dist)
{
	return 0;
}

static double det_cdf(const struct dist *dist, double x)
{
	return x >= 1;
}

static double det_quantile(const struct dist *dist, double p)
{
	return 1;
}

static void det_fill(const struct dist *dist, struct rng *rng, double *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = dist->scale;
}

const struct dist_ops dist_det_ops = {det_mean, det_variance, det_cdf, det_quantile, det_fill};

static double exp_one(const struct dist *dist)
{
	return 1;
}

static double exp_cdf(const struct dist *dist, double x)
{
	return x > 0 ? -expm1(-x) : 0;
}

static double exp_quantile(const struct dist *dist, double p)
{
	return -log1p(-p);
}

static void exp_fill(const struct dist *dist, struct rng *rng, double *out, size_t n)
{
	struct rng local = *rng;
	double scale = dist->scale;

	for (size_t i = 0; i < n; i++)
		out[i] = scale * ziggurat_exponential(&local);
	*rng = local;
}

const struct dist_ops dist_exp_ops = {exp_one, exp_one, exp_cdf, exp_quantile, exp_fill};

static double bimodal_mean(const struct dist *dist)
{
	return dist->a * dist->b + (1 - dist->a) * dist->c;
}

static double bimodal_variance(const struct dist *dist)
{
	double gap = dist->c - dist->b;

	return dist->a * (1 - dist->a) * gap * gap;
}

static double bimodal_cdf(const struct dist *dist, double x)
{
	return (x >= dist->b ? dist->a : 0) + (x >= dist->c ? 1 - dist->a : 0);
}

static double bimodal_quantile(const struct dist *dist, double p)
{
	if (dist->b <= dist->c)
		return p <= dist->a ? dist->b : dist->c;
	return p <= 1 - dist->a ? dist->c : dist->b;
}

static void bimodal_fill(const struct dist *dist, struct rng *rng, double *out, size_t n)
{
	struct rng local = *rng;
	double value[2] = {dist->scale * dist->c, dist->scale * dist->b};

	for (size_t i = 0; i < n; i++)
		out[i] = value[rng_uniform(&local) < dist->a];
	*rng = local;
}

const struct dist_ops dist_bimodal_ops = {bimodal_mean, bimodal_variance, bimodal_cdf, bimodal_quantile, bimodal_fill};

/* Lognormal (a: mu, b: sigma), Pareto (a: alpha, b: smallest value), generalized Pareto (a: location, b: scale, c:
 * shape). */
#include "models/dist_ops.h"
#include "models/ziggurat.h"
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>

static double lognormal_mean(const struct dist *dist)
{
	return exp(dist->a + dist->b * dist->b / 2);
}

static double lognormal_variance(const struct dist *dist)
{
	double mean = lognormal_mean(dist);

	return mean * mean * expm1(dist->b * dist->b);
}

static double lognormal_cdf(const struct dist *dist, double x)
{
	return x > 0 ? gsl_cdf_ugaussian_P((log(x) - dist->a) / dist->b) : 0;
}

static double lognormal_quantile(const struct dist *dist, double p)
{
	return exp(dist->a + dist->b * gsl_cdf_ugaussian_Pinv(p));
}

static void lognormal_fill(const struct dist *dist, struct rng *rng, double *out, size_t n)
{
	gsl_rng gsl = dist_gsl_rng(rng);

	for (size_t i = 0; i < n; i++)
		out[i] = dist->scale * exp(dist->a + gsl_ran_gaussian_ziggurat(&gsl, dist->b));
}

const struct dist_ops dist_lognormal_ops = {lognormal_mean, lognormal_variance, lognormal_cdf, lognormal_quantile,
					    lognormal_fill};

static double pareto_mean(const struct dist *dist)
{
	return dist->a > 1 ? dist->b * dist->a / (dist->a - 1) : INFINITY;
}

static double pareto_variance(const struct dist *dist)
{
	double mean = pareto_mean(dist);

	return dist->a > 2 ? mean * mean / (dist->a * (dist->a - 2)) : INFINITY;
}

static double pareto_cdf(const struct dist *dist, double x)
{
	return x > dist->b ? -expm1(-dist->a * log(x / dist->b)) : 0;
}

static double pareto_quantile(const struct dist *dist, double p)
{
	return dist->b * exp(-log1p(-p) / dist->a);
}

/* The logarithm of a Pareto variate is exponential. */
static void pareto_fill(const struct dist *dist, struct rng *rng, double *out, size_t n)
{
	double smallest = dist->scale * dist->b, inverse = 1 / dist->a;

	for (size_t i = 0; i < n; i++)
		out[i] = smallest * exp(inverse * ziggurat_exponential(rng));
}

const struct dist_ops dist_pareto_ops = {pareto_mean, pareto_variance, pareto_cdf, pareto_quantile, pareto_fill};

static double gpareto_mean(const struct dist *dist)
{
	return dist->c < 1 ? dist->a + dist->b / (1 - dist->c) : INFINITY;
}

static double gpareto_variance(const struct dist *dist)
{
	double shape = dist->c;

	return shape < 0.5 ? dist->b * dist->b / ((1 - shape) * (1 - shape) * (1 - 2 * shape)) : INFINITY;
}

double dist_gpareto_value(double location, double scale, double shape, double exponential)
{
	return location + scale * (shape != 0 ? expm1(shape * exponential) / shape : exponential);
}

double dist_gpareto_cdf(double location, double scale, double shape, double x)
{
	double z = (x - location) / scale;

	if (z <= 0)
		return 0;
	if (1 + shape * z <= 0)
		return 1; /* beyond the end of a bounded one */
	return -expm1(shape != 0 ? -log1p(shape * z) / shape : -z);
}

static double gpareto_cdf(const struct dist *dist, double x)
{
	return dist_gpareto_cdf(dist->a, dist->b, dist->c, x);
}

static double gpareto_quantile(const struct dist *dist, double p)
{
	return dist_gpareto_value(dist->a, dist->b, dist->c, -log1p(-p));
}

static void gpareto_fill(const struct dist *dist, struct rng *rng, double *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = dist->scale * dist_gpareto_value(dist->a, dist->b, dist->c, ziggurat_exponential(rng));
}

const struct dist_ops dist_gpareto_ops = {gpareto_mean, gpareto_variance, gpareto_cdf, gpareto_quantile, gpareto_fill};

/*
 * Generalized extreme values (a: location, b: scale, c: shape), clamped at 0: what the fit would make negative counts
 * as 0, in samples, cdf and moments alike. With E exponential of mean 1, X = location + scale (E^-shape - 1) / shape.
 */
#include "models/dist_ops.h"
#include "models/ziggurat.h"
#include <gsl/gsl_integration.h>
#include <gsl/gsl_sf_gamma.h>
#include <math.h>

/* Below this shape the moments' closed form cancels (its terms grow as 1/shape^2) and quadrature takes over. */
#define SHAPE_SMALL 1e-3

/* The value at E = exp(-y). */
static double value_at(const struct dist *dist, double y)
{
	double shape = dist->c;

	return dist->a + dist->b * (shape != 0 ? expm1(shape * y) / shape : y);
}

/* The y of value_at() where the value is @x; -INFINITY or INFINITY where all values are above or below. */
static double y_of(const struct dist *dist, double x)
{
	double shape = dist->c, z = (x - dist->a) / dist->b;

	if (shape == 0)
		return z;
	if (1 + shape * z <= 0)
		return shape > 0 ? -INFINITY : INFINITY;
	return log1p(shape * z) / shape;
}

/* Lower incomplete gamma function, a > 0, x >= 0. */
static double lower_gamma(double a, double x)
{
	if (isinf(x))
		return tgamma(a);
	if (x < 1e-18) /* its series' first term is exact here, and GSL would stop at an underflow */
		return pow(x, a) / a;
	return tgamma(a) * gsl_sf_gamma_inc_P(a, x);
}

struct moment {
	const struct dist *dist;
	int order;
};

static double moment_density(double y, void *context)
{
	const struct moment *m = context;

	return pow(value_at(m->dist, y), m->order) * exp(-y - exp(-y));
}

/*
 * E[X^order] by quadrature over y: below -7 the density is less than 1e-300, and as |shape| is small the tail falls
 * like exp(-y). NAN when memory is short.
 */
static double moment_quadrature(const struct dist *dist, int order)
{
	struct moment m = {dist, order};
	gsl_function f = {moment_density, &m};
	gsl_integration_glfixed_table *table = gsl_integration_glfixed_table_alloc(20);
	double sum = 0;

	if (!table)
		return NAN;
	double from = fmax(y_of(dist, 0), -7);

	for (int i = 0; i < 67; i++)
		sum += gsl_integration_glfixed(&f, from + i, from + i + 1, table);
	gsl_integration_glfixed_table_free(table);
	return sum;
}

/* E[X^order], order 1 or 2, of max(X, 0): with X = u + w E^-shape over 0 < E < e0, incomplete gamma functions. */
static double moment(const struct dist *dist, int order)
{
	double shape = dist->c;

	if (shape * order >= 1)
		return INFINITY;
	if (fabs(shape) < SHAPE_SMALL)
		return moment_quadrature(dist, order);
	double w = dist->b / shape, u = dist->a - w;
	double e0 = exp(-y_of(dist, 0)); /* the value is positive below */

	if (order == 1)
		return u * lower_gamma(1, e0) + w * lower_gamma(1 - shape, e0);
	return u * u * lower_gamma(1, e0) + 2 * u * w * lower_gamma(1 - shape, e0) +
	       w * w * lower_gamma(1 - 2 * shape, e0);
}

static double gev_mean(const struct dist *dist)
{
	return moment(dist, 1);
}

static double gev_variance(const struct dist *dist)
{
	double mean = moment(dist, 1);

	return moment(dist, 2) - mean * mean;
}

static double gev_cdf(const struct dist *dist, double x)
{
	return x >= 0 ? exp(-exp(-y_of(dist, x))) : 0;
}

static double gev_quantile(const struct dist *dist, double p)
{
	return fmax(value_at(dist, -log(-log(p))), 0);
}

static void gev_fill(const struct dist *dist, struct rng *rng, double *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = dist->scale * fmax(value_at(dist, -log(ziggurat_exponential(rng))), 0);
}

const struct dist_ops dist_gev_ops = {gev_mean, gev_variance, gev_cdf, gev_quantile, gev_fill};

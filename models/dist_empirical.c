/*
 * Empirical distribution: sorted values with their cumulated probability, and an alias table (Walker 1977; built as by
 * Vose 1991), so that a variate costs one draw however many values there are.
 */
#include "models/dist_ops.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct dist_empirical {
	size_t n;
	double *value;      /* rising */
	double *cumulative; /* P(X <= value[i]); the last is 1 */
	double *keep;       /* slot i yields value[i] with this probability, else value[alias[i]] */
	uint32_t *alias;
};

struct weighted {
	double value, weight;
};

static int compare_values(const void *a, const void *b)
{
	double x = ((const struct weighted *)a)->value, y = ((const struct weighted *)b)->value;

	return (x > y) - (x < y);
}

void dist_empirical_destroy(struct dist_empirical *empirical)
{
	if (!empirical)
		return;
	free(empirical->value);
	free(empirical->cumulative);
	free(empirical->keep);
	free(empirical->alias);
	free(empirical);
}

static struct dist_empirical *empirical_alloc(size_t n)
{
	struct dist_empirical *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->n = n;
	e->value = calloc(n, sizeof(*e->value));
	e->cumulative = calloc(n, sizeof(*e->cumulative));
	e->keep = calloc(n, sizeof(*e->keep));
	e->alias = calloc(n, sizeof(*e->alias));
	if (!e->value || !e->cumulative || !e->keep || !e->alias) {
		dist_empirical_destroy(e);
		return NULL;
	}
	return e;
}

/*
 * Pairs each slot that has less than an average share with one that has more. Slots 0 .. n-1 of @list hold, from the
 * left, those with too little and, from the right, those with too much.
 */
static void build_alias(struct dist_empirical *e, const struct weighted *item, double total, uint32_t *list)
{
	size_t little = 0, much = e->n;

	for (size_t i = 0; i < e->n; i++) {
		e->keep[i] = item[i].weight / total * (double)e->n;
		e->alias[i] = (uint32_t)i;
		if (e->keep[i] < 1)
			list[little++] = (uint32_t)i;
		else
			list[--much] = (uint32_t)i;
	}
	while (little > 0 && much < e->n) {
		uint32_t poor = list[--little], rich = list[much];

		e->alias[poor] = rich;
		e->keep[rich] -= 1 - e->keep[poor];
		if (e->keep[rich] < 1) {
			much++;
			list[little++] = rich;
		}
	}
	/* What rounding left over is 1 up to rounding. */
	while (little > 0)
		e->keep[list[--little]] = 1;
	while (much < e->n)
		e->keep[list[much++]] = 1;
}

/* Sorts @item and fills the distribution from it. Returns -1 when memory is short. */
static int empirical_build(struct dist_empirical *e, struct weighted *item, double total)
{
	uint32_t *list = calloc(e->n, sizeof(*list));
	double sum = 0;

	if (!list)
		return -1;
	qsort(item, e->n, sizeof(*item), compare_values);
	for (size_t i = 0; i < e->n; i++) {
		sum += item[i].weight / total;
		e->value[i] = item[i].value;
		e->cumulative[i] = fmin(sum, 1);
	}
	e->cumulative[e->n - 1] = 1;
	build_alias(e, item, total, list);
	free(list);
	return 0;
}

/* Copies values and weights to @item; returns the total weight, or NAN with @error. */
static double check_items(struct weighted *item, const double *values, const double *weights, size_t n, char *error,
			  size_t error_size)
{
	double total = 0;

	for (size_t i = 0; i < n; i++) {
		item[i] = (struct weighted){values[i], weights[i]};
		if (!isfinite(values[i]) || values[i] < 0) {
			snprintf(error, error_size, "value %zu is %g; values must be finite and not negative", i + 1,
				 values[i]);
			return NAN;
		}
		if (!isfinite(weights[i]) || weights[i] <= 0) {
			snprintf(error, error_size, "weight %zu is %g; weights must be finite and above 0", i + 1,
				 weights[i]);
			return NAN;
		}
		total += weights[i];
	}
	if (!isfinite(total)) {
		snprintf(error, error_size, "the sum of the weights is too large");
		return NAN;
	}
	return total;
}

int dist_from_values(struct dist *dist, const double *values, const double *weights, size_t n, char *error,
		     size_t error_size)
{
	if (n == 0 || n > UINT32_MAX) {
		snprintf(error, error_size, "%zu values; an empirical distribution has 1 to %u", n, UINT32_MAX);
		return -1;
	}
	struct weighted *item = calloc(n, sizeof(*item));
	struct dist_empirical *e = empirical_alloc(n);
	int result = -1;

	snprintf(error, error_size, "not enough memory for %zu values", n);
	if (item && e) {
		double total = check_items(item, values, weights, n, error, error_size);

		if (!isnan(total))
			result = empirical_build(e, item, total);
	}
	free(item);
	if (result)
		dist_empirical_destroy(e);
	else
		*dist = (struct dist){.kind = DIST_EMPIRICAL, .scale = 1, .empirical = e};
	return result;
}

static double share(const struct dist_empirical *e, size_t i)
{
	return e->cumulative[i] - (i > 0 ? e->cumulative[i - 1] : 0);
}

static double empirical_mean(const struct dist *dist)
{
	const struct dist_empirical *e = dist->empirical;
	double mean = 0;

	for (size_t i = 0; i < e->n; i++)
		mean += share(e, i) * e->value[i];
	return mean;
}

static double empirical_variance(const struct dist *dist)
{
	const struct dist_empirical *e = dist->empirical;
	double mean = empirical_mean(dist), variance = 0;

	for (size_t i = 0; i < e->n; i++)
		variance += share(e, i) * (e->value[i] - mean) * (e->value[i] - mean);
	return variance;
}

static double empirical_cdf(const struct dist *dist, double x)
{
	const struct dist_empirical *e = dist->empirical;
	size_t low = 0, high = e->n; /* the number of values <= x is in low..high */

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (e->value[middle] <= x)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? e->cumulative[low - 1] : 0;
}

static double empirical_quantile(const struct dist *dist, double p)
{
	const struct dist_empirical *e = dist->empirical;
	size_t low = 0, high = e->n - 1; /* the first index whose cumulated probability reaches p is in low..high */

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (e->cumulative[middle] >= p)
			high = middle;
		else
			low = middle + 1;
	}
	return e->value[low];
}

/* One draw times n: its whole part is the slot, its fraction decides between the slot's value and its alias. */
static void empirical_fill(const struct dist *dist, struct rng *rng, double *out, size_t n)
{
	const struct dist_empirical *e = dist->empirical;

	for (size_t i = 0; i < n; i++) {
		unsigned __int128 product = (unsigned __int128)rng_next(rng) * e->n;
		size_t slot = (size_t)(product >> 64);
		double fraction = (double)((uint64_t)product >> 11) * 0x1p-53;

		out[i] = dist->scale * e->value[fraction < e->keep[slot] ? slot : e->alias[slot]];
	}
}

const struct dist_ops dist_empirical_ops = {empirical_mean, empirical_variance, empirical_cdf, empirical_quantile,
					    empirical_fill};

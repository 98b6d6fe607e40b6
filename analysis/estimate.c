#include "analysis/estimate.h"
#include "analysis/batches.h"

#include <math.h>
#include <stdlib.h>

const double estimate_probability[ESTIMATE_QUANTILES] = {0.5, 0.9, 0.95, 0.99, 0.999};
const char *const estimate_name[ESTIMATE_QUANTILES] = {"p50", "p90", "p95", "p99", "p999"};

enum { MEAN = ESTIMATE_QUANTILES, SERIES, BATCHES_MIN = 8 };

/* 90% quantile of the standard normal distribution. */
static const double critical = 1.2816;

/* An interval is given where the run is worth this many independent values beyond the quantile. */
static const double tail_values_min = 10;

/* The mean is as hard to tell as this quantile. */
static const double mean_probability = 0.9;

struct estimator {
	uint64_t warmup, discarded;
	double confidence;
	struct batches batches;
	struct histogram *all; /* scratch of estimator_result() */
};

/*
 * One number from each batch: its mean, or the share of its values at or below the quantile of the whole run. Both are
 * averages, so the series of longer batches follows from that of shorter ones, and short batches have no bias.
 */
struct series {
	double value[BATCHES_MAX];
	double std_error; /* of the series' mean; NAN where there are too few */
	unsigned n;
	bool correlated;
};

struct estimator *estimator_create(uint64_t warmup, double confidence)
{
	struct estimator *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->warmup = warmup;
	e->confidence = confidence;
	e->all = histogram_create();
	if (batches_init(&e->batches) == 0 && e->all)
		return e;
	estimator_destroy(e);
	return NULL;
}

void estimator_destroy(struct estimator *e)
{
	if (!e)
		return;
	batches_destroy(&e->batches);
	histogram_destroy(e->all);
	free(e);
}

int estimator_add(struct estimator *e, const double *values, size_t n)
{
	uint64_t left = e->warmup - e->discarded;
	size_t skip = n < left ? n : (size_t)left;

	e->discarded += skip;
	return batches_add(&e->batches, values + skip, n - skip);
}

void estimator_histogram(const struct estimator *e, struct histogram *out)
{
	histogram_clear(out);
	for (unsigned i = 0; i < e->batches.finished; i++)
		histogram_merge(out, batches_decode(&e->batches, i));
	histogram_merge(out, e->batches.current);
}

/* What each finished batch has to say of the estimates in @out. */
static void measure_batches(const struct batches *b, const struct estimate *out, struct series series[SERIES])
{
	for (unsigned i = 0; i < b->finished; i++) {
		const struct histogram *h = batches_decode(b, i);

		for (unsigned q = 0; q < ESTIMATE_QUANTILES; q++)
			series[q].value[i] = histogram_cdf(h, out->quantile[q].value);
		series[MEAN].value[i] = histogram_mean(h);
	}
	for (unsigned s = 0; s < SERIES; s++)
		series[s].n = b->finished;
}

/*
 * Whether neighbours in the series correlate: the lag-1 autocorrelation is above what one in ten independent series
 * shows, its distribution being near normal with mean -1/n and variance 1/n. Sets the standard error of the series'
 * mean too.
 */
static void inspect(struct series *s)
{
	double n = s->n, mean = 0, square = 0, product = 0;

	for (unsigned i = 0; i < s->n; i++)
		mean += s->value[i] / n;
	for (unsigned i = 0; i < s->n; i++) {
		square += (s->value[i] - mean) * (s->value[i] - mean);
		product += i ? (s->value[i] - mean) * (s->value[i - 1] - mean) : 0;
	}
	s->correlated = product > (critical * sqrt(n) - 1) / n * square;
	s->std_error = sqrt(square / n / (n - 1));
}

/* Merges neighbours until they no longer correlate, or no more than BATCHES_MIN would be left. */
static void decorrelate(struct series *s)
{
	s->correlated = true;
	s->std_error = NAN;
	if (s->n < BATCHES_MIN)
		return;
	inspect(s);
	while (s->correlated && s->n >= 2 * BATCHES_MIN) {
		s->n /= 2;
		for (unsigned i = 0; i < s->n; i++)
			s->value[i] = (s->value[2 * i] + s->value[2 * i + 1]) / 2;
		inspect(s);
	}
}

/* How many independent values would leave the share below quantile @q as uncertain as it is. */
static double independent_values(const struct series *s, unsigned q)
{
	double p = estimate_probability[q];

	return p * (1 - p) / (s->std_error * s->std_error);
}

/*
 * The quantiles of the merged histogram at the ends of the interval of the share below, rounded outwards to the edges
 * of their buckets: so the values' rounding is covered.
 */
static void quantile_interval(struct interval *interval, const struct histogram *h, const struct series *s, double p,
			      double confidence)
{
	double dof = s->n - 1, t = interval_t(confidence, dof), half = t * s->std_error, unused;

	if (half >= p || half >= 1 - p) {
		interval_set(interval, NAN, 0, confidence);
		return;
	}
	histogram_bounds(histogram_quantile(h, p - half), &interval->low, &unused);
	histogram_bounds(histogram_quantile(h, p + half), &unused, &interval->high);
	interval->std_error = (interval->high - interval->low) / 2 / t;
	interval->dof = dof;
}

static void set_intervals(const struct estimator *e, const struct series series[SERIES], struct estimate *out)
{
	double independent = INFINITY; /* what the run is worth, by the quantiles looked at so far */

	for (unsigned q = 0; q < ESTIMATE_QUANTILES; q++) {
		double p = estimate_probability[q];

		independent = fmin(independent, independent_values(&series[q], q));
		if (!isnan(series[q].std_error) && independent * (1 - p) >= tail_values_min)
			quantile_interval(&out->quantile[q], e->all, &series[q], p, e->confidence);
		else
			interval_set(&out->quantile[q], NAN, 0, e->confidence);
		if (p == mean_probability)
			interval_set(&out->mean,
				     independent * (1 - p) >= tail_values_min ? series[MEAN].std_error : NAN,
				     series[MEAN].n - 1.0, e->confidence);
	}
}

void estimator_result(const struct estimator *e, struct estimate *out)
{
	struct series series[SERIES];

	estimator_histogram(e, e->all);
	for (unsigned q = 0; q < ESTIMATE_QUANTILES; q++)
		out->quantile[q].value = histogram_quantile(e->all, estimate_probability[q]);
	out->mean.value = histogram_mean(e->all);
	measure_batches(&e->batches, out, series);
	for (unsigned s = 0; s < SERIES; s++)
		decorrelate(&series[s]);
	set_intervals(e, series, out);
	out->max = e->all->count ? e->all->max : NAN;
	out->count = e->all->count;
	out->discarded = e->discarded;
	out->batches = series[ESTIMATE_P99].n;
	out->correlated = series[ESTIMATE_P99].correlated || series[MEAN].correlated;
}

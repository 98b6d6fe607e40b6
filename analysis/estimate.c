#include "analysis/estimate.h"
#include "analysis/batches.h"

#include <math.h>
#include <stdlib.h>

const double estimate_probability[ESTIMATE_QUANTILES] = {0.5, 0.9, 0.95, 0.99, 0.999};
const char *const estimate_name[ESTIMATE_QUANTILES] = {"p50", "p90", "p95", "p99", "p999"};

/* Sections: the batches taken singly, in pairs, in fours. Fewer than 8 give no spread worth the name. */
enum { LEVELS = 3, SECTIONS_MIN = 8, MEAN = ESTIMATE_QUANTILES, SERIES };

/* A section must expect this many values beyond a quantile to tell something of it: for p999 that is 8,000 values. */
static const double tail_values_min = 8;

/* 90% quantile of the standard normal distribution. */
static const double critical = 1.2816;

struct estimator {
	uint64_t warmup, discarded;
	double confidence;
	struct batches batches;
	struct histogram *all;             /* scratch of estimator_result() */
	struct histogram *section[LEVELS]; /* likewise: the section being put together */
};

/* For each statistic its value in each section of a level. */
struct level {
	unsigned sections;
	double value[SERIES][BATCHES_MAX];
};

struct estimator *estimator_create(uint64_t warmup, double confidence)
{
	struct estimator *e = calloc(1, sizeof(*e));
	bool complete;

	if (!e)
		return NULL;
	e->warmup = warmup;
	e->confidence = confidence;
	complete = batches_init(&e->batches) == 0;
	e->all = histogram_create();
	complete = complete && e->all;
	for (unsigned i = 0; i < LEVELS; i++) {
		e->section[i] = histogram_create();
		complete = complete && e->section[i];
	}
	if (complete)
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
	for (unsigned i = 0; i < LEVELS; i++)
		histogram_destroy(e->section[i]);
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
		batches_merge_into(&e->batches, i, out);
	histogram_merge(out, e->batches.current);
}

static void close_section(struct level *level, const struct histogram *h)
{
	unsigned i = level->sections++;

	for (unsigned q = 0; q < ESTIMATE_QUANTILES; q++)
		level->value[q][i] = histogram_quantile(h, estimate_probability[q]);
	level->value[MEAN][i] = histogram_mean(h);
}

/* Fills in all levels, and e->all with all values. Values that fill no section count in e->all alone. */
static void measure_sections(const struct estimator *e, struct level level[LEVELS + 1])
{
	histogram_clear(e->all);
	level[LEVELS].sections = 0;
	for (unsigned l = 0; l < LEVELS; l++) {
		level[l].sections = 0;
		histogram_clear(e->section[l]);
	}
	for (unsigned i = 0; i < e->batches.finished; i++) {
		batches_merge_into(&e->batches, i, e->all);
		for (unsigned l = 0; l < LEVELS; l++) {
			histogram_merge(e->section[l], e->batches.scratch);
			if ((i + 1) % (1U << l) != 0)
				continue;
			close_section(&level[l], e->section[l]);
			histogram_clear(e->section[l]);
		}
	}
	histogram_merge(e->all, e->batches.current);
}

/*
 * Whether neighbours in the series correlate: the lag-1 autocorrelation is above what one in ten independent series
 * shows, its distribution being near normal with mean -1/n and variance 1/n.
 */
static bool neighbours_correlate(const double *value, unsigned n)
{
	double mean = 0, square = 0, product = 0;

	for (unsigned i = 0; i < n; i++)
		mean += value[i] / n;
	for (unsigned i = 0; i < n; i++) {
		square += (value[i] - mean) * (value[i] - mean);
		product += i ? (value[i] - mean) * (value[i - 1] - mean) : 0;
	}
	return product > (critical * sqrt(n) - 1) / n * square;
}

/* The first level whose sections seem independent, else the last that has enough of them. */
static unsigned choose_level(const struct level level[LEVELS + 1], bool *correlated)
{
	unsigned chosen = 0;

	*correlated = true;
	for (unsigned l = 0; l < LEVELS && level[l].sections >= SECTIONS_MIN; l++) {
		chosen = l;
		*correlated = neighbours_correlate(level[l].value[ESTIMATE_P99], level[l].sections) ||
			      neighbours_correlate(level[l].value[MEAN], level[l].sections);
		if (!*correlated)
			break;
	}
	return chosen;
}

/* The standard error of interval->value from what the sections say of it. */
static void spread(struct interval *interval, const struct level *level, unsigned series, double confidence)
{
	unsigned n = level->sections;
	double square = 0;

	for (unsigned i = 0; i < n; i++) {
		double d = level->value[series][i] - interval->value;

		square += d * d;
	}
	if (n >= SECTIONS_MIN)
		interval_set(interval, sqrt(square / n / (n - 1)), n - 1, confidence);
	else
		interval_set(interval, NAN, 0, confidence);
}

/* The level, from @least on, whose sections are long enough to hold the quantile; one without sections if none is. */
static const struct level *level_for(const struct estimator *e, const struct level level[LEVELS + 1], unsigned least,
				     double probability)
{
	double tail = (double)e->batches.length * (1 - probability);
	unsigned l = least;

	while (l < LEVELS && tail * (1U << l) < tail_values_min)
		l++;
	return &level[l];
}

void estimator_result(const struct estimator *e, struct estimate *out)
{
	struct level level[LEVELS + 1]; /* the last stays without sections */
	unsigned chosen;

	measure_sections(e, level);
	chosen = choose_level(level, &out->correlated);
	for (unsigned q = 0; q < ESTIMATE_QUANTILES; q++) {
		out->quantile[q].value = histogram_quantile(e->all, estimate_probability[q]);
		spread(&out->quantile[q], level_for(e, level, chosen, estimate_probability[q]), q, e->confidence);
	}
	out->mean.value = histogram_mean(e->all);
	spread(&out->mean, &level[chosen], MEAN, e->confidence);
	out->max = e->all->count ? e->all->max : NAN;
	out->count = e->all->count;
	out->discarded = e->discarded;
	out->batches = level[chosen].sections >= SECTIONS_MIN ? level[chosen].sections : 0;
}

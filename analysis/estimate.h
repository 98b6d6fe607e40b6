/*
 * Quantiles and mean of a stationary sequence with confidence intervals, from one run: the first values are discarded
 * (warm-up), the rest goes to batches of equal length, at least 1024 values, whose length doubles as the run grows
 * (adjacent batches are then merged), each a histogram. A quantile is read from the merged histogram, never averaged.
 * Its interval comes from batch means of the share of values at or below it, turned back into values by the merged
 * histogram (Asmussen and Glynn, "Stochastic Simulation", 2007, III.4 and IV.5): unlike the batches' own quantiles
 * these are unbiased however short the batches. Where neighbouring batches still correlate, they are merged further,
 * down to 8 at the fewest.
 */
#ifndef IXLAB_ANALYSIS_ESTIMATE_H
#define IXLAB_ANALYSIS_ESTIMATE_H

#include "analysis/histogram.h"
#include <stdbool.h>

enum { ESTIMATE_P50, ESTIMATE_P90, ESTIMATE_P95, ESTIMATE_P99, ESTIMATE_P999, ESTIMATE_QUANTILES };
extern const double estimate_probability[ESTIMATE_QUANTILES];
extern const char *const estimate_name[ESTIMATE_QUANTILES]; /* "p50" ... "p999" */

/* Confidence interval at the level asked for (Student's t). Where unknown: std_error, low and high NAN, dof 0. */
struct interval {
	double value, std_error, dof;
	double low, high;
};

struct estimate {
	struct interval quantile[ESTIMATE_QUANTILES];
	struct interval mean;
	double max;
	uint64_t count;     /* values kept */
	uint64_t discarded; /* warm-up */
	unsigned batches;   /* behind the interval of p99 */
	bool correlated;    /* too few batches, or p99's or the mean's still correlate: a longer run is needed */
};

struct estimator;

/* Discards the first @warmup values; @confidence is 0 < c < 1, as in 0.95. NULL when memory is short. */
struct estimator *estimator_create(uint64_t warmup, double confidence);
void estimator_destroy(struct estimator *e);

/* Adds @n values. Returns -1 when memory is short. */
int estimator_add(struct estimator *e, const double *values, size_t n);

/*
 * Current estimates; may be called at any time, though it takes a millisecond. An interval is given only where the run
 * is long enough for it to be believed: from 8 batches on, and where the run is worth at least 10 independent values
 * beyond the quantile (for the mean: beyond p90). What it is worth is the smallest of p (1 - p) / se^2 over this and
 * lower quantiles, se being the standard error of the share p. analysis/README.md
 * shows how often such intervals cover the truth. An interval of a quantile is as wide as its histogram bucket or
 * wider.
 */
void estimator_result(const struct estimator *e, struct estimate *out);

/* The merged histogram of all values kept, into @out. */
void estimator_histogram(const struct estimator *e, struct histogram *out);

/*
 * Pools independent replications: counts and histograms were merged into @merged by the caller; standard errors combine
 * as sqrt(sum (w_i se_i)^2), w_i the share of values, degrees of freedom by Welch and Satterthwaite. An interval is
 * known only where it is for every part.
 */
void estimate_pool(const struct estimate *parts, size_t n, const struct histogram *merged, double confidence,
		   struct estimate *out);

/* Student's t: an interval reaches this many standard errors either way. */
double interval_t(double confidence, double dof);

/* Sets all but interval->value, which must be there. */
void interval_set(struct interval *interval, double std_error, double dof, double confidence);

/* The same rule as estimate_pool() for one interval: sets all but out->value. @weight is of any scale. */
void interval_pool(const struct interval *parts, const double *weight, size_t n, double confidence,
		   struct interval *out);

#endif

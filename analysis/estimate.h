/*
 * Quantiles and mean of a stationary sequence with confidence intervals, from one run: the first values are discarded
 * (warm-up), the rest goes to batches of equal length, at least 1024 values, whose length doubles as the run grows
 * (adjacent batches are then merged), each a histogram. A quantile is read from the merged histogram, never averaged;
 * its standard error comes from the spread of the batches' quantiles around it (sectioning: Asmussen and Glynn,
 * "Stochastic Simulation", 2007, V.5). Where neighbouring batches still correlate, they are merged further, down to 8,
 * before the spread is taken.
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
	unsigned batches;   /* used for the spread (fewer for p999, see below); 0 if too few to tell */
	bool correlated;    /* batches still correlate at the fewest: the intervals are too narrow, the run too short */
};

struct estimator;

/* Discards the first @warmup values; @confidence is 0 < c < 1, as in 0.95. NULL when memory is short. */
struct estimator *estimator_create(uint64_t warmup, double confidence);
void estimator_destroy(struct estimator *e);

/* Adds @n values. Returns -1 when memory is short. */
int estimator_add(struct estimator *e, const double *values, size_t n);

/*
 * Current estimates; may be called at any time, though it takes a millisecond. An interval is unknown below 8 batches,
 * and that of a quantile until 8 batches can be made that are long enough to expect 8 values beyond it: from about
 * 8,200 values for p99 and 65,600 for p999.
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

/* Sets all but interval->value, which must be there. */
void interval_set(struct interval *interval, double std_error, double dof, double confidence);

/* The same rule as estimate_pool() for one interval: sets all but out->value. @weight is of any scale. */
void interval_pool(const struct interval *parts, const double *weight, size_t n, double confidence,
		   struct interval *out);

#endif

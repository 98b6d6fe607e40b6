/*
 * Probability distributions of service times, gaps and sizes. Values are non-negative and in the unit of the caller.
 *
 * Text form (DIST of the commands); where no location is named, the distribution has mean 1:
 *   det  exp  bimodal1  bimodal2  bimodal:P,A,B  lognormal:CV  pareto:ALPHA  gev:LOCATION,SCALE,SHAPE
 *   gpareto:LOCATION,SCALE,SHAPE  etc-key  etc-value  etc-gap  tpcc   (empirical:FILE is read by harness/dist_file.h)
 * ALPHA > 1, SHAPE < 1: other means are infinite. gev is clamped at 0: what the fit makes negative counts as 0, also in
 * its moments. etc-*: Facebook's ETC pool (key and value size in bytes, gap in us); tpcc: TPC-C on Silo, in us.
 */
#ifndef IXLAB_MODELS_DIST_H
#define IXLAB_MODELS_DIST_H

#include "models/rng.h"
#include <stdbool.h>
#include <stddef.h>

enum dist_kind {
	DIST_DET,
	DIST_EXP,
	DIST_BIMODAL,
	DIST_LOGNORMAL,
	DIST_PARETO,
	DIST_GEV,
	DIST_GPARETO,
	DIST_ETC_VALUE,
	DIST_EMPIRICAL,
	DIST_TPCC
};

struct dist_empirical; /* alias table and sorted values */

struct dist {
	enum dist_kind kind;
	double scale;   /* every value is multiplied by it; dist_set_mean() changes it */
	double a, b, c; /* parameters; meaning per kind, see dist.c */
	struct dist_empirical *empirical;
};

/* All that a user may write as DIST, one line for error messages and help texts. */
extern const char dist_syntax[];

/*
 * Parses @text. Returns 0, or -1 with @error (of @error_size bytes) saying what is wrong and what is allowed.
 * "empirical:" is refused here: it needs a file. Destroy with dist_destroy().
 */
int dist_parse(struct dist *dist, const char *text, char *error, size_t error_size);

/*
 * An empirical distribution of @n values (>= 0, finite) with @weights (> 0, finite), in any order, which are copied.
 * Returns 0, or -1 with @error.
 */
int dist_from_values(struct dist *dist, const double *values, const double *weights, size_t n, char *error,
		     size_t error_size);

void dist_destroy(struct dist *dist);

/* Scales the distribution to mean @mean (> 0, finite). Returns -1 if its own mean is zero or infinite. */
int dist_set_mean(struct dist *dist, double mean);

/* Moments; INFINITY where the integral diverges. */
double dist_mean(const struct dist *dist);
double dist_variance(const struct dist *dist);

/* P(X <= x), and the smallest x with P(X <= x) >= p for 0 < p < 1. Every kind has both. */
double dist_cdf(const struct dist *dist, double x);
double dist_quantile(const struct dist *dist, double p);

/* One value, and @n values, drawn from @rng: the same values either way. */
double dist_sample(const struct dist *dist, struct rng *rng);
void dist_fill(const struct dist *dist, struct rng *rng, double *out, size_t n);

#endif

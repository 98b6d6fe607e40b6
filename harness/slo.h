/*
 * The maximum load at which the 99th percentile of the latency stays within a limit (a service-level objective, SLO):
 * the root of log(p99(load) / slo). Evaluations face common random numbers, so the curve is smooth though each value is
 * random.
 */
#ifndef IXLAB_HARNESS_SLO_H
#define IXLAB_HARNESS_SLO_H

#include "analysis/estimate.h"
#include "models/queueing.h"

#define SLO_LOAD_MIN 0.001  /* where the SLO is violated here, no load meets it */
#define SLO_LOAD_MAX 0.9999 /* no load above is tried */

/* p99 at one load, with its interval (NAN where unknown) in the unit of the SLO. */
struct slo_sample {
	double load;
	struct interval p99;
};

/* Fills in @sample->p99 for @sample->load. Non-zero ends the search. */
typedef int (*slo_evaluate_fn)(void *context, struct slo_sample *sample);

struct slo_result {
	/*
	 * The maximum load; low and high hold the tolerance on either side plus the p99 interval divided by the local
	 * slope of p99 against load, cut to 0..1. std_error is without the tolerance.
	 */
	struct interval max_load;
	unsigned evaluations;
	bool violated_always;           /* even at SLO_LOAD_MIN: max_load is 0 */
	bool met_always;                /* even at SLO_LOAD_MAX, which max_load then is */
	struct slo_sample below, above; /* the bracket the search ended with */
};

/* Searches until the root is known within @tolerance (> 0). 0, or what @evaluate returned. */
int slo_search(slo_evaluate_fn evaluate, void *context, double slo, double tolerance, struct slo_result *result);

/*
 * The maximum load by queue_exact() for the model, servers and service of @params (its load is not looked at): within
 * 1e-6; 0 where even SLO_LOAD_MIN violates the SLO; NAN where p99 has no known form or no load below SLO_LOAD_MAX
 * violates it. *formula is its name, or NULL.
 */
double slo_exact(const struct queue_params *params, double slo, const char **formula);

#endif

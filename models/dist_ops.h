/*
 * What a kind of distribution is made of, before scaling: internal to models. dist.c applies the scale, except that
 * fill() does it itself. Each value takes its random bits before the next one, so that fill() of 1 n times is fill() of
 * n.
 */
#ifndef IXLAB_MODELS_DIST_OPS_H
#define IXLAB_MODELS_DIST_OPS_H

#include "models/dist.h"

struct dist_ops {
	double (*mean)(const struct dist *dist);
	double (*variance)(const struct dist *dist);
	double (*cdf)(const struct dist *dist, double x);
	double (*quantile)(const struct dist *dist, double p);
	void (*fill)(const struct dist *dist, struct rng *rng, double *out, size_t n);
};

extern const struct dist_ops dist_det_ops, dist_exp_ops, dist_bimodal_ops;          /* dist_basic.c */
extern const struct dist_ops dist_lognormal_ops, dist_pareto_ops, dist_gpareto_ops; /* dist_tail.c */
extern const struct dist_ops dist_gev_ops;                                          /* dist_gev.c */
extern const struct dist_ops dist_etc_value_ops;                                    /* dist_etc.c */
extern const struct dist_ops dist_empirical_ops;                                    /* dist_empirical.c */
extern const struct dist_ops dist_tpcc_ops;                                         /* dist_tpcc.c */

/* Generalized Pareto: the value made from an exponential variate of mean 1, and P(X <= x). */
double dist_gpareto_value(double location, double scale, double shape, double exponential);
double dist_gpareto_cdf(double location, double scale, double shape, double x);

void dist_empirical_destroy(struct dist_empirical *empirical);

/* A GSL generator that draws from @rng. Valid as long as @rng. */
static inline gsl_rng dist_gsl_rng(struct rng *rng)
{
	return (gsl_rng){.type = rng_gsl_type(), .state = rng};
}

#endif

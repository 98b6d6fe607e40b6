#include "models/dist_ops.h"
#include <math.h>

static const struct dist_ops *const ops_of[] = {
    [DIST_DET] = &dist_det_ops,
    [DIST_EXP] = &dist_exp_ops,
    [DIST_BIMODAL] = &dist_bimodal_ops,
    [DIST_LOGNORMAL] = &dist_lognormal_ops,
    [DIST_PARETO] = &dist_pareto_ops,
    [DIST_GEV] = &dist_gev_ops,
    [DIST_GPARETO] = &dist_gpareto_ops,
    [DIST_ETC_VALUE] = &dist_etc_value_ops,
    [DIST_EMPIRICAL] = &dist_empirical_ops,
    [DIST_TPCC] = &dist_tpcc_ops,
};

void dist_destroy(struct dist *dist)
{
	dist_empirical_destroy(dist->empirical);
	dist->empirical = NULL;
}

int dist_set_mean(struct dist *dist, double mean)
{
	double natural = ops_of[dist->kind]->mean(dist);

	if (!isfinite(natural) || !(natural > 0) || !isfinite(mean) || !(mean > 0))
		return -1;
	dist->scale = mean / natural;
	return 0;
}

double dist_mean(const struct dist *dist)
{
	return dist->scale * ops_of[dist->kind]->mean(dist);
}

double dist_variance(const struct dist *dist)
{
	return dist->scale * dist->scale * ops_of[dist->kind]->variance(dist);
}

double dist_cdf(const struct dist *dist, double x)
{
	return ops_of[dist->kind]->cdf(dist, x / dist->scale);
}

double dist_quantile(const struct dist *dist, double p)
{
	return dist->scale * ops_of[dist->kind]->quantile(dist, p);
}

double dist_sample(const struct dist *dist, struct rng *rng)
{
	double value;

	ops_of[dist->kind]->fill(dist, rng, &value, 1);
	return value;
}

void dist_fill(const struct dist *dist, struct rng *rng, double *out, size_t n)
{
	ops_of[dist->kind]->fill(dist, rng, out, n);
}

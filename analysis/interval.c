#include "analysis/estimate.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

double interval_t(double confidence, double dof)
{
	return gsl_cdf_tdist_Pinv(0.5 + confidence / 2, dof);
}

void interval_set(struct interval *interval, double std_error, double dof, double confidence)
{
	bool known = dof >= 1 && !isnan(std_error);
	double half = known ? std_error * interval_t(confidence, dof) : NAN;

	interval->std_error = known ? std_error : NAN;
	interval->dof = known ? dof : 0;
	interval->low = interval->value - half;
	interval->high = interval->value + half;
}

/* Sums towards the variance of a weighted mean and towards its degrees of freedom. */
struct pooled {
	double weight, variance, quartic;
};

static void pooled_add(struct pooled *pooled, const struct interval *part, double weight)
{
	double term = weight * part->std_error * (weight * part->std_error);

	pooled->weight += weight;
	pooled->variance += term;
	pooled->quartic += term * term / part->dof;
}

static void pooled_result(const struct pooled *pooled, double confidence, struct interval *out)
{
	double variance = pooled->variance, dof = INFINITY;

	if (variance > 0)
		dof = variance * variance / pooled->quartic;
	interval_set(out, sqrt(variance) / pooled->weight, fmin(dof, 1e6), confidence);
}

void interval_pool(const struct interval *parts, const double *weight, size_t n, double confidence,
		   struct interval *out)
{
	struct pooled pooled = {0};

	for (size_t i = 0; i < n; i++)
		pooled_add(&pooled, &parts[i], weight[i]);
	pooled_result(&pooled, confidence, out);
}

void estimate_pool(const struct estimate *parts, size_t n, const struct histogram *merged, double confidence,
		   struct estimate *out)
{
	struct pooled quantile[ESTIMATE_QUANTILES] = {0}, mean = {0};

	*out = (struct estimate){.count = merged->count, .max = merged->count ? merged->max : NAN};
	for (size_t i = 0; i < n; i++) {
		for (unsigned q = 0; q < ESTIMATE_QUANTILES; q++)
			pooled_add(&quantile[q], &parts[i].quantile[q], (double)parts[i].count);
		pooled_add(&mean, &parts[i].mean, (double)parts[i].count);
		out->discarded += parts[i].discarded;
		out->batches += parts[i].batches;
		out->correlated = out->correlated || parts[i].correlated;
	}
	for (unsigned q = 0; q < ESTIMATE_QUANTILES; q++) {
		out->quantile[q].value = histogram_quantile(merged, estimate_probability[q]);
		pooled_result(&quantile[q], confidence, &out->quantile[q]);
	}
	out->mean.value = histogram_mean(merged);
	pooled_result(&mean, confidence, &out->mean);
}

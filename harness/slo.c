#include "harness/slo.h"
#include "models/closed_form.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_roots.h>
#include <math.h>

#define EXACT_TOLERANCE 1e-7
#define CLOSEST_STEP    0.4 /* of the tolerance: no evaluation is closer than this to an end of the bracket */

struct search {
	slo_evaluate_fn evaluate;
	void *context;
	double slo;
	struct slo_result *result;
};

static double excess(const struct search *search, const struct slo_sample *sample)
{
	return log(sample->p99.value / search->slo);
}

static int evaluate_at(const struct search *search, double load, struct slo_sample *sample)
{
	*sample = (struct slo_sample){.load = load};
	search->result->evaluations++;
	return search->evaluate(search->context, sample);
}

/* Moves the end of the bracket on whose side @sample lies. */
static void bracket_update(const struct search *search, const struct slo_sample *sample)
{
	if (excess(search, sample) <= 0)
		search->result->below = *sample;
	else
		search->result->above = *sample;
}

/* From half load: up, halving the idle share each time, or down, quartering the load, until the curve crosses the SLO.
 */
static int find_bracket(const struct search *search)
{
	struct slo_result *result = search->result;
	struct slo_sample sample;
	double load = 0.5;
	bool was_below = false;

	for (unsigned i = 0;; i++) {
		int status = evaluate_at(search, load, &sample);
		bool is_below = excess(search, &sample) <= 0;

		if (status)
			return status;
		bracket_update(search, &sample);
		if (i && is_below != was_below)
			return 0;
		was_below = is_below;
		result->met_always = is_below && load >= SLO_LOAD_MAX;
		result->violated_always = !is_below && load <= SLO_LOAD_MIN;
		if (result->met_always || result->violated_always)
			return 0;
		load = is_below ? fmin(1 - (1 - load) / 2, SLO_LOAD_MAX) : fmax(load / 4, SLO_LOAD_MIN);
	}
}

/*
 * log p99 is nearly linear in -log(1 - load), as waiting grows with 1 / (1 - load): false position in that coordinate.
 * Its guess is kept CLOSEST_STEP away from both ends, so that the end next to the root is stepped over and the bracket
 * closes from both sides (GSL's bracketing methods leave one end far off, and an evaluation costs seconds). Every third
 * step bisects, which bounds the number of steps whatever the curve.
 */
static int narrow_bracket(const struct search *search, double tolerance)
{
	struct slo_sample *below = &search->result->below, *above = &search->result->above, sample;

	for (unsigned step = 1; above->load - below->load > tolerance; step++) {
		double x_below = -log1p(-below->load), x_above = -log1p(-above->load);
		double f_below = excess(search, below), f_above = excess(search, above);
		double share = step % 3 ? f_below / (f_below - f_above) : 0.5;
		double load = -expm1(-(x_below + share * (x_above - x_below)));
		int status;

		load = fmax(load, below->load + CLOSEST_STEP * tolerance);
		load = fmin(load, above->load - CLOSEST_STEP * tolerance);
		status = evaluate_at(search, load, &sample);
		if (status)
			return status;
		bracket_update(search, &sample);
	}
	return 0;
}

/* The root between the ends of the bracket, and its interval from that of p99 at the nearer end. */
static void set_max_load(struct slo_result *result, double slo, double tolerance)
{
	const struct slo_sample *below = &result->below, *above = &result->above, *near;
	double f_below = log(below->p99.value / slo), f_above = log(above->p99.value / slo);
	double slope = (f_above - f_below) / (above->load - below->load); /* relative change of p99 per load */
	struct interval *root = &result->max_load;

	near = -f_below < f_above ? below : above;
	root->dof = near->p99.dof;
	root->value = below->load - f_below / slope;
	root->std_error = near->p99.std_error / near->p99.value / slope;
	root->low = root->value - log(near->p99.high / near->p99.value) / slope - tolerance;
	root->high = root->value - log(near->p99.low / near->p99.value) / slope + tolerance;
	if (root->low < 0)
		root->low = 0;
	if (root->high > 1)
		root->high = 1;
}

int slo_search(slo_evaluate_fn evaluate, void *context, double slo, double tolerance, struct slo_result *result)
{
	struct search search = {evaluate, context, slo, NULL};
	int status;

	*result = (struct slo_result){0};
	search.result = result;
	status = find_bracket(&search);
	if (status)
		return status;
	if (result->violated_always) {
		result->max_load = (struct interval){0, NAN, 0, 0, SLO_LOAD_MIN};
		return 0;
	}
	if (result->met_always) {
		result->max_load = (struct interval){SLO_LOAD_MAX, NAN, 0, SLO_LOAD_MAX, 1};
		return 0;
	}
	status = narrow_bracket(&search, tolerance);
	if (!status)
		set_max_load(result, slo, tolerance);
	return status;
}

struct exact_search {
	struct queue_params params;
	double slo;
	const char *formula;
};

static double exact_excess(double load, void *context)
{
	struct exact_search *search = context;
	double p = estimate_probability[ESTIMATE_P99], p99 = NAN, mean;

	search->params.load = load;
	search->formula = queue_exact(&search->params, &p, &p99, 1, &mean);
	return log(p99 / search->slo);
}

double slo_exact(const struct queue_params *params, double slo, const char **formula)
{
	struct exact_search search = {*params, slo, NULL};
	gsl_function function = {exact_excess, &search};
	double low = SLO_LOAD_MIN, high = 0.5, f_low = exact_excess(low, &search), load = NAN;
	gsl_root_fsolver *solver;
	int status = GSL_CONTINUE;

	*formula = search.formula;
	if (isnan(f_low))
		return NAN;
	if (f_low > 0)
		return 0;
	/* Upwards step by step, as some forms take minutes at the highest loads. */
	while (!(exact_excess(high, &search) > 0)) {
		if (high >= SLO_LOAD_MAX)
			return NAN;
		low = high;
		high = fmin(1 - (1 - high) / 2, SLO_LOAD_MAX);
	}
	solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
	if (!solver)
		return NAN;
	gsl_root_fsolver_set(solver, &function, low, high);
	for (int i = 0; i < 100 && status == GSL_CONTINUE; i++) {
		double last = load;

		gsl_root_fsolver_iterate(solver);
		load = gsl_root_fsolver_root(solver);
		status = gsl_root_test_delta(load, last, EXACT_TOLERANCE, 0);
		if (isnan(last))
			status = GSL_CONTINUE;
	}
	gsl_root_fsolver_free(solver);
	return status == GSL_SUCCESS ? load : NAN;
}

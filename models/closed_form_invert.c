#include "models/closed_form_invert.h"
#include <gsl/gsl_roots.h>
#include <math.h>

#define DOUBLINGS_MAX  200
#define ITERATIONS_MAX 200

struct problem {
	double (*tail)(double t, void *context);
	void *context;
	double log_q;
};

/* Logarithms, as tails are nearly exponential: the secant steps then land well. */
static double excess(double t, void *context)
{
	const struct problem *problem = context;

	return log(problem->tail(t, problem->context)) - problem->log_q;
}

static double solve(struct problem *problem, double low, double high)
{
	gsl_function f = {excess, problem};
	gsl_root_fsolver *solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
	double root = NAN;

	if (!solver)
		return NAN;
	gsl_root_fsolver_set(solver, &f, low, high);
	for (int i = 0; i < ITERATIONS_MAX; i++) {
		gsl_root_fsolver_iterate(solver);
		root = gsl_root_fsolver_root(solver);
		low = gsl_root_fsolver_x_lower(solver);
		high = gsl_root_fsolver_x_upper(solver);
		if (high - low <= 1e-13 * high)
			break;
	}
	gsl_root_fsolver_free(solver);
	return root;
}

double closed_form_invert(double (*tail)(double t, void *context), void *context, double q, double guess)
{
	struct problem problem = {tail, context, log(q)};
	double low = 0, high = guess;

	if (tail(0, context) <= q)
		return 0;
	for (int i = 0; i < DOUBLINGS_MAX; i++) {
		double value = tail(high, context);

		if (value <= 0) { /* too far for the logarithm */
			high = (low + high) / 2;
			continue;
		}
		if (isnan(value))
			return NAN;
		if (value <= q)
			return solve(&problem, low, high);
		low = high;
		high *= 2;
	}
	return NAN;
}

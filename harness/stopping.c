#include "harness/stopping.h"

#define FIRST_CHECK      100000 /* values kept before the precision is looked at, */
#define FIRST_CHECK_WARM 500    /* and in warm-ups: shorter batches make the interval of p99 too narrow */

void stopping_start(struct stopping *stopping, double ci, uint64_t warmup)
{
	uint64_t first = warmup * FIRST_CHECK_WARM > FIRST_CHECK ? warmup * FIRST_CHECK_WARM : FIRST_CHECK;

	*stopping = (struct stopping){.ci = ci, .next_check = ci > 0 ? warmup + first : UINT64_MAX};
}

void stopping_check(struct stopping *stopping, const struct estimator *estimator)
{
	struct estimate now;
	const struct interval *p99 = &now.quantile[ESTIMATE_P99];
	double half_width, factor;

	estimator_result(estimator, &now);
	half_width = (p99->high - p99->low) / 2;
	stopping->reached = half_width <= stopping->ci * p99->value && !now.correlated;
	factor = half_width / (stopping->ci * p99->value);
	factor *= factor; /* the half-width falls with the square root of the run */
	if (factor > 0)   /* not while the interval is unknown */
		stopping->share_done = factor > 1 ? 1 / factor : 0.99;
	if (!(factor > 1.1))
		factor = 1.1;
	if (factor > 1.5)
		factor = 1.5;
	stopping->next_check = now.discarded + (uint64_t)((double)now.count * factor);
}

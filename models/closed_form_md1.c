/*
 * Waiting time of M/D/1 without the alternating sum of Erlang's formula, which loses all digits at high load: from the
 * stationary number in system p_j, by sums of positive terms only.
 *
 * A wait of at most t, k - 1 <= t < k, u = k - t (Franx, "A simple solution for the M/D/c waiting time distribution",
 * Operations Research Letters 29, 2001):  P(W <= t) = sum_{j=0}^{k-1} P(N <= k - j) exp(-rho u) (rho u)^j / j!
 * Balancing the steps up and down across level j of the number left behind by departures, with a_i = P(i arrivals
 * during a service) and A_i = P(more than i arrivals):  p_{j+1} a_0 = p_0 A_j + sum_{i=1}^{j} p_i A_{j+1-i}
 */
#include "models/closed_form.h"
#include "models/closed_form_invert.h"
#include <math.h>

/* The Poisson probability, of mean at most 1, of more than this many is below 1e-90. */
#define ARRIVALS_MAX 64

/* The number in system, up to level @level; only the last values are kept. */
struct levels {
	double rho;
	double more[ARRIVALS_MAX];  /* A_i */
	double p[ARRIVALS_MAX];     /* p_j at j modulo ARRIVALS_MAX */
	double below[ARRIVALS_MAX]; /* P(N <= j), likewise */
	unsigned long level;
};

static void levels_start(struct levels *levels, double rho)
{
	double probability = exp(-rho);

	*levels = (struct levels){.rho = rho};
	for (unsigned i = 0; i < ARRIVALS_MAX; i++) {
		probability *= rho / (i + 1);
		levels->more[i] = probability; /* of i + 1 */
	}
	for (unsigned i = ARRIVALS_MAX - 1; i-- > 0;)
		levels->more[i] += levels->more[i + 1];
	levels->p[0] = levels->below[0] = 1 - rho;
}

static void levels_next(struct levels *levels)
{
	unsigned long j = levels->level;
	double sum = j < ARRIVALS_MAX ? (1 - levels->rho) * levels->more[j] : 0;

	for (unsigned long i = j; i > 0 && j + 1 - i < ARRIVALS_MAX; i--)
		sum += levels->p[i % ARRIVALS_MAX] * levels->more[j + 1 - i];
	double p = sum * exp(levels->rho);

	levels->level = j + 1;
	levels->p[(j + 1) % ARRIVALS_MAX] = p;
	levels->below[(j + 1) % ARRIVALS_MAX] = levels->below[j % ARRIVALS_MAX] + p;
}

double md1_wait_cdf(double rho, double t)
{
	struct levels levels;

	if (t < 0)
		return 0;
	unsigned long k = (unsigned long)t + 1;
	double mean = rho * ((double)k - t), poisson = exp(-mean), sum = 0;

	levels_start(&levels, rho);
	while (levels.level < k)
		levels_next(&levels);
	for (unsigned long j = 0; j < k && j < ARRIVALS_MAX; j++) {
		sum += levels.below[(k - j) % ARRIVALS_MAX] * poisson;
		poisson *= mean / (double)(j + 1);
	}
	return sum;
}

static double tail_at(double t, void *context)
{
	return 1 - md1_wait_cdf(*(double *)context, t);
}

double md1_wait_quantile(double rho, double p)
{
	return closed_form_invert(tail_at, &rho, 1 - p, 1);
}

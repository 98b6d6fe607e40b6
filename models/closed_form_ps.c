/*
 * Response time of M/M/n-PS by uniformization. A job that finds k others (with the stationary probability of k in
 * M/M/n) is served at rate s = min(1, n / (k+1)), as is each of the others; n rho jobs arrive per unit of time. Looked
 * at at the jumps of a Poisson process of rate n rho + n this is a Markov chain; the probability x_m that the job is
 * still there after m jumps, averaged over the Poisson number of jumps up to t, is P(T > t).
 */
#include "models/closed_form.h"
#include "models/closed_form_invert.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PROBABILITY_LOST 1e-14 /* in the order of: what is cut off from states and from Poisson weights */

struct sharing {
	unsigned n;
	double rho;
	double rate;      /* of jumps */
	size_t states;    /* others present: 0 .. states - 1 */
	double *state;    /* P(k others, job still there) after the last jump computed */
	double *next;     /* room for the same */
	double *survival; /* x_m */
	size_t jumps, capacity;
};

static void sharing_destroy(struct sharing *sharing)
{
	free(sharing->state);
	free(sharing->next);
	free(sharing->survival);
}

/* The stationary probabilities of M/M/n: Erlang's C splits them into below n, and geometric from n on. */
static void stationary(struct sharing *sharing)
{
	unsigned n = sharing->n;
	double waiting = erlang_c(n, sharing->rho);
	double p = waiting * (1 - sharing->rho); /* of n jobs */

	for (size_t k = n; k < sharing->states; k++)
		sharing->state[k] = p * pow(sharing->rho, (double)(k - n));
	for (unsigned k = n; k-- > 0;) {
		p *= (k + 1) / (n * sharing->rho);
		sharing->state[k] = p;
	}
}

/*
 * Room for others up to where no probability is lost that matters: were the job to stay for ever, the tail of their
 * number beyond K would be near (1 + K (1 - rho)) rho^K, so some 1e-13 at the K chosen.
 */
static int sharing_create(struct sharing *sharing, unsigned n, double rho)
{
	*sharing = (struct sharing){.n = n, .rho = rho, .rate = n * rho + n};
	sharing->states = n + 2 + (size_t)ceil(log(PROBABILITY_LOST * (1 - rho)) / log(rho));
	sharing->state = calloc(sharing->states, sizeof(double));
	sharing->next = calloc(sharing->states, sizeof(double));
	if (!sharing->state || !sharing->next)
		return -1;
	stationary(sharing);
	return 0;
}

/* One jump of the chain. At the last state arrivals are turned away. */
static void jump(struct sharing *sharing)
{
	size_t last = sharing->states - 1;
	double up = sharing->n * sharing->rho / sharing->rate;
	double *next = sharing->next, *state = sharing->state;

	memset(next, 0, sharing->states * sizeof(*next));
	for (size_t k = 0; k <= last; k++) {
		double served = fmin(1, sharing->n / (double)(k + 1)) / sharing->rate;
		double down = (double)k * served;

		next[k < last ? k + 1 : k] += state[k] * up;
		if (k > 0)
			next[k - 1] += state[k] * down;
		next[k] += state[k] * (1 - up - down - served);
	}
	sharing->state = next;
	sharing->next = state;
}

/* Computes x_0 .. x_@jumps. Returns -1 when memory is short. */
static int compute_survival(struct sharing *sharing, size_t jumps)
{
	if (jumps >= sharing->capacity) {
		size_t capacity = 2 * jumps + 64;
		double *grown = reallocarray(sharing->survival, capacity, sizeof(*grown));

		if (!grown)
			return -1;
		sharing->survival = grown;
		sharing->capacity = capacity;
	}
	for (; sharing->jumps <= jumps; sharing->jumps++) {
		double sum = 0;

		if (sharing->jumps > 0)
			jump(sharing);
		for (size_t k = 0; k < sharing->states; k++)
			sum += sharing->state[k];
		sharing->survival[sharing->jumps] = sum;
	}
	return 0;
}

/* P(T > t); NAN when memory is short. Poisson weights relative to that of the mode, which would overflow otherwise. */
static double tail_at(double t, void *context)
{
	struct sharing *sharing = context;
	double mean = sharing->rate * t;
	size_t mode = (size_t)mean, far = mode + 40 + (size_t)(9 * sqrt(mean));
	double weight = 1, total = 0, sum = 0;

	if (compute_survival(sharing, far))
		return NAN;
	for (size_t m = mode; m <= far; m++) {
		total += weight;
		sum += weight * sharing->survival[m];
		weight *= mean / (double)(m + 1);
	}
	weight = 1;
	for (size_t m = mode; m > 0 && weight > PROBABILITY_LOST * 1e-3; m--) {
		weight *= (double)m / mean;
		total += weight;
		sum += weight * sharing->survival[m - 1];
	}
	return sum / total;
}

double mmn_ps_response_cdf(unsigned n, double rho, double t)
{
	struct sharing sharing;
	double tail = sharing_create(&sharing, n, rho) ? NAN : tail_at(fmax(t, 0), &sharing);

	sharing_destroy(&sharing);
	return t > 0 || isnan(tail) ? 1 - tail : 0;
}

double mmn_ps_response_quantile(unsigned n, double rho, double p)
{
	struct sharing sharing;
	double t = NAN;

	if (sharing_create(&sharing, n, rho) == 0)
		t = closed_form_invert(tail_at, &sharing, 1 - p, 1 - log1p(-p));
	sharing_destroy(&sharing);
	return t;
}

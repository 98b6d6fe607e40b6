/* M/M/n, first come first served (Kleinrock, "Queueing Systems" vol. 1, 1975, section 3.5). */
#include "models/closed_form.h"
#include "models/closed_form_invert.h"
#include <math.h>

/* Erlang's B by its recursion in the number of servers, then C = B / (1 - rho (1 - B)). */
double erlang_c(unsigned n, double rho)
{
	double offered = n * rho, blocked = 1;

	for (unsigned i = 1; i <= n; i++)
		blocked = offered * blocked / (i + offered * blocked);
	return blocked / (1 - rho * (1 - blocked));
}

/*
 * P(T > t): service is exponential with rate 1, and with probability C an exponential wait with rate r = n (1 - rho)
 * comes before it. So P(T > t) = exp(-t) + C (exp(-rt) - exp(-t)) / (1 - r). With z = (1 - r) t the last term is C t
 * exp(-t) expm1(z) / z, which holds at r = 1 too.
 */
static double response_tail(unsigned n, double rho, double t)
{
	double rate = n * (1 - rho), z = (1 - rate) * t;
	double ratio;

	if (z > 1) /* expm1(z) might overflow */
		ratio = (exp(-rate * t) - exp(-t)) / z;
	else
		ratio = exp(-t) * (z == 0 ? 1 : expm1(z) / z);
	return exp(-t) + erlang_c(n, rho) * t * ratio;
}

double mmn_response_cdf(unsigned n, double rho, double t)
{
	return t > 0 ? 1 - response_tail(n, rho, t) : 0;
}

struct mmn {
	unsigned n;
	double rho;
};

static double tail_at(double t, void *context)
{
	const struct mmn *mmn = context;

	return response_tail(mmn->n, mmn->rho, t);
}

double mmn_response_quantile(unsigned n, double rho, double p)
{
	struct mmn mmn = {n, rho};

	return closed_form_invert(tail_at, &mmn, 1 - p, 1 - log1p(-p));
}

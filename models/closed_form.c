#include "models/closed_form.h"
#include <math.h>

/* Pollaczek and Khinchine: the mean wait is rho times the mean residual service over 1 - rho (Kleinrock 1975, 5.6). */
double mg1_mean_response(double rho, double service_variance)
{
	return 1 + rho * (1 + service_variance) / (2 * (1 - rho));
}

double mg1_ps_mean_response(double rho)
{
	return 1 / (1 - rho);
}

/*
 * Of M/M/n; and of M/G/n-PS whatever G, for each job's share depends on the number present only, and the number is then
 * insensitive (Kelly, "Reversibility and Stochastic Networks", 1979, section 3.3).
 */
static double mmn_mean_response(unsigned n, double rho)
{
	return 1 + erlang_c(n, rho) / (n * (1 - rho));
}

static const char *exact_fcfs(unsigned n, double rho, const struct dist *service, const double *p, double *q,
			      size_t count, double *mean)
{
	double service_mean = dist_mean(service);
	double cv2 = dist_variance(service) / (service_mean * service_mean);

	if (service->kind == DIST_EXP) {
		for (size_t i = 0; i < count; i++)
			q[i] = mmn_response_quantile(n, rho, p[i]);
		*mean = mmn_mean_response(n, rho);
		return n > 1 ? "M/M/n (Erlang C)" : "M/M/1";
	}
	if (n > 1)
		return NULL;
	*mean = mg1_mean_response(rho, cv2);
	if (service->kind != DIST_DET)
		return "M/G/1 mean (Pollaczek and Khinchine)";
	for (size_t i = 0; i < count; i++)
		q[i] = 1 + md1_wait_quantile(rho, p[i]);
	return "M/D/1 (Erlang)";
}

static const char *exact_ps(unsigned n, double rho, const struct dist *service, const double *p, double *q,
			    size_t count, double *mean)
{
	*mean = mmn_mean_response(n, rho);
	if (service->kind != DIST_EXP)
		return n > 1 ? "M/G/n-PS mean (insensitivity)" : "M/G/1-PS mean (insensitivity)";
	for (size_t i = 0; i < count; i++)
		q[i] = mmn_ps_response_quantile(n, rho, p[i]);
	return n > 1 ? "M/M/n-PS (uniformization)" : "M/M/1-PS (uniformization)";
}

const char *queue_exact(const struct queue_params *params, const double *p, double *q, size_t count, double *mean)
{
	double unused;
	enum queue_discipline discipline = params->discipline;
	bool pooled = discipline == QUEUE_CENTRALIZED_FCFS || discipline == QUEUE_CENTRALIZED_PS;
	unsigned n = pooled ? params->servers : 1; /* a partition sees the same load as the whole */

	if (!mean)
		mean = &unused;
	*mean = NAN;
	for (size_t i = 0; i < count; i++)
		q[i] = NAN;
	if (!(params->load > 0 && params->load < 1))
		return NULL;
	if (discipline == QUEUE_CENTRALIZED_FCFS || discipline == QUEUE_PARTITIONED_FCFS)
		return exact_fcfs(n, params->load, params->service, p, q, count, mean);
	return exact_ps(n, params->load, params->service, p, q, count, mean);
}

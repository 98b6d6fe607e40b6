/*
 * Closed forms and numerically exact results beside the simulated queues: oracles of the tests, `--exact` of the
 * commands and theory lines of the figures. Mean service time 1, load per server rho in (0,1), n servers.
 */
#ifndef IXLAB_MODELS_CLOSED_FORM_H
#define IXLAB_MODELS_CLOSED_FORM_H

#include "models/queueing.h"

/* Probability that an arrival waits in M/M/n (Erlang's C formula). */
double erlang_c(unsigned n, double rho);

/* P(response time <= t) and its quantile in M/M/n FCFS. */
double mmn_response_cdf(unsigned n, double rho, double t);
double mmn_response_quantile(unsigned n, double rho, double p);

/* P(waiting time <= t) in M/D/1 and the quantile of the waiting time. */
double md1_wait_cdf(double rho, double t);
double md1_wait_quantile(double rho, double p);

/* Mean response time of M/G/1 FCFS (Pollaczek and Khinchine), from the variance of the service time. */
double mg1_mean_response(double rho, double service_variance);

/* Mean response time of M/G/1-PS, whatever the service distribution (insensitivity): 1 / (1 - rho). */
double mg1_ps_mean_response(double rho);

/* P(response time <= t) of M/M/n-PS (each job at most one server) by uniformization, to 1e-12; and its quantile. */
double mmn_ps_response_cdf(unsigned n, double rho, double t);
double mmn_ps_response_quantile(unsigned n, double rho, double p);

/*
 * What is known exactly about @params: sets *mean and/or the @count quantiles @q at probabilities @p, NAN where no form
 * is known. Returns a one-line name of the formula used, or NULL if nothing is known.
 */
const char *queue_exact(const struct queue_params *params, const double *p, double *q, size_t count, double *mean);

#endif

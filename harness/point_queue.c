/* One run of a queueing model, and the kind "queue" around it. */
#include "harness/point_queue.h"
#include "harness/point_system.h"
#include "harness/stopping.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK        2048 /* sojourn times per step: they stay in the first-level cache */
#define WATCH_BLOCKS 64   /* blocks between two calls of the watch */

static uint64_t choose_warmup(const struct queue_point *point, const struct queue_params *params, bool *limited)
{
	double rule = queue_warmup_requests(params);
	uint64_t half = point->requests / 2;

	*limited = false;
	if (!point->warmup_auto)
		return point->warmup;
	if (params->load >= 1)
		return 0; /* no steady state to wait for */
	if (!(rule > 0))
		return point->requests / 10 < QUEUE_WARMUP_SHARE_MAX ? point->requests / 10 : QUEUE_WARMUP_SHARE_MAX;
	*limited = rule > (double)half;
	return *limited ? half : (uint64_t)ceil(rule);
}

/* Simulates until enough; the number of requests simulated goes to *done. */
static int simulate(struct queue_model *model, struct estimator *estimator, const struct queue_point *point,
		    struct stopping *stopping, double watch_from, double watch_to, uint64_t *done,
		    struct point_error *error)
{
	double sojourn[BLOCK];

	for (uint64_t block = 0; *done < point->requests && !stopping->reached; block++) {
		size_t n = point->requests - *done < BLOCK ? (size_t)(point->requests - *done) : BLOCK;
		double share = (double)*done / (double)point->requests;

		if (stopping->share_done > share)
			share = stopping->share_done;
		if (block % WATCH_BLOCKS == 0 && point_watch(watch_from + (watch_to - watch_from) * share)) {
			snprintf(error->text, sizeof(error->text), "interrupted");
			return 1;
		}
		if (queue_step(model, sojourn, n) || estimator_add(estimator, sojourn, n)) {
			snprintf(error->text, sizeof(error->text), "out of memory");
			return 1;
		}
		*done += n;
		if (*done >= stopping->next_check)
			stopping_check(stopping, estimator);
	}
	return 0;
}

static int take_histogram(const struct estimator *estimator, struct queue_outcome *outcome, struct point_error *error)
{
	struct histogram *merged = histogram_create();

	if (merged) {
		estimator_histogram(estimator, merged);
		outcome->histogram = histogram_encode(merged, &outcome->histogram_size);
		histogram_destroy(merged);
	}
	if (outcome->histogram)
		return 0;
	snprintf(error->text, sizeof(error->text), "out of memory");
	return 1;
}

int queue_point_simulate(const struct queue_point *point, double load, uint64_t seed, unsigned replication,
			 bool keep_histogram, double watch_from, double watch_to, struct queue_outcome *outcome,
			 struct point_error *error)
{
	struct queue_params params = {point->discipline, point->servers, load, &point->service, seed, replication};
	struct stopping stopping;
	struct estimator *estimator;
	struct queue_model *model;
	int status = 1;

	*outcome = (struct queue_outcome){0};
	outcome->warmup = choose_warmup(point, &params, &outcome->warmup_limited);
	stopping_start(&stopping, point->ci, outcome->warmup);
	error->key[0] = '\0';
	model = queue_create(&params, error->text, sizeof(error->text));
	if (!model)
		return 1;
	estimator = estimator_create(outcome->warmup, point->confidence);
	if (!estimator)
		snprintf(error->text, sizeof(error->text), "out of memory");
	else
		status = simulate(model, estimator, point, &stopping, watch_from, watch_to, &outcome->requests, error);
	if (!status) {
		estimator_result(estimator, &outcome->estimate);
		queue_totals(model, &outcome->totals);
		outcome->capped = point->ci > 0 && !stopping.reached;
		if (keep_histogram)
			status = take_histogram(estimator, outcome, error);
	}
	estimator_destroy(estimator);
	queue_destroy(model);
	return status;
}

/* As the simulated machines give them, to stand beside theirs. */
static void add_microseconds(struct point_result *result, const struct estimate *estimate, double mean_us)
{
	for (int i = 0; i <= ESTIMATE_QUANTILES; i++) {
		struct interval us = i < ESTIMATE_QUANTILES ? estimate->quantile[i] : estimate->mean;

		us.value *= mean_us;
		us.low *= mean_us;
		us.high *= mean_us;
		us.std_error *= mean_us;
		point_add_interval(result, i < ESTIMATE_QUANTILES ? system_quantile_name[i] : "mean_us", &us);
	}
}

static void add_metrics(struct point_result *result, const struct queue_point *point,
			const struct queue_outcome *outcome)
{
	const struct estimate *estimate = &outcome->estimate;
	const struct queue_totals *totals = &outcome->totals;

	for (int i = 0; i < ESTIMATE_QUANTILES; i++)
		point_add_interval(result, estimate_name[i], &estimate->quantile[i]);
	point_add_interval(result, "mean", &estimate->mean);
	point_add(result, "max", estimate->max);
	if (point->mean_us > 0)
		add_microseconds(result, estimate, point->mean_us);
	point_add(result, "throughput", (double)totals->departures / totals->now);
	if (!isnan(totals->in_system_integral)) /* the FCFS recursions do not count the requests present */
		point_add(result, "in_system", totals->in_system_integral / totals->now);
	point_add(result, "utilization", totals->work_done / totals->now / point->servers);
	point_add(result, "simulated", (double)outcome->requests);
	point_add(result, "warmup_used", (double)outcome->warmup);
	point_add(result, "warmup_limited", outcome->warmup_limited);
	point_add(result, "batches", estimate->batches);
	point_add(result, "correlated", estimate->correlated);
	point_add(result, "capped", outcome->capped);
	point_add(result, "unstable", point->load >= 1);
}

static const char *const queue_keys[] = {"model",  "servers",    "service",      "load",    "requests", "ci",
					 "warmup", "confidence", "service_hash", "mean_us", NULL};

static int queue_normalize(json_t *params, struct point_error *error)
{
	if (point_check_keys(params, queue_keys, error))
		return -1;
	return queue_point_normalize(params, true, error);
}

static int queue_run(const json_t *params, uint64_t seed, unsigned replication, struct point_result *result,
		     struct point_error *error)
{
	double start_s = point_seconds_now();
	struct queue_outcome outcome;
	struct queue_point point;
	int status;

	*result = (struct point_result){0};
	if (queue_point_read(&point, params, error))
		return 1;
	status = queue_point_simulate(&point, point.load, seed, replication, true, 0, 1, &outcome, error);
	if (!status) {
		add_metrics(result, &point, &outcome);
		result->histogram = outcome.histogram;
		result->histogram_size = outcome.histogram_size;
		result->wall_s = point_seconds_now() - start_s;
	}
	queue_point_clear(&point);
	return status;
}

const struct point_kind point_kind_queue = {"queue", queue_keys, queue_normalize, queue_run};

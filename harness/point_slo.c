/* The kind "queue-slo": the maximum load of a queueing model at an SLO. */
#include "harness/point_queue.h"
#include "harness/slo.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVALUATIONS_TYPICAL 9 /* for the progress told to the watch */

static const char *const slo_keys[] = {"model", "servers", "service",    "slo",          "tolerance", "requests",
				       "ci",    "warmup",  "confidence", "service_hash", "mean_us",   NULL};

/* A number, or text as in "10S". */
static int normalize_slo(json_t *params, struct point_error *error)
{
	static const char allowed[] = "multiples of the mean service time S above 0, as in 10S";
	const json_t *slo = json_object_get(params, "slo");

	if (json_is_string(slo)) {
		const char *text = json_string_value(slo);
		char *end;
		double value = strtod(text, &end);

		if (end != text &&
		    (!strcmp(end, "us") || !strcmp(end, "ms") || !strcmp(end, "ns") || !strcmp(end, "s")))
			return point_not_allowed(
			    error, "slo", slo,
			    "multiples of the mean service time S, as in 10S: a queueing model knows "
			    "no time in seconds");
		if (end == text || (*end && strcmp(end, "S") != 0) || !isfinite(value))
			return point_not_allowed(error, "slo", slo, allowed);
		json_object_set_new(params, "slo", json_real(value));
	}
	return point_check_real(params, "slo", 0, INFINITY, false, allowed, error);
}

static int slo_normalize(json_t *params, struct point_error *error)
{
	if (point_check_keys(params, slo_keys, error) || queue_point_normalize(params, false, error) ||
	    normalize_slo(params, error))
		return -1;
	if (!json_object_get(params, "tolerance"))
		json_object_set_new(params, "tolerance", json_real(0.001));
	return point_check_real(params, "tolerance", 1e-5, 0.1, true, "a load difference from 0.00001 to 0.1", error);
}

struct evaluation {
	const struct queue_point *point;
	uint64_t seed;
	unsigned replication, count;
	double requests;
	bool capped, correlated, warmup_limited; /* at any load */
	struct point_error *error;
};

static int evaluate(void *context, struct slo_sample *sample)
{
	struct evaluation *evaluation = context;
	unsigned i = evaluation->count++;
	/* Each evaluation past the typical number halves what is left. */
	double from = i < EVALUATIONS_TYPICAL
			  ? (double)i / (EVALUATIONS_TYPICAL + 1)
			  : 1 - ldexp(1.0 / (EVALUATIONS_TYPICAL + 1), (int)(EVALUATIONS_TYPICAL - i));
	double to = i < EVALUATIONS_TYPICAL ? (double)(i + 1) / (EVALUATIONS_TYPICAL + 1) : from + (1 - from) / 2;
	struct queue_outcome outcome;

	if (queue_point_simulate(evaluation->point, sample->load, evaluation->seed, evaluation->replication, false,
				 from, to, &outcome, evaluation->error))
		return 1;
	sample->p99 = outcome.estimate.quantile[ESTIMATE_P99];
	evaluation->requests += (double)outcome.requests;
	evaluation->capped |= outcome.capped;
	evaluation->correlated |= outcome.estimate.correlated;
	evaluation->warmup_limited |= outcome.warmup_limited;
	return 0;
}

static void add_metrics(struct point_result *result, const struct slo_result *found,
			const struct evaluation *evaluation)
{
	point_add_interval(result, "max_load", &found->max_load);
	point_add(result, "evaluations", found->evaluations);
	point_add(result, "simulated", evaluation->requests);
	point_add(result, "violated_always", found->violated_always);
	point_add(result, "met_always", found->met_always);
	point_add(result, "correlated", evaluation->correlated);
	point_add(result, "capped", evaluation->capped);
	point_add(result, "warmup_limited", evaluation->warmup_limited);
}

static int slo_run(const json_t *params, uint64_t seed, unsigned replication, struct point_result *result,
		   struct point_error *error)
{
	double start_s = point_seconds_now();
	struct queue_point point;
	struct evaluation evaluation = {&point, seed, replication, 0, 0, false, false, false, error};
	struct slo_result found = {0};
	int status;

	*result = (struct point_result){0};
	if (queue_point_read(&point, params, error))
		return 1;
	status = slo_search(evaluate, &evaluation, point.slo, point.tolerance, &found);
	if (!status) {
		add_metrics(result, &found, &evaluation);
		result->wall_s = point_seconds_now() - start_s;
	}
	queue_point_clear(&point);
	return status;
}

const struct point_kind point_kind_queue_slo = {"queue-slo", slo_keys, slo_normalize, slo_run};

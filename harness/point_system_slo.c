/* The kind "system-slo": the maximum load of a simulated machine at an SLO. */
#include "harness/point_queue.h"
#include "harness/point_system.h"
#include "harness/slo.h"
#include "harness/system_params.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EVALUATIONS_TYPICAL 9    /* for the progress told to the watch */
#define DROPS_MAX           0.01 /* share of requests never answered from which p99 has no value */
#define VIOLATION           10.0 /* the p99 told to the search then, in SLOs */
#define SLO_MAX_US          1e12

static const char *const slo_keys[] = {"slo", "tolerance", SYSTEM_PARAM_KEYS, NULL};

/* A number of microseconds, or text as in "500us" and "10S"; becomes microseconds. */
static int normalize_slo(json_t *params, struct point_error *error)
{
	static const char allowed[] = "a time as in 500us or 2ms, or multiples of the mean service time as in 10S";
	static const struct {
		const char *unit;
		double us;
	} units[] = {{"us", 1}, {"ms", 1e3}, {"s", 1e6}, {"ns", 1e-3}};
	const json_t *slo = json_object_get(params, "slo");
	double unit_us = NAN, value;
	const char *text;
	char *end;

	if (!json_is_string(slo))
		return point_check_real(params, "slo", 0, SLO_MAX_US, false, allowed, error);
	text = json_string_value(slo);
	value = strtod(text, &end);
	if (end != text && !strcmp(end, "S"))
		unit_us = json_number_value(json_object_get(params, "mean_us"));
	for (size_t i = 0; end != text && i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(end, units[i].unit))
			unit_us = units[i].us;
	value *= unit_us;
	if (!(value > 0 && value < SLO_MAX_US))
		return point_not_allowed(error, "slo", slo, allowed);
	return json_object_set_new(params, "slo", json_real(value));
}

static int slo_normalize(json_t *params, struct point_error *error)
{
	if (point_check_keys(params, slo_keys, error) || system_point_normalize(params, false, error) ||
	    normalize_slo(params, error))
		return -1;
	point_set_default(params, "tolerance", json_real(0.001));
	return point_check_real(params, "tolerance", 1e-5, 0.1, true, "a load difference from 0.00001 to 0.1", error);
}

struct evaluation {
	const struct system_point *point;
	unsigned count;
	double requests;
	bool capped, correlated, warmup_limited; /* at any load */
	struct point_error *error;
};

static int evaluate(void *context, struct slo_sample *sample)
{
	struct evaluation *evaluation = context;
	const struct system_point *point = evaluation->point;
	double rate_rps = system_point_rate_rps(point, sample->load);
	unsigned i = evaluation->count++;
	double from =
	    i < EVALUATIONS_TYPICAL ? (double)i / (EVALUATIONS_TYPICAL + 1) : 1 - 1.0 / (EVALUATIONS_TYPICAL + 1);
	struct system_outcome outcome;

	if (system_point_simulate(point, rate_rps, false, NULL, from, from + 1.0 / (EVALUATIONS_TYPICAL + 1), &outcome,
				  evaluation->error))
		return 1;
	sample->p99 = outcome.estimate.quantile[ESTIMATE_P99];
	if ((double)outcome.totals.dropped > DROPS_MAX * (double)outcome.totals.arrivals &&
	    sample->p99.value < VIOLATION * point->slo_us)
		sample->p99 = (struct interval){.value = VIOLATION * point->slo_us,
						.std_error = NAN,
						.low = VIOLATION * point->slo_us,
						.high = VIOLATION * point->slo_us};
	evaluation->requests += (double)outcome.requests;
	evaluation->capped |= outcome.capped;
	evaluation->correlated |= outcome.estimate.correlated;
	evaluation->warmup_limited |= outcome.warmup_limited;
	return 0;
}

static void add_metrics(struct point_result *result, const struct system_point *point, const struct slo_result *found,
			const struct evaluation *evaluation)
{
	point_add_interval(result, "max_load", &found->max_load);
	point_add(result, "max_rate", system_point_rate_rps(point, found->max_load.value));
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
	struct system_point point;
	struct evaluation evaluation = {.point = &point, .error = error};
	struct slo_result found;
	int status;

	*result = (struct point_result){0};
	if (system_point_read(&point, params, seed, replication, error))
		return 1;
	status = slo_search(evaluate, &evaluation, point.slo_us, point.tolerance, &found);
	if (!status) {
		add_metrics(result, &point, &found, &evaluation);
		result->wall_s = point_seconds_now() - start_s;
	}
	system_point_clear(&point);
	return status;
}

const struct point_kind point_kind_system_slo = {"system-slo", slo_keys, slo_normalize, slo_run};

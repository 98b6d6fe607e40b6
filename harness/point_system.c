/* The parameters of the simulated machine, and the kind "system". */
#include "harness/point_system.h"
#include "harness/dist_file.h"
#include "harness/point_costs.h"
#include "harness/point_queue.h"
#include "harness/system_params.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int system_point_normalize(json_t *params, bool has_load, struct point_error *error)
{
	if (system_params_check(params, error) || (has_load && system_params_check_load(params, error)))
		return -1;
	return point_check_run_length(params, error);
}

static const char *text_of(const json_t *params, const char *key)
{
	return json_string_value(json_object_get(params, key));
}

/* Reads what is kept in files, and whether they still hold what was checked. */
static int read_files(struct system_point *point, const json_t *params, struct point_error *error)
{
	const char *service_expected = text_of(params, "service_hash");
	uint64_t service_hash;
	char text[32];

	if (point_costs_read(&point->options.costs, point->options.kind->costs, params, error))
		return 1;
	snprintf(error->key, sizeof(error->key), "service");
	if (dist_read(&point->service, text_of(params, "service"), &service_hash, error->text, sizeof(error->text)))
		return 1;
	snprintf(text, sizeof(text), "%016" PRIx64, service_hash);
	if (!service_expected || !strcmp(text, service_expected))
		return 0;
	snprintf(error->text, sizeof(error->text), "the file has changed since the parameters were checked");
	dist_destroy(&point->service);
	return 1;
}

int system_point_read(struct system_point *point, const json_t *params, uint64_t seed, unsigned replication,
		      struct point_error *error)
{
	const json_t *warmup = json_object_get(params, "warmup"), *rate = json_object_get(params, "rate");
	struct sim_system_options *o = &point->options;

	*point = (struct system_point){
	    .requests = (uint64_t)json_integer_value(json_object_get(params, "requests")),
	    .ci = json_number_value(json_object_get(params, "ci")),
	    .warmup_auto = json_is_string(warmup),
	    .warmup = (uint64_t)json_integer_value(warmup),
	    .confidence = json_number_value(json_object_get(params, "confidence")),
	    .slo_us = json_number_value(json_object_get(params, "slo")),
	    .tolerance = json_number_value(json_object_get(params, "tolerance")),
	};
	*o = system_params_read(params);
	o->service = &point->service;
	o->seed = seed;
	o->replication = replication;
	if (read_files(point, params, error))
		return 1;
	o->rate_rps = rate ? json_number_value(rate)
			   : system_point_rate_rps(point, json_number_value(json_object_get(params, "load")));
	return 0;
}

void system_point_clear(struct system_point *point)
{
	dist_destroy(&point->service);
}

double system_point_rate_rps(const struct system_point *point, double load)
{
	return load * point->options.cores * 1e9 / point->options.mean_ns;
}

double system_point_load(const struct system_point *point, double rate_rps)
{
	return rate_rps * point->options.mean_ns / 1e9 / point->options.cores;
}

static const char *const system_keys[] = {"load", "rate", "closed", "think_us", SYSTEM_PARAM_KEYS, NULL};

static int normalize(json_t *params, struct point_error *error)
{
	if (point_check_keys(params, system_keys, error))
		return -1;
	return system_point_normalize(params, true, error);
}

static int run(const json_t *params, uint64_t seed, unsigned replication, struct point_result *result,
	       struct point_error *error)
{
	double start_s = point_seconds_now();
	struct system_outcome outcome;
	struct system_point point;
	int status;

	*result = (struct point_result){0};
	if (system_point_read(&point, params, seed, replication, error))
		return 1;
	status = system_point_simulate(&point, point.options.rate_rps, true, NULL, 0, 1, &outcome, error);
	if (!status) {
		system_point_metrics(&point, point.options.rate_rps, &outcome, result);
		result->histogram = outcome.histogram;
		result->histogram_size = outcome.histogram_size;
		result->wall_s = point_seconds_now() - start_s;
	}
	system_point_clear(&point);
	return status;
}

const struct point_kind point_kind_system = {"system", system_keys, normalize, run};

/* The parameters of the simulated machine, and the kind "system". */
#include "harness/point_system.h"
#include "harness/dist_file.h"
#include "harness/point_costs.h"
#include "harness/point_queue.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define MEAN_MIN_US 0.001
#define MEAN_MAX_US (SIM_SYSTEM_MEAN_MAX_NS / 1e3)

/* A choice among names. */
struct choice {
	const char *name;
	int value;
};

static const struct choice placements[] = {{"even", SIM_PLACEMENT_EVEN}, {"random", SIM_PLACEMENT_RANDOM}, {0}};
static const struct choice orders[] = {{"paper", IX_TRANSMIT_PAPER}, {"code", IX_TRANSMIT_CODE}, {0}};

/* Of the systems named in the manual, those that exist. */
static const struct choice systems[] = {{"ix", 0}, {0}};
static const struct sim_host_kind *const kinds[] = {&sim_host_ix};

static const struct choice *find_choice(const struct choice *choice, const json_t *value)
{
	for (; json_is_string(value) && choice->name; choice++)
		if (!strcmp(choice->name, json_string_value(value)))
			return choice;
	return NULL;
}

static const struct sim_host_kind *kind_of(const json_t *params)
{
	return kinds[find_choice(systems, json_object_get(params, "system"))->value];
}

static int check_choice(json_t *params, const char *key, const struct choice *choices, const char *allowed,
			struct point_error *error)
{
	const json_t *value = json_object_get(params, key);

	return find_choice(choices, value) ? 0 : point_not_allowed(error, key, value, allowed);
}

static int check_connections(json_t *params, struct point_error *error)
{
	json_int_t cores = json_integer_value(json_object_get(params, "cores"));

	point_set_default(params, "connections", json_integer((SYSTEM_CONNECTIONS + cores - 1) / cores * cores));
	return point_check_integer(params, "connections", 1, SIM_CONNECTIONS_MAX, "a whole number from 1 to 1000000",
				   error);
}

static int check_load(json_t *params, struct point_error *error)
{
	const json_t *load = json_object_get(params, "load"), *rate = json_object_get(params, "rate");

	if (load && rate)
		return point_not_allowed(error, "rate", rate, "load or rate, not both");
	if (rate)
		return point_check_real(params, "rate", 0, SIM_SYSTEM_RATE_MAX, false,
					"requests per second, above 0 and below 1e9", error);
	if (!load) {
		snprintf(error->key, sizeof(error->key), "load");
		snprintf(error->text, sizeof(error->text),
			 "is missing; allowed: load (of each core) or rate (in "
			 "requests per second)");
		return -1;
	}
	return point_check_real(params, "load", 0, QUEUE_LOAD_MAX, false, "a number above 0 and below 10", error);
}

static int check_rate_range(const json_t *params, struct point_error *error)
{
	double load = json_real_value(json_object_get(params, "load"));
	double rate_rps = load * (double)json_integer_value(json_object_get(params, "cores")) * 1e6 /
			  json_real_value(json_object_get(params, "mean_us"));

	if (rate_rps < SIM_SYSTEM_RATE_MAX)
		return 0;
	snprintf(error->key, sizeof(error->key), "load");
	snprintf(error->text, sizeof(error->text), "%g makes %g requests per second; allowed: below 1e9", load,
		 rate_rps);
	return -1;
}

int system_point_normalize(json_t *params, bool has_load, struct point_error *error)
{
	point_set_default(params, "batch", json_integer(ix_options_default.batch_bound));
	point_set_default(params, "placement", json_string("even"));
	point_set_default(params, "costs", json_string("zero"));
	point_set_default(params, "transmit_order", json_string("paper"));
	if (check_choice(params, "system", systems,
			 "ix (zygos, zygos-cooperative, linux-partitioned, linux-floating and mtcp do not exist yet)",
			 error) ||
	    point_check_integer(params, "cores", 1, SIM_SYSTEM_CORES_MAX, "a whole number from 1 to 64", error) ||
	    point_check_service(params, error) ||
	    point_check_real(params, "mean_us", MEAN_MIN_US, MEAN_MAX_US, true, "microseconds, from 0.001 to 1e9",
			     error))
		return -1;
	if (has_load && (check_load(params, error) || check_rate_range(params, error)))
		return -1;
	if (point_check_integer(params, "batch", 1, IX_BATCH_MAX, "a whole number from 1 to 1024", error) ||
	    check_connections(params, error) ||
	    check_choice(params, "placement", placements, "even or random", error) ||
	    point_costs_check(params, kind_of(params)->costs, error) ||
	    check_choice(params, "transmit_order", orders, "paper or code", error))
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
	o->cores = (unsigned)json_integer_value(json_object_get(params, "cores"));
	o->batch_bound = (unsigned)json_integer_value(json_object_get(params, "batch"));
	o->connections = (unsigned)json_integer_value(json_object_get(params, "connections"));
	o->placement = (enum sim_placement)find_choice(placements, json_object_get(params, "placement"))->value;
	o->transmit_order =
	    (enum ix_transmit_order)find_choice(orders, json_object_get(params, "transmit_order"))->value;
	o->kind = kind_of(params);
	o->mean_ns = 1e3 * json_number_value(json_object_get(params, "mean_us"));
	o->service = &point->service;
	o->service_is_compute = 1;
	o->threads_per_core = 1;
	o->request_bytes = o->reply_bytes = 64;
	o->wire_links = 1;
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

static const char *const system_keys[] = {"system",         "cores",      "service",     "mean_us",   "load",
					  "rate",           "batch",      "connections", "placement", "costs",
					  "transmit_order", "requests",   "ci",          "warmup",    "confidence",
					  "service_hash",   "costs_hash", NULL};

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

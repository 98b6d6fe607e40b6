#include "harness/system_params.h"
#include "harness/point_costs.h"
#include "harness/point_queue.h"
#include "harness/point_system.h"

#include <stdio.h>
#include <string.h>

#define MEAN_MIN_US 0.001
#define MEAN_MAX_US (SIM_SYSTEM_MEAN_MAX_NS / 1e3)

struct choice {
	const char *name;
	int value;
};

static const struct choice placements[] = {{"even", SIM_PLACEMENT_EVEN}, {"random", SIM_PLACEMENT_RANDOM}, {0}};
static const struct choice orders[] = {{"paper", IX_TRANSMIT_PAPER}, {"code", IX_TRANSMIT_CODE}, {0}};
static const struct choice service_kinds[] = {{"spin", 0}, {"compute", 1}, {0}};

#define REQUIRED (-1.0)

/* A parameter: a name among choices, or else a number from low to high. */
struct param {
	const char *key;
	const struct choice *choices;
	int whole;
	double low, high;
	double standard; /* the default: the number, or the choice's place */
	const char *allowed;
};

static const struct param table[] = {
    {"cores", NULL, 1, 1, SIM_SYSTEM_CORES_MAX, REQUIRED, "a whole number from 1 to 64"},
    {"threads_per_core", NULL, 1, 1, 2, 1, "1 or 2"},
    {"mean_us", NULL, 0, MEAN_MIN_US, MEAN_MAX_US, REQUIRED, "microseconds, from 0.001 to 1e9"},
    {"service_kind", service_kinds, 0, 0, 0, 1, "spin or compute"},
    {"batch", NULL, 1, 1, IX_BATCH_MAX, 64, "a whole number from 1 to 1024"},
    {"placement", placements, 0, 0, 0, 0, "even or random"},
    {"in_flight", NULL, 1, 0, SIM_SYSTEM_IN_FLIGHT_MAX, 0, "a whole number from 1 to 1000000, or 0 for no limit"},
    {"request_bytes", NULL, 1, 1, SIM_SYSTEM_BYTES_MAX, 64, "a whole number from 1 to 16777216"},
    {"reply_bytes", NULL, 1, 1, SIM_SYSTEM_BYTES_MAX, 64, "a whole number from 1 to 16777216"},
    {"acks", NULL, 0, 0, SIM_SYSTEM_ACKS_MAX, 0, "a number from 0 to 16"},
    {"messages_per_connection", NULL, 1, 0, SIM_SYSTEM_MESSAGES_MAX, 0,
     "a whole number from 1 to 1000000000, or 0 for connections that stay open"},
    {"wire_links", NULL, 1, 1, SIM_SYSTEM_WIRE_LINKS_MAX, 1, "a whole number from 1 to 16"},
    {"transmit_order", orders, 0, 0, 0, 0, "paper or code"},
};

#define TABLE_COUNT (sizeof(table) / sizeof(table[0]))

const char *const system_params_echoed[] = {"system",
					    "cores",
					    "threads_per_core",
					    "service",
					    "service_kind",
					    "batch",
					    "connections",
					    "placement",
					    "in_flight",
					    "request_bytes",
					    "reply_bytes",
					    "acks",
					    "messages_per_connection",
					    "wire_links",
					    "costs",
					    "transmit_order",
					    NULL};

static const struct choice *find_choice(const struct choice *choice, const json_t *value)
{
	for (; json_is_string(value) && choice->name; choice++)
		if (!strcmp(choice->name, json_string_value(value)))
			return choice;
	return NULL;
}

static void set_standard(json_t *params, const struct param *param)
{
	if (param->standard < 0)
		return;
	if (param->choices)
		point_set_default(params, param->key, json_string(param->choices[(int)param->standard].name));
	else if (param->whole)
		point_set_default(params, param->key, json_integer((json_int_t)param->standard));
	else
		point_set_default(params, param->key, json_real(param->standard));
}

static int check_param(json_t *params, const struct param *param, struct point_error *error)
{
	const json_t *value;

	set_standard(params, param);
	if (!param->choices && param->whole)
		return point_check_integer(params, param->key, (int64_t)param->low, (int64_t)param->high,
					   param->allowed, error);
	if (!param->choices)
		return point_check_real(params, param->key, param->low, param->high, true, param->allowed, error);
	value = json_object_get(params, param->key);
	return find_choice(param->choices, value) ? 0 : point_not_allowed(error, param->key, value, param->allowed);
}

static int check_system(const json_t *params, struct point_error *error)
{
	const json_t *system = json_object_get(params, "system");
	char allowed[160] = "";
	size_t used = 0;

	if (json_is_string(system) && sim_host_kind_find(json_string_value(system)))
		return 0;
	for (size_t i = 0; sim_host_kinds[i] && used < sizeof(allowed); i++)
		used += (size_t)snprintf(allowed + used, sizeof(allowed) - used, "%s%s", i ? ", " : "",
					 sim_host_kinds[i]->name);
	return point_not_allowed(error, "system", system, allowed);
}

static int check_connections(json_t *params, struct point_error *error)
{
	json_int_t cores = json_integer_value(json_object_get(params, "cores"));

	point_set_default(params, "connections", json_integer((SYSTEM_CONNECTIONS + cores - 1) / cores * cores));
	return point_check_integer(params, "connections", 1, SIM_CONNECTIONS_MAX, "a whole number from 1 to 1000000",
				   error);
}

static const struct sim_host_kind *kind_of(const json_t *params)
{
	return sim_host_kind_find(json_string_value(json_object_get(params, "system")));
}

int system_params_check(json_t *params, struct point_error *error)
{
	point_set_default(params, "costs", json_string("zero"));
	if (check_system(params, error))
		return -1;
	for (size_t i = 0; i < TABLE_COUNT; i++)
		if (check_param(params, &table[i], error))
			return -1;
	if (point_check_service(params, error) || check_connections(params, error) ||
	    point_costs_check(params, kind_of(params)->costs, error))
		return -1;
	return 0;
}

static int check_rate_range(const json_t *params, struct point_error *error)
{
	double load = json_number_value(json_object_get(params, "load"));
	double rate_rps = load * (double)json_integer_value(json_object_get(params, "cores")) * 1e6 /
			  json_number_value(json_object_get(params, "mean_us"));

	if (rate_rps < SIM_SYSTEM_RATE_MAX)
		return 0;
	snprintf(error->key, sizeof(error->key), "load");
	snprintf(error->text, sizeof(error->text), "%g makes %g requests per second; allowed: below 1e9", load,
		 rate_rps);
	return -1;
}

static int check_open(json_t *params, struct point_error *error)
{
	const json_t *load = json_object_get(params, "load"), *rate = json_object_get(params, "rate");

	if (json_object_get(params, "think_us"))
		return point_not_allowed(error, "think_us", json_object_get(params, "think_us"),
					 "think times of a closed loop only");
	if (load && rate)
		return point_not_allowed(error, "rate", rate, "load or rate, not both");
	if (rate)
		return point_check_real(params, "rate", 0, SIM_SYSTEM_RATE_MAX, false,
					"requests per second, above 0 and below 1e9", error);
	if (!load) {
		snprintf(error->key, sizeof(error->key), "load");
		snprintf(error->text, sizeof(error->text),
			 "is missing; allowed: load (of each core) or rate (in requests per second), or else closed");
		return -1;
	}
	if (point_check_real(params, "load", 0, QUEUE_LOAD_MAX, false, "a number above 0 and below 10", error))
		return -1;
	return check_rate_range(params, error);
}

/* A closed loop: the number of clients, where true says one for each connection. */
static int check_closed(json_t *params, struct point_error *error)
{
	static const char *const others[] = {"load", "rate"};
	const json_t *closed = json_object_get(params, "closed"), *connections = json_object_get(params, "connections");
	char allowed[96];

	for (size_t i = 0; i < 2; i++)
		if (json_object_get(params, others[i]))
			return point_not_allowed(error, others[i], json_object_get(params, others[i]),
						 "a rate in an open loop only: in a closed one it is an outcome");
	if (json_integer_value(json_object_get(params, "in_flight")))
		return point_not_allowed(error, "in_flight", json_object_get(params, "in_flight"),
					 "0 in a closed loop, where each client has one request in flight");
	if (json_is_true(closed))
		json_object_set_new(params, "closed", json_integer(json_integer_value(connections)));
	snprintf(allowed, sizeof(allowed), "true, or a number of clients from 1 to %lld (connections)",
		 (long long)json_integer_value(connections));
	point_set_default(params, "think_us", json_real(0));
	if (point_check_integer(params, "closed", 1, json_integer_value(connections), allowed, error))
		return -1;
	return point_check_real(params, "think_us", 0, SIM_SYSTEM_THINK_MAX_NS / 1e3, true,
				"microseconds, from 0 to 1e9", error);
}

int system_params_check_load(json_t *params, struct point_error *error)
{
	const json_t *closed = json_object_get(params, "closed");

	if (json_is_false(closed) || (json_is_integer(closed) && !json_integer_value(closed)))
		json_object_del(params, "closed");
	return json_object_get(params, "closed") ? check_closed(params, error) : check_open(params, error);
}

static unsigned whole_of(const json_t *params, const char *key)
{
	return (unsigned)json_integer_value(json_object_get(params, key));
}

struct sim_system_options system_params_read(const json_t *params)
{
	return (struct sim_system_options){
	    .kind = kind_of(params),
	    .cores = whole_of(params, "cores"),
	    .threads_per_core = whole_of(params, "threads_per_core"),
	    .batch_bound = whole_of(params, "batch"),
	    .connections = whole_of(params, "connections"),
	    .placement = (enum sim_placement)find_choice(placements, json_object_get(params, "placement"))->value,
	    .mean_ns = 1e3 * json_number_value(json_object_get(params, "mean_us")),
	    .service_is_compute = find_choice(service_kinds, json_object_get(params, "service_kind"))->value,
	    .closed = whole_of(params, "closed"),
	    .think_ns = 1e3 * json_number_value(json_object_get(params, "think_us")),
	    .in_flight = whole_of(params, "in_flight"),
	    .request_bytes = whole_of(params, "request_bytes"),
	    .reply_bytes = whole_of(params, "reply_bytes"),
	    .acks = json_number_value(json_object_get(params, "acks")),
	    .messages_per_connection = whole_of(params, "messages_per_connection"),
	    .wire_links = whole_of(params, "wire_links"),
	    .transmit_order =
		(enum ix_transmit_order)find_choice(orders, json_object_get(params, "transmit_order"))->value,
	};
}

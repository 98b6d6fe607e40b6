/* The parameters of the kind "packet". */
#include "harness/point_packet.h"
#include "harness/point_costs.h"
#include "harness/point_queue.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define REQUESTS_DEFAULT 100000
#define INCAST_CLIENTS   SIM_PACKET_CLIENTS_MAX
#define INCAST_BUFFER    (256 << 10)

static int scenario_of(const json_t *params)
{
	const char *name = json_string_value(json_object_get(params, "scenario"));

	for (int i = 0; name && i < SIM_PACKET_SCENARIOS; i++)
		if (!strcmp(name, sim_packet_scenario_name[i]))
			return i;
	return -1;
}

static void set_defaults(json_t *params, int scenario)
{
	json_int_t connections;
	int incast = scenario == SIM_PACKET_INCAST;

	point_set_default(params, "connections", json_integer(100));
	connections = json_integer_value(json_object_get(params, "connections"));
	if (incast)
		point_set_default(
		    params, "clients",
		    json_integer(connections < (json_int_t)INCAST_CLIENTS ? connections : INCAST_CLIENTS));
	point_set_default(params, "clients",
			  json_integer((connections + SIM_PACKET_PER_CLIENT_MAX - 1) / SIM_PACKET_PER_CLIENT_MAX));
	point_set_default(params, "cores", json_integer(1));
	point_set_default(params, "batch", json_integer(ix_options_default.batch_bound));
	point_set_default(params, "message", json_integer(64));
	point_set_default(params, "requests",
			  json_integer(scenario == SIM_PACKET_CONNECT ? connections : REQUESTS_DEFAULT));
	point_set_default(params, "depth", json_integer(1));
	point_set_default(params, "buffer", json_integer(incast ? INCAST_BUFFER : 0));
	point_set_default(params, "rto_min_us", json_real((double)ix_tcp_options_default.rto_min_ns / 1e3));
	point_set_default(params, "migrate_every", json_real(0));
	point_set_default(params, "costs", json_string("zero"));
	point_set_default(params, "confidence", json_real(0.95));
	for (int i = 0; i < 4; i++)
		point_set_default(params, (const char *[]){"loss", "reorder", "duplicate", "corrupt"}[i], json_real(0));
}

static int check_sizes(json_t *params, struct point_error *error)
{
	return point_check_integer(params, "connections", 1, SIM_PACKET_CONNECTIONS_MAX,
				   "a whole number from 1 to 1000000", error) ||
	       point_check_integer(params, "clients", 1, SIM_PACKET_CLIENTS_MAX, "a whole number from 1 to 63",
				   error) ||
	       point_check_integer(params, "cores", 1, SIM_NIC_QUEUES_MAX, "a whole number from 1 to 64", error) ||
	       point_check_integer(params, "batch", 1, IX_BATCH_MAX, "a whole number from 1 to 1024", error) ||
	       point_check_integer(params, "message", 1, SIM_PACKET_MESSAGE_MAX, "bytes, from 1 to 1048576", error) ||
	       point_check_integer(params, "requests", 1, QUEUE_REQUESTS_MAX,
				   "a whole number of messages from 1 to 1000000000000", error) ||
	       point_check_integer(params, "depth", 1, SIM_PACKET_DEPTH_MAX, "a whole number from 1 to 1024", error) ||
	       point_check_integer(params, "buffer", 0, 1 << 30, "bytes, from 2048 to 1073741824, or 0 for no bound",
				   error);
}

static int check_reals(json_t *params, struct point_error *error)
{
	static const char *const probability[] = {"loss", "reorder", "duplicate", "corrupt"};

	for (int i = 0; i < 4; i++)
		if (point_check_real(params, probability[i], 0, 0.5, true, "a probability from 0 to 0.5", error))
			return -1;
	return point_check_real(params, "migrate_every", 0, 1e6, true,
				"milliseconds, from 0.001 to 1e6, or 0 for never", error) ||
	       point_check_real(params, "rto_min_us", 16, 6e7, true, "microseconds, from 16 to 6e7", error) ||
	       point_check_real(params, "confidence", 0, 1, false, "a number between 0 and 1, as in 0.95", error);
}

static int wrong(struct point_error *error, const char *key, const char *text)
{
	snprintf(error->key, sizeof(error->key), "%s", key);
	snprintf(error->text, sizeof(error->text), "%s", text);
	return -1;
}

/* What goes together with what. */
static int check_together(json_t *params, int scenario, struct point_error *error)
{
	json_int_t connections = json_integer_value(json_object_get(params, "connections"));
	json_int_t clients = json_integer_value(json_object_get(params, "clients"));
	json_int_t requests = json_integer_value(json_object_get(params, "requests"));
	json_int_t buffer = json_integer_value(json_object_get(params, "buffer"));
	double migrate_ms = json_real_value(json_object_get(params, "migrate_every"));

	if (clients > connections || connections > clients * (json_int_t)SIM_PACKET_PER_CLIENT_MAX)
		return wrong(error, "clients",
			     "is not allowed; allowed: from one for each 500000 connections to as many "
			     "as there are connections");
	if (scenario == SIM_PACKET_CONNECT && requests != connections)
		return wrong(error, "requests", "is not allowed; allowed: with connect, one for each connection");
	if (json_object_get(params, "rate") && scenario != SIM_PACKET_ECHO)
		return wrong(error, "rate", "is not allowed; allowed: with the scenario echo");
	if (buffer && buffer < 2048)
		return wrong(error, "buffer",
			     "is not allowed; allowed: bytes, from 2048 to 1073741824, or 0 for no bound");
	if (migrate_ms > 0 && migrate_ms < 0.001)
		return wrong(error, "migrate_every",
			     "is not allowed; allowed: milliseconds, from 0.001 to 1e6, or 0 for never");
	if (migrate_ms > 0 && scenario == SIM_PACKET_INCAST)
		return wrong(error, "migrate_every", "is not allowed; allowed: with any scenario but incast");
	if (migrate_ms > 0 && json_integer_value(json_object_get(params, "cores")) < 2)
		return wrong(error, "migrate_every", "is not allowed; allowed: with two cores or more");
	return 0;
}

static const char *const packet_keys[] = {
    "scenario", "connections", "clients",    "cores",   "batch",     "message",    "requests",
    "depth",    "rate",        "loss",       "reorder", "duplicate", "corrupt",    "migrate_every",
    "costs",    "costs_hash",  "rto_min_us", "buffer",  "warmup",    "confidence", NULL};

static int normalize(json_t *params, struct point_error *error)
{
	int scenario;

	if (point_check_keys(params, packet_keys, error))
		return -1;
	scenario = scenario_of(params);
	if (scenario < 0)
		return point_not_allowed(error, "scenario", json_object_get(params, "scenario"),
					 "echo, stream, churn, incast or connect");
	set_defaults(params, scenario);
	if (check_sizes(params, error) || check_reals(params, error) ||
	    point_costs_check(params, &sim_cost_names_dataplane, error) ||
	    (json_object_get(params, "rate") &&
	     point_check_real(params, "rate", 0, 1e9, false, "messages per second, above 0 and below 1e9", error)) ||
	    check_together(params, scenario, error))
		return -1;
	point_set_default(params, "warmup", json_integer(json_integer_value(json_object_get(params, "requests")) / 10));
	return point_check_integer(params, "warmup", 0, json_integer_value(json_object_get(params, "requests")) - 1,
				   "a whole number of messages, less than there are", error);
}

static double real_of(const json_t *params, const char *key)
{
	return json_number_value(json_object_get(params, key));
}

static unsigned integer_of(const json_t *params, const char *key)
{
	return (unsigned)json_integer_value(json_object_get(params, key));
}

int packet_point_read(struct packet_point *point, const json_t *params, uint64_t seed, unsigned replication,
		      struct point_error *error)
{
	*point = (struct packet_point){
	    .warmup = (uint64_t)json_integer_value(json_object_get(params, "warmup")),
	    .confidence = real_of(params, "confidence"),
	};
	point->options = (struct sim_packet_options){
	    .scenario = (enum sim_packet_scenario)scenario_of(params),
	    .connections = integer_of(params, "connections"),
	    .clients = integer_of(params, "clients"),
	    .cores = integer_of(params, "cores"),
	    .batch_bound = integer_of(params, "batch"),
	    .message_bytes = integer_of(params, "message"),
	    .requests = (uint64_t)json_integer_value(json_object_get(params, "requests")),
	    .depth = integer_of(params, "depth"),
	    .rate_rps = real_of(params, "rate"),
	    .loss = real_of(params, "loss"),
	    .reorder = real_of(params, "reorder"),
	    .duplicate = real_of(params, "duplicate"),
	    .corrupt = real_of(params, "corrupt"),
	    .migrate_every_ns = (uint64_t)llrint(1e6 * real_of(params, "migrate_every")),
	    .rto_min_ns = (uint64_t)llrint(1e3 * real_of(params, "rto_min_us")),
	    .buffer_bytes = integer_of(params, "buffer"),
	    .seed = seed,
	    .replication = replication,
	};
	return point_costs_read(&point->options.costs, &sim_cost_names_dataplane, params, error);
}

static int run(const json_t *params, uint64_t seed, unsigned replication, struct point_result *result,
	       struct point_error *error)
{
	struct packet_outcome outcome = {0};
	struct packet_point point;
	int status;

	*result = (struct point_result){0};
	status = packet_point_read(&point, params, seed, replication, error) ||
		 packet_point_simulate(&point, true, NULL, &outcome, error);
	if (!status) {
		packet_point_metrics(&outcome, result);
		result->histogram = outcome.histogram;
		result->histogram_size = outcome.histogram_size;
		result->wall_s = outcome.wall_s;
	}
	return status;
}

const struct point_kind point_kind_packet = {"packet", packet_keys, normalize, run};

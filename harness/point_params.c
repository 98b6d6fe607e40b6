/* The parameters of the queueing points: what is allowed, and what stands where nothing is given. */
#include "harness/dist_file.h"
#include "harness/json_text.h"
#include "harness/point_queue.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int point_not_allowed(struct point_error *error, const char *key, const json_t *value, const char *allowed)
{
	char *text = value ? json_value_text(value) : NULL;

	snprintf(error->key, sizeof(error->key), "%s", key);
	if (!value)
		snprintf(error->text, sizeof(error->text), "is missing; allowed: %s", allowed);
	else
		snprintf(error->text, sizeof(error->text), "%.60s is not allowed; allowed: %s",
			 text ? text : "the value", allowed);
	free(text);
	return -1;
}

int point_check_keys(const json_t *params, const char *const *keys, struct point_error *error)
{
	for (void *at = json_object_iter((json_t *)params); at; at = json_object_iter_next((json_t *)params, at)) {
		const char *key = json_object_iter_key(at);
		size_t i = 0, used;

		while (keys[i] && strcmp(keys[i], key) != 0)
			i++;
		if (keys[i])
			continue;
		snprintf(error->key, sizeof(error->key), "%s", key);
		used = (size_t)snprintf(error->text, sizeof(error->text), "is not a parameter; allowed:");
		for (i = 0; keys[i] && used < sizeof(error->text); i++)
			used += (size_t)snprintf(error->text + used, sizeof(error->text) - used, " %s", keys[i]);
		return -1;
	}
	return 0;
}

int point_check_real(json_t *params, const char *key, double low, double high, bool closed, const char *allowed,
		     struct point_error *error)
{
	const json_t *value = json_object_get(params, key);
	double x;

	if (!json_is_number(value))
		return point_not_allowed(error, key, value, allowed);
	x = json_number_value(value);
	if (!(closed ? x >= low && x <= high : x > low && x < high))
		return point_not_allowed(error, key, value, allowed);
	return json_object_set_new(params, key, json_real(x));
}

/* The same for whole numbers, which may be written 1e9. */
int point_check_integer(json_t *params, const char *key, int64_t low, int64_t high, const char *allowed,
			struct point_error *error)
{
	const json_t *value = json_object_get(params, key);
	double x = json_number_value(value);

	if (!json_is_number(value) || !(x >= (double)low && x <= (double)high) || x != floor(x))
		return point_not_allowed(error, key, value, allowed);
	if (json_is_integer(value))
		return 0;
	return json_object_set_new(params, key, json_integer((json_int_t)x));
}

void point_set_default(json_t *params, const char *key, json_t *value)
{
	if (json_object_get(params, key))
		json_decref(value);
	else
		json_object_set_new(params, key, value);
}

static int check_model(const json_t *params, struct point_error *error)
{
	const json_t *model = json_object_get(params, "model");
	char allowed[128] = "";
	size_t used = 0;

	if (json_is_string(model) && queue_discipline_parse(json_string_value(model)) >= 0)
		return 0;
	for (int i = 0; i < QUEUE_DISCIPLINE_COUNT && used < sizeof(allowed); i++)
		used += (size_t)snprintf(allowed + used, sizeof(allowed) - used, "%s%s", i ? ", " : "",
					 queue_discipline_name((enum queue_discipline)i));
	return point_not_allowed(error, "model", model, allowed);
}

/* The service times of a file count by their content: a changed file makes another point. */
int point_check_service(json_t *params, struct point_error *error)
{
	const json_t *service = json_object_get(params, "service");
	uint64_t file_hash;
	struct dist dist;
	char text[32];
	double mean;

	if (!json_is_string(service))
		return point_not_allowed(error, "service", service, dist_syntax);
	snprintf(error->key, sizeof(error->key), "service");
	if (dist_read(&dist, json_string_value(service), &file_hash, error->text, sizeof(error->text)))
		return -1;
	mean = dist_mean(&dist);
	dist_destroy(&dist);
	if (!(mean > 0) || !isfinite(mean)) {
		snprintf(error->text, sizeof(error->text),
			 "'%.80s' has mean %g; allowed: a mean above 0 and finite, as latencies are its multiples",
			 json_string_value(service), mean);
		return -1;
	}
	json_object_del(params, "service_hash");
	if (!file_hash)
		return 0;
	snprintf(text, sizeof(text), "%016" PRIx64, file_hash);
	return json_object_set_new(params, "service_hash", json_string(text));
}

static int check_load(json_t *params, bool requests_given, struct point_error *error)
{
	if (point_check_real(params, "load", 0, QUEUE_LOAD_MAX, false,
			     "a number above 0 and below 1, or below 10 where requests says when to stop", error))
		return -1;
	if (json_real_value(json_object_get(params, "load")) < 1)
		return 0;
	if (!requests_given)
		return point_not_allowed(
		    error, "load", json_object_get(params, "load"),
		    "above 0 and below 1; from 1 up there is no steady state, so requests must say "
		    "when to stop");
	return point_check_integer(params, "requests", QUEUE_REQUESTS_MIN, QUEUE_UNSTABLE_MAX,
				   "1000 to 100000000 where the load is 1 or more", error);
}

static int check_warmup(json_t *params, struct point_error *error)
{
	const json_t *warmup = json_object_get(params, "warmup");
	const char *allowed = "auto, or a whole number from 0 to less than requests";

	if (json_is_string(warmup) && !strcmp(json_string_value(warmup), "auto"))
		return 0;
	return point_check_integer(params, "warmup", 0, json_integer_value(json_object_get(params, "requests")) - 1,
				   allowed, error);
}

int point_check_run_length(json_t *params, struct point_error *error)
{
	point_set_default(params, "ci", json_real(0));
	point_set_default(params, "confidence", json_real(0.95));
	if (point_check_real(params, "ci", 0, 1, true,
			     "a relative half-width from 0.0001 to 1, or 0 to simulate all requests", error) ||
	    point_check_real(params, "confidence", 0.5, 0.9999, true, "a number from 0.5 to 0.9999", error))
		return -1;
	double ci = json_real_value(json_object_get(params, "ci"));
	if (ci > 0 && ci < 0.0001)
		return point_not_allowed(error, "ci", json_object_get(params, "ci"),
					 "a relative half-width from 0.0001 to 1, or 0 to simulate all requests");
	point_set_default(params, "requests", json_integer(ci > 0 ? QUEUE_REQUESTS_CAP : QUEUE_REQUESTS_DEFAULT));
	point_set_default(params, "warmup", json_string("auto"));
	if (point_check_integer(params, "requests", QUEUE_REQUESTS_MIN, QUEUE_REQUESTS_MAX,
				"a whole number from 1000 to 1e12", error))
		return -1;
	return check_warmup(params, error);
}

int queue_point_normalize(json_t *params, bool has_load, struct point_error *error)
{
	bool requests_given = json_object_get(params, "requests") != NULL;

	if (check_model(params, error) ||
	    point_check_integer(params, "servers", 1, QUEUE_SERVERS_MAX, "a whole number from 1 to 1024", error) ||
	    point_check_service(params, error))
		return -1;
	if (has_load && check_load(params, requests_given, error))
		return -1;
	if (json_object_get(params, "mean_us") &&
	    point_check_real(params, "mean_us", 0, INFINITY, false, "microseconds, above 0", error))
		return -1;
	return point_check_run_length(params, error);
}

int queue_point_read(struct queue_point *point, const json_t *params, struct point_error *error)
{
	const json_t *warmup = json_object_get(params, "warmup");
	const char *hash_expected = json_string_value(json_object_get(params, "service_hash"));
	uint64_t file_hash;
	char hash[32];

	*point = (struct queue_point){
	    .discipline =
		(enum queue_discipline)queue_discipline_parse(json_string_value(json_object_get(params, "model"))),
	    .servers = (unsigned)json_integer_value(json_object_get(params, "servers")),
	    .load = json_number_value(json_object_get(params, "load")),
	    .requests = (uint64_t)json_integer_value(json_object_get(params, "requests")),
	    .ci = json_number_value(json_object_get(params, "ci")),
	    .warmup_auto = json_is_string(warmup),
	    .warmup = (uint64_t)json_integer_value(warmup),
	    .confidence = json_number_value(json_object_get(params, "confidence")),
	    .slo = json_number_value(json_object_get(params, "slo")),
	    .tolerance = json_number_value(json_object_get(params, "tolerance")),
	    .mean_us = json_number_value(json_object_get(params, "mean_us")),
	};
	snprintf(error->key, sizeof(error->key), "service");
	if (dist_read(&point->service, json_string_value(json_object_get(params, "service")), &file_hash, error->text,
		      sizeof(error->text)))
		return 1;
	snprintf(hash, sizeof(hash), "%016" PRIx64, file_hash);
	if (!hash_expected || !strcmp(hash, hash_expected))
		return 0;
	snprintf(error->text, sizeof(error->text), "the file has changed since the parameters were checked");
	queue_point_clear(point);
	return 1;
}

void queue_point_clear(struct queue_point *point)
{
	dist_destroy(&point->service);
}

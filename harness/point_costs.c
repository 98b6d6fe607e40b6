#include "harness/point_costs.h"
#include "harness/point_queue.h"

#include <inttypes.h>
#include <string.h>

enum { HASH_SIZE = 17 };

static int read_costs(struct sim_costs *costs, const struct sim_cost_names *names, const json_t *params,
		      char hash_text[HASH_SIZE], struct point_error *error)
{
	uint64_t hash;

	snprintf(error->key, sizeof(error->key), "costs");
	if (costs_read(costs, names, json_string_value(json_object_get(params, "costs")), &hash, error->text,
		       sizeof(error->text)))
		return -1;
	snprintf(hash_text, HASH_SIZE, "%016" PRIx64, hash);
	return 0;
}

int point_costs_check(json_t *params, const struct sim_cost_names *names, struct point_error *error)
{
	const json_t *name = json_object_get(params, "costs");
	struct sim_costs ignored;
	char hash[HASH_SIZE];

	if (!json_is_string(name))
		return point_not_allowed(error, "costs", name, "zero, or the name of a cost file");
	if (read_costs(&ignored, names, params, hash, error))
		return -1;
	json_object_del(params, "costs_hash");
	return strcmp(json_string_value(name), "zero") ? json_object_set_new(params, "costs_hash", json_string(hash))
						       : 0;
}

int point_costs_read(struct sim_costs *costs, const struct sim_cost_names *names, const json_t *params,
		     struct point_error *error)
{
	const char *expected = json_string_value(json_object_get(params, "costs_hash"));
	char hash[HASH_SIZE];

	if (read_costs(costs, names, params, hash, error))
		return 1;
	if (!expected || !strcmp(hash, expected))
		return 0;
	snprintf(error->text, sizeof(error->text), "the cost file has changed since the parameters were checked");
	return 1;
}

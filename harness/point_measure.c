/* The kind "measure": a row of the published figures, measured as measure.h says. */
#include "harness/measure_run.h"
#include "harness/point_costs.h"
#include "harness/point_queue.h"
#include "harness/workload_path.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const measure_costs_name[MEASURE_COSTS] = {"ix", "linux", "mtcp", "memcached"};
const char *const measure_costs_default[MEASURE_COSTS] = {"costs/ix.cfg", "costs/linux.cfg", "costs/mtcp.cfg",
							  "costs/memcached.cfg"};
const char *const measure_system_name[MEASURE_SYSTEMS] = {"ix", "zygos", "linux", "mtcp"};
const char *const measure_effort_name[MEASURE_EFFORTS] = {"quick", "fit", "full"};

static const struct measure *const tables[] = {measure_queue, measure_tasks,     measure_memcached, measure_echo,
					       measure_silo,  measure_orderings, measure_other};

const struct measure *measure_find(const char *id)
{
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (const struct measure *row = tables[t]; row->id; row++)
			if (!strcmp(row->id, id))
				return row;
	return NULL;
}

static bool mentions(const struct measure *row, const char *what)
{
	return row->compute &&
	       ((row->setup && strstr(row->setup, what)) || (row->against && strstr(row->against, what)));
}

bool measure_uses(const struct measure *row, enum measure_costs which)
{
	switch (which) {
	case MEASURE_IX:
		return mentions(row, "system=ix") || mentions(row, "system=zygos");
	case MEASURE_LINUX:
		return mentions(row, "system=linux");
	case MEASURE_MTCP:
		return mentions(row, "system=mtcp");
	default:
		return mentions(row, "@");
	}
}

enum measure_system measure_system_of(const struct measure *row)
{
	enum measure_system last = MEASURE_SYSTEMS;
	char mark[32];

	for (int i = 0; i < MEASURE_SYSTEMS; i++) {
		snprintf(mark, sizeof(mark), "system=%s", measure_system_name[i]);
		if (mentions(row, mark))
			last = (enum measure_system)i;
	}
	return last;
}

static const char *const measure_keys[] = {
    "row",        "effort",          "costs_ix",        "costs_ix_hash",        "costs_linux", "costs_linux_hash",
    "costs_mtcp", "costs_mtcp_hash", "costs_memcached", "costs_memcached_hash", NULL};

static const char *text_of(const json_t *params, const char *key)
{
	return json_string_value(json_object_get(params, key));
}

static int find_effort(const json_t *params)
{
	const char *name = text_of(params, "effort");

	for (int i = 0; name && i < MEASURE_EFFORTS; i++)
		if (!strcmp(name, measure_effort_name[i]))
			return i;
	return -1;
}

/* FNV-1a (Fowler, Noll, Vo), 64 bits, of the file. */
static int hash_file(const char *name, char text[17], struct point_error *error)
{
	char *path = workload_path(name);
	FILE *file = path ? fopen(path, "re") : NULL;
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	int c;

	free(path);
	if (!file) {
		snprintf(error->text, sizeof(error->text), "%.120s: cannot be read; allowed: a cost file", name);
		return -1;
	}
	while ((c = getc(file)) != EOF)
		hash = (hash ^ (unsigned char)c) * UINT64_C(0x100000001b3);
	fclose(file);
	snprintf(text, 17, "%016" PRIx64, hash);
	return 0;
}

static int check_costs(json_t *params, const struct measure *row, enum measure_costs which, struct point_error *error)
{
	char key[32], hash_key[40], hash[17];

	snprintf(key, sizeof(key), "costs_%s", measure_costs_name[which]);
	snprintf(hash_key, sizeof(hash_key), "costs_%s_hash", measure_costs_name[which]);
	json_object_del(params, hash_key);
	if (!measure_uses(row, which)) {
		json_object_del(params, key);
		return 0;
	}
	point_set_default(params, key, json_string(measure_costs_default[which]));
	snprintf(error->key, sizeof(error->key), "%s", key);
	if (!text_of(params, key))
		return point_not_allowed(error, key, json_object_get(params, key), "the name of a cost file");
	if (hash_file(text_of(params, key), hash, error))
		return -1;
	return json_object_set_new(params, hash_key, json_string(hash));
}

static int normalize(json_t *params, struct point_error *error)
{
	const struct measure *row;

	if (point_check_keys(params, measure_keys, error))
		return -1;
	row = text_of(params, "row") ? measure_find(text_of(params, "row")) : NULL;
	if (!row || !row->compute)
		return point_not_allowed(error, "row", json_object_get(params, "row"),
					 "the id of a row of results/published.csv that is modelled");
	point_set_default(params, "effort", json_string("full"));
	if (find_effort(params) < 0)
		return point_not_allowed(error, "effort", json_object_get(params, "effort"), "quick, fit or full");
	for (int i = 0; i < MEASURE_COSTS; i++)
		if (check_costs(params, row, (enum measure_costs)i, error))
			return -1;
	return 0;
}

static int run(const json_t *params, uint64_t seed, unsigned replication, struct point_result *result,
	       struct point_error *error)
{
	const struct measure *row = measure_find(text_of(params, "row"));
	double start_s = point_seconds_now();
	struct measuring m = {.effort = (enum measure_effort)find_effort(params),
			      .seed = seed,
			      .replication = replication,
			      .error = error};
	struct interval value;
	char key[32];

	*result = (struct point_result){0};
	for (int i = 0; i < MEASURE_COSTS; i++) {
		snprintf(key, sizeof(key), "costs_%s", measure_costs_name[i]);
		m.costs[i] = text_of(params, key);
	}
	if (row->compute(&m, row, &value))
		return 1;
	point_add_interval(result, "value", &value);
	point_add(result, "simulated", m.simulated);
	result->wall_s = point_seconds_now() - start_s;
	return 0;
}

const struct point_kind point_kind_measure = {"measure", measure_keys, normalize, run};

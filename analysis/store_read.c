/* Reading: the summaries of points, and where an experiment's runs came from. */
#include "analysis/store_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct metric_list {
	struct metric *metric;
	size_t count, capacity;
};

static void list_clear(struct metric_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free((char *)list->metric[i].name);
	list->count = 0;
}

static int list_add(struct metric_list *list, sqlite3_stmt *row)
{
	struct metric *m;

	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? 2 * list->capacity : 32;

		m = realloc(list->metric, capacity * sizeof(*m));
		if (!m)
			return -1;
		list->metric = m;
		list->capacity = capacity;
	}
	m = &list->metric[list->count];
	m->name = strdup((const char *)sqlite3_column_text(row, 0));
	if (!m->name)
		return -1;
	m->value = store_column_number(row, 1);
	m->low = store_column_number(row, 2);
	m->high = store_column_number(row, 3);
	m->std_error = store_column_number(row, 4);
	m->dof = sqlite3_column_double(row, 5);
	list->count++;
	return 0;
}

static int read_metrics(struct store *store, const struct store_key *point, struct metric_list *list,
			struct store_error *error)
{
	sqlite3_stmt *row;
	int status = store_prepare(store, &row,
				   "SELECT name, value, low, high, std_error, dof FROM point_metric"
				   " WHERE experiment = ?1 AND params = ?2 AND seed = ?3 ORDER BY name",
				   point, error);

	list_clear(list);
	while (!status && sqlite3_step(row) == SQLITE_ROW) {
		if (list_add(list, row)) {
			sqlite3_finalize(row);
			return store_fail(NULL, store->path, SQLITE_NOMEM, error);
		}
	}
	return status ? status : store_finalize(store, row, error);
}

int store_each_point(struct store *store, const char *experiment, void (*each)(const struct point_summary *, void *),
		     void *context, char *text, size_t size)
{
	struct store_error error = {text, size};
	struct store_key all = {.experiment = experiment};
	struct metric_list list = {0};
	sqlite3_stmt *row;
	int status = store_prepare(store, &row,
				   "SELECT experiment, params, seed, kind, replications FROM point"
				   " WHERE ?1 IS NULL OR experiment = ?1 ORDER BY experiment, params, seed",
				   &all, &error);

	if (status)
		return status;
	while (!status && sqlite3_step(row) == SQLITE_ROW) {
		struct store_key point = {(const char *)sqlite3_column_text(row, 0),
					  (const char *)sqlite3_column_text(row, 1),
					  (uint64_t)sqlite3_column_int64(row, 2), 0};
		struct point_summary summary = {.experiment = point.experiment,
						.params = point.params,
						.seed = point.seed,
						.kind = (const char *)sqlite3_column_text(row, 3),
						.replications = (unsigned)sqlite3_column_int64(row, 4)};

		status = read_metrics(store, &point, &list, &error);
		summary.metrics = list.metric;
		summary.metric_count = list.count;
		if (!status)
			each(&summary, context);
	}
	list_clear(&list);
	free(list.metric);
	if (status)
		sqlite3_finalize(row);
	else
		status = store_finalize(store, row, &error);
	return status;
}

static void copy_text(char *to, size_t size, sqlite3_stmt *row, int column)
{
	const char *text = (const char *)sqlite3_column_text(row, column);

	snprintf(to, size, "%s", text ? text : "");
}

int store_provenance(struct store *store, const char *experiment, struct store_provenance *out, char *text, size_t size)
{
	struct store_error error = {text, size};
	struct store_key key = {.experiment = experiment};
	sqlite3_stmt *row;
	int status = store_prepare(
	    store, &row,
	    "SELECT (SELECT count(*) FROM point WHERE experiment = ?1), count(*), min(seed), max(seed), sum(wall_s),"
	    " (SELECT group_concat(x, ', ') FROM"
	    "   (SELECT DISTINCT version AS x FROM run WHERE experiment = ?1 ORDER BY x)),"
	    " (SELECT group_concat(x, ', ') FROM"
	    "   (SELECT DISTINCT config_hash AS x FROM run WHERE experiment = ?1 ORDER BY x))"
	    " FROM run WHERE experiment = ?1",
	    &key, &error);

	*out = (struct store_provenance){0};
	if (status)
		return status;
	if (sqlite3_step(row) == SQLITE_ROW) {
		out->points = (unsigned)sqlite3_column_int64(row, 0);
		out->runs = (unsigned)sqlite3_column_int64(row, 1);
		out->seed_low = (uint64_t)sqlite3_column_int64(row, 2);
		out->seed_high = (uint64_t)sqlite3_column_int64(row, 3);
		out->wall_s = sqlite3_column_double(row, 4);
		copy_text(out->versions, sizeof(out->versions), row, 5);
		copy_text(out->config_hashes, sizeof(out->config_hashes), row, 6);
	}
	return store_finalize(store, row, &error);
}

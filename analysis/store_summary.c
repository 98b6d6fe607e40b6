/*
 * The summary of a point: its metrics pooled over its replications, in order of replication. docs/database.md states
 * the rules; a single replication is its own summary.
 */
#include "analysis/store_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define OF_POINT "WHERE experiment = ?1 AND params = ?2 AND seed = ?3"

/* Metrics that count something: replications add up. */
static const char *const summed[] = {"count", "requests", "simulated", "evaluations", "discarded"};

static const double default_confidence = 0.95;

struct pool {
	unsigned replications;
	double *weight;           /* of a replication: the values in its histogram, or 1 where some have none */
	struct histogram *merged; /* NULL where some replication has none */
	struct interval *part;    /* the metric at hand, of those replications that have it, */
	double *part_weight;      /* and their weights */
	size_t parts;
	double confidence;
};

static void pool_free(struct pool *pool)
{
	free(pool->weight);
	free(pool->part);
	free(pool->part_weight);
	histogram_destroy(pool->merged);
}

static int pool_allocate(struct store *store, struct pool *pool, struct store_error *error)
{
	pool->weight = calloc(pool->replications, sizeof(*pool->weight));
	pool->part = calloc(pool->replications, sizeof(*pool->part));
	pool->part_weight = calloc(pool->replications, sizeof(*pool->part_weight));
	pool->merged = histogram_create();
	if (pool->weight && pool->part && pool->part_weight && pool->merged)
		return 0;
	return store_fail(NULL, store->path, SQLITE_NOMEM, error);
}

/* The number of runs, and the level of confidence their intervals have. */
static int read_point(struct store *store, const struct store_key *point, struct pool *pool, struct store_error *error)
{
	sqlite3_stmt *statement;
	int status = store_prepare(store, &statement,
				   "SELECT count(*), CASE WHEN json_type(?2, '$.confidence') IN ('real', 'integer')"
				   " THEN ?2 ->> 'confidence' END FROM run " OF_POINT,
				   point, error);

	if (status)
		return status;
	if (sqlite3_step(statement) == SQLITE_ROW) {
		pool->replications = (unsigned)sqlite3_column_int64(statement, 0);
		pool->confidence = store_column_number(statement, 1);
	}
	if (!(pool->confidence > 0 && pool->confidence < 1))
		pool->confidence = default_confidence;
	return store_finalize(store, statement, error);
}

/* Merges the histograms; where not every replication has one, all weigh the same and there is none. */
static int read_histograms(struct store *store, const struct store_key *point, struct pool *pool,
			   struct store_error *error)
{
	struct histogram *one = histogram_create();
	sqlite3_stmt *statement;
	bool complete = true;
	unsigned i = 0;
	int status;

	if (!one)
		return store_fail(NULL, store->path, SQLITE_NOMEM, error);
	status = store_prepare(store, &statement, "SELECT histogram FROM run " OF_POINT " ORDER BY replication", point,
			       error);
	while (!status && i < pool->replications && sqlite3_step(statement) == SQLITE_ROW) {
		const void *bytes = sqlite3_column_blob(statement, 0);

		complete =
		    complete && bytes && histogram_decode(one, bytes, (size_t)sqlite3_column_bytes(statement, 0)) == 0;
		if (complete)
			histogram_merge(pool->merged, one);
		pool->weight[i++] = complete ? (double)one->count : 1;
	}
	histogram_destroy(one);
	if (!status)
		status = store_finalize(store, statement, error);
	if (complete)
		return status;
	for (i = 0; i < pool->replications; i++)
		pool->weight[i] = 1;
	histogram_destroy(pool->merged);
	pool->merged = NULL;
	return status;
}

static bool is_summed(const char *name)
{
	for (size_t i = 0; i < sizeof(summed) / sizeof(summed[0]); i++)
		if (!strcmp(name, summed[i]))
			return true;
	return false;
}

/* The value that comes from the merged histogram, NAN for other metrics. */
static double merged_value(const struct pool *pool, const char *name)
{
	if (!pool->merged)
		return NAN;
	for (unsigned q = 0; q < ESTIMATE_QUANTILES; q++)
		if (!strcmp(name, estimate_name[q]))
			return histogram_quantile(pool->merged, estimate_probability[q]);
	return strcmp(name, "mean") ? NAN : histogram_mean(pool->merged);
}

static double sum_of_values(const struct pool *pool)
{
	double sum = 0;

	for (size_t i = 0; i < pool->parts; i++)
		sum += pool->part[i].value;
	return sum;
}

static double largest_value(const struct pool *pool)
{
	double largest = pool->part[0].value;

	for (size_t i = 1; i < pool->parts; i++)
		largest = fmax(largest, pool->part[i].value);
	return largest;
}

static double weighted_mean(const struct pool *pool)
{
	double sum = 0, weight = 0;

	for (size_t i = 0; i < pool->parts; i++) {
		sum += pool->part_weight[i] * pool->part[i].value;
		weight += pool->part_weight[i];
	}
	return sum / weight;
}

/*
 * Part of an interval may be no matter of chance, as the tolerance of a search is, and does not shrink with
 * replications: their mean of what is beyond t standard errors.
 */
static double systematic(const struct pool *pool)
{
	double sum = 0, weight = 0;

	for (size_t i = 0; i < pool->parts; i++) {
		const struct interval *part = &pool->part[i];
		double chance = part->std_error * interval_t(pool->confidence, part->dof);

		sum += pool->part_weight[i] * fmax(0, (part->high - part->low) / 2 - chance);
		weight += pool->part_weight[i];
	}
	return sum / weight;
}

/* The rules: see docs/database.md. */
static void pool_metric(const struct pool *pool, const char *name, struct interval *out)
{
	bool intervals = true;

	*out = (struct interval){NAN, NAN, 0, NAN, NAN};
	for (size_t i = 0; i < pool->parts; i++)
		intervals = intervals && pool->part[i].dof >= 1 && !isnan(pool->part[i].std_error);
	out->value = merged_value(pool, name);
	if (isnan(out->value)) {
		if (is_summed(name))
			out->value = sum_of_values(pool);
		else if (!strcmp(name, "max"))
			out->value = largest_value(pool);
		else
			out->value = intervals ? weighted_mean(pool) : sum_of_values(pool) / (double)pool->parts;
	}
	if (intervals) {
		double extra = systematic(pool);

		interval_pool(pool->part, pool->part_weight, pool->parts, pool->confidence, out);
		out->low -= extra;
		out->high += extra;
	}
}

static int insert_pooled(struct store *store, const struct store_key *point, const char *name,
			 const struct interval *pooled, struct store_error *error)
{
	sqlite3_stmt *statement;
	int status =
	    store_prepare(store, &statement,
			  "INSERT INTO point_metric (experiment, params, seed, name, value, low, high, std_error,"
			  " dof) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
			  point, error);

	if (status)
		return status;
	sqlite3_bind_text(statement, 4, name, -1, SQLITE_STATIC);
	store_bind_number(statement, 5, pooled->value);
	store_bind_number(statement, 6, pooled->low);
	store_bind_number(statement, 7, pooled->high);
	store_bind_number(statement, 8, pooled->std_error);
	sqlite3_bind_double(statement, 9, pooled->dof);
	return store_run(store, statement, error);
}

/* Takes the metric of the next replication into pool->part. */
static void take_part(struct pool *pool, sqlite3_stmt *row, unsigned replication_index)
{
	struct interval *part = &pool->part[pool->parts];

	part->value = store_column_number(row, 2);
	part->low = store_column_number(row, 3);
	part->high = store_column_number(row, 4);
	part->std_error = store_column_number(row, 5);
	part->dof = sqlite3_column_double(row, 6);
	pool->part_weight[pool->parts++] = pool->weight[replication_index];
}

static int pool_metrics(struct store *store, const struct store_key *point, struct pool *pool,
			struct store_error *error)
{
	sqlite3_stmt *row;
	struct interval pooled;
	char *name = NULL;
	int status =
	    store_prepare(store, &row,
			  "SELECT name, (SELECT count(*) FROM run r WHERE r.experiment = ?1 AND r.params = ?2"
			  " AND r.seed = ?3 AND r.replication < m.replication), value, low, high, std_error, dof"
			  " FROM metric m " OF_POINT " ORDER BY name, replication",
			  point, error);
	bool more = !status;

	while (!status && more) {
		const char *next;

		more = sqlite3_step(row) == SQLITE_ROW;
		next = more ? (const char *)sqlite3_column_text(row, 0) : NULL;
		if (name && (!next || strcmp(name, next) != 0)) {
			pool_metric(pool, name, &pooled);
			status = insert_pooled(store, point, name, &pooled, error);
			pool->parts = 0;
		}
		if (!next)
			break;
		if (pool->parts == 0) {
			free(name);
			name = strdup(next);
			if (!name)
				status = store_fail(NULL, store->path, SQLITE_NOMEM, error);
		}
		take_part(pool, row, (unsigned)sqlite3_column_int64(row, 1));
	}
	free(name);
	if (status) {
		sqlite3_finalize(row);
		return status;
	}
	return store_finalize(store, row, error);
}

static int run_for_point(struct store *store, const char *sql, const struct store_key *point, struct store_error *error)
{
	sqlite3_stmt *statement;
	int status = store_prepare(store, &statement, sql, point, error);

	return status ? status : store_run(store, statement, error);
}

int store_summarize(struct store *store, const struct store_key *point, struct store_error *error)
{
	struct pool pool = {0};
	int status = read_point(store, point, &pool, error);

	if (!status)
		status = run_for_point(store, "DELETE FROM point_metric " OF_POINT, point, error);
	if (!status)
		status = run_for_point(
		    store, "UPDATE point SET replications = (SELECT count(*) FROM run " OF_POINT ") " OF_POINT, point,
		    error);
	if (!status && pool.replications == 1)
		status = run_for_point(store,
				       "INSERT INTO point_metric SELECT experiment, params, seed, name, value, low,"
				       " high, std_error, dof FROM metric " OF_POINT,
				       point, error);
	if (status || pool.replications < 2)
		return status;
	status = pool_allocate(store, &pool, error);
	if (!status)
		status = read_histograms(store, point, &pool, error);
	if (!status)
		status = pool_metrics(store, point, &pool, error);
	pool_free(&pool);
	return status;
}

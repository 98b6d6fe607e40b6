/* Adding the runs of another database: sweeps done in shards come together here. */
#include "analysis/store_private.h"

#include <stdio.h>
#include <stdlib.h>

#define KEY     "experiment, params, seed, replication"
#define NUMBERS "name, value, low, high, std_error, dof"
#define SAME_RUN(a, b)                                                                                                 \
	a ".experiment = " b ".experiment AND " a ".params = " b ".params AND " a ".seed = " b ".seed AND " a          \
	  ".replication = " b ".replication"

/* A run of both whose results differ; how long it took and which version computed it do not matter. */
static const char find_conflict[] =
    "SELECT " KEY " FROM source.run s JOIN main.run m USING (" KEY ")"
    " WHERE s.histogram IS NOT m.histogram OR EXISTS"
    " (SELECT " NUMBERS
    " FROM source.metric x WHERE " SAME_RUN("x", "s") " EXCEPT SELECT " NUMBERS " FROM main.metric y WHERE " SAME_RUN(
	"y", "s") ")"
		  " OR EXISTS"
		  " (SELECT " NUMBERS " FROM main.metric x WHERE " SAME_RUN(
		      "x", "s") " EXCEPT SELECT " NUMBERS " FROM source.metric y WHERE " SAME_RUN("y", "s") ")"
													    " LIMIT 1";

static int refuse_conflict(struct store *store, const char *path, struct store_error *error)
{
	sqlite3_stmt *statement;
	int rc = sqlite3_prepare_v2(store->db, find_conflict, -1, &statement, NULL), status = 0;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW) {
		snprintf(error->text, error->size,
			 "%s: its results differ from those in %s for the same run: experiment %s, seed %lld, "
			 "replication %lld, %s",
			 path, store->path, sqlite3_column_text(statement, 0), sqlite3_column_int64(statement, 2),
			 sqlite3_column_int64(statement, 3), sqlite3_column_text(statement, 1));
		status = 2;
	} else if (rc != SQLITE_DONE) {
		status = store_fail(store->db, store->path, rc, error);
	}
	sqlite3_finalize(statement);
	return status;
}

static int count_runs(struct store *store, unsigned *runs, struct store_error *error)
{
	sqlite3_stmt *statement;
	int rc = sqlite3_prepare_v2(store->db, "SELECT count(*) FROM source.run", -1, &statement, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW)
		*runs = (unsigned)sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return rc == SQLITE_ROW ? 0 : store_fail(store->db, store->path, rc, error);
}

static int summarize_source_points(struct store *store, struct store_error *error)
{
	sqlite3_stmt *statement;
	int rc =
	    sqlite3_prepare_v2(store->db, "SELECT experiment, params, seed FROM source.point", -1, &statement, NULL);
	int status = 0;

	while (!status && rc == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW) {
		struct store_key point = {(const char *)sqlite3_column_text(statement, 0),
					  (const char *)sqlite3_column_text(statement, 1),
					  (uint64_t)sqlite3_column_int64(statement, 2), 0};

		status = store_summarize(store, &point, error);
	}
	rc = sqlite3_finalize(statement);
	return status || rc == SQLITE_OK ? status : store_fail(store->db, store->path, rc, error);
}

static int copy(struct store *store, const char *path, unsigned *added, unsigned *present, struct store_error *error)
{
	unsigned runs = 0;
	int status = refuse_conflict(store, path, error);

	if (!status)
		status = count_runs(store, &runs, error);
	if (!status)
		status =
		    store_exec(store,
			       "INSERT INTO main.point SELECT * FROM source.point WHERE true ON CONFLICT DO NOTHING;"
			       "INSERT INTO main.run SELECT * FROM source.run WHERE true ON CONFLICT DO NOTHING",
			       error);
	if (status)
		return status;
	*added = (unsigned)sqlite3_changes(store->db);
	*present = runs - *added;
	status = store_exec(
	    store, "INSERT INTO main.metric SELECT * FROM source.metric WHERE true ON CONFLICT DO NOTHING", error);
	return status ? status : summarize_source_points(store, error);
}

static int attach(struct store *store, const char *path, struct store_error *error)
{
	char *uri = store_uri(path, store_read_query(path));
	char *sql = uri ? sqlite3_mprintf("ATTACH %Q AS source", uri) : NULL;
	int rc = sql ? sqlite3_exec(store->db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;

	free(uri);
	sqlite3_free(sql);
	return rc == SQLITE_OK ? 0 : store_fail(store->db, path, rc, error);
}

int store_merge(struct store *store, const char *path, unsigned *added, unsigned *present, char *text, size_t size)
{
	struct store_error error = {text, size};
	struct store *source;
	int status = store_open(&source, path, STORE_READ, text, size); /* is it one, and sound? */

	*added = *present = 0;
	store_close(source);
	if (!status)
		status = attach(store, path, &error);
	if (status)
		return status;
	status = store_exec(store, "BEGIN IMMEDIATE", &error);
	if (!status)
		status = store_end(store, copy(store, path, added, present, &error), &error);
	if (status)
		*added = *present = 0;
	sqlite3_exec(store->db, "DETACH source", NULL, NULL, NULL);
	return status;
}

/* Runs: whether one is there, adding one, and deleting those of an experiment. */
#include "analysis/store_private.h"

int store_has(struct store *store, const char *experiment, const char *params, uint64_t seed, unsigned replication,
	      char *text, size_t size)
{
	struct store_error error = {text, size};
	struct store_key key = {experiment, params, seed, replication};
	sqlite3_stmt *statement;
	int rc;

	if (store_prepare(store, &statement,
			  "SELECT 1 FROM run WHERE experiment = ?1 AND params = ?2 AND seed = ?3 AND replication = ?4",
			  &key, &error))
		return -1;
	sqlite3_bind_int64(statement, 4, replication);
	rc = sqlite3_step(statement);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		store_fail(store->db, store->path, rc, &error);
	sqlite3_finalize(statement);
	return rc == SQLITE_ROW ? 1 : rc == SQLITE_DONE ? 0 : -1;
}

static int insert_point(struct store *store, const struct run_row *row, const struct store_key *key,
			struct store_error *error)
{
	sqlite3_stmt *statement;
	int status = store_prepare(store, &statement,
				   "INSERT INTO point (experiment, params, seed, kind, replications)"
				   " VALUES (?1, ?2, ?3, ?4, 0) ON CONFLICT DO NOTHING",
				   key, error);

	if (status)
		return status;
	sqlite3_bind_text(statement, 4, row->kind, -1, SQLITE_STATIC);
	return store_run(store, statement, error);
}

/* *added is false if the run was there. */
static int insert_run(struct store *store, const struct run_row *row, const struct store_key *key, bool *added,
		      struct store_error *error)
{
	sqlite3_stmt *statement;
	int status = store_prepare(store, &statement,
				   "INSERT INTO run (experiment, params, seed, replication, version, config_hash,"
				   " wall_s, histogram) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
				   key, error);

	if (status)
		return status;
	sqlite3_bind_int64(statement, 4, key->replication);
	sqlite3_bind_text(statement, 5, row->version, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 6, row->config_hash, -1, SQLITE_STATIC);
	store_bind_number(statement, 7, row->wall_s);
	if (row->histogram)
		sqlite3_bind_blob64(statement, 8, row->histogram, row->histogram_size, SQLITE_STATIC);
	status = store_run(store, statement, error);
	*added = sqlite3_changes(store->db) > 0;
	return status;
}

static int insert_metrics(struct store *store, const struct run_row *row, const struct store_key *key,
			  struct store_error *error)
{
	int status = 0;

	for (size_t i = 0; !status && i < row->metric_count; i++) {
		const struct metric *m = &row->metrics[i];
		sqlite3_stmt *statement;

		status = store_prepare(store, &statement,
				       "INSERT INTO metric (experiment, params, seed, replication, name, value, low,"
				       " high, std_error, dof) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
				       key, error);
		if (status)
			return status;
		sqlite3_bind_int64(statement, 4, key->replication);
		sqlite3_bind_text(statement, 5, m->name, -1, SQLITE_STATIC);
		store_bind_number(statement, 6, m->value);
		store_bind_number(statement, 7, m->low);
		store_bind_number(statement, 8, m->high);
		store_bind_number(statement, 9, m->std_error);
		sqlite3_bind_double(statement, 10, m->dof);
		status = store_run(store, statement, error);
	}
	return status;
}

int store_put(struct store *store, const struct run_row *row, char *text, size_t size)
{
	struct store_error error = {text, size};
	struct store_key key = {row->experiment, row->params, row->seed, row->replication};
	bool added = false;
	int status = store_exec(store, "BEGIN IMMEDIATE", &error);

	if (status)
		return status;
	status = insert_point(store, row, &key, &error);
	if (!status)
		status = insert_run(store, row, &key, &added, &error);
	if (!status && added)
		status = insert_metrics(store, row, &key, &error);
	if (!status && added)
		status = store_summarize(store, &key, &error);
	return store_end(store, status, &error);
}

int store_forget(struct store *store, const char *experiment, char *text, size_t size)
{
	struct store_error error = {text, size};
	struct store_key key = {.experiment = experiment};
	sqlite3_stmt *statement;
	int status = store_exec(store, "BEGIN IMMEDIATE", &error);

	if (status)
		return status;
	/* The rest of a point goes with it, by its foreign keys. */
	status = store_prepare(store, &statement, "DELETE FROM point WHERE experiment = ?1", &key, &error);
	if (!status)
		status = store_run(store, statement, &error);
	return store_end(store, status, &error);
}

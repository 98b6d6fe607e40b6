/* What the parts of the store share. Private to analysis: see store.h. */
#ifndef IXLAB_ANALYSIS_STORE_PRIVATE_H
#define IXLAB_ANALYSIS_STORE_PRIVATE_H

#include "analysis/store.h"
#include <sqlite3.h>

#define STORE_APPLICATION_ID 0x69786c62 /* "ixlb" */

struct store {
	sqlite3 *db;
	char *path; /* as given, for messages */
};

/* Tables and views, without the statements that mark the file as ours. */
extern const char store_schema[];

/* Where an error goes. */
struct store_error {
	char *text;
	size_t size;
};

/* Says in one sentence what the last call on @db failed with, @rc, and returns the exit code for it. */
int store_fail(sqlite3 *db, const char *path, int rc, struct store_error *error);

/* Runs statements without results or parameters. 0, or store_fail(). */
int store_exec(struct store *store, const char *sql, struct store_error *error);

/* "file:" URI of a path. NULL when memory is short; free() it. */
char *store_uri(const char *path, const char *query);

/* The query of that URI for a database that is only to be read. */
const char *store_read_query(const char *path);

/* Ends a transaction: commits if @status is 0 so far, else, or where that fails, rolls back. 0, or the exit code. */
int store_end(struct store *store, int status, struct store_error *error);

/* Which run, or with any replication which point. */
struct store_key {
	const char *experiment, *params;
	uint64_t seed;
	unsigned replication;
};

/* Compiles @sql and binds ?1 ?2 ?3 to experiment, params, seed. 0, or store_fail(). */
int store_prepare(struct store *store, sqlite3_stmt **statement, const char *sql, const struct store_key *key,
		  struct store_error *error);

/* Ends a statement that was stepped to its end or to a failure. 0, or store_fail(). */
int store_finalize(struct store *store, sqlite3_stmt *statement, struct store_error *error);

/* Runs a statement that has no results, and ends it. 0, or store_fail(). */
int store_run(struct store *store, sqlite3_stmt *statement, struct store_error *error);

/* Makes the summary of a point anew from its runs, within the transaction of the caller. 0, or as store_fail(). */
int store_summarize(struct store *store, const struct store_key *point, struct store_error *error);

/* Binds NULL for NAN; and the reverse. */
void store_bind_number(sqlite3_stmt *statement, int index, double value);
double store_column_number(sqlite3_stmt *statement, int column);

#endif

/* Opening and closing the database, and saying what went wrong. */
#include "analysis/store_private.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUSY_TIMEOUT_MS = 5000 };

static int say(struct store_error *error, int status, const char *path, const char *what, const char *detail)
{
	snprintf(error->text, error->size, "%s: %s%s%s", path, what, *detail ? ": " : "", detail);
	return status;
}

int store_fail(sqlite3 *db, const char *path, int rc, struct store_error *error)
{
	int system_errno = db ? sqlite3_system_errno(db) : 0;
	const char *reason = system_errno ? strerror(system_errno) : "";

	switch (rc & 0xff) {
	case SQLITE_FULL:
		return say(error, 1, path, "cannot be written: the disk is full", "");
	case SQLITE_IOERR:
		return say(error, 1, path, "cannot be read or written", *reason ? reason : sqlite3_errstr(rc));
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return say(error, 1, path, "is locked: another program has been writing to it for 5 seconds", "");
	case SQLITE_NOMEM:
		return say(error, 1, path, "memory is short", "");
	case SQLITE_NOTADB:
		return say(error, 2, path, "is not a database", "");
	case SQLITE_CORRUPT:
		return say(error, 2, path, "is a corrupt database", db ? sqlite3_errmsg(db) : "");
	case SQLITE_CANTOPEN:
		return say(error, 2, path, "cannot be opened", *reason ? reason : "it or its folder is not accessible");
	case SQLITE_READONLY:
		return say(error, 2, path, "cannot be written: it or its folder is read-only", "");
	default:
		return say(error, 1, path, "database error", db ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
	}
}

int store_exec(struct store *store, const char *sql, struct store_error *error)
{
	int rc = sqlite3_exec(store->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : store_fail(store->db, store->path, rc, error);
}

int store_prepare(struct store *store, sqlite3_stmt **statement, const char *sql, const struct store_key *key,
		  struct store_error *error)
{
	int rc = sqlite3_prepare_v2(store->db, sql, -1, statement, NULL);

	if (rc != SQLITE_OK)
		return store_fail(store->db, store->path, rc, error);
	sqlite3_bind_text(*statement, 1, key->experiment, -1, SQLITE_STATIC);
	sqlite3_bind_text(*statement, 2, key->params, -1, SQLITE_STATIC);
	sqlite3_bind_int64(*statement, 3, (sqlite3_int64)key->seed);
	return 0;
}

int store_finalize(struct store *store, sqlite3_stmt *statement, struct store_error *error)
{
	int rc = sqlite3_finalize(statement); /* what the last step failed with */

	return rc == SQLITE_OK ? 0 : store_fail(store->db, store->path, rc, error);
}

int store_run(struct store *store, sqlite3_stmt *statement, struct store_error *error)
{
	sqlite3_step(statement);
	return store_finalize(store, statement, error);
}

void store_bind_number(sqlite3_stmt *statement, int index, double value)
{
	if (isnan(value))
		sqlite3_bind_null(statement, index);
	else
		sqlite3_bind_double(statement, index, value);
}

double store_column_number(sqlite3_stmt *statement, int column)
{
	return sqlite3_column_type(statement, column) == SQLITE_NULL ? NAN : sqlite3_column_double(statement, column);
}

char *store_uri(const char *path, const char *query)
{
	size_t size = strlen("file:?") + 3 * strlen(path) + strlen(query) + 1;
	char *uri = malloc(size), *at = uri;

	if (!uri)
		return NULL;
	at += sprintf(at, "file:");
	for (; *path; path++)
		at += sprintf(at, strchr("%?#", *path) ? "%%%02x" : "%c", (unsigned char)*path);
	sprintf(at, "?%s", query);
	return uri;
}

/* The number that a pragma or a query of one column and row answers; -1 with the result code in *rc. */
static sqlite3_int64 ask_number(sqlite3 *db, const char *sql, int *rc)
{
	sqlite3_stmt *statement;
	sqlite3_int64 number = -1;

	*rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
	if (*rc != SQLITE_OK)
		return -1;
	*rc = sqlite3_step(statement);
	if (*rc == SQLITE_ROW) {
		number = sqlite3_column_int64(statement, 0);
		*rc = SQLITE_OK;
	}
	sqlite3_finalize(statement);
	return number;
}

/* Whether the pages hang together; costs one pass over the file. */
static int check_pages(struct store *store, struct store_error *error)
{
	sqlite3_stmt *statement;
	int rc = sqlite3_prepare_v2(store->db, "PRAGMA quick_check(1)", -1, &statement, NULL), status = 0;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	if (rc != SQLITE_ROW)
		status = store_fail(store->db, store->path, rc, error);
	else if (strcmp((const char *)sqlite3_column_text(statement, 0), "ok") != 0)
		status = say(error, 2, store->path, "is a corrupt database",
			     (const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	/* Some of its findings span lines. */
	for (char *c = error->text; status && *c; c++)
		if (*c == '\n')
			*c = ' ';
	return status;
}

enum content { EMPTY, OURS };

/* Whether the database is new or of this schema; else an error. */
static int look_inside(struct store *store, enum content *content, struct store_error *error)
{
	char found[64];
	int rc;
	sqlite3_int64 id = ask_number(store->db, "PRAGMA application_id", &rc), version = 0, objects = 0;

	if (rc == SQLITE_OK)
		version = ask_number(store->db, "PRAGMA user_version", &rc);
	if (rc == SQLITE_OK)
		objects = ask_number(store->db, "SELECT count(*) FROM sqlite_schema", &rc);
	if (rc != SQLITE_OK)
		return store_fail(store->db, store->path, rc, error);
	*content = id == 0 && objects == 0 ? EMPTY : OURS;
	if (*content == EMPTY)
		return 0;
	if (id != STORE_APPLICATION_ID)
		return say(error, 2, store->path, "is a database, but not one of results", "");
	if (version == STORE_SCHEMA_VERSION)
		return check_pages(store, error);
	snprintf(found, sizeof(found), "%lld, and this program reads and writes %d", version, STORE_SCHEMA_VERSION);
	return say(error, 2, store->path, "has another schema version", found);
}

int store_end(struct store *store, int status, struct store_error *error)
{
	if (!status)
		status = store_exec(store, "COMMIT", error);
	if (status)
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return status;
}

/* Puts the schema into an empty database, unless somebody else just did. */
static int create_schema(struct store *store, struct store_error *error)
{
	char mark[128];
	enum content content = EMPTY;
	int status = store_exec(store, "BEGIN IMMEDIATE", error);

	if (status)
		return status;
	status = look_inside(store, &content, error);
	if (!status && content == EMPTY)
		status = store_exec(store, store_schema, error);
	snprintf(mark, sizeof(mark), "PRAGMA application_id = %d; PRAGMA user_version = %d", STORE_APPLICATION_ID,
		 STORE_SCHEMA_VERSION);
	if (!status)
		status = store_exec(store, mark, error);
	return store_end(store, status, error);
}

static int connect_to(struct store *store, const char *query, int flags, struct store_error *error)
{
	char *uri = store_uri(store->path, query);
	struct stat file;
	int rc;

	if (!uri)
		return say(error, 1, store->path, "memory is short", "");
	if (stat(store->path, &file) == 0 && S_ISDIR(file.st_mode)) {
		free(uri);
		return say(error, 2, store->path, "cannot be opened", strerror(EISDIR));
	}
	rc = sqlite3_open_v2(uri, &store->db, flags | SQLITE_OPEN_URI, NULL);
	free(uri);
	if (rc != SQLITE_OK)
		return store_fail(store->db, store->path, rc, error);
	sqlite3_extended_result_codes(store->db, 1);
	sqlite3_busy_timeout(store->db, BUSY_TIMEOUT_MS);
	return store_exec(store, "PRAGMA foreign_keys = ON", error);
}

/* In a folder where no -wal and -shm can be made a database at rest can still be read, as what will not change. */
static bool at_rest_in_readonly_folder(const char *path)
{
	char beside[4096];
	struct stat status;
	char *slash;

	if (stat(path, &status) != 0 || access(path, R_OK) != 0 ||
	    (size_t)snprintf(beside, sizeof(beside), "%s-wal", path) >= sizeof(beside) || access(beside, F_OK) == 0)
		return false;
	snprintf(beside, sizeof(beside), "%s", path);
	slash = strrchr(beside, '/');
	if (slash)
		slash[slash == beside] = '\0';
	return access(slash ? beside : ".", W_OK) != 0;
}

const char *store_read_query(const char *path)
{
	return at_rest_in_readonly_folder(path) ? "mode=ro&immutable=1" : "mode=ro";
}

static int open_to_read(struct store *store, struct store_error *error)
{
	enum content content = EMPTY;
	int status;

	if (access(store->path, F_OK) != 0)
		return say(error, 2, store->path, "cannot be opened", strerror(errno));
	status = connect_to(store, store_read_query(store->path), SQLITE_OPEN_READONLY, error);
	if (!status)
		status = look_inside(store, &content, error);
	if (!status && content == EMPTY)
		status = say(error, 2, store->path, "is an empty file, not a database of results", "");
	return status;
}

static int open_to_write(struct store *store, struct store_error *error)
{
	enum content content = EMPTY;
	int status = connect_to(store, "mode=rwc", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, error);

	if (status)
		return status;
	/* Foreign files must not even have their journal mode changed. */
	status = look_inside(store, &content, error);
	if (!status && sqlite3_db_readonly(store->db, "main") == 1)
		status = store_fail(NULL, store->path, SQLITE_READONLY, error);
	if (!status)
		status = store_exec(store, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL", error);
	if (!status && content == EMPTY)
		status = create_schema(store, error);
	return status;
}

int store_open(struct store **out, const char *path, enum store_mode mode, char *text, size_t size)
{
	struct store_error error = {text, size};
	struct store *store = calloc(1, sizeof(*store));
	int status;

	*out = NULL;
	if (store)
		store->path = strdup(path);
	if (!store || !store->path) {
		free(store);
		return say(&error, 1, path, "memory is short", "");
	}
	status = mode == STORE_WRITE ? open_to_write(store, &error) : open_to_read(store, &error);
	if (status)
		store_close(store);
	else
		*out = store;
	return status;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	sqlite3_close(store->db);
	free(store->path);
	free(store);
}

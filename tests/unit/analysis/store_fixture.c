#include "tests/unit/analysis/store_fixture.h"
#include "models/rng.h"

#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { VALUES = 2000 };

int store_fixture_set_up(void **state)
{
	struct store_fixture *f = calloc(1, sizeof(*f));
	const char *temporary = getenv("TMPDIR");

	assert_non_null(f);
	snprintf(f->folder, sizeof(f->folder), "%s/store-XXXXXX", temporary ? temporary : "/tmp");
	assert_non_null(mkdtemp(f->folder));
	*state = f;
	return 0;
}

int store_fixture_tear_down(void **state)
{
	struct store_fixture *f = *state;
	DIR *folder = opendir(f->folder);
	const struct dirent *entry;

	assert_non_null(folder);
	while ((entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			unlink(store_fixture_path(f, entry->d_name));
	closedir(folder);
	assert_int_equal(rmdir(f->folder), 0);
	free(f);
	return 0;
}

const char *store_fixture_path(const struct store_fixture *f, const char *name)
{
	static char paths[4][600];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", f->folder, name);
	return path;
}

struct store *store_fixture_open(struct store_fixture *f, const char *name, enum store_mode mode)
{
	struct store *store;

	if (store_open(&store, store_fixture_path(f, name), mode, f->error, sizeof(f->error)))
		fail_msg("%s", f->error);
	return store;
}

int store_fixture_put(struct store_fixture *f, struct store *store, const char *experiment, double load,
		      unsigned replication)
{
	struct histogram *h = histogram_create();
	double values[VALUES], p99, mean;
	struct rng rng;
	char params[200];
	size_t size;
	unsigned char *bytes;
	int status;

	assert_non_null(h);
	rng_init(&rng, (uint64_t)(load * 1000), RNG_SERVICE, replication);
	rng_fill_exponential(&rng, values, VALUES);
	histogram_record(h, values, VALUES - 100 * (replication % 3));
	p99 = histogram_quantile(h, 0.99);
	mean = histogram_mean(h);
	bytes = histogram_encode(h, &size);
	assert_non_null(bytes);
	snprintf(params, sizeof(params),
		 "{\"confidence\":0.95,\"load\":%g,\"model\":\"centralized-fcfs\",\"servers\":16,\"service\":\"exp\"}",
		 load);

	const struct metric metrics[] = {
	    {"p99", p99, p99 * 0.9, p99 * 1.1, p99 * 0.05, 31},
	    {"mean", mean, mean * 0.9, mean * 1.1, mean * 0.05, 31},
	    {"throughput", load * 16, NAN, NAN, NAN, 0},
	    {"simulated", VALUES, NAN, NAN, NAN, 0},
	};
	const struct run_row row = {experiment, "queue", params,  7, replication, "1.2.3",
				    "cafe",     0.25,    metrics, 4, bytes,       size};

	status = store_put(store, &row, f->error, sizeof(f->error));
	free(bytes);
	histogram_destroy(h);
	return status;
}

static sqlite3 *connect_to(const struct store_fixture *f, const char *name)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(store_fixture_path(f, name), &db), SQLITE_OK);
	return db;
}

double store_fixture_ask(const struct store_fixture *f, const char *name, const char *sql)
{
	sqlite3 *db = connect_to(f, name);
	sqlite3_stmt *statement;
	double answer;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	answer = sqlite3_column_double(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return answer;
}

void store_fixture_do(const struct store_fixture *f, const char *name, const char *sql)
{
	sqlite3 *db = connect_to(f, name);

	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void dump_table(sqlite3 *db, const char *table, FILE *out)
{
	char sql[100];
	sqlite3_stmt *statement;

	snprintf(sql, sizeof(sql), "SELECT * FROM %s", table);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	fprintf(out, "%s\n", table);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(statement); i++) {
			const unsigned char *bytes = sqlite3_column_blob(statement, i);

			if (sqlite3_column_type(statement, i) == SQLITE_FLOAT) {
				fprintf(out, "|%a", sqlite3_column_double(statement, i));
				continue;
			}
			fputc('|', out);
			for (int k = 0; k < sqlite3_column_bytes(statement, i); k++)
				fprintf(out, "%02x", bytes[k]);
		}
		fputc('\n', out);
	}
	assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
}

char *store_fixture_dump(const struct store_fixture *f, const char *name)
{
	sqlite3 *db = connect_to(f, name);
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	dump_table(db, "point", out);
	dump_table(db, "run", out);
	dump_table(db, "metric", out);
	dump_table(db, "point_metric", out);
	fclose(out);
	sqlite3_close(db);
	return text;
}

void store_fixture_assert_same(const struct store_fixture *f, const char *a, const char *b)
{
	char *x = store_fixture_dump(f, a), *y = store_fixture_dump(f, b);

	assert_true(strlen(x) > 100);
	assert_true(strcmp(x, y) == 0); /* not the cmocka one, which would print them */
	free(x);
	free(y);
}

/* A folder of its own for a test of the store, runs to put there, and all that a database holds as one text. */
#ifndef IXLAB_TESTS_STORE_FIXTURE_H
#define IXLAB_TESTS_STORE_FIXTURE_H

#include "analysis/store.h"

struct store_fixture {
	char folder[256];
	char error[512];
};

int store_fixture_set_up(void **state);
int store_fixture_tear_down(void **state); /* also removes all files in the folder */

/* The path of @name in the folder; four may be in use at a time. */
const char *store_fixture_path(const struct store_fixture *f, const char *name);

/* Opens what must open. */
struct store *store_fixture_open(struct store_fixture *f, const char *name, enum store_mode mode);

/* Puts replication @replication of the point @load of @experiment, a pure function of these. Returns what store_put()
 * does. */
int store_fixture_put(struct store_fixture *f, struct store *store, const char *experiment, double load,
		      unsigned replication);

/* The number that @sql answers in the database @name. */
double store_fixture_ask(const struct store_fixture *f, const char *name, const char *sql);

/* Executes what must succeed, in the database @name. */
void store_fixture_do(const struct store_fixture *f, const char *name, const char *sql);

/* Every table, row and column in order; free() it. */
char *store_fixture_dump(const struct store_fixture *f, const char *name);
void store_fixture_assert_same(const struct store_fixture *f, const char *a, const char *b);

#endif

/*
 * The store: one SQLite database (WAL) holding every finished run of every experiment, for all levels of fidelity and
 * the testbed alike. docs/database.md describes the schema and its views. One writer at a time; readers never wait.
 *
 * A point is one combination of parameters of an experiment (canonical JSON: sorted keys, compact). A run is one
 * replication of a point. With each run, in the same transaction, the point's summary over its replications is made
 * anew, always in order of replication, so the database's content does not depend on the order in which runs finished.
 */
#ifndef IXLAB_ANALYSIS_STORE_H
#define IXLAB_ANALYSIS_STORE_H

#include "analysis/estimate.h"
#include <stdbool.h>

#define STORE_SCHEMA_VERSION 1

struct store;

enum store_mode { STORE_READ, STORE_WRITE /* creates the file where there is none */ };

/* A scalar result: "p99", "throughput", ... Where no interval is known, low, high and std_error are NAN, dof 0. */
struct metric {
	const char *name;
	double value, low, high, std_error, dof;
};

struct run_row {
	const char *experiment; /* name from the experiment file */
	const char *kind;       /* "queue", "queue-slo", later "system", "packet", ... */
	const char *params;     /* canonical JSON object */
	uint64_t seed;
	unsigned replication;
	const char *version;     /* of the program that computed it */
	const char *config_hash; /* of the experiment as read */
	double wall_s;
	const struct metric *metrics;
	size_t metric_count;
	const unsigned char *histogram; /* histogram_encode(), or NULL */
	size_t histogram_size;
};

/* 0, 1 (the disk or the database fails) or 2 (not a database, another schema, unreadable), with @error: the exit codes.
 */
int store_open(struct store **store, const char *path, enum store_mode mode, char *error, size_t error_size);
void store_close(struct store *store);

/* 1 if the run is there, 0 if not, -1 with @error. */
int store_has(struct store *store, const char *experiment, const char *params, uint64_t seed, unsigned replication,
	      char *error, size_t error_size);

/* Adds the run (or leaves the one that is there) and its point's summary, in one transaction. 0 or 1 as above. */
int store_put(struct store *store, const struct run_row *row, char *error, size_t error_size);

/* Deletes all runs of @experiment. 0 or 1 as above. */
int store_forget(struct store *store, const char *experiment, char *error, size_t error_size);

/* Adds the runs of the database @path that are not there yet; *added and *present count them. 0, 1 or 2 as above. */
int store_merge(struct store *store, const char *path, unsigned *added, unsigned *present, char *error,
		size_t error_size);

/* A point's summary: metrics pooled over its replications. Strings live until the callback returns. */
struct point_summary {
	const char *experiment, *kind, *params;
	unsigned replications;
	uint64_t seed;
	const struct metric *metrics;
	size_t metric_count;
};

/* Calls @each for every point of @experiment (NULL: of all), ordered by experiment and params. 0, 1 or 2 as above. */
int store_each_point(struct store *store, const char *experiment, void (*each)(const struct point_summary *, void *),
		     void *context, char *error, size_t error_size);

/* Where the runs of an experiment came from. Lists are of distinct entries, comma-separated, sorted, cut to fit. */
struct store_provenance {
	unsigned points, runs;
	uint64_t seed_low, seed_high;
	double wall_s; /* of all runs, summed */
	char versions[160];
	char config_hashes[160];
};

/* 0, 1 or 2 as above; all zero and empty where there is no run of @experiment. */
int store_provenance(struct store *store, const char *experiment, struct store_provenance *out, char *error,
		     size_t error_size);

#endif

/*
 * Measurements: how the simulator measures what a row of results/published.csv says. Each row has an entry in one of
 * the tables (measure_queue.c, measure_tasks.c, measure_memcached.c, measure_echo.c, measure_other.c): the setups of the
 * systems it speaks of and a function that turns runs of them into one number in the row's unit. `ixlab compare` and
 * `ixlab calibrate` use the same entries, so that what is fitted is what is compared.
 *
 * A measurement is a point of kind "measure", so that the pool computes it and the store keeps it; its parameters are
 * the row, the effort and the cost files with their hashes.
 */
#ifndef IXLAB_HARNESS_MEASURE_H
#define IXLAB_HARNESS_MEASURE_H

#include "harness/point.h"

/* The cost files that measurements may use. */
enum measure_costs { MEASURE_IX, MEASURE_LINUX, MEASURE_MTCP, MEASURE_MEMCACHED, MEASURE_COSTS };

extern const char *const measure_costs_name[MEASURE_COSTS];    /* "ix", ... */
extern const char *const measure_costs_default[MEASURE_COSTS]; /* "costs/ix.cfg", ... */

/* Families of systems, in the order in which they are calibrated; ix and zygos share their cost file. */
enum measure_system { MEASURE_ON_IX, MEASURE_ON_ZYGOS, MEASURE_ON_LINUX, MEASURE_ON_MTCP, MEASURE_SYSTEMS };
extern const char *const measure_system_name[MEASURE_SYSTEMS]; /* "ix", "zygos", "linux", "mtcp" */

/* How much is simulated: for a first look, for the fit (no stopping rule, so that residuals are smooth), for results. */
enum measure_effort { MEASURE_QUICK, MEASURE_FIT, MEASURE_FULL, MEASURE_EFFORTS };
extern const char *const measure_effort_name[MEASURE_EFFORTS]; /* "quick", "fit", "full" */

/* A measurement under way. */
struct measuring {
	const char *costs[MEASURE_COSTS]; /* files as a user names them */
	enum measure_effort effort;
	uint64_t seed;
	unsigned replication;
	struct point_error *error;
	double simulated; /* requests, all runs together */
};

struct measure;

/* Measures @row into @out, in the row's unit. 0, or 1 with m->error. */
typedef int (*measure_fn)(struct measuring *m, const struct measure *row, struct interval *out);

struct measure {
	const char *id;     /* of the row */
	measure_fn compute; /* NULL: not modelled */
	const char *setup;  /* parameters of the point as text, "system=ix batch=1"; what is meant depends on compute */
	const char *against;    /* of the point it is compared with */
	double scale;           /* from the simulator's unit to the row's; 0: 1 */
	double level;           /* what the function needs: a share, a quantile, ... */
	const char *why_not;    /* where compute is NULL: the reason, a few words */
	const char *not_fitted; /* measured, but never fitted to whatever its use: the reason; NULL for most */
};

/* The entry of the row @id, or NULL. */
const struct measure *measure_find(const char *id);

/* Whether the measurement of @row depends on the cost file @which. */
bool measure_uses(const struct measure *row, enum measure_costs which);

/* The last family that the measurement of @row runs; MEASURE_SYSTEMS where it runs none. */
enum measure_system measure_system_of(const struct measure *row);

/* Kind "measure": row, effort, and costs_NAME with costs_NAME_hash for those that the row uses. Metric: value. */
extern const struct point_kind point_kind_measure;

/* The tables, each ended by an entry without id. */
extern const struct measure measure_queue[], measure_tasks[], measure_memcached[], measure_echo[], measure_silo[],
    measure_other[], measure_orderings[];

#endif

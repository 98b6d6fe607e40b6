/*
 * A sweep: the runs of an experiment that the database does not have yet, computed by a pool of workers and stored one
 * by one as they finish.
 */
#ifndef IXLAB_HARNESS_SWEEP_H
#define IXLAB_HARNESS_SWEEP_H

#include "harness/experiment.h"
#include "harness/pool.h"

/* One replication of a point. */
struct sweep_run {
	size_t point; /* of the experiment */
	unsigned replication;
	double weight; /* about how long it takes, in an unknown unit */
};

struct sweep_plan {
	struct sweep_run *run;
	size_t count;
};

/*
 * The runs of shard @shard (from 1) of @shards, in the order in which to compute them: first replications first, and of
 * those the longest first, so that the last ones are short. Depends on the experiment alone. The shards of an
 * experiment are disjoint, and together all of it. 0, or 1 when memory is short.
 */
int sweep_plan_make(struct sweep_plan *plan, const struct experiment *experiment, unsigned shard, unsigned shards);

/* Leaves out the runs that @store has. 0 or 1 with @error. */
int sweep_plan_skip_stored(struct sweep_plan *plan, const struct experiment *experiment, struct store *store,
			   char *error, size_t error_size);

void sweep_plan_clear(struct sweep_plan *plan);

struct sweep_options {
	const char *database; /* path */
	unsigned workers;     /* to fork here */
	const int *remote;    /* sockets to workers elsewhere, see pool_job */
	size_t remote_count;
	unsigned shard, shards;
	bool fresh;   /* forget what is stored of the experiment first */
	bool dry_run; /* only print what would be computed */
	bool quiet;   /* no progress */
	bool silent;  /* no summary on standard output */
	int (*interrupted)(void);
};

/* Does it all, with progress and trouble on standard error and a summary on standard output. Returns the exit code. */
int sweep_run(const struct experiment *experiment, const struct sweep_options *options);

#endif

/*
 * A pool of worker processes that compute runs. One process, the caller, hands them out and receives every result; a
 * worker takes one at a time. Workers are forked here, or stand elsewhere behind a stream socket (pool_remote.h); both
 * speak the messages of pool_message.h, so nothing depends on where a run was computed. A crash of the computation
 * costs the run at hand: it is tried once more on a new worker, then given up, and the others go on.
 */
#ifndef IXLAB_HARNESS_POOL_H
#define IXLAB_HARNESS_POOL_H

#include "harness/point.h"

struct pool_task {
	const char *kind;   /* of the point */
	const char *params; /* canonical JSON, normalized */
	uint64_t seed;
	unsigned replication;
};

/* Computes @task; what point_kind.run does for it. 0, or 1 with @error. */
typedef int (*pool_compute)(const struct pool_task *task, struct point_result *result, char *error, size_t error_size);

/* Computes any kind of point; the one that ixlab uses. */
int pool_compute_point(const struct pool_task *task, struct point_result *result, char *error, size_t error_size);

enum pool_loss {
	POOL_RETRIED, /* the worker died; the task is tried again */
	POOL_GIVEN_UP /* the worker died again, or the computation reported an error */
};

struct pool_job {
	const struct pool_task *task;
	size_t task_count;
	unsigned workers;  /* to fork here */
	const int *remote; /* sockets to workers elsewhere; left open */
	size_t remote_count;
	pool_compute compute;
	/* Called for each finished task; @result is gone afterwards. Anything but 0 stops the pool. */
	int (*finished)(void *context, size_t task, const struct point_result *result);
	/* Called when a task was lost, with the reason. */
	void (*lost)(void *context, size_t task, enum pool_loss loss, const char *reason);
	/* Asked whenever a signal was caught: anything but 0 stops the pool. May be NULL. */
	int (*interrupted)(void);
	void *context;
};

enum pool_end {
	POOL_ALL_DONE,  /* every task is finished or given up */
	POOL_STOPPED,   /* finished() or interrupted() said so; runs at hand are lost */
	POOL_NO_WORKERS /* no worker can be had: @error says why */
};

/*
 * Hands out the tasks in order and returns when the last one is done. SIGINT and SIGTERM, which the caller handles, are
 * taken only while waiting; SIGPIPE is ignored meanwhile. No worker outlives the call, nor the death of the caller.
 */
enum pool_end pool_run(const struct pool_job *job, char *error, size_t error_size);

#endif

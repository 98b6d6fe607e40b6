/*
 * A point: one combination of parameters, computed by one of the kinds ("queue", "queue-slo", ...). Commands, sweeps,
 * worker processes and MPI ranks all compute points through this one table, so a number is the same wherever it is
 * computed.
 */
#ifndef IXLAB_HARNESS_POINT_H
#define IXLAB_HARNESS_POINT_H

#include "analysis/store.h"
#include <jansson.h>

#define POINT_METRICS_MAX 64

struct point_result {
	struct metric metric[POINT_METRICS_MAX]; /* names are string constants of the kind */
	size_t metric_count;
	unsigned char *histogram; /* encoded, or NULL; freed by point_result_clear() */
	size_t histogram_size;
	double wall_s;
};

/* What is wrong with a parameter: its key, and text naming the value and what is allowed. */
struct point_error {
	char key[32];
	char text[640];
};

struct point_kind {
	const char *name;
	const char *const *keys; /* parameters it knows, NULL at the end */
	/* Checks every parameter and fills in the defaults, so that equal points have equal canonical JSON. -1 with
	 * error. */
	int (*normalize)(json_t *params, struct point_error *error);
	/* Computes a normalized point. 0, or 1 with error->text: memory is short, a file vanished or changed, or the
	 * watch said to stop. @result is to be cleared in any case. */
	int (*run)(const json_t *params, uint64_t seed, unsigned replication, struct point_result *result,
		   struct point_error *error);
};

extern const struct point_kind point_kind_queue;     /* model servers service load requests ci warmup confidence */
extern const struct point_kind point_kind_queue_slo; /* the same without load, and slo tolerance */

const struct point_kind *point_kind_find(const char *name); /* NULL if unknown */
void point_result_clear(struct point_result *result);

/* Adds a metric with no interval. */
void point_add(struct point_result *result, const char *name, double value);
/* Adds a metric with its interval. */
void point_add_interval(struct point_result *result, const char *name, const struct interval *interval);

/* The metric called @name, or NULL. */
const struct metric *point_metric(const struct point_result *result, const char *name);

/*
 * Every few milliseconds of a running point, @function is told which share of it is probably done, 0 to 1; where it
 * returns non-zero, the point gives up and its run() returns 1. One for the process; NULL for none.
 */
typedef int (*point_watch_fn)(void *context, double share_done);
void point_set_watch(point_watch_fn function, void *context);
int point_watch(double share_done); /* for the kinds: calls it */

double point_seconds_now(void); /* monotonic clock, for wall_s */

/* Canonical text of parameters: sorted keys, compact, shortest reals that read back the same. free() it. */
char *point_params_text(const json_t *params);

#endif

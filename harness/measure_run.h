/* What measurements are made of: points from short texts, their metrics, and roots over a parameter. */
#ifndef IXLAB_HARNESS_MEASURE_RUN_H
#define IXLAB_HARNESS_MEASURE_RUN_H

#include "harness/measure.h"

/*
 * The parameters in @setup, "key=value ..." separated by blanks: a value that reads as a number is one, "@NAME" is the
 * constant NAME of the memcached cost file, anything else is text. Where there is a system, its cost file and the
 * effort's length of run are added. NULL with m->error.
 */
json_t *measure_params(struct measuring *m, const char *setup);

/* Runs the point @params (not taken over) of @kind and gives its metrics in @result. 0, or 1 with m->error. */
int measure_point(struct measuring *m, const struct point_kind *kind, const json_t *params,
		  struct point_result *result);

/* The same for one metric's interval. 0, or 1 with m->error, also where the point has no such metric. */
int measure_metric(struct measuring *m, const struct point_kind *kind, const json_t *params, const char *name,
		   struct interval *out);

/* p99 in microseconds. Where more than 1% of the requests were dropped it has no value: then infinity. */
int measure_p99(struct measuring *m, const json_t *params, struct interval *out);

/* The maximum load within @slo of the system or queueing model @setup (exact where a form is known). */
int measure_max_load(struct measuring *m, const char *setup, struct interval *out);

/* log(what / limit) at @x, with the standard error in @std_error (NAN where unknown); rises or falls with x. */
typedef int (*measure_excess_fn)(void *context, double x, double *excess, double *std_error);

/*
 * The root of @excess between @low and @high (> 0), found on a logarithmic scale within a relative @tolerance, with its
 * interval from the standard error there and the slope. The ends, where there is no root between them. 0, or what
 * @excess returned.
 */
int measure_root(measure_excess_fn excess, void *context, double low, double high, double tolerance,
		 struct interval *out);

/* @a / @b, and @a * @factor, with intervals. */
struct interval measure_ratio(const struct interval *a, const struct interval *b);
struct interval measure_scaled(const struct interval *a, double factor);

/* A value known exactly. */
struct interval measure_exactly(double value);

/* The relative tolerance of searches at m->effort. */
double measure_tolerance(const struct measuring *m);

/* The constant @name of the memcached cost file. 0, or 1 with m->error. */
int measure_constant(struct measuring *m, const char *name, double *out);

#endif

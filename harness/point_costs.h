/* The parameter "costs" of points on simulated machines: "zero", or a cost file for systems with the constants @names,
 * whose hash is a parameter, too. */
#ifndef IXLAB_HARNESS_POINT_COSTS_H
#define IXLAB_HARNESS_POINT_COSTS_H

#include "harness/cost_file.h"
#include "harness/point.h"

/* Part of normalize: the file can be read; "costs_hash" becomes the hash of its constants, so that a changed file is
 * another point. 0, or -1 with error. */
int point_costs_check(json_t *params, const struct sim_cost_names *names, struct point_error *error);

/* Part of run: reads the file, and refuses it where it has changed since the check. 0, or 1 with error. */
int point_costs_read(struct sim_costs *costs, const struct sim_cost_names *names, const json_t *params,
		     struct point_error *error);

#endif

/*
 * What calibration has simulated, kept in the database: a fit that was interrupted comes by the same way, and takes from
 * there what it had.
 */
#ifndef IXLAB_HARNESS_CALIBRATE_KEPT_H
#define IXLAB_HARNESS_CALIBRATE_KEPT_H

#include "harness/point.h"

#define CALIBRATE_EXPERIMENT "calibrate" /* name under which values are stored */

struct calibrate_kept;

/* Opens @database, and forgets what it has if @fresh. 0, 1 or 2 with @error, as store_open(). */
int calibrate_kept_open(struct calibrate_kept **kept, const char *database, bool fresh, char *error, size_t error_size);
void calibrate_kept_close(struct calibrate_kept *kept);

/* Whether there is a value under @key (canonical JSON). @kept may be NULL: there is none. */
bool calibrate_kept_find(const struct calibrate_kept *kept, const char *key, double *value);

/* Keeps the metrics of @result, among them "value". 0, or 1 with @error. @kept may be NULL: nothing is kept. */
int calibrate_kept_add(struct calibrate_kept *kept, const char *key, const struct point_result *result, char *error,
		       size_t error_size);

#endif

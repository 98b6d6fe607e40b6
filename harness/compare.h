/*
 * The comparison with published figures: measures rows of a file like results/published.csv into the database, as the
 * points of an experiment, and reads them back as rows with their simulated values.
 */
#ifndef IXLAB_HARNESS_COMPARE_H
#define IXLAB_HARNESS_COMPARE_H

#include "analysis/comparison.h"
#include "harness/measure.h"
#include "harness/sweep.h"

#define COMPARE_EXPERIMENT "compare" /* name under which `ixlab compare` stores */

struct compare_options {
	const char *experiment;           /* name under which values are stored */
	const char *costs[MEASURE_COSTS]; /* NULL: the default */
	enum measure_effort effort;
	bool calibrate_only; /* leave out rows that predict, as calibration must never see them */
	struct sweep_options sweep;
};

struct compare_rows {
	struct published published;
	struct comparison_row *row;
	size_t count;
};

/*
 * Reads @path and checks that every row has an entry among the measurements. Returns 0, 1 (memory is short) or 2 with
 * @error. Clear @rows in any case.
 */
int compare_read(struct compare_rows *rows, const char *path, char *error, size_t error_size);
void compare_clear(struct compare_rows *rows);

/* Measures the rows of all @count files that the database does not have yet. Returns the exit code, after complaints. */
int compare_measure(struct compare_rows *const *rows, size_t count, const struct compare_options *options);

/* Fills in the values that the database has. 0, 1 or 2 with @error. */
int compare_load(struct compare_rows *rows, const struct compare_options *options, char *error, size_t error_size);

/* Whether any row has a value. */
bool compare_has_values(const struct compare_rows *rows);

/* Takes the value NAME=FILE of the option --costs to @costs; rejects another. */
void compare_set_costs(const char *costs[MEASURE_COSTS], const char *value);

/* The file of published figures (or another of results/): the tree's, or the installed one. free() it. */
char *compare_default_path(const char *name);

#endif

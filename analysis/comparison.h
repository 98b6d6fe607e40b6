/*
 * Published and simulated values side by side, and how well they agree. Used for the rows of results/published.csv and
 * for the orderings of results/orderings.csv, which have the same form.
 */
#ifndef IXLAB_ANALYSIS_COMPARISON_H
#define IXLAB_ANALYSIS_COMPARISON_H

#include "analysis/published.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#define COMPARISON_NEAR 0.15 /* a relative error up to this counts as agreement */

struct comparison_row {
	const struct published_row *published;
	double simulated, low, high; /* NAN where unknown */
	const char *why_not;         /* there is no simulated value: the reason; NULL otherwise */
};

/* simulated / published - 1; NAN without a simulated value. */
double comparison_error(const struct comparison_row *row);

/* Whether the simulated value agrees: the relative error is at most COMPARISON_NEAR either way, or on the wrong side of
 * an upper or lower limit. False without a simulated value. */
bool comparison_near(const struct comparison_row *row);

bool comparison_has_value(const struct comparison_row *row);

/* Whether the relation holds as it is stated: equality as comparison_near(), a limit without any margin. */
bool comparison_holds(const struct comparison_row *row);

/* Whether the row's value may set parameters of the model (use "calibrate"). */
bool comparison_calibrated(const struct comparison_row *row);

struct comparison_count {
	unsigned rows, simulated, near;
};

/* Rows that predict, of section @section and its subsections ("3" counts 3.2.3; NULL: of all). */
struct comparison_count comparison_count(const struct comparison_row *row, size_t count, const char *section);

/* {"id", "use", "published", "simulated", "low", "high", "relative_error"} and "reason" where there is no value. */
json_t *comparison_json(const struct comparison_row *row);

/* A table for the terminal. */
void comparison_print(FILE *out, const struct comparison_row *row, size_t count);

/* A section of the report: how many agree, and a table. */
void comparison_html(FILE *out, const struct comparison_row *row, size_t count);

/* Another one for orderings: which of them hold. */
void comparison_html_orderings(FILE *out, const struct comparison_row *row, size_t count);

#endif

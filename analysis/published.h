/* The published figures of IX and ZygOS (results/published.csv), beside which simulated values stand. */
#ifndef IXLAB_ANALYSIS_PUBLISHED_H
#define IXLAB_ANALYSIS_PUBLISHED_H

#include <stddef.h>

struct published_row {
	const char *id, *section, *figure, *system, *workload, *metric;
	const char *relation; /* "eq" (about), "le" (at most), "ge" (at least) */
	double value;
	const char *unit;
	const char *use; /* "calibrate" or "predict" */
	const char *note;
	unsigned line; /* of the file */
};

struct published {
	struct published_row *row;
	size_t count;
	char *text; /* what the rows' strings point into */
};

/*
 * Reads the file: comma-separated with a line of column names, comments after '#' at the start of a line, no quoting.
 * No two rows have one id.
 * Returns 0, 1 when memory is short, or 2 with @error naming file, line and what is wrong. Clear in any case.
 */
int published_read(struct published *published, const char *path, char *error, size_t error_size);
void published_clear(struct published *published);

/* The row @id, or NULL. */
const struct published_row *published_get(const struct published *published, const char *id);

#endif

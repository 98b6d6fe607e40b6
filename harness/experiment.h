/*
 * An experiment file (libconfig): which points to compute, how often, from which seed. workloads/README.md describes
 * it.
 */
#ifndef IXLAB_HARNESS_EXPERIMENT_H
#define IXLAB_HARNESS_EXPERIMENT_H

#include "harness/experiment_values.h"
#include "harness/point.h"

#define EXPERIMENT_NAME_MAX         64
#define EXPERIMENT_QUICK            ".quick" /* what a quick run adds to the name */
#define EXPERIMENT_REPLICATIONS_MAX 10000
#define EXPERIMENT_BYTES_MAX        (1 << 20) /* of the file */

struct experiment_point {
	const struct point_kind *kind; /* the file's, or its case's */
	json_t *params;                /* normalized by the kind */
	char *text;                    /* the same, canonical */
};

struct experiment {
	char name[EXPERIMENT_NAME_MAX];
	const struct point_kind *kind; /* of cases that name none */
	bool quick;                    /* the values of the group `quick` are in force; the name ends in .quick */
	uint64_t seed;
	unsigned replications;
	struct experiment_point *point; /* in the file's order, each once */
	size_t point_count;
	char hash[17]; /* of name, kind and points: tells two versions of a file apart */
};

/*
 * Reads and checks everything, down to every point. Returns 0, 1 when memory is short, or 2 when the file cannot be
 * read or is wrong, with @error saying file, line, key, value and what is allowed. Clear @experiment in any case.
 */
int experiment_read_file(struct experiment *experiment, const char *path, char *error, size_t error_size);

/* The same with the file's group `quick`, which a file may lack: then it is an error. */
int experiment_read_quick(struct experiment *experiment, const char *path, char *error, size_t error_size);

/* As experiment_read_file() from @text; @name stands for the file in errors. */
int experiment_read_text(struct experiment *experiment, const char *text, const char *name, char *error,
			 size_t error_size);

void experiment_clear(struct experiment *experiment);

#endif

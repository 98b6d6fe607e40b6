/*
 * What the two halves of a fit share: the iteration over constants (calibrate.c) and the simulation of rows with
 * candidates for them (calibrate_evaluate.c). A candidate is a set of cost files in the scratch folder, NAME.N.cfg with N
 * from 1.
 */
#ifndef IXLAB_HARNESS_CALIBRATE_INTERNAL_H
#define IXLAB_HARNESS_CALIBRATE_INTERNAL_H

#include "harness/calibrate.h"

#define CALIBRATE_PATH_MAX 512

/* A fit under way. */
struct fitting {
	const struct calibrate_job *job;
	struct calibrate_fit *fit;
	double start[CALIBRATE_PARAMETERS_MAX]; /* logarithms */
	double last_x[CALIBRATE_PARAMETERS_MAX], last_f[CALIBRATE_ROWS_MAX];
	bool has_last;
	int status; /* of a failed evaluation */
	char *error;
	size_t error_size;
};

/* Ends the fit, with the first @text that has come (it may hold a %s for @what). Returns @status. */
int calibrate_fail(struct fitting *f, int status, const char *text, const char *what);

/* Writes the cost files of @candidate, from 1, or with 0 those of the scratch folder itself: with the parameters at
 * logarithms @x. 0, or the fit's status. */
int calibrate_write_candidate(struct fitting *f, size_t candidate, const double *x);

/* Simulates all rows for candidates 1 .. @candidates, whose files are there. 0, or the fit's status. */
int calibrate_evaluate(struct fitting *f, size_t candidates, double (*simulated)[CALIBRATE_ROWS_MAX]);

#endif

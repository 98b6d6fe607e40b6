/*
 * Calibration: named constants of the cost files are fitted to measured rows by nonlinear least squares (GSL's
 * Levenberg-Marquardt). The residual of a row is log(simulated / measured), so that rows of any unit count alike; a
 * constant is fitted by its logarithm, so that it stays above 0. Every evaluation faces the same random numbers, so
 * that residuals are smooth.
 *
 * Systems are fitted in sequence: ix, zygos, linux, mtcp. A row belongs to the last system it speaks of, and only rows
 * whose use is "calibrate" are ever evaluated. Which constants are free is told by calibrate_parameters.c; all others
 * are fixed, and the comments of the cost files say why.
 */
#ifndef IXLAB_HARNESS_CALIBRATE_H
#define IXLAB_HARNESS_CALIBRATE_H

#include "harness/compare.h"
#include "harness/pool.h"

struct calibrate_kept;

#define CALIBRATE_PARAMETERS_MAX 12 /* of one system */
#define CALIBRATE_ROWS_MAX       256

struct calibrate_parameter {
	enum measure_system system; /* with which it is fitted */
	const char *key;            /* in the cost file */
	unsigned files;             /* bits 1 << measure_costs: where the value goes */
	const char *why;            /* which rows tell it: for the reader */
};

/* Ended by an entry without key. */
extern const struct calibrate_parameter calibrate_parameters[];

struct calibrate_estimate {
	const struct calibrate_parameter *parameter;
	double start, value, std_error; /* std_error is NAN where there are no more rows than parameters */
};

struct calibrate_residual {
	const struct comparison_row *row;
	double simulated;
};

/* What one system's fit came to. */
struct calibrate_fit {
	enum measure_system system;
	struct calibrate_estimate estimate[CALIBRATE_PARAMETERS_MAX];
	struct calibrate_residual residual[CALIBRATE_ROWS_MAX];
	size_t parameters, rows;
	unsigned iterations, evaluations;
	bool converged;
	double rms; /* root mean square of the residuals */
};

struct calibrate_job {
	const struct compare_rows *rows;
	const struct calibrate_parameter *parameters;
	const char *costs[MEASURE_COSTS]; /* files to start from */
	const char *scratch;              /* folder for candidate cost files, writable */
	enum measure_effort effort;
	unsigned workers;
	pool_compute compute;        /* pool_compute_point */
	struct calibrate_kept *kept; /* what was simulated before, borrowed; NULL: nothing, and nothing is kept */
	int (*interrupted)(void);
	void (*progress)(void *context, const struct calibrate_fit *fit); /* after each iteration; may be NULL */
	void *context;
};

/* Whether any row sets parameters of @system. */
bool calibrate_has_rows(const struct calibrate_job *job, enum measure_system system);

/*
 * Fits @system, starting from the cost files in the scratch folder (calibrate_prepare()), which afterwards hold the
 * fitted values. 0, 1 (a run failed) or 2 (fewer rows than parameters, a fit that the rows do not determine) with
 * @error.
 */
int calibrate_fit(const struct calibrate_job *job, enum measure_system system, struct calibrate_fit *fit, char *error,
		  size_t error_size);

/* Copies the cost files to the scratch folder as NAME.cfg. 0 or 2 with @error. */
int calibrate_prepare(const struct calibrate_job *job, char *error, size_t error_size);

/* Path of the cost file @which in the scratch folder. */
void calibrate_scratch_path(const struct calibrate_job *job, enum measure_costs which, char *path, size_t size);

#endif

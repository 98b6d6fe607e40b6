#include "harness/calibrate_internal.h"
#include "harness/cost_edit.h"
#include "harness/workload_path.h"

#include <errno.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_multifit_nlinear.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ITERATIONS_MAX 12
#define STEP           0.15 /* of a logarithm, for derivatives: far above the roughness that searches leave */
#define X_TOLERANCE    2e-3 /* of a logarithm: when to stop */
#define G_TOLERANCE    1e-6
#define WORTHWHILE     0.99 /* an iteration that leaves more of the residuals is the last */
#define NOTHING        1e-4 /* residuals as small as this are none */
#define SINGULAR       1e-3 /* of singular values of the derivatives, the least to the greatest */

/* A row is fitted with the last of the systems that its measurement runs. */
static bool belongs(const struct comparison_row *row, enum measure_system system)
{
	const struct measure *entry = measure_find(row->published->id);

	return comparison_calibrated(row) && entry && entry->compute && !entry->not_fitted &&
	       measure_system_of(entry) == system;
}

bool calibrate_has_rows(const struct calibrate_job *job, enum measure_system system)
{
	for (size_t i = 0; i < job->rows->count; i++)
		if (belongs(&job->rows->row[i], system))
			return true;
	return false;
}

void calibrate_scratch_path(const struct calibrate_job *job, enum measure_costs which, char *path, size_t size)
{
	snprintf(path, size, "%s/%s.cfg", job->scratch, measure_costs_name[which]);
}

int calibrate_prepare(const struct calibrate_job *job, char *error, size_t error_size)
{
	for (int i = 0; i < MEASURE_COSTS; i++) {
		const char *name = job->costs[i] ? job->costs[i] : measure_costs_default[i];
		char *from = workload_path(name), *text = from ? cost_edit_read(from) : NULL, to[CALIBRATE_PATH_MAX];
		int failed = 2;

		calibrate_scratch_path(job, (enum measure_costs)i, to, sizeof(to));
		if (!text)
			snprintf(error, error_size, "%s: %s; allowed: a cost file", name, strerror(errno));
		else if (cost_edit_write(to, text))
			snprintf(error, error_size, "%s: %s", to, strerror(errno));
		else
			failed = 0;
		free(from);
		free(text);
		if (failed)
			return failed;
	}
	return 0;
}

/* Residuals of row @i; a value that is no positive number ends the fit. */
static double residual(struct fitting *f, size_t i, double simulated)
{
	const struct comparison_row *row = f->fit->residual[i].row;

	if (!(simulated > 0) || !isfinite(simulated))
		calibrate_fail(f, 1, "row %s has no value above 0 at the constants tried", row->published->id);
	return log(simulated / row->published->value);
}

static int residuals_at(struct fitting *f, const double *x, double *out)
{
	double simulated[1][CALIBRATE_ROWS_MAX];

	if (!f->has_last || memcmp(x, f->last_x, f->fit->parameters * sizeof(*x)) != 0) {
		if (calibrate_write_candidate(f, 1, x) || calibrate_evaluate(f, 1, simulated))
			return f->status;
		for (size_t i = 0; i < f->fit->rows; i++)
			f->last_f[i] = residual(f, i, simulated[0][i]);
		memcpy(f->last_x, x, f->fit->parameters * sizeof(*x));
		f->has_last = true;
	}
	memcpy(out, f->last_f, f->fit->rows * sizeof(*out));
	return f->status;
}

static int on_residuals(const gsl_vector *x, void *context, gsl_vector *out)
{
	struct fitting *f = context;
	double at[CALIBRATE_PARAMETERS_MAX] = {0}, value[CALIBRATE_ROWS_MAX] = {0};

	for (size_t p = 0; p < f->fit->parameters; p++)
		at[p] = gsl_vector_get(x, p);
	if (residuals_at(f, at, value))
		return GSL_EFAILED;
	for (size_t i = 0; i < f->fit->rows; i++)
		gsl_vector_set(out, i, value[i]);
	return GSL_SUCCESS;
}

/* Forward differences, all of them at once: one candidate for each parameter. */
static int on_derivatives(const gsl_vector *x, void *context, gsl_matrix *out)
{
	struct fitting *f = context;
	size_t parameters = f->fit->parameters;
	double at[CALIBRATE_PARAMETERS_MAX] = {0}, base[CALIBRATE_ROWS_MAX] = {0};
	double simulated[CALIBRATE_PARAMETERS_MAX][CALIBRATE_ROWS_MAX];

	for (size_t p = 0; p < parameters; p++)
		at[p] = gsl_vector_get(x, p);
	if (residuals_at(f, at, base))
		return GSL_EFAILED;
	for (size_t p = 0; p < parameters; p++) {
		at[p] += STEP;
		if (calibrate_write_candidate(f, p + 1, at))
			return GSL_EFAILED;
		at[p] -= STEP;
	}
	if (calibrate_evaluate(f, parameters, simulated))
		return GSL_EFAILED;
	for (size_t p = 0; p < parameters; p++)
		for (size_t i = 0; i < f->fit->rows; i++)
			gsl_matrix_set(out, i, p, (residual(f, i, simulated[p][i]) - base[i]) / STEP);
	return f->status ? GSL_EFAILED : GSL_SUCCESS;
}

/* The derivatives must tell all parameters apart; otherwise names those of the direction that no row feels. */
static int check_rank(struct fitting *f, const gsl_matrix *derivatives)
{
	size_t n = f->fit->parameters;
	gsl_matrix *u = gsl_matrix_alloc(f->fit->rows, n), *v = gsl_matrix_alloc(n, n);
	gsl_vector *s = gsl_vector_alloc(n), *work = gsl_vector_alloc(n);
	char names[256] = "";

	gsl_matrix_memcpy(u, derivatives);
	gsl_linalg_SV_decomp(u, v, s, work);
	if (!(gsl_vector_get(s, n - 1) > SINGULAR * gsl_vector_get(s, 0))) {
		for (size_t p = 0; p < n; p++)
			if (fabs(gsl_matrix_get(v, p, n - 1)) > 0.3)
				snprintf(names + strlen(names), sizeof(names) - strlen(names), " %s",
					 f->fit->estimate[p].parameter->key);
		calibrate_fail(f, 2, "a singular fit: the rows do not determine%s", names);
	}
	gsl_matrix_free(u);
	gsl_matrix_free(v);
	gsl_vector_free(s);
	gsl_vector_free(work);
	return f->status;
}

static void take_estimates(struct fitting *f, const gsl_multifit_nlinear_workspace *w)
{
	struct calibrate_fit *fit = f->fit;
	const gsl_vector *x = gsl_multifit_nlinear_position(w), *r = gsl_multifit_nlinear_residual(w);
	gsl_matrix *covariance = gsl_matrix_alloc(fit->parameters, fit->parameters);
	double sum = 0, dof = (double)fit->rows - (double)fit->parameters;

	for (size_t i = 0; i < fit->rows; i++) {
		sum += gsl_vector_get(r, i) * gsl_vector_get(r, i);
		fit->residual[i].simulated = fit->residual[i].row->published->value * exp(gsl_vector_get(r, i));
	}
	fit->rms = sqrt(sum / (double)fit->rows);
	gsl_multifit_nlinear_covar(gsl_multifit_nlinear_jac(w), 0, covariance);
	for (size_t p = 0; p < fit->parameters; p++) {
		struct calibrate_estimate *e = &fit->estimate[p];

		e->value = exp(gsl_vector_get(x, p));
		e->std_error = dof > 0 ? e->value * sqrt(gsl_matrix_get(covariance, p, p) * sum / dof) : NAN;
	}
	gsl_matrix_free(covariance);
}

static void iterate(struct fitting *f, gsl_multifit_nlinear_workspace *w)
{
	int info = 0;
	double last = INFINITY;

	while (!f->status && !f->fit->converged && f->fit->iterations < ITERATIONS_MAX) {
		int status = gsl_multifit_nlinear_iterate(w);

		f->fit->iterations++;
		if (f->status)
			return;
		take_estimates(f, w);
		if (f->job->progress)
			f->job->progress(f->job->context, f->fit);
		/* No better step can be found, or none worth it: the residuals' own roughness is reached. */
		f->fit->converged = status == GSL_ENOPROG || f->fit->rms > WORTHWHILE * last || f->fit->rms < NOTHING ||
				    gsl_multifit_nlinear_test(X_TOLERANCE, G_TOLERANCE, 0, &info, w) == GSL_SUCCESS;
		last = f->fit->rms;
	}
}

static int solve(struct fitting *f)
{
	gsl_multifit_nlinear_parameters options = gsl_multifit_nlinear_default_parameters();
	gsl_multifit_nlinear_fdf problem = {
	    .f = on_residuals, .df = on_derivatives, .n = f->fit->rows, .p = f->fit->parameters, .params = f};
	gsl_vector_view start = gsl_vector_view_array(f->start, f->fit->parameters);
	gsl_multifit_nlinear_workspace *w;

	options.factor_up = 4;
	w = gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &options, f->fit->rows, f->fit->parameters);
	if (!w)
		return calibrate_fail(f, 1, "%s", "memory is short");
	gsl_multifit_nlinear_init(&start.vector, &problem, w);
	if (!f->status && !check_rank(f, gsl_multifit_nlinear_jac(w)))
		iterate(f, w);
	if (!f->status)
		check_rank(f, gsl_multifit_nlinear_jac(w));
	if (!f->status) {
		double x[CALIBRATE_PARAMETERS_MAX];

		take_estimates(f, w);
		for (size_t p = 0; p < f->fit->parameters; p++)
			x[p] = log(f->fit->estimate[p].value);
		calibrate_write_candidate(f, 0, x);
	}
	gsl_multifit_nlinear_free(w);
	return f->status;
}

static int start_parameter(struct fitting *f, const struct calibrate_parameter *parameter)
{
	struct calibrate_fit *fit = f->fit;
	char path[CALIBRATE_PATH_MAX], *text;
	double value;
	int which = MEASURE_IX;

	while (which < MEASURE_COSTS - 1 && !(parameter->files & 1u << which))
		which++;
	if (fit->parameters == CALIBRATE_PARAMETERS_MAX)
		return calibrate_fail(f, 2, "more parameters of %s than can be fitted",
				      measure_system_name[fit->system]);
	calibrate_scratch_path(f->job, (enum measure_costs)which, path, sizeof(path));
	text = cost_edit_read(path);
	value = text ? cost_edit_get(text, parameter->key) : NAN;
	free(text);
	if (!(value > 0))
		return calibrate_fail(f, 2, "key '%s': the value to start from must be a number above 0",
				      parameter->key);
	f->start[fit->parameters] = log(value);
	fit->estimate[fit->parameters++] = (struct calibrate_estimate){parameter, value, value, NAN};
	return 0;
}

int calibrate_fit(const struct calibrate_job *job, enum measure_system system, struct calibrate_fit *fit, char *error,
		  size_t error_size)
{
	struct fitting f = {.job = job, .fit = fit, .error = error, .error_size = error_size};

	*fit = (struct calibrate_fit){.system = system};
	for (size_t i = 0; i < job->rows->count && fit->rows < CALIBRATE_ROWS_MAX; i++)
		if (belongs(&job->rows->row[i], system))
			fit->residual[fit->rows++] = (struct calibrate_residual){&job->rows->row[i], NAN};
	for (const struct calibrate_parameter *p = job->parameters; p->key && !f.status; p++)
		if (p->system == system)
			start_parameter(&f, p);
	if (f.status)
		return f.status;
	if (fit->rows < fit->parameters) {
		snprintf(error, error_size, "%s: %zu rows to calibrate with, fewer than the %zu constants to be fitted",
			 measure_system_name[system], fit->rows, fit->parameters);
		return 2;
	}
	return fit->parameters ? solve(&f) : 0;
}

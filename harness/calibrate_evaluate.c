#include "harness/calibrate_internal.h"
#include "harness/calibrate_kept.h"
#include "harness/cost_edit.h"
#include "version.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int calibrate_fail(struct fitting *f, int status, const char *text, const char *what)
{
	if (!f->status)
		snprintf(f->error, f->error_size, text, what);
	f->status = status;
	return status;
}

static void candidate_path(const struct fitting *f, size_t candidate, enum measure_costs which, char *path, size_t size)
{
	if (candidate)
		snprintf(path, size, "%s/%s.%zu.cfg", f->job->scratch, measure_costs_name[which], candidate);
	else
		calibrate_scratch_path(f->job, which, path, size);
}

/* Writes the cost file @which of a candidate: the scratch file with the parameters at logarithms @x. */
static int write_file(struct fitting *f, size_t candidate, enum measure_costs which, const double *x)
{
	char path[CALIBRATE_PATH_MAX], *text;
	int failed;

	calibrate_scratch_path(f->job, which, path, sizeof(path));
	text = cost_edit_read(path);
	for (size_t p = 0; text && p < f->fit->parameters; p++) {
		const struct calibrate_parameter *parameter = f->fit->estimate[p].parameter;
		char *edited;

		if (!(parameter->files & 1u << which))
			continue;
		edited = cost_edit_set(text, parameter->key, exp(x[p]));
		free(text);
		text = edited;
		if (!text)
			return calibrate_fail(f, 2, "cost file %s lacks a line with the constant to be fitted",
					      measure_costs_name[which]);
	}
	candidate_path(f, candidate, which, path, sizeof(path));
	failed = !text || cost_edit_write(path, text);
	free(text);
	return failed ? calibrate_fail(f, 1, "cannot write cost files in %s", f->job->scratch) : 0;
}

int calibrate_write_candidate(struct fitting *f, size_t candidate, const double *x)
{
	for (int i = 0; i < MEASURE_COSTS; i++)
		if (write_file(f, candidate, (enum measure_costs)i, x))
			return f->status;
	return 0;
}

/* What row @id is computed from with a candidate; NULL when the fit has ended. */
static json_t *row_params(struct fitting *f, size_t candidate, const char *id)
{
	json_t *params = json_pack("{ssss}", "row", id, "effort", measure_effort_name[f->job->effort]);
	struct point_error error = {.text = "memory is short"};
	char key[32], path[CALIBRATE_PATH_MAX];

	for (int i = 0; params && i < MEASURE_COSTS; i++) {
		snprintf(key, sizeof(key), "costs_%s", measure_costs_name[i]);
		candidate_path(f, candidate, (enum measure_costs)i, path, sizeof(path));
		json_object_set_new(params, key, json_string(path));
	}
	if (params && !point_kind_measure.normalize(params, &error))
		return params;
	calibrate_fail(f, 2, "%s", error.text);
	json_decref(params);
	return NULL;
}

/* The same without names of files, which differ from one calibration to the next: what they hold is told by hashes. */
static char *key_of(json_t *params)
{
	char key[32];

	for (int i = 0; i < MEASURE_COSTS; i++) {
		snprintf(key, sizeof(key), "costs_%s", measure_costs_name[i]);
		json_object_del(params, key);
	}
	json_object_set_new(params, "version", json_string(IXLAB_VERSION));
	return point_params_text(params);
}

/* Rows to be simulated for candidates 1 .. n, one row of the table for each. */
struct batch {
	struct fitting *fitting;
	double (*simulated)[CALIBRATE_ROWS_MAX];
	struct pool_task *task;
	char **key;    /* of each task, in the database */
	size_t *place; /* of its value: (candidate - 1) * rows + row */
	size_t tasks;
};

static void put_value(const struct batch *b, size_t place, double value)
{
	size_t rows = b->fitting->fit->rows;

	b->simulated[place / rows][place % rows] = value;
}

/* Takes the value from the database, or makes a task of it. */
static void add_task(struct batch *b, size_t place)
{
	struct fitting *f = b->fitting;
	size_t rows = f->fit->rows;
	json_t *params = row_params(f, 1 + place / rows, f->fit->residual[place % rows].row->published->id);
	char *text = params ? point_params_text(params) : NULL, *key = text ? key_of(params) : NULL;
	double value;

	json_decref(params);
	if (key && calibrate_kept_find(f->job->kept, key, &value)) {
		put_value(b, place, value);
	} else if (key) {
		b->task[b->tasks] = (struct pool_task){"measure", text, 1, 0};
		b->place[b->tasks] = place;
		b->key[b->tasks++] = key;
		return;
	} else if (!f->status) {
		calibrate_fail(f, 1, "%s", "memory is short");
	}
	free(text);
	free(key);
}

static int take_result(void *context, size_t task, const struct point_result *result)
{
	struct batch *b = context;
	struct fitting *f = b->fitting;
	const struct metric *value = point_metric(result, "value");

	if (!value)
		return 0;
	put_value(b, b->place[task], value->value);
	if (!calibrate_kept_add(f->job->kept, b->key[task], result, f->error, f->error_size))
		return 0;
	f->status = 1;
	return 1;
}

static void take_loss(void *context, size_t task, enum pool_loss loss, const char *reason)
{
	const struct batch *b = context;

	if (loss == POOL_GIVEN_UP)
		calibrate_fail(b->fitting, 1, "%s", reason);
}

static void run_tasks(struct batch *b)
{
	struct fitting *f = b->fitting;
	struct pool_job job = {.task = b->task,
			       .task_count = b->tasks,
			       .workers = f->job->workers < b->tasks ? f->job->workers : (unsigned)b->tasks,
			       .compute = f->job->compute,
			       .finished = take_result,
			       .lost = take_loss,
			       .interrupted = f->job->interrupted,
			       .context = b};

	if (b->tasks && pool_run(&job, f->error, f->error_size) != POOL_ALL_DONE)
		calibrate_fail(f, 1, "%s", "interrupted; the same command goes on from here");
}

int calibrate_evaluate(struct fitting *f, size_t candidates, double (*simulated)[CALIBRATE_ROWS_MAX])
{
	size_t count = f->fit->rows * candidates;
	struct batch b = {f,
			  simulated,
			  calloc(count + 1, sizeof(*b.task)),
			  calloc(count + 1, sizeof(*b.key)),
			  calloc(count + 1, sizeof(*b.place)),
			  0};

	if (!b.task || !b.key || !b.place)
		calibrate_fail(f, 1, "%s", "memory is short");
	for (size_t i = 0; i < count && !f->status; i++)
		add_task(&b, i);
	if (!f->status)
		run_tasks(&b);
	for (size_t i = 0; i < b.tasks; i++) {
		free((char *)b.task[i].params);
		free(b.key[i]);
	}
	free(b.task);
	free(b.key);
	free(b.place);
	f->fit->evaluations += (unsigned)candidates;
	return f->status;
}

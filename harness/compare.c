#include "harness/compare.h"
#include "harness/command.h"
#include "paths.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *compare_default_path(const char *name)
{
	char *path = NULL;

	if (asprintf(&path, "results/%s", name) < 0)
		return NULL;
	if (!access(path, R_OK))
		return path;
	free(path);
	return asprintf(&path, IXLAB_SHARE "/results/%s", name) < 0 ? NULL : path;
}

void compare_set_costs(const char *costs[MEASURE_COSTS], const char *value)
{
	for (int i = 0; i < MEASURE_COSTS; i++) {
		size_t length = strlen(measure_costs_name[i]);

		if (!strncmp(value, measure_costs_name[i], length) && value[length] == '=') {
			costs[i] = value + length + 1;
			return;
		}
	}
	command_reject("option '--costs': '%s': must be NAME=FILE with NAME one of ix, linux, mtcp, memcached", value);
}

int compare_read(struct compare_rows *rows, const char *path, char *error, size_t error_size)
{
	int status;

	*rows = (struct compare_rows){0};
	status = published_read(&rows->published, path, error, error_size);
	if (status)
		return status;
	rows->row = calloc(rows->published.count + 1, sizeof(*rows->row));
	if (!rows->row) {
		snprintf(error, error_size, "memory is short");
		return 1;
	}
	for (size_t i = 0; i < rows->published.count; i++) {
		const struct published_row *published = &rows->published.row[i];
		const struct measure *entry = measure_find(published->id);

		if (!entry) {
			snprintf(error, error_size, "%s:%u: key 'id': '%.80s': no measurement is known for this row",
				 path, published->line, published->id);
			return 2;
		}
		rows->row[i] = (struct comparison_row){published, NAN, NAN, NAN, entry->why_not};
	}
	rows->count = rows->published.count;
	return 0;
}

void compare_clear(struct compare_rows *rows)
{
	free(rows->row);
	published_clear(&rows->published);
	*rows = (struct compare_rows){0};
}

static bool wanted(const struct comparison_row *row, const struct compare_options *options)
{
	return !row->why_not && (!options->calibrate_only || comparison_calibrated(row));
}

/* The parameters of a row's point, normalized; NULL with @error. */
static json_t *row_params(const char *id, const struct compare_options *options, struct point_error *error)
{
	json_t *params = json_pack("{ssss}", "row", id, "effort", measure_effort_name[options->effort]);
	char key[32];

	for (int i = 0; params && i < MEASURE_COSTS; i++) {
		snprintf(key, sizeof(key), "costs_%s", measure_costs_name[i]);
		if (options->costs[i])
			json_object_set_new(params, key, json_string(options->costs[i]));
	}
	if (params && !point_kind_measure.normalize(params, error))
		return params;
	json_decref(params);
	return NULL;
}

static int add_point(struct experiment *experiment, const char *id, const struct compare_options *options)
{
	struct point_error error = {.text = "memory is short"};
	struct experiment_point *grown = realloc(experiment->point,
						 (experiment->point_count + 1) * sizeof(*experiment->point)),
				*point;

	if (grown)
		experiment->point = grown;
	point = grown ? &grown[experiment->point_count] : NULL;
	if (point)
		*point = (struct experiment_point){&point_kind_measure, row_params(id, options, &error), NULL};
	if (point && point->params)
		point->text = point_params_text(point->params);
	if (point && point->text) {
		experiment->point_count++;
		return 0;
	}
	command_complain("%s: %s", id, error.text);
	return EXIT_WRONG_INPUT;
}

int compare_measure(struct compare_rows *const *rows, size_t count, const struct compare_options *options)
{
	struct experiment experiment = {.kind = &point_kind_measure, .seed = 1, .replications = 1};
	int status = 0;

	snprintf(experiment.name, sizeof(experiment.name), "%s", options->experiment);
	for (size_t f = 0; f < count; f++)
		for (size_t i = 0; !status && i < rows[f]->count; i++)
			if (wanted(&rows[f]->row[i], options))
				status = add_point(&experiment, rows[f]->row[i].published->id, options);
	if (!status)
		status = sweep_run(&experiment, &options->sweep);
	experiment_clear(&experiment);
	return status;
}

struct loading {
	struct compare_rows *rows;
	char **text; /* of the rows' parameters */
};

static void take_point(const struct point_summary *summary, void *context)
{
	const struct loading *loading = context;

	for (size_t i = 0; i < loading->rows->count; i++) {
		struct comparison_row *row = &loading->rows->row[i];

		if (!loading->text[i] || strcmp(loading->text[i], summary->params) != 0)
			continue;
		for (size_t k = 0; k < summary->metric_count; k++)
			if (!strcmp(summary->metrics[k].name, "value")) {
				row->simulated = summary->metrics[k].value;
				row->low = summary->metrics[k].low;
				row->high = summary->metrics[k].high;
			}
	}
}

int compare_load(struct compare_rows *rows, const struct compare_options *options, char *error, size_t error_size)
{
	struct loading loading = {rows, calloc(rows->count + 1, sizeof(char *))};
	struct store *store = NULL;
	int status = store_open(&store, options->sweep.database, STORE_READ, error, error_size);

	for (size_t i = 0; !status && loading.text && i < rows->count; i++) {
		struct point_error ignored = {0};
		json_t *params =
		    wanted(&rows->row[i], options) ? row_params(rows->row[i].published->id, options, &ignored) : NULL;

		loading.text[i] = params ? point_params_text(params) : NULL;
		json_decref(params);
	}
	if (!status && loading.text)
		status = store_each_point(store, options->experiment, take_point, &loading, error, error_size);
	for (size_t i = 0; loading.text && i < rows->count; i++)
		free(loading.text[i]);
	free(loading.text);
	if (store)
		store_close(store);
	return status;
}

bool compare_has_values(const struct compare_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		if (comparison_has_value(&rows->row[i]))
			return true;
	return false;
}

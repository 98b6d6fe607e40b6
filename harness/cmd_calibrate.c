/* ixlab calibrate: fits constants of the cost files to measured figures. */
#include "harness/calibrate.h"
#include "harness/calibrate_kept.h"
#include "harness/command.h"
#include "harness/cost_edit.h"
#include "harness/workload_path.h"
#include "version.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct calibrate_input {
	const char *published, *out, *only, *database;
	struct calibrate_job job;
	bool fresh, quiet;
};

enum { KEY_PUBLISHED = 1 << 8, KEY_COSTS, KEY_OUT, KEY_SYSTEM, KEY_DB, KEY_FRESH, KEY_QUICK, KEY_QUIET };

static const struct argp_option options[] = {
    {"published", KEY_PUBLISHED, "FILE", 0,
     "Figures to fit to, in the form of the default, results/published.csv; only rows marked calibrate are used", 0},
    {"costs", KEY_COSTS, "NAME=FILE", 0,
     "Start from this cost file for NAME: ix (for zygos, too), linux, mtcp or memcached; may be given several times",
     0},
    {"out", KEY_OUT, "DIR", 0, "Write the cost files here instead of over those started from", 0},
    {"system", KEY_SYSTEM, "NAME", 0, "Fit only ix, zygos, linux or mtcp; default: one after the other", 0},
    {"db", KEY_DB, "FILE", 0, "Database to keep simulated values in; default: results.db", 0},
    {"fresh", KEY_FRESH, NULL, 0, "Forget the values kept and start over", 0},
    {"quick", KEY_QUICK, NULL, 0, "Short runs, for a first look", 0},
    {"jobs", 'j', "N", 0, "Worker processes; default: one per core", 0},
    {"quiet", KEY_QUIET, NULL, 0, "No progress", 0},
    {0},
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
	struct calibrate_input *input = state->input;

	switch (key) {
	case KEY_PUBLISHED:
		input->published = value;
		return 0;
	case KEY_COSTS:
		compare_set_costs(input->job.costs, value);
		return 0;
	case KEY_OUT:
		input->out = value;
		return 0;
	case KEY_SYSTEM:
		for (int i = 0; i < MEASURE_SYSTEMS && !input->only; i++)
			if (!strcmp(value, measure_system_name[i]))
				input->only = value;
		if (!input->only)
			command_reject("option '--system': '%s': must be ix, zygos, linux or mtcp", value);
		return 0;
	case KEY_DB:
		input->database = value;
		return 0;
	case KEY_FRESH:
		input->fresh = true;
		return 0;
	case KEY_QUICK:
		input->job.effort = MEASURE_QUICK;
		return 0;
	case 'j':
		input->job.workers = command_jobs(value);
		return 0;
	case KEY_QUIET:
		input->quiet = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
    .options = options,
    .parser = parse_option,
    .doc = "Fit constants of the simulated systems to measured figures: those rows of results/published.csv that are "
	   "marked calibrate, and no others, or a file of your own with the same columns and ids. Prints each constant "
	   "with its standard error and each row's residual, and writes the cost files.\v"
	   "Values are kept in the database, so that an interrupted calibration is continued by the same command. "
	   "Which constants are free, and why the others are fixed, is said in the cost files.",
};

static void show_progress(void *context, const struct calibrate_fit *fit)
{
	const struct calibrate_input *input = context;

	if (!input->quiet)
		fprintf(stderr, "calibrate %s: iteration %u: residuals %.2f%% (root mean square)\n",
			measure_system_name[fit->system], fit->iterations, 100 * fit->rms);
}

static void print_fit(const struct calibrate_fit *fit)
{
	printf("%s: %zu constants from %zu rows, %u iterations%s; residuals %.2f%% (root mean square)\n",
	       measure_system_name[fit->system], fit->parameters, fit->rows, fit->iterations,
	       fit->converged ? "" : " (not converged)", 100 * fit->rms);
	for (size_t p = 0; p < fit->parameters; p++) {
		const struct calibrate_estimate *e = &fit->estimate[p];

		printf("  %-26s %10.4g", e->parameter->key, e->value);
		if (isnan(e->std_error))
			printf("   standard error unknown");
		else
			printf("   +- %-10.2g", e->std_error);
		printf("   from %-10.4g %s\n", e->start, e->parameter->why);
	}
	for (size_t i = 0; i < fit->rows; i++) {
		const struct calibrate_residual *r = &fit->residual[i];

		printf("  %-26s %10.4g   fitted %-10.4g %+6.1f%%\n", r->row->published->id, r->row->published->value,
		       r->simulated, 100 * (r->simulated / r->row->published->value - 1));
	}
	fflush(stdout);
}

/* The lines that tell how the values of the cost file @which came about; NULL where no fit touched it. free() it. */
static char *provenance(const struct calibrate_fit *fits, size_t count, enum measure_costs which, const char *published)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	bool any = false;

	for (size_t f = 0; out && f < count; f++)
		for (size_t p = 0; p < fits[f].parameters; p++) {
			const struct calibrate_estimate *e = &fits[f].estimate[p];

			if (!(e->parameter->files & 1u << which))
				continue;
			if (!any)
				fprintf(out,
					"#: Fitted by `ixlab calibrate`, version %.*s, to the rows marked calibrate of "
					"%s:\n",
					(int)strcspn(IXLAB_VERSION, "+"), IXLAB_VERSION, published);
			any = true;
			fprintf(out, "#:   %s = %.4g", e->parameter->key, e->value);
			if (isnan(e->std_error))
				fprintf(out, " (standard error unknown: as many rows as constants)\n");
			else
				fprintf(out, " +- %.2g (standard error)\n", e->std_error);
		}
	for (size_t f = 0; any && f < count; f++) {
		fprintf(out, "#: Rows of the fit of %s, residuals %.2f%% (root mean square):\n",
			measure_system_name[fits[f].system], 100 * fits[f].rms);
		for (size_t i = 0; i < fits[f].rows; i++)
			fprintf(out, "#:   %s %+.1f%%\n", fits[f].residual[i].row->published->id,
				100 * (fits[f].residual[i].simulated / fits[f].residual[i].row->published->value - 1));
	}
	if (out)
		fclose(out);
	if (any)
		return text;
	free(text);
	return NULL;
}

static char *target_path(const struct calibrate_input *input, enum measure_costs which)
{
	char *path = NULL;

	if (!input->out)
		return workload_path(input->job.costs[which] ? input->job.costs[which] : measure_costs_default[which]);
	return asprintf(&path, "%s/%s.cfg", input->out, measure_costs_name[which]) < 0 ? NULL : path;
}

static int write_file(const struct calibrate_input *input, const struct calibrate_fit *fits, size_t count,
		      enum measure_costs which)
{
	char from[512], *path = target_path(input, which), *lines = provenance(fits, count, which, input->published);
	char *text, *edited;
	int status = EXIT_DONE;

	calibrate_scratch_path(&input->job, which, from, sizeof(from));
	text = cost_edit_read(from);
	edited = text && lines ? cost_edit_provenance(text, lines) : NULL;
	if (lines && (!edited || !path || cost_edit_write(path, edited))) {
		command_complain("cannot write %s: %s", path ? path : "a cost file", strerror(errno));
		status = EXIT_RUN_FAILED;
	} else if (lines) {
		printf("%s\n", path);
	}
	free(path);
	free(lines);
	free(text);
	free(edited);
	return status;
}

static int fit_all(struct calibrate_input *input, struct calibrate_fit *fits, size_t *count)
{
	char error[512];

	for (int system = 0; system < MEASURE_SYSTEMS; system++) {
		int status;

		if (input->only && strcmp(input->only, measure_system_name[system]) != 0)
			continue;
		if (!calibrate_has_rows(&input->job, (enum measure_system)system)) {
			printf("%s: no rows to calibrate with; its constants stay\n", measure_system_name[system]);
			continue;
		}
		status = calibrate_fit(&input->job, (enum measure_system)system, &fits[*count], error, sizeof(error));
		if (status) {
			command_complain("%s: %s", input->published, error);
			return status;
		}
		print_fit(&fits[(*count)++]);
	}
	if (*count)
		return EXIT_DONE;
	command_complain("%s: no row to calibrate with", input->published);
	return EXIT_WRONG_INPUT;
}

static void remove_scratch(const char *folder, const struct calibrate_job *job)
{
	char path[512];

	for (int which = 0; which < MEASURE_COSTS; which++) {
		calibrate_scratch_path(job, (enum measure_costs)which, path, sizeof(path));
		unlink(path);
		for (int i = 1; i <= CALIBRATE_PARAMETERS_MAX; i++) {
			snprintf(path, sizeof(path), "%s/%s.%d.cfg", folder, measure_costs_name[which], i);
			unlink(path);
		}
	}
	rmdir(folder);
}

static int calibrate(struct calibrate_input *input)
{
	struct calibrate_fit *fits = calloc(MEASURE_SYSTEMS, sizeof(*fits));
	size_t count = 0;
	char error[512];
	int status = fits ? calibrate_prepare(&input->job, error, sizeof(error)) : EXIT_RUN_FAILED;

	if (status) {
		command_complain("%s", fits ? error : "memory is short");
		free(fits);
		return status;
	}
	status = fit_all(input, fits, &count);
	for (int which = 0; !status && which < MEASURE_COSTS; which++)
		status = write_file(input, fits, count, (enum measure_costs)which);
	free(fits);
	return status;
}

int cmd_calibrate(int argc, char **argv)
{
	const char *temporary = getenv("TMPDIR");
	struct calibrate_input input = {.database = "results.db",
					.job = {.parameters = calibrate_parameters,
						.effort = MEASURE_FIT,
						.workers = command_jobs(NULL),
						.compute = pool_compute_point,
						.interrupted = command_interrupted,
						.progress = show_progress}};
	struct compare_rows rows = {0};
	char error[512], scratch[256], *published = compare_default_path("published.csv");
	int status;

	command_parse(&argp, argc, argv, &input);
	if (!input.published)
		input.published = published ? published : "results/published.csv";
	if (input.out && mkdir(input.out, 0777) && errno != EEXIST)
		command_reject("--out '%s': %s", input.out, strerror(errno));
	status = compare_read(&rows, input.published, error, sizeof(error));
	if (!status)
		status = calibrate_kept_open(&input.job.kept, input.database, input.fresh, error, sizeof(error));
	snprintf(scratch, sizeof(scratch), "%s/ixlab-calibrate-XXXXXX", temporary ? temporary : "/tmp");
	if (!status && !mkdtemp(scratch)) {
		snprintf(error, sizeof(error), "%s: %s", scratch, strerror(errno));
		status = EXIT_RUN_FAILED;
	}
	if (status) {
		command_complain("%s", error);
	} else {
		input.job.rows = &rows;
		input.job.scratch = scratch;
		input.job.context = &input;
		command_catch_interrupts();
		status = calibrate(&input);
		remove_scratch(scratch, &input.job);
	}
	calibrate_kept_close(input.job.kept);
	compare_clear(&rows);
	free(published);
	return status;
}

/* ixlab report: one HTML page of all figures. */
#include "analysis/report.h"
#include "harness/command.h"
#include "harness/compare.h"
#include "harness/figure_file.h"
#include "paths.h"
#include "version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct report_options {
	const char *db, *out;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct report_options *options = state->input;

	switch (key) {
	case 'd':
		options->db = arg;
		return 0;
	case 'o':
		options->out = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option option_table[] = {
    {"db", 'd', "FILE", 0, "Database of results (default: results.db)", 0},
    {"out", 'o', "FILE", 0, "Page to write (default: report.html)", 0},
    {0},
};

static const struct argp argp = {
    .options = option_table,
    .parser = parse_option,
    .doc = "Write one self-contained HTML page with all figures, their numbers, and how to make each again."
	   "\vThe page needs neither network nor other files. Figures without data are listed with the command that "
	   "makes them.",
};

static int complain(int status, const char *error)
{
	command_complain("%s", error);
	return status;
}

/* Collects the data of every figure and draws those that have any; *drawn counts them. */
static int fill_entries(struct store *store, const struct figure_files *files, struct report_entry *entry,
			size_t *drawn)
{
	char error[512] = "memory is short";

	for (size_t i = 0; i < files->count; i++) {
		const struct figure *figure = &files->file[i].figure;
		struct figure_data *data = calloc(1, sizeof(*data));
		int status = data ? figure_collect(store, figure, data, error, sizeof(error)) : EXIT_RUN_FAILED;

		entry[i] = (struct report_entry){figure, data, NULL};
		if (status)
			return complain(status, error);
		if (!data->points)
			continue;
		entry[i].svg = report_svg(figure, data, error, sizeof(error));
		if (!entry[i].svg)
			return complain(EXIT_RUN_FAILED, error);
		++*drawn;
	}
	return EXIT_DONE;
}

static void clear_entries(struct report_entry *entry, size_t count)
{
	for (size_t i = 0; entry && i < count; i++) {
		if (entry[i].data)
			figure_data_clear((struct figure_data *)entry[i].data);
		free((struct figure_data *)entry[i].data);
		free(entry[i].svg);
	}
	free(entry);
}

/* By way of a temporary file beside it: the page appears whole or not at all. */
static int write_page(const struct report *report, const char *path)
{
	char partial[4096];
	FILE *out;

	snprintf(partial, sizeof(partial), "%s.part-%ld", path, (long)getpid());
	out = fopen(partial, "we");
	if (!out) {
		command_complain("--out '%s': %s", path, strerror(errno));
		return EXIT_WRONG_INPUT;
	}
	if (report_write(out, report) | fclose(out) || rename(partial, path)) {
		command_complain("cannot write %s: %s", path, strerror(errno));
		unlink(partial);
		return EXIT_RUN_FAILED;
	}
	printf("%s\n", path);
	return EXIT_DONE;
}

/* What `ixlab compare` has left in the database, of its full runs or else of its quick ones. */
static int load_compared(struct compare_rows *rows, const char *name, const char *db)
{
	struct compare_options options = {.experiment = COMPARE_EXPERIMENT, .sweep = {.database = db}};
	char error[512] = "memory is short", *path = compare_default_path(name);
	int status = path ? compare_read(rows, path, error, sizeof(error)) : EXIT_RUN_FAILED;

	options.effort = MEASURE_FULL;
	if (!status)
		status = compare_load(rows, &options, error, sizeof(error));
	options.effort = MEASURE_QUICK;
	if (!status && !compare_has_values(rows))
		status = compare_load(rows, &options, error, sizeof(error));
	free(path);
	return status ? complain(status, error) : status;
}

static void add_compared(struct report *report, const struct compare_rows *rows, const struct compare_rows *orderings)
{
	if (compare_has_values(rows)) {
		report->comparison = rows->row;
		report->comparisons = rows->count;
	}
	if (compare_has_values(orderings)) {
		report->ordering = orderings->row;
		report->orderings = orderings->count;
	}
}

static int write_report(const struct report_options *options, struct store *store, const struct figure_files *files,
			const struct published *published)
{
	struct compare_rows rows = {0}, orderings = {0};
	struct report_entry *entry = calloc(files->count + 1, sizeof(*entry));
	struct report report = {
	    .version = IXLAB_VERSION,
	    .database = options->db,
	    .published = published,
	    .entry = entry,
	    .count = files->count,
	    .cores = sysconf(_SC_NPROCESSORS_ONLN),
	};
	size_t drawn = 0;
	int status = entry ? fill_entries(store, files, entry, &drawn) : complain(EXIT_RUN_FAILED, "memory is short");

	if (!status)
		status = load_compared(&rows, "published.csv", options->db);
	if (!status)
		status = load_compared(&orderings, "orderings.csv", options->db);
	add_compared(&report, &rows, &orderings);
	if (!status && !drawn && !report.comparison) {
		command_complain(
		    "%s has no data of any figure yet; 'ixlab figure --list' names the experiment files that "
		    "'ixlab run FILE --db %s' computes",
		    options->db, options->db);
		status = EXIT_WRONG_INPUT;
	}
	if (!status)
		status = write_page(&report, options->out);
	clear_entries(entry, files->count);
	compare_clear(&rows);
	compare_clear(&orderings);
	return status;
}

/* The tree's file, or the installed one. */
static int read_published(struct published *published, char *error, size_t error_size)
{
	static const char local[] = "results/published.csv", installed[] = IXLAB_SHARE "/results/published.csv";

	return published_read(published, access(local, R_OK) ? installed : local, error, error_size);
}

int cmd_report(int argc, char **argv)
{
	struct report_options options = {.db = "results.db", .out = "report.html"};
	struct figure_files files = {0};
	struct published published = {0};
	struct store *store = NULL;
	char error[512];
	int status;

	command_parse(&argp, argc, argv, &options);
	status = figure_files_find(&files, error, sizeof(error));
	if (!status)
		status = read_published(&published, error, sizeof(error));
	if (!status)
		status = store_open(&store, options.db, STORE_READ, error, sizeof(error));
	if (status) {
		command_complain("%s", error);
	} else {
		status = write_report(&options, store, &files, &published);
		store_close(store);
	}
	published_clear(&published);
	figure_files_clear(&files);
	return status;
}

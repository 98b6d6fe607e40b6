/* ixlab figure: draws figures from the store. */
#include "harness/command.h"
#include "harness/figure_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct figure_options {
	const char *id, *db, *out;
	bool list, all, svg, pdf;
};

enum { OPTION_LIST = 256, OPTION_ALL };

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct figure_options *options = state->input;

	switch (key) {
	case 'd':
		options->db = arg;
		return 0;
	case 'o':
		options->out = arg;
		return 0;
	case 'f':
		options->svg = strcmp(arg, "pdf") != 0;
		options->pdf = strcmp(arg, "svg") != 0;
		if (strcmp(arg, "svg") != 0 && strcmp(arg, "pdf") != 0 && strcmp(arg, "both") != 0)
			command_reject("--format '%s': must be svg, pdf or both", arg);
		return 0;
	case OPTION_LIST:
		options->list = true;
		return 0;
	case OPTION_ALL:
		options->all = true;
		return 0;
	case ARGP_KEY_ARG:
		if (options->id)
			return ARGP_ERR_UNKNOWN;
		options->id = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option option_table[] = {
    {"all", OPTION_ALL, NULL, 0, "Draw every figure that has data", 0},
    {"db", 'd', "FILE", 0, "Database of results (default: results.db)", 0},
    {"format", 'f', "FORMAT", 0, "svg, pdf or both (default: both)", 0},
    {"list", OPTION_LIST, NULL, 0, "List the figures and the experiment files that make their data", 0},
    {"out", 'o', "DIR", 0, "Where to write figure-ID.svg and figure-ID.pdf (default: the current directory)", 0},
    {0},
};

static const struct argp argp = {
    .options = option_table,
    .parser = parse_option,
    .args_doc = "ID\n--all\n--list",
    .doc = "Draw a figure from the results in the database, with gnuplot."
	   "\vWhat a figure shows is described in the experiment file that makes its data; these are looked for in the "
	   "folders of IXLAB_WORKLOADS (separated by colons), by default ./workloads and the installed ones.",
};

static int draw_formats(const struct figure_options *options, const struct figure *figure,
			const struct figure_data *data)
{
	static const char *const extension[] = {[FIGURE_SVG] = "svg", [FIGURE_PDF] = "pdf"};
	const bool wanted[] = {[FIGURE_SVG] = options->svg, [FIGURE_PDF] = options->pdf};
	char error[512], path[4096];

	for (int format = FIGURE_SVG; format <= FIGURE_PDF; format++) {
		if (!wanted[format])
			continue;
		snprintf(path, sizeof(path), "%s/figure-%s.%s", options->out, figure->id, extension[format]);
		if (figure_draw(figure, data, (enum figure_format)format, path, error, sizeof(error))) {
			command_complain("%s", error);
			return EXIT_RUN_FAILED;
		}
		printf("%s\n", path);
	}
	return EXIT_DONE;
}

/* Draws one figure; one without data is wrong input, unless all are drawn: then it is passed over. */
static int draw(const struct figure_options *options, struct store *store, const struct figure *figure)
{
	struct figure_data *data = calloc(1, sizeof(*data));
	char error[512] = "memory is short";
	int status = data ? figure_collect(store, figure, data, error, sizeof(error)) : EXIT_RUN_FAILED;

	if (status)
		command_complain("%s", error);
	else if (data->points)
		status = draw_formats(options, figure, data);
	else if (options->all)
		printf("figure %s: no data yet; 'ixlab run %s --db %s' makes it\n", figure->id, figure->file,
		       options->db);
	else {
		command_complain("figure %s has no data in %s yet; 'ixlab run %s --db %s' makes it", figure->id,
				 options->db, figure->file, options->db);
		status = EXIT_WRONG_INPUT;
	}
	if (data)
		figure_data_clear(data);
	free(data);
	return status;
}

static int list(const struct figure_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		printf("%-10s %-62s %s\n", files->file[i].figure.id, files->file[i].figure.title,
		       files->file[i].figure.file);
	return EXIT_DONE;
}

static int draw_chosen(const struct figure_options *options, const struct figure_files *files)
{
	const struct figure *figure = options->all ? NULL : figure_files_get(files, options->id);
	struct store *store;
	char error[512];
	int status;

	if (!options->all && !figure) {
		command_complain("'%s' is not a figure; 'ixlab figure --list' lists them", options->id);
		return EXIT_WRONG_INPUT;
	}
	/* A database that is not there yet is one without data. */
	if (figure && access(options->db, F_OK) && errno == ENOENT) {
		command_complain("figure %s has no data: there is no %s yet; 'ixlab run %s --db %s' makes it",
				 figure->id, options->db, figure->file, options->db);
		return EXIT_WRONG_INPUT;
	}
	if (mkdir(options->out, 0777) && errno != EEXIST) {
		command_complain("--out '%s': %s", options->out, strerror(errno));
		return EXIT_WRONG_INPUT;
	}
	status = store_open(&store, options->db, STORE_READ, error, sizeof(error));
	if (status) {
		command_complain("%s", error);
		return status;
	}
	if (figure)
		status = draw(options, store, figure);
	for (size_t i = 0; options->all && !status && i < files->count; i++)
		status = draw(options, store, &files->file[i].figure);
	store_close(store);
	return status;
}

int cmd_figure(int argc, char **argv)
{
	struct figure_options options = {.db = "results.db", .out = ".", .svg = true, .pdf = true};
	struct figure_files files;
	char error[512];
	int status;

	command_parse(&argp, argc, argv, &options);
	if (!options.id + !options.all + !options.list != 2)
		command_reject("one of a figure's ID, --all and --list is needed");
	status = figure_files_find(&files, error, sizeof(error));
	if (status)
		command_complain("%s", error);
	else
		status = options.list ? list(&files) : draw_chosen(&options, &files);
	figure_files_clear(&files);
	return status;
}

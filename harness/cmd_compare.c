/* ixlab compare: every published figure beside its simulated value. */
#include "harness/command.h"
#include "harness/compare.h"
#include "harness/options.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct compare_input {
	struct compare_options options;
	const char *published;
	bool json;
};

enum { KEY_JSON = 1 << 8, KEY_QUICK, KEY_DB, KEY_PUBLISHED, KEY_COSTS, KEY_FRESH, KEY_QUIET };

static const struct argp_option options[] = {
    {"json", KEY_JSON, NULL, 0, "Print one JSON object", 0},
    {"quick", KEY_QUICK, NULL, 0, "Short runs, for a first look", 0},
    {"jobs", 'j', "N", 0, "Worker processes; default: one per core", 0},
    {"db", KEY_DB, "FILE", 0, "Database to keep values in; default: results.db", 0},
    {"published", KEY_PUBLISHED, "FILE", 0, "Figures to compare with; default: results/published.csv", 0},
    {"costs", KEY_COSTS, "NAME=FILE", 0,
     "Use this cost file for NAME: ix (for zygos, too), linux, mtcp or memcached; may be given several times", 0},
    {"fresh", KEY_FRESH, NULL, 0, "Forget the values kept and measure all again", 0},
    {"quiet", KEY_QUIET, NULL, 0, "No progress", 0},
    {0},
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
	struct compare_input *input = state->input;

	switch (key) {
	case KEY_JSON:
		input->json = true;
		return 0;
	case KEY_QUICK:
		input->options.effort = MEASURE_QUICK;
		return 0;
	case 'j':
		input->options.sweep.workers = command_jobs(value);
		return 0;
	case KEY_DB:
		input->options.sweep.database = value;
		return 0;
	case KEY_PUBLISHED:
		input->published = value;
		return 0;
	case KEY_COSTS:
		compare_set_costs(input->options.costs, value);
		return 0;
	case KEY_FRESH:
		input->options.sweep.fresh = true;
		return 0;
	case KEY_QUIET:
		input->options.sweep.quiet = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
    .options = options,
    .parser = parse_option,
    .doc =
	"Measure every published figure of results/published.csv in the simulator, and print published and simulated "
	"value side by side, and whether the orderings stated in the thesis (results/orderings.csv) hold.\v"
	"Values are kept in the database, so a rerun computes only what is missing or whose cost files have changed. "
	"'fitted' rows may have set parameters of the cost files (ixlab calibrate); 'predict' rows never. A star marks "
	"what is off by more than 15%.",
};

static void print_count(const char *name, const struct comparison_count *count)
{
	printf("%s: %u of %u predictions within 15%%", name, count->near, count->simulated);
	if (count->simulated < count->rows)
		printf(" (%u more have no value)", count->rows - count->simulated);
	putchar('\n');
}

static void print_text(const struct compare_rows *rows, const struct compare_rows *orderings)
{
	static const struct {
		const char *name, *section;
	} parts[] = {{"section 3", "3"}, {"section 2.5", "2.5"}, {"all", NULL}};
	unsigned held = 0, known = 0;

	comparison_print(stdout, rows->row, rows->count);
	if (orderings->count)
		putchar('\n');
	if (orderings->count)
		comparison_print(stdout, orderings->row, orderings->count);
	putchar('\n');
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct comparison_count count = comparison_count(rows->row, rows->count, parts[i].section);

		print_count(parts[i].name, &count);
	}
	for (size_t i = 0; i < orderings->count; i++) {
		known += comparison_has_value(&orderings->row[i]);
		held += comparison_holds(&orderings->row[i]);
	}
	if (orderings->count)
		printf("orderings: %u of %u hold\n", held, known);
}

static json_t *array_of(const struct compare_rows *rows)
{
	json_t *array = json_array();

	for (size_t i = 0; i < rows->count; i++)
		json_array_append_new(array, comparison_json(&rows->row[i]));
	return array;
}

static int print_json(const struct compare_rows *rows, const struct compare_rows *orderings)
{
	json_t *out = json_pack("{soso}", "rows", array_of(rows), "orderings", array_of(orderings));
	int status = options_print_json(out);

	json_decref(out);
	return status;
}

static int compare(const struct compare_input *input, struct compare_rows *rows, struct compare_rows *orderings)
{
	struct compare_rows *const files[] = {rows, orderings};
	char error[512];
	/* Where some rows have failed, the others are still shown. */
	int measured = compare_measure(files, 2, &input->options), status = 0;

	if (measured == EXIT_WRONG_INPUT || command_interrupted())
		return measured;
	for (size_t f = 0; !status && f < 2; f++)
		status = compare_load(files[f], &input->options, error, sizeof(error));
	if (status) {
		command_complain("%s", error);
		return status;
	}
	if (!input->json)
		print_text(rows, orderings);
	else if (print_json(rows, orderings))
		return EXIT_RUN_FAILED;
	return measured;
}

int cmd_compare(int argc, char **argv)
{
	struct compare_input input = {.options = {.experiment = COMPARE_EXPERIMENT,
						  .effort = MEASURE_FULL,
						  .sweep = {.database = "results.db",
							    .workers = command_jobs(NULL),
							    .shard = 1,
							    .shards = 1,
							    .silent = true,
							    .interrupted = command_interrupted}}};
	struct compare_rows rows = {0}, orderings = {0};
	char *published = compare_default_path("published.csv"), *stated = compare_default_path("orderings.csv");
	char error[512] = "memory is short";
	int status;

	command_parse(&argp, argc, argv, &input);
	status = !published || !stated;
	if (!status)
		status = compare_read(&rows, input.published ? input.published : published, error, sizeof(error));
	/* The orderings belong to the published figures, not to a user's. */
	if (!status && !input.published)
		status = compare_read(&orderings, stated, error, sizeof(error));
	if (status)
		command_complain("%s", error);
	command_catch_interrupts();
	if (!status)
		status = compare(&input, &rows, &orderings);
	compare_clear(&rows);
	compare_clear(&orderings);
	free(published);
	free(stated);
	return status;
}

/* ixlab merge: joins databases, as those of shards. */
#include "harness/command.h"

#include "analysis/store.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct merge_input {
	const char *into;
	char **from;
	size_t from_count;
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
	struct merge_input *input = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (!input->into)
			input->into = value;
		else
			input->from[input->from_count++] = value;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
    .parser = parse_option,
    .args_doc = "INTO.db FROM.db...",
    .doc = "Add the runs of databases to another, as after `ixlab run --shard'.\v"
	   "INTO.db is created if it does not exist. Runs that are there already are left as they are.",
};

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static void check_files(const struct merge_input *input)
{
	for (size_t i = 0; i < input->from_count; i++) {
		if (access(input->from[i], R_OK))
			command_reject("%s: %m", input->from[i]);
		if (same_file(input->into, input->from[i]))
			command_reject("%s: cannot be merged into itself", input->from[i]);
	}
}

static int merge_all(const struct merge_input *input, struct store *store)
{
	char error[512];

	for (size_t i = 0; i < input->from_count; i++) {
		unsigned added = 0, present = 0;
		int status = store_merge(store, input->from[i], &added, &present, error, sizeof(error));

		if (status) {
			command_complain("%s", error);
			return status;
		}
		printf("%s: %u runs added, %u were there\n", input->from[i], added, present);
	}
	return EXIT_DONE;
}

int cmd_merge(int argc, char **argv)
{
	struct merge_input input = {.from = calloc((size_t)argc, sizeof(char *))};
	struct store *store;
	char error[512];
	int status;

	if (!input.from) {
		command_complain("memory is short");
		return EXIT_RUN_FAILED;
	}
	command_parse(&argp, argc, argv, &input);
	if (input.from_count == 0)
		command_reject("two databases or more are needed: INTO.db FROM.db...");
	check_files(&input);
	status = store_open(&store, input.into, STORE_WRITE, error, sizeof(error));
	if (status) {
		command_complain("%s", error);
	} else {
		status = merge_all(&input, store);
		store_close(store);
	}
	free(input.from);
	return status;
}

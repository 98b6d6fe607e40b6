/* ixlab run: computes an experiment file's points, in parallel, into the database. */
#include "harness/command.h"
#include "harness/pool_remote.h"
#include "harness/sweep.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHARDS_MAX 100000
#define FILES_MAX  256

enum { KEY_DB = 1 << 8, KEY_FRESH, KEY_DRY_RUN, KEY_SHARD, KEY_SEED, KEY_REPLICATIONS, KEY_QUIET, KEY_QUICK };

static const struct argp_option options[] = {
    {"jobs", 'j', "N", 0, "Worker processes; default: one per core", 0},
    {"db", KEY_DB, "FILE", 0, "Database to add to; default: results.db", 0},
    {"fresh", KEY_FRESH, NULL, 0, "Forget what is stored of this experiment and start over", 0},
    {"dry-run", KEY_DRY_RUN, NULL, 0, "Check the file and print the runs to be computed; change nothing", 0},
    {"shard", KEY_SHARD, "I/N", 0, "Compute only the I-th of N parts (from 1); `ixlab merge` joins their databases", 0},
    {"seed", KEY_SEED, "S", 0, "Use this seed instead of the file's", 0},
    {"replications", KEY_REPLICATIONS, "R", 0, "Compute this many replications instead of the file's", 0},
    {"quick", KEY_QUICK, NULL, 0,
     "Compute what the file's group `quick` says, for a first look; stored beside the full results", 0},
    {"quiet", KEY_QUIET, NULL, 0, "No progress", 0},
    {0},
};

struct run_input {
	const char *file[FILES_MAX];
	size_t files;
	struct sweep_options sweep;
	bool jobs_given, seed_given, quick;
	uint64_t seed;
	unsigned replications; /* 0: the file's */
};

static void parse_shard(struct sweep_options *sweep, const char *text)
{
	char after;

	if (strspn(text, "0123456789/") != strlen(text) ||
	    sscanf(text, "%6u/%6u%c", &sweep->shard, &sweep->shards, &after) != 2 || sweep->shard < 1 ||
	    sweep->shards < sweep->shard || sweep->shards > SHARDS_MAX)
		command_reject("option '--shard': '%s': must be I/N with 1 <= I <= N <= %d, as in 2/4", text,
			       SHARDS_MAX);
}

static error_t parse_option(int key, char *value, struct argp_state *state)
{
	struct run_input *input = state->input;

	switch (key) {
	case 'j':
		input->sweep.workers = command_jobs(value);
		input->jobs_given = true;
		return 0;
	case KEY_DB:
		input->sweep.database = value;
		return 0;
	case KEY_FRESH:
		input->sweep.fresh = true;
		return 0;
	case KEY_DRY_RUN:
		input->sweep.dry_run = true;
		return 0;
	case KEY_SHARD:
		parse_shard(&input->sweep, value);
		return 0;
	case KEY_SEED:
		input->seed = command_number("--seed", value, 0, INT64_MAX);
		input->seed_given = true;
		return 0;
	case KEY_REPLICATIONS:
		input->replications = (unsigned)command_number("--replications", value, 1, EXPERIMENT_REPLICATIONS_MAX);
		return 0;
	case KEY_QUIET:
		input->sweep.quiet = true;
		return 0;
	case KEY_QUICK:
		input->quick = true;
		return 0;
	case ARGP_KEY_ARG:
		if (input->files == FILES_MAX)
			command_reject("'%s': more than %d files", value, FILES_MAX);
		input->file[input->files++] = value;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
    .options = options,
    .parser = parse_option,
    .args_doc = "FILE.cfg...",
    .doc =
	"Compute the points of experiment files into a database, in parallel.\v"
	"Each finished point is stored at once. A rerun computes what is missing, so an interrupted run is continued "
	"by "
	"the same command, and more replications extend what is there. Results do not depend on the number of workers, "
	"shards or ranks.\n\n"
	"Under mpirun (Open MPI), as in `mpirun -n 4 ixlab run FILE.cfg', the points are spread over the ranks, each "
	"computing one at a time; rank 0 alone reads the file and writes the database.\n\n"
	"The experiment file is described in workloads/README.md.",
};

static int read_experiment(const struct run_input *input, size_t i, struct experiment *experiment)
{
	char error[1024] = "";
	int status = input->quick ? experiment_read_quick(experiment, input->file[i], error, sizeof(error))
				  : experiment_read_file(experiment, input->file[i], error, sizeof(error));

	if (status)
		command_complain("%s", error);
	if (input->seed_given)
		experiment->seed = input->seed;
	if (input->replications > 0)
		experiment->replications = input->replications;
	return status;
}

/* All files are checked before anything is computed. */
static int check_files(const struct run_input *input)
{
	int status = 0;

	for (size_t i = 0; !status && i < input->files; i++) {
		struct experiment experiment;

		status = read_experiment(input, i, &experiment);
		experiment_clear(&experiment);
	}
	return status;
}

/* On rank 0, or outside an MPI job. */
static int run(struct run_input *input, struct pool_remote *remote)
{
	char error[1024] = "";
	int status = check_files(input);

	if (status)
		return status;
	if (!input->sweep.dry_run)
		status = pool_remote_open(remote, error, sizeof(error));
	if (status)
		command_complain("%s", error);
	input->sweep.remote = remote->fd;
	input->sweep.remote_count = remote->count;
	command_catch_interrupts();
	input->sweep.interrupted = command_interrupted;
	for (size_t i = 0; !status && i < input->files; i++) {
		struct experiment experiment;

		status = read_experiment(input, i, &experiment);
		if (!status)
			status = sweep_run(&experiment, &input->sweep);
		experiment_clear(&experiment);
	}
	return status;
}

static int run_on_other_rank(const struct run_input *input)
{
	char error[1024] = "";
	int status = input->sweep.dry_run ? 0 : pool_remote_serve(pool_compute_point, error, sizeof(error));

	if (status)
		command_complain("rank %u: %s", pool_remote_rank(), error);
	return status;
}

int cmd_run(int argc, char **argv)
{
	struct run_input input = {
	    .sweep = {.database = "results.db", .workers = command_jobs(NULL), .shard = 1, .shards = 1}};
	struct pool_remote remote = {0};
	int status;

	command_parse(&argp, argc, argv, &input);
	if (!input.files)
		command_reject("an experiment file is needed, as in `ixlab run workloads/fig-3.2.cfg'");
	if (pool_remote_size() > 1) {
		if (input.jobs_given)
			command_reject("option '-j': not under mpirun, where each rank computes one point at a time");
		input.sweep.workers = 1;
	}
	if (pool_remote_rank() > 0)
		return run_on_other_rank(&input);
	status = run(&input, &remote);
	if (pool_remote_close(&remote) && !status) {
		command_complain("the connection between the ranks failed");
		status = EXIT_RUN_FAILED;
	}
	return status;
}

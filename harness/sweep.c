#include "harness/sweep.h"
#include "harness/command.h"
#include "harness/progress.h"
#include "version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct sweep {
	const struct experiment *experiment;
	const struct sweep_options *options;
	struct store *store;
	struct sweep_plan plan;
	struct progress progress;
	size_t planned, stored, given_up, capped;
	bool store_failed;
	char error[512];
};

static const char *params_of(const struct sweep *s, size_t task)
{
	return s->experiment->point[s->plan.run[task].point].text;
}

static bool stopped_at_cap(const struct point_result *result)
{
	const struct metric *capped = point_metric(result, "capped");

	return capped && capped->value > 0;
}

static int store_result(void *context, size_t task, const struct point_result *result)
{
	struct sweep *s = context;
	const struct sweep_run *run = &s->plan.run[task];
	struct run_row row = {
	    .experiment = s->experiment->name,
	    .kind = s->experiment->point[run->point].kind->name,
	    .params = params_of(s, task),
	    .seed = s->experiment->seed,
	    .replication = run->replication,
	    .version = IXLAB_VERSION,
	    .config_hash = s->experiment->hash,
	    .wall_s = result->wall_s,
	    .metrics = result->metric,
	    .metric_count = result->metric_count,
	    .histogram = result->histogram,
	    .histogram_size = result->histogram_size,
	};

	if (store_put(s->store, &row, s->error, sizeof(s->error))) {
		s->store_failed = true;
		return 1;
	}
	s->stored++;
	s->capped += stopped_at_cap(result);
	progress_step(&s->progress, run->weight);
	return 0;
}

static void report_loss(void *context, size_t task, enum pool_loss loss, const char *reason)
{
	struct sweep *s = context;

	progress_hide(&s->progress);
	command_complain("%s: %s replication %u: %s; %s", s->experiment->name, params_of(s, task),
			 s->plan.run[task].replication, reason,
			 loss == POOL_RETRIED ? "trying it once more" : "given up");
	if (loss == POOL_GIVEN_UP) {
		s->given_up++;
		progress_step(&s->progress, s->plan.run[task].weight);
	}
}

/* Says so when the rows present come from another version of this program. 0, or what store_provenance() returns. */
static int report_versions(struct sweep *s)
{
	struct store_provenance from;
	int status = store_provenance(s->store, s->experiment->name, &from, s->error, sizeof(s->error));

	if (!status && from.versions[0] && strcmp(from.versions, IXLAB_VERSION) != 0)
		command_complain(
		    "%s: note: runs in %s were computed by version %s, this is %s; --fresh recomputes them",
		    s->experiment->name, s->options->database, from.versions, IXLAB_VERSION);
	return status;
}

/* Opens the database and leaves in the plan what it does not have. Returns the exit code so far. */
static int prepare(struct sweep *s)
{
	const struct sweep_options *o = s->options;
	enum store_mode mode = o->dry_run ? STORE_READ : STORE_WRITE;
	int status = 0;

	if (sweep_plan_make(&s->plan, s->experiment, o->shard, o->shards)) {
		snprintf(s->error, sizeof(s->error), "memory is short");
		return EXIT_RUN_FAILED;
	}
	s->planned = s->plan.count;
	if (o->dry_run && (o->fresh || access(o->database, F_OK)))
		return 0; /* nothing is there, or nothing of it counts */
	status = store_open(&s->store, o->database, mode, s->error, sizeof(s->error));
	if (!status && o->fresh)
		status = store_forget(s->store, s->experiment->name, s->error, sizeof(s->error));
	if (!status)
		status = sweep_plan_skip_stored(&s->plan, s->experiment, s->store, s->error, sizeof(s->error));
	if (!status && s->plan.count < s->planned)
		status = report_versions(s);
	return status;
}

static struct pool_task *make_tasks(const struct sweep *s)
{
	struct pool_task *tasks = calloc(s->plan.count + 1, sizeof(*tasks));

	for (size_t i = 0; tasks && i < s->plan.count; i++)
		tasks[i] = (struct pool_task){s->experiment->point[s->plan.run[i].point].kind->name, params_of(s, i),
					      s->experiment->seed, s->plan.run[i].replication};
	return tasks;
}

static enum pool_end compute(struct sweep *s)
{
	struct pool_task *tasks = make_tasks(s);
	unsigned workers = s->options->workers;
	struct pool_job job = {
	    .task = tasks,
	    .task_count = s->plan.count,
	    .workers = workers < s->plan.count ? workers : (unsigned)s->plan.count,
	    .remote = s->options->remote,
	    .remote_count = s->options->remote_count,
	    .compute = pool_compute_point,
	    .finished = store_result,
	    .lost = report_loss,
	    .interrupted = s->options->interrupted,
	    .context = s,
	};
	enum pool_end end = POOL_NO_WORKERS;
	double weight = 0;

	for (size_t i = 0; i < s->plan.count; i++)
		weight += s->plan.run[i].weight;
	progress_start(&s->progress, s->options->quiet ? NULL : stderr, s->experiment->name, s->plan.count, weight);
	if (tasks)
		end = pool_run(&job, s->error, sizeof(s->error));
	else
		snprintf(s->error, sizeof(s->error), "memory is short");
	progress_hide(&s->progress);
	free(tasks);
	return end;
}

static int finish(const struct sweep *s, enum pool_end end)
{
	const char *name = s->experiment->name, *database = s->options->database;
	size_t there = s->planned - s->plan.count + s->stored;

	if (end != POOL_ALL_DONE) {
		command_complain("%s%s%s: %zu of %zu runs are in %s; run the same command again to continue", name,
				 s->error[0] ? ": " : ": interrupted", s->error, there, s->planned, database);
		return EXIT_RUN_FAILED;
	}
	if (s->options->silent)
		return s->given_up > 0 ? EXIT_RUN_FAILED : EXIT_DONE;
	printf("%s: %zu runs: %zu computed, %zu were there", name, s->planned, s->stored, s->planned - s->plan.count);
	if (s->given_up > 0)
		printf(", %zu failed", s->given_up);
	if (s->capped > 0)
		printf("; %zu stopped at their cap", s->capped);
	printf("; %s\n", database);
	return s->given_up > 0 ? EXIT_RUN_FAILED : EXIT_DONE;
}

static int print_plan(const struct sweep *s)
{
	for (size_t i = 0; i < s->plan.count; i++)
		printf("%s replication %u\n", params_of(s, i), s->plan.run[i].replication);
	printf("%s: %zu runs: %zu to compute, %zu are there; %s\n", s->experiment->name, s->planned, s->plan.count,
	       s->planned - s->plan.count, s->options->database);
	return EXIT_DONE;
}

int sweep_run(const struct experiment *experiment, const struct sweep_options *options)
{
	struct sweep s = {.experiment = experiment, .options = options};
	int status = prepare(&s);

	if (status)
		command_complain("%s", s.error);
	else if (options->dry_run)
		status = print_plan(&s);
	else
		status = finish(&s, compute(&s));
	if (s.store)
		store_close(s.store);
	sweep_plan_clear(&s.plan);
	return status;
}

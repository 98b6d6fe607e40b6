#include "harness/sweep.h"

#include <stdio.h>
#include <stdlib.h>

/* Near saturation, the time to reach a given precision grows as the queue relaxes, ever more slowly with the load. */
static double run_weight(const json_t *params)
{
	double load = json_number_value(json_object_get(params, "load"));

	return load > 0 && load < 0.999 ? 1 / (1 - load) : 1;
}

static int compare_runs(const void *a, const void *b)
{
	const struct sweep_run *x = a, *y = b;

	if (x->replication != y->replication)
		return x->replication < y->replication ? -1 : 1;
	if (x->weight > y->weight || x->weight < y->weight)
		return x->weight > y->weight ? -1 : 1;
	return x->point < y->point ? -1 : x->point > y->point;
}

int sweep_plan_make(struct sweep_plan *plan, const struct experiment *experiment, unsigned shard, unsigned shards)
{
	size_t all = experiment->point_count * experiment->replications, kept = 0;

	*plan = (struct sweep_plan){.run = calloc(all + 1, sizeof(*plan->run))};
	if (!plan->run)
		return 1;
	for (size_t i = 0; i < experiment->point_count; i++)
		for (unsigned r = 0; r < experiment->replications; r++)
			plan->run[plan->count++] = (struct sweep_run){i, r, run_weight(experiment->point[i].params)};
	qsort(plan->run, plan->count, sizeof(*plan->run), compare_runs);
	/* Dealt like cards, so that every shard gets its share of the long ones. */
	for (size_t i = shard - 1; i < plan->count; i += shards)
		plan->run[kept++] = plan->run[i];
	plan->count = kept;
	return 0;
}

int sweep_plan_skip_stored(struct sweep_plan *plan, const struct experiment *experiment, struct store *store,
			   char *error, size_t error_size)
{
	size_t kept = 0;

	for (size_t i = 0; i < plan->count; i++) {
		const struct sweep_run *run = &plan->run[i];
		int has = store_has(store, experiment->name, experiment->point[run->point].text, experiment->seed,
				    run->replication, error, error_size);

		if (has < 0)
			return 1;
		if (!has)
			plan->run[kept++] = *run;
	}
	plan->count = kept;
	return 0;
}

void sweep_plan_clear(struct sweep_plan *plan)
{
	free(plan->run);
	*plan = (struct sweep_plan){0};
}

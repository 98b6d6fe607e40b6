/* Plans of sweeps: their order, and how they are divided among shards. */
#include "harness/sweep.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char text[] = "experiment = \"e\"; kind = \"queue\"; replications = 3;\n"
			   "parameters = { model = \"centralized-fcfs\"; service = \"exp\"; };\n"
			   "sweep = { servers = [1, 2]; load = { from = 0.1; to = 0.9; step = 0.1; }; };";

static int read_experiment(void **state)
{
	static struct experiment e;
	char error[256];

	*state = &e;
	return experiment_read_text(&e, text, "FILE", error, sizeof(error));
}

static int clear_experiment(void **state)
{
	experiment_clear(*state);
	return 0;
}

static double load_of(const struct experiment *e, const struct sweep_run *run)
{
	return json_real_value(json_object_get(e->point[run->point].params, "load"));
}

static void test_long_runs_come_first(void **state)
{
	const struct experiment *e = *state;
	struct sweep_plan plan;

	assert_int_equal(sweep_plan_make(&plan, e, 1, 1), 0);
	assert_int_equal(plan.count, 54);
	for (size_t i = 1; i < plan.count; i++) {
		const struct sweep_run *before = &plan.run[i - 1], *run = &plan.run[i];

		assert_true(before->replication <= run->replication);
		if (before->replication == run->replication)
			assert_true(load_of(e, before) >= load_of(e, run));
	}
	sweep_plan_clear(&plan);
}

static void test_shards_are_a_partition(void **state)
{
	const struct experiment *e = *state;

	for (unsigned shards = 1; shards <= 60; shards += 7) {
		unsigned times[18][3] = {{0}};
		double least = INFINITY, most = 0;

		for (unsigned shard = 1; shard <= shards; shard++) {
			struct sweep_plan plan;
			double weight = 0;

			assert_int_equal(sweep_plan_make(&plan, e, shard, shards), 0);
			for (size_t i = 0; i < plan.count; i++) {
				times[plan.run[i].point][plan.run[i].replication]++;
				weight += plan.run[i].weight;
			}
			least = weight < least ? weight : least;
			most = weight > most ? weight : most;
			sweep_plan_clear(&plan);
		}
		for (size_t i = 0; i < 54; i++)
			assert_int_equal(times[i / 3][i % 3], 1);
		assert_true(most - least <= 3 * 10.0 + 1e-9); /* a longest run per replication */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_long_runs_come_first, read_experiment, clear_experiment),
	    cmocka_unit_test_setup_teardown(test_shards_are_a_partition, read_experiment, clear_experiment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

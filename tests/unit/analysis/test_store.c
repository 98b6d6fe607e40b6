#include "models/rng.h"
#include "tests/unit/analysis/store_fixture.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PARAMS "{\"confidence\":0.9,\"load\":0.5}"

/* A run of the experiment "e" with one metric and no histogram. */
static int put_metric(struct store_fixture *f, struct store *store, unsigned replication, struct metric metric)
{
	struct run_row row = {"e", "queue", PARAMS, 1, replication, "v", "h", 0, &metric, 1, NULL, 0};

	return store_put(store, &row, f->error, sizeof(f->error));
}

struct seen {
	unsigned points;
	char order[400];
	struct point_summary last;
	struct metric metric[8];
};

static void see(const struct point_summary *summary, void *context)
{
	struct seen *seen = context;
	size_t used = strlen(seen->order);

	seen->points++;
	seen->last = *summary;
	assert_in_range(summary->metric_count, 0, 8);
	memcpy(seen->metric, summary->metrics, summary->metric_count * sizeof(struct metric));
	snprintf(seen->order + used, sizeof(seen->order) - used, "%s %s\n", summary->experiment,
		 strstr(summary->params, "load"));
}

static struct seen look(struct store_fixture *f, struct store *store, const char *experiment)
{
	struct seen seen = {0};

	assert_int_equal(store_each_point(store, experiment, see, &seen, f->error, sizeof(f->error)), 0);
	return seen;
}

static void test_has_what_was_put(void **state)
{
	struct store_fixture *f = *state;
	struct store *store = store_fixture_open(f, "a.db", STORE_WRITE);

	assert_int_equal(store_has(store, "e", PARAMS, 1, 0, f->error, sizeof(f->error)), 0);
	assert_int_equal(put_metric(f, store, 0, (struct metric){"x", 1, NAN, NAN, NAN, 0}), 0);
	assert_int_equal(store_has(store, "e", PARAMS, 1, 0, f->error, sizeof(f->error)), 1);
	assert_int_equal(store_has(store, "e", PARAMS, 1, 1, f->error, sizeof(f->error)), 0);
	assert_int_equal(store_has(store, "e", PARAMS, 2, 0, f->error, sizeof(f->error)), 0);
	assert_int_equal(store_has(store, "e", "{}", 1, 0, f->error, sizeof(f->error)), 0);
	assert_int_equal(store_has(store, "f", PARAMS, 1, 0, f->error, sizeof(f->error)), 0);
	store_close(store);
	store = store_fixture_open(f, "a.db", STORE_READ);
	assert_int_equal(store_has(store, "e", PARAMS, 1, 0, f->error, sizeof(f->error)), 1);
	store_close(store);
}

static void test_second_put_changes_nothing(void **state)
{
	struct store_fixture *f = *state;
	struct store *store = store_fixture_open(f, "a.db", STORE_WRITE);
	struct seen seen;

	assert_int_equal(put_metric(f, store, 0, (struct metric){"x", 1, NAN, NAN, NAN, 0}), 0);
	assert_int_equal(put_metric(f, store, 0, (struct metric){"x", 2, NAN, NAN, NAN, 0}), 0);
	seen = look(f, store, NULL);
	assert_int_equal(seen.points, 1);
	assert_int_equal(seen.last.replications, 1);
	assert_true(seen.metric[0].value == 1);
	store_close(store);
}

static void test_numbers_come_back_as_they_were(void **state)
{
	static const double numbers[] = {0.1 + 0.2, 1e-300, 5e-324, 1.7976931348623157e308, INFINITY, -0.75, 0};
	struct store_fixture *f = *state;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct store *store = store_fixture_open(f, "a.db", STORE_WRITE);
		struct seen seen;

		assert_int_equal(store_forget(store, "e", f->error, sizeof(f->error)), 0);
		assert_int_equal(put_metric(f, store, 3, (struct metric){"x", numbers[i], NAN, numbers[i], 2, 31.5}),
				 0);
		seen = look(f, store, "e");
		assert_true(seen.metric[0].value == numbers[i] && seen.metric[0].high == numbers[i]);
		assert_true(isnan(seen.metric[0].low));
		assert_true(seen.metric[0].std_error == 2 && seen.metric[0].dof == 31.5);
		store_close(store);
	}
}

static void test_points_come_in_order(void **state)
{
	struct store_fixture *f = *state;
	struct store *store = store_fixture_open(f, "a.db", STORE_WRITE);
	struct seen seen;

	assert_int_equal(store_fixture_put(f, store, "b", 0.5, 0), 0);
	assert_int_equal(store_fixture_put(f, store, "a", 0.7, 1), 0);
	assert_int_equal(store_fixture_put(f, store, "a", 0.25, 0), 0);
	assert_int_equal(store_fixture_put(f, store, "a", 0.7, 0), 0);
	seen = look(f, store, NULL);
	assert_int_equal(seen.points, 3);
	assert_true(strncmp(seen.order, "a load\":0.25", 12) == 0);
	assert_non_null(strstr(seen.order, "\na load\":0.7"));
	assert_non_null(strstr(seen.order, "\nb load\":0.5"));
	assert_int_equal(look(f, store, "a").points, 2);
	assert_int_equal(look(f, store, "a").last.replications, 2);
	assert_int_equal(look(f, store, "none").points, 0);
	store_close(store);
}

static void test_forget_leaves_the_others(void **state)
{
	struct store_fixture *f = *state;
	struct store *store = store_fixture_open(f, "a.db", STORE_WRITE),
		     *never = store_fixture_open(f, "b.db", STORE_WRITE);

	assert_int_equal(store_fixture_put(f, store, "gone", 0.5, 0), 0);
	assert_int_equal(store_fixture_put(f, store, "gone", 0.5, 1), 0);
	assert_int_equal(store_fixture_put(f, store, "stays", 0.5, 0), 0);
	assert_int_equal(store_fixture_put(f, never, "stays", 0.5, 0), 0);
	assert_int_equal(store_forget(store, "gone", f->error, sizeof(f->error)), 0);
	store_close(store);
	store_close(never);
	store_fixture_assert_same(f, "a.db", "b.db");
}

enum { LOADS = 6, REPLICATIONS = 4, RUNS = LOADS * REPLICATIONS };

static int put_nth(struct store_fixture *f, struct store *store, unsigned n)
{
	return store_fixture_put(f, store, "e", 0.1 * (1 + n % LOADS), n / LOADS);
}

static void put_all(struct store_fixture *f, const char *name)
{
	struct store *store = store_fixture_open(f, name, STORE_WRITE);

	for (unsigned i = 0; i < RUNS; i++)
		assert_int_equal(put_nth(f, store, i), 0);
	store_close(store);
}

static void test_order_of_completion_does_not_show(void **state)
{
	struct store_fixture *f = *state;
	struct rng rng;

	rng_init(&rng, 5, RNG_ASSIGNMENT, 0);
	put_all(f, "in_order.db");
	for (int round = 0; round < 5; round++) {
		unsigned order[RUNS] = {0};
		struct store *store;

		unlink(store_fixture_path(f, "shuffled.db"));
		store = store_fixture_open(f, "shuffled.db", STORE_WRITE);
		for (unsigned i = 0; i < RUNS; i++) {
			unsigned k = rng_below(&rng, i + 1);

			order[i] = order[k];
			order[k] = i;
		}
		for (unsigned i = 0; i < RUNS; i++)
			assert_int_equal(put_nth(f, store, order[i]), 0);
		store_close(store);
		store_fixture_assert_same(f, "in_order.db", "shuffled.db");
	}
}

static void test_shards_merge_to_the_whole(void **state)
{
	struct store_fixture *f = *state;
	struct store *shard[2] = {store_fixture_open(f, "0.db", STORE_WRITE),
				  store_fixture_open(f, "1.db", STORE_WRITE)},
		     *into;
	unsigned added, present;

	put_all(f, "whole.db");
	for (unsigned i = 0; i < RUNS; i++)
		assert_int_equal(put_nth(f, shard[i % 5 < 2], i), 0);
	assert_int_equal(put_nth(f, shard[0], 1), 0); /* one run in both */
	store_close(shard[0]);
	store_close(shard[1]);

	into = store_fixture_open(f, "into.db", STORE_WRITE);
	assert_int_equal(store_merge(into, store_fixture_path(f, "1.db"), &added, &present, f->error, 512), 0);
	assert_int_equal(present, 0);
	assert_int_equal(store_fixture_ask(f, "1.db", "SELECT count(*) FROM run"), added);
	assert_int_equal(store_merge(into, store_fixture_path(f, "0.db"), &added, &present, f->error, 512), 0);
	assert_int_equal(present, 1);
	store_fixture_assert_same(f, "whole.db", "into.db");
	/* Once more changes nothing. */
	assert_int_equal(store_merge(into, store_fixture_path(f, "0.db"), &added, &present, f->error, 512), 0);
	assert_int_equal(added, 0);
	assert_int_equal(store_fixture_ask(f, "0.db", "SELECT count(*) FROM run"), present);
	store_close(into);
	store_fixture_assert_same(f, "whole.db", "into.db");
}

static void test_merge_refuses_other_results_for_the_same_run(void **state)
{
	struct store_fixture *f = *state;
	struct store *store;
	unsigned added, present;

	put_all(f, "kept.db");
	put_all(f, "untouched.db");
	put_all(f, "other.db");
	store = store_fixture_open(f, "other.db", STORE_WRITE);
	assert_int_equal(store_fixture_put(f, store, "new", 0.5, 0), 0);
	store_close(store);
	store_fixture_do(f, "other.db",
			 "UPDATE metric SET value = value * 1.0001 WHERE name = 'mean' AND replication = 2"
			 " AND params LIKE '%0.3%'");

	store = store_fixture_open(f, "kept.db", STORE_WRITE);
	assert_int_equal(store_merge(store, store_fixture_path(f, "other.db"), &added, &present, f->error, 512), 2);
	assert_non_null(strstr(f->error, "differ"));
	assert_non_null(strstr(f->error, "replication 2"));
	assert_null(strchr(f->error, '\n'));
	assert_int_equal(added + present, 0);
	/* It is as usable as before. */
	assert_int_equal(store_has(store, "new", "{}", 7, 0, f->error, sizeof(f->error)), 0);
	store_close(store);
	store_fixture_assert_same(f, "untouched.db", "kept.db");
}

static const struct metric *named(const struct seen *seen, const char *name, const char *const *names)
{
	for (size_t i = 0; names[i]; i++)
		if (!strcmp(names[i], name))
			return &seen->metric[i];
	fail_msg("no metric %s", name);
	return NULL;
}

/* The summary's latencies come from the merged histogram, and its error from the weighted errors of the parts. */
static void test_replications_pool(void **state)
{
	static const char *const names[] = {"mean", "p99", "simulated", "throughput", NULL};
	struct store_fixture *f = *state;
	struct store *store = store_fixture_open(f, "a.db", STORE_WRITE);
	double variance = 0, quartic = 0, weight[3] = {2000, 1900, 1800}, dof, t;
	struct histogram *merged = histogram_create(), *one = histogram_create();
	const struct metric *m;
	struct seen seen;

	assert_non_null(merged);
	assert_non_null(one);
	for (unsigned r = 0; r < 3; r++) {
		struct rng rng;
		double values[2000], error;

		assert_int_equal(store_fixture_put(f, store, "e", 0.5, r), 0);
		rng_init(&rng, 500, RNG_SERVICE, r);
		rng_fill_exponential(&rng, values, 2000);
		histogram_clear(one);
		histogram_record(one, values, (size_t)weight[r]);
		histogram_merge(merged, one);
		error = histogram_quantile(one, 0.99) * 0.05 * weight[r] / 5700;
		variance += error * error;
		quartic += pow(error, 4) / 31;
	}
	seen = look(f, store, "e");
	assert_int_equal(seen.last.replications, 3);
	assert_int_equal(seen.last.metric_count, 4);
	m = named(&seen, "p99", names);
	dof = variance * variance / quartic;
	t = gsl_cdf_tdist_Pinv(0.975, dof);
	assert_true(m->value == histogram_quantile(merged, 0.99));
	assert_true(fabs(m->std_error / sqrt(variance) - 1) < 1e-12);
	assert_true(fabs(m->dof - dof) < 1e-6);
	assert_true(m->high - m->value >= t * m->std_error * (1 - 1e-9));
	assert_true(named(&seen, "mean", names)->value == histogram_mean(merged));
	assert_true(named(&seen, "simulated", names)->value == 6000);
	assert_true(named(&seen, "throughput", names)->value == 8);
	assert_true(isnan(named(&seen, "throughput", names)->low));
	histogram_destroy(merged);
	histogram_destroy(one);
	store_close(store);
}

static void test_metrics_without_histogram_pool(void **state)
{
	struct store_fixture *f = *state;
	struct store *store = store_fixture_open(f, "a.db", STORE_WRITE);
	double t10 = gsl_cdf_tdist_Pinv(0.95, 10), t20 = gsl_cdf_tdist_Pinv(0.95, 20), half = 0.1 * t10 + 0.03;
	struct seen seen;

	/* Intervals with a tolerance of 0.03 about them: that does not shrink. */
	assert_int_equal(put_metric(f, store, 0, (struct metric){"max_load", 0.8, 0.8 - half, 0.8 + half, 0.1, 10}), 0);
	assert_int_equal(put_metric(f, store, 1, (struct metric){"max_load", 0.9, 0.9 - half, 0.9 + half, 0.1, 10}), 0);
	seen = look(f, store, "e");
	assert_true(fabs(seen.metric[0].value - 0.85) < 1e-12);
	assert_true(fabs(seen.metric[0].std_error - 0.1 / sqrt(2)) < 1e-12);
	assert_true(fabs(seen.metric[0].dof - 20) < 1e-9);
	assert_true(fabs(seen.metric[0].high - (0.85 + 0.1 / sqrt(2) * t20 + 0.03)) < 1e-9);

	/* One without interval: then the summary has none. */
	assert_int_equal(put_metric(f, store, 2, (struct metric){"max_load", 1, 0.9, 1, NAN, 0}), 0);
	seen = look(f, store, "e");
	assert_true(fabs(seen.metric[0].value - 0.9) < 1e-12);
	assert_true(isnan(seen.metric[0].low) && isnan(seen.metric[0].std_error) && seen.metric[0].dof == 0);
	store_close(store);
}

static void test_damaged_histogram_does_not_count(void **state)
{
	struct store_fixture *f = *state;
	struct store *store = store_fixture_open(f, "a.db", STORE_WRITE);
	static const unsigned char bytes[] = "not a histogram";
	struct metric metric = {"p99", 2, NAN, NAN, NAN, 0};
	struct run_row row = {"e", "queue", PARAMS, 1, 0, "v", "h", 0, &metric, 1, bytes, sizeof(bytes)};

	for (row.replication = 0; row.replication < 2; row.replication++)
		assert_int_equal(store_put(store, &row, f->error, sizeof(f->error)), 0);
	assert_true(look(f, store, "e").metric[0].value == 2);
	store_close(store);
}

static void test_provenance(void **state)
{
	struct store_fixture *f = *state;
	struct store *store = store_fixture_open(f, "a.db", STORE_WRITE);
	struct run_row row = {"p", "queue", PARAMS, 3, 0, "2.0", "beef", 1.5, NULL, 0, NULL, 0};
	struct store_provenance from;

	assert_int_equal(store_provenance(store, "p", &from, f->error, sizeof(f->error)), 0);
	assert_true(from.runs == 0 && from.points == 0 && from.versions[0] == '\0');
	assert_int_equal(store_put(store, &row, f->error, sizeof(f->error)), 0);
	row.replication = 1;
	row.version = "1.0";
	assert_int_equal(store_put(store, &row, f->error, sizeof(f->error)), 0);
	row.seed = 9;
	assert_int_equal(store_put(store, &row, f->error, sizeof(f->error)), 0);
	assert_int_equal(store_provenance(store, "p", &from, f->error, sizeof(f->error)), 0);
	assert_true(from.points == 2 && from.runs == 3 && from.seed_low == 3 && from.seed_high == 9);
	assert_true(from.wall_s == 4.5);
	assert_string_equal(from.versions, "1.0, 2.0");
	assert_string_equal(from.config_hashes, "beef");
	store_close(store);
}

static void test_views(void **state)
{
	struct store_fixture *f = *state;
	double p99;

	put_all(f, "a.db");
	p99 =
	    store_fixture_ask(f, "a.db", "SELECT value FROM point_metric WHERE name = 'p99' AND params LIKE '%:0.3,%'");
	assert_true(store_fixture_ask(f, "a.db", "SELECT count(*) FROM latency") == LOADS);
	assert_true(store_fixture_ask(f, "a.db", "SELECT count(*) FROM latency_run") == RUNS);
	assert_true(fabs(store_fixture_ask(f, "a.db",
					   "SELECT p99 FROM latency WHERE experiment = 'e' AND kind = 'queue'"
					   " AND model = 'centralized-fcfs' AND servers = 16 AND service = 'exp'"
					   " AND load = 0.3 AND p99_low < p99 AND p99 < p99_high") -
			 p99) < 1e-4);
	assert_true(store_fixture_ask(f, "a.db", "SELECT requests FROM latency WHERE load = 0.3") ==
		    2000 * REPLICATIONS);
	assert_true(store_fixture_ask(f, "a.db", "SELECT count(*) FROM metric_long") == LOADS * 4);
	assert_true(store_fixture_ask(f, "a.db", "SELECT count(*) FROM max_load") == 0);
	assert_true(store_fixture_ask(f, "a.db", "SELECT runs FROM experiment") == RUNS);
}

/* A writer killed at any moment leaves whole runs only, and the same database in the end. */
static void test_killed_writer_leaves_whole_runs(void **state)
{
	struct store_fixture *f = *state;
	struct rng rng;

	rng_init(&rng, 6, RNG_ASSIGNMENT, 0);
	put_all(f, "whole.db");
	for (int round = 0; round < 4; round++) {
		unsigned wanted = 1 + rng_below(&rng, RUNS - 2);
		int pipes[2], child_status;
		char byte;
		pid_t child;

		assert_int_equal(pipe(pipes), 0);
		child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			struct store *store = store_fixture_open(f, "killed.db", STORE_WRITE);

			for (unsigned i = 0;; i++)
				if (put_nth(f, store, i % RUNS) || write(pipes[1], "", 1) != 1)
					_exit(1);
		}
		for (unsigned i = 0; i < wanted; i++)
			assert_int_equal(read(pipes[0], &byte, 1), 1);
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, &child_status, 0), child);
		assert_true(WIFSIGNALED(child_status));
		close(pipes[0]);
		close(pipes[1]);
		assert_true(store_fixture_ask(f, "killed.db", "SELECT count(*) FROM run") >= wanted);
		assert_true(store_fixture_ask(f, "killed.db",
					      "SELECT count(*) FROM (SELECT count(*) AS n FROM run LEFT JOIN metric"
					      " USING (experiment, params, seed, replication)"
					      " GROUP BY experiment, params, seed, replication) WHERE n <> 4") == 0);
		assert_true(store_fixture_ask(f, "killed.db", "SELECT sum(replications) FROM point") ==
			    store_fixture_ask(f, "killed.db", "SELECT count(*) FROM run"));
		put_all(f, "killed.db");
		store_fixture_assert_same(f, "whole.db", "killed.db");
		unlink(store_fixture_path(f, "killed.db"));
	}
}

static void test_reader_sees_what_is_committed_while_another_writes(void **state)
{
	struct store_fixture *f = *state;
	struct store *writer = store_fixture_open(f, "a.db", STORE_WRITE), *reader;

	assert_int_equal(put_nth(f, writer, 0), 0);
	reader = store_fixture_open(f, "a.db", STORE_READ);
	assert_int_equal(look(f, reader, NULL).points, 1);
	assert_int_equal(put_nth(f, writer, 1), 0);
	assert_int_equal(look(f, reader, NULL).points, 2);
	assert_int_not_equal(put_nth(f, reader, 2), 0);
	store_close(reader);
	store_close(writer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, store_fixture_set_up, store_fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_has_what_was_put),
	    TEST(test_second_put_changes_nothing),
	    TEST(test_numbers_come_back_as_they_were),
	    TEST(test_points_come_in_order),
	    TEST(test_forget_leaves_the_others),
	    TEST(test_order_of_completion_does_not_show),
	    TEST(test_shards_merge_to_the_whole),
	    TEST(test_merge_refuses_other_results_for_the_same_run),
	    TEST(test_replications_pool),
	    TEST(test_metrics_without_histogram_pool),
	    TEST(test_damaged_histogram_does_not_count),
	    TEST(test_provenance),
	    TEST(test_views),
	    TEST(test_killed_writer_leaves_whole_runs),
	    TEST(test_reader_sees_what_is_committed_while_another_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

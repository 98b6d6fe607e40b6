/* The table of measurements, edits of cost files, and roots. */
#include "harness/compare.h"
#include "harness/cost_edit.h"
#include "harness/measure_run.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void check_file(const char *path)
{
	struct compare_rows rows;
	char error[256] = "";

	assert_int_equal(compare_read(&rows, path, error, sizeof(error)), 0);
	assert_true(rows.count > 0);
	for (size_t i = 0; i < rows.count; i++) {
		const struct measure *entry = measure_find(rows.row[i].published->id);

		assert_true(!entry->compute == (entry->why_not != NULL));
	}
	compare_clear(&rows);
}

/* What is published has an entry, and each says how it is measured, or why not. */
static void every_row_has_an_entry(void **state)
{
	check_file("results/published.csv");
	check_file("results/orderings.csv");
	assert_null(measure_find("no-such-row"));
}

static void systems_and_files_follow_from_the_setup(void **state)
{
	const struct measure *floating = measure_find("linux-floating-beats-ix-exp");

	assert_true(measure_uses(floating, MEASURE_IX) && measure_uses(floating, MEASURE_LINUX));
	assert_false(measure_uses(floating, MEASURE_MTCP) || measure_uses(floating, MEASURE_MEMCACHED));
	assert_int_equal(measure_system_of(floating), MEASURE_ON_LINUX);
	assert_int_equal(measure_system_of(measure_find("zygos-eff-10us-exp")), MEASURE_ON_ZYGOS);
	assert_int_equal(measure_system_of(measure_find("echo-ix-over-mtcp")), MEASURE_ON_MTCP);
	assert_int_equal(measure_system_of(measure_find("silo-service-mean")), MEASURE_SYSTEMS);
	assert_true(measure_uses(measure_find("ix-usr-max"), MEASURE_MEMCACHED));
}

static void edits_leave_the_rest(void **state)
{
	const char *text = "#: old\n# a = 9;\na = 1.5; # why\n  ab = 2;\n";
	char *edited = cost_edit_set(text, "a", 2000), *whole;

	assert_string_equal(edited, "#: old\n# a = 9;\na = 2000.0; # why\n  ab = 2;\n");
	assert_true(cost_edit_get(edited, "a") == 2000);
	assert_true(cost_edit_get(edited, "ab") == 2);
	assert_true(isnan(cost_edit_get(edited, "b")));
	assert_null(cost_edit_set(edited, "b", 1));
	whole = cost_edit_provenance(edited, "#: new\n");
	assert_string_equal(whole, "#: new\n# a = 9;\na = 2000.0; # why\n  ab = 2;\n");
	free(edited);
	free(whole);
}

static int falling(void *context, double x, double *excess, double *std_error)
{
	*excess = -2 * log(x / 37); /* x^-2 */
	*std_error = 0.01;
	++*(unsigned *)context;
	return 0;
}

static void roots_are_found_with_their_interval(void **state)
{
	struct interval root;
	unsigned calls = 0;

	assert_int_equal(measure_root(falling, &calls, 2, 1000, 0.001, &root), 0);
	assert_true(fabs(root.value / 37 - 1) < 1e-3);
	assert_true(calls < 30);
	/* An error of 1% of the value, over a slope of 2, is half of that in x. */
	assert_true(fabs(root.std_error / root.value - 0.005) < 1e-3);
	assert_true(root.low < 37 && root.high > 37);
	assert_int_equal(measure_root(falling, &calls, 50, 1000, 0.001, &root), 0);
	assert_true(fabs(root.value - 50) < 1e-9 && isnan(root.low)); /* none between: the nearer end */
}

static void ratios_carry_intervals(void **state)
{
	const struct interval a = {10, 0.5, 30, 9, 11}, b = {5, 0, 30, 5, 5};
	struct interval ratio = measure_ratio(&a, &b), scaled = measure_scaled(&a, 3);

	assert_true(fabs(ratio.value - 2) < 1e-12 && fabs(ratio.low - 1.8) < 1e-12 && fabs(ratio.high - 2.2) < 1e-12);
	assert_true(fabs(scaled.low - 27) < 1e-12 && fabs(scaled.std_error - 1.5) < 1e-12);
}

/* Rows without a system, whose values are known: quick, and of every kind of point but the simulated machine. */
static void queue_rows_are_right(void **state)
{
	struct point_error error = {.text = ""};
	struct measuring m = {.effort = MEASURE_QUICK, .seed = 1, .error = &error};
	const struct measure *row = measure_find("slo-load-partitioned-exp");
	struct interval value;

	assert_int_equal(row->compute(&m, row, &value), 0);
	assert_true(fabs(value.value - 53.948) < 0.001); /* 1 - ln(100) / 10 */
	row = measure_find("silo-service-p99");
	assert_int_equal(row->compute(&m, row, &value), 0);
	assert_true(fabs(value.value - 203) < 0.5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_row_has_an_entry), cmocka_unit_test(systems_and_files_follow_from_the_setup),
	    cmocka_unit_test(edits_leave_the_rest),   cmocka_unit_test(roots_are_found_with_their_interval),
	    cmocka_unit_test(ratios_carry_intervals), cmocka_unit_test(queue_rows_are_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* From the store to curves, exact results and the gnuplot script. */
#include "models/closed_form.h"
#include "tests/unit/analysis/figure_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int set_up(void **state)
{
	*state = figure_fixture_create();
	return 0;
}

static int tear_down(void **state)
{
	figure_fixture_destroy(*state);
	return 0;
}

static struct figure_data *collect(struct figure_fixture *f)
{
	struct figure_data *data = calloc(1, sizeof(*data));
	char error[256];

	assert_non_null(data);
	assert_int_equal(figure_collect(f->store, &f->figure, data, error, sizeof(error)), 0);
	return data;
}

static void discard(struct figure_data *data)
{
	figure_data_clear(data);
	free(data);
}

static void test_empty_store_has_no_points(void **state)
{
	struct figure_data *data = collect(*state);

	assert_int_equal(data->points, 0);
	assert_int_equal(data->provenance.runs, 0);
	discard(data);
}

static void test_points_go_to_their_curves_by_rising_x(void **state)
{
	struct figure_fixture *f = *state;
	struct figure_data *data;
	const struct figure_point *p;

	figure_fixture_fill(f);
	figure_fixture_put(f, "other", "det", "a", 0.3, 99, 1, false);
	figure_fixture_put(f, "test", "pareto:2", "a", 0.3, 99, 1, false);
	figure_fixture_put(f, "test", "det", "c", 0.3, 99, 1, false);
	data = collect(f);
	assert_int_equal(data->points, 12);
	assert_int_equal(data->capped, 2);
	assert_float_equal(data->confidence, 0.95, 0);
	for (int i = 0; i < 2; i++)
		for (int j = 0; j < 2; j++)
			assert_int_equal(data->curve[i][j].count, 3);
	p = data->curve[1][0].point;
	assert_float_equal(p[0].x, 0.2, 1e-15);
	assert_float_equal(p[0].y, 2.25, 1e-12);
	assert_float_equal(p[1].x, 0.5, 1e-15);
	assert_float_equal(p[2].x, 0.8, 1e-15);
	assert_true(p[2].capped && !p[1].capped);
	assert_true(p[0].low < p[0].y && p[0].y < p[0].high);
	/* Without an interval both ends are the value. */
	p = data->curve[0][1].point;
	assert_float_equal(p[1].low, 4, 1e-12);
	assert_float_equal(p[1].high, 4, 1e-12);
	assert_true(p[1].no_interval && !p[0].no_interval);
	discard(data);
}

static void test_provenance_names_the_runs(void **state)
{
	struct figure_fixture *f = *state;
	struct figure_data *data;
	char line[512];

	figure_fixture_fill(f);
	data = collect(f);
	assert_int_equal(data->provenance.runs, 12);
	assert_int_equal(data->provenance.points, 12);
	assert_float_equal(data->provenance.wall_s, 3, 1e-9);
	assert_string_equal(data->provenance.versions, "1.2.3+gabc");
	figure_source_line(&f->figure, data, line, sizeof(line));
	assert_non_null(strstr(line, "experiment test, 12 points of 12 runs, seed 7, ixlab 1.2.3+gabc"));
	assert_non_null(strstr(line, "95% intervals"));
	assert_non_null(strstr(line, "Hollow"));
	discard(data);
}

static void test_source_line_says_when_points_are_missing(void **state)
{
	struct figure_fixture *f = *state;
	struct figure_data *data;
	char line[512];

	figure_fixture_put(f, "test", "det", "a", 0.5, 3, 0.2, false);
	data = collect(f);
	figure_source_line(&f->figure, data, line, sizeof(line));
	assert_non_null(strstr(line, "1 of 12 points"));
	discard(data);
}

static void test_where_compares_numbers_as_numbers(void **state)
{
	struct figure_fixture *f = *state;
	struct figure_data *data;

	figure_fixture_fill(f);
	f->figure.where = figure_fixture_value(f, json_pack("{s:f}", "servers", 16.0));
	data = collect(f);
	assert_int_equal(data->points, 12);
	discard(data);
	f->figure.where = figure_fixture_value(f, json_pack("{s:i}", "servers", 8));
	data = collect(f);
	assert_int_equal(data->points, 0);
	discard(data);
	f->figure.where = figure_fixture_value(f, json_pack("{s:s}", "no-such-parameter", "x"));
	data = collect(f);
	assert_int_equal(data->points, 0);
	discard(data);
}

static void test_published_rows_take_the_lowest_x_scaled(void **state)
{
	struct figure_fixture *f = *state;
	struct figure_data *data;

	figure_fixture_fill(f);
	f->figure.published_count = 2;
	f->figure.published[0] = (struct figure_published){
	    "row", "p99", 100, figure_fixture_value(f, json_pack("{s:s, s:s}", "model", "a", "service", "exp"))};
	f->figure.published[1] =
	    (struct figure_published){"none", "p99", 1, figure_fixture_value(f, json_pack("{s:s}", "model", "z"))};
	data = collect(f);
	assert_float_equal(data->published[0].y, 225, 1e-9);
	assert_float_equal(data->published[0].x, 0.2, 1e-15);
	assert_true(data->published[0].low < 225 && data->published[0].high > 225);
	assert_true(isnan(data->published[1].y));
	discard(data);
}

/* A point computed again from another seed is shown once. */
static void test_one_of_several_seeds_is_shown(void **state)
{
	struct figure_fixture *f = *state;
	struct figure_data *data;

	f->seed = 8;
	figure_fixture_put(f, "test", "det", "a", 0.5, 4, 0.2, false);
	f->seed = 7;
	figure_fixture_fill(f);
	data = collect(f);
	assert_int_equal(data->points, 12);
	assert_int_equal(data->curve[0][0].count, 3);
	assert_int_equal(data->provenance.seed_low, 7);
	assert_int_equal(data->provenance.seed_high, 8);
	discard(data);
}

static char *script_of(const struct figure *figure, const struct figure_data *data, enum figure_format format)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	figure_write_script(out, figure, data, format, "out.svg");
	fclose(out);
	return text;
}

static void test_script_holds_the_data(void **state)
{
	struct figure_fixture *f = *state;
	struct figure_data *data;
	char *script;

	figure_fixture_fill(f);
	data = collect(f);
	script = script_of(&f->figure, data, FIGURE_SVG);
	/* x, y, low, high, capped */
	assert_non_null(strstr(script, "$points_1_1 << EOD\n0.2 3 "));
	assert_non_null(strstr(script, "\n0.5 4 4 4 0\n"));
	assert_int_equal(figure_fixture_count(script, " 1\nEOD\n"), 2);
	assert_int_equal(figure_fixture_count(script, "with vectors"), 4);
	assert_non_null(strstr(script, "set xrange [0:1]"));
	assert_non_null(strstr(script, "'Model B'"));
	assert_non_null(strstr(script, "set terminal svg"));
	free(script);
	script = script_of(&f->figure, data, FIGURE_PDF);
	assert_non_null(strstr(script, "set terminal pdfcairo"));
	free(script);
	discard(data);
}

static void test_logarithmic_axes(void **state)
{
	struct figure_fixture *f = *state;
	struct figure_data *data;
	char *script;

	figure_fixture_fill(f);
	f->figure.x = (struct figure_axis){.name = "load", .label = "Load", .log_base = 2};
	f->figure.y.log_base = 10;
	data = collect(f);
	script = script_of(&f->figure, data, FIGURE_SVG);
	assert_non_null(strstr(script, "set logscale x 2"));
	assert_non_null(strstr(script, "set logscale y 10"));
	free(script);
	discard(data);
}

/* M/M/1: the response time is exponential, so p99 = ln 100 / (1 - rho). */
static void test_exact_quantile_of_a_queue(void **state)
{
	struct figure_fixture *f = *state;
	json_t *params = figure_fixture_value(f, json_pack("{s:s, s:s, s:i, s:f}", "model", "partitioned-fcfs",
							   "service", "exp", "servers", 16, "load", 0.1));

	f->figure.theory = FIGURE_QUEUE_EXACT;
	assert_float_equal(figure_exact(&f->figure, params, 0.5), log(100) / 0.5, 1e-6);
	assert_float_equal(figure_exact(&f->figure, params, 0.9), log(100) / 0.1, 1e-5);
	assert_true(isnan(figure_exact(&f->figure, params, 1.0)));
	json_object_set_new(params, "model", json_string("centralized-fcfs"));
	assert_float_equal(figure_exact(&f->figure, params, 0.9), 5.2698, 5e-5); /* M/M/16 */
	json_object_set_new(params, "service", json_string("bimodal2"));
	assert_true(isnan(figure_exact(&f->figure, params, 0.5)));
	f->figure.theory = FIGURE_NO_THEORY;
	assert_true(isnan(figure_exact(&f->figure, params, 0.5)));
}

static void test_exact_maximum_load(void **state)
{
	struct figure_fixture *f = *state;
	json_t *params = figure_fixture_value(f, json_pack("{s:s, s:s, s:i, s:f}", "model", "centralized-fcfs",
							   "service", "exp", "servers", 4, "slo", 10.0));

	f->figure.theory = FIGURE_QUEUE_SLO_EXACT;
	f->figure.x.name = "servers";
	assert_float_equal(figure_exact(&f->figure, params, 16), 0.96767, 1e-5);
	assert_float_equal(figure_exact(&f->figure, params, 1), 1 - log(100) / 10, 1e-5);
	/* An SLO below the service time's own p99 cannot be met at any load. */
	json_object_set_new(params, "slo", json_real(2));
	assert_true(isnan(figure_exact(&f->figure, params, 16)));
}

/* Choices by several parameters and with metrics of their own; axes that are scaled. */
static void choices_may_name_parameters_and_metrics(void **state)
{
	struct figure_fixture *f = *state;
	struct figure_data *data = calloc(1, sizeof(*data));
	char error[256];

	assert_non_null(data);
	figure_fixture_fill(f);
	f->figure.panels.param = NULL;
	f->figure.panels.count = 1;
	f->figure.series.param = "";
	f->figure.series.choice[0] = (struct figure_choice){
	    NULL, "A", figure_fixture_value(f, json_pack("{ssss}", "model", "a", "service", "exp")), NULL};
	f->figure.series.choice[1] = (struct figure_choice){
	    NULL, "capped", figure_fixture_value(f, json_pack("{ssss}", "model", "a", "service", "exp")), "capped"};
	f->figure.x.scale = 10;
	f->figure.y.scale = 2;
	assert_int_equal(figure_collect(f->store, &f->figure, data, error, sizeof(error)), 0);
	assert_int_equal(data->curve[0][0].count, 3);
	assert_true(fabs(data->curve[0][0].point[0].x - 2) < 1e-12);
	assert_true(fabs(data->curve[0][0].point[0].y - 4.5) < 1e-12);
	assert_true(fabs(data->curve[0][1].point[2].y - 2) < 1e-12); /* 1, scaled: that run was capped */
	assert_false(data->quick);
	figure_data_clear(data);
	free(data);
}

/* Where there are no full results, the quick ones are shown, and said to be quick. */
static void quick_results_stand_in(void **state)
{
	struct figure_fixture *f = *state;
	struct figure_data *data = calloc(1, sizeof(*data));
	char error[256], line[600];

	assert_non_null(data);
	figure_fixture_put(f, "test.quick", "det", "a", 0.5, 3, 0.1, false);
	assert_int_equal(figure_collect(f->store, &f->figure, data, error, sizeof(error)), 0);
	assert_int_equal(data->points, 1);
	assert_true(data->quick);
	figure_source_line(&f->figure, data, line, sizeof(line));
	assert_non_null(strstr(line, "A quick run."));
	figure_data_clear(data);
	figure_fixture_put(f, "test", "det", "a", 0.5, 7, 0.1, false);
	assert_int_equal(figure_collect(f->store, &f->figure, data, error, sizeof(error)), 0);
	assert_true(!data->quick && data->curve[0][0].point[0].y == 7);
	figure_data_clear(data);
	free(data);
}

/* A table holds a label for each cell, and no curves. */
static void tables_are_written_as_labels(void **state)
{
	struct figure_fixture *f = *state;
	struct figure_data *data = calloc(1, sizeof(*data));
	char error[256], *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(data);
	assert_non_null(out);
	f->figure.style = FIGURE_TABLE;
	figure_fixture_put(f, "test", "det", "a", 0.5, 3, 0.25, false);
	figure_fixture_put(f, "test", "exp", "b", 0.5, 123456, 1, false);
	assert_int_equal(figure_collect(f->store, &f->figure, data, error, sizeof(error)), 0);
	figure_write_script(out, &f->figure, data, FIGURE_SVG, "out.svg");
	fclose(out);
	assert_non_null(strstr(text, "'3 (2.75 to 3.25)'"));
	assert_non_null(strstr(text, "'123456'"));
	assert_non_null(strstr(text, "'Exponential'"));
	assert_null(strstr(text, "multiplot"));
	free(text);
	figure_data_clear(data);
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(choices_may_name_parameters_and_metrics, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(quick_results_stand_in, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(tables_are_written_as_labels, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_empty_store_has_no_points, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_points_go_to_their_curves_by_rising_x, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_provenance_names_the_runs, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_source_line_says_when_points_are_missing, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_where_compares_numbers_as_numbers, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_published_rows_take_the_lowest_x_scaled, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_one_of_several_seeds_is_shown, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_script_holds_the_data, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_logarithmic_axes, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_exact_quantile_of_a_queue, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_exact_maximum_load, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("figure", tests, NULL, NULL);
}

/*
 * Calibration against the simulator itself: rows "measured" with known constants are fitted from other ones, and the
 * known ones must come out. Every measurement passes evaluate(), which refuses rows that predict.
 */
#include "harness/calibrate.h"
#include "harness/calibrate_kept.h"
#include "harness/cost_edit.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define HEADER              "id,section,figure,system,workload,metric,relation,value,unit,use,note\n"
#define ROW(id, value, use) id ",1,1,s,w,m,eq," value ",x," use ",\n"

struct fixture {
	char folder[300], csv[400], scratch[400], error[512];
	struct compare_rows rows;
	struct calibrate_job job;
	struct calibrate_fit fit;
};

static int evaluate(const struct pool_task *task, struct point_result *result, char *error, size_t error_size)
{
	if (strstr(task->params, "ix-90pct-exp") || strstr(task->params, "ix-usr-min")) {
		snprintf(error, error_size, "a row that predicts was evaluated");
		return 1;
	}
	return pool_compute_point(task, result, error, error_size);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const char *temporary = getenv("TMPDIR");

	assert_non_null(f);
	snprintf(f->folder, sizeof(f->folder), "%s/calibrate-XXXXXX", temporary ? temporary : "/tmp");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->csv, sizeof(f->csv), "%s/rows.csv", f->folder);
	snprintf(f->scratch, sizeof(f->scratch), "%s", f->folder);
	f->job = (struct calibrate_job){
	    .rows = &f->rows, .scratch = f->scratch, .effort = MEASURE_QUICK, .workers = 2, .compute = evaluate};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char path[600];

	compare_clear(&f->rows);
	unlink(f->csv);
	for (int which = 0; which < MEASURE_COSTS; which++) {
		calibrate_scratch_path(&f->job, (enum measure_costs)which, path, sizeof(path));
		unlink(path);
		for (int i = 1; i < 4; i++) {
			snprintf(path, sizeof(path), "%s/%s.%d.cfg", f->folder, measure_costs_name[which], i);
			unlink(path);
		}
	}
	assert_int_equal(rmdir(f->folder), 0);
	free(f);
	return 0;
}

static void read_rows(struct fixture *f, const char *csv)
{
	assert_int_equal(cost_edit_write(f->csv, csv), 0);
	assert_int_equal(compare_read(&f->rows, f->csv, f->error, sizeof(f->error)), 0);
	assert_int_equal(calibrate_prepare(&f->job, f->error, sizeof(f->error)), 0);
}

/* What the simulator says of @id with the constants in the scratch folder. */
static double simulated(struct fixture *f, const char *id)
{
	struct point_error error = {.text = ""};
	struct point_result result;
	json_t *params = json_pack("{ssss}", "row", id, "effort", "quick");
	char key[32], path[600];
	double value;

	for (int i = 0; i < MEASURE_COSTS; i++) {
		snprintf(key, sizeof(key), "costs_%s", measure_costs_name[i]);
		calibrate_scratch_path(&f->job, (enum measure_costs)i, path, sizeof(path));
		json_object_set_new(params, key, json_string(path));
	}
	assert_int_equal(point_kind_measure.normalize(params, &error), 0);
	assert_int_equal(point_kind_measure.run(params, 1, 0, &result, &error), 0);
	value = point_metric(&result, "value")->value;
	point_result_clear(&result);
	json_decref(params);
	return value;
}

static void set_constant(struct fixture *f, enum measure_costs which, const char *key, double value)
{
	char path[600], *text, *edited;

	calibrate_scratch_path(&f->job, which, path, sizeof(path));
	text = cost_edit_read(path);
	assert_non_null(text);
	edited = cost_edit_set(text, key, value);
	assert_non_null(edited);
	assert_int_equal(cost_edit_write(path, edited), 0);
	free(text);
	free(edited);
}

static const struct calibrate_parameter wire_and_client[] = {{MEASURE_ON_IX, "wire_delay_ns", 1u << MEASURE_IX, ""},
							     {MEASURE_ON_IX, "client_us", 1u << MEASURE_MEMCACHED, ""},
							     {0}};

/* Unloaded rows: cheap and smooth. One row more than parameters, and rows that predict in between. */
static void known_constants_come_out(void **state)
{
	struct fixture *f = *state;
	char csv[1000];

	read_rows(f, HEADER);
	set_constant(f, MEASURE_IX, "wire_delay_ns", 3000);
	set_constant(f, MEASURE_MEMCACHED, "client_us", 12);
	snprintf(csv, sizeof(csv),
		 HEADER "netpipe-ix-oneway,1,1,s,w,m,eq,%.10g,x,calibrate,\n" ROW("ix-90pct-exp", "25", "predict")
		     ROW("ix-usr-min", "34", "predict") "ix-etc-min,1,1,s,w,m,eq,%.10g,x,calibrate,\n"
							"netpipe-ix-half,1,1,s,w,m,eq,%.10g,x,calibrate,\n",
		 simulated(f, "netpipe-ix-oneway"), simulated(f, "ix-etc-min"), simulated(f, "netpipe-ix-half"));
	compare_clear(&f->rows);
	read_rows(f, csv); /* and the constants of the tree again, to start from */
	f->job.parameters = wire_and_client;
	assert_true(calibrate_has_rows(&f->job, MEASURE_ON_IX));
	assert_false(calibrate_has_rows(&f->job, MEASURE_ON_LINUX));
	assert_int_equal(calibrate_fit(&f->job, MEASURE_ON_IX, &f->fit, f->error, sizeof(f->error)), 0);
	assert_int_equal(f->fit.rows, 3);
	assert_int_equal(f->fit.parameters, 2);
	assert_true(f->fit.converged);
	/* Times are whole nanoseconds, and the size for a goodput is found within the tolerance of a quick search: 2%. */
	assert_true(fabs(f->fit.estimate[0].value / 3000 - 1) < 0.02);
	assert_true(fabs(f->fit.estimate[1].value / 12 - 1) < 0.02);
	assert_true(f->fit.estimate[0].std_error >= 0);
	assert_true(f->fit.rms < 0.01);
}

static int refuse(const struct pool_task *task, struct point_result *result, char *error, size_t error_size)
{
	snprintf(error, error_size, "simulated again: %s", task->params);
	return 1;
}

/* The derivative by the second constant fails. */
static int fail_later(const struct pool_task *task, struct point_result *result, char *error, size_t error_size)
{
	return strstr(task->params, ".2.cfg") ? refuse(task, result, error, error_size)
					      : evaluate(task, result, error, error_size);
}

static void count_point(const struct point_summary *summary, void *context)
{
	(void)summary;
	++*(unsigned *)context;
}

static unsigned count_kept(const char *database)
{
	char error[200];
	struct store *store;
	unsigned count = 0;

	assert_int_equal(store_open(&store, database, STORE_READ, error, sizeof(error)), 0);
	assert_int_equal(store_each_point(store, CALIBRATE_EXPERIMENT, count_point, &count, error, sizeof(error)), 0);
	store_close(store);
	return count;
}

static const char two_rows[] = HEADER ROW("netpipe-ix-oneway", "5", "calibrate") ROW("ix-etc-min", "40", "calibrate");

static void remove_database(const char *path)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	char file[700];

	for (size_t i = 0; i < 3; i++) {
		snprintf(file, sizeof(file), "%s%s", path, ends[i]);
		unlink(file);
	}
}

/* A fit that ended early goes on where it was, by the same way; one that was done is not simulated again. */
static void what_was_simulated_is_not_simulated_again(void **state)
{
	static const pool_compute compute[] = {fail_later, evaluate, refuse};
	struct fixture *f = *state;
	struct calibrate_fit whole;
	char database[600];
	unsigned kept[3];

	snprintf(database, sizeof(database), "%s.db", f->folder);
	read_rows(f, two_rows);
	f->job.parameters = wire_and_client;
	assert_int_equal(calibrate_fit(&f->job, MEASURE_ON_IX, &whole, f->error, sizeof(f->error)), 0);
	for (int round = 0; round < 3; round++) {
		f->job.compute = compute[round];
		assert_int_equal(calibrate_prepare(&f->job, f->error, sizeof(f->error)), 0);
		assert_int_equal(calibrate_kept_open(&f->job.kept, database, false, f->error, sizeof(f->error)), 0);
		assert_int_equal(calibrate_fit(&f->job, MEASURE_ON_IX, &f->fit, f->error, sizeof(f->error)),
				 round == 0);
		calibrate_kept_close(f->job.kept);
		kept[round] = count_kept(database);
	}
	assert_int_equal(f->fit.iterations, whole.iterations);
	for (size_t p = 0; p < 2; p++)
		assert_true(f->fit.estimate[p].value == whole.estimate[p].value);
	assert_in_range(kept[0], 2, kept[1] - 1);
	assert_int_equal(kept[2], kept[1]);
	remove_database(database);
}

/* The scratch folder holds what was found, in the file of each constant and in no other. */
static void fitted_values_are_written(void **state)
{
	struct fixture *f = *state;
	char csv[400], path[600], *text;

	read_rows(f, HEADER);
	set_constant(f, MEASURE_MEMCACHED, "client_us", 17);
	snprintf(csv, sizeof(csv), HEADER "ix-etc-min,1,1,s,w,m,eq,%.10g,x,calibrate,\n", simulated(f, "ix-etc-min"));
	compare_clear(&f->rows);
	read_rows(f, csv);
	f->job.parameters = &wire_and_client[1];
	assert_int_equal(calibrate_fit(&f->job, MEASURE_ON_IX, &f->fit, f->error, sizeof(f->error)), 0);
	assert_true(isnan(f->fit.estimate[0].std_error)); /* as many rows as constants */
	calibrate_scratch_path(&f->job, MEASURE_MEMCACHED, path, sizeof(path));
	text = cost_edit_read(path);
	assert_true(fabs(cost_edit_get(text, "client_us") / 17 - 1) < 0.01);
	free(text);
}

static void too_few_rows_are_refused(void **state)
{
	struct fixture *f = *state;

	read_rows(f, HEADER ROW("ix-etc-min", "46", "calibrate"));
	f->job.parameters = wire_and_client;
	assert_int_equal(calibrate_fit(&f->job, MEASURE_ON_IX, &f->fit, f->error, sizeof(f->error)), 2);
	assert_non_null(strstr(f->error, "1 rows to calibrate with, fewer than the 2 constants"));
}

/* Both rows feel the two constants by their sum alone. */
static void singular_fits_are_refused(void **state)
{
	static const struct calibrate_parameter sum[] = {
	    {MEASURE_ON_LINUX, "client_us", 1u << MEASURE_MEMCACHED, ""},
	    {MEASURE_ON_LINUX, "linux_tail_us", 1u << MEASURE_MEMCACHED, ""},
	    {0}};
	struct fixture *f = *state;

	read_rows(f, HEADER ROW("linux-etc-min", "72", "calibrate") ROW("linux-usr-min", "70", "calibrate"));
	f->job.parameters = sum;
	assert_int_equal(calibrate_fit(&f->job, MEASURE_ON_LINUX, &f->fit, f->error, sizeof(f->error)), 2);
	assert_non_null(strstr(f->error, "singular"));
	assert_non_null(strstr(f->error, "linux_tail_us"));
}

/* No row is fitted to of which an entry says that it must not be. */
static void rows_can_be_measured_without_being_fitted(void **state)
{
	struct fixture *f = *state;

	read_rows(f, HEADER ROW("conn-cycles-low", "9000", "calibrate"));
	f->job.parameters = wire_and_client;
	assert_false(calibrate_has_rows(&f->job, MEASURE_ON_IX));
}

/* Every free constant stands in the files it goes to, with one value. */
static void parameters_are_in_their_files(void **state)
{
	struct fixture *f = *state;

	read_rows(f, HEADER);
	for (const struct calibrate_parameter *p = calibrate_parameters; p->key; p++) {
		double first = NAN;

		for (int which = 0; which < MEASURE_COSTS; which++) {
			char path[600], *text;
			double value;

			if (!(p->files & 1u << which))
				continue;
			calibrate_scratch_path(&f->job, (enum measure_costs)which, path, sizeof(path));
			text = cost_edit_read(path);
			value = cost_edit_get(text, p->key);
			free(text);
			assert_true(value > 0);
			assert_true(isnan(first) || fabs(value / first - 1) < 1e-9);
			first = value;
		}
		assert_false(isnan(first));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(known_constants_come_out, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_was_simulated_is_not_simulated_again, setup, teardown),
	    cmocka_unit_test_setup_teardown(fitted_values_are_written, setup, teardown),
	    cmocka_unit_test_setup_teardown(too_few_rows_are_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(singular_fits_are_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(rows_can_be_measured_without_being_fitted, setup, teardown),
	    cmocka_unit_test_setup_teardown(parameters_are_in_their_files, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

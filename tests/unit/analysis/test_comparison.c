/* The arithmetic of comparisons, and files of published figures that are wrong. */
#include "analysis/comparison.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct published_row published(const char *section, const char *relation, double value, const char *use)
{
	return (struct published_row){"id", section, "1", "s", "w", "m", relation, value, "x", use, "", 1};
}

static void errors_are_relative_to_what_is_published(void **state)
{
	struct published_row eq = published("3.1", "eq", 10, "predict"), le = published("3.1", "le", 10, "predict"),
			     ge = published("3.1", "ge", 10, "predict");
	struct comparison_row row = {&eq, 11, NAN, NAN, NULL};

	assert_true(fabs(comparison_error(&row) - 0.1) < 1e-12);
	assert_true(comparison_near(&row) && comparison_holds(&row));
	row.simulated = 8.4;
	assert_false(comparison_near(&row));
	row.published = &le; /* an upper limit is kept by anything below it */
	assert_true(comparison_near(&row) && comparison_holds(&row));
	row.simulated = 10.5;
	assert_true(comparison_near(&row));
	assert_false(comparison_holds(&row));
	row.published = &ge;
	assert_true(comparison_holds(&row));
	row.simulated = 8.4;
	assert_false(comparison_near(&row) || comparison_holds(&row));
	row.simulated = NAN;
	for (row.published = &eq; row.published; row.published = row.published == &eq ? &le : NULL)
		assert_false(comparison_near(&row) || comparison_holds(&row) || comparison_has_value(&row));
}

static void predictions_are_counted_by_section(void **state)
{
	struct published_row of[] = {published("3.6.1", "eq", 10, "predict"), published("3", "eq", 10, "predict"),
				     published("3.6.1", "eq", 10, "calibrate"), published("2.5.2", "eq", 10, "predict"),
				     published("31", "eq", 10, "predict")};
	struct comparison_row row[5];
	struct comparison_count count;

	for (size_t i = 0; i < 5; i++)
		row[i] = (struct comparison_row){&of[i], i == 1 ? 20 : 10, NAN, NAN, NULL};
	row[3].simulated = NAN;
	count = comparison_count(row, 5, "3");
	assert_int_equal(count.rows, 2);
	assert_int_equal(count.near, 1);
	count = comparison_count(row, 5, "2.5");
	assert_int_equal(count.rows, 1);
	assert_int_equal(count.simulated, 0);
	assert_int_equal(comparison_count(row, 5, NULL).rows, 4);
}

static void json_has_the_documented_keys(void **state)
{
	struct published_row of = published("3.1", "eq", 10, "predict");
	struct comparison_row row = {&of, 12, 11, NAN, NULL};
	json_t *object = comparison_json(&row);

	assert_string_equal(json_string_value(json_object_get(object, "id")), "id");
	assert_string_equal(json_string_value(json_object_get(object, "use")), "predict");
	assert_true(json_number_value(json_object_get(object, "simulated")) == 12);
	assert_true(json_number_value(json_object_get(object, "low")) == 11);
	assert_true(json_is_null(json_object_get(object, "high")));
	assert_true(fabs(json_number_value(json_object_get(object, "relative_error")) - 0.2) < 1e-12);
	json_decref(object);
	row = (struct comparison_row){&of, NAN, NAN, NAN, "not modelled yet"};
	object = comparison_json(&row);
	assert_true(json_is_null(json_object_get(object, "simulated")));
	assert_string_equal(json_string_value(json_object_get(object, "reason")), "not modelled yet");
	json_decref(object);
}

#define HEADER "id,section,figure,system,workload,metric,relation,value,unit,use,note\n"

static void check_refused(const char *text, const char *complaint)
{
	const char *temporary = getenv("TMPDIR");
	struct published file;
	char path[300], error[512] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/published-XXXXXX", temporary ? temporary : "/tmp");
	fd = mkstemp(path);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	assert_int_equal(published_read(&file, path, error, sizeof(error)), 2);
	if (!strstr(error, complaint))
		fail_msg("'%s' lacks '%s'", error, complaint);
	assert_null(strchr(error, '\n'));
	published_clear(&file);
	unlink(path);
}

static void wrong_lines_are_refused(void **state)
{
	check_refused("a,b\n", ":1: the first line must be");
	check_refused(HEADER "a,1,1,s,w,m,eq,1,x,predict\n", ":2: must have 11 fields");
	check_refused(HEADER "# c\na,1,1,s,w,m,eq,abc,x,predict,\n", ":3: key 'value': 'abc'");
	check_refused(HEADER "a,1,1,s,w,m,eq,inf,x,predict,\n", "key 'value'");
	check_refused(HEADER "a,1,1,s,w,m,lt,1,x,predict,\n", "key 'relation': 'lt'");
	check_refused(HEADER "a,1,1,s,w,m,eq,1,x,guess,\n", "key 'use': 'guess': must be calibrate or predict");
	check_refused(HEADER ",1,1,s,w,m,eq,1,x,predict,\n", "key 'id'");
	check_refused(HEADER "a,1,1,s,w,m,eq,1,x,predict,\na,1,1,s,w,m,eq,1,x,predict,\n",
		      ":3: key 'id': 'a' is there already");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(errors_are_relative_to_what_is_published),
	    cmocka_unit_test(predictions_are_counted_by_section),
	    cmocka_unit_test(json_has_the_documented_keys),
	    cmocka_unit_test(wrong_lines_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

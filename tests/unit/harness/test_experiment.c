/* Experiment files: what they expand to, and what is said about wrong ones. */
#include "harness/experiment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define HEAD "experiment = \"e\"; kind = \"queue\";\n"

static char error[512];

static struct experiment read_good(const char *text)
{
	struct experiment e;

	assert_int_equal(experiment_read_text(&e, text, "FILE", error, sizeof(error)), 0);
	return e;
}

/* @start: how the complaint must begin; @part: what must be in it. */
static void assert_refused(const char *text, const char *start, const char *part)
{
	struct experiment e;

	error[0] = '\0';
	assert_int_equal(experiment_read_text(&e, text, "FILE", error, sizeof(error)), 2);
	if (strncmp(error, start, strlen(start)) != 0 || !strstr(error, part))
		fail_msg("'%s' does not start with '%s' and contain '%s'", error, start, part);
	assert_null(strchr(error, '\n'));
	experiment_clear(&e);
}

static json_t *param(const struct experiment *e, size_t point, const char *key)
{
	assert_true(point < e->point_count);
	return json_object_get(e->point[point].params, key);
}

#define COMMON "parameters = { model = \"centralized-fcfs\"; servers = 4; service = \"exp\"; };\n"

static void test_cross_product(void **state)
{
	static const double loads[] = {0.1, 0.5, 0.9};
	struct experiment e = read_good(HEAD "seed = 7; replications = 3;\n"
					     "parameters = { model = \"centralized-fcfs\"; service = \"exp\"; };\n"
					     "sweep = { servers = [1, 2]; load = (0.1, 0.5, 0.9); };");

	assert_string_equal(e.name, "e");
	assert_ptr_equal(e.kind, &point_kind_queue);
	assert_int_equal(e.seed, 7);
	assert_int_equal(e.replications, 3);
	assert_int_equal(e.point_count, 6);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(json_integer_value(param(&e, i, "servers")), i < 3 ? 1 : 2);
		assert_true(json_real_value(param(&e, i, "load")) == loads[i % 3]);
	}
	experiment_clear(&e);
}

static void test_ranges_are_the_numbers_meant(void **state)
{
	struct experiment e = read_good(HEAD COMMON "sweep = { load = { from = 0.05; to = 0.95; step = 0.05; }; };");

	assert_int_equal(e.point_count, 19);
	for (size_t i = 0; i < 19; i++) {
		char text[8];

		snprintf(text, sizeof(text), "%.2f", 0.05 * (double)(i + 1));
		assert_true(json_real_value(param(&e, i, "load")) == strtod(text, NULL));
	}
	experiment_clear(&e);
	e = read_good(HEAD "parameters = { model = \"centralized-fcfs\"; load = 0.5; service = \"exp\"; };"
			   "sweep = { servers = { from = 1; to = 64; points = 7; scale = \"log\"; }; };");
	assert_int_equal(e.point_count, 7);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(json_integer_value(param(&e, i, "servers")), 1 << i);
	experiment_clear(&e);
	e = read_good(HEAD COMMON "sweep = { load = (0.1, { from = 0.2; to = 0.4; points = 3; }, 0.9); };");
	assert_int_equal(e.point_count, 5);
	assert_true(json_real_value(param(&e, 2, "load")) == 0.3);
	experiment_clear(&e);
}

static void test_cases_replace_common_values(void **state)
{
	struct experiment e =
	    read_good(HEAD COMMON "sweep = { load = [0.5, 0.6]; };\n"
				  "cases = ( { parameters = { servers = 1; }; },\n"
				  "          { sweep = { model = [\"centralized-ps\"]; load = [0.7]; }; } );\n"
				  "figure = { whatever = ( 1, \"x\" ); };");

	assert_int_equal(e.point_count, 3);
	assert_int_equal(json_integer_value(param(&e, 1, "servers")), 1);
	assert_int_equal(json_integer_value(param(&e, 2, "servers")), 4);
	assert_string_equal(json_string_value(param(&e, 2, "model")), "centralized-ps");
	experiment_clear(&e);
}

static void test_equal_points_count_once(void **state)
{
	struct experiment e =
	    read_good(HEAD COMMON "sweep = { load = (0.5, { from = 0.4; to = 0.6; step = 0.1; }); };");

	assert_int_equal(e.point_count, 3);
	experiment_clear(&e);
}

static void test_hash_tells_points_apart(void **state)
{
	struct experiment a = read_good(HEAD COMMON "sweep = { load = [0.5]; };");
	struct experiment b = read_good(HEAD "seed = 2; replications = 9;" COMMON "sweep = { load = [0.5]; };");
	struct experiment c = read_good(HEAD COMMON "sweep = { load = [0.6]; };");

	assert_string_equal(a.hash, b.hash); /* adding replications is no other experiment */
	assert_string_not_equal(a.hash, c.hash);
	experiment_clear(&a);
	experiment_clear(&b);
	experiment_clear(&c);
}

static void test_refuses_wrong_keys(void **state)
{
	assert_refused(HEAD COMMON "sweeps = { load = [0.5]; };", "FILE:3: key 'sweeps': unknown", "sweep");
	assert_refused(HEAD "parameters = { sevrers = 4; };", "FILE:2: key 'sevrers': unknown", "servers");
	assert_refused(HEAD COMMON "sweep = {\n laod = [0.5]; };", "FILE:4: key 'laod': unknown", "load");
	assert_refused(HEAD COMMON "sweep = { load = { form = 1; }; };", "FILE:3: key 'form': unknown", "from");
	assert_refused(HEAD COMMON "cases = ( { params = { }; } );", "FILE:3: key 'params': unknown", "parameters");
	assert_refused("kind = \"queue\";", "FILE: key 'experiment': missing", "");
	assert_refused("experiment = \"e\";", "FILE: key 'kind': missing", "");
	assert_refused(HEAD COMMON "sweep = { servers = [1]; };", "FILE:3: key 'servers': given twice", "parameters");
	assert_refused(HEAD COMMON, "FILE:1: key 'load':", "");
}

static void test_refuses_wrong_types_and_values(void **state)
{
	assert_refused("experiment = \"a b\"; kind = \"queue\";", "FILE:1: key 'experiment': 'a b'", "letters");
	assert_refused("experiment = \"e\"; kind = \"quue\";", "FILE:1: key 'kind': 'quue'", "queue");
	assert_refused(HEAD "seed = 1.5;", "FILE:2: key 'seed'", "integer");
	assert_refused(HEAD "seed = -1;", "FILE:2: key 'seed': -1", "0");
	assert_refused(HEAD "replications = 0;", "FILE:2: key 'replications': 0", "from 1");
	assert_refused(HEAD "parameters = 4;", "FILE:2: key 'parameters'", "group");
	assert_refused(HEAD "parameters = { servers = [4]; };", "FILE:2: key 'servers'", "one number");
	assert_refused(HEAD COMMON "sweep = { load = 0.5; };", "FILE:3: key 'load'", "list");
	assert_refused(HEAD COMMON "sweep = { load = ((0.5)); };", "FILE:3: key 'load'", "one number");
	assert_refused(HEAD COMMON "sweep = { load = [1e999]; };", "FILE:3: key 'load'", "finite");
	assert_refused(HEAD COMMON "cases = [1];", "FILE:3: key 'cases'", "list of groups");
	assert_refused(HEAD COMMON "sweep = { load = [0.5,\n0.6,\n1.5]; };", "FILE:5: key 'load': 1.5", "below 1");
	assert_refused(HEAD COMMON "sweep = { load = [0.0]; };", "FILE:3: key 'load': 0.0", "above 0");
	assert_refused(HEAD COMMON "sweep = { load = [0.5]; service = [\"exp\"]; };", "FILE:3: key 'service'", "twice");
	assert_refused(HEAD
		       "parameters = { model = \"centralized-fcfs\"; service = \"exp\"; load = 0.5;\nservers = 0; };",
		       "FILE:3: key 'servers': 0", "1");
}

static void test_refuses_empty_sweeps_and_bad_ranges(void **state)
{
	assert_refused(HEAD COMMON "sweep = { };", "FILE:3: key 'sweep': empty", "");
	assert_refused(HEAD COMMON "sweep = { load = []; };", "FILE:3: key 'load': empty", "");
	assert_refused(HEAD COMMON "cases = ();", "FILE:3: key 'cases': empty", "");
	assert_refused(HEAD COMMON "sweep = { load = { from = 0.5; }; };", "FILE:3: key 'load'", "from and to");
	assert_refused(HEAD COMMON "sweep = { load = { from = 0.5; to = 0.6; }; };", "FILE:3: key 'load'",
		       "step or points");
	assert_refused(HEAD COMMON "sweep = { load = { from = 0.5; to = 0.4; step = 0.1; }; };", "FILE:3: key 'load'",
		       "empty range");
	assert_refused(HEAD COMMON "sweep = { load = { from = 0.5; to = 0.6; step = 0; }; };", "FILE:3: key 'load'",
		       "above 0");
	assert_refused(HEAD COMMON "sweep = { load = { from = 0.5; to = 0.6; step = 1e-9; }; };", "FILE:3: key 'load'",
		       "more than 20000");
	assert_refused(HEAD COMMON "sweep = { load = { from = 0; to = 1; points = 3; scale = \"log\"; }; };",
		       "FILE:3: key 'load'", "above 0");
	assert_refused(HEAD "sweep = { servers = { from = 1; to = 1000; step = 1; };\n"
			    "load = { from = 0.1; to = 0.9; points = 1000; }; };",
		       "FILE:2: key 'sweep': more than 20000 points", "");
}

static void test_refuses_what_is_no_experiment_file(void **state)
{
	assert_refused(HEAD "x = ;", "FILE:2: ", "syntax error");
	assert_refused(HEAD "\n @include \"other.cfg\"\n", "FILE:3: ", "@include");
	struct experiment e;

	assert_int_equal(experiment_read_file(&e, "/nonexistent/x.cfg", error, sizeof(error)), 2);
	assert_string_equal(error, "/nonexistent/x.cfg: No such file or directory");
	experiment_clear(&e);
	assert_int_equal(experiment_read_file(&e, "/", error, sizeof(error)), 2);
	assert_string_equal(error, "/: Is a directory");
	experiment_clear(&e);
}

/* A case may be of another kind: of what all share it takes what its kind knows. */
static void cases_have_kinds(void **state)
{
	struct experiment e;

	const char *text =
	    "experiment = \"x\"; kind = \"queue\"; parameters = { service = \"exp\"; load = 0.5; };\n"
	    "cases = ( { parameters = { model = \"centralized-fcfs\"; servers = 2; }; },\n"
	    "{ kind = \"queue-slo\"; parameters = { model = \"centralized-fcfs\"; servers = 2; slo = \"10S\"; }; } );";

	assert_int_equal(experiment_read_text(&e, text, "FILE", error, sizeof(error)), 0);
	assert_int_equal(e.point_count, 2);
	assert_string_equal(e.point[0].kind->name, "queue");
	assert_string_equal(e.point[1].kind->name, "queue-slo");
	assert_null(json_object_get(e.point[1].params, "load"));
	experiment_clear(&e);
	text = "experiment = \"x\"; kind = \"queue\"; parameters = { service = \"exp\"; load = 0.5; };\n"
	       "cases = ( { kind = \"no\"; } );";
	assert_int_equal(experiment_read_text(&e, text, "FILE", error, sizeof(error)), 2);
	assert_non_null(strstr(error, "FILE:2: key 'kind': 'no': not a kind"));
	experiment_clear(&e);
}

static const char quick_text[] =
    "experiment = \"x\"; kind = \"queue\"; parameters = { service = \"exp\"; servers = 2; requests = 100000; };\n"
    "sweep = { load = [0.1, 0.2, 0.3]; model = [\"centralized-fcfs\"]; };\n"
    "quick = { parameters = { requests = 5000; }; sweep = { load = [0.5]; }; };";

static void write_file(char *path, const char *text)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* The quick form replaces values wherever they stand, and is another experiment. */
static void experiments_have_a_quick_form(void **state)
{
	char path[] = "/tmp/experiment-XXXXXX";
	struct experiment e;

	write_file(path, quick_text);
	assert_int_equal(experiment_read_file(&e, path, error, sizeof(error)), 0);
	assert_int_equal(e.point_count, 3);
	assert_string_equal(e.name, "x");
	experiment_clear(&e);
	assert_int_equal(experiment_read_quick(&e, path, error, sizeof(error)), 0);
	assert_int_equal(e.point_count, 1);
	assert_string_equal(e.name, "x.quick");
	assert_int_equal(json_integer_value(json_object_get(e.point[0].params, "requests")), 5000);
	assert_true(json_real_value(json_object_get(e.point[0].params, "load")) == 0.5);
	experiment_clear(&e);
	unlink(path);
}

static void a_missing_or_wrong_quick_form_is_refused(void **state)
{
	char path[] = "/tmp/experiment-XXXXXX";
	struct experiment e;

	write_file(path, "experiment = \"x\"; kind = \"queue\"; parameters = { model = \"centralized-fcfs\"; service = "
			 "\"exp\"; servers = 2; load = 0.5; };");
	assert_int_equal(experiment_read_quick(&e, path, error, sizeof(error)), 2);
	assert_non_null(strstr(error, "key 'quick': missing"));
	experiment_clear(&e);
	unlink(path);
	assert_int_equal(experiment_read_text(&e,
					      "experiment = \"x\"; kind = \"queue\"; parameters = { load = 0.5; };\n"
					      "quick = { parameters = { lod = 0.1; }; };",
					      "FILE", error, sizeof(error)),
			 2);
	assert_non_null(strstr(error, "FILE:2: key 'lod'"));
	experiment_clear(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(cases_have_kinds),
	    cmocka_unit_test(experiments_have_a_quick_form),
	    cmocka_unit_test(a_missing_or_wrong_quick_form_is_refused),
	    cmocka_unit_test(test_cross_product),
	    cmocka_unit_test(test_ranges_are_the_numbers_meant),
	    cmocka_unit_test(test_cases_replace_common_values),
	    cmocka_unit_test(test_equal_points_count_once),
	    cmocka_unit_test(test_hash_tells_points_apart),
	    cmocka_unit_test(test_refuses_wrong_keys),
	    cmocka_unit_test(test_refuses_wrong_types_and_values),
	    cmocka_unit_test(test_refuses_empty_sweeps_and_bad_ranges),
	    cmocka_unit_test(test_refuses_what_is_no_experiment_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

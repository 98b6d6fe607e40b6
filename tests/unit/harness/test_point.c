/* Points: canonical parameters, complaints, and that a result is a function of parameters, seed and replication. */
#include "harness/json_text.h"
#include "harness/point.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define QUEUE "\"model\":\"centralized-fcfs\",\"servers\":2,\"service\":\"exp\""

static struct point_error error;

static json_t *parse(const char *text)
{
	json_t *params = json_loads(text, 0, NULL);

	assert_non_null(params);
	return params;
}

static void assert_canonical(const struct point_kind *kind, const char *text, const char *expected)
{
	json_t *params = parse(text);
	char *canonical;

	for (int i = 0; i < 2; i++) { /* what is canonical stays so */
		if (kind->normalize(params, &error))
			fail_msg("%s: %s", error.key, error.text);
		canonical = point_params_text(params);
		assert_string_equal(canonical, expected);
		json_decref(params);
		params = parse(canonical);
		free(canonical);
	}
	json_decref(params);
}

static void assert_refused(const struct point_kind *kind, const char *text, const char *key, const char *part)
{
	json_t *params = parse(text);

	assert_int_equal(kind->normalize(params, &error), -1);
	assert_string_equal(error.key, key);
	if (!strstr(error.text, part))
		fail_msg("'%s' lacks '%s'", error.text, part);
	json_decref(params);
}

static void test_equal_points_have_equal_text(void **state)
{
	static const char expected[] = "{\"ci\":0.0,\"confidence\":0.95,\"load\":0.1,\"model\":\"centralized-fcfs\","
				       "\"requests\":10000000,\"servers\":2,\"service\":\"exp\",\"warmup\":\"auto\"}";

	assert_canonical(&point_kind_queue, "{" QUEUE ",\"load\":0.1}", expected);
	assert_canonical(&point_kind_queue, "{\"load\":1e-1,\"ci\":0,\"requests\":1e7,\"confidence\":0.95," QUEUE "}",
			 expected);
	assert_canonical(&point_kind_queue_slo, "{" QUEUE ",\"slo\":\"10S\",\"ci\":0.02,\"warmup\":7}",
			 "{\"ci\":0.02,\"confidence\":0.95,\"model\":\"centralized-fcfs\",\"requests\":1000000000,"
			 "\"servers\":2,\"service\":\"exp\",\"slo\":10.0,\"tolerance\":0.001,\"warmup\":7}");
}

static void test_shortest_reals_read_back(void **state)
{
	static const double values[] = {0.1, 1.0 / 3, 1e300, 5e-324, 123456789.125, 0.1 + 0.2, 16};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		json_t *real = json_real(values[i]), *back;
		char *text = json_value_text(real);

		back = json_loads(text, JSON_DECODE_ANY, NULL);
		assert_true(json_is_real(back) && json_real_value(back) == values[i]);
		if (i == 0)
			assert_string_equal(text, "0.1");
		free(text);
		json_decref(real);
		json_decref(back);
	}
}

static void test_complaints_name_key_value_and_what_is_allowed(void **state)
{
	const struct point_kind *queue = &point_kind_queue, *slo = &point_kind_queue_slo;

	assert_refused(queue, "{" QUEUE ",\"load\":0.5,\"lood\":1}", "lood", "is not a parameter; allowed: model");
	assert_refused(queue, "{" QUEUE "}", "load", "is missing");
	assert_refused(queue, "{" QUEUE ",\"load\":1.5}", "load", "1.5 is not allowed");
	assert_refused(queue, "{" QUEUE ",\"load\":0}", "load", "0 is not allowed");
	assert_refused(queue, "{" QUEUE ",\"load\":\"a\"}", "load", "\"a\" is not allowed");
	assert_refused(queue, "{" QUEUE ",\"load\":1.5,\"requests\":1e9}", "requests", "100000000");
	assert_refused(queue, "{" QUEUE ",\"load\":0.5,\"requests\":1000.5}", "requests", "1000.5 is not allowed");
	assert_refused(queue, "{" QUEUE ",\"load\":0.5,\"requests\":2000,\"warmup\":2000}", "warmup",
		       "2000 is not allowed");
	assert_refused(queue, "{" QUEUE ",\"load\":0.5,\"ci\":1e-5}", "ci", "1e-05 is not allowed");
	assert_refused(queue, "{\"model\":3,\"servers\":2,\"service\":\"exp\",\"load\":0.5}", "model",
		       "partitioned-ps");
	assert_refused(queue, "{\"model\":\"centralized-ps\",\"servers\":1025,\"service\":\"exp\",\"load\":0.5}",
		       "servers", "1 to 1024");
	assert_refused(queue, "{\"model\":\"centralized-ps\",\"servers\":1,\"service\":\"what\",\"load\":0.5}",
		       "service", "what");
	assert_refused(slo, "{" QUEUE ",\"slo\":\"500us\"}", "slo", "multiples of the mean service time");
	assert_refused(slo, "{" QUEUE ",\"slo\":\"10X\"}", "slo", "\"10X\" is not allowed");
	assert_refused(slo, "{" QUEUE ",\"slo\":0}", "slo", "above 0");
	assert_refused(slo, "{" QUEUE ",\"slo\":10,\"load\":0.5}", "load", "is not a parameter");
	assert_refused(slo, "{" QUEUE ",\"slo\":10,\"tolerance\":0}", "tolerance", "0 is not allowed");
}

static void run(const struct point_kind *kind, const char *text, uint64_t seed, unsigned replication,
		struct point_result *result)
{
	json_t *params = parse(text);

	assert_int_equal(kind->normalize(params, &error), 0);
	if (kind->run(params, seed, replication, result, &error))
		fail_msg("%s: %s", error.key, error.text);
	json_decref(params);
}

static double value_of(const struct point_result *result, const char *name)
{
	const struct metric *metric = point_metric(result, name);

	assert_non_null(metric);
	return metric->value;
}

static void test_result_is_a_function_of_seed_and_replication(void **state)
{
	static const char text[] = "{" QUEUE ",\"load\":0.7,\"requests\":100000}";
	struct point_result a, b, other_seed, other_replication;

	run(&point_kind_queue, text, 1, 0, &a);
	run(&point_kind_queue, text, 1, 0, &b);
	run(&point_kind_queue, text, 2, 0, &other_seed);
	run(&point_kind_queue, text, 1, 1, &other_replication);
	assert_int_equal(a.metric_count, b.metric_count);
	for (size_t i = 0; i < a.metric_count; i++)
		assert_memory_equal(&a.metric[i].value, &b.metric[i].value, sizeof(double));
	assert_int_equal(a.histogram_size, b.histogram_size);
	assert_memory_equal(a.histogram, b.histogram, a.histogram_size);
	assert_true(value_of(&a, "p99") != value_of(&other_seed, "p99"));
	assert_true(value_of(&a, "p99") != value_of(&other_replication, "p99"));
	point_result_clear(&a);
	point_result_clear(&b);
	point_result_clear(&other_seed);
	point_result_clear(&other_replication);
}

static void test_warmup_rule_is_limited_to_half_of_the_requests(void **state)
{
	struct point_result result;

	run(&point_kind_queue, "{" QUEUE ",\"load\":0.99,\"requests\":10000}", 1, 0, &result);
	assert_float_equal(value_of(&result, "warmup_used"), 5000, 0);
	assert_float_equal(value_of(&result, "warmup_limited"), 1, 0);
	point_result_clear(&result);
	run(&point_kind_queue, "{" QUEUE ",\"load\":0.99,\"requests\":10000,\"warmup\":10}", 1, 0, &result);
	assert_float_equal(value_of(&result, "warmup_used"), 10, 0);
	assert_float_equal(value_of(&result, "warmup_limited"), 0, 0);
	point_result_clear(&result);
}

static void test_precision_is_reached_or_the_cap_reported(void **state)
{
	struct point_result result;
	const struct metric *p99;

	run(&point_kind_queue, "{" QUEUE ",\"load\":0.7,\"ci\":0.02}", 1, 0, &result);
	p99 = point_metric(&result, "p99");
	assert_true((p99->high - p99->low) / 2 <= 0.02 * p99->value);
	assert_true(value_of(&result, "simulated") < 1e8);
	assert_float_equal(value_of(&result, "capped"), 0, 0);
	point_result_clear(&result);
	run(&point_kind_queue, "{" QUEUE ",\"load\":0.7,\"ci\":0.001,\"requests\":200000}", 1, 0, &result);
	assert_float_equal(value_of(&result, "simulated"), 200000, 0);
	assert_float_equal(value_of(&result, "capped"), 1, 0);
	point_result_clear(&result);
}

static void test_load_above_one_is_reported_as_unstable(void **state)
{
	struct point_result result;

	run(&point_kind_queue, "{" QUEUE ",\"load\":1.5,\"requests\":100000}", 1, 0, &result);
	assert_float_equal(value_of(&result, "unstable"), 1, 0);
	assert_float_equal(value_of(&result, "warmup_used"), 0, 0);
	point_result_clear(&result);
}

static int stop_later(void *context, double share_done)
{
	unsigned *calls = context;

	assert_true(share_done >= 0 && share_done <= 1);
	return ++*calls == 3;
}

static void test_watch_stops_a_point(void **state)
{
	json_t *params = parse("{" QUEUE ",\"load\":0.7}");
	struct point_result result;
	unsigned calls = 0;

	assert_int_equal(point_kind_queue.normalize(params, &error), 0);
	point_set_watch(stop_later, &calls);
	assert_int_equal(point_kind_queue.run(params, 1, 0, &result, &error), 1);
	point_set_watch(NULL, NULL);
	assert_int_equal(calls, 3);
	assert_string_equal(error.text, "interrupted");
	point_result_clear(&result);
	json_decref(params);
}

static void test_kinds_are_found_by_name(void **state)
{
	assert_ptr_equal(point_kind_find("queue"), &point_kind_queue);
	assert_ptr_equal(point_kind_find("queue-slo"), &point_kind_queue_slo);
	assert_null(point_kind_find("queues"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_equal_points_have_equal_text),
	    cmocka_unit_test(test_shortest_reals_read_back),
	    cmocka_unit_test(test_complaints_name_key_value_and_what_is_allowed),
	    cmocka_unit_test(test_result_is_a_function_of_seed_and_replication),
	    cmocka_unit_test(test_warmup_rule_is_limited_to_half_of_the_requests),
	    cmocka_unit_test(test_precision_is_reached_or_the_cap_reported),
	    cmocka_unit_test(test_load_above_one_is_reported_as_unstable),
	    cmocka_unit_test(test_watch_stops_a_point),
	    cmocka_unit_test(test_kinds_are_found_by_name),
	};

	return cmocka_run_group_tests_name("point", tests, NULL, NULL);
}

/* What DIST may be, what it may not, and that the message names the value and what is allowed. */
#include "models/dist.h"
#include "tests/unit/models/cmocka_all.h"
#include <stdio.h>
#include <string.h>

static void good_texts_are_taken(void **state)
{
	static const char *const good[] = {
	    "det",
	    "exp",
	    "bimodal1",
	    "bimodal2",
	    "bimodal:0,1,2",
	    "bimodal:1,1,0",
	    "lognormal:1e-3",
	    "pareto:1.01",
	    "gev:-5,1,-1",
	    "etc-key",
	    "etc-value",
	    "etc-gap",
	    "gpareto:0,1,0.99",
	    "gev:3.5,1,.5",
	    "gpareto:0,1,-10",
	    "tpcc",
	};
	struct dist dist;
	char error[200];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (dist_parse(&dist, good[i], error, sizeof(error)))
			fail_msg("%s", error);
		assert_true(dist_mean(&dist) >= 0 && dist.scale == 1);
		dist_destroy(&dist);
	}
}

static void bad_texts_are_refused(void **state)
{
	static const struct {
		const char *text, *message; /* that part of the message */
	} bad[] = {
	    {"", "allowed: det, exp"},
	    {"ex", "allowed: det, exp"},
	    {"expo", "allowed: det, exp"},
	    {"exp ", "allowed: det, exp"},
	    {"exp:1", "allowed: det, exp"},
	    {"det:", "allowed: det, exp"},
	    {"EXP", "allowed: det, exp"},
	    {"empirical:file", "allowed: det, exp"},
	    {"bimodal", "allowed: det, exp"},
	    {"bimodal:", "bimodal:P,A,B with 3 finite numbers"},
	    {"bimodal:0.5,1", "bimodal:P,A,B with 3 finite numbers"},
	    {"bimodal:0.5,1,2,3", "bimodal:P,A,B with 3 finite numbers"},
	    {"bimodal:0.5,1,2,", "bimodal:P,A,B with 3 finite numbers"},
	    {"bimodal:0.5,,2", "bimodal:P,A,B with 3 finite numbers"},
	    {"bimodal:0.5, 1,2", "bimodal:P,A,B with 3 finite numbers"},
	    {"bimodal:1.5,1,2", "P is a probability"},
	    {"bimodal:-0.1,1,2", "P is a probability"},
	    {"bimodal:0.1,-1,2", "not negative"},
	    {"lognormal:", "lognormal:CV with 1 finite number"},
	    {"lognormal:1x", "lognormal:CV with 1 finite number"},
	    {"lognormal:nan", "lognormal:CV with 1 finite number"},
	    {"lognormal:inf", "lognormal:CV with 1 finite number"},
	    {"lognormal:1e999", "lognormal:CV with 1 finite number"},
	    {"lognormal:0x1", "lognormal:CV with 1 finite number"},
	    {"lognormal:0", "CV"},
	    {"lognormal:-1", "CV"},
	    {"pareto:1", "ALPHA is above 1"},
	    {"pareto:0.5", "ALPHA is above 1"},
	    {"gev:1,0,0", "SCALE is above 0"},
	    {"gev:1,1,1", "SHAPE is at least -5 and below 1"},
	    {"gev:1,1,-6", "SHAPE is at least -5"},
	    {"gpareto:-1,1,0", "LOCATION is not negative"},
	    {"gpareto:1,-1,0", "SCALE is above 0"},
	    {"gpareto:1,1,2", "SHAPE is below 1"},
	};
	struct dist dist;
	char error[400], quoted[80];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(error, 0, sizeof(error));
		assert_int_equal(dist_parse(&dist, bad[i].text, error, sizeof(error)), -1);
		snprintf(quoted, sizeof(quoted), "'%s'", bad[i].text);
		if (!strstr(error, bad[i].message) || !strstr(error, quoted))
			fail_msg("'%s' gives: %s", bad[i].text, error);
	}
}

static void long_texts_do_not_crowd_out_the_advice(void **state)
{
	char text[2000], error[400];
	struct dist dist;

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(dist_parse(&dist, text, error, sizeof(error)), -1);
	assert_non_null(strstr(error, "empirical:FILE"));
}

static void bad_values_are_refused(void **state)
{
	static const struct {
		double value[2], weight[2];
		const char *message;
	} bad[] = {
	    {{1, -1}, {1, 1}, "value 2 is -1"},
	    {{NAN, 1}, {1, 1}, "value 1 is "},
	    {{1, INFINITY}, {1, 1}, "value 2 is inf"},
	    {{1, 2}, {1, 0}, "weight 2 is 0"},
	    {{1, 2}, {-3, 1}, "weight 1 is -3"},
	    {{1, 2}, {1, INFINITY}, "weight 2 is inf"},
	    {{1, 2}, {1e308, 1e308}, "sum of the weights"},
	};
	struct dist dist;
	char error[200];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(dist_from_values(&dist, bad[i].value, bad[i].weight, 2, error, sizeof(error)), -1);
		if (!strstr(error, bad[i].message))
			fail_msg("expected '%s' in: %s", bad[i].message, error);
	}
	assert_int_equal(dist_from_values(&dist, NULL, NULL, 0, error, sizeof(error)), -1);
	assert_non_null(strstr(error, "0 values"));
}

static void means_that_cannot_be_set(void **state)
{
	struct dist zero, exponential;
	char error[200];

	assert_int_equal(dist_parse(&zero, "bimodal:0.5,0,0", error, sizeof(error)), 0);
	assert_int_equal(dist_set_mean(&zero, 1), -1);
	assert_int_equal(dist_parse(&exponential, "exp", error, sizeof(error)), 0);
	assert_int_equal(dist_set_mean(&exponential, 0), -1);
	assert_int_equal(dist_set_mean(&exponential, INFINITY), -1);
	assert_int_equal(dist_set_mean(&exponential, NAN), -1);
	assert_near(dist_mean(&exponential), 1, 0);
	assert_int_equal(dist_set_mean(&exponential, 4), 0);
	assert_near(dist_variance(&exponential), 16, 1e-12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(good_texts_are_taken),     cmocka_unit_test(bad_texts_are_refused),
	    cmocka_unit_test(bad_values_are_refused),   cmocka_unit_test(long_texts_do_not_crowd_out_the_advice),
	    cmocka_unit_test(means_that_cannot_be_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

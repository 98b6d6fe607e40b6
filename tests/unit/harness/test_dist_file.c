/* Distributions with files: what is read, and what is said about wrong ones. */
#include "harness/dist_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char error[256];

static int parse(struct dist *dist, const char *content)
{
	error[0] = '\0';
	return dist_file_parse(dist, "FILE", content, strlen(content), error, sizeof(error));
}

static void assert_refused(const char *content, const char *expected)
{
	struct dist dist;

	assert_int_equal(parse(&dist, content), -1);
	if (!strstr(error, expected))
		fail_msg("'%s' lacks '%s'", error, expected);
	assert_null(strchr(error, '\n'));
}

static void test_values_and_weights(void **state)
{
	struct dist dist;

	assert_int_equal(parse(&dist, "# mean 2\n\n 1 3 # often\r\n5\t1\n   \n"), 0);
	assert_float_equal(dist_mean(&dist), 2, 1e-12);
	assert_float_equal(dist_variance(&dist), 3, 1e-12);
	assert_float_equal(dist_cdf(&dist, 1), 0.75, 1e-12);
	dist_destroy(&dist);
}

static void test_weight_defaults_to_one_and_last_line_needs_no_newline(void **state)
{
	struct dist dist;

	assert_int_equal(parse(&dist, "1\n2\n3e0"), 0);
	assert_float_equal(dist_mean(&dist), 2, 1e-12);
	dist_destroy(&dist);
}

static void test_complaints_name_the_line(void **state)
{
	assert_refused("1\nx\n", "FILE:2: 'x' is not a decimal number");
	assert_refused("1 1\n\n2 1 7\n", "FILE:3: '7' follows value and weight");
	assert_refused("-1\n", "FILE:1: '-1' is negative");
	assert_refused("1 0\n", "FILE:1: '0' is not a weight above 0");
	assert_refused("1 -2\n", "FILE:1: '-2' is not a weight above 0");
	assert_refused("nan\n", "FILE:1: 'nan' is not a decimal number");
	assert_refused("0x10\n", "FILE:1: '0x10' is not a decimal number");
	assert_refused("1,5\n", "FILE:1: '1,5' is not a decimal number");
	assert_refused("1e999\n", "FILE:1: '1e999' is too large");
	assert_refused("", "FILE: holds no values");
	assert_refused("# nothing\n", "FILE: holds no values");
}

static void test_zero_bytes_and_long_lines_are_refused(void **state)
{
	struct dist dist;
	char line[300];

	assert_int_equal(dist_file_parse(&dist, "FILE", "1\n2\0\n", 5, error, sizeof(error)), -1);
	assert_non_null(strstr(error, "FILE:2: holds a zero byte"));
	memset(line, '1', sizeof(line));
	assert_int_equal(dist_file_parse(&dist, "FILE", line, sizeof(line), error, sizeof(error)), -1);
	assert_non_null(strstr(error, "FILE:1: the line is longer"));
}

/* A file in $TMPDIR with @content; unlink() it. */
static void write_file(char *path, size_t size, const char *content)
{
	const char *folder = getenv("TMPDIR");
	FILE *file;
	int descriptor;

	snprintf(path, size, "%s/ixlab-dist-XXXXXX", folder ? folder : "/tmp");
	descriptor = mkstemp(path);
	assert_true(descriptor >= 0);
	file = fdopen(descriptor, "w");
	assert_non_null(file);
	fputs(content, file);
	fclose(file);
}

static void test_reading_a_file(void **state)
{
	char path[256], text[300];
	struct dist dist;
	uint64_t hash, other_hash;

	write_file(path, sizeof(path), "1\n3\n");
	snprintf(text, sizeof(text), "empirical:%s", path);
	assert_int_equal(dist_read(&dist, text, &hash, error, sizeof(error)), 0);
	assert_float_equal(dist_mean(&dist), 2, 1e-12);
	dist_destroy(&dist);
	unlink(path);
	assert_int_equal(dist_read(&dist, text, NULL, error, sizeof(error)), -1);
	assert_non_null(strstr(error, "No such file"));

	write_file(path, sizeof(path), "1\n4\n");
	snprintf(text, sizeof(text), "empirical:%s", path);
	assert_int_equal(dist_read(&dist, text, &other_hash, error, sizeof(error)), 0);
	assert_true(hash != other_hash && hash != 0 && other_hash != 0);
	dist_destroy(&dist);
	unlink(path);
}

static void test_reading_without_a_file(void **state)
{
	struct dist dist;
	uint64_t hash = 7;

	assert_int_equal(dist_read(&dist, "exp", &hash, error, sizeof(error)), 0);
	assert_true(hash == 0);
	dist_destroy(&dist);
	assert_int_equal(dist_read(&dist, "empirical:", NULL, error, sizeof(error)), -1);
	assert_non_null(strstr(error, "names no file"));
	assert_int_equal(dist_read(&dist, "empirical:/", NULL, error, sizeof(error)), -1);
	assert_non_null(strstr(error, "directory"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_values_and_weights),
	    cmocka_unit_test(test_weight_defaults_to_one_and_last_line_needs_no_newline),
	    cmocka_unit_test(test_complaints_name_the_line),
	    cmocka_unit_test(test_zero_bytes_and_long_lines_are_refused),
	    cmocka_unit_test(test_reading_a_file),
	    cmocka_unit_test(test_reading_without_a_file),
	};

	return cmocka_run_group_tests_name("dist_file", tests, NULL, NULL);
}

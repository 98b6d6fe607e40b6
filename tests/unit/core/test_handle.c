#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "impl/core/handle.h"

#define MANY 100000

static void test_find(void **state)
{
	static ix_handle handle[MANY];
	static char object[MANY];
	struct ix_handle_table table;
	int i;

	ix_handle_table_init(&table, 511);
	assert_null(ix_handle_find(&table, 0));
	assert_int_equal(ix_handle_new(&table, NULL), 0);
	for (i = 0; i < MANY; i++) {
		handle[i] = ix_handle_new(&table, &object[i]);
		assert_true(handle[i] != 0 && (int64_t)handle[i] > 0);
		assert_int_equal(ix_handle_group(handle[i]), 511);
	}
	for (i = 0; i < MANY; i += 2)
		ix_handle_free(&table, handle[i]);
	assert_int_equal(table.used, MANY / 2);
	for (i = 0; i < MANY; i++)
		assert_ptr_equal(ix_handle_find(&table, handle[i]), i % 2 ? &object[i] : NULL);
	ix_handle_table_fini(&table);
}

static void test_stale_and_forged(void **state)
{
	struct ix_handle_table table, other;
	ix_handle handle, stale;
	char object;
	int bit, i;

	ix_handle_table_init(&table, 3);
	ix_handle_table_init(&other, 4);
	handle = ix_handle_new(&table, &object);
	for (bit = 0; bit < 64; bit++)
		assert_null(ix_handle_find(&table, handle ^ 1ull << bit));
	assert_null(ix_handle_find(&other, handle));
	/* The slot is used again and again, and no earlier handle names it. */
	for (i = 0; i < 1000; i++) {
		stale = handle;
		ix_handle_free(&table, handle);
		ix_handle_free(&table, handle);
		handle = ix_handle_new(&table, &object);
		assert_int_not_equal(handle, stale);
		assert_null(ix_handle_find(&table, stale));
		assert_ptr_equal(ix_handle_find(&table, handle), &object);
	}
	assert_int_equal(table.used, 1);
	assert_int_equal(table.capacity, 16);
	ix_handle_table_fini(&table);
	ix_handle_table_fini(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_find),
	    cmocka_unit_test(test_stale_and_forged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

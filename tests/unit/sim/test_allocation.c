/* Nothing is allocated per request: malloc and its kin are wrapped (-Wl,--wrap) and counted while requests pass. */
#include "tests/unit/sim/system_run.h"

#include <stdlib.h>

static uint64_t allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);

void *__wrap_malloc(size_t size)
{
	allocations++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	allocations++;
	return __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	allocations++;
	return __real_realloc(memory, size);
}

void *__wrap_aligned_alloc(size_t align, size_t size)
{
	allocations++;
	return __real_aligned_alloc(align, size);
}

static void check(const struct sim_host_kind *kind, double load, int with_costs)
{
	struct dist service;
	struct sim_system_options o = system_options(16, load, &service, "exp");
	struct sim_system *system;

	o.kind = kind;
	if (with_costs)
		o.costs = costs_for_tests();
	allocations = 0;
	system = system_create(&o);
	assert_true(allocations > 0); /* the count works */
	/* Every connection is opened, every thread of zygos ships more calls than a connection holds. */
	assert_int_equal(sim_system_run(system, 400000, NULL, NULL), 0);
	allocations = 0;
	assert_int_equal(sim_system_run(system, 200000, NULL, NULL), 0);
	assert_int_equal(allocations, 0);
	sim_system_destroy(system);
}

static void test_no_allocation_per_request(void **state)
{
	check(&sim_host_ix, 0.7, 0);
	check(&sim_host_ix, 0.7, 1);
	check(&sim_host_ix, 1.5, 1);
	check(&sim_host_zygos, 0.7, 0);
	check(&sim_host_zygos, 0.7, 1);
	check(&sim_host_zygos, 1.5, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_no_allocation_per_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

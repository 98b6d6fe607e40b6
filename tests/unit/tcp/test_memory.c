/* malloc fails now and then, for PCBs, segments, pbufs and received packets: slower, never wrong, nothing lost. */
#include "tests/unit/tcp/pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

static unsigned fail_every, calls, failed;

/* The linker sends the program's calls of malloc here. */
void *__wrap_malloc(size_t size)
{
	if (fail_every && ++calls % fail_every == 0) {
		failed++;
		return NULL;
	}
	return __real_malloc(size);
}

static bool all_got(struct pair *pair, void *bytes)
{
	for (unsigned i = 0; i < pair->host[0].ends; i++)
		if (!pair->host[0].end[i]->dead && pair->host[0].end[i]->in_total < *(uint64_t *)bytes)
			return false;
	return true;
}

static void failing(unsigned every)
{
	struct pair_config config = pair_config_default();
	struct pair pair;
	uint64_t bytes = 30000;
	unsigned complete = 0;

	pair_open(&pair, &config);
	fail_every = every;
	for (unsigned c = 0; c < 20; c++)
		pair_connect(&pair.host[0], 0, PAIR_PORT, bytes);
	pair_run_for(&pair, 1 * MS);
	for (unsigned c = 0; c < 20; c++) /* CONNECT itself may have failed: nothing is left of it then */
		if (!pair.host[0].end[c]->handle) {
			assert_int_equal(pair.host[0].end[c]->last_result, IX_ERR_NO_MEMORY);
			pair.host[0].end[c]->dead = true;
		}
	assert_true(pair_run(&pair, all_got, &bytes, 600 * SEC));
	for (unsigned c = 0; c < 20; c++) {
		struct pair_end *e = pair.host[0].end[c];

		assert_int_equal(e->corrupted, 0);
		complete += e->in_total == bytes;
		if (!e->dead)
			pair_end_close(e);
	}
	assert_true(complete >= 10);
	assert_true(pair_run(&pair, pair_all_dead, NULL, 600 * SEC));
	pair_run_for(&pair, 200 * SEC);
	assert_true(failed > 0);
	fail_every = failed = 0;
	pair_close(&pair, true);
}

static void test_malloc_fails(void **state)
{
	failing(50);
	failing(11);
	failing(7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_malloc_fails)};

	return cmocka_run_group_tests_name("tcp_memory", tests, NULL, NULL);
}

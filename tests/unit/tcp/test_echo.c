/* Data: handshake, echoes of all sizes byte for byte, loss, reordering, duplication, closes. */
#include "tests/unit/tcp/pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void finish(struct pair *pair, struct pair_end *e)
{
	pair_end_close(e);
	assert_true(pair_run(pair, pair_all_dead, NULL, 60 * SEC));
	pair_run_for(pair, 1 * SEC); /* TIME_WAIT */
	pair_close(pair, true);
}

static void echo_once(uint64_t bytes)
{
	struct pair_config config = pair_config_default();
	struct pair pair;
	struct pair_end *e;

	pair_open(&pair, &config);
	e = pair_connect(&pair.host[0], 0, PAIR_PORT, bytes);
	assert_true(pair_run(&pair, pair_end_got, &(struct pair_expect){e, bytes}, 10 * SEC));
	assert_int_equal(e->in_total, bytes);
	assert_int_equal(e->corrupted, 0);
	assert_int_equal(pair_peer(e)->corrupted, 0);
	assert_int_equal(pair_counters(&pair.host[0]).retransmits_timeout, 0);
	assert_int_equal(pair_counters(&pair.host[1]).retransmits_timeout, 0);
	finish(&pair, e);
}

static void test_sizes(void **state)
{
	static const uint64_t bytes[] = {1, 2, 64, 1459, 1460, 1461, 4096, 65535, 65536, 200001, 1 << 20};

	for (unsigned i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++)
		echo_once(bytes[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests_name("tcp_echo", tests, NULL, NULL);
}

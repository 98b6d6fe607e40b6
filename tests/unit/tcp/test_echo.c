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

/* What the issue of the network asks for: each frame is lost, late, doubled or bent with the given chances (per 1,000).
 */
struct weather {
	unsigned loss, reorder, duplicate, corrupt;
};

static enum pair_verdict bad_weather(struct pair *pair, unsigned from, struct ix_packet *packet)
{
	const struct weather *w = pair->user;
	uint64_t dice = pair_random(pair) % 1000;

	if (pair_random(pair) % 1000 < w->corrupt)
		packet->data[pair_random(pair) % packet->length] ^= (uint8_t)(1u << pair_random(pair) % 8);
	if (dice < w->loss)
		return PAIR_DROP;
	if (dice < w->loss + w->reorder)
		return PAIR_DELAY;
	if (dice < w->loss + w->reorder + w->duplicate)
		return PAIR_DUPLICATE;
	return PAIR_PASS;
}

static bool all_got(struct pair *pair, void *bytes)
{
	for (unsigned i = 0; i < pair->host[0].ends; i++)
		if (pair->host[0].end[i]->in_total < *(uint64_t *)bytes)
			return false;
	return true;
}

static void in_weather(struct weather weather, unsigned connections, uint64_t bytes)
{
	struct pair_config config = pair_config_default();
	struct pair pair;

	config.threads[0] = 2;
	config.threads[1] = 3;
	pair_open(&pair, &config);
	pair.user = &weather;
	pair.filter = bad_weather;
	pair.extra_delay_ns = 50 * US;
	for (unsigned i = 0; i < connections; i++)
		pair_connect(&pair.host[0], i % 2, PAIR_PORT, bytes);
	assert_true(pair_run(&pair, all_got, &bytes, 600 * SEC));
	for (unsigned i = 0; i < connections; i++) {
		struct pair_end *e = pair.host[0].end[i];

		assert_int_equal(e->in_total, bytes);
		assert_int_equal(e->corrupted, 0);
		assert_int_equal(pair_peer(e)->in_total, bytes);
		assert_int_equal(pair_peer(e)->corrupted, 0);
		assert_false(e->dead);
		pair_end_close(e);
	}
	assert_true(pair_run(&pair, pair_all_dead, NULL, 600 * SEC));
	pair_run_for(&pair, 300 * SEC);
	pair_close(&pair, true);
}

static void test_loss(void **state)
{
	in_weather((struct weather){.loss = 20}, 20, 100000);
}

static void test_reordering(void **state)
{
	in_weather((struct weather){.reorder = 50}, 20, 100000);
}

static void test_duplication(void **state)
{
	in_weather((struct weather){.duplicate = 50}, 20, 100000);
}

static void test_corruption(void **state)
{
	in_weather((struct weather){.corrupt = 10}, 20, 100000);
}

static void test_all_at_once(void **state)
{
	in_weather((struct weather){20, 20, 10, 1}, 100, 50000);
}

static void test_heavy_loss(void **state)
{
	in_weather((struct weather){.loss = 150, .reorder = 100, .duplicate = 50}, 10, 20000);
}

/* The peer has closed its direction; ours still carries data. */
static void test_half_close(void **state)
{
	struct pair_config config = pair_config_default();
	struct pair pair;
	struct pair_end *e, *peer;

	pair_open(&pair, &config);
	pair.host[1].close_at_eof = false;
	pair.host[1].echo = false;
	e = pair_connect(&pair.host[0], 0, PAIR_PORT, 1000);
	pair_run_for(&pair, 10 * MS);
	peer = pair_peer(e);
	assert_non_null(peer);
	pair_end_close(peer); /* towards the client */
	pair_run_for(&pair, 10 * MS);
	assert_true(e->eof);
	assert_false(e->dead);
	assert_true(peer->dead); /* all it sent is acknowledged, and it will not read */
	assert_int_equal(peer->reason, IX_DEAD_CLOSED);
	pair_end_close(e);
	pair_run_for(&pair, 1 * SEC);
	assert_true(e->dead);
	assert_int_equal(e->reason, IX_DEAD_CLOSED);
	pair_close(&pair, true);
}

/* Data for an application that has closed: the sender learns by a reset that nobody reads it. */
static void test_data_after_close(void **state)
{
	struct pair_config config = pair_config_default();
	struct pair pair;
	struct pair_end *e, *peer;

	pair_open(&pair, &config);
	pair.host[1].echo = false;
	e = pair_connect(&pair.host[0], 0, PAIR_PORT, 1000);
	pair_run_for(&pair, 10 * MS);
	peer = pair_peer(e);
	pair_end_close(peer);
	pair_run_for(&pair, 10 * MS);
	pair_send(e, 100);
	pair_run_for(&pair, 10 * MS);
	assert_true(e->dead);
	assert_int_equal(e->reason, IX_DEAD_RESET);
	pair_run_for(&pair, 1 * SEC);
	pair_close(&pair, true);
}

/* Both FINs cross: CLOSING on both sides. */
static void test_simultaneous_close(void **state)
{
	struct pair_config config = pair_config_default();
	struct pair pair;
	struct pair_end *e, *peer;

	pair_open(&pair, &config);
	e = pair_connect(&pair.host[0], 0, PAIR_PORT, 100);
	assert_true(pair_run(&pair, pair_end_got, &(struct pair_expect){e, 100}, 1 * SEC));
	pair_run_for(&pair, 10 * MS);
	peer = pair_peer(e);
	pair_end_close(e);
	pair_end_close(peer);
	assert_true(pair_run(&pair, pair_all_dead, NULL, 10 * MS));
	assert_int_equal(e->reason, IX_DEAD_CLOSED);
	assert_int_equal(peer->reason, IX_DEAD_CLOSED);
	assert_int_equal(ix_tcp_live(pair.host[0].dataplane).connections, 1); /* both in TIME_WAIT */
	assert_int_equal(ix_tcp_live(pair.host[1].dataplane).connections, 1);
	pair_run_for(&pair, 1 * SEC);
	pair_close(&pair, true);
}

static void test_abort(void **state)
{
	struct pair_config config = pair_config_default();
	struct pair pair;
	struct pair_end *e, *peer;

	pair_open(&pair, &config);
	e = pair_connect(&pair.host[0], 0, PAIR_PORT, 100);
	assert_true(pair_run(&pair, pair_end_got, &(struct pair_expect){e, 100}, 1 * SEC));
	peer = pair_peer(e);
	pair_end_abort(e);
	pair_run_for(&pair, 10 * MS);
	assert_true(e->dead);
	assert_int_equal(e->reason, IX_DEAD_CLOSED);
	assert_true(peer->dead);
	assert_int_equal(peer->reason, IX_DEAD_RESET);
	pair_close(&pair, true);
}

static void test_refused(void **state)
{
	struct pair_config config = pair_config_default();
	struct pair pair;
	struct pair_end *e;

	pair_open(&pair, &config);
	e = pair_connect(&pair.host[0], 0, PAIR_PORT + 1, 100);
	pair_run_for(&pair, 10 * MS);
	assert_true(e->dead);
	assert_false(e->connected);
	assert_true(e->status < 0);
	assert_int_equal(e->reason, IX_DEAD_REFUSED);
	pair_close(&pair, true);
}

static void test_rejected_knock(void **state)
{
	struct pair_config config = pair_config_default();
	struct pair pair;
	struct pair_end *e;

	pair_open(&pair, &config);
	pair.host[1].accept = false;
	e = pair_connect(&pair.host[0], 0, PAIR_PORT, 100);
	pair_run_for(&pair, 10 * MS);
	assert_int_equal(pair.host[1].knocks, 1);
	assert_true(e->dead);
	assert_int_equal(e->reason, IX_DEAD_RESET);
	assert_true(pair_all_dead(&pair, NULL));
	pair_close(&pair, true);
}

/* Few events fit: nothing is lost, it comes later. */
static void test_small_event_array(void **state)
{
	struct pair_config config = pair_config_default();
	struct pair pair;
	uint64_t bytes = 100000;

	config.events = IX_EVENTS_MIN;
	pair_open(&pair, &config);
	for (unsigned i = 0; i < 50; i++)
		pair_connect(&pair.host[0], 0, PAIR_PORT, bytes);
	assert_true(pair_run(&pair, all_got, &bytes, 60 * SEC));
	for (unsigned i = 0; i < 50; i++) {
		assert_int_equal(pair.host[0].end[i]->corrupted, 0);
		pair_end_close(pair.host[0].end[i]);
	}
	assert_true(pair_run(&pair, pair_all_dead, NULL, 10 * SEC));
	pair_run_for(&pair, 1 * SEC);
	pair_close(&pair, true);
}

/* Packet memory runs out now and then: slower, never wrong. */
static void test_packets_run_out(void **state)
{
	static const unsigned every[] = {3, 7, 50};
	uint64_t bytes = 30000;

	for (unsigned i = 0; i < 3; i++) {
		struct pair_config config = pair_config_default();
		struct pair pair;

		pair_open(&pair, &config);
		pair.fail_packets = every[i];
		for (unsigned c = 0; c < 10; c++)
			pair_connect(&pair.host[0], 0, PAIR_PORT, bytes);
		assert_true(pair_run(&pair, all_got, &bytes, 600 * SEC));
		for (unsigned c = 0; c < 10; c++) {
			assert_int_equal(pair.host[0].end[c]->corrupted, 0);
			pair_end_close(pair.host[0].end[c]);
		}
		assert_true(pair_run(&pair, pair_all_dead, NULL, 600 * SEC));
		assert_true(pair_counters(&pair.host[0]).no_memory + pair_counters(&pair.host[1]).no_memory > 0);
		pair_run_for(&pair, 200 * SEC);
		pair_close(&pair, true);
	}
}

/* A pool so small that the windows are larger: receivers keep it, senders cannot get any. It recovers. */
static void test_tiny_pool(void **state)
{
	struct pair_config config = pair_config_default();
	struct pair pair;
	uint64_t bytes = 50000;

	config.packets = 48;
	pair_open(&pair, &config);
	for (unsigned c = 0; c < 8; c++)
		pair_connect(&pair.host[0], 0, PAIR_PORT, bytes);
	assert_true(pair_run(&pair, all_got, &bytes, 600 * SEC));
	for (unsigned c = 0; c < 8; c++) {
		assert_int_equal(pair.host[0].end[c]->corrupted, 0);
		pair_end_close(pair.host[0].end[c]);
	}
	assert_true(pair_run(&pair, pair_all_dead, NULL, 600 * SEC));
	pair_run_for(&pair, 200 * SEC);
	pair_close(&pair, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sizes),
	    cmocka_unit_test(test_loss),
	    cmocka_unit_test(test_reordering),
	    cmocka_unit_test(test_duplication),
	    cmocka_unit_test(test_corruption),
	    cmocka_unit_test(test_all_at_once),
	    cmocka_unit_test(test_heavy_loss),
	    cmocka_unit_test(test_half_close),
	    cmocka_unit_test(test_data_after_close),
	    cmocka_unit_test(test_simultaneous_close),
	    cmocka_unit_test(test_abort),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_rejected_knock),
	    cmocka_unit_test(test_small_event_array),
	    cmocka_unit_test(test_packets_run_out),
	    cmocka_unit_test(test_tiny_pool),
	};

	return cmocka_run_group_tests_name("tcp_echo", tests, NULL, NULL);
}

/* Live connections change threads: byte-exact, nothing dropped, and every timer at its time. Ports come home. */
#include "tests/unit/tcp/raw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define GROUPS 16

/* Asks for a move of some groups of one thread of @h, chosen by chance. */
static void migrate_some(struct pair *pair, struct pair_host *h)
{
	unsigned threads = h->dataplane->options.threads, groups[GROUPS], n = 0;
	unsigned from = (unsigned)(pair_random(pair) % threads), to = (unsigned)(pair_random(pair) % threads);
	uint64_t some = pair_random(pair);

	for (unsigned g = 0; g < GROUPS; g++)
		if (some >> g & 1)
			groups[n++] = g;
	if (from != to && n)
		ix_migrate(h->dataplane, from, to, groups, n, NULL, NULL);
}

static enum pair_verdict some_loss(struct pair *pair, unsigned from, struct ix_packet *packet)
{
	return pair_random(pair) % 1000 < *(unsigned *)pair->user ? PAIR_DROP : PAIR_PASS;
}

static void under_load(unsigned loss)
{
	struct pair_config config = pair_config_default();
	struct pair pair;
	uint64_t bytes = 400000;
	unsigned moves = 0;
	bool all = false;

	config.threads[0] = 3;
	config.threads[1] = 4;
	config.groups = GROUPS;
	config.tcp[0].window_bytes = config.tcp[1].window_bytes = 2920; /* many round trips, so many moves */
	pair_open(&pair, &config);
	pair.user = &loss;
	if (loss)
		pair.filter = some_loss;
	for (unsigned i = 0; i < 60; i++)
		pair_connect(&pair.host[0], i % 3, PAIR_PORT, bytes);
	pair_run_for(&pair, 500 * US);
	while (!all && moves < 100000) {
		migrate_some(&pair, &pair.host[0]);
		migrate_some(&pair, &pair.host[1]);
		moves++;
		pair_run_for(&pair, 20 * US);
		all = true;
		for (unsigned i = 0; i < 60; i++)
			all = all && pair.host[0].end[i]->in_total == bytes;
	}
	assert_true(all);
	assert_true(atomic_load(&pair.host[0].dataplane->migration_totals.migrations) > 20);
	assert_true(atomic_load(&pair.host[1].dataplane->migration_totals.migrations) > 20);
	if (!loss) {
		/* Nothing was lost or overtaken, so nothing was ever sent twice. */
		assert_int_equal(pair_counters(&pair.host[0]).retransmits_fast, 0);
		assert_int_equal(pair_counters(&pair.host[1]).retransmits_fast, 0);
	}
	pair_run_for(&pair, 20 * MS);
	for (unsigned i = 0; i < 60; i++) {
		struct pair_end *e = pair.host[0].end[i];

		assert_int_equal(e->corrupted, 0);
		assert_int_equal(pair_peer(e)->corrupted, 0);
		assert_false(e->dead);
		e->thread = atomic_load(&pair.host[0].dataplane->group[ix_handle_group(e->handle)].owner);
		pair_end_close(e);
	}
	assert_true(pair_run(&pair, pair_all_dead, NULL, 600 * SEC));
	pair_run_for(&pair, 1000 * SEC);
	pair_close(&pair, true);
}

static void test_under_load(void **state)
{
	under_load(0);
}

static void test_under_load_with_loss(void **state)
{
	under_load(20);
}

static unsigned owner_of(const struct pair_end *e)
{
	return atomic_load(&e->host->dataplane->group[ix_handle_group(e->handle)].owner);
}

/* Moves the group of @e to another thread, and back, several times while a timer runs. */
static void shake(struct pair_end *e)
{
	struct pair *pair = e->host->pair;
	unsigned group = ix_handle_group(e->handle);

	for (unsigned i = 0; i < 5; i++) {
		unsigned from = owner_of(e), to = (from + 1) % e->host->dataplane->options.threads;

		assert_int_equal(ix_migrate(e->host->dataplane, from, to, &group, 1, NULL, NULL), 0);
		pair_run_for(pair, 3 * MS); /* no packet comes: the fallback timer completes it */
		assert_int_equal(owner_of(e), to);
	}
	e->thread = owner_of(e);
}

/* Retransmission, keepalive, FIN_WAIT_2 and TIME_WAIT of a connection that has moved. */
static void test_timers_move(void **state)
{
	struct pair_config config = pair_config_default();
	struct pair pair;
	struct raw raw;
	struct pair_end *e;
	uint64_t start;

	config.threads[1] = 4;
	config.groups = GROUPS;
	config.tcp[1].rto_min_ns = 50 * MS;
	config.tcp[1].keepalive_idle_ns = 200 * MS;
	config.tcp[1].fin_wait_2_ns = 300 * MS;
	pair_open(&pair, &config);
	pair.host[1].echo = false;
	raw_start(&raw, &pair);
	raw_open(&raw);
	e = pair.host[1].end[0];
	raw.seen_count = 0;

	start = pair.now_ns;
	shake(e);
	pair_run_for(&pair, 200 * MS);
	assert_true(raw.seen_count >= 1); /* keepalive */
	assert_in_range(raw.seen_ns[0], start + 200 * MS - 20 * US, start + 200 * MS + 40 * US);
	raw_send(&raw, ACK, 0);
	pair_run_for(&pair, 100 * US);

	raw.seen_count = 0;
	start = pair.now_ns;
	pair_send(e, 100);
	pair_run_for(&pair, 10 * US);
	shake(e);
	pair_run_for(&pair, 40 * MS);
	assert_int_equal(raw.seen_count, 2); /* sent, and sent again */
	assert_in_range(raw.seen_ns[1], start + 50 * MS, start + 50 * MS + 40 * US);
	raw.ack += 100;
	raw_send(&raw, ACK, 0);
	pair_run_for(&pair, 10 * US);

	pair_end_close(e);
	pair_run_for(&pair, 10 * US);
	raw.ack++;
	raw_send(&raw, ACK, 0);
	pair_run_for(&pair, 10 * US);
	start = pair.now_ns;
	assert_true(e->dead);
	shake(e);
	pair_run_for(&pair, start + 299 * MS - pair.now_ns);
	assert_int_equal(ix_tcp_live(pair.host[1].dataplane).connections, 1);
	pair_run_for(&pair, 2 * MS);
	assert_int_equal(ix_tcp_live(pair.host[1].dataplane).connections, 0);
	pair_close(&pair, true);
}

/* A handshake that is half done moves, then completes. */
static void test_half_open_moves(void **state)
{
	struct pair_config config = pair_config_default();
	struct pair pair;
	struct raw raw;
	unsigned all[GROUPS];

	config.threads[1] = 2;
	config.groups = GROUPS;
	pair_open(&pair, &config);
	raw_start(&raw, &pair);
	for (unsigned i = 0; i < GROUPS; i++)
		all[i] = i;
	for (unsigned i = 0; i < 10; i++) {
		raw.sport = (uint16_t)(40000 + i);
		raw_send(&raw, SYN, 0);
		pair_run_for(&pair, 10 * US);
		raw.ack = raw_last(&raw)->seq + 1;
		ix_migrate(pair.host[1].dataplane, i % 2, !(i % 2), all, GROUPS, NULL, NULL);
		pair_run_for(&pair, 2 * MS);
		raw_send(&raw, ACK, 0);
		pair_run_for(&pair, 1 * MS);
		assert_int_equal(pair.host[1].knocks, i + 1);
	}
	pair_close(&pair, false);
}

/* Every reply to a connection comes to the thread that opened it, also when peers use another key. */
static void test_ports_come_home(void **state)
{
	struct pair_config config = pair_config_default();
	struct pair pair;
	uint64_t handed_over = 0;

	config.threads[0] = 8;
	config.threads[1] = 3;
	config.groups = 128;
	pair_open(&pair, &config);
	for (unsigned i = 0; i < 400; i++)
		pair_connect(&pair.host[0], i % 8, PAIR_PORT, 500);
	pair_run_for(&pair, 100 * MS);
	for (unsigned i = 0; i < 400; i++) {
		struct pair_end *e = pair.host[0].end[i];

		assert_int_equal(e->in_total, 500);
		assert_int_equal(e->thread, i % 8);
		for (unsigned j = 0; j < i; j++)
			assert_int_not_equal(e->port, pair.host[0].end[j]->port);
		pair_end_close(e);
	}
	for (unsigned t = 0; t < 8; t++)
		handed_over += pair.host[0].dataplane->thread[t].counter_handed_over;
	assert_int_equal(handed_over, 0);
	assert_true(pair_run(&pair, pair_all_dead, NULL, 60 * SEC));
	pair_run_for(&pair, 1 * SEC);
	pair_close(&pair, true);
}

/* All ports that lead home are in use: an error, not a second connection with the same four-tuple. */
static void test_ports_run_out(void **state)
{
	struct pair_config config = pair_config_default();
	struct pair pair;
	unsigned open = 0, none = 0;

	config.threads[0] = 4;
	config.tcp[0].port_low = 20000;
	config.tcp[0].port_high = 20031;
	pair_open(&pair, &config);
	for (unsigned i = 0; i < 80; i++)
		pair_connect(&pair.host[0], i % 4, PAIR_PORT, 10);
	pair_run_for(&pair, 100 * MS);
	for (unsigned i = 0; i < 80; i++) {
		open += pair.host[0].end[i]->connected;
		none += pair.host[0].end[i]->last_result == IX_ERR_NO_PORT;
	}
	assert_int_equal(open, 32);
	assert_int_equal(none, 48);
	pair_close(&pair, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_under_load),      cmocka_unit_test(test_under_load_with_loss),
	    cmocka_unit_test(test_timers_move),     cmocka_unit_test(test_half_open_moves),
	    cmocka_unit_test(test_ports_come_home), cmocka_unit_test(test_ports_run_out),
	};

	return cmocka_run_group_tests_name("tcp_migration", tests, NULL, NULL);
}

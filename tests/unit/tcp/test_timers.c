/*
 * Timers, each at its time: retransmission and backoff, delayed acknowledgement, persist, keepalive, FIN_WAIT_2,
 * SYN_SENT, SYN_RCVD, LAST_ACK, CLOSING, TIME_WAIT. A known defect of the published code was that the slow ones never
 * aged a connection.
 */
#include "tests/unit/tcp/raw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define TICK (1ull << IX_WHEEL_TICK_SHIFT)

/* The wheel fires not early and at most one tick late; the test's clock adds nothing. */
static void assert_at(uint64_t is_ns, uint64_t expected_ns)
{
	if (is_ns < expected_ns || is_ns > expected_ns + 2 * TICK)
		fail_msg("at %llu ns, expected %llu ns", (unsigned long long)is_ns, (unsigned long long)expected_ns);
}

struct fixture {
	struct pair pair;
	struct raw raw;
	struct pair_end *end; /* of host 1 */
};

static void open_fixture(struct fixture *f, struct pair_config *config)
{
	pair_open(&f->pair, config);
	f->pair.host[1].echo = false;
	f->pair.host[1].close_at_eof = false;
	raw_start(&f->raw, &f->pair);
	raw_open(&f->raw);
	assert_int_equal(f->pair.host[1].ends, 1);
	f->end = f->pair.host[1].end[0];
	f->raw.seen_count = 0;
}

static bool end_dead(struct pair *pair, void *end)
{
	return ((struct pair_end *)end)->dead;
}

static int64_t connections(struct fixture *f)
{
	return ix_tcp_live(f->pair.host[1].dataplane).connections;
}

/* Two segments: to lwIP one with the sequence and acknowledgement numbers of the last can only open the window. */
static void close_window(struct fixture *f)
{
	f->raw.window = 0;
	raw_send(&f->raw, ACK | PSH, 1);
	raw_send(&f->raw, ACK | PSH, 1);
}

/* The handshake took no time, so the time-out is the least one; then it doubles up to the greatest. */
static void retransmission(uint64_t min_ns, uint64_t max_ns)
{
	struct pair_config config = pair_config_default();
	struct fixture f;
	uint64_t at, rto = min_ns;

	config.tcp[1].rto_min_ns = min_ns;
	config.tcp[1].rto_max_ns = max_ns;
	config.tcp[1].rto_initial_ns = max_ns;
	config.tcp[1].retries = 6;
	open_fixture(&f, &config);
	at = f.pair.now_ns;
	pair_send(f.end, 100);
	assert_true(pair_run(&f.pair, end_dead, f.end, 10 * max_ns));
	assert_int_equal(f.end->reason, IX_DEAD_TIMEOUT);
	assert_int_equal(f.raw.seen_count, 7);
	for (unsigned i = 0; i < 7; i++) {
		assert_int_equal(f.raw.seen[i].payload, 100);
		assert_int_equal(f.raw.seen[i].seq, f.raw.ack);
		assert_at(f.raw.seen_ns[i], at);
		at = f.raw.seen_ns[i] + rto;
		rto = 2 * rto < max_ns ? 2 * rto : max_ns;
	}
	assert_at(f.pair.now_ns, at);
	pair_close(&f.pair, true);
}

static void test_retransmission(void **state)
{
	retransmission(200 * MS, 60 * SEC);
	retransmission(1 * MS, 20 * MS);
}

static void test_retransmission_datacenter(void **state)
{
	retransmission(33 * US, 1 * MS); /* a tick and a round trip of nothing: the clock's granularity rules */
}

/* A round trip of 5 ms, measured on the handshake: RTO = R + max(G, 4 * R / 2) = 15 ms. */
static void test_rto_from_round_trip(void **state)
{
	struct pair_config config = pair_config_default();
	struct fixture f;

	pair_open(&f.pair, &config);
	f.pair.host[1].echo = false;
	raw_start(&f.raw, &f.pair);
	raw_send(&f.raw, SYN, 0);
	pair_run_for(&f.pair, 5 * MS);
	f.raw.ack = raw_last(&f.raw)->seq + 1;
	raw_send(&f.raw, ACK, 0);
	pair_run_for(&f.pair, 10 * US);
	f.end = f.pair.host[1].end[0];
	f.raw.seen_count = 0;
	pair_send(f.end, 100);
	pair_run_for(&f.pair, 16 * MS);
	assert_int_equal(f.raw.seen_count, 2);
	assert_at(f.raw.seen_ns[1], f.raw.seen_ns[0] + 15 * MS);
	pair_end_abort(f.end);
	pair_run_for(&f.pair, 1 * MS);
	pair_close(&f.pair, true);
}

/* Karn: an acknowledgement of a segment sent twice says nothing of the round trip; the backed-off time-out stays until
 * a fresh segment is acknowledged. */
static void test_karn(void **state)
{
	struct pair_config config = pair_config_default();
	struct fixture f;

	open_fixture(&f, &config);
	pair_send(f.end, 100);
	pair_run_for(&f.pair, 3500 * US); /* 0, 1, 3 ms */
	assert_int_equal(f.raw.seen_count, 3);
	f.raw.ack += 100;
	raw_send(&f.raw, ACK, 0);
	pair_run_for(&f.pair, 100 * US);
	f.raw.seen_count = 0;
	pair_send(f.end, 100);
	pair_run_for(&f.pair, 5 * MS);
	assert_int_equal(f.raw.seen_count, 2);
	assert_at(f.raw.seen_ns[1], f.raw.seen_ns[0] + 4 * MS);
	f.raw.ack += 100; /* of a segment sent twice again: 8 ms from now on */
	raw_send(&f.raw, ACK, 0);
	pair_run_for(&f.pair, 100 * US);
	pair_send(f.end, 100);
	pair_run_for(&f.pair, 10 * US);
	f.raw.ack += 100; /* a fresh sample */
	raw_send(&f.raw, ACK, 0);
	pair_run_for(&f.pair, 100 * US);
	f.raw.seen_count = 0;
	pair_send(f.end, 100);
	pair_run_for(&f.pair, 1500 * US);
	assert_int_equal(f.raw.seen_count, 2);
	assert_at(f.raw.seen_ns[1], f.raw.seen_ns[0] + 1 * MS);
	pair_end_abort(f.end);
	pair_run_for(&f.pair, 1 * MS);
	pair_close(&f.pair, true);
}

/* Three duplicate acknowledgements bring the missing segment back at once. */
static void test_fast_retransmit(void **state)
{
	struct pair_config config = pair_config_default();
	struct fixture f;
	uint32_t missing;

	open_fixture(&f, &config);
	pair_send(f.end, 2 * 536);
	pair_run_for(&f.pair, 10 * US);
	f.raw.ack += 2 * 536;
	raw_send(&f.raw, ACK, 0);
	pair_run_for(&f.pair, 10 * US);
	f.raw.seen_count = 0;
	missing = f.raw.ack;
	pair_send(f.end, 4 * 536);
	pair_run_for(&f.pair, 10 * US);
	assert_true(f.raw.seen_count >= 4);
	f.raw.seen_count = 0;
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(f.raw.seen_count, 0);
		raw_send(&f.raw, ACK, 0);
		pair_run_for(&f.pair, 10 * US);
	}
	assert_true(f.raw.seen_count >= 1);
	assert_int_equal(f.raw.seen[0].seq, missing);
	assert_int_equal(pair_counters(&f.pair.host[1]).retransmits_fast, 1);
	assert_int_equal(pair_counters(&f.pair.host[1]).retransmits_timeout, 0);
	pair_end_abort(f.end);
	pair_run_for(&f.pair, 1 * MS);
	pair_close(&f.pair, true);
}

/* One segment is acknowledged after the delay, the second of two at once. */
static void test_delayed_ack(void **state)
{
	struct pair_config config = pair_config_default();
	struct fixture f;
	uint64_t sent_ns;

	config.tcp[1].delayed_ack_ns = 5 * MS;
	open_fixture(&f, &config);
	sent_ns = f.pair.now_ns;
	raw_send(&f.raw, ACK | PSH, 100);
	pair_run_for(&f.pair, 20 * MS);
	assert_int_equal(f.raw.seen_count, 1);
	assert_int_equal(f.raw.seen[0].ack, f.raw.seq);
	assert_at(f.raw.seen_ns[0], sent_ns + 5 * MS);
	f.raw.seen_count = 0;
	sent_ns = f.pair.now_ns;
	raw_send(&f.raw, ACK | PSH, 100);
	raw_send(&f.raw, ACK | PSH, 100);
	pair_run_for(&f.pair, 20 * MS);
	assert_int_equal(f.raw.seen_count, 1);
	assert_int_equal(f.raw.seen[0].ack, f.raw.seq);
	assert_int_equal(f.raw.seen_ns[0], sent_ns);
	pair_end_abort(f.end);
	pair_run_for(&f.pair, 1 * MS);
	pair_close(&f.pair, true);
}

/* A reply carries the acknowledgement: no separate one follows. */
static void test_ack_rides_on_reply(void **state)
{
	struct pair_config config = pair_config_default();
	struct fixture f;

	open_fixture(&f, &config);
	f.end->echo = true;
	raw_send(&f.raw, ACK | PSH, 100);
	pair_run_for(&f.pair, 50 * US);
	f.raw.ack += 100;
	raw_send(&f.raw, ACK, 0);
	pair_run_for(&f.pair, 50 * MS);
	assert_int_equal(f.raw.seen_count, 1);
	assert_int_equal(f.raw.seen[0].payload, 100);
	assert_int_equal(f.raw.seen[0].ack, f.raw.seq);
	pair_end_abort(f.end);
	pair_run_for(&f.pair, 1 * MS);
	pair_close(&f.pair, true);
}

/* The peer's window is closed while the application wants to send: probes with growing distance, and the first news of
 * an open window lets it go on. */
static void test_zero_window(void **state)
{
	struct pair_config config = pair_config_default();
	struct fixture f;
	unsigned probes;

	open_fixture(&f, &config);
	close_window(&f);
	pair_run_for(&f.pair, 10 * MS);
	f.raw.seen_count = 0;
	pair_send(f.end, 500);
	pair_run_for(&f.pair, 100 * MS);
	assert_int_equal(f.end->out_taken, 0);
	probes = f.raw.seen_count;
	assert_in_range(probes, 4, 8);
	for (unsigned i = 2; i < probes; i++) {
		uint64_t gap = f.raw.seen_ns[i] - f.raw.seen_ns[i - 1],
			 before = f.raw.seen_ns[i - 1] - f.raw.seen_ns[i - 2];

		assert_at(gap + TICK, 2 * before - TICK);
	}
	/* They are answered, with the window still closed: the connection stays, however long. */
	for (unsigned i = 0; i < 100; i++) {
		raw_send(&f.raw, ACK, 0);
		pair_run_for(&f.pair, 1 * SEC);
	}
	assert_false(f.end->dead);
	f.raw.window = 0xffff;
	raw_send(&f.raw, ACK, 0);
	f.raw.seen_count = 0;
	pair_run_for(&f.pair, 100 * US);
	assert_int_equal(f.end->out_taken, 500);
	assert_int_equal(raw_last(&f.raw)->payload, 500);
	pair_end_abort(f.end);
	pair_run_for(&f.pair, 1 * MS);
	pair_close(&f.pair, true);
}

/* Nobody answers the probes: the connection ends. */
static void test_zero_window_unanswered(void **state)
{
	struct pair_config config = pair_config_default();
	struct fixture f;

	config.tcp[1].retries = 5;
	open_fixture(&f, &config);
	close_window(&f);
	pair_run_for(&f.pair, 10 * MS);
	pair_send(f.end, 500);
	assert_true(pair_run(&f.pair, end_dead, f.end, 10 * SEC));
	assert_int_equal(f.end->reason, IX_DEAD_TIMEOUT);
	pair_close(&f.pair, true);
}

/* The window shrinks under data that is already taken: it is probed with its first byte. */
static void test_window_shrinks(void **state)
{
	struct pair_config config = pair_config_default();
	struct fixture f;

	open_fixture(&f, &config);
	pair_send(f.end, 1000);
	pair_run_for(&f.pair, 10 * US); /* sent; the peer takes none of it and closes the window */
	close_window(&f);
	pair_run_for(&f.pair, 300 * MS);
	assert_false(f.end->dead);
	assert_true(pair_counters(&f.pair.host[1]).window_probes + pair_counters(&f.pair.host[1]).retransmits_timeout >
		    2);
	f.raw.seen_count = 0;
	f.raw.window = 0xffff;
	raw_send(&f.raw, ACK, 0);
	pair_run_for(&f.pair, 10 * SEC);
	assert_true(f.raw.seen_count > 0);
	assert_int_equal(f.raw.seen[0].seq, f.raw.ack);
	pair_end_abort(f.end);
	pair_run_for(&f.pair, 1 * MS);
	pair_close(&f.pair, true);
}

static void test_keepalive(void **state)
{
	struct pair_config config = pair_config_default();
	struct fixture f;
	uint64_t start;

	config.tcp[1].keepalive_idle_ns = 10 * SEC;
	config.tcp[1].keepalive_interval_ns = 1 * SEC;
	config.tcp[1].keepalive_count = 3;
	open_fixture(&f, &config);
	start = f.pair.now_ns;
	pair_run_for(&f.pair, 10500 * MS);
	assert_int_equal(f.raw.seen_count, 1);
	assert_int_equal(f.raw.seen[0].seq, f.raw.ack - 1);
	assert_at(f.raw.seen_ns[0] + 10 * US, start + 10 * SEC);
	raw_send(&f.raw, ACK, 0); /* alive: it starts anew */
	pair_run_for(&f.pair, 10 * US);
	start = f.pair.now_ns;
	f.raw.seen_count = 0;
	assert_true(pair_run(&f.pair, end_dead, f.end, 60 * SEC));
	assert_int_equal(f.end->reason, IX_DEAD_TIMEOUT);
	assert_int_equal(f.raw.seen_count, 4); /* three probes and the reset */
	assert_int_equal(f.raw.seen[3].flags & RST, RST);
	assert_at(f.pair.now_ns + 10 * US, start + 13 * SEC);
	pair_close(&f.pair, true);
}

/* Closed, acknowledged, and the peer never closes. */
static void test_fin_wait_2(void **state)
{
	struct pair_config config = pair_config_default();
	struct fixture f;

	config.tcp[1].fin_wait_2_ns = 3 * SEC;
	open_fixture(&f, &config);
	pair_end_close(f.end);
	pair_run_for(&f.pair, 10 * US);
	assert_int_equal(raw_last(&f.raw)->flags & FIN, FIN);
	f.raw.ack++;
	raw_send(&f.raw, ACK, 0);
	pair_run_for(&f.pair, 100 * US);
	assert_true(f.end->dead);
	pair_run_for(&f.pair, 2900 * MS);
	assert_int_equal(connections(&f), 1);
	pair_run_for(&f.pair, 200 * MS);
	assert_int_equal(connections(&f), 0);
	pair_close(&f.pair, true);
}

static void test_syn_sent(void **state)
{
	struct pair_config config = pair_config_default();
	struct pair pair;
	struct raw raw;
	struct pair_end *e;
	uint64_t at, rto = 10 * MS;

	config.tcp[1].syn_retries = 4;
	pair_open(&pair, &config);
	raw_start(&raw, &pair);
	e = pair_connect(&pair.host[1], 0, 80, 0);
	pair.host[1].dataplane->thread[0].calls[0].ip = RAW_IP;
	at = pair.now_ns;
	assert_true(pair_run(&pair, end_dead, e, 10 * SEC));
	assert_int_equal(e->reason, IX_DEAD_TIMEOUT);
	assert_true(e->status < 0);
	assert_int_equal(raw.seen_count, 5);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(raw.seen[i].flags, SYN);
		assert_at(raw.seen_ns[i], at);
		at = raw.seen_ns[i] + rto;
		rto *= 2;
	}
	assert_at(pair.now_ns, at);
	pair_close(&pair, true);
}

static void test_syn_rcvd(void **state)
{
	struct pair_config config = pair_config_default();
	struct pair pair;
	struct raw raw;

	config.tcp[1].syn_retries = 4;
	pair_open(&pair, &config);
	raw_start(&raw, &pair);
	raw_send(&raw, SYN, 0);
	pair_run_for(&pair, 300 * MS); /* 10 + 20 + 40 + 80 + 160 = 310 */
	assert_int_equal(raw.seen_count, 5);
	assert_int_equal(ix_tcp_live(pair.host[1].dataplane).connections, 1);
	pair_run_for(&pair, 20 * MS);
	assert_int_equal(ix_tcp_live(pair.host[1].dataplane).connections, 0);
	assert_int_equal(pair.host[1].knocks, 0);
	pair_close(&pair, true);
}

/* LAST_ACK, and CLOSING, whose last acknowledgement never comes. */
static void test_last_ack_and_closing(void **state)
{
	for (unsigned closing = 0; closing < 2; closing++) {
		struct pair_config config = pair_config_default();
		struct fixture f;

		config.tcp[1].last_ack_ns = 500 * MS;
		config.tcp[1].rto_max_ns = 100 * MS;
		config.tcp[1].retries = 50;
		open_fixture(&f, &config);
		if (closing)
			pair_end_close(f.end);
		pair_run_for(&f.pair, 10 * US);
		raw_send(&f.raw, FIN | ACK, 0); /* acknowledges no FIN of ours */
		pair_run_for(&f.pair, 10 * US);
		if (!closing) {
			assert_true(f.end->eof);
			pair_end_close(f.end);
		}
		pair_run_for(&f.pair, 450 * MS);
		assert_int_equal(connections(&f), 1);
		assert_false(f.end->dead);
		pair_run_for(&f.pair, 100 * MS);
		assert_int_equal(connections(&f), 0);
		assert_true(f.end->dead);
		assert_int_equal(f.end->reason, IX_DEAD_TIMEOUT);
		pair_close(&f.pair, true);
	}
}

static void close_into_time_wait(struct fixture *f)
{
	pair_end_close(f->end);
	pair_run_for(&f->pair, 10 * US);
	f->raw.ack++;
	raw_send(&f->raw, FIN | ACK, 0);
	pair_run_for(&f->pair, 10 * US);
	assert_true(f->end->dead);
	assert_int_equal(connections(f), 1);
	f->raw.seen_count = 0;
}

/* 2 MSL; a repeated FIN is acknowledged and starts it anew; a reset does not end it (RFC 1337). */
static void test_time_wait(void **state)
{
	struct pair_config config = pair_config_default();
	struct fixture f;

	open_fixture(&f, &config);
	close_into_time_wait(&f);
	pair_run_for(&f.pair, 80 * MS);
	f.raw.seq--;
	raw_send(&f.raw, FIN | ACK, 0);
	pair_run_for(&f.pair, 10 * US);
	assert_int_equal(f.raw.seen_count, 1);
	assert_int_equal(f.raw.seen[0].flags, ACK);
	raw_send(&f.raw, RST, 0);
	pair_run_for(&f.pair, 95 * MS);
	assert_int_equal(connections(&f), 1);
	pair_run_for(&f.pair, 10 * MS);
	assert_int_equal(connections(&f), 0);
	pair_close(&f.pair, true);
}

/* RFC 1122, 4.2.2.13: a new SYN beyond the old sequence numbers opens the same four-tuple again; an old one does not.
 */
static void test_time_wait_reuse(void **state)
{
	struct pair_config config = pair_config_default();
	struct fixture f;
	struct raw old;

	open_fixture(&f, &config);
	close_into_time_wait(&f);
	old = f.raw;
	f.raw.seq -= 5000;
	raw_send(&f.raw, SYN, 0);
	pair_run_for(&f.pair, 10 * US);
	assert_int_equal(f.raw.seen_count, 1);
	assert_int_equal(f.raw.seen[0].flags, ACK);
	assert_int_equal(f.raw.seen[0].ack, old.seq);
	f.raw.seq = old.seq + 100000;
	raw_open(&f.raw);
	assert_int_equal(f.pair.host[1].knocks, 2);
	assert_int_equal(connections(&f), 1);
	pair_end_abort(f.pair.host[1].end[1]);
	pair_run_for(&f.pair, 1 * MS);
	pair_close(&f.pair, true);
}

/* The peer's FIN closes one direction; the other goes on. */
static void test_half_close(void **state)
{
	struct pair_config config = pair_config_default();
	struct fixture f;

	open_fixture(&f, &config);
	raw_send(&f.raw, FIN | ACK, 0);
	pair_run_for(&f.pair, 10 * US);
	assert_true(f.end->eof);
	assert_int_equal(raw_last(&f.raw)->ack, f.raw.seq);
	pair_send(f.end, 300);
	pair_run_for(&f.pair, 10 * US);
	assert_int_equal(raw_last(&f.raw)->payload, 300);
	f.raw.ack += 300;
	raw_send(&f.raw, ACK, 0);
	pair_run_for(&f.pair, 10 * US);
	assert_int_equal(f.end->out_acked, 300);
	pair_end_close(f.end);
	pair_run_for(&f.pair, 10 * US);
	assert_int_equal(raw_last(&f.raw)->flags & FIN, FIN);
	f.raw.ack++;
	raw_send(&f.raw, ACK, 0);
	pair_run_for(&f.pair, 10 * US);
	assert_true(f.end->dead);
	assert_int_equal(f.end->reason, IX_DEAD_CLOSED);
	pair_close(&f.pair, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_retransmission),
	    cmocka_unit_test(test_retransmission_datacenter),
	    cmocka_unit_test(test_rto_from_round_trip),
	    cmocka_unit_test(test_karn),
	    cmocka_unit_test(test_fast_retransmit),
	    cmocka_unit_test(test_delayed_ack),
	    cmocka_unit_test(test_ack_rides_on_reply),
	    cmocka_unit_test(test_zero_window),
	    cmocka_unit_test(test_zero_window_unanswered),
	    cmocka_unit_test(test_window_shrinks),
	    cmocka_unit_test(test_keepalive),
	    cmocka_unit_test(test_fin_wait_2),
	    cmocka_unit_test(test_syn_sent),
	    cmocka_unit_test(test_syn_rcvd),
	    cmocka_unit_test(test_last_ack_and_closing),
	    cmocka_unit_test(test_time_wait),
	    cmocka_unit_test(test_time_wait_reuse),
	    cmocka_unit_test(test_half_close),
	};

	return cmocka_run_group_tests_name("tcp_timers", tests, NULL, NULL);
}

/* Around TCP: ARP, ICMP echo, UDP, what is malformed, floods, backlog, a full disregard of memory, options. */
#include "tests/unit/tcp/raw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t raw_mac[6] = {2, 0, 0, 0, 0, 9};

struct recorder {
	struct raw raw;
	uint8_t frame[PAIR_FRAME_ROOM];
	unsigned length, count;
};

/* Keeps the last frame of host 1. */
static enum pair_verdict keep(struct pair *pair, unsigned from, struct ix_packet *packet)
{
	struct recorder *r = pair->user;

	if (from == 1) {
		memcpy(r->frame, packet->data, packet->length);
		r->length = packet->length;
		r->count++;
	}
	return PAIR_DROP;
}

static void open_recorder(struct recorder *r, struct pair *pair, struct pair_config *config)
{
	pair_open(pair, config);
	raw_start(&r->raw, pair);
	pair->user = r;
	pair->filter = keep;
	r->count = 0;
}

static void send_ip(struct pair *pair, unsigned protocol, uint32_t src, const void *payload, unsigned length)
{
	uint8_t frame[PAIR_FRAME_ROOM];

	pair_inject(pair, 1, frame, raw_ip(frame, protocol, src, PAIR_IP(1), payload, length));
	pair_run_for(pair, 10 * US);
}

static void test_echo_request(void **state)
{
	static uint8_t ping[108] = {8, 0, 0, 0, 0x12, 0x34, 0, 1, 'p', 'i', 'n', 'g'};
	struct pair_config config = pair_config_default();
	static struct recorder r;
	struct pair pair;
	uint16_t sum;

	open_recorder(&r, &pair, &config);
	ping[2] = ping[3] = 0;
	sum = raw_sum(ping, sizeof(ping), 0);
	ping[2] = (uint8_t)(sum >> 8);
	ping[3] = (uint8_t)sum;
	send_ip(&pair, 1, RAW_IP, ping, sizeof(ping));
	assert_int_equal(r.count, 1);
	assert_int_equal(r.length, 34 + sizeof(ping));
	assert_memory_equal(r.frame, raw_mac, 6);
	assert_int_equal(r.frame[34], 0);
	assert_int_equal(raw_sum(r.frame + 34, sizeof(ping), 0), 0);
	assert_int_equal(raw_sum(r.frame + 14, 20, 0), 0);
	assert_memory_equal(r.frame + 38, ping + 4, sizeof(ping) - 4);
	ping[20] ^= 1;
	send_ip(&pair, 1, RAW_IP, ping, sizeof(ping)); /* a wrong checksum */
	assert_int_equal(r.count, 1);
	assert_int_equal(pair_counters(&pair.host[1]).bad_checksum, 1);
	pair_close(&pair, true);
}

static void test_arp_request_and_conflict(void **state)
{
	static const uint8_t thief[6] = {2, 0, 0, 0, 0, 0x66};
	struct pair_config config = pair_config_default();
	static struct recorder r;
	struct pair pair;
	uint8_t frame[64];

	open_recorder(&r, &pair, &config);
	pair_inject(&pair, 1, frame, raw_arp(frame, 1, RAW_IP, raw_mac, PAIR_IP(1)));
	pair_run_for(&pair, 10 * US);
	assert_int_equal(r.count, 1);
	assert_int_equal(r.frame[21], 2); /* a reply */
	assert_memory_equal(r.frame + 22, config.tcp[1].mac, 6);
	assert_memory_equal(r.frame + 32, raw_mac, 6);
	/* For somebody else: silence. Our own address by another station: counted, and defended once in ten seconds. */
	pair_inject(&pair, 1, frame, raw_arp(frame, 1, RAW_IP, raw_mac, PAIR_IP(1) + 7));
	pair_run_for(&pair, 10 * US);
	assert_int_equal(r.count, 1);
	for (unsigned i = 0; i < 3; i++) {
		pair_inject(&pair, 1, frame, raw_arp(frame, 1, PAIR_IP(1), thief, PAIR_IP(1)));
		pair_run_for(&pair, 1 * MS);
	}
	assert_int_equal(pair_counters(&pair.host[1]).arp_conflicts, 3);
	assert_int_equal(r.count, 2);
	pair_close(&pair, true);
}

static enum pair_verdict drop_arp(struct pair *pair, unsigned from, struct ix_packet *packet)
{
	unsigned *left = pair->user;

	if (packet->data[12] == 8 && packet->data[13] == 6 && *left) {
		--*left;
		return PAIR_DROP;
	}
	return PAIR_PASS;
}

/* Requests are repeated; every thread that waits sees the reply, whichever thread got it. */
static void test_arp_lost_and_shared(void **state)
{
	struct pair_config config = pair_config_default();
	struct pair pair;
	unsigned lost = 3;

	config.threads[0] = 4;
	config.tcp[0].arp_retry_ns = config.tcp[1].arp_retry_ns = 2 * MS;
	pair_open(&pair, &config);
	pair.user = &lost;
	pair.filter = drop_arp;
	for (unsigned i = 0; i < 8; i++)
		pair_connect(&pair.host[0], i % 4, PAIR_PORT, 100);
	pair_run_for(&pair, 9 * MS); /* before any SYN would be sent again */
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(pair.host[0].end[i]->in_total, 100);
	assert_int_equal(lost, 0);
	assert_int_equal(pair_counters(&pair.host[0]).retransmits_timeout, 0);
	for (unsigned i = 0; i < 8; i++)
		pair_end_close(pair.host[0].end[i]);
	assert_true(pair_run(&pair, pair_all_dead, NULL, 10 * SEC));
	pair_run_for(&pair, 1 * SEC);
	pair_close(&pair, true);
}

/* Nobody answers: what waits is given up, and so is the connection in the end. */
static void test_arp_unanswered(void **state)
{
	struct pair_config config = pair_config_default();
	struct pair pair;
	unsigned lost = 1000000;
	struct pair_end *e;

	config.tcp[0].syn_retries = 3;
	pair_open(&pair, &config);
	pair.user = &lost;
	pair.filter = drop_arp;
	e = pair_connect(&pair.host[0], 0, PAIR_PORT, 100);
	pair_run_for(&pair, 30 * SEC);
	assert_true(e->dead);
	assert_int_equal(e->reason, IX_DEAD_TIMEOUT);
	assert_true(pair_counters(&pair.host[0]).arp_unresolved >= 4);
	pair_close(&pair, true);
}

static void send_udp(struct pair_host *h, unsigned thread, uint16_t port, const char *text)
{
	struct ix_call *call = pair_call(h, thread);

	memcpy(h->memory, text, strlen(text));
	call->type = IX_CALL_UDP_SEND;
	call->ip = PAIR_IP(!h->index);
	call->port = port;
	call->length = (uint32_t)strlen(text);
	call->cookie = 0;
}

static void test_udp(void **state)
{
	struct pair_config config = pair_config_default();
	struct pair pair;
	struct ix_event got;

	config.threads[0] = 4;
	config.tcp[1].udp_port[0] = 53;
	config.tcp[1].udp_ports = 1;
	pair_open(&pair, &config);
	for (unsigned t = 0; t < 4; t++) {
		struct ix_call *call;

		send_udp(&pair.host[0], t, 53, "question");
		pair_run_for(&pair, 1 * MS);
		assert_int_equal(pair.host[1].udp_received, t + 1);
		got = pair.host[1].last_udp;
		assert_int_equal(got.length, 8);
		assert_int_equal(got.ip, PAIR_IP(0));
		assert_memory_equal(ix_buffer_memory(pair.host[1].dataplane, got.buffer, 8), "question", 8);
		/* The answer comes home to the thread that asked. */
		call = pair_call(&pair.host[1], 0);
		memcpy(pair.host[1].memory, "answer", 6);
		call->type = IX_CALL_UDP_SEND;
		call->ip = got.ip;
		call->port = got.port;
		call->local_port = 53;
		call->length = 6;
		pair_run_for(&pair, 1 * MS);
		assert_int_equal(pair.host[0].udp_received, t + 1);
		assert_int_equal(ix_tcp_counters(&pair.host[0].dataplane->thread[t])->udp_in, 1);
	}
	assert_int_equal(pair.host[0].udp_sent, 4);
	send_udp(&pair.host[0], 0, 54, "nobody");
	pair_run_for(&pair, 1 * MS);
	assert_int_equal(pair.host[1].udp_received, 4);
	assert_int_equal(pair_counters(&pair.host[1]).unknown_protocol, 1);
	pair_close(&pair, true);
}

static void test_malformed(void **state)
{
	struct pair_config config = pair_config_default();
	static struct recorder r;
	struct pair pair;
	uint8_t frame[PAIR_FRAME_ROOM], body[40] = {0};
	unsigned length, refused = 0;

	open_recorder(&r, &pair, &config);
	length = raw_ip(frame, 6, RAW_IP, PAIR_IP(1), body, sizeof(body));
	for (unsigned cut = 1; cut < length; cut++) { /* every truncation */
		pair_inject(&pair, 1, frame, cut);
		refused++;
	}
	for (unsigned i = 0; i < 7; i++) {
		length = raw_ip(frame, i == 6 ? 99 : 6, i == 3 ? 0xffffffff : RAW_IP, i == 4 ? PAIR_IP(5) : PAIR_IP(1),
				body, 40);
		if (i == 0)
			frame[14] = 0x46; /* options */
		if (i == 1)
			frame[16] = 9; /* longer than the frame */
		if (i == 2)
			frame[20] = 0x20; /* a fragment */
		frame[24] = frame[25] = 0;
		if (i != 5) { /* a wrong checksum */
			uint16_t sum = raw_sum(frame + 14, 20, 0);

			frame[24] = (uint8_t)(sum >> 8);
			frame[25] = (uint8_t)sum;
		}
		pair_inject(&pair, 1, frame, length);
		refused++;
	}
	pair_run_for(&pair, 1 * MS);
	assert_int_equal(pair.host[1].dataplane->thread[0].counter_refused, refused);
	assert_int_equal(r.count, 0);
	pair_close(&pair, true);
}

/* A thousand SYNs without an end take the room of half_open_max; a real client still gets in. */
static void test_syn_flood(void **state)
{
	struct pair_config config = pair_config_default();
	struct pair pair;
	static struct raw raw;

	config.groups = 1;
	config.tcp[1].half_open_max = 32;
	pair_open(&pair, &config);
	raw_start(&raw, &pair);
	for (unsigned i = 0; i < 1000; i++) {
		raw.sport = (uint16_t)(10000 + i);
		raw_send(&raw, SYN, 0);
		pair_run_for(&pair, 1 * US);
		assert_true(ix_tcp_live(pair.host[1].dataplane).connections <= 32);
	}
	assert_int_equal(pair_counters(&pair.host[1]).half_open_dropped, 1000 - 32);
	raw.sport = 9999;
	raw.seen_count = 0;
	raw_open(&raw);
	assert_int_equal(pair.host[1].knocks, 1);
	pair_end_abort(pair.host[1].end[0]);
	pair_run_for(&pair, 10 * SEC);
	pair_close(&pair, true);
}

static void raw_syn(struct raw *raw, unsigned port)
{
	raw->sport = (uint16_t)port;
	raw->seq = 1000;
	raw->seen_count = 0;
	raw_send(raw, SYN, 0);
	pair_run_for(raw->pair, 10 * US);
}

/* Nobody accepts: what is established counts, further SYNs are ignored and counted, and a handshake that was under way
 * may still complete. Each connection accepted, or gone, makes room for one. */
static void test_backlog(void **state)
{
	struct pair_config config = pair_config_default();
	struct pair pair;
	static struct raw raw;
	uint32_t under_way;

	config.groups = 1;
	config.tcp[1].backlog = 4;
	pair_open(&pair, &config);
	raw_start(&raw, &pair);
	pair.host[1].wait = true;
	for (unsigned i = 0; i < 3; i++) {
		raw.sport = (uint16_t)(10000 + i);
		raw.seq = 1000;
		raw_open(&raw);
	}
	raw_syn(&raw, 10004); /* stays half-open for now */
	assert_int_equal(raw_last(&raw)->flags, SYN | ACK);
	under_way = raw_last(&raw)->seq + 1;
	raw.sport = 10003;
	raw.seq = 1000;
	raw_open(&raw);
	assert_int_equal(pair.host[1].knocks, 4);
	assert_int_equal(pair_counters(&pair.host[1]).syn_dropped, 0);
	for (unsigned i = 0; i < 6; i++) {
		raw_syn(&raw, 20000 + i);
		assert_int_equal(raw.seen_count, 0);
		assert_int_equal(pair_counters(&pair.host[1]).syn_dropped, i + 1);
	}
	raw.sport = 10004;
	raw.seq = 1001;
	raw.ack = under_way;
	raw_send(&raw, ACK, 0);
	pair_run_for(&pair, 10 * US);
	assert_int_equal(pair.host[1].knocks, 5);
	pair_end_accept(pair.host[1].end[0]);
	pair_end_accept(pair.host[1].end[4]);
	pair_run_for(&pair, 10 * US);
	raw_syn(&raw, 20000); /* again: answered, but not to be completed */
	assert_int_equal(raw_last(&raw)->flags, SYN | ACK);
	raw_send(&raw, RST, 0);
	pair_run_for(&pair, 10 * US);
	raw.sport = 20001;
	raw.seq = 1000;
	raw_open(&raw);
	assert_int_equal(pair.host[1].knocks, 6);
	raw_syn(&raw, 20002);
	assert_int_equal(raw.seen_count, 0);
	pair_end_close(pair.host[1].end[1]); /* a knock rejected makes room, too */
	pair_run_for(&pair, 10 * US);
	raw_syn(&raw, 20002);
	assert_int_equal(raw_last(&raw)->flags, SYN | ACK);
	assert_int_equal(pair_counters(&pair.host[1]).syn_dropped, 7);
	pair_close(&pair, false);
}

/* Many at once over a short backlog all get in, as their SYNs are repeated. */
static void test_backlog_recovers(void **state)
{
	struct pair_config config = pair_config_default();
	struct pair pair;
	unsigned connected = 0;

	config.groups = 1;
	config.tcp[1].backlog = 4;
	pair_open(&pair, &config);
	for (unsigned i = 0; i < 40; i++)
		pair_connect(&pair.host[0], 0, PAIR_PORT, 100);
	pair_run_for(&pair, 10 * SEC);
	for (unsigned i = 0; i < 40; i++)
		connected += pair.host[0].end[i]->in_total == 100;
	assert_int_equal(connected, 40);
	for (unsigned i = 0; i < 40; i++)
		pair_end_close(pair.host[0].end[i]);
	assert_true(pair_run(&pair, pair_all_dead, NULL, 10 * SEC));
	pair_run_for(&pair, 1 * SEC);
	pair_close(&pair, true);
}

static void test_reset_validity(void **state)
{
	struct pair_config config = pair_config_default();
	struct pair pair;
	static struct raw raw;
	struct pair_end *e;

	pair_open(&pair, &config);
	raw_start(&raw, &pair);
	raw_open(&raw);
	e = pair.host[1].end[0];
	raw.seq += 70000; /* outside of the window: nothing */
	raw_send(&raw, RST, 0);
	raw.seq -= 69000; /* inside: a challenge (RFC 5961) */
	raw.seen_count = 0;
	raw_send(&raw, RST, 0);
	pair_run_for(&pair, 10 * US);
	assert_false(e->dead);
	assert_int_equal(raw.seen_count, 1);
	assert_int_equal(raw.seen[0].flags, ACK);
	raw.seq -= 1000; /* exact */
	raw_send(&raw, RST, 0);
	pair_run_for(&pair, 10 * US);
	assert_true(e->dead);
	assert_int_equal(e->reason, IX_DEAD_RESET);
	pair_close(&pair, true);
}

/* The receive window follows RECV_DONE: an application that holds everything stops its peer without loss. */
static void test_window_follows_done(void **state)
{
	struct pair_config config = pair_config_default();
	struct pair pair;
	struct pair_end *e, *peer;

	config.tcp[1].window_bytes = 20000;
	pair_open(&pair, &config);
	pair.host[1].echo = false;
	pair.host[1].hold = true;
	e = pair_connect(&pair.host[0], 0, PAIR_PORT, 100000);
	pair_run_for(&pair, 1 * SEC);
	peer = pair_peer(e);
	assert_in_range(peer->in_total, 18000, 20000);
	assert_false(e->dead);
	for (unsigned i = 0; i < 100 && peer->in_total < 100000; i++) {
		pair_done_all(peer);
		pair_run_for(&pair, 100 * MS);
	}
	assert_int_equal(peer->in_total, 100000);
	assert_int_equal(peer->corrupted, 0);
	/* DEAD does not take away what the application still holds. */
	pair_end_abort(e);
	pair_run_for(&pair, 1 * MS);
	assert_true(peer->dead);
	assert_true(ix_tcp_live(pair.host[1].dataplane).received_packets > 0);
	pair_done_all(peer);
	pair_run_for(&pair, 1 * MS);
	pair_close(&pair, true);
}

static void test_calls_are_checked(void **state)
{
	struct pair_config config = pair_config_default();
	struct pair pair;
	struct pair_end *e;
	struct ix_thread *t;

	pair_open(&pair, &config);
	pair.host[0].hold = true;
	e = pair_connect(&pair.host[0], 0, PAIR_PORT, 100);
	e->hold = true;
	pair_run_for(&pair, 10 * MS);
	t = &pair.host[0].dataplane->thread[0];
	for (unsigned i = 0; i < 4; i++) {
		static const int expected[] = {IX_ERR_BAD_LENGTH, IX_ERR_BAD_BUFFER, IX_ERR_NO_ROUTE, IX_ERR_STATE};
		struct ix_call *call = pair_call(&pair.host[0], 0);

		call->handle = e->handle;
		call->type = i < 2 ? IX_CALL_RECV_DONE : i == 2 ? IX_CALL_CONNECT : IX_CALL_ACCEPT;
		call->buffer = e->held[0].buffer + (i == 1 ? 64 * 1024 : 0);
		call->length = i == 0 ? 101 : 50;
		call->ip = 0x0b000001; /* no gateway */
		call->port = 80;
		pair_run_for(&pair, 10 * US);
		assert_int_equal(t->calls[0].result, expected[i]);
	}
	pair_done_all(e);
	pair_end_close(e);
	pair_run_for(&pair, 1 * SEC);
	pair_close(&pair, true);
}

static void test_options(void **state)
{
	struct ix_tcp_options o = ix_tcp_options_default;
	const char *what;

	assert_int_equal(ix_tcp_options_check(&o, &what), 0);
	o.rto_min_ns = 15999;
	assert_int_equal(ix_tcp_options_check(&o, &what), -1);
	assert_non_null(strstr(what, "rto_min_ns"));
	o.rto_min_ns = 16000;
	assert_int_equal(ix_tcp_options_check(&o, &what), 0);
	o.mtu = 1501;
	assert_int_equal(ix_tcp_options_check(&o, &what), -1);
	assert_non_null(strstr(what, "mtu"));
	o = ix_tcp_options_default;
	o.buckets = 3;
	assert_int_equal(ix_tcp_options_check(&o, &what), -1);
	o = ix_tcp_options_default;
	o.netmask = 0xff00ff00;
	assert_int_equal(ix_tcp_options_check(&o, &what), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_echo_request),
	    cmocka_unit_test(test_arp_request_and_conflict),
	    cmocka_unit_test(test_arp_lost_and_shared),
	    cmocka_unit_test(test_arp_unanswered),
	    cmocka_unit_test(test_udp),
	    cmocka_unit_test(test_malformed),
	    cmocka_unit_test(test_syn_flood),
	    cmocka_unit_test(test_backlog),
	    cmocka_unit_test(test_backlog_recovers),
	    cmocka_unit_test(test_reset_validity),
	    cmocka_unit_test(test_window_follows_done),
	    cmocka_unit_test(test_calls_are_checked),
	    cmocka_unit_test(test_options),
	};

	return cmocka_run_group_tests_name("tcp_network", tests, NULL, NULL);
}

#include "tests/unit/tcp/raw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t raw_mac[6] = {2, 0, 0, 0, 0, 9}, host_mac[6] = {2, 0, 0, 0, 0, 2};

static void store16(uint8_t *at, unsigned x)
{
	at[0] = (uint8_t)(x >> 8);
	at[1] = (uint8_t)x;
}

static void store32(uint8_t *at, uint32_t x)
{
	store16(at, x >> 16);
	store16(at + 2, x & 0xffff);
}

uint16_t raw_sum(const uint8_t *data, unsigned length, uint32_t start)
{
	uint32_t sum = start;

	for (unsigned i = 0; i < length; i++)
		sum += i & 1 ? data[i] : (uint32_t)data[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

unsigned raw_ip(uint8_t *frame, unsigned protocol, uint32_t src, uint32_t dst, const uint8_t *payload, unsigned length)
{
	uint8_t *ip = frame + 14;

	memcpy(frame, host_mac, 6);
	memcpy(frame + 6, raw_mac, 6);
	store16(frame + 12, 0x0800);
	memset(ip, 0, 20);
	ip[0] = 0x45;
	store16(ip + 2, 20 + length);
	ip[8] = 64;
	ip[9] = (uint8_t)protocol;
	store32(ip + 12, src);
	store32(ip + 16, dst);
	store16(ip + 10, raw_sum(ip, 20, 0));
	memcpy(ip + 20, payload, length);
	return 34 + length;
}

unsigned raw_arp(uint8_t *frame, unsigned operation, uint32_t sender, const uint8_t mac[6], uint32_t target)
{
	memset(frame, 0xff, 6);
	memcpy(frame + 6, mac, 6);
	store16(frame + 12, 0x0806);
	store16(frame + 14, 1);
	store16(frame + 16, 0x0800);
	frame[18] = 6;
	frame[19] = 4;
	store16(frame + 20, operation);
	memcpy(frame + 22, mac, 6);
	store32(frame + 28, sender);
	memset(frame + 32, 0, 6);
	store32(frame + 38, target);
	return 42;
}

unsigned raw_frame(const struct raw *raw, uint8_t flags, unsigned payload, uint8_t *frame)
{
	uint8_t tcp[1600];
	unsigned options = flags & SYN ? raw->options_length : 0, header = 20 + options;
	uint32_t pseudo =
	    (RAW_IP >> 16) + (RAW_IP & 0xffff) + (PAIR_IP(1) >> 16) + (PAIR_IP(1) & 0xffff) + 6 + header + payload;

	memset(tcp, 0, sizeof(tcp));
	store16(tcp, raw->sport);
	store16(tcp + 2, raw->dport);
	store32(tcp + 4, raw->seq);
	store32(tcp + 8, raw->ack);
	tcp[12] = (uint8_t)(header / 4 << 4);
	tcp[13] = flags;
	store16(tcp + 14, raw->window);
	memcpy(tcp + 20, raw->options, options);
	for (unsigned i = 0; i < payload; i++)
		tcp[header + i] = (uint8_t)i;
	store16(tcp + 16, raw_sum(tcp, header + payload, pseudo));
	return raw_ip(frame, 6, RAW_IP, PAIR_IP(1), tcp, header + payload);
}

void raw_send(struct raw *raw, uint8_t flags, unsigned payload)
{
	uint8_t frame[PAIR_FRAME_ROOM];

	pair_inject(raw->pair, 1, frame, raw_frame(raw, flags, payload, frame));
	raw->seq += payload + !!(flags & SYN) + !!(flags & FIN);
}

static enum pair_verdict record(struct pair *pair, unsigned from, struct ix_packet *packet)
{
	struct raw *raw = pair->user;
	struct pair_tcp s = pair_parse(packet);

	if (from == 1 && s.is_tcp) {
		assert_true(raw->seen_count < RAW_SEEN);
		raw->seen_ns[raw->seen_count] = pair->now_ns;
		raw->seen[raw->seen_count++] = s;
	} else if (from == 1 && packet->data[12] == 8 && packet->data[13] == 6) {
		raw->arp_seen++;
	}
	return PAIR_DROP;
}

void raw_start(struct raw *raw, struct pair *pair)
{
	uint8_t frame[64];

	memset(raw, 0, sizeof(*raw));
	raw->pair = pair;
	raw->sport = 40000;
	raw->dport = PAIR_PORT;
	raw->seq = 1000;
	raw->window = 0xffff;
	pair->user = raw;
	pair->filter = record;
	pair_inject(pair, 1, frame, raw_arp(frame, 1, RAW_IP, raw_mac, PAIR_IP(1)));
	pair_run_for(pair, 100 * US);
	raw->seen_count = 0;
}

const struct pair_tcp *raw_last(const struct raw *raw)
{
	assert_true(raw->seen_count > 0);
	return &raw->seen[raw->seen_count - 1];
}

void raw_open(struct raw *raw)
{
	raw_send(raw, SYN, 0);
	pair_run_for(raw->pair, 10 * US);
	assert_int_equal(raw_last(raw)->flags, SYN | ACK);
	assert_int_equal(raw_last(raw)->ack, raw->seq);
	raw->ack = raw_last(raw)->seq + 1;
	raw_send(raw, ACK, 0);
	pair_run_for(raw->pair, 10 * US);
}

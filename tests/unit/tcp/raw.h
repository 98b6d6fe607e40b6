/*
 * A peer of host 1 made of single segments: what it sends is written out by the test, what it gets is recorded. It is
 * 10.0.0.9; host 0 stays silent.
 */
#ifndef IX_TESTS_TCP_RAW_H
#define IX_TESTS_TCP_RAW_H

#include "tests/unit/tcp/pair.h"

#define RAW_IP   0x0a000009u
#define RAW_SEEN 4096

struct raw {
	struct pair *pair;
	uint16_t sport, dport;
	uint32_t seq, ack; /* of the next segment sent; seq moves on with what it occupies */
	uint16_t window;
	uint8_t options[40], options_length; /* of the next segment with SYN */
	unsigned seen_count;
	struct pair_tcp seen[RAW_SEEN]; /* frames of host 1, oldest first */
	uint64_t seen_ns[RAW_SEEN];
	unsigned arp_seen;
};

/* Takes the pair's filter and user; makes itself known by ARP. */
void raw_start(struct raw *raw, struct pair *pair);
void raw_send(struct raw *raw, uint8_t flags, unsigned payload);
unsigned raw_frame(const struct raw *raw, uint8_t flags, unsigned payload, uint8_t *frame); /* its length */
/* Three-way handshake to PAIR_PORT. */
void raw_open(struct raw *raw);
const struct pair_tcp *raw_last(const struct raw *raw);
unsigned raw_arp(uint8_t *frame, unsigned operation, uint32_t sender, const uint8_t mac[6], uint32_t target);
unsigned raw_ip(uint8_t *frame, unsigned protocol, uint32_t src, uint32_t dst, const uint8_t *payload, unsigned length);
uint16_t raw_sum(const uint8_t *data, unsigned length, uint32_t start);

#endif

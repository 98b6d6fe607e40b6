/* Packets of scripts: TCP segments, UDP, ICMP echo, ARP, raw frames, and the modifiers in brackets. */
#include "tests/packet/lexer.h"

#include <string.h>

#define LENGTH_MAX 1800 /* with every header a frame holds it */

static const char modifier_name[MOD_COUNT][12] = {
    [MOD_IPSUM] = "ipsum",     [MOD_SUM] = "sum",   [MOD_IPLEN] = "iplen",   [MOD_IHL] = "ihl",
    [MOD_VERSION] = "version", [MOD_DOFF] = "doff", [MOD_UDPLEN] = "udplen", [MOD_FRAGMENT] = "fragment",
    [MOD_TTL] = "ttl",         [MOD_TOS] = "tos",   [MOD_PROTO] = "proto",   [MOD_ETHERTYPE] = "ethertype",
    [MOD_CUT] = "cut",         [MOD_PAD] = "pad",   [MOD_SRC] = "src",       [MOD_DST] = "dst",
    [MOD_ETHDST] = "ethdst",   [MOD_ALT] = "alt",   [MOD_NEWISN] = "newisn",
};
static const uint16_t modifier_max[MOD_COUNT] = {
    [MOD_IPLEN] = 65535,  [MOD_IHL] = 15,          [MOD_VERSION] = 15, [MOD_DOFF] = 15,
    [MOD_UDPLEN] = 65535, [MOD_FRAGMENT] = 65535,  [MOD_TTL] = 255,    [MOD_TOS] = 255,
    [MOD_PROTO] = 255,    [MOD_ETHERTYPE] = 65535, [MOD_CUT] = 2048,   [MOD_PAD] = 512,
};

const char *script_modifier_name(enum modifier modifier)
{
	return modifier_name[modifier];
}

static bool read_choice(struct cursor *c, const char *one, const char *two, uint64_t *value)
{
	*value = accept_word(c, one) ? 1 : accept_word(c, two) ? 2 : 0;
	return *value || complain(c, "expected one of two words (see README.md)");
}

static bool read_modifier_value(struct cursor *c, enum modifier m, struct number *n)
{
	uint32_t ip;

	switch (m) {
	case MOD_IPSUM:
	case MOD_SUM:
		return read_choice(c, "bad", "zero", &n->value);
	case MOD_ETHDST:
		return read_choice(c, "broadcast", "other", &n->value);
	case MOD_SRC:
	case MOD_DST:
		if (!read_ip(c, &ip))
			return false;
		n->value = ip;
		return true;
	case MOD_ALT:
	case MOD_NEWISN:
		return true;
	default:
		return read_unsigned(c, modifier_max[m], &n->value);
	}
}

static bool read_modifiers(struct cursor *c, bool expected, struct packet *p)
{
	while (!at_end(c)) {
		unsigned m = 0;

		if (!accept_char(c, '['))
			return complain(c, "expected [modifier] or the end of the line");
		while (m < MOD_COUNT && !accept_word(c, modifier_name[m]))
			m++;
		if (m == MOD_COUNT)
			return complain(c, "no such modifier");
		if (expected != (m == MOD_NEWISN) && (expected || m == MOD_NEWISN) && m != MOD_TOS && m != MOD_TTL)
			return complain(c, "modifier not allowed here");
		p->modifier[m].given = true;
		if (!read_modifier_value(c, m, &p->modifier[m]))
			return false;
		if (!accept_char(c, ']'))
			return complain(c, "expected ]");
	}
	return true;
}

static bool add_option(struct cursor *c, struct packet *p, const uint8_t *bytes, unsigned n)
{
	if (p->option_bytes + n > sizeof(p->options))
		return complain(c, "more than 40 bytes of options");
	memcpy(p->options + p->option_bytes, bytes, n);
	p->option_bytes += n;
	return true;
}

static void put32(uint8_t *at, uint64_t value)
{
	at[0] = (uint8_t)(value >> 24);
	at[1] = (uint8_t)(value >> 16);
	at[2] = (uint8_t)(value >> 8);
	at[3] = (uint8_t)value;
}

/* Two 32-bit numbers: timestamps, or the edges of a block (absolute, as on the wire). */
static bool add_pair(struct cursor *c, struct packet *p, uint8_t kind)
{
	uint8_t bytes[10] = {kind, 10};
	uint64_t a, b;

	if (!read_unsigned(c, UINT32_MAX, &a) || !read_unsigned(c, UINT32_MAX, &b))
		return false;
	put32(bytes + 2, a);
	put32(bytes + 6, b);
	return add_option(c, p, bytes, 10);
}

static bool read_tcp_option(struct cursor *c, struct packet *p)
{
	uint8_t raw[40];
	unsigned n;
	uint64_t value;

	if (accept_word(c, "nop"))
		return add_option(c, p, (const uint8_t[]){1}, 1);
	if (accept_word(c, "eol"))
		return add_option(c, p, (const uint8_t[]){0}, 1);
	if (accept_word(c, "sackok"))
		return add_option(c, p, (const uint8_t[]){4, 2}, 2);
	if (accept_word(c, "mss"))
		return read_unsigned(c, 65535, &value) &&
		       add_option(c, p, (const uint8_t[]){2, 4, (uint8_t)(value >> 8), (uint8_t)value}, 4);
	if (accept_word(c, "wscale"))
		return read_unsigned(c, 255, &value) && add_option(c, p, (const uint8_t[]){3, 3, (uint8_t)value}, 3);
	if (accept_word(c, "ts"))
		return add_pair(c, p, 8);
	if (accept_word(c, "sack"))
		return add_pair(c, p, 5);
	if (accept_word(c, "raw"))
		return read_hex(c, raw, sizeof(raw), &n) && add_option(c, p, raw, n);
	return complain(c, "expected mss, wscale, nop, eol, sackok, ts, sack or raw");
}

static bool read_tcp_options(struct cursor *c, bool expected, struct packet *p)
{
	if (!accept_char(c, '<'))
		return true;
	if (expected && accept_char(c, '*')) {
		p->options_any = true;
		return accept_char(c, '>') || complain(c, "expected >");
	}
	do
		if (!read_tcp_option(c, p))
			return false;
	while (accept_char(c, ','));
	while (p->option_bytes % 4)
		p->options[p->option_bytes++] = 0;
	return accept_char(c, '>') || complain(c, "expected , or >");
}

static bool read_flags(struct cursor *c, struct packet *p)
{
	static const char letters[] = "FSRPAUEC";
	const char *start = c->at;

	if (accept_char(c, '-'))
		return true;
	for (; c->at < c->end; c->at++) {
		const char *letter = strchr(letters, *c->at == '.' ? 'A' : *c->at);

		if (!letter || !*letter)
			break;
		p->flags |= (uint8_t)(1u << (letter - letters));
	}
	return c->at > start || complain(c, "expected flags (F S R P . U E C, or -), udp, icmp, arp or raw");
}

/* SEQ:END(LENGTH) */
static bool read_sequence(struct cursor *c, bool expected, struct packet *p)
{
	struct number end = {0};

	if (!read_number(c, UINT32_MAX, &p->seq) || !accept_char(c, ':') || !read_number(c, UINT32_MAX, &end) ||
	    !accept_char(c, '(') || !read_number(c, LENGTH_MAX, &p->length) || !accept_char(c, ')'))
		return complain(c, "expected SEQ:END(LENGTH)");
	if (p->length.any && !expected)
		return complain(c, "* has no meaning in what is sent");
	if (p->seq.any && !(expected && end.any))
		return complain(c, "expected *:*(LENGTH)");
	if (!end.any && !p->length.any && (uint32_t)(p->seq.value + p->length.value) != end.value)
		return complain(c, "SEQ + LENGTH is not END");
	return true;
}

static bool read_tcp(struct cursor *c, bool expected, struct packet *p)
{
	p->kind = PACKET_TCP;
	if (!read_flags(c, p) || !read_sequence(c, expected, p))
		return false;
	if (accept_word(c, "ack") && !read_number(c, UINT32_MAX, &p->ack))
		return false;
	if (accept_word(c, "win") && !read_number(c, UINT16_MAX, &p->win))
		return false;
	if (accept_word(c, "urg") && !read_number(c, UINT16_MAX, &p->urg))
		return false;
	if (expected && p->flags & FLAG_A && !p->ack.given)
		return complain(c, "expected ack (a number or *)");
	if (!expected && (p->ack.any || p->win.any || p->urg.any))
		return complain(c, "* has no meaning in what is sent");
	return read_tcp_options(c, expected, p);
}

static bool read_icmp(struct cursor *c, struct packet *p)
{
	p->kind = PACKET_ICMP;
	p->icmp_type.given = p->icmp_code.given = true;
	if (accept_word(c, "echo"))
		p->icmp_type.value = 8;
	else if (!accept_word(c, "reply") && !(accept_word(c, "type") && read_unsigned(c, 255, &p->icmp_type.value)))
		return complain(c, "expected echo, reply or type N");
	if (accept_word(c, "code") && !read_unsigned(c, 255, &p->icmp_code.value))
		return false;
	if (!accept_word(c, "id") || !read_number(c, 65535, &p->icmp_id) || !accept_word(c, "seq") ||
	    !read_number(c, 65535, &p->icmp_seq) || !accept_word(c, "len") || !read_number(c, LENGTH_MAX, &p->length))
		return complain(c, "expected id N seq N len N");
	return true;
}

static bool read_arp(struct cursor *c, struct packet *p)
{
	p->kind = PACKET_ARP;
	p->arp_operation = accept_word(c, "request") ? 1 : accept_word(c, "reply") ? 2 : 0;
	if (!p->arp_operation)
		return complain(c, "expected request or reply");
	return (accept_word(c, "to") && read_ip(c, &p->arp_target) && accept_word(c, "from") &&
		read_ip(c, &p->arp_sender)) ||
	       complain(c, "expected to IP from IP");
}

bool read_packet(struct cursor *c, const struct script *s, bool expected, struct packet *p)
{
	bool done;

	if (!read_flow(c, s, &p->flow))
		return false;
	if (accept_word(c, "udp")) {
		p->kind = PACKET_UDP;
		done =
		    (accept_word(c, "len") && read_number(c, LENGTH_MAX, &p->length)) || complain(c, "expected len N");
	} else if (accept_word(c, "icmp")) {
		done = read_icmp(c, p);
	} else if (accept_word(c, "arp")) {
		done = read_arp(c, p);
	} else if (accept_word(c, "raw")) {
		p->kind = PACKET_RAW;
		done = read_hex(c, p->raw, SCRIPT_RAW_MAX, &p->raw_bytes);
	} else {
		at_end(c);
		done = read_tcp(c, expected, p);
	}
	if (done && !expected && (p->length.any || p->icmp_id.any || p->icmp_seq.any))
		return complain(c, "* has no meaning in what is sent");
	return done && read_modifiers(c, expected, p);
}

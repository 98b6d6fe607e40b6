#include "tests/packet/frame.h"

#include <string.h>

const uint8_t peer_mac[6] = {0x02, 0, 0, 0, 0, 0x02};

enum { ETHER = 14, IP = 20, TCP = 20, UDP = 8, ICMP = 8, ARP = 28 };

uint8_t device_byte(uint32_t position)
{
	return (uint8_t)(position * 0x9e3779b1u >> 24);
}

uint8_t peer_byte(uint32_t position, bool alt)
{
	return (uint8_t)((position + 1) * 0x85ebca6bu >> 24) ^ (alt ? 0xff : 0);
}

static void put16(uint8_t *at, uint64_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint64_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

static unsigned get16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static uint32_t sum_words(uint32_t sum, const uint8_t *at, unsigned length)
{
	unsigned i;

	for (i = 0; i + 1 < length; i += 2)
		sum += get16(at + i);
	if (i < length)
		sum += (uint32_t)at[i] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Of TCP or UDP with the pseudo header that stands before them in an IP header. */
static uint16_t transport_sum(const uint8_t *ip, const uint8_t *segment, unsigned length)
{
	return fold(sum_words(ip[9] + length, ip + 12, 8) + sum_words(0, segment, length));
}

static uint64_t modified(const struct packet *p, enum modifier m, uint64_t otherwise)
{
	return p->modifier[m].given ? p->modifier[m].value : otherwise;
}

static uint16_t modified_sum(const struct packet *p, enum modifier m, uint16_t right)
{
	uint64_t how = modified(p, m, 0);

	return how == SUM_ZERO ? 0 : how == SUM_BAD ? (uint16_t)(right ^ 0x0101) : right;
}

static void fill_payload(uint8_t *at, uint32_t position, unsigned length, bool alt)
{
	for (unsigned i = 0; i < length; i++)
		at[i] = peer_byte(position + i, alt);
}

static unsigned build_tcp(uint8_t *at, const struct packet *p, const struct ends *e)
{
	uint32_t seq = (uint32_t)p->seq.value + (p->seq.absolute ? 0 : e->peer_isn);
	unsigned header = TCP + p->option_bytes, length = (unsigned)p->length.value;

	put16(at, e->remote_port);
	put16(at + 2, e->local_port);
	put32(at + 4, seq);
	put32(at + 8, p->ack.given ? p->ack.value + (p->ack.absolute ? 0 : e->local_isn) : 0);
	at[12] = (uint8_t)(modified(p, MOD_DOFF, header / 4) << 4);
	at[13] = p->flags;
	put16(at + 14, p->win.given ? p->win.value : 65535);
	put16(at + 16, 0);
	put16(at + 18, p->urg.value);
	memcpy(at + TCP, p->options, p->option_bytes);
	fill_payload(at + header, seq - e->peer_isn - !(p->flags & FLAG_S), length, p->modifier[MOD_ALT].given);
	return header + length;
}

static unsigned build_udp(uint8_t *at, const struct packet *p, const struct ends *e)
{
	unsigned length = (unsigned)p->length.value;

	put16(at, e->remote_port);
	put16(at + 2, e->local_port);
	put16(at + 4, modified(p, MOD_UDPLEN, UDP + length));
	put16(at + 6, 0);
	fill_payload(at + UDP, 0, length, p->modifier[MOD_ALT].given);
	return UDP + length;
}

static unsigned build_icmp(uint8_t *at, const struct packet *p)
{
	unsigned length = (unsigned)p->length.value;

	at[0] = (uint8_t)p->icmp_type.value;
	at[1] = (uint8_t)p->icmp_code.value;
	put16(at + 2, 0);
	put16(at + 4, p->icmp_id.value);
	put16(at + 6, p->icmp_seq.value);
	fill_payload(at + ICMP, 0, length, false);
	put16(at + 2, modified_sum(p, MOD_SUM, fold(sum_words(0, at, ICMP + length))));
	return ICMP + length;
}

static unsigned build_ip(uint8_t *ip, const struct packet *p, const struct ends *e)
{
	static const uint8_t protocol[] = {[PACKET_TCP] = 6, [PACKET_UDP] = 17, [PACKET_ICMP] = 1};
	unsigned ihl = (unsigned)modified(p, MOD_IHL, 5), header = ihl > 5 ? ihl * 4 : IP, length;
	uint8_t *payload = ip + header;

	memset(ip, 0, IP);
	memset(ip + IP, 1, header - IP); /* options: no operation */
	ip[0] = (uint8_t)(modified(p, MOD_VERSION, 4) << 4 | ihl);
	ip[1] = (uint8_t)modified(p, MOD_TOS, 0);
	put16(ip + 6, modified(p, MOD_FRAGMENT, 0x4000));
	ip[8] = (uint8_t)modified(p, MOD_TTL, 64);
	ip[9] = protocol[p->kind];
	put32(ip + 12, modified(p, MOD_SRC, e->remote_ip));
	put32(ip + 16, modified(p, MOD_DST, e->local_ip));
	if (p->kind == PACKET_TCP) {
		length = build_tcp(payload, p, e);
		put16(payload + 16, modified_sum(p, MOD_SUM, transport_sum(ip, payload, length)));
	} else if (p->kind == PACKET_UDP) {
		length = build_udp(payload, p, e);
		put16(payload + 6, modified_sum(p, MOD_SUM, transport_sum(ip, payload, length)));
	} else {
		length = build_icmp(payload, p);
	}
	ip[9] = (uint8_t)modified(p, MOD_PROTO, ip[9]);
	put16(ip + 2, modified(p, MOD_IPLEN, header + length));
	put16(ip + 10, modified_sum(p, MOD_IPSUM, fold(sum_words(0, ip, header))));
	return header + length;
}

static unsigned build_arp(uint8_t *at, const struct packet *p)
{
	static const uint8_t head[6] = {0, 1, 8, 0, 6, 4};

	memset(at, 0, ARP);
	memcpy(at, head, sizeof(head));
	put16(at + 6, p->arp_operation);
	memcpy(at + 8, peer_mac, 6);
	put32(at + 14, p->arp_sender);
	put32(at + 24, p->arp_target);
	return ARP;
}

unsigned frame_build(uint8_t frame[FRAME_MAX], const struct packet *p, const struct ends *e)
{
	uint64_t to = modified(p, MOD_ETHDST, 0);
	unsigned length, cut, pad;

	if (p->kind == PACKET_RAW) {
		memcpy(frame, p->raw, p->raw_bytes);
		return p->raw_bytes;
	}
	memcpy(frame, e->local_mac, 6);
	if (to)
		memset(frame, to == ETHDST_BROADCAST ? 0xff : 0x06, 6);
	memcpy(frame + 6, peer_mac, 6);
	put16(frame + 12, modified(p, MOD_ETHERTYPE, p->kind == PACKET_ARP ? 0x0806 : 0x0800));
	if (p->kind == PACKET_ARP)
		length = ETHER + build_arp(frame + ETHER, p);
	else
		length = ETHER + build_ip(frame + ETHER, p, e);
	pad = (unsigned)modified(p, MOD_PAD, 0);
	if (pad > FRAME_MAX - length)
		pad = FRAME_MAX - length;
	memset(frame + length, 0xee, pad);
	length += pad;
	cut = (unsigned)modified(p, MOD_CUT, length);
	return cut < length ? cut : length;
}

static struct number known(uint64_t value)
{
	return (struct number){.value = value, .given = true};
}

static const char *decode_tcp(struct decoded *d, const uint8_t *at, unsigned length)
{
	struct packet *p = &d->packet;
	unsigned header = length >= TCP ? (at[12] >> 4) * 4u : 0;

	if (header < TCP || header > length)
		return "bad data offset";
	p->kind = PACKET_TCP;
	p->flags = at[13];
	p->seq = known(get32(at + 4));
	if (p->flags & FLAG_A)
		p->ack = known(get32(at + 8));
	else if (get32(at + 8) != 0 && !(p->flags & FLAG_R))
		return "acknowledgement number without flag";
	p->win = known(get16(at + 14));
	if (p->flags & FLAG_U || get16(at + 18))
		p->urg = known(get16(at + 18));
	p->option_bytes = header - TCP;
	memcpy(p->options, at + TCP, p->option_bytes);
	p->length = known(length - header);
	d->payload = at + header;
	return NULL;
}

static const char *decode_udp(struct decoded *d, const uint8_t *at, unsigned length)
{
	if (length < UDP || get16(at + 4) != length)
		return "bad UDP length";
	d->packet.kind = PACKET_UDP;
	d->packet.length = known(length - UDP);
	d->payload = at + UDP;
	return NULL;
}

static const char *decode_icmp(struct decoded *d, const uint8_t *at, unsigned length)
{
	struct packet *p = &d->packet;

	if (length < ICMP)
		return "short ICMP message";
	p->kind = PACKET_ICMP;
	p->icmp_type = known(at[0]);
	p->icmp_code = known(at[1]);
	p->icmp_id = known(get16(at + 4));
	p->icmp_seq = known(get16(at + 6));
	p->length = known(length - ICMP);
	d->payload = at + ICMP;
	return NULL;
}

static const char *decode_ip(struct decoded *d, const uint8_t *ip, unsigned length, const struct ix_tcp_options *o)
{
	const uint8_t *at = ip + IP;
	const char *wrong;

	if (length < IP || ip[0] != 0x45 || get16(ip + 2) != length || get16(ip + 6) & 0x3fff)
		return "bad IP header";
	if (get32(ip + 12) != o->ip)
		return "not the host's IP address";
	if (o->generate_checksums && fold(sum_words(0, ip, IP)))
		return "bad IP checksum";
	d->dst_ip = get32(ip + 16);
	length -= IP;
	if (length >= 4) {
		d->src_port = (uint16_t)get16(at);
		d->dst_port = (uint16_t)get16(at + 2);
	}
	wrong = ip[9] == 6    ? decode_tcp(d, at, length)
		: ip[9] == 17 ? decode_udp(d, at, length)
		: ip[9] == 1  ? decode_icmp(d, at, length)
			      : "unknown protocol";
	d->packet.modifier[MOD_TOS] = known(ip[1]);
	d->packet.modifier[MOD_TTL] = known(ip[8]);
	if (!wrong && o->generate_checksums &&
	    (ip[9] == 1 ? fold(sum_words(0, at, length)) : transport_sum(ip, at, length)))
		return "bad checksum";
	return wrong;
}

const char *frame_decode(struct decoded *d, const uint8_t *frame, unsigned length, const struct ix_tcp_options *o)
{
	static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	struct packet *p = &d->packet;

	memset(d, 0, sizeof(*d));
	p->flow = -1;
	p->kind = PACKET_RAW;
	p->raw_bytes = length < SCRIPT_RAW_MAX ? length : SCRIPT_RAW_MAX;
	memcpy(p->raw, frame, p->raw_bytes);
	if (length < ETHER || memcmp(frame + 6, o->mac, 6) != 0)
		return "not from the host's link address";
	if (memcmp(frame, peer_mac, 6) != 0 && (get16(frame + 12) != 0x0806 || memcmp(frame, broadcast, 6) != 0))
		return "not to the peer's link address";
	if (get16(frame + 12) == 0x0800)
		return decode_ip(d, frame + ETHER, length - ETHER, o);
	if (get16(frame + 12) != 0x0806 || length < ETHER + ARP)
		return "neither IP nor ARP";
	p->kind = PACKET_ARP;
	p->arp_operation = get16(frame + ETHER + 6);
	p->arp_sender = get32(frame + ETHER + 14);
	p->arp_target = get32(frame + ETHER + 24);
	return memcmp(frame + ETHER + 8, o->mac, 6) == 0 ? NULL : "ARP names another link address";
}

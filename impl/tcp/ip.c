/*
 * Ethernet and IPv4: what comes in is checked and handed on; what goes out is completed and given to ARP. Also the four
 * functions of its IP layer that lwIP's TCP calls. Fragments and IP options are refused: TCP never needs them here (the
 * MTU is the path's on a datacenter network) and their reassembly is a well-known way in.
 */
#include "impl/tcp/internal.h"
#include "impl/tcp/wire.h"

#include <lwip/ip.h>

#include <string.h>

struct ix_packet *tcp_packet_alloc(struct tcp_thread *t)
{
	const struct ix_platform *p = &t->host->dataplane->platform;
	struct ix_packet *packet = p->packet_alloc(p->context, t->thread->id);

	if (!packet)
		t->counters.no_memory++;
	return packet;
}

void tcp_packet_free(struct tcp_thread *t, struct ix_packet *packet)
{
	const struct ix_platform *p = &t->host->dataplane->platform;

	p->packet_free(p->context, packet);
}

/* A packet with no use: counted, once for the thread and once for the reason. */
void tcp_refuse(struct tcp_thread *t, struct ix_packet *packet, uint64_t *counter)
{
	t->thread->counter_refused++;
	++*counter;
	tcp_packet_free(t, packet);
}

/* The address on our own network that leads to @ip; 0 if none does. */
static uint32_t next_hop(const struct ix_tcp_options *o, uint32_t ip)
{
	return ((ip ^ o->ip) & o->netmask) ? o->gateway : ip;
}

bool ip_has_route(const struct tcp_host *h, uint32_t ip)
{
	return next_hop(&h->options, ip) != 0 && ip != h->options.ip && ip >> 28 != 0xe &&
	       ip != (h->options.ip | ~h->options.netmask) && ip != 0xffffffff && ip != 0;
}

void ip_finish(struct tcp_thread *t, struct ix_packet *packet, uint16_t length, uint32_t src_be, uint32_t dst_be,
	       uint8_t ttl, uint8_t tos, uint8_t protocol)
{
	const struct ix_tcp_options *o = &t->host->options;
	uint32_t dst = lwip_ntohl(dst_be), hop = next_hop(o, dst);
	struct ip_header ip = {
	    .version_length = 0x45,
	    .tos = tos,
	    .total_length = lwip_htons((uint16_t)(IP_HEADER + length)),
	    .id = lwip_htons(t->ip_id++),
	    .fragment = lwip_htons(IP_DONT_FRAGMENT),
	    .ttl = ttl,
	    .protocol = protocol,
	    .src = src_be,
	    .dst = dst_be,
	};

	if (!hop) {
		t->counters.arp_unresolved++;
		tcp_packet_free(t, packet);
		return;
	}
	if (o->generate_checksums)
		ip.checksum = ip_checksum_header(&ip);
	memcpy(packet->data + ETH_HEADER, &ip, IP_HEADER);
	packet->length = (uint16_t)(ETH_HEADER + IP_HEADER + length);
	packet->data[12] = ETH_TYPE_IP >> 8;
	packet->data[13] = ETH_TYPE_IP & 0xff;
	arp_send(t, packet, hop);
}

/* lwIP sends a segment: headers and payload are copied once, into one contiguous packet, where they are summed. */
err_t ip4_output_if(struct pbuf *p, const ip4_addr_t *src, const ip4_addr_t *dest, u8_t ttl, u8_t tos, u8_t proto,
		    struct netif *netif)
{
	struct tcp_thread *t = netif->state;
	struct ix_packet *packet;
	uint16_t length = p->tot_len;
	uint8_t *at;

	if ((uint32_t)(ETH_HEADER + IP_HEADER + length) > t->host->dataplane->platform.data_room)
		return ERR_BUF;
	packet = tcp_packet_alloc(t);
	if (!packet)
		return ERR_MEM;
	at = packet->data + ETH_HEADER + IP_HEADER;
	for (; p; p = p->next) {
		memmove(at, p->payload, p->len); /* the application may name any packet's memory, this one's too */
		at += p->len;
	}
	if (t->host->options.generate_checksums) {
		uint8_t *segment = packet->data + ETH_HEADER + IP_HEADER;
		uint16_t sum = ip_checksum_pseudo(segment, length, src->addr, dest->addr, proto);

		memcpy(segment + TCP_CHECKSUM_AT, &sum, sizeof(sum)); /* lwIP left it 0 */
	}
	t->counters.segments_out++;
	ip_finish(t, packet, length, src->addr, dest->addr, ttl, tos, proto);
	return ERR_OK;
}

struct netif *ip4_route(const ip4_addr_t *dest)
{
	(void)dest;
	return &tcp_current->netif;
}

struct netif *netif_get_by_index(u8_t index)
{
	(void)index;
	return &tcp_current->netif;
}

/* lwIP asks for its periodic timer: there is none, see timers.c. */
void tcp_timer_needed(void)
{
}

/* Answers an echo request in the packet that brought it. */
static void icmp_in(struct tcp_thread *t, struct ix_packet *packet, uint8_t *message, uint16_t length,
		    const struct ip_header *ip)
{
	if (length < 8 || (t->host->options.check_checksums && ip_checksum(message, length))) {
		tcp_refuse(t, packet, length < 8 ? &t->counters.malformed : &t->counters.bad_checksum);
		return;
	}
	if (message[0] != ICMP_ECHO_ASKED || message[1] != 0) {
		tcp_refuse(t, packet, &t->counters.unknown_protocol);
		return;
	}
	message[0] = 0; /* echo reply */
	message[2] = message[3] = 0;
	if (t->host->options.generate_checksums) {
		uint16_t sum = ip_checksum(message, length);

		memcpy(message + 2, &sum, 2);
	}
	t->counters.echo_replies++;
	ip_finish(t, packet, length, ip->dst, ip->src, 64, ip->tos, IP_PROTOCOL_ICMP);
}

/* The header if it and the packet's length make sense, else the counter of what is wrong. */
static uint64_t *check_ip(struct tcp_thread *t, const struct ix_packet *packet, struct ip_header *ip)
{
	struct ix_tcp_counters *n = &t->counters;
	uint16_t total;

	if (packet->length < ETH_HEADER + IP_HEADER)
		return &n->malformed;
	memcpy(ip, packet->data + ETH_HEADER, IP_HEADER);
	total = lwip_ntohs(ip->total_length);
	if (ip->version_length != 0x45 || total < IP_HEADER || total > packet->length - ETH_HEADER)
		return &n->malformed;
	if (t->host->options.check_checksums && ip_checksum_header(ip))
		return &n->bad_checksum;
	if (lwip_ntohl(ip->dst) != t->host->options.ip)
		return &n->not_ours;
	if (lwip_ntohs(ip->fragment) & ~IP_DONT_FRAGMENT)
		return &n->malformed;
	if (!ip_has_route(t->host, lwip_ntohl(ip->src))) /* broadcast, multicast, ourselves: no answer could go there */
		return &n->malformed;
	return NULL;
}

static void ipv4_in(struct tcp_thread *t, struct tcp_group *g, struct ix_packet *packet)
{
	struct ip_header ip;
	uint64_t *wrong = check_ip(t, packet, &ip);
	uint8_t *payload = packet->data + ETH_HEADER + IP_HEADER;
	uint16_t length;

	if (wrong) {
		tcp_refuse(t, packet, wrong);
		return;
	}
	length = (uint16_t)(lwip_ntohs(ip.total_length) - IP_HEADER);
	switch (ip.protocol) {
	case IP_PROTOCOL_TCP:
		tcp_segment_in(t, g, packet, payload, length, ip.src, ip.dst);
		break;
	case IP_PROTOCOL_UDP:
		udp_in(t, packet, payload, length, ip.src, ip.dst);
		break;
	case IP_PROTOCOL_ICMP:
		icmp_in(t, packet, payload, length, &ip);
		break;
	default:
		tcp_refuse(t, packet, &t->counters.unknown_protocol);
	}
}

void ip_in(struct tcp_thread *t, struct tcp_group *g, struct ix_packet *packet)
{
	static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	const uint8_t *frame = packet->data;
	bool ours;
	unsigned type;

	if (packet->length < ETH_HEADER) {
		tcp_refuse(t, packet, &t->counters.malformed);
		return;
	}
	ours = !memcmp(frame, t->host->options.mac, 6);
	type = (unsigned)frame[12] << 8 | frame[13];
	if (type == ETH_TYPE_ARP && (ours || !memcmp(frame, broadcast, 6)))
		arp_in(t, packet);
	else if (type == ETH_TYPE_IP && ours)
		ipv4_in(t, g, packet);
	else
		tcp_refuse(t, packet,
			   ours && type != ETH_TYPE_ARP ? &t->counters.unknown_protocol : &t->counters.not_ours);
}

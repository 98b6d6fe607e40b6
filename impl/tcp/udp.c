/*
 * UDP. A port is open once the options name it or a datagram was sent from it; what comes to another is refused. A
 * datagram is sent with one copy, so UDP_SENT follows at once.
 */
#include "impl/tcp/internal.h"
#include "impl/tcp/wire.h"

#include <string.h>

#define HELD_SLOTS 256u

static void open_port(struct tcp_host *h, uint16_t port)
{
	atomic_fetch_or_explicit(&h->udp_open[port / 64], 1ull << port % 64, memory_order_relaxed);
}

static struct rx_buffer **held_slot(struct tcp_thread *t, const uint8_t *data)
{
	return &t->udp_held[((uintptr_t)data >> 8) * 0x9e3779b1u % HELD_SLOTS];
}

int udp_start(struct tcp_thread *t)
{
	const struct ix_platform *p = &t->host->dataplane->platform;
	const struct ix_tcp_options *o = &t->host->options;

	t->udp_held = p->allocate(p->context, HELD_SLOTS * sizeof(struct rx_buffer *), 64);
	if (!t->udp_held)
		return IX_ERR_NO_MEMORY;
	for (unsigned i = 0; i < o->udp_ports; i++)
		open_port(t->host, o->udp_port[i]);
	return 0;
}

void udp_stop(struct tcp_thread *t)
{
	const struct ix_platform *p = &t->host->dataplane->platform;

	for (unsigned i = 0; t->udp_held && i < HELD_SLOTS; i++)
		while (t->udp_held[i]) {
			struct rx_buffer *rx = t->udp_held[i];

			t->udp_held[i] = rx->next;
			rx_free(t, rx);
		}
	if (t->udp_held)
		p->release(p->context, t->udp_held);
}

void udp_in(struct tcp_thread *t, struct ix_packet *packet, uint8_t *datagram, uint16_t length, uint32_t src_be,
	    uint32_t dst_be)
{
	struct udp_header udp;
	struct rx_buffer *rx, **slot;
	uint16_t port;

	if (length >= UDP_HEADER)
		memcpy(&udp, datagram, UDP_HEADER);
	if (length < UDP_HEADER || lwip_ntohs(udp.length) < UDP_HEADER || lwip_ntohs(udp.length) > length) {
		tcp_refuse(t, packet, &t->counters.malformed);
		return;
	}
	length = lwip_ntohs(udp.length);
	port = lwip_ntohs(udp.dst);
	if (udp.checksum && t->host->options.check_checksums &&
	    ip_checksum_pseudo(datagram, length, src_be, dst_be, IP_PROTOCOL_UDP)) {
		tcp_refuse(t, packet, &t->counters.bad_checksum);
		return;
	}
	if (!(atomic_load_explicit(&t->host->udp_open[port / 64], memory_order_relaxed) >> port % 64 & 1)) {
		tcp_refuse(t, packet, &t->counters.unknown_protocol);
		return;
	}
	rx = rx_new(t, packet, datagram, length);
	if (!rx) {
		tcp_refuse(t, packet, &t->counters.no_memory);
		return;
	}
	rx->data = datagram + UDP_HEADER;
	slot = held_slot(t, rx->data);
	rx->next = *slot;
	*slot = rx;
	t->counters.udp_in++;
	ix_deliver(t->thread, &(struct ix_event){.type = IX_EVENT_UDP_RECV,
						 .buffer = ix_packet_buffer(t->host->dataplane, rx->data),
						 .length = length - UDP_HEADER,
						 .ip = lwip_ntohl(src_be),
						 .port = lwip_ntohs(udp.src),
						 .local_port = port});
}

int udp_done(struct tcp_thread *t, ix_buffer buffer)
{
	const uint8_t *data = ix_buffer_memory(t->host->dataplane, buffer, 0);
	struct rx_buffer **at;

	for (at = held_slot(t, data); *at; at = &(*at)->next)
		if ((*at)->data == data) {
			struct rx_buffer *rx = *at;

			*at = rx->next;
			rx_free(t, rx);
			return 0;
		}
	return IX_ERR_BAD_BUFFER;
}

int64_t udp_send(struct tcp_thread *t, const struct ix_call *call)
{
	struct tcp_host *h = t->host;
	uint16_t port = call->local_port, length = (uint16_t)(UDP_HEADER + call->length);
	uint32_t src_be = lwip_htonl(h->options.ip), dst_be = lwip_htonl(call->ip), hash;
	struct tcp_group *group;
	struct ix_packet *packet;
	struct udp_header udp;
	uint8_t *datagram;

	if (call->length > (uint32_t)h->options.mtu - IP_HEADER - UDP_HEADER)
		return IX_ERR_BAD_LENGTH;
	if (!call->port || !ip_has_route(h, call->ip))
		return IX_ERR_NO_ROUTE;
	if (!port)
		port = tcp_port_choose(t, call->ip, call->port, false, &hash, &group);
	if (!port)
		return IX_ERR_NO_PORT;
	packet = ix_event_room(t->thread) ? tcp_packet_alloc(t) : NULL;
	if (!packet)
		return IX_ERR_NO_MEMORY;
	open_port(h, port);
	datagram = packet->data + ETH_HEADER + IP_HEADER;
	udp = (struct udp_header){lwip_htons(port), lwip_htons(call->port), lwip_htons(length), 0};
	/* The application may name any packet's memory, this one's too. */
	memmove(datagram + UDP_HEADER, ix_buffer_memory(h->dataplane, call->buffer, call->length), call->length);
	memcpy(datagram, &udp, UDP_HEADER);
	if (h->options.generate_checksums) {
		udp.checksum = ip_checksum_pseudo(datagram, length, src_be, dst_be, IP_PROTOCOL_UDP);
		if (!udp.checksum)
			udp.checksum = 0xffff;
		memcpy(datagram, &udp, UDP_HEADER);
	}
	t->counters.udp_out++;
	ip_finish(t, packet, length, src_be, dst_be, 64, 0, IP_PROTOCOL_UDP);
	ix_deliver(t->thread, &(struct ix_event){.type = IX_EVENT_UDP_SENT, .cookie = call->cookie});
	return port;
}

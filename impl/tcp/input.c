/* A TCP segment on its way into lwIP: its bucket is put in place, floods and old connections are dealt with first. */
#include "impl/tcp/internal.h"
#include "impl/tcp/wire.h"

#include <lwip/ip.h>

#include <string.h>

enum { FLAG_FIN = 1, FLAG_SYN = 2, FLAG_RST = 4, FLAG_ACK = 16 };

struct segment {
	uint16_t src_port, dst_port;
	uint32_t seq, ack, length; /* length in sequence numbers */
	uint8_t flags;
};

static struct segment peek(const uint8_t *header, uint16_t length)
{
	struct segment s;
	uint16_t ports[2];
	uint32_t seq, ack;

	memcpy(ports, header, 4);
	memcpy(&seq, header + 4, 4);
	memcpy(&ack, header + 8, 4);
	s.src_port = lwip_ntohs(ports[0]);
	s.dst_port = lwip_ntohs(ports[1]);
	s.seq = lwip_ntohl(seq);
	s.ack = lwip_ntohl(ack);
	s.flags = header[13];
	s.length = length - (header[12] >> 4) * 4u + !!(s.flags & FLAG_SYN) + !!(s.flags & FLAG_FIN);
	return s;
}

static bool checksum_good(const struct tcp_thread *t, const uint8_t *segment, uint16_t length, uint32_t src_be,
			  uint32_t dst_be)
{
	return !t->host->options.check_checksums ||
	       !ip_checksum_pseudo(segment, length, src_be, dst_be, IP_PROTOCOL_TCP);
}

/* 5 <= data offset <= length (RFC 9293 section 3.1). */
static bool well_formed(const uint8_t *segment, uint16_t length)
{
	unsigned header = length < TCP_HLEN ? 0 : (segment[12] >> 4) * 4u;

	return header >= TCP_HLEN && header <= length;
}

static struct tcp_pcb_listen *find_listener(struct tcp_host *h, uint16_t port)
{
	for (unsigned i = 0; i < h->options.listen_ports; i++)
		if (h->listener[i].local_port == port)
			return &h->listener[i];
	return NULL;
}

/* May this SYN open a connection? A full backlog ignores it, as the peer will repeat it. A full list of half-open ones
 * lets the oldest go: a flood of SYNs then costs a bounded amount of memory and real handshakes still get through. */
static bool admit(struct tcp_thread *t, struct tcp_group *g)
{
	const struct ix_tcp_options *o = &t->host->options;

	if (g->unaccepted >= o->backlog) {
		t->counters.syn_dropped++;
		return false;
	}
	if (g->half_open >= o->half_open_max) {
		struct tcp_connection *oldest = container_of(g->half_open_list.next, struct tcp_connection, link);

		t->counters.half_open_dropped++;
		tcp_connection_abandon(oldest, IX_DEAD_TIMEOUT, 0);
		tcp_connection_settle(t, oldest, 0);
	}
	return true;
}

/* RFC 1122 section 4.2.2.13: a SYN beyond all that the old incarnation used opens a new one. lwIP would not. */
static bool reuses_time_wait(const struct tcp_pcb *pcb, const struct segment *s)
{
	return pcb->state == TIME_WAIT && (s->flags & (FLAG_SYN | FLAG_ACK | FLAG_RST)) == FLAG_SYN &&
	       seq_before(pcb->rcv_nxt, s->seq);
}

static void call_lwip(struct tcp_thread *t, struct tcp_bucket *b, struct tcp_pcb_listen *listener, struct rx_buffer *rx,
		      uint32_t src_be, uint32_t dst_be)
{
	tcp_listen_pcbs.listen_pcbs = listener;
	ip_data.current_netif = ip_data.current_input_netif = &t->netif;
	ip_data.current_iphdr_src.addr = src_be;
	ip_data.current_iphdr_dest.addr = dst_be;
	t->opened = NULL;
	tcp_bucket_in(b);
	tcp_input(&rx->pbuf.pbuf, &t->netif);
	tcp_bucket_out(b);
}

/* The connection a segment is for; NULL if none, or if the segment reuses one in TIME_WAIT, which is gone then. */
static struct tcp_connection *find_connection(struct tcp_thread *t, const struct tcp_bucket *b, uint32_t src_be,
					      const struct segment *s)
{
	struct tcp_pcb *pcb = tcp_bucket_find(b, src_be, s->src_port, s->dst_port);
	struct tcp_connection *c;

	if (!pcb)
		return NULL;
	c = pcb->callback_arg;
	if (reuses_time_wait(pcb, s)) {
		tcp_connection_abandon(c, IX_DEAD_CLOSED, 0);
		tcp_connection_settle(t, c, 0);
		return NULL;
	}
	c->heard_ns = t->thread->now_ns;
	c->probes = 0;
	if (pcb->state == TIME_WAIT && s->flags & FLAG_FIN)
		c->state_at_ns = t->thread->now_ns + t->host->options.time_wait_ns;
	return c;
}

/* RFC 9293 section 3.10.7.4, RFC 5961 section 5.2, where lwIP is less strict. Segments with SYN or RST it judges well;
 * one at the edge of a closed window may bring an acknowledgement. */
static bool acceptable(const struct tcp_pcb *pcb, const struct segment *s)
{
	uint32_t edge = pcb->rcv_nxt + pcb->rcv_wnd;

	if (pcb->state < ESTABLISHED || pcb->state == TIME_WAIT || s->flags & (FLAG_SYN | FLAG_RST))
		return true;
	return s->flags & FLAG_ACK && !seq_before(edge, s->seq) && !seq_before(s->seq + s->length, pcb->rcv_nxt) &&
	       !seq_before(pcb->snd_nxt, s->ack) && !seq_before(s->ack, pcb->lastack - pcb->snd_wnd_max);
}

/* Cuts off what lies beyond the receive window (RFC 9293 section 3.10.7.4), and returns the length that is left: lwIP
 * does so only with data in order, but would later take what it kept out of order for more than its window. */
static uint16_t cut_to_window(const struct tcp_pcb *pcb, struct segment *s, uint8_t *segment, uint16_t length)
{
	uint32_t end = s->seq + s->length, edge = pcb->rcv_nxt + pcb->rcv_wnd, excess = end - edge;

	if (pcb->state < SYN_RCVD || s->flags & (FLAG_SYN | FLAG_RST) || !seq_before(edge, end))
		return length;
	s->length -= excess;
	if (s->flags & FLAG_FIN) {
		s->flags &= (uint8_t)~FLAG_FIN;
		segment[13] = s->flags;
		excess--;
	}
	return (uint16_t)(length - excess);
}

/* Says what would be acceptable; nothing to a segment without ACK. */
static void refuse_segment(struct tcp_thread *t, struct tcp_bucket *b, struct tcp_connection *c,
			   struct ix_packet *packet, const struct segment *s)
{
	if (s->flags & FLAG_ACK) {
		tcp_bucket_in(b);
		tcp_ack_now(c->pcb);
		tcp_output(c->pcb);
		tcp_bucket_out(b);
		tcp_connection_settle(t, c, IX_EVENTS_PER_STEP);
	}
	tcp_refuse(t, packet, &t->counters.unacceptable);
}

static void for_connection(struct tcp_thread *t, struct tcp_bucket *b, struct tcp_connection *c, struct rx_buffer *rx,
			   const struct segment *s, uint32_t src_be, uint32_t dst_be)
{
	uint16_t mss = c->pcb->mss;

	if (c->pcb->ooseq && s->length) /* it may fill a hole: RFC 5681 section 4.2 */
		tcp_ack_now(c->pcb);
	call_lwip(t, b, NULL, rx, src_be, dst_be);
	if (c->pcb && !(s->flags & FLAG_SYN))
		c->pcb->mss = mss; /* lwIP takes the option from any segment */
	tcp_connection_settle(t, c, IX_EVENTS_PER_STEP);
}

/* @listener may be NULL: lwIP answers with a reset. */
static void for_listener(struct tcp_thread *t, struct tcp_bucket *b, struct tcp_pcb_listen *listener,
			 struct rx_buffer *rx, uint32_t src_be, uint32_t dst_be)
{
	call_lwip(t, b, listener, rx, src_be, dst_be);
	if (!t->opened)
		return;
	tcp_connection_settle(t, t->opened, IX_EVENTS_PER_STEP);
	tcp_buckets_grow(t->group);
}

void tcp_segment_in(struct tcp_thread *t, struct tcp_group *g, struct ix_packet *packet, uint8_t *segment,
		    uint16_t length, uint32_t src_be, uint32_t dst_be)
{
	struct tcp_bucket *b = tcp_bucket_of(g, packet->rss_hash);
	struct tcp_pcb_listen *listener = NULL;
	struct tcp_connection *c;
	struct rx_buffer *rx;
	struct segment s;

	if (!well_formed(segment, length) || !checksum_good(t, segment, length, src_be, dst_be)) {
		tcp_refuse(t, packet,
			   well_formed(segment, length) ? &t->counters.bad_checksum : &t->counters.malformed);
		return;
	}
	t->counters.segments_in++;
	t->group = g;
	t->hash = packet->rss_hash;
	s = peek(segment, length);
	c = find_connection(t, b, src_be, &s);
	if (c && !acceptable(c->pcb, &s)) {
		refuse_segment(t, b, c, packet, &s);
		return;
	}
	if (c)
		length = cut_to_window(c->pcb, &s, segment, length);
	else
		listener = find_listener(t->host, s.dst_port);
	if (listener && (s.flags & (FLAG_SYN | FLAG_ACK | FLAG_RST)) == FLAG_SYN && !admit(t, g)) {
		tcp_packet_free(t, packet);
		return;
	}
	rx = rx_new(t, packet, segment, length);
	if (!rx)
		tcp_refuse(t, packet, &t->counters.no_memory);
	else if (c)
		for_connection(t, b, c, rx, &s, src_be, dst_be);
	else
		for_listener(t, b, listener, rx, src_be, dst_be);
}

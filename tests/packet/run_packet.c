/* The peer of a run: what it sends, and what it expects to come. */
#include "tests/packet/run_internal.h"

#include <string.h>

static void send_arp(struct run *r, unsigned operation, uint32_t target, uint32_t sender)
{
	struct packet p = {.kind = PACKET_ARP, .arp_operation = operation, .arp_target = target, .arp_sender = sender};
	uint8_t frame[FRAME_MAX];

	r->ops->inject(r->device, frame, frame_build(frame, &p, &r->flow[0].ends));
}

/* The device shall know the link addresses of all peers before the script starts. */
void run_teach_neighbours(struct run *r)
{
	for (unsigned i = 0; i < r->script->flows; i++)
		send_arp(r, 1, r->script->options.ip, r->script->flow[i].remote_ip);
	if (r->ops->advance(r->device, r->ops->now_ns(r->device)))
		run_collect_frames(r);
}

static bool is_arp(const struct frame_item *item)
{
	return item->length >= 14 && item->bytes[12] == 0x08 && item->bytes[13] == 0x06;
}

bool run_collect_frames(struct run *r)
{
	for (unsigned answers = 0;;) {
		struct frame_item *item = &r->frame[r->frames];
		struct decoded d;

		if (r->frames == RUN_QUEUE - 1)
			return run_fail(r, "too many packets at once");
		item->length = r->ops->next_frame(r->device, item->bytes, sizeof(item->bytes), &item->at_ns);
		if (!item->length)
			return true;
		if (r->script->arp_manual || !is_arp(item)) {
			r->frames++;
			continue;
		}
		frame_decode(&d, item->bytes, item->length, &r->script->options);
		if (d.packet.arp_operation == 1 && d.packet.arp_target != r->script->options.ip) {
			if (++answers > 1000)
				return run_fail(r, "too many ARP requests");
			send_arp(r, 2, r->script->options.ip, d.packet.arp_target);
		}
	}
}

bool run_inject(struct run *r, const struct packet *p)
{
	struct flow_state *f = &r->flow[p->flow];
	uint8_t frame[FRAME_MAX];
	char text[512];
	unsigned length = frame_build(frame, p, &f->ends);

	script_print_packet(text, sizeof(text), p, NULL);
	run_trace(r, r->ops->now_ns(r->device), "< %s%s%s", p->flow ? r->script->flow[p->flow].name : "",
		  p->flow ? ": " : "", text);
	if (p->kind == PACKET_TCP && p->flags & FLAG_S)
		f->syn = (uint32_t)p->seq.value - (p->seq.absolute ? f->ends.peer_isn : 0);
	r->ops->inject(r->device, frame, length);
	return true;
}

/* The flow that a packet is of; a port that the device chose is learned. */
static int find_flow(struct run *r, const struct decoded *d)
{
	for (unsigned i = 0; i < r->script->flows; i++) {
		struct ends *e = &r->flow[i].ends;

		if (e->remote_ip != d->dst_ip)
			continue;
		if (d->packet.kind == PACKET_ICMP)
			return (int)i;
		if (e->remote_port != d->dst_port || (e->local_port && e->local_port != d->src_port))
			continue;
		e->local_port = d->src_port;
		return (int)i;
	}
	return -1;
}

static const char *decode(struct run *r, const struct frame_item *item, struct decoded *d)
{
	const char *wrong = frame_decode(d, item->bytes, item->length, &r->script->options);

	if (!wrong && d->packet.kind != PACKET_ARP && d->packet.kind != PACKET_RAW)
		d->packet.flow = find_flow(r, d);
	return wrong;
}

static void print_decoded(const struct run *r, const struct decoded *d, char *text, size_t size)
{
	int flow = d->packet.flow;
	struct flow_view view = {0};

	if (flow >= 0)
		view = (struct flow_view){r->script->flow[flow].name, r->flow[flow].ends.local_isn,
					  r->flow[flow].ends.peer_isn};
	script_print_packet(text, size, &d->packet, flow >= 0 ? &view : NULL);
}

void run_print_frame(struct run *r, const struct frame_item *item, char *text, size_t size)
{
	struct decoded d;

	decode(r, item, &d);
	print_decoded(r, &d, text, size);
}

/* Byte for byte: a stream by its sequence numbers, a datagram from its start, an echo as it was asked. */
static bool check_payload(struct run *r, const struct decoded *d)
{
	uint32_t position = 0, length = (uint32_t)d->packet.length.value;

	if (d->packet.kind == PACKET_TCP)
		position = (uint32_t)d->packet.seq.value - r->flow[d->packet.flow].ends.local_isn - 1;
	for (uint32_t i = 0; i < length; i++) {
		uint8_t want = d->packet.kind == PACKET_ICMP ? peer_byte(i, false) : device_byte(position + i);

		if (d->payload[i] != want)
			return run_fail(r, "byte %u of the payload differs\n  expected  %02x\n  got       %02x", i,
					want, d->payload[i]);
	}
	return true;
}

static void pop_frame(struct run *r)
{
	r->frames--;
	memmove(&r->frame[0], &r->frame[1], r->frames * sizeof(r->frame[0]));
}

bool run_match_frame(struct run *r, const struct packet *expected)
{
	struct decoded d;
	const struct frame_item *item = &r->frame[0];
	struct flow_state *f = &r->flow[expected->flow];
	const char *wrong = decode(r, item, &d);
	char difference[256], got[512], text[512];

	if (d.packet.kind == PACKET_TCP && d.packet.flow == expected->flow && d.packet.flags & FLAG_S &&
	    (!f->isn_known || expected->modifier[MOD_NEWISN].given)) {
		if (f->isn_known && f->ends.local_isn == (uint32_t)d.packet.seq.value)
			return run_fail(r, "the initial sequence number is not a new one");
		f->ends.local_isn = (uint32_t)d.packet.seq.value;
		f->isn_known = true;
	}
	print_decoded(r, &d, got, sizeof(got));
	script_print_packet(text, sizeof(text), expected, NULL);
	if (wrong)
		return run_fail(r, "%s\n  expected  > %s\n  got       > %s", wrong, text, got);
	packet_difference(difference, sizeof(difference), expected, &d.packet, &f->ends);
	if (difference[0])
		return run_fail(r, "packet differs:%s\n  expected  > %s%s%s\n  got       > %s", difference,
				expected->flow ? r->script->flow[expected->flow].name : "", expected->flow ? ": " : "",
				text, got);
	if (d.packet.kind != PACKET_ARP && d.packet.kind != PACKET_RAW && !check_payload(r, &d))
		return false;
	run_trace(r, item->at_ns, "> %s", got);
	pop_frame(r);
	return true;
}

bool run_absorb_frame(struct run *r, const struct frame_item *item)
{
	struct decoded d;
	const char *wrong = decode(r, item, &d);

	/* Raw ARP may have taught the host other link addresses. */
	if (wrong && !strstr(wrong, "link address"))
		return run_fail(r, "broken packet: %s", wrong);
	if (!wrong && d.packet.kind == PACKET_TCP && d.packet.flow >= 0 && d.packet.flags & FLAG_S)
		r->flow[d.packet.flow].ends.local_isn = (uint32_t)d.packet.seq.value;
	return true;
}

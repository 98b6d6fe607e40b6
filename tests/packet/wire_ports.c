/*
 * The way of frames through the dataplane process: its platform (impl/ixdp), its packets and port (impl/nic), on a port of
 * DPDK whose rings lead back to itself. Before each receive burst whatever was sent is taken off the rings; then the frames
 * put are sent in, and impl/nic receives, hashes and deals them as it does any. Only the clock is virtual. DPDK starts once
 * in a process, so the port stays from script to script; at the end of each no packet may be in use.
 */
#include "impl/ixdp/process.h"
#include "tests/packet/device.h"
#include "tests/packet/wire.h"

#include <rte_config.h>

#include <rte_ethdev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORT   "net_ring0"
#define QUEUES 2u /* of the device; with more than one, packets are dealt */
#define FRAMES 512u

struct frame {
	uint8_t data[DEVICE_FRAME_ROOM];
	unsigned length;
	uint64_t at_ns;
};

struct frames {
	struct frame frame[FRAMES];
	unsigned head, count;
};

struct wire {
	struct ixdp_process process; /* first: the platform's context */
	uint16_t port;
	struct ix_platform platform; /* of ixdp, as it is */
	const uint64_t *now_ns;
	struct frames in, out;
	bool lost; /* more frames than room */
};

static struct wire *the_wire;

static void push(struct wire *w, struct frames *q, const void *data, unsigned length)
{
	struct frame *f = &q->frame[(q->head + q->count) % FRAMES];

	if (q->count == FRAMES) {
		w->lost = true;
		return;
	}
	q->count++;
	memcpy(f->data, data, length);
	f->length = length;
	f->at_ns = *w->now_ns;
}

static const struct frame *pop(struct frames *q)
{
	const struct frame *f = &q->frame[q->head];

	if (!q->count)
		return NULL;
	q->head = (q->head + 1) % FRAMES;
	q->count--;
	return f;
}

/* Takes what was sent off the rings. */
static void drain(struct wire *w)
{
	struct rte_mbuf *mbufs[32];

	for (uint16_t queue = 0; queue < QUEUES; queue++) {
		unsigned n;

		while ((n = rte_eth_rx_burst(w->port, queue, mbufs, 32)))
			for (unsigned i = 0; i < n; i++) {
				push(w, &w->out, rte_pktmbuf_mtod(mbufs[i], void *), mbufs[i]->data_len);
				rte_pktmbuf_free(mbufs[i]);
			}
	}
}

/* Sends the frames that were put into the rings, @n at most. */
static void feed(struct wire *w, unsigned n)
{
	const struct frame *f;

	while (n-- && (f = pop(&w->in))) {
		struct ix_packet *packet = nic_packet_alloc(w->process.nic);

		if (!packet)
			continue; /* as a NIC without a descriptor */
		memcpy(packet->data, f->data, f->length);
		packet->length = (uint16_t)f->length;
		if (!nic_transmit(w->process.nic, 0, &packet, 1))
			nic_packet_free(packet);
	}
}

static uint64_t clock_ns(void *context, unsigned thread)
{
	return *((struct wire *)context)->now_ns;
}

static unsigned receive(void *context, unsigned thread, struct ix_packet **packets, unsigned n)
{
	struct wire *w = context;
	unsigned got;

	drain(w);
	feed(w, n);
	got = w->platform.receive(&w->process, thread, packets, n);
	for (unsigned i = 0; i < got; i++)
		packets[i]->arrival_ns = *w->now_ns;
	return got;
}

static void close_port(void)
{
	nic_close(the_wire->process.nic);
	free(the_wire);
}

static struct wire *start(void)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};
	struct nic_options options = {
	    .type = NIC_RING,
	    .queues = QUEUES,
	    .descriptors = 512,
	    .packets = 2048,
	    .threads = 1,
	    .groups = 1,
	    .rss_key = ix_rss_key_default,
	    .mac = mac,
	    .huge_pages = NIC_NO,
	    .checksums = NIC_NO,
	};
	struct wire *w = aligned_alloc(_Alignof(struct wire), sizeof(*w));
	struct nic_error error = {0};

	if (!w)
		return NULL;
	memset(w, 0, sizeof(*w));
	if (nic_open(&w->process.nic, &options, &error) || rte_eth_dev_get_port_by_name(PORT, &w->port)) {
		fprintf(stderr, "port of DPDK: %s\n", error.text);
		free(w);
		return NULL;
	}
	the_wire = w;
	atexit(close_port);
	ixdp_platform_fill(&w->process);
	w->platform = w->process.platform;
	return w;
}

static struct wire *wire_open(struct ix_platform *platform, const uint64_t *now_ns)
{
	struct wire *w = the_wire ? the_wire : start();

	if (!w)
		return NULL;
	w->now_ns = now_ns;
	w->in.count = w->out.count = 0;
	w->lost = false;
	*platform = w->platform;
	platform->clock_ns = clock_ns;
	platform->receive = receive;
	return w;
}

static bool wire_close(struct wire *w)
{
	drain(w);
	return !w->lost && nic_packets_in_use(w->process.nic) == 0;
}

static void put(struct wire *w, const struct ix_rss *rss, const uint8_t *frame, unsigned length)
{
	push(w, &w->in, frame, length);
}

static bool waiting(const struct wire *w)
{
	return w->in.count > 0;
}

static bool sent(struct wire *w)
{
	drain(w);
	return w->out.count > 0;
}

static unsigned take(struct wire *w, uint8_t *frame, unsigned size, uint64_t *at_ns)
{
	const struct frame *f;
	unsigned length;

	drain(w);
	f = pop(&w->out);
	if (!f)
		return 0;
	length = f->length < size ? f->length : size;
	memcpy(frame, f->data, length);
	*at_ns = f->at_ns;
	return length;
}

const struct wire_ops wire_ops = {
    .open = wire_open, .close = wire_close, .put = put, .waiting = waiting, .sent = sent, .take = take};

/* Frames by pointer, from pool to ring to pool: what the simulator does, without its wire. */
#include "tests/packet/device.h"
#include "tests/packet/wire.h"

#include <stdlib.h>
#include <string.h>

#define PACKETS 512u

struct wire {
	const uint64_t *now_ns;
	uint8_t *frames;
	struct ix_packet *packet, *free_packets;
	unsigned packets_in_use;
	struct ix_packet_queue ring, out;
};

static uint64_t clock_ns(void *context, unsigned thread)
{
	(void)thread;
	return *((struct wire *)context)->now_ns;
}

static unsigned receive(void *context, unsigned thread, struct ix_packet **packets, unsigned n)
{
	struct wire *w = context;
	unsigned i = 0;

	(void)thread;
	while (i < n && w->ring.head)
		packets[i++] = ix_packet_queue_pop(&w->ring);
	return i;
}

static unsigned transmit(void *context, unsigned thread, struct ix_packet **packets, unsigned n)
{
	struct wire *w = context;

	(void)thread;
	for (unsigned i = 0; i < n; i++) {
		packets[i]->arrival_ns = *w->now_ns;
		ix_packet_queue_push(&w->out, packets[i]);
	}
	return n;
}

static int steer(void *context, unsigned group, unsigned thread)
{
	(void)context;
	(void)group;
	(void)thread;
	return 0;
}

static void kick(void *context, unsigned thread, int interrupt)
{
	(void)context;
	(void)thread;
	(void)interrupt;
}

static struct ix_packet *packet_alloc(void *context, unsigned thread)
{
	struct wire *w = context;
	struct ix_packet *packet = w->free_packets;

	(void)thread;
	if (!packet)
		return NULL;
	w->free_packets = packet->next;
	w->packets_in_use++;
	*packet = (struct ix_packet){.data = w->frames + (uint64_t)(packet - w->packet) * DEVICE_FRAME_ROOM};
	return packet;
}

static void packet_free(void *context, struct ix_packet *packet)
{
	struct wire *w = context;

	packet->next = w->free_packets;
	w->free_packets = packet;
	w->packets_in_use--;
}

static void *allocate(void *context, size_t size, size_t align)
{
	void *memory = aligned_alloc(align, (size + align - 1) / align * align);

	(void)context;
	if (memory)
		memset(memory, 0, size);
	return memory;
}

static void release(void *context, void *memory)
{
	(void)context;
	free(memory);
}

static void free_wire(struct wire *w)
{
	free(w->frames);
	free(w->packet);
	free(w);
}

static void fill(struct wire *w, struct ix_platform *platform)
{
	*platform = (struct ix_platform){
	    .context = w,
	    .clock_ns = clock_ns,
	    .receive = receive,
	    .transmit = transmit,
	    .steer = steer,
	    .kick = kick,
	    .packet_alloc = packet_alloc,
	    .packet_free = packet_free,
	    .data_room = DEVICE_FRAME_ROOM,
	    .allocate = allocate,
	    .release = release,
	    .pool_base = {NULL, w->frames},
	    .pool_size = {0, (uint64_t)PACKETS * DEVICE_FRAME_ROOM},
	};
}

static struct wire *wire_open(struct ix_platform *platform, const uint64_t *now_ns)
{
	struct wire *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->now_ns = now_ns;
	w->frames = malloc((size_t)PACKETS * DEVICE_FRAME_ROOM);
	w->packet = malloc(PACKETS * sizeof(*w->packet));
	if (!w->frames || !w->packet) {
		free_wire(w);
		return NULL;
	}
	for (unsigned i = PACKETS; i--;) {
		w->packet[i].next = w->free_packets;
		w->free_packets = &w->packet[i];
	}
	fill(w, platform);
	return w;
}

static bool wire_close(struct wire *w)
{
	struct ix_packet *packet;
	bool clean;

	while ((packet = ix_packet_queue_pop(&w->ring)) || (packet = ix_packet_queue_pop(&w->out)))
		packet_free(w, packet);
	clean = w->packets_in_use == 0;
	free_wire(w);
	return clean;
}

static uint32_t load32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint16_t load16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* What a NIC does: hash and ring. */
static void put(struct wire *w, const struct ix_rss *rss, const uint8_t *frame, unsigned length)
{
	struct ix_packet *packet = packet_alloc(w, 0);
	const uint8_t *ip;

	if (!packet)
		return;
	memcpy(packet->data, frame, length);
	packet->length = (uint16_t)length;
	packet->arrival_ns = *w->now_ns;
	ip = packet->data + 14;
	if (length >= 38 && load16(frame + 12) == 0x0800 && (ip[9] == 6 || ip[9] == 17))
		packet->rss_hash =
		    ix_rss_hash_ipv4(rss, load32(ip + 12), load32(ip + 16), load16(ip + 20), load16(ip + 22));
	ix_packet_queue_push(&w->ring, packet);
}

static bool waiting(const struct wire *w)
{
	return w->ring.head != NULL;
}

static bool sent(struct wire *w)
{
	return w->out.head != NULL;
}

static unsigned take(struct wire *w, uint8_t *frame, unsigned size, uint64_t *at_ns)
{
	struct ix_packet *packet = ix_packet_queue_pop(&w->out);
	unsigned length;

	if (!packet)
		return 0;
	length = packet->length < size ? packet->length : size;
	memcpy(frame, packet->data, length);
	*at_ns = packet->arrival_ns;
	packet_free(w, packet);
	return length;
}

const struct wire_ops wire_ops = {
    .open = wire_open, .close = wire_close, .put = put, .waiting = waiting, .sent = sent, .take = take};

/*
 * The shared core with the stack `tcp` as device under test: one thread, one flow group, a virtual clock that jumps
 * from timer to timer, frames by pointer.
 */
#include "tests/packet/device.h"

#include <stdlib.h>
#include <string.h>

#define PACKETS   512u
#define QUEUE     256u
#define STEPS_MAX 200000u      /* kernel phases of one script */
#define ORIGIN_NS (1ull << 30) /* a multiple of the wheel's tick */

struct out_event {
	struct ix_event event;
	uint64_t at_ns;
};

struct device {
	struct ix_dataplane *dataplane;
	uint64_t now_ns;
	unsigned steps;
	uint8_t *memory, *frames;
	struct ix_packet *packet, *free_packets;
	unsigned packets_in_use;
	struct ix_packet_queue ring, out;
	struct out_event event[QUEUE];
	unsigned event_head, events;
};

static uint64_t clock_ns(void *context, unsigned thread)
{
	(void)thread;
	return ((struct device *)context)->now_ns;
}

static unsigned receive(void *context, unsigned thread, struct ix_packet **packets, unsigned n)
{
	struct device *d = context;
	unsigned i = 0;

	(void)thread;
	while (i < n && d->ring.head)
		packets[i++] = ix_packet_queue_pop(&d->ring);
	return i;
}

static unsigned transmit(void *context, unsigned thread, struct ix_packet **packets, unsigned n)
{
	struct device *d = context;

	(void)thread;
	for (unsigned i = 0; i < n; i++) {
		packets[i]->arrival_ns = d->now_ns;
		ix_packet_queue_push(&d->out, packets[i]);
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
	struct device *d = context;
	struct ix_packet *packet = d->free_packets;

	(void)thread;
	if (!packet)
		return NULL;
	d->free_packets = packet->next;
	d->packets_in_use++;
	*packet = (struct ix_packet){.data = d->frames + (uint64_t)(packet - d->packet) * DEVICE_FRAME_ROOM};
	return packet;
}

static void packet_free(void *context, struct ix_packet *packet)
{
	struct device *d = context;

	packet->next = d->free_packets;
	d->free_packets = packet;
	d->packets_in_use--;
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

static void free_device(struct device *d)
{
	free(d->memory);
	free(d->frames);
	free(d->packet);
	free(d);
}

static int create(struct device *d, const struct ix_tcp_options *tcp)
{
	struct ix_options options = ix_options_default;
	struct ix_platform platform = {
	    .context = d,
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
	    .pool_base = {d->memory, d->frames},
	    .pool_size = {DEVICE_POOL_BYTES, (uint64_t)PACKETS * DEVICE_FRAME_ROOM},
	};

	options.groups = 1;
	options.stack = &ix_stack_tcp;
	options.stack_options = tcp;
	return ix_dataplane_create(&d->dataplane, &options, &platform);
}

static struct device *device_open(const struct ix_tcp_options *tcp)
{
	struct device *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->now_ns = ORIGIN_NS;
	d->memory = malloc(DEVICE_POOL_BYTES);
	d->frames = malloc((size_t)PACKETS * DEVICE_FRAME_ROOM);
	d->packet = malloc(PACKETS * sizeof(*d->packet));
	for (unsigned i = PACKETS; d->packet && i--;) {
		d->packet[i].next = d->free_packets;
		d->free_packets = &d->packet[i];
	}
	if (!d->memory || !d->frames || !d->packet || create(d, tcp)) {
		free_device(d);
		return NULL;
	}
	return d;
}

static bool device_close(struct device *d)
{
	struct ix_packet *packet;
	bool clean;

	ix_dataplane_destroy(d->dataplane);
	while ((packet = ix_packet_queue_pop(&d->ring)) || (packet = ix_packet_queue_pop(&d->out)))
		packet_free(d, packet);
	clean = d->packets_in_use == 0 && atomic_load(&ix_tcp_assertions) == 0;
	free_device(d);
	return clean;
}

static uint64_t now_ns(const struct device *d)
{
	return d->now_ns;
}

/* Kernel phases until nothing is left to do now. */
static bool settle(struct device *d)
{
	struct ix_thread *t = &d->dataplane->thread[0];
	uint64_t until_ns;

	do {
		struct ix_work work = {0};

		if (++d->steps > STEPS_MAX)
			return false;
		ix_kernel_enter(t, &work);
		for (unsigned i = 0; i < t->event_count; i++) {
			if (d->events == QUEUE)
				return false;
			d->event[(d->event_head + d->events++) % QUEUE] = (struct out_event){t->events[i], d->now_ns};
		}
	} while (d->ring.head || ix_thread_has_work(t, d->now_ns, &until_ns));
	return true;
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
static void inject(struct device *d, const uint8_t *frame, unsigned length)
{
	struct ix_packet *packet = packet_alloc(d, 0);
	const uint8_t *ip;

	if (!packet)
		return;
	if (length > DEVICE_FRAME_ROOM)
		length = DEVICE_FRAME_ROOM;
	memcpy(packet->data, frame, length);
	packet->length = (uint16_t)length;
	packet->arrival_ns = d->now_ns;
	ip = packet->data + 14;
	if (length >= 38 && load16(frame + 12) == 0x0800 && (ip[9] == 6 || ip[9] == 17))
		packet->rss_hash = ix_rss_hash_ipv4(&d->dataplane->rss, load32(ip + 12), load32(ip + 16),
						    load16(ip + 20), load16(ip + 22));
	ix_packet_queue_push(&d->ring, packet);
	settle(d);
}

static int64_t call(struct device *d, struct ix_call *one)
{
	struct ix_thread *t = &d->dataplane->thread[0];

	t->calls[0] = *one;
	t->call_count = 1;
	settle(d);
	*one = t->calls[0];
	return one->result;
}

static bool advance(struct device *d, uint64_t until_ns)
{
	for (;;) {
		uint64_t next_ns;

		if (!settle(d))
			return false;
		if (d->out.head || d->events || d->now_ns >= until_ns)
			return true;
		next_ns = ix_wheel_next_ns(&d->dataplane->thread[0].wheel);
		d->now_ns = next_ns < until_ns ? next_ns : until_ns;
	}
}

static unsigned next_frame(struct device *d, uint8_t *frame, unsigned size, uint64_t *at_ns)
{
	struct ix_packet *packet = ix_packet_queue_pop(&d->out);
	unsigned length;

	if (!packet)
		return 0;
	length = packet->length < size ? packet->length : size;
	memcpy(frame, packet->data, length);
	*at_ns = packet->arrival_ns;
	packet_free(d, packet);
	return length;
}

static bool next_event(struct device *d, struct ix_event *event, uint64_t *at_ns)
{
	const struct out_event *e = &d->event[d->event_head];

	if (!d->events)
		return false;
	*event = e->event;
	*at_ns = e->at_ns;
	d->event_head = (d->event_head + 1) % QUEUE;
	d->events--;
	return true;
}

static uint8_t *memory(struct device *d, ix_buffer buffer, uint32_t length)
{
	return ix_buffer_memory(d->dataplane, buffer, length);
}

#define COUNTER(name)                                                                                                  \
	{                                                                                                              \
#name, offsetof(struct ix_tcp_counters, name)                                                          \
	}
static const struct {
	const char *name;
	size_t offset;
} counters[] = {
    COUNTER(segments_in),
    COUNTER(segments_out),
    COUNTER(retransmits_timeout),
    COUNTER(retransmits_fast),
    COUNTER(accepted),
    COUNTER(connected),
    COUNTER(reset),
    COUNTER(timed_out),
    COUNTER(refused_connections),
    COUNTER(syn_dropped),
    COUNTER(half_open_dropped),
    COUNTER(no_memory),
    COUNTER(unacceptable),
    COUNTER(malformed),
    COUNTER(bad_checksum),
    COUNTER(not_ours),
    COUNTER(unknown_protocol),
    COUNTER(arp_requests),
    COUNTER(arp_replies),
    COUNTER(arp_conflicts),
    COUNTER(arp_unresolved),
    COUNTER(echo_replies),
    COUNTER(udp_in),
    COUNTER(udp_out),
    COUNTER(window_probes),
    COUNTER(keepalives),
    COUNTER(delayed_acks),
};

static bool count(const struct device *d, const char *name, int64_t *value)
{
	const struct ix_tcp_live live = ix_tcp_live(d->dataplane);
	const void *all = ix_tcp_counters(&d->dataplane->thread[0]);

	if (!strcmp(name, "connections"))
		*value = live.connections;
	else if (!strcmp(name, "lwip_objects"))
		*value = live.lwip_objects;
	else if (!strcmp(name, "received_packets"))
		*value = live.received_packets;
	else
		for (unsigned i = 0;; i++) {
			if (i == sizeof(counters) / sizeof(counters[0]))
				return false;
			if (strcmp(name, counters[i].name) != 0)
				continue;
			*value = (int64_t) * (const uint64_t *)((const char *)all + counters[i].offset);
			break;
		}
	return true;
}

const struct device_ops device_core = {
    .open = device_open,
    .close = device_close,
    .now_ns = now_ns,
    .inject = inject,
    .call = call,
    .advance = advance,
    .next_frame = next_frame,
    .next_event = next_event,
    .memory = memory,
    .count = count,
};

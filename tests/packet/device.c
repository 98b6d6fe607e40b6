/*
 * The shared core with the stack `tcp` as device under test: one thread, one flow group, a virtual clock that jumps
 * from timer to timer, and a wire (wire.h) that says whose memory the frames are in.
 */
#include "tests/packet/device.h"
#include "tests/packet/wire.h"

#include <stdlib.h>
#include <string.h>

#define QUEUE     256u
#define STEPS_MAX 200000u      /* kernel phases of one script */
#define ORIGIN_NS (1ull << 30) /* a multiple of the wheel's tick */

struct out_event {
	struct ix_event event;
	uint64_t at_ns;
};

struct device {
	struct ix_dataplane *dataplane;
	struct wire *wire;
	uint64_t now_ns;
	unsigned steps;
	uint8_t *memory;
	struct out_event event[QUEUE];
	unsigned event_head, events;
};

static struct device *device_open(const struct ix_tcp_options *tcp)
{
	struct ix_options options = ix_options_default;
	struct device *d = calloc(1, sizeof(*d));
	struct ix_platform platform;

	options.groups = 1;
	options.stack = &ix_stack_tcp;
	options.stack_options = tcp;
	if (!d)
		return NULL;
	d->now_ns = ORIGIN_NS;
	d->memory = malloc(DEVICE_POOL_BYTES);
	d->wire = d->memory ? wire_ops.open(&platform, &d->now_ns) : NULL;
	if (d->wire) {
		platform.pool_base[IX_POOL_APPLICATION] = d->memory;
		platform.pool_size[IX_POOL_APPLICATION] = DEVICE_POOL_BYTES;
		if (!ix_dataplane_create(&d->dataplane, &options, &platform))
			return d;
		wire_ops.close(d->wire);
	}
	free(d->memory);
	free(d);
	return NULL;
}

static bool device_close(struct device *d)
{
	bool clean;

	ix_dataplane_destroy(d->dataplane);
	clean = wire_ops.close(d->wire) && atomic_load(&ix_tcp_assertions) == 0;
	free(d->memory);
	free(d);
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
	} while (wire_ops.waiting(d->wire) || ix_thread_has_work(t, d->now_ns, &until_ns));
	return true;
}

static void inject(struct device *d, const uint8_t *frame, unsigned length)
{
	wire_ops.put(d->wire, &d->dataplane->rss, frame, length < DEVICE_FRAME_ROOM ? length : DEVICE_FRAME_ROOM);
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
		if (wire_ops.sent(d->wire) || d->events || d->now_ns >= until_ns)
			return true;
		next_ns = ix_wheel_next_ns(&d->dataplane->thread[0].wheel);
		d->now_ns = next_ns < until_ns ? next_ns : until_ns;
	}
}

static unsigned next_frame(struct device *d, uint8_t *frame, unsigned size, uint64_t *at_ns)
{
	return wire_ops.take(d->wire, frame, size, at_ns);
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

const struct device_ops device_under_test = {
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

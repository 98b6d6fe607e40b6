/*
 * Batched calls as a hostile application would make them: handles, buffers, lengths and counts are bytes of the input,
 * handles and buffers seen before, or those with bits changed. The message stack is below. Whatever is called, the core
 * must not touch memory outside the pools, and every packet must come back.
 */
#include "tests/unit/core/memory_nic.h"
#include <stdlib.h>
#include <string.h>

#define KEPT     16
#define STEPS    512
#define THREADS  2
#define GROUPS   4
#define POOLSIZE 4096

struct input {
	const uint8_t *at, *end;
};

struct kept {
	ix_handle handle[KEPT];
	ix_buffer buffer[KEPT];
	unsigned handles, buffers;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t take(struct input *input, unsigned bytes)
{
	uint64_t value = 0;

	while (bytes-- && input->at < input->end)
		value = value << 8 | *input->at++;
	return value;
}

/* One seen before, one with a bit changed, or any number at all. */
static uint64_t choose(struct input *input, const uint64_t *kept)
{
	unsigned how = (unsigned)take(input, 1);

	if (how < 128)
		return kept[how % KEPT];
	if (how < 192)
		return kept[how % KEPT] ^ 1ull << take(input, 1) % 64;
	if (how < 224)
		return kept[how % KEPT] + take(input, 1);
	return take(input, 8);
}

static void add_call(struct input *input, struct memory_nic *nic, struct ix_thread *thread, const struct kept *kept)
{
	static const uint32_t lengths[] = {0, 1, 4, 16, 247, 248, 249, POOLSIZE, POOLSIZE + 1, 65535, 65536, ~0u};
	struct ix_sg *sg = (struct ix_sg *)nic->platform.pool_base[IX_POOL_APPLICATION];
	struct ix_call *call;
	unsigned i;

	if (thread->call_count == thread->dataplane->options.calls)
		return;
	call = &thread->calls[thread->call_count++];
	memset(call, (int)take(input, 1), sizeof(*call));
	call->type = (uint32_t)take(input, 1) % (IX_CALL_COUNT + 1);
	call->handle = choose(input, kept->handle);
	call->buffer = choose(input, kept->buffer);
	call->length = lengths[take(input, 1) % (sizeof(lengths) / sizeof(*lengths))];
	call->count = (uint32_t)take(input, 1) % (IX_SG_MAX + 2);
	call->delay_ns = 1ull << take(input, 1) % 64;
	if (call->type != IX_CALL_SENDV)
		return;
	i = (unsigned)take(input, 1) % 200;
	call->buffer = take(input, 1) < 200 ? i * sizeof(*sg) : call->buffer;
	for (; i < 200 && input->at < input->end && *input->at & 1; i++) {
		input->at++;
		sg[i].buffer = choose(input, kept->buffer);
		sg[i].length = lengths[take(input, 1) % (sizeof(lengths) / sizeof(*lengths))];
	}
}

static void cycle(struct ix_thread *thread, struct kept *kept)
{
	struct ix_work work = {0};
	unsigned i;

	ix_kernel_enter(thread, &work);
	for (i = 0; i < thread->event_count; i++) {
		kept->handle[kept->handles++ % KEPT] = thread->events[i].handle;
		if (thread->events[i].type == IX_EVENT_RECV)
			kept->buffer[kept->buffers++ % KEPT] = thread->events[i].buffer;
	}
}

/* The NIC as new; making one anew each time would take most of the time. */
static struct memory_nic *renewed_nic(void)
{
	static struct memory_nic *nic;
	struct ix_packet *packet;
	unsigned thread;

	if (!nic)
		nic = memory_nic_create(THREADS, GROUPS, 64, 128, 256);
	for (thread = 0; thread < THREADS; thread++) {
		while ((packet = ix_packet_queue_pop(&nic->ring[thread])))
			memory_nic_free(nic, packet);
		while ((packet = memory_nic_sent(nic, thread)))
			memory_nic_free(nic, packet);
	}
	if (nic->free.count != nic->packet_count)
		abort();
	atomic_store(&nic->now_ns, 0);
	nic->platform.pool_size[IX_POOL_APPLICATION] = POOLSIZE;
	memset(nic->platform.pool_base[IX_POOL_APPLICATION], 0, POOLSIZE);
	memset(nic->platform.pool_base[IX_POOL_APPLICATION] + POOLSIZE, 0x5a, POOLSIZE); /* must stay untouched */
	return nic;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct memory_nic *nic = renewed_nic();
	struct input input = {data, data + size};
	struct ix_options options = ix_options_default;
	struct ix_dataplane *dataplane;
	struct kept kept = {0};
	unsigned step, group;

	options.threads = THREADS;
	options.groups = GROUPS;
	options.events = IX_EVENTS_MIN;
	options.calls = 32;
	if (ix_dataplane_create(&dataplane, &options, &nic->platform))
		abort();
	for (step = 0; step < STEPS && input.at < input.end; step++) {
		unsigned what = (unsigned)take(&input, 1), thread = what & 1;

		switch (what >> 1 & 7) {
		case 0:
			memory_nic_arrive(nic, (uint32_t)take(&input, 1), (uint32_t)take(&input, 1) % 8,
					  "payload of some bytes", (unsigned)take(&input, 1) % 22);
			break;
		case 1:
		case 2:
			cycle(&dataplane->thread[thread], &kept);
			break;
		case 3:
			atomic_fetch_add(&nic->now_ns, 1ull << take(&input, 1) % 40);
			break;
		case 4:
			group = (unsigned)take(&input, 1) % GROUPS;
			ix_migrate(dataplane, thread, !thread, &group, 1, NULL, NULL);
			break;
		default:
			add_call(&input, nic, &dataplane->thread[thread], &kept);
		}
	}
	for (step = 0; step < POOLSIZE; step++)
		if (nic->platform.pool_base[IX_POOL_APPLICATION][POOLSIZE + step] != 0x5a)
			abort();
	ix_dataplane_destroy(dataplane);
	renewed_nic();
	return 0;
}

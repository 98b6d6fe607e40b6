/*
 * A scripted kernel: the test says which events come and what the calls of the last user phase returned, and reads the
 * calls of the next.
 */
#ifndef TEST_FAKE_KERNEL_H
#define TEST_FAKE_KERNEL_H

#include "impl/libix/libix.h"
#include <stdlib.h>
#include <string.h>

#define FAKE_CALLS  8
#define FAKE_EVENTS 64
#define FAKE_POOL   (1u << 20)
#define FAKE_ARENA  4096 /* the arena's offset: what is before it is no business of the library */

struct fake {
	struct ix_runtime *runtime;
	struct ix_event events[FAKE_EVENTS];
	unsigned event_count;
	struct ix_call calls[FAKE_CALLS];
	unsigned call_count, hold;
	uint8_t *application, *packets;
};

static inline void fake_start_as(struct fake *fake, int message, int results_by_event, uint64_t arena_size)
{
	struct ix_binding binding = {
	    .events = fake->events,
	    .event_count = &fake->event_count,
	    .calls = fake->calls,
	    .call_capacity = FAKE_CALLS,
	    .call_count = &fake->call_count,
	    .pool_size = {FAKE_POOL, FAKE_POOL},
	    .arena_offset = FAKE_ARENA,
	    .arena_size = arena_size,
	    .message = message,
	    .results_by_event = results_by_event,
	    .hold = &fake->hold,
	};

	memset(fake, 0, sizeof(*fake));
	fake->application = binding.pool[IX_POOL_APPLICATION] = calloc(1, FAKE_POOL);
	fake->packets = binding.pool[IX_POOL_PACKETS] = calloc(1, FAKE_POOL);
	fake->runtime = ix_runtime_create(&binding);
	assert_non_null(fake->runtime);
}

static inline void fake_start_with(struct fake *fake, int message, uint64_t arena_size)
{
	fake_start_as(fake, message, 0, arena_size);
}

static inline void fake_start(struct fake *fake)
{
	fake_start_with(fake, 0, FAKE_POOL - FAKE_ARENA);
}

static inline void fake_stop(struct fake *fake)
{
	ix_runtime_destroy(fake->runtime);
	free(fake->application);
	free(fake->packets);
}

static inline void fake_event(struct fake *fake, struct ix_event event)
{
	assert_true(fake->event_count < FAKE_EVENTS);
	fake->events[fake->event_count++] = event;
}

/* One user phase with the events given since the last; afterwards its calls stand in fake->calls[0 .. call_count). */
static inline void fake_run(struct fake *fake)
{
	fake->call_count = 0;
	ix_runtime_run(fake->runtime);
	fake->event_count = 0;
	assert_true(fake->call_count <= FAKE_CALLS);
}

/* Bytes come for a connection, at @offset of the packet pool. */
static inline void fake_receive(struct fake *fake, ix_handle handle, ix_cookie cookie, uint32_t offset,
				const char *bytes)
{
	memcpy(fake->packets + offset, bytes, strlen(bytes));
	fake_event(fake, (struct ix_event){.type = IX_EVENT_RECV,
					   .handle = handle,
					   .cookie = cookie,
					   .buffer = (ix_buffer)IX_POOL_PACKETS << IX_POOL_SHIFT | offset,
					   .length = (uint32_t)strlen(bytes)});
}

/* The call that was left at @index, checked for its type and handle. */
static inline struct ix_call *fake_call(struct fake *fake, unsigned index, enum ix_call_type type, ix_handle handle)
{
	assert_true(index < fake->call_count);
	assert_int_equal(fake->calls[index].type, type);
	assert_int_equal(fake->calls[index].handle, handle);
	return &fake->calls[index];
}

/* The bytes that a SENDV offers, as a string in a static buffer. */
static inline const char *fake_offered(struct fake *fake, const struct ix_call *call)
{
	static char bytes[FAKE_POOL];
	struct ix_sg sg[IX_SG_MAX];
	size_t length = 0;
	uint32_t i;

	assert_true(call->count >= 1 && call->count <= IX_SG_MAX);
	assert_true(call->buffer >= FAKE_ARENA && call->buffer + call->count * sizeof(*sg) <= FAKE_POOL);
	memcpy(sg, fake->application + call->buffer, call->count * sizeof(*sg));
	for (i = 0; i < call->count; i++) {
		assert_true(sg[i].length > 0 && sg[i].buffer >= FAKE_ARENA && sg[i].buffer + sg[i].length <= FAKE_POOL);
		memcpy(bytes + length, fake->application + sg[i].buffer, sg[i].length);
		length += sg[i].length;
	}
	bytes[length] = 0;
	return bytes;
}

#endif

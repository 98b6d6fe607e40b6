/*
 * Timers. A cookie names a slot and its generation, so that a TIMER event which crossed the clearing of its timer is
 * known as stale. A timer cleared before its id is known is cancelled when the id comes.
 */
#include "impl/libix/internal.h"
#include <stdlib.h>

#define NO_SLOT UINT32_MAX

static uint64_t cookie_of(const struct ix_runtime *runtime, uint32_t slot)
{
	return (uint64_t)runtime->timeouts[slot].generation << 32 | slot;
}

/* The slot in use that the cookie names, or NULL. */
static struct timeout_slot *slot_of(struct ix_runtime *runtime, uint64_t cookie)
{
	uint32_t slot = (uint32_t)cookie;

	if (slot >= runtime->timeout_capacity || !runtime->timeouts[slot].timeout || cookie_of(runtime, slot) != cookie)
		return NULL;
	return &runtime->timeouts[slot];
}

static int grow(struct ix_runtime *runtime)
{
	uint32_t capacity = runtime->timeout_capacity ? runtime->timeout_capacity * 2 : 64, i;
	struct timeout_slot *slots = realloc(runtime->timeouts, capacity * sizeof(*slots));

	if (!slots)
		return -1;
	for (i = runtime->timeout_capacity; i < capacity; i++)
		slots[i] = (struct timeout_slot){NULL, 1, i + 1 < capacity ? i + 1 : NO_SLOT, 0};
	runtime->timeouts = slots;
	runtime->timeout_free = runtime->timeout_capacity;
	runtime->timeout_capacity = capacity;
	return 0;
}

static void put_back(struct ix_runtime *runtime, struct timeout_slot *slot)
{
	slot->timeout->cookie = 0;
	slot->timeout = NULL;
	slot->id = 0;
	if (++slot->generation == 0)
		slot->generation = 1;
	slot->free_next = runtime->timeout_free;
	runtime->timeout_free = (uint32_t)(slot - runtime->timeouts);
}

static void cancel(struct ix_runtime *runtime, ix_handle id)
{
	struct ix_call *call = runtime_call(runtime);

	if (call) {
		call->type = IX_CALL_TIMER_CANCEL;
		call->handle = id;
	}
}

int ix_timeout_set(struct ix_runtime *runtime, struct ix_timeout *timeout, uint64_t delay_ns)
{
	struct ix_call *call;
	uint32_t slot;

	ix_timeout_clear(runtime, timeout);
	if (runtime->timeout_free == NO_SLOT && grow(runtime))
		return IX_ERR_NO_MEMORY;
	call = runtime_call(runtime);
	if (!call)
		return IX_ERR_NO_MEMORY;
	slot = runtime->timeout_free;
	runtime->timeout_free = runtime->timeouts[slot].free_next;
	runtime->timeouts[slot].timeout = timeout;
	timeout->cookie = cookie_of(runtime, slot);
	call->type = IX_CALL_TIMER;
	call->cookie = timeout->cookie;
	call->delay_ns = delay_ns;
	return 0;
}

void ix_timeout_clear(struct ix_runtime *runtime, struct ix_timeout *timeout)
{
	struct timeout_slot *slot = timeout->cookie ? slot_of(runtime, timeout->cookie) : NULL;

	if (!slot || slot->timeout != timeout)
		return;
	if (slot->id)
		cancel(runtime, slot->id);
	put_back(runtime, slot);
}

/* It could not be set after all, which the application takes as having fired: to wait for ever would be worse. */
static void fire(struct ix_runtime *runtime, struct timeout_slot *slot)
{
	struct ix_timeout *timeout = slot->timeout;

	put_back(runtime, slot);
	timeout->fire(timeout, runtime);
}

void timeout_result(struct ix_runtime *runtime, const struct ix_call *call)
{
	struct timeout_slot *slot = slot_of(runtime, call->cookie);

	if (call->result < 0) {
		if (slot)
			fire(runtime, slot);
	} else if (slot) {
		slot->id = (ix_handle)call->result;
	} else {
		cancel(runtime, (ix_handle)call->result);
	}
}

void timeout_event(struct ix_runtime *runtime, const struct ix_event *event)
{
	struct timeout_slot *slot = slot_of(runtime, event->cookie);

	if (slot)
		fire(runtime, slot);
}

/* Timers of a thread: a binary heap, since libevent's timers end with its event base and floating threads have none. */
#include "impl/host/internal.h"
#include <stdlib.h>

static ix_handle id_of(const struct host_timers *t, uint32_t slot)
{
	return (uint64_t)t->slot[slot].generation << 32 | slot;
}

static int grow(struct host_timers *t)
{
	uint32_t capacity = t->capacity ? 2 * t->capacity : 64;
	struct host_timer *slot = realloc(t->slot, capacity * sizeof(*slot));
	uint32_t *heap = slot ? realloc(t->heap, capacity * sizeof(*heap)) : NULL;

	if (slot)
		t->slot = slot;
	if (!heap)
		return -1;
	t->heap = heap;
	for (uint32_t i = t->capacity; i < capacity; i++)
		t->slot[i] = (struct host_timer){.generation = 1, .position = i + 1};
	t->free = t->capacity;
	t->capacity = capacity;
	return 0;
}

static void place(struct host_timers *t, uint32_t position, uint32_t slot)
{
	t->heap[position] = slot;
	t->slot[slot].position = position;
}

static void rise(struct host_timers *t, uint32_t position, uint32_t slot)
{
	while (position > 0) {
		uint32_t parent = (position - 1) / 2;

		if (t->slot[t->heap[parent]].deadline_ns <= t->slot[slot].deadline_ns)
			break;
		place(t, position, t->heap[parent]);
		position = parent;
	}
	place(t, position, slot);
}

static void sink(struct host_timers *t, uint32_t position, uint32_t slot)
{
	for (;;) {
		uint32_t child = 2 * position + 1;

		if (child >= t->count)
			break;
		if (child + 1 < t->count &&
		    t->slot[t->heap[child + 1]].deadline_ns < t->slot[t->heap[child]].deadline_ns)
			child++;
		if (t->slot[t->heap[child]].deadline_ns >= t->slot[slot].deadline_ns)
			break;
		place(t, position, t->heap[child]);
		position = child;
	}
	place(t, position, slot);
}

int64_t host_timer_set(struct host_timers *t, uint64_t deadline_ns, ix_cookie cookie)
{
	uint32_t slot;

	if (t->count == t->capacity && grow(t))
		return IX_ERR_NO_MEMORY;
	slot = t->free;
	t->free = t->slot[slot].position;
	t->slot[slot].deadline_ns = deadline_ns;
	t->slot[slot].cookie = cookie;
	rise(t, t->count++, slot);
	return (int64_t)id_of(t, slot);
}

static void take_out(struct host_timers *t, uint32_t slot)
{
	uint32_t position = t->slot[slot].position, last = t->heap[--t->count];

	if (last != slot) {
		sink(t, position, last);
		rise(t, t->slot[last].position, last);
	}
	t->slot[slot].generation = (t->slot[slot].generation + 1) & INT32_MAX; /* an id is not negative */
	t->slot[slot].position = t->free;
	t->free = slot;
}

int host_timer_cancel(struct host_timers *t, ix_handle id)
{
	uint32_t slot = (uint32_t)id;

	if (slot >= t->capacity || t->slot[slot].position >= t->count || t->heap[t->slot[slot].position] != slot ||
	    id_of(t, slot) != id)
		return IX_ERR_BAD_HANDLE;
	take_out(t, slot);
	return 0;
}

uint64_t host_timer_next(const struct host_timers *t)
{
	return t->count ? t->slot[t->heap[0]].deadline_ns : UINT64_MAX;
}

bool host_timer_due(struct host_timers *t, uint64_t now_ns, ix_handle *id, ix_cookie *cookie)
{
	uint32_t slot;

	if (host_timer_next(t) > now_ns)
		return false;
	slot = t->heap[0];
	*id = id_of(t, slot);
	*cookie = t->slot[slot].cookie;
	take_out(t, slot);
	return true;
}

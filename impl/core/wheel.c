/*
 * A timer sits in level 0 if it expires in the current block of 256 ticks, in level 1 if in the current block of
 * 65,536, else in level 2, whose slots are reached round the circle. Slots of levels 0 and 1 at or before the current
 * one are therefore always empty, and the next occupied slot is one scan of a bitmap, made only when it changes. What
 * is due waits in a list of its own.
 */
#include "impl/core/wheel.h"
#include <stddef.h>

#define TICK_NS   (1ull << IX_WHEEL_TICK_SHIFT)
#define SLOT_MASK (IX_WHEEL_SLOTS - 1)

/* The furthest that level 2 reaches without meeting its own current slot. */
#define RANGE_TICKS ((uint64_t)(IX_WHEEL_SLOTS - 1) << (2 * IX_WHEEL_SLOT_BITS))

static void list_append(struct ix_list *head, struct ix_list *node)
{
	node->next = head;
	node->prev = head->prev;
	head->prev->next = node;
	head->prev = node;
}

static void list_remove(struct ix_list *node)
{
	node->next->prev = node->prev;
	node->prev->next = node->next;
	node->next = node->prev = NULL;
}

static struct ix_timer *timer_of_slot(struct ix_list *node)
{
	return (struct ix_timer *)((char *)node - offsetof(struct ix_timer, slot));
}

static struct ix_timer *timer_of_group(struct ix_list *node)
{
	return (struct ix_timer *)((char *)node - offsetof(struct ix_timer, group));
}

void ix_wheel_init(struct ix_wheel *wheel, uint64_t now_ns)
{
	unsigned level, slot;

	*wheel = (struct ix_wheel){.now_tick = now_ns >> IX_WHEEL_TICK_SHIFT, .next_tick = UINT64_MAX};
	ix_list_init(&wheel->due);
	for (level = 0; level < IX_WHEEL_LEVELS; level++)
		for (slot = 0; slot < IX_WHEEL_SLOTS; slot++)
			ix_list_init(&wheel->slot[level][slot]);
}

static uint64_t expiry_tick(const struct ix_timer *timer)
{
	uint64_t tick = timer->expires_ns >> IX_WHEEL_TICK_SHIFT;

	return tick + ((timer->expires_ns & (TICK_NS - 1)) != 0);
}

/* Files the timer for its expiry, but not before @earliest tick. */
static void file(struct ix_wheel *wheel, struct ix_timer *timer, uint64_t earliest)
{
	uint64_t now = wheel->now_tick, tick = expiry_tick(timer), differing;
	unsigned level, slot, shift;

	if (tick < earliest)
		tick = earliest;
	if (tick <= now) {
		list_append(&wheel->due, &timer->slot);
		return;
	}
	if (tick - now > RANGE_TICKS)
		tick = now + RANGE_TICKS; /* filed again when its slot is reached */
	differing = tick ^ now;
	level = differing < IX_WHEEL_SLOTS ? 0 : differing < IX_WHEEL_SLOTS * IX_WHEEL_SLOTS ? 1 : 2;
	shift = level * IX_WHEEL_SLOT_BITS;
	slot = (unsigned)(tick >> shift) & SLOT_MASK;
	list_append(&wheel->slot[level][slot], &timer->slot);
	wheel->occupied[level][slot / 64] |= 1ull << slot % 64;
	if (tick >> shift << shift < wheel->next_tick) {
		wheel->next_tick = tick >> shift << shift;
		wheel->next_index = level * IX_WHEEL_SLOTS + slot;
	}
}

/* The first occupied slot of @level in [from, 256); 256 if none. */
static unsigned next_occupied(const struct ix_wheel *wheel, unsigned level, unsigned from)
{
	unsigned word = from / 64;
	uint64_t bits;

	if (from >= IX_WHEEL_SLOTS)
		return IX_WHEEL_SLOTS;
	bits = wheel->occupied[level][word] & ~0ull << from % 64;
	while (!bits) {
		if (++word == IX_WHEEL_SLOTS / 64)
			return IX_WHEEL_SLOTS;
		bits = wheel->occupied[level][word];
	}
	return word * 64 + (unsigned)__builtin_ctzll(bits);
}

/* The tick at which the next occupied slot is reached, and where that slot is; 0 if there is none. */
static int next_slot(const struct ix_wheel *wheel, uint64_t *tick, unsigned *level, unsigned *slot)
{
	uint64_t now = wheel->now_tick;
	unsigned current;

	for (*level = 0; *level < 2; ++*level) {
		unsigned shift = *level * IX_WHEEL_SLOT_BITS;

		*slot = next_occupied(wheel, *level, ((unsigned)(now >> shift) & SLOT_MASK) + 1);
		if (*slot < IX_WHEEL_SLOTS) {
			*tick = ((now >> shift & ~(uint64_t)SLOT_MASK) + *slot) << shift;
			return 1;
		}
	}
	current = (unsigned)(now >> 2 * IX_WHEEL_SLOT_BITS) & SLOT_MASK;
	*slot = next_occupied(wheel, 2, current + 1);
	if (*slot == IX_WHEEL_SLOTS)
		*slot = next_occupied(wheel, 2, 0);
	if (*slot == IX_WHEEL_SLOTS)
		return 0;
	*tick = ((now >> 2 * IX_WHEEL_SLOT_BITS) + ((*slot - current) & SLOT_MASK)) << 2 * IX_WHEEL_SLOT_BITS;
	return 1;
}

static void find_next(struct ix_wheel *wheel)
{
	unsigned level, slot;

	if (next_slot(wheel, &wheel->next_tick, &level, &slot))
		wheel->next_index = level * IX_WHEEL_SLOTS + slot;
	else
		wheel->next_tick = UINT64_MAX;
}

static void unfile(struct ix_wheel *wheel, struct ix_timer *timer)
{
	struct ix_list *head = timer->slot.next;
	uintptr_t first = (uintptr_t)&wheel->slot[0][0], at = (uintptr_t)head;
	int emptied = head == timer->slot.prev;

	list_remove(&timer->slot);
	if (emptied && at >= first && at < (uintptr_t)(&wheel->slot[0][0] + IX_WHEEL_LEVELS * IX_WHEEL_SLOTS)) {
		unsigned index = (unsigned)((at - first) / sizeof(struct ix_list));

		wheel->occupied[index / IX_WHEEL_SLOTS][index % IX_WHEEL_SLOTS / 64] &= ~(1ull << index % 64);
		if (index == wheel->next_index)
			find_next(wheel);
	}
}

void ix_wheel_arm(struct ix_wheel *wheel, struct ix_timer *timer, uint64_t expires_ns, struct ix_list *group)
{
	ix_wheel_cancel(wheel, timer);
	timer->expires_ns = expires_ns;
	if (group)
		list_append(group, &timer->group);
	file(wheel, timer, wheel->running ? wheel->now_tick + 1 : 0);
	wheel->armed++;
}

void ix_wheel_cancel(struct ix_wheel *wheel, struct ix_timer *timer)
{
	if (timer->slot.next) {
		unfile(wheel, timer);
		wheel->armed--;
	}
	if (timer->group.next)
		list_remove(&timer->group);
}

/* Moves the wheel to @target; everything up to it ends in the due list, in order of ticks. */
static void advance(struct ix_wheel *wheel, uint64_t target)
{
	while (wheel->next_tick <= target) {
		unsigned level = wheel->next_index / IX_WHEEL_SLOTS, slot = wheel->next_index % IX_WHEEL_SLOTS;
		struct ix_list *head = &wheel->slot[level][slot], *node = head->next, *next;

		wheel->now_tick = wheel->next_tick;
		ix_list_init(head);
		wheel->occupied[level][slot / 64] &= ~(1ull << slot % 64);
		find_next(wheel);
		for (; node != head; node = next) {
			next = node->next;
			file(wheel, timer_of_slot(node), 0);
		}
	}
	wheel->now_tick = target;
}

unsigned ix_wheel_run(struct ix_wheel *wheel, uint64_t now_ns, unsigned max, void *thread)
{
	uint64_t target = now_ns >> IX_WHEEL_TICK_SHIFT;
	unsigned fired = 0;

	if (ix_wheel_pass(wheel, now_ns))
		return 0;
	if (target > wheel->now_tick)
		advance(wheel, target);
	wheel->running = 1;
	while (fired < max && wheel->due.next != &wheel->due) {
		struct ix_timer *timer = timer_of_slot(wheel->due.next);

		ix_wheel_cancel(wheel, timer);
		timer->fire(timer, thread);
		fired++;
	}
	wheel->running = 0;
	return fired;
}

uint64_t ix_wheel_next_ns(const struct ix_wheel *wheel)
{
	if (wheel->due.next != &wheel->due)
		return wheel->now_tick << IX_WHEEL_TICK_SHIFT;
	return wheel->next_tick == UINT64_MAX ? UINT64_MAX : wheel->next_tick << IX_WHEEL_TICK_SHIFT;
}

void ix_wheel_suspend(struct ix_wheel *wheel, struct ix_list *group)
{
	struct ix_list *node;

	for (node = group->next; node != group; node = node->next) {
		unfile(wheel, timer_of_group(node));
		wheel->armed--;
	}
}

void ix_wheel_resume(struct ix_wheel *wheel, struct ix_list *group)
{
	struct ix_list *node;

	for (node = group->next; node != group; node = node->next) {
		file(wheel, timer_of_group(node), 0);
		wheel->armed++;
	}
}

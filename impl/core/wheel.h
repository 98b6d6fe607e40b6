/*
 * Hierarchical timing wheel (Varghese and Lauck, SOSP 1987): three levels of 256 slots of 16.384 us, 4.194 ms and 1.074
 * s, a range of about 275 s; later timers are clamped to the end and re-filed. One wheel per thread. Arming and
 * cancelling are O(1). A timer belongs to a flow group (or to none): the group's timers can be taken out and put into
 * another thread's wheel without losing their expiry, which is absolute.
 */
#ifndef IX_WHEEL_H
#define IX_WHEEL_H

#include <stdint.h>

#define IX_WHEEL_TICK_SHIFT 14 /* 16.384 us; the released IX has 16 us: a shift instead of a division */
#define IX_WHEEL_LEVELS     3
#define IX_WHEEL_SLOT_BITS  8
#define IX_WHEEL_SLOTS      (1u << IX_WHEEL_SLOT_BITS)

struct ix_list {
	struct ix_list *next, *prev;
};

struct ix_timer {
	struct ix_list slot;  /* in the wheel; slot.next is NULL when not armed */
	struct ix_list group; /* among the group's armed timers, or unlinked (NULL) */
	uint64_t expires_ns;
	void (*fire)(struct ix_timer *timer, void *thread); /* the timer is no longer armed when it is called */
};

struct ix_wheel {
	uint64_t now_tick;
	uint64_t armed;      /* timers in the wheel */
	uint64_t next_tick;  /* when the next occupied slot is reached; UINT64_MAX: none is occupied */
	unsigned next_index; /* that slot, counted through all levels */
	int running;         /* firing: what is armed for now waits for the next tick, so that a run ends */
	struct ix_list due;
	uint64_t occupied[IX_WHEEL_LEVELS][IX_WHEEL_SLOTS / 64];
	struct ix_list slot[IX_WHEEL_LEVELS][IX_WHEEL_SLOTS];
};

void ix_wheel_init(struct ix_wheel *wheel, uint64_t now_ns);

/* Fires not before @expires_ns and at most one tick later (when the wheel is run); a timer armed by a firing one fires
 * at the next tick at the earliest. @group: list head, or NULL. An armed timer is moved. A timer starts zeroed. */
void ix_wheel_arm(struct ix_wheel *wheel, struct ix_timer *timer, uint64_t expires_ns, struct ix_list *group);
void ix_wheel_cancel(struct ix_wheel *wheel, struct ix_timer *timer); /* also a suspended one; else no-op */
static inline int ix_timer_armed(const struct ix_timer *timer)
{
	return timer->slot.next != 0;
}

/* Whether nothing fires at @now_ns; if so, the wheel has been run. */
static inline int ix_wheel_pass(struct ix_wheel *wheel, uint64_t now_ns)
{
	uint64_t tick = now_ns >> IX_WHEEL_TICK_SHIFT;

	if (tick >= wheel->next_tick || wheel->due.next != &wheel->due)
		return 0;
	if (tick > wheel->now_tick)
		wheel->now_tick = tick;
	return 1;
}

/* Fires what is due at @now_ns, at most @max timers; returns how many. What is left stays due. */
unsigned ix_wheel_run(struct ix_wheel *wheel, uint64_t now_ns, unsigned max, void *thread);

/* A time not later than the next expiry (UINT64_MAX when empty): waiting until then misses nothing. */
uint64_t ix_wheel_next_ns(const struct ix_wheel *wheel);

/* Takes the timers of @group out of the wheel; they stay on the list, and nobody may arm one. And the reverse, into any
 * wheel. What became due meanwhile fires at the next run. */
void ix_wheel_suspend(struct ix_wheel *wheel, struct ix_list *group);
void ix_wheel_resume(struct ix_wheel *wheel, struct ix_list *group);

static inline void ix_list_init(struct ix_list *head)
{
	head->next = head->prev = head;
}

#endif

/*
 * The timing wheel against an oracle that knows every timer's expiry: random arming, moving, cancelling, suspending and
 * running, over all distances, in millions of steps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "impl/core/wheel.h"
#include "models/rng.h"
#include <stdlib.h>
#include <string.h>

#define TIMERS   2000
#define GROUPS   8
#define TICK_NS  (1ull << IX_WHEEL_TICK_SHIFT)
#define RANGE_NS (255ull << 16 << IX_WHEEL_TICK_SHIFT)

struct tracked {
	struct ix_timer timer;
	uint64_t expires_ns; /* by the oracle */
	int armed, group;
	uint64_t earliest_tick; /* the one after, if a firing timer armed it */
};

struct model {
	struct ix_wheel wheel[2];
	struct tracked timer[TIMERS];
	struct ix_list group[GROUPS];
	int wheel_of_group[GROUPS]; /* -1: suspended */
	uint64_t now_ns, fired;
	struct rng rng;
	int running, rearm;
};

static uint64_t expiry_tick(uint64_t expires_ns)
{
	return (expires_ns + TICK_NS - 1) >> IX_WHEEL_TICK_SHIFT;
}

static uint64_t below(struct model *m, uint64_t n)
{
	return rng_next(&m->rng) % n;
}

/* Any order of magnitude from nothing to far behind the wheel's range, sometimes in the past. */
static uint64_t random_expiry(struct model *m)
{
	uint64_t distance = below(m, 1ull << (1 + below(m, 39)));

	if (below(m, 16) == 0)
		return distance < m->now_ns ? m->now_ns - distance : 0;
	return m->now_ns + distance;
}

static void fire(struct ix_timer *timer, void *context);

static void arm(struct model *m, struct tracked *t)
{
	t->expires_ns = random_expiry(m);
	t->armed = 1;
	t->earliest_tick = m->running ? (m->now_ns >> IX_WHEEL_TICK_SHIFT) + 1 : 0;
	t->timer.fire = fire;
	ix_wheel_arm(&m->wheel[m->wheel_of_group[t->group]], &t->timer, t->expires_ns, &m->group[t->group]);
	assert_true(ix_timer_armed(&t->timer));
}

static void fire(struct ix_timer *timer, void *context)
{
	struct model *m = context;
	struct tracked *t = (struct tracked *)timer;

	assert_true(t->armed);
	assert_false(ix_timer_armed(timer));
	assert_null(timer->group.next);
	assert_true(m->now_ns >= t->expires_ns);
	t->armed = 0;
	m->fired++;
	if (m->rearm && below(m, 4) == 0)
		arm(m, t);
}

/* After an unbounded run nothing that was due is left; those armed by firing timers wait for the next tick. */
static void check_none_due(struct model *m, int wheel)
{
	uint64_t now_tick = m->now_ns >> IX_WHEEL_TICK_SHIFT, next_ns = ix_wheel_next_ns(&m->wheel[wheel]),
		 earliest = UINT64_MAX;
	uint64_t count = 0;
	int i;

	for (i = 0; i < TIMERS; i++) {
		struct tracked *t = &m->timer[i];

		if (!t->armed || m->wheel_of_group[t->group] != wheel)
			continue;
		count++;
		assert_true(t->earliest_tick > now_tick || expiry_tick(t->expires_ns) > now_tick);
		if (t->expires_ns < earliest)
			earliest = t->expires_ns;
	}
	assert_int_equal(m->wheel[wheel].armed, count);
	if (!count) {
		assert_true(next_ns == UINT64_MAX);
		return;
	}
	/* Waiting until then misses nothing, and is progress. */
	assert_true(next_ns <= (expiry_tick(earliest) << IX_WHEEL_TICK_SHIFT) || expiry_tick(earliest) <= now_tick);
	assert_true(next_ns > m->now_ns || next_ns >> IX_WHEEL_TICK_SHIFT > now_tick);
}

static void run_wheels(struct model *m, unsigned max)
{
	int w;

	for (w = 0; w < 2; w++) {
		m->running = 1;
		while (ix_wheel_run(&m->wheel[w], m->now_ns, max, m) == max)
			continue; /* a bounded run leaves the rest due: the next takes it */
		m->running = 0;
		check_none_due(m, w);
	}
}

static void move_group(struct model *m)
{
	int g = (int)below(m, GROUPS), i;
	int suspended = m->wheel_of_group[g] < 0;

	if (!suspended) {
		ix_wheel_suspend(&m->wheel[m->wheel_of_group[g]], &m->group[g]);
		m->wheel_of_group[g] = -1;
		for (i = 0; i < TIMERS; i++)
			assert_true(m->timer[i].group != g || !ix_timer_armed(&m->timer[i].timer));
	} else {
		m->wheel_of_group[g] = (int)below(m, 2);
		ix_wheel_resume(&m->wheel[m->wheel_of_group[g]], &m->group[g]);
	}
}

static void step(struct model *m)
{
	struct tracked *t = &m->timer[below(m, TIMERS)];
	uint64_t what = below(m, 1000);

	if (what < 500) {
		if (m->wheel_of_group[t->group] >= 0)
			arm(m, t);
	} else if (what < 900) {
		int wheel = m->wheel_of_group[t->group];

		ix_wheel_cancel(&m->wheel[wheel < 0 ? 0 : wheel], &t->timer);
		assert_false(ix_timer_armed(&t->timer));
		assert_null(t->timer.group.next);
		t->armed = 0;
	} else if (what < 990) {
		m->now_ns += below(m, 1ull << (1 + below(m, 20)));
	} else if (what < 994) {
		move_group(m);
	} else if (what < 999) {
		run_wheels(m, below(m, 2) ? ~0u : 1 + (unsigned)below(m, 20));
	} else {
		m->now_ns += below(m, 1ull << (1 + below(m, 38)));
		run_wheels(m, ~0u);
	}
}

static void start_model(struct model *m, uint64_t seed, uint64_t now_ns)
{
	int i;

	memset(m, 0, sizeof(*m));
	rng_init(&m->rng, seed, RNG_ARRIVAL, 0);
	m->now_ns = now_ns;
	for (i = 0; i < 2; i++)
		ix_wheel_init(&m->wheel[i], now_ns);
	for (i = 0; i < GROUPS; i++)
		ix_list_init(&m->group[i]);
	for (i = 0; i < TIMERS; i++)
		m->timer[i].group = i % GROUPS;
}

static void test_against_oracle(void **state)
{
	static struct model m;
	uint64_t seed;
	int i;

	for (seed = 1; seed <= 4; seed++) {
		start_model(&m, seed, seed << 20 * (seed - 1));
		m.rearm = 1;
		for (i = 0; i < 750000; i++)
			step(&m);
		assert_true(m.fired > 50000);
	}
}

/* One timer at every distance, with the wheel in many places: fires in the run of its tick, not in the one before. */
static void test_every_distance(void **state)
{
	static const uint64_t bases[] = {0, 1, 255, 256, 65535, 65536, 16777215, 16777216, 0x123456789, 0xfffffffff};
	static struct model m;
	uint64_t step_ticks, ticks;
	size_t b;

	for (b = 0; b < sizeof(bases) / sizeof(*bases); b++)
		for (ticks = 0, step_ticks = 1; ticks < 1ull << 26;
		     ticks += step_ticks, step_ticks += step_ticks / 7 + 1) {
			struct tracked *t = &m.timer[0];

			start_model(&m, 1, bases[b] << IX_WHEEL_TICK_SHIFT);
			t->timer.fire = fire;
			t->armed = 1;
			t->expires_ns = (bases[b] + ticks) << IX_WHEEL_TICK_SHIFT;
			ix_wheel_arm(&m.wheel[0], &t->timer, t->expires_ns, &m.group[0]);
			if (ticks) {
				m.now_ns = t->expires_ns - 1;
				assert_int_equal(ix_wheel_run(&m.wheel[0], m.now_ns, ~0u, &m), 0);
			}
			m.now_ns = t->expires_ns;
			assert_int_equal(ix_wheel_run(&m.wheel[0], m.now_ns, ~0u, &m), 1);
			assert_true(ix_wheel_next_ns(&m.wheel[0]) == UINT64_MAX);
		}
}

/* A thread that only ever waits until ix_wheel_next_ns() fires every timer in its tick, with few useless wake-ups. */
static void test_wait_for_next(void **state)
{
	static struct model m;
	uint64_t next_ns, wakeups = 0, late;
	int i;

	start_model(&m, 9, 12345678);
	for (i = 0; i < TIMERS; i++)
		arm(&m, &m.timer[i]);
	run_wheels(&m, ~0u);
	while ((next_ns = ix_wheel_next_ns(&m.wheel[0])) != UINT64_MAX) {
		uint64_t earliest = UINT64_MAX;

		for (i = 0; i < TIMERS; i++)
			if (m.timer[i].armed && m.timer[i].expires_ns < earliest)
				earliest = m.timer[i].expires_ns;
		m.now_ns = next_ns;
		late = next_ns > earliest ? next_ns - earliest : 0;
		assert_true(late < TICK_NS);
		ix_wheel_run(&m.wheel[0], m.now_ns, ~0u, &m);
		wakeups++;
	}
	assert_int_equal(m.wheel[0].armed, 0);
	assert_true(wakeups < 3 * TIMERS + 2 * (1ull << 39) / RANGE_NS);
}

static unsigned chain_fired;
static struct ix_wheel chain_wheel;

static void rearm_at_once(struct ix_timer *timer, void *context)
{
	chain_fired++;
	ix_wheel_arm(&chain_wheel, timer, 0, NULL);
}

/* A timer that arms itself for the past fires once a tick: a run ends. */
static void test_rearming_ends(void **state)
{
	struct ix_timer timer = {.fire = rearm_at_once};
	uint64_t tick;

	ix_wheel_init(&chain_wheel, 0);
	chain_fired = 0;
	ix_wheel_arm(&chain_wheel, &timer, 0, NULL);
	for (tick = 1; tick <= 100; tick++) {
		assert_int_equal(ix_wheel_run(&chain_wheel, tick << IX_WHEEL_TICK_SHIFT, ~0u, NULL), 1);
		assert_int_equal(ix_wheel_run(&chain_wheel, tick << IX_WHEEL_TICK_SHIFT, ~0u, NULL), 0);
	}
	assert_int_equal(chain_fired, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_against_oracle),
	    cmocka_unit_test(test_every_distance),
	    cmocka_unit_test(test_wait_for_next),
	    cmocka_unit_test(test_rearming_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The event engine against a sorted oracle: random scheduling, cancelling and rescheduling, from outside and from
 * within firing events, with many equal times.
 */
#include "models/rng.h"
#include "sim/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define EVENTS 300

struct probe {
	struct sim_event event;
	uint64_t time_ns, order; /* what the oracle expects; order UINT64_MAX: not scheduled */
};

struct fixture {
	struct sim_engine engine;
	struct rng rng;
	struct probe probe[EVENTS];
	uint64_t orders, fired;
	uint32_t spread_ns; /* of random times: small ones make many ties */
	int deep;           /* firing events act, too */
};

static struct fixture f;

/* The event that must fire next, by linear search. */
static struct probe *oracle_next(void)
{
	struct probe *next = NULL;

	for (size_t i = 0; i < EVENTS; i++) {
		struct probe *p = &f.probe[i];

		if (p->order == UINT64_MAX)
			continue;
		if (!next || p->time_ns < next->time_ns || (p->time_ns == next->time_ns && p->order < next->order))
			next = p;
	}
	return next;
}

static void act(void)
{
	struct probe *p = &f.probe[rng_below(&f.rng, EVENTS)];

	if (p->order != UINT64_MAX && rng_below(&f.rng, 3) == 0) {
		sim_cancel(&f.engine, &p->event);
		p->order = UINT64_MAX;
	} else if (p->order == UINT64_MAX || rng_below(&f.rng, 4) == 0) { /* a scheduled one is moved */
		p->time_ns = f.engine.now_ns + rng_below(&f.rng, f.spread_ns);
		p->order = f.orders++;
		sim_schedule(&f.engine, &p->event, p->time_ns);
	}
	assert_int_equal(sim_scheduled(&p->event), p->order != UINT64_MAX);
}

static void on_fire(struct sim_event *event)
{
	struct probe *p = SIM_CONTAINER(event, struct probe, event);

	assert_ptr_equal(p, oracle_next());
	assert_int_equal(f.engine.now_ns, p->time_ns);
	assert_false(sim_scheduled(event));
	p->order = UINT64_MAX;
	f.fired++;
	for (unsigned i = f.deep ? rng_below(&f.rng, 4) : 0; i > 0; i--)
		act();
	assert_true(sim_engine_valid(&f.engine));
}

static void run_against_oracle(uint64_t seed, uint32_t spread_ns, int deep)
{
	memset(&f, 0, sizeof(f));
	rng_init(&f.rng, seed, RNG_ASSIGNMENT, 0);
	f.spread_ns = spread_ns;
	f.deep = deep;
	for (size_t i = 0; i < EVENTS; i++) {
		f.probe[i].event.fire = on_fire;
		f.probe[i].order = UINT64_MAX;
	}
	assert_int_equal(sim_engine_init(&f.engine, 1), 0);
	for (unsigned round = 0; round < 400; round++) {
		uint64_t until_ns = f.engine.now_ns + rng_below(&f.rng, spread_ns / 4 + 1);
		struct probe *next;

		for (unsigned i = rng_below(&f.rng, 40); i > 0; i--)
			act();
		assert_true(sim_engine_valid(&f.engine));
		assert_int_equal(sim_run(&f.engine, until_ns), 0);
		assert_int_equal(f.engine.now_ns, until_ns);
		next = oracle_next();
		assert_true(!next || next->time_ns > until_ns);
	}
	f.deep = 0;
	assert_int_equal(sim_run(&f.engine, UINT64_MAX), 0);
	assert_int_equal(f.engine.pending, 0);
	assert_null(oracle_next());
	assert_true(f.fired > 1000);
	assert_int_equal(f.fired, f.engine.fired);
	sim_engine_fini(&f.engine);
}

static void test_order_with_many_ties(void **state)
{
	for (uint64_t seed = 1; seed <= 4; seed++)
		run_against_oracle(seed, 4, 1);
}

static void test_order_with_few_ties(void **state)
{
	for (uint64_t seed = 1; seed <= 4; seed++)
		run_against_oracle(seed, 1000000, 1);
}

static void test_order_from_outside_only(void **state)
{
	run_against_oracle(5, 50, 0);
	run_against_oracle(6, 100000, 0);
}

static void on_stop(struct sim_event *event)
{
	f.fired++;
	if (f.fired == 3)
		sim_engine_stop(&f.engine);
}

static void test_stop_leaves_the_rest(void **state)
{
	memset(&f, 0, sizeof(f));
	assert_int_equal(sim_engine_init(&f.engine, 0), 0);
	for (unsigned i = 0; i < 10; i++) {
		f.probe[i].event.fire = on_stop;
		sim_schedule(&f.engine, &f.probe[i].event, 10 * i);
	}
	assert_int_equal(sim_run(&f.engine, 1000), 1);
	assert_int_equal(f.engine.now_ns, 20);
	assert_int_equal(f.engine.pending, 7);
	assert_int_equal(sim_run(&f.engine, 1000), 0);
	assert_int_equal(f.fired, 10);
	assert_int_equal(f.engine.now_ns, 1000);
	sim_schedule(&f.engine, &f.probe[0].event, 5); /* the past is now */
	assert_int_equal(sim_run(&f.engine, 1000), 0);
	assert_int_equal(f.fired, 11);
	assert_int_equal(f.engine.now_ns, 1000);
	sim_engine_fini(&f.engine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_order_with_many_ties),
	    cmocka_unit_test(test_order_with_few_ties),
	    cmocka_unit_test(test_order_from_outside_only),
	    cmocka_unit_test(test_stop_leaves_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Single migrations, step by step: sleeping threads, timers, the fallback, several groups at once, steering that fails,
 * packets that come in where they should not, requests that are refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "impl/core/stack_message.h"
#include "tests/unit/core/world.h"

#define GROUPS 8

static struct ix_migration_report report;
static unsigned reports;

static void migrated(void *context, const struct ix_migration_report *r)
{
	report = *r;
	reports++;
}

static struct world start(unsigned threads)
{
	struct ix_options options = ix_options_default;

	options.threads = threads;
	options.groups = GROUPS;
	reports = 0;
	memset(&report, 0, sizeof(report));
	return world_start(options);
}

static void request(struct world *world, unsigned from, unsigned to, const unsigned *groups, unsigned count)
{
	assert_int_equal(ix_migrate(world->dataplane, from, to, groups, count, migrated, NULL), 0);
}

static unsigned owner(const struct world *world, unsigned group)
{
	return atomic_load(&world->dataplane->group[group].owner);
}

static unsigned state_of(const struct world *world, unsigned group)
{
	return atomic_load(&world->dataplane->group[group].state);
}

static unsigned fired;
static uint64_t fired_ns[16];

static void fire(struct ix_timer *timer, void *context)
{
	struct ix_thread *thread = context;

	fired_ns[fired++] = thread->now_ns;
}

static void test_protocol(void **state)
{
	struct world world = start(2);
	const unsigned group = 2;
	struct ix_thread *b = &world.dataplane->thread[1];
	uint64_t until_ns;

	world_arrive(&world, 2, 0, 0);
	world_cycle(&world, 0);
	echo_user_phase(world.nic, world.thread, NULL, NULL);
	world_cycle(&world, 0);
	/* Both sleep: the request wakes the source, no more. */
	assert_false(ix_thread_has_work(world.thread, 0, &until_ns));
	request(&world, 0, 1, &group, 1);
	assert_int_equal(atomic_load(&world.nic->kicks[0]), 1);
	assert_true(ix_thread_has_work(world.thread, 0, &until_ns));
	world_arrive(&world, 2, 0, 1); /* still to the source, which tags the group before it polls */
	atomic_store(&world.nic->now_ns, 1000);
	assert_int_equal(world_cycle(&world, 0).control, 1);
	assert_int_equal(world.nic->reta[2], 1);
	assert_int_equal(state_of(&world, 2), IX_GROUP_MIGRATING);
	assert_int_equal(owner(&world, 2), 0);
	assert_int_equal(world.thread->event_count, 0);
	assert_int_equal(ix_migrate(world.dataplane, 0, 1, &group, 1, migrated, NULL), IX_ERR_STATE);
	/* A packet at the target waits there and makes it ask. */
	atomic_store(&world.nic->now_ns, 3000);
	world_arrive(&world, 2, 0, 2);
	assert_int_equal(world_cycle(&world, 1).events, 0);
	assert_int_equal(atomic_load(&world.nic->kicks[0]), 2);
	world_arrive(&world, 2, 0, 3);
	assert_int_equal(world_cycle(&world, 1).events, 0);
	assert_int_equal(atomic_load(&world.nic->kicks[1]), 0);
	atomic_store(&world.nic->now_ns, 6000);
	world_cycle(&world, 0);
	assert_int_equal(atomic_load(&world.nic->kicks[1]), 1);
	assert_int_equal(reports, 0);
	atomic_store(&world.nic->now_ns, 10000);
	world_arrive(&world, 2, 0, 4);
	assert_true(ix_thread_has_work(b, 10000, &until_ns));
	assert_int_equal(world_cycle(&world, 1).events, 4);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(world_payload(&world, &b->events[i]), 1 + i);
	assert_int_equal(owner(&world, 2), 1);
	assert_int_equal(reports, 1);
	assert_int_equal(report.groups, 1);
	assert_int_equal(report.packets_deferred, 3);
	assert_false(report.by_fallback);
	assert_int_equal(report.prepare_ns, 0);
	assert_int_equal(report.wait_ns, 2000);
	assert_int_equal(report.rpc_ns, 3000);
	assert_int_equal(report.deferred_ns, 4000);
	assert_int_equal(report.total_ns, 10000);
	/* The connection is the same one, and only the new owner may use it. */
	assert_int_equal(echo_user_phase(world.nic, b, NULL, NULL), 4);
	world.thread->calls[0] = b->calls[0];
	world.thread->call_count = 1;
	world_cycle(&world, 0);
	assert_int_equal(world.thread->calls[0].result, IX_ERR_MOVED);
	assert_int_equal(world_cycle(&world, 1).sent, 4);
	world_stop(&world);
}

/* No packet ever comes: the timer alone completes it. */
static void test_fallback(void **state)
{
	struct world world = start(2);
	const unsigned groups[] = {0, 2, 4, 6};
	uint64_t until_ns;

	request(&world, 0, 1, groups, 4);
	world_cycle(&world, 0);
	assert_false(ix_thread_has_work(world.thread, 0, &until_ns));
	assert_true(until_ns >= 1000000 && until_ns < 1000000 + (2 << IX_WHEEL_TICK_SHIFT));
	atomic_store(&world.nic->now_ns, 999999);
	world_cycle(&world, 0);
	world_cycle(&world, 1);
	assert_int_equal(reports, 0);
	atomic_store(&world.nic->now_ns, until_ns);
	world_cycle(&world, 0);
	assert_int_equal(atomic_load(&world.nic->kicks[1]), 1);
	world_cycle(&world, 1);
	assert_int_equal(reports, 1);
	assert_int_equal(report.groups, 4);
	assert_true(report.by_fallback);
	assert_int_equal(world.dataplane->migration_totals.fallbacks, 1);
	/* The first packet is processed at once. */
	world_arrive(&world, 4, 0, 1);
	assert_int_equal(world_cycle(&world, 1).events, 1);
	world_stop(&world);
}

static struct world *crossed;

static void packet_at_target(struct ix_timer *timer, void *context)
{
	world_arrive(crossed, 0, 0, 1);
	ix_kernel_input(&crossed->dataplane->thread[1], &(struct ix_work){0});
}

/* The target's question comes when the source has looked at its mailbox and is about to fall back: it is answered in
 * the next cycle, and the record is not used again before. */
static void test_late_question(void **state)
{
	struct world world = start(2);
	const unsigned group = 0;
	struct ix_timer timer = {.fire = packet_at_target};

	crossed = &world;
	ix_wheel_arm(&world.thread->wheel, &timer, 900000, NULL);
	request(&world, 0, 1, &group, 1);
	world_cycle(&world, 0);
	atomic_store(&world.nic->now_ns, 2000000);
	world_cycle(&world, 0);
	assert_int_equal(world_cycle(&world, 1).events, 1);
	assert_int_equal(reports, 1);
	assert_true(report.by_fallback);
	assert_int_equal(ix_migrate(world.dataplane, 0, 1, &group, 1, NULL, NULL), IX_ERR_STATE);
	world_cycle(&world, 0);
	assert_int_equal(ix_migrate(world.dataplane, 0, 1, &group, 1, NULL, NULL), 0);
	world_cycle(&world, 0);
	world_stop(&world);
}

/* The published code kept only the last group's timers. Those due meanwhile fire at the end, the others on time. */
static void test_timers_of_several_groups(void **state)
{
	struct world world = start(2);
	const unsigned groups[] = {0, 2, 4, 6};
	struct ix_timer timer[8] = {{.fire = fire}};
	unsigned i;

	fired = 0;
	world_cycle(&world, 0);
	for (i = 0; i < 8; i++) {
		timer[i].fire = fire;
		ix_wheel_arm(&world.thread->wheel, &timer[i], i < 4 ? 500000 : 5000000,
			     &world.dataplane->group[groups[i % 4]].timers);
	}
	request(&world, 0, 1, groups, 4);
	world_cycle(&world, 0);
	atomic_store(&world.nic->now_ns, 600000);
	world_cycle(&world, 0);
	world_cycle(&world, 1);
	assert_int_equal(fired, 0);
	atomic_store(&world.nic->now_ns, 1100000);
	world_cycle(&world, 0);
	world_cycle(&world, 1);
	assert_int_equal(reports, 1);
	assert_int_equal(fired, 4);
	atomic_store(&world.nic->now_ns, 4999999);
	world_cycle(&world, 1);
	assert_int_equal(fired, 4);
	atomic_store(&world.nic->now_ns, 5000000 + (1 << IX_WHEEL_TICK_SHIFT));
	world_cycle(&world, 0);
	assert_int_equal(fired, 4);
	world_cycle(&world, 1);
	assert_int_equal(fired, 8);
	world_stop(&world);
}

static void test_steering_fails(void **state)
{
	struct world world = start(2);
	const unsigned groups[] = {0, 2, 4};
	struct ix_timer timer = {.fire = fire};
	unsigned i;

	fired = 0;
	world_cycle(&world, 0);
	world.nic->unsteerable = 2;
	ix_wheel_arm(&world.thread->wheel, &timer, 100000, &world.dataplane->group[2].timers);
	for (i = 0; i < 100; i++)
		world_arrive(&world, groups[i % 3], 0, i);
	world_cycle(&world, 0);
	assert_int_equal(world.thread->backlog.count, 36);
	echo_user_phase(world.nic, world.thread, NULL, NULL);
	request(&world, 0, 1, groups, 3);
	/* First the application sees the results of its last calls, and nothing new. */
	world_cycle(&world, 0);
	assert_int_equal(state_of(&world, 0), IX_GROUP_OWNED);
	assert_int_equal(world.thread->event_count, 0);
	assert_int_equal(world.thread->backlog.count, 36);
	atomic_store(&world.nic->now_ns, 200000);
	world_cycle(&world, 0);
	assert_int_equal(fired, 1);
	assert_int_equal(state_of(&world, 0), IX_GROUP_MIGRATING);
	assert_int_equal(state_of(&world, 2), IX_GROUP_OWNED);
	assert_int_equal(world.thread->event_count, 12);
	for (i = 0; i < 12; i++)
		assert_int_equal(world_payload(&world, &world.thread->events[i]), 64 + 3 * i);
	echo_user_phase(world.nic, world.thread, NULL, NULL);
	atomic_store(&world.nic->now_ns, 2000000);
	world_cycle(&world, 0);
	assert_int_equal(world_cycle(&world, 1).events, 24);
	assert_int_equal(report.groups, 2);
	assert_int_equal(owner(&world, 2), 0);
	/* Nothing can be steered: it ends at once. */
	world.nic->unsteerable = 4;
	request(&world, 1, 0, &groups[2], 1);
	world_cycle(&world, 1);
	world_cycle(&world, 0);
	assert_int_equal(reports, 2);
	assert_int_equal(report.groups, 0);
	assert_int_equal(owner(&world, 4), 1);
	world_stop(&world);
}

/* A NIC that steers otherwise than asked: handed over, in order, whatever migrates. */
static void test_stale_steering(void **state)
{
	struct world world = start(3);
	const unsigned group = 0;
	struct ix_thread *b = &world.dataplane->thread[1];
	unsigned i, next = 0, round;

	world.nic->reta[0] = 2;
	for (i = 0; i < 10; i++)
		world_arrive(&world, 0, 0, i);
	world_cycle(&world, 2);
	assert_int_equal(world.dataplane->thread[2].counter_handed_over, 10);
	assert_int_equal(atomic_load(&world.nic->kicks[0]), 1);
	assert_int_equal(world_cycle(&world, 0).events, 10);
	for (i = 0; i < 10; i++)
		assert_int_equal(world_payload(&world, &world.thread->events[i]), next++);
	request(&world, 0, 1, &group, 1);
	world_cycle(&world, 0);
	world.nic->reta[0] = 2;
	for (i = 10; i < 20; i++)
		world_arrive(&world, 0, 0, i);
	for (round = 0; round < 3; round++) {
		world_cycle(&world, 2);
		world_cycle(&world, 1);
		world_cycle(&world, 0);
		if (round < 2)
			assert_int_equal(b->event_count, round ? 10 : 0);
		for (i = 0; i < b->event_count; i++)
			assert_int_equal(world_payload(&world, &b->events[i]), next++);
	}
	assert_int_equal(next, 20);
	assert_false(report.by_fallback);
	world_stop(&world);
}

static void test_refused_requests(void **state)
{
	struct world world = start(3);
	const unsigned own[] = {0, 0, 0}, others[] = {1, 2}, bad[] = {0, GROUPS};
	static unsigned many[IX_RSS_GROUPS_MAX + 1];

	assert_int_equal(ix_migrate(world.dataplane, 0, 0, own, 1, NULL, NULL), IX_ERR_BAD_CALL);
	assert_int_equal(ix_migrate(world.dataplane, 0, 3, own, 1, NULL, NULL), IX_ERR_BAD_CALL);
	assert_int_equal(ix_migrate(world.dataplane, 3, 0, own, 1, NULL, NULL), IX_ERR_BAD_CALL);
	assert_int_equal(ix_migrate(world.dataplane, 0, 1, bad, 2, NULL, NULL), IX_ERR_BAD_CALL);
	assert_int_equal(ix_migrate(world.dataplane, 0, 1, many, IX_RSS_GROUPS_MAX + 1, NULL, NULL), IX_ERR_BAD_CALL);
	request(&world, 0, 1, others, 2);
	world_cycle(&world, 0);
	world_cycle(&world, 1);
	assert_int_equal(reports, 1);
	assert_int_equal(report.groups, 0);
	assert_int_equal(owner(&world, 1), 1);
	request(&world, 0, 1, own, 3);
	world_cycle(&world, 0);
	atomic_store(&world.nic->now_ns, 2000000);
	world_cycle(&world, 0);
	world_cycle(&world, 1);
	assert_int_equal(reports, 2);
	assert_int_equal(report.groups, 1);
	world_stop(&world);
}

/* Destroyed in the middle of one: no packet is lost from the pool. */
static void test_destroyed_midway(void **state)
{
	struct world world = start(2);
	const unsigned group = 0;

	world_arrive(&world, 0, 0, 0);
	request(&world, 0, 1, &group, 1);
	world_cycle(&world, 0);
	world_arrive(&world, 0, 0, 1);
	world_cycle(&world, 1);
	assert_int_equal(world.thread->migration->remote.count, 1);
	assert_int_equal(world.thread->migration->local.count, 1);
	world_stop(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_protocol),         cmocka_unit_test(test_fallback),
	    cmocka_unit_test(test_late_question),    cmocka_unit_test(test_timers_of_several_groups),
	    cmocka_unit_test(test_steering_fails),   cmocka_unit_test(test_stale_steering),
	    cmocka_unit_test(test_refused_requests), cmocka_unit_test(test_destroyed_midway),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

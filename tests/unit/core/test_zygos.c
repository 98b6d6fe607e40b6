/*
 * The scheduler zygos, step by step: several elastic threads of which the test runs one cycle at a time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "impl/core/stack_message.h"
#include "impl/core/zygos.h"
#include "tests/unit/core/world.h"

#define THREADS 4
#define GROUPS  16

static struct world start(const struct ix_scheduler *scheduler)
{
	struct ix_options options = ix_options_default;

	options.threads = THREADS;
	options.groups = GROUPS;
	options.scheduler = scheduler;
	return world_start(options);
}

static struct ix_thread *thread_of(const struct world *world, unsigned thread)
{
	return &world->dataplane->thread[thread];
}

static void check_structure(const struct world *world)
{
	for (unsigned i = 0; i < world->dataplane->options.threads; i++) {
		const char *wrong = ix_shuffle_validate(&ix_zygos_of(thread_of(world, i))->shuffle);

		if (wrong)
			fail_msg("thread %u: %s", i, wrong);
	}
}

/* Payloads of what @thread has sent, oldest first. */
static unsigned sent(const struct world *world, unsigned thread, uint32_t *payload)
{
	struct ix_packet *packet;
	unsigned n = 0;

	while ((packet = memory_nic_sent(world->nic, thread))) {
		memcpy(&payload[n++], packet->data + sizeof(struct ix_message_header), sizeof(*payload));
		memory_nic_free(world->nic, packet);
	}
	return n;
}

static unsigned echo(struct world *world, unsigned thread)
{
	return echo_user_phase(world->nic, thread_of(world, thread), NULL, NULL);
}

static struct ix_work interrupt(struct world *world, unsigned thread)
{
	struct ix_work work = {0};

	ix_kernel_interrupt(thread_of(world, thread), &work);
	return work;
}

/* One connection a cycle; packets only when nothing is ready. */
static void test_own_connections(void **state)
{
	struct world world = start(&ix_scheduler_zygos);
	uint32_t payload[8], i;
	struct ix_work work;

	for (i = 0; i < 3; i++)
		world_arrive(&world, 0, i, 10 + i);
	work = world_cycle(&world, 0);
	assert_int_equal(work.processed, 3);
	assert_int_equal(work.connections, 1);
	assert_int_equal(work.steals, 0);
	assert_int_equal(world.thread->event_count, 1);
	assert_int_equal(echo(&world, 0), 1);
	world_arrive(&world, 0, 5, 20);
	for (i = 1; i < 3; i++) {
		work = world_cycle(&world, 0);
		assert_int_equal(work.processed, 0);
		assert_int_equal(work.calls, 2);
		assert_int_equal(work.sent, 1);
		assert_int_equal(work.connections, 1);
		assert_int_equal(world_payload(&world, &world.thread->events[0]), 10 + i);
		echo(&world, 0);
		check_structure(&world);
	}
	work = world_cycle(&world, 0);
	assert_int_equal(work.processed, 1);
	echo(&world, 0);
	world_cycle(&world, 0);
	assert_int_equal(sent(&world, 0, payload), 4);
	assert_int_equal(payload[3], 20);
	assert_int_equal(world.thread->counter_connections, 4);
	world_stop(&world);
}

/* A stolen connection stays the thief's until its calls have run at home; the reply leaves from there. */
static void test_steal(void **state)
{
	struct world world = start(&ix_scheduler_zygos);
	uint32_t payload[8];
	struct ix_work work;

	world_arrive(&world, 0, 0, 1);
	world_arrive(&world, 0, 1, 2);
	world_cycle(&world, 0);
	work = world_cycle(&world, 3);
	assert_int_equal(work.connections, 1);
	assert_int_equal(work.steals, 1);
	assert_int_equal(world_payload(&world, &thread_of(&world, 3)->events[0]), 2);
	assert_int_equal(echo(&world, 3), 1);
	echo(&world, 0);
	/* More of it comes meanwhile: it is busy, so nobody gets that. */
	world_arrive(&world, 0, 1, 3);
	work = world_cycle(&world, 0);
	assert_int_equal(work.connections, 0);
	work = world_cycle(&world, 3);
	assert_int_equal(work.shipped, 2);
	assert_int_equal(work.connections, 0);
	assert_int_equal(sent(&world, 0, payload), 1);
	work = world_cycle(&world, 0);
	assert_int_equal(work.remote_calls, 2);
	assert_int_equal(work.connections, 1); /* released, and ready at once */
	assert_int_equal(sent(&world, 0, payload), 1);
	assert_int_equal(payload[0], 2);
	assert_int_equal(sent(&world, 3, payload), 0);
	check_structure(&world);
	echo(&world, 0);
	world_cycle(&world, 0);
	assert_int_equal(sent(&world, 0, payload), 1);
	assert_int_equal(payload[0], 3);
	assert_int_equal(world.dataplane->group[0].active, 0);
	assert_int_equal(thread_of(&world, 3)->counter_steals, 1);
	assert_int_equal(thread_of(&world, 0)->counter_calls_failed, 0);
	world_stop(&world);
}

/* An idle thread finds packets before a busy one: it interrupts, takes what becomes ready; the calls come home in a
 * second interrupt. */
static void test_interrupts(void **state)
{
	struct world world = start(&ix_scheduler_zygos);
	uint32_t payload[8];
	struct ix_work work;

	atomic_store(&world.nic->now_ns, 1000);
	world_arrive(&world, 0, 0, 1);
	world_cycle(&world, 0);
	world_arrive(&world, 0, 1, 2); /* the application of thread 0 is at work */
	work = world_cycle(&world, 1);
	assert_int_equal(work.connections, 0);
	assert_int_equal(work.interrupts, 1);
	assert_int_equal(world.nic->interrupts[0], 1);
	work = world_cycle(&world, 2); /* spaced */
	assert_int_equal(work.interrupts, 0);
	atomic_store(&world.nic->now_ns, 5000);
	work = world_cycle(&world, 2);
	assert_int_equal(work.interrupts, 1);
	work = interrupt(&world, 0);
	assert_int_equal(work.processed, 1);
	assert_int_equal(world.thread->event_count, 1); /* the application's array is as it was */
	assert_int_equal(world_payload(&world, &world.thread->events[0]), 1);
	work = world_cycle(&world, 1);
	assert_int_equal(work.steals, 1);
	echo(&world, 1);
	atomic_store(&world.nic->now_ns, 9000);
	work = world_cycle(&world, 1);
	assert_int_equal(work.shipped, 2);
	assert_int_equal(work.interrupts, 1);
	work = interrupt(&world, 0);
	assert_int_equal(work.remote_calls, 2);
	assert_int_equal(work.sent, 1);
	assert_int_equal(sent(&world, 0, payload), 1);
	assert_int_equal(payload[0], 2);
	echo(&world, 0);
	world_cycle(&world, 0);
	assert_int_equal(sent(&world, 0, payload), 1);
	assert_int_equal(payload[0], 1);
	assert_int_equal(world.thread->counter_interrupts_run, 2);
	check_structure(&world);
	world_stop(&world);
}

static void test_cooperative(void **state)
{
	struct world world = start(&ix_scheduler_zygos_cooperative);

	atomic_store(&world.nic->now_ns, 1000);
	world_arrive(&world, 0, 0, 1);
	world_arrive(&world, 0, 1, 1);
	world_cycle(&world, 0);
	world_arrive(&world, 0, 2, 2);
	assert_int_equal(world_cycle(&world, 1).steals, 1);
	echo(&world, 1);
	assert_int_equal(world_cycle(&world, 1).interrupts, 0);
	assert_int_equal(world_cycle(&world, 2).interrupts, 0);
	assert_int_equal(world.nic->interrupts[0], 0);
	echo(&world, 0);
	assert_int_equal(world_cycle(&world, 0).remote_calls, 2);
	world_stop(&world);
}

static void test_names(void **state)
{
	assert_ptr_equal(ix_scheduler_find("ix"), &ix_scheduler_ix);
	assert_ptr_equal(ix_scheduler_find("zygos"), &ix_scheduler_zygos);
	assert_ptr_equal(ix_scheduler_find("zygos-cooperative"), &ix_scheduler_zygos_cooperative);
	assert_null(ix_scheduler_find("zygo"));
	assert_null(ix_scheduler_find(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_own_connections), cmocka_unit_test(test_steal), cmocka_unit_test(test_interrupts),
	    cmocka_unit_test(test_cooperative),     cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

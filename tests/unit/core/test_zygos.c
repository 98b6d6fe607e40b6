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
		struct ix_shuffle *shuffle = &ix_zygos_of(thread_of(world, i))->shuffle;
		const char *wrong = ix_shuffle_validate(shuffle);

		if (wrong)
			fail_msg("thread %u: %s", i, wrong);
		assert_int_equal(world->dataplane->shown.ready >> i & 1, ix_shuffle_ready(shuffle) != 0);
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

/* A thief looks at the others in a random order, and reaches each of them. */
static void test_steal_order(void **state)
{
	struct ix_options options = ix_options_default;
	unsigned first[THREADS] = {0}, round, victim;

	options.threads = THREADS;
	options.groups = GROUPS;
	options.scheduler = &ix_scheduler_zygos;
	for (round = 0; round < 60; round++) {
		struct world world;

		options.steal_seed = round + 1;
		world = world_start(options);
		for (victim = 1; victim < THREADS; victim++) {
			world_arrive(&world, victim, 0, victim);
			world_arrive(&world, victim, 1, victim);
			world_cycle(&world, victim);
		}
		assert_int_equal(world_cycle(&world, 0).steals, 1);
		first[world_payload(&world, &world.thread->events[0])]++;
		for (victim = 1; victim < THREADS - 1; victim++) {
			echo(&world, 0);
			assert_int_equal(world_cycle(&world, 0).steals, 1);
		}
		world_stop(&world);
	}
	for (victim = 1; victim < THREADS; victim++)
		assert_true(first[victim] > 5); /* of 20 expected; P(5 or fewer) < 1e-5, and the seeds are fixed */
}

/* What was shipped when the dataplane ends is given back (world_stop() counts the packets). */
static void test_end_with_calls_on_their_way(void **state)
{
	struct world world = start(&ix_scheduler_zygos);

	world_arrive(&world, 0, 0, 1);
	world_arrive(&world, 0, 1, 2);
	world_cycle(&world, 0);
	world_cycle(&world, 1);
	echo(&world, 1);
	assert_int_equal(world_cycle(&world, 1).shipped, 2);
	world_stop(&world);
}

static void add_call(struct ix_thread *thread, struct ix_call call)
{
	thread->calls[thread->call_count++] = call;
}

/* More calls than a connection has room for, some of them wrong: all run, in order; the first wrong ones are told. */
static void test_many_calls(void **state)
{
	struct world world = start(&ix_scheduler_zygos);
	struct ix_thread *thief = thread_of(&world, 2);
	uint8_t *memory = world.nic->platform.pool_base[IX_POOL_APPLICATION];
	uint32_t payload[128], i;
	struct ix_work work;
	ix_handle handle;

	world_arrive(&world, 0, 0, 1);
	world_arrive(&world, 0, 1, 2);
	world_cycle(&world, 0);
	world_cycle(&world, 2);
	handle = thief->events[0].handle;
	for (i = 0; i < 100; i++) {
		struct ix_sg sg = {.buffer = 32768 + i * sizeof(i), .length = sizeof(i)};

		memcpy(memory + 32768 + i * sizeof(i), &i, sizeof(i));
		memcpy(memory + i * sizeof(sg), &sg, sizeof(sg));
		add_call(thief, (struct ix_call){.type = IX_CALL_SENDV,
						 .handle = handle,
						 .cookie = 5,
						 .count = i % 10 == 9 ? 0 : 1, /* none: wrong */
						 .buffer = i * sizeof(sg)});
	}
	work = world_cycle(&world, 2);
	assert_int_equal(work.shipped, 100);
	memset(memory, 0, 65536); /* the application's again, over this stack */
	assert_int_equal(thief->calls[9].result, 0);
	work = world_cycle(&world, 0);
	assert_int_equal(work.remote_calls, 100);
	assert_int_equal(sent(&world, 0, payload), 90);
	for (i = 0; i < 90; i++)
		assert_int_equal(payload[i], i + i / 9);
	assert_int_equal(thread_of(&world, 0)->counter_calls_failed, 10);
	assert_int_equal(world.thread->event_count, IX_RESULTS_MAX);
	for (i = 0; i < IX_RESULTS_MAX; i++) {
		const struct ix_event *event = &world.thread->events[i];

		assert_int_equal(event->type, IX_EVENT_RESULT);
		assert_int_equal(event->call, IX_CALL_SENDV);
		assert_int_equal(event->status, IX_ERR_BAD_LENGTH);
		assert_int_equal(event->cookie, 5);
		assert_int_equal(event->handle, handle);
	}
	world_cycle(&world, 0);
	assert_int_equal(world.dataplane->group[0].active, 0);
	world_stop(&world);
}

/* A held connection stays the thread's through further user phases; its calls run meanwhile. */
static void test_hold(void **state)
{
	struct world world = start(&ix_scheduler_zygos);
	struct ix_thread *thief = thread_of(&world, 1);
	uint64_t until_ns;
	uint32_t payload[8];
	struct ix_event event;

	world_arrive(&world, 0, 0, 1);
	world_arrive(&world, 0, 1, 2);
	world_cycle(&world, 0);
	world_cycle(&world, 1);
	event = thief->events[0];
	echo(&world, 1);
	thief->call_count = 1; /* the SENDV only */
	thief->hold = 1;
	world_arrive(&world, 0, 1, 3);
	world_arrive(&world, 3, 0, 4);
	echo(&world, 0);
	world_cycle(&world, 3);
	assert_int_equal(world_cycle(&world, 1).shipped, 1);
	assert_int_equal(thief->event_count, 0); /* and nothing else is taken */
	assert_int_equal(thief->hold, 0);
	assert_true(ix_thread_has_work(thief, 0, &until_ns));
	assert_int_equal(world_cycle(&world, 0).connections, 0); /* the one with events is held */
	world_cycle(&world, 0);
	assert_int_equal(sent(&world, 0, payload), 2);
	assert_int_equal(payload[1], 2);
	add_call(thief, (struct ix_call){.type = IX_CALL_RECV_DONE,
					 .handle = event.handle,
					 .buffer = event.buffer,
					 .length = event.length});
	world_cycle(&world, 1);
	assert_int_equal(world_cycle(&world, 0).connections, 1);
	assert_int_equal(world_payload(&world, &world.thread->events[0]), 3);
	assert_int_equal(world.thread->counter_calls_failed, 0);
	check_structure(&world);
	world_stop(&world);
}

/* A connection is closed by its thief while more of it comes; its slot is used again while it is still busy. */
static void test_close(void **state)
{
	struct world world = start(&ix_scheduler_zygos);
	struct ix_thread *thief = thread_of(&world, 1);
	ix_handle handle;
	unsigned i;

	world_arrive(&world, 0, 0, 1);
	world_arrive(&world, 0, 1, 2);
	world_cycle(&world, 0);
	world_cycle(&world, 1);
	handle = thief->events[0].handle;
	add_call(thief, (struct ix_call){.type = IX_CALL_CLOSE, .handle = handle});
	world_arrive(&world, 0, 1, 3);
	echo(&world, 0);
	world_cycle(&world, 0); /* 3 waits in the busy connection */
	world_cycle(&world, 1);
	assert_int_equal(world_cycle(&world, 0).connections, 0);
	assert_int_equal(world.dataplane->group[0].active, 0);
	assert_int_equal(ix_zygos_of(world.thread)->shuffle.free_count, world.dataplane->options.events);
	/* Again and again: no memory is taken for it. */
	for (i = 0; i < 1000; i++) {
		world_arrive(&world, 0, 1, i);
		world_cycle(&world, 0);
		assert_int_equal(world.thread->event_count, 1);
		assert_true(world.thread->events[0].handle != handle);
		handle = world.thread->events[0].handle;
		add_call(world.thread, (struct ix_call){.type = IX_CALL_CLOSE, .handle = handle});
	}
	world_cycle(&world, 0);
	assert_true(ix_zygos_of(world.thread)->spares > 60); /* of 64 at the start */
	check_structure(&world);
	world_stop(&world);
}

/* With no room for events packets stay where they are, and come in their turn. */
static void test_full_pool(void **state)
{
	struct ix_options options = ix_options_default;
	uint32_t payload[1000], i, taken = 0;
	struct world world;
	unsigned left;

	options.threads = 2;
	options.groups = GROUPS;
	options.events = IX_EVENTS_MIN;
	options.scheduler = &ix_scheduler_zygos;
	world = world_start(options);
	for (i = 0; i < 300; i++)
		world_arrive(&world, 0, i % 100, i);
	for (i = 0; i < 1000 && taken < 300; i++) {
		assert_true(world_cycle(&world, 0).processed <= IX_EVENTS_MIN);
		left = ix_zygos_of(world.thread)->shuffle.free_count;
		assert_true(left <= IX_EVENTS_MIN);
		taken += echo(&world, 0);
		check_structure(&world);
	}
	world_cycle(&world, 0);
	assert_int_equal(taken, 300);
	assert_int_equal(sent(&world, 0, payload), 300);
	world_stop(&world);
}

/* Timers come to the thread that set them, without a connection, and keep none out. */
static void test_timers(void **state)
{
	struct world world = start(&ix_scheduler_zygos);
	unsigned i, timers = 0, requests = 0;

	for (i = 0; i < 1200; i++)
		add_call(world.thread, (struct ix_call){.type = IX_CALL_TIMER, .cookie = i, .delay_ns = 1000});
	world_cycle(&world, 0);
	for (i = 0; i < 1200; i++)
		assert_true(world.thread->calls[i].result > 0);
	atomic_store(&world.nic->now_ns, 1000000);
	world_arrive(&world, 0, 0, 1);
	for (i = 0; i < 40; i++) {
		world_cycle(&world, 0);
		for (unsigned e = 0; e < world.thread->event_count; e++) {
			timers += world.thread->events[e].type == IX_EVENT_TIMER;
			requests += world.thread->events[e].type == IX_EVENT_RECV;
		}
		if (!i)
			assert_int_equal(requests, 1);
		assert_int_equal(world_cycle(&world, 1).connections, 0);
	}
	assert_int_equal(timers, 1200);
	world_stop(&world);
}

/* Waiting threads are kicked for what others leave ready or ship, once each; nobody is for nothing. */
static void test_idle_threads(void **state)
{
	struct world world = start(&ix_scheduler_zygos);
	uint64_t until_ns;
	unsigned i;

	for (i = 1; i < THREADS; i++) {
		ix_thread_idle(thread_of(&world, i), 1);
		assert_false(ix_thread_has_work(thread_of(&world, i), 0, &until_ns));
	}
	world_arrive(&world, 0, 0, 1);
	world_cycle(&world, 0);
	assert_int_equal(world.dataplane->idle, 0xe);
	world_arrive(&world, 0, 1, 2);
	world_arrive(&world, 0, 2, 3);
	interrupt(&world, 0);
	assert_int_equal(world.dataplane->idle, 0x8);
	for (i = 1; i < THREADS; i++)
		assert_int_equal(world.nic->kicks[i], i < 3);
	assert_true(ix_thread_has_work(thread_of(&world, 3), 0, &until_ns)); /* would be asked before waiting */
	assert_int_equal(world_cycle(&world, 1).steals, 1);
	assert_int_equal(world_cycle(&world, 2).steals, 1);
	echo(&world, 0);
	world_cycle(&world, 0);
	ix_thread_idle(world.thread, 1);
	echo(&world, 1);
	world_cycle(&world, 1);
	assert_int_equal(world.nic->kicks[0], 1);
	assert_int_equal(world.nic->interrupts[0], 0);
	assert_int_equal(world.dataplane->idle, 0x8);
	assert_int_equal(ix_wake_idle(world.dataplane, 5), 1);
	assert_int_equal(world.dataplane->idle, 0);
	world_stop(&world);
}

static unsigned migrations;

static void migrated(void *context, const struct ix_migration_report *report)
{
	migrations++;
}

/* A group leaves when nobody works on its connections, and they are worked on by any thread afterwards. */
static void test_migration(void **state)
{
	struct world world = start(&ix_scheduler_zygos);
	unsigned group = 0, i;
	uint32_t payload[8] = {0};

	migrations = 0;
	world_arrive(&world, 0, 0, 1);
	world_arrive(&world, 0, 1, 2);
	world_cycle(&world, 0);
	world_cycle(&world, 2);
	assert_int_equal(ix_migrate(world.dataplane, 0, 1, &group, 1, migrated, NULL), 0);
	echo(&world, 0);
	world_cycle(&world, 0);
	world_cycle(&world, 0);
	assert_int_equal(world.dataplane->group[0].state, IX_GROUP_OWNED); /* thread 2 is still at it */
	world_arrive(&world, 0, 1, 3);
	echo(&world, 2);
	world_cycle(&world, 2);
	world_cycle(&world, 0);
	assert_int_equal(world.dataplane->group[0].state, IX_GROUP_MIGRATING);
	atomic_store(&world.nic->now_ns, 10000000);
	for (i = 0; i < 3; i++) {
		world_cycle(&world, 0);
		world_cycle(&world, 1);
		echo(&world, 1);
	}
	assert_int_equal(migrations, 1);
	assert_int_equal(world.dataplane->group[0].owner, 1);
	assert_int_equal(sent(&world, 0, payload), 2);
	assert_int_equal(sent(&world, 1, payload), 1);
	assert_int_equal(payload[0], 3);
	for (i = 0; i < 2; i++)
		world_arrive(&world, 0, i, 4 + i);
	world_cycle(&world, 1);
	assert_int_equal(world_cycle(&world, 0).steals, 1);
	echo(&world, 0);
	world_cycle(&world, 0);
	assert_int_equal(world_cycle(&world, 1).remote_calls, 2);
	assert_int_equal(thread_of(&world, 1)->counter_calls_failed, 0);
	check_structure(&world);
	world_stop(&world);
}

/* Several connections a cycle, own and stolen. */
static void test_connections_per_cycle(void **state)
{
	struct ix_options options = ix_options_default;
	struct world world;
	uint32_t i, payload[8];

	options.threads = 2;
	options.groups = GROUPS;
	options.connections_per_cycle = 3;
	options.scheduler = &ix_scheduler_zygos;
	world = world_start(options);
	for (i = 0; i < 8; i++)
		world_arrive(&world, 0, i, i);
	assert_int_equal(world_cycle(&world, 0).connections, 3);
	assert_int_equal(world_cycle(&world, 1).steals, 3);
	echo(&world, 1);
	echo(&world, 0);
	assert_int_equal(world_cycle(&world, 1).shipped, 6);
	assert_int_equal(world_cycle(&world, 0).remote_calls, 6);
	assert_int_equal(sent(&world, 0, payload), 6);
	world_stop(&world);
	options.connections_per_cycle = 0;
	assert_int_equal(ix_dataplane_create(&world.dataplane, &options, &world.nic->platform), IX_ERR_BAD_CALL);
}

static struct ix_stack connecting; /* the message stack, with a CONNECT that makes a handle */

static void call_or_connect(struct ix_thread *thread, struct ix_flow_group *group, struct ix_call *call)
{
	static int object;

	if (call->type != IX_CALL_CONNECT) {
		ix_stack_message.call(thread, group, call);
		return;
	}
	call->result = (int64_t)ix_handle_new(&thread->dataplane->group[thread->id].handles, &object);
}

static void no_group_stop(struct ix_thread *thread, struct ix_flow_group *group)
{
	struct ix_platform *platform = &thread->dataplane->platform;

	platform->release(platform->context, group->stack_state);
}

/* What a CONNECT has opened is not worked on before the application has seen the result; and many may be opened. */
static void test_connect(void **state)
{
	struct ix_options options = ix_options_default;
	const unsigned many = 500;
	struct ix_work work = {0};
	struct world world;
	ix_handle handle;
	unsigned i;

	connecting = ix_stack_message;
	connecting.call = call_or_connect;
	connecting.group_stop = no_group_stop;
	options.threads = 2;
	options.groups = GROUPS;
	options.stack = &connecting;
	options.scheduler = &ix_scheduler_zygos;
	world = world_start(options);
	add_call(world.thread, (struct ix_call){.type = IX_CALL_CONNECT, .cookie = 7});
	ix_kernel_output(world.thread, &work);
	handle = (ix_handle)world.thread->calls[0].result;
	assert_true((int64_t)handle > 0);
	ix_deliver(world.thread, &(struct ix_event){.type = IX_EVENT_CONNECTED, .handle = handle, .cookie = 7});
	ix_kernel_input(world.thread, &work);
	assert_int_equal(world.thread->event_count, 0); /* the user phase sees the result */
	assert_int_equal(world_cycle(&world, 1).steals, 0);
	world_cycle(&world, 0);
	assert_int_equal(world.thread->event_count, 1);
	assert_int_equal(world.thread->events[0].handle, handle);
	for (i = 0; i < many; i++)
		add_call(world.thread, (struct ix_call){.type = IX_CALL_CONNECT, .cookie = i});
	world_cycle(&world, 0);
	for (i = 0; i < many; i++)
		assert_true(world.thread->calls[i].result > 0);
	check_structure(&world);
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
	    cmocka_unit_test(test_own_connections), cmocka_unit_test(test_steal),
	    cmocka_unit_test(test_interrupts),      cmocka_unit_test(test_cooperative),
	    cmocka_unit_test(test_steal_order),     cmocka_unit_test(test_end_with_calls_on_their_way),
	    cmocka_unit_test(test_many_calls),      cmocka_unit_test(test_hold),
	    cmocka_unit_test(test_close),           cmocka_unit_test(test_full_pool),
	    cmocka_unit_test(test_timers),          cmocka_unit_test(test_idle_threads),
	    cmocka_unit_test(test_migration),       cmocka_unit_test(test_connections_per_cycle),
	    cmocka_unit_test(test_connect),         cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

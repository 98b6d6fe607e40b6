/*
 * The step machine with the message stack over an in-memory NIC.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "impl/core/stack_message.h"
#include "tests/unit/core/echo.h"

struct world {
	struct memory_nic *nic;
	struct ix_dataplane *dataplane;
	struct ix_thread *thread; /* the first */
};

static struct world start(struct ix_options options)
{
	struct world world = {memory_nic_create(options.threads, options.groups, 4096, 8192, 256), NULL, NULL};

	assert_int_equal(ix_dataplane_create(&world.dataplane, &options, &world.nic->platform), 0);
	world.thread = &world.dataplane->thread[0];
	return world;
}

static void stop(struct world *world)
{
	ix_dataplane_destroy(world->dataplane);
	assert_int_equal(memory_nic_destroy(world->nic), 0);
}

static struct ix_work cycle(struct world *world)
{
	struct ix_work work = {0};

	ix_kernel_enter(world->thread, &work);
	return work;
}

static void test_echo(void **state)
{
	struct world world = start(ix_options_default);
	struct ix_message_header header;
	struct ix_packet *packet;
	struct ix_work work;
	uint64_t until_ns;

	assert_int_equal(memory_nic_arrive(world.nic, 77, 5, "hello", 5), 0);
	work = cycle(&world);
	assert_int_equal(work.polled, 1);
	assert_int_equal(work.processed, 1);
	assert_int_equal(work.events, 1);
	assert_int_equal(world.thread->events[0].type, IX_EVENT_RECV);
	assert_int_equal(ix_handle_group(world.thread->events[0].handle), 77);
	assert_int_equal(echo_user_phase(world.nic, world.thread, NULL, NULL), 1);
	work = cycle(&world);
	assert_int_equal(work.calls, 2);
	assert_int_equal(work.sent, 1);
	assert_int_equal(work.sent_bytes, sizeof(header) + 5);
	assert_int_equal(world.thread->calls[0].result, 5);
	assert_int_equal(world.thread->calls[1].result, 0);
	packet = memory_nic_sent(world.nic, 0);
	assert_non_null(packet);
	memcpy(&header, packet->data, sizeof(header));
	assert_int_equal(header.connection, 5);
	assert_int_equal(packet->rss_hash, 77);
	assert_memory_equal(packet->data + sizeof(header), "hello", 5);
	memory_nic_free(world.nic, packet);
	assert_int_equal(world.thread->event_count, 0);
	assert_false(ix_thread_has_work(world.thread, 0, &until_ns));
	stop(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_echo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

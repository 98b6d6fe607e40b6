/*
 * An application can hurt only itself: calls with wrong handles, buffers, lengths and counts, and those that are right.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "impl/core/stack_message.h"
#include "tests/unit/core/world.h"

#define POOL(pool, offset) ((ix_buffer)(pool) << IX_POOL_SHIFT | (offset))

static int64_t run(struct world *world, struct ix_call call)
{
	world->thread->calls[0] = call;
	world->thread->call_count = 1;
	world_cycle(world, 0);
	return world->thread->calls[0].result;
}

/* One request of connection 0 in group 7; its event. */
static struct ix_event request(struct world *world)
{
	world_arrive(world, 7, 0, 0x12345678);
	world_cycle(world, 0);
	assert_int_equal(world->thread->event_count, 1);
	return world->thread->events[0];
}

static struct ix_call done(const struct ix_event *event, uint64_t offset, uint32_t length)
{
	return (struct ix_call){
	    .type = IX_CALL_RECV_DONE, .handle = event->handle, .buffer = event->buffer + offset, .length = length};
}

static void test_handles(void **state)
{
	static const uint32_t types[] = {IX_CALL_ACCEPT, IX_CALL_SENDV, IX_CALL_RECV_DONE, IX_CALL_CLOSE,
					 IX_CALL_ABORT};
	struct ix_options options = ix_options_default;
	struct ix_event event;
	struct world world;
	size_t i;

	options.threads = 2;
	options.groups = 4;
	world = world_start(options);
	world_arrive(&world, 2, 0, 1);
	world_cycle(&world, 0);
	event = world.thread->events[0];
	for (i = 0; i < sizeof(types) / sizeof(*types); i++) {
		struct ix_call call = {.type = types[i], .count = 1, .buffer = event.buffer, .length = 1};

		assert_int_equal(run(&world, call), IX_ERR_BAD_HANDLE);
		call.handle = event.handle + 1; /* another slot */
		assert_int_equal(run(&world, call), IX_ERR_BAD_HANDLE);
		call.handle = event.handle + (1ull << (IX_HANDLE_SLOT_BITS + IX_HANDLE_GROUP_BITS)); /* generation */
		assert_int_equal(run(&world, call), IX_ERR_BAD_HANDLE);
		call.handle = event.handle + (1ull << IX_HANDLE_SLOT_BITS); /* a group of the other thread */
		assert_int_equal(run(&world, call), IX_ERR_MOVED);
		call.handle = event.handle | (1023ull << IX_HANDLE_SLOT_BITS); /* no group */
		assert_int_equal(run(&world, call), IX_ERR_BAD_HANDLE);
		call.handle = ~0ull;
		assert_int_equal(run(&world, call), IX_ERR_BAD_HANDLE);
	}
	assert_int_equal(run(&world, (struct ix_call){.type = IX_CALL_CLOSE, .handle = event.handle}), 0);
	assert_int_equal(run(&world, (struct ix_call){.type = IX_CALL_CLOSE, .handle = event.handle}),
			 IX_ERR_BAD_HANDLE);
	/* A new connection in the same slot is another one. */
	world_arrive(&world, 2, 0, 1);
	world_cycle(&world, 0);
	assert_int_not_equal(world.thread->events[0].handle, event.handle);
	assert_int_equal(run(&world, done(&event, 0, 4)), IX_ERR_BAD_HANDLE);
	world_stop(&world);
}

static void test_types(void **state)
{
	struct world world = world_start(ix_options_default);

	assert_int_equal(run(&world, (struct ix_call){.type = IX_CALL_COUNT}), IX_ERR_BAD_CALL);
	assert_int_equal(run(&world, (struct ix_call){.type = ~0u}), IX_ERR_BAD_CALL);
	assert_int_equal(run(&world, (struct ix_call){.type = IX_CALL_CONNECT}), IX_ERR_BAD_CALL); /* no protocol */
	assert_int_equal(world.thread->counter_calls_failed, 3);
	/* More calls than the array holds: those that it holds run. */
	world.thread->call_count = ~0u;
	assert_int_equal(world_cycle(&world, 0).calls, ix_options_default.calls);
	world_stop(&world);
}

static void test_sendv(void **state)
{
	struct world world = world_start(ix_options_default);
	struct ix_event event = request(&world);
	struct ix_sg *sg = (struct ix_sg *)world.nic->platform.pool_base[IX_POOL_APPLICATION];
	uint64_t size = world.nic->platform.pool_size[IX_POOL_APPLICATION];
	struct ix_call call = {.type = IX_CALL_SENDV, .handle = event.handle, .count = 1, .buffer = POOL(0, 0)};
	struct ix_packet *packet;
	int i;

	for (i = 0; i < IX_SG_MAX; i++)
		sg[i] = (struct ix_sg){.buffer = POOL(0, 4096 + i), .length = 1};
	for (i = 0; i < IX_SG_MAX; i++)
		((char *)sg)[4096 + i] = (char)('a' + i);
	call.count = 0;
	assert_int_equal(run(&world, call), IX_ERR_BAD_LENGTH);
	call.count = IX_SG_MAX + 1;
	assert_int_equal(run(&world, call), IX_ERR_BAD_LENGTH);
	call.count = IX_SG_MAX;
	assert_int_equal(run(&world, call), IX_SG_MAX);
	packet = memory_nic_sent(world.nic, 0);
	assert_int_equal(packet->length, sizeof(struct ix_message_header) + IX_SG_MAX);
	assert_memory_equal(packet->data + sizeof(struct ix_message_header), "abcdefghijklmnop", IX_SG_MAX);
	memory_nic_free(world.nic, packet);

	call.buffer = POOL(0, size - sizeof(struct ix_sg)); /* the array runs out of the pool */
	assert_int_equal(run(&world, call), IX_ERR_BAD_BUFFER);
	call.buffer = POOL(1, 0); /* the array must be the application's own */
	assert_int_equal(run(&world, call), IX_ERR_BAD_BUFFER);
	call.buffer = POOL(2, 0);
	assert_int_equal(run(&world, call), IX_ERR_BAD_BUFFER);
	call.buffer = ~0ull;
	assert_int_equal(run(&world, call), IX_ERR_BAD_BUFFER);
	call.buffer = POOL(0, 0);
	call.count = 2;
	sg[1] = (struct ix_sg){.buffer = POOL(0, size - 1), .length = 2};
	assert_int_equal(run(&world, call), IX_ERR_BAD_BUFFER);
	sg[1] = (struct ix_sg){.buffer = POOL(0, size), .length = 1};
	assert_int_equal(run(&world, call), IX_ERR_BAD_BUFFER);
	sg[1] = (struct ix_sg){.buffer = POOL(7, 0), .length = 1};
	assert_int_equal(run(&world, call), IX_ERR_BAD_BUFFER);
	sg[1] = (struct ix_sg){.buffer = POOL(0, 0), .length = ~0u};
	assert_int_equal(run(&world, call), IX_ERR_BAD_BUFFER);
	sg[1] = (struct ix_sg){.buffer = POOL(0, 0), .length = 248}; /* with the header more than a packet */
	assert_int_equal(run(&world, call), IX_ERR_BAD_LENGTH);
	sg[0].length = sg[1].length = 0;
	assert_int_equal(run(&world, call), IX_ERR_BAD_LENGTH);
	assert_null(memory_nic_sent(world.nic, 0));
	world_stop(&world);
}

static void test_recv_done(void **state)
{
	struct world world = world_start(ix_options_default);
	struct ix_event first = request(&world), second = request(&world), third = request(&world);

	assert_int_equal(run(&world, done(&first, 0, 0)), IX_ERR_BAD_LENGTH);
	assert_int_equal(run(&world, done(&first, 0, 5)), IX_ERR_BAD_BUFFER);
	assert_int_equal(run(&world, done(&first, 4, 1)), IX_ERR_BAD_BUFFER);
	assert_int_equal(run(&world, done(&first, (uint64_t)-1, 1)), IX_ERR_BAD_BUFFER);
	assert_int_equal(run(&world, done(&first, 1ull << IX_POOL_SHIFT, 1)), IX_ERR_BAD_BUFFER);
	/* Piecewise, and out of order. */
	assert_int_equal(run(&world, done(&second, 0, 1)), 0);
	assert_int_equal(run(&world, done(&second, 1, 3)), 0);
	assert_int_equal(run(&world, done(&second, 0, 4)), IX_ERR_BAD_BUFFER);
	assert_int_equal(run(&world, done(&third, 0, 4)), 0);
	assert_int_equal(run(&world, done(&first, 2, 2)), 0);
	assert_int_equal(run(&world, done(&first, 0, 4)), IX_ERR_BAD_LENGTH);
	assert_int_equal(run(&world, done(&first, 0, 2)), 0);
	assert_int_equal(run(&world, done(&first, 0, 2)), IX_ERR_BAD_BUFFER);
	request(&world);
	world_stop(&world);
}

static void test_accept_names(void **state)
{
	struct world world = world_start(ix_options_default);
	struct ix_event event = request(&world);

	assert_int_equal(event.cookie, 0);
	assert_int_equal(run(&world, (struct ix_call){.type = IX_CALL_ACCEPT, .handle = event.handle, .cookie = 99}),
			 0);
	event = request(&world);
	assert_int_equal(event.cookie, 99);
	assert_int_equal(run(&world, (struct ix_call){.type = IX_CALL_ACCEPT, .handle = event.handle, .cookie = 98}),
			 IX_ERR_STATE);
	world_stop(&world);
}

static void test_timers(void **state)
{
	struct ix_options options = ix_options_default;
	struct world world;
	int64_t id, other;
	int i;

	options.threads = 2;
	world = world_start(options);
	id = run(&world, (struct ix_call){.type = IX_CALL_TIMER, .cookie = 1, .delay_ns = 100000});
	assert_true(id > 0);
	assert_int_equal(run(&world, (struct ix_call){.type = IX_CALL_TIMER_CANCEL, .handle = (ix_handle)id}), 0);
	assert_int_equal(run(&world, (struct ix_call){.type = IX_CALL_TIMER_CANCEL, .handle = (ix_handle)id}),
			 IX_ERR_BAD_HANDLE);
	other = run(&world, (struct ix_call){.type = IX_CALL_TIMER, .delay_ns = ~0ull});
	assert_true(other > 0 && other != id);
	/* The other thread has a timer in the same slot and generation, and the two are told apart. */
	world.dataplane->thread[1].calls[0] = (struct ix_call){.type = IX_CALL_TIMER, .delay_ns = 1};
	world.dataplane->thread[1].call_count = 1;
	world_cycle(&world, 1);
	assert_int_equal(run(&world, (struct ix_call){.type = IX_CALL_TIMER_CANCEL,
						      .handle = (ix_handle)world.dataplane->thread[1].calls[0].result}),
			 IX_ERR_BAD_HANDLE);
	atomic_store(&world.nic->now_ns, 1000000000000ull);
	assert_int_equal(world_cycle(&world, 0).events, 0);
	assert_int_equal(world_cycle(&world, 1).events, 1);
	for (i = 0; i < 10000; i++)
		assert_true(run(&world, (struct ix_call){.type = IX_CALL_TIMER, .delay_ns = 1u << 20}) > 0);
	assert_int_equal(world.thread->wheel.armed, 10001);
	world_stop(&world);
}

static void test_refused_packets(void **state)
{
	struct world world = world_start(ix_options_default);

	assert_int_equal(memory_nic_arrive(world.nic, 1, 0, "", 0), 0); /* a header and nothing else */
	assert_int_equal(memory_nic_arrive(world.nic, 1, 65536, "x", 1), 0);
	assert_int_equal(memory_nic_arrive(world.nic, 1, ~0u, "x", 1), 0);
	assert_int_equal(memory_nic_arrive(world.nic, 1, 65535, "x", 1), 0);
	assert_int_equal(world_cycle(&world, 0).events, 1);
	assert_int_equal(world.thread->counter_refused, 3);
	world_stop(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_handles),         cmocka_unit_test(test_types),        cmocka_unit_test(test_sendv),
	    cmocka_unit_test(test_recv_done),       cmocka_unit_test(test_accept_names), cmocka_unit_test(test_timers),
	    cmocka_unit_test(test_refused_packets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Timers, datagrams and the arena over a scripted kernel; bindings that make no sense.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/libix/fake_kernel.h"

static struct fake fake;
static unsigned fired, again;

static int set_up(void **state)
{
	fake_start(&fake);
	fired = again = 0;
	return 0;
}

static int tear_down(void **state)
{
	fake_stop(&fake);
	return 0;
}

static void fire(struct ix_timeout *timeout, struct ix_runtime *runtime)
{
	assert_ptr_equal(runtime, fake.runtime);
	fired++;
	if (again)
		assert_int_equal(ix_timeout_set(runtime, timeout, 5), 0);
}

static void timer_event(uint64_t id, ix_cookie cookie)
{
	fake_event(&fake, (struct ix_event){.type = IX_EVENT_TIMER, .handle = id, .cookie = cookie});
}

static void test_timeout(void **state)
{
	struct ix_timeout timeout = {.fire = fire};
	ix_cookie cookie;

	assert_int_equal(ix_timeout_set(fake.runtime, &timeout, 1000), 0);
	fake_run(&fake);
	assert_int_equal(fake_call(&fake, 0, IX_CALL_TIMER, 0)->delay_ns, 1000);
	cookie = fake.calls[0].cookie;
	fake.calls[0].result = 500;
	fake_run(&fake);
	assert_int_equal(fake.call_count, 0);
	again = 1;
	timer_event(500, cookie);
	fake_run(&fake);
	assert_int_equal(fired, 1);
	assert_int_not_equal(fake_call(&fake, 0, IX_CALL_TIMER, 0)->cookie, cookie);
	fake.calls[0].result = 501;
	/* The same event twice, or any other, is nobody's. */
	timer_event(500, cookie);
	timer_event(500, 0);
	timer_event(500, ~0ull);
	fake_run(&fake);
	assert_int_equal(fired, 1);
}

static void test_timeout_cleared(void **state)
{
	struct ix_timeout timeout = {.fire = fire}, other = {.fire = fire};
	ix_cookie cookie;

	/* With a known id; its event has crossed the cancelling. */
	ix_timeout_set(fake.runtime, &timeout, 1000);
	fake_run(&fake);
	cookie = fake.calls[0].cookie;
	fake.calls[0].result = 500;
	fake_run(&fake);
	ix_timeout_clear(fake.runtime, &timeout);
	ix_timeout_clear(fake.runtime, &timeout);
	ix_timeout_set(fake.runtime, &other, 1); /* in the same slot */
	timer_event(500, cookie);
	fake_run(&fake);
	assert_int_equal(fired, 0);
	assert_int_equal(fake.call_count, 2);
	fake_call(&fake, 0, IX_CALL_TIMER_CANCEL, 500)->result = IX_ERR_BAD_HANDLE;
	fake_call(&fake, 1, IX_CALL_TIMER, 0)->result = 501;
	fake_run(&fake);
	/* Before the id is known. */
	ix_timeout_set(fake.runtime, &timeout, 7);
	fake_run(&fake);
	ix_timeout_clear(fake.runtime, &timeout);
	fake_call(&fake, 0, IX_CALL_TIMER, 0)->result = 502;
	fake_run(&fake);
	fake_call(&fake, 0, IX_CALL_TIMER_CANCEL, 502);
	assert_int_equal(fired, 0);
}

static void test_timeout_moved(void **state)
{
	struct ix_timeout timeout = {.fire = fire};

	ix_timeout_set(fake.runtime, &timeout, 1000);
	fake_run(&fake);
	fake.calls[0].result = 500;
	fake_run(&fake);
	ix_timeout_set(fake.runtime, &timeout, 2000);
	fake_run(&fake);
	assert_int_equal(fake.call_count, 2);
	fake_call(&fake, 0, IX_CALL_TIMER_CANCEL, 500);
	assert_int_equal(fake_call(&fake, 1, IX_CALL_TIMER, 0)->delay_ns, 2000);
	/* One that the kernel cannot set is not forgotten. */
	fake.calls[1].result = IX_ERR_NO_MEMORY;
	fake_run(&fake);
	assert_int_equal(fired, 1);
}

static void test_many_timeouts(void **state)
{
	static struct ix_timeout timeouts[1000];
	static ix_cookie cookies[1000];
	unsigned i, seen = 0;

	for (i = 0; i < 1000; i++) {
		timeouts[i].fire = fire;
		assert_int_equal(ix_timeout_set(fake.runtime, &timeouts[i], i), 0);
	}
	while (seen < 1000) {
		fake_run(&fake);
		for (i = 0; i < fake.call_count; i++) {
			assert_int_equal(fake_call(&fake, i, IX_CALL_TIMER, 0)->delay_ns, seen);
			fake.calls[i].result = 1 + seen;
			cookies[seen++] = fake.calls[i].cookie;
		}
	}
	for (i = 0; i < 1000; i++) {
		timer_event(1 + i, cookies[i]);
		fake_run(&fake);
		assert_int_equal(fired, i + 1);
	}
}

static struct ix_view view;
static unsigned datagrams;

static void datagram(void *context, struct ix_runtime *runtime, const struct ix_view *v, uint32_t ip, uint16_t port,
		     uint16_t local_port)
{
	assert_ptr_equal(context, &view);
	assert_int_equal(ip, 0x0a000001);
	assert_int_equal(port, 5353);
	assert_int_equal(local_port, 53);
	view = *v;
	datagrams++;
}

static void test_datagrams(void **state)
{
	struct ix_event event = {.type = IX_EVENT_UDP_RECV,
				 .buffer = 1ull << IX_POOL_SHIFT | 64,
				 .length = 3,
				 .ip = 0x0a000001,
				 .port = 5353,
				 .local_port = 53};
	ix_cookie cookie;

	datagrams = 0;
	fake_event(&fake, event);
	fake_run(&fake);
	fake_call(&fake, 0, IX_CALL_UDP_RECV_DONE, 0); /* nobody listens */
	assert_int_equal(ix_udp_listen(fake.runtime, 53, datagram, &view), 0);
	memcpy(fake.packets + 64, "ask", 3);
	fake_event(&fake, event);
	fake_run(&fake);
	assert_int_equal(datagrams, 1);
	assert_int_equal(fake.call_count, 0);
	assert_memory_equal(view.data, "ask", 3);
	ix_udp_done(fake.runtime, &view);
	assert_int_equal(ix_udp_send(fake.runtime, 0x0a000001, 5353, 53, "answer", 6), 0);
	assert_int_equal(ix_udp_send(fake.runtime, 0x0a000001, 5353, 53, "answer", 65508), IX_ERR_BAD_LENGTH);
	fake_run(&fake);
	assert_int_equal(fake.call_count, 2);
	assert_int_equal(fake_call(&fake, 0, IX_CALL_UDP_RECV_DONE, 0)->buffer, event.buffer);
	fake_call(&fake, 1, IX_CALL_UDP_SEND, 0);
	assert_int_equal(fake.calls[1].ip, 0x0a000001);
	assert_int_equal(fake.calls[1].port, 5353);
	assert_int_equal(fake.calls[1].local_port, 53);
	assert_int_equal(fake.calls[1].length, 6);
	assert_memory_equal(fake.application + fake.calls[1].buffer, "answer", 6);
	cookie = fake.calls[1].cookie;
	fake_event(&fake, (struct ix_event){.type = IX_EVENT_UDP_SENT, .cookie = cookie});
	fake_run(&fake);
	/* The block is free again, after an error too. */
	ix_udp_send(fake.runtime, 0x0a000001, 5353, 53, "answer", 6);
	fake_run(&fake);
	assert_int_equal(fake_call(&fake, 0, IX_CALL_UDP_SEND, 0)->cookie, cookie);
	fake.calls[0].result = IX_ERR_NO_ROUTE;
	fake_run(&fake);
	ix_udp_send(fake.runtime, 0x0a000001, 5353, 53, "answer", 6);
	fake_run(&fake);
	assert_int_equal(fake_call(&fake, 0, IX_CALL_UDP_SEND, 0)->cookie, cookie);
}

static void test_memory(void **state)
{
	static uint8_t *block[20000];
	static uint32_t size[20000];
	uint64_t seed = 7;
	unsigned taken = 0, i, round;

	assert_null(ix_memory_take(fake.runtime, 65521));
	assert_null(ix_memory_take(fake.runtime, ~0u));
	ix_memory_give(fake.runtime, NULL);
	for (round = 0; round < 100000; round++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		if (seed >> 63 && taken < 20000) {
			size[taken] = (uint32_t)(seed >> 40) % (seed >> 60 & 1 ? 3000 : 60);
			block[taken] = ix_memory_take(fake.runtime, size[taken]);
			if (!block[taken])
				continue;
			assert_int_equal((uintptr_t)block[taken] % 16, 0);
			assert_true(block[taken] >= fake.application + FAKE_ARENA);
			assert_true(block[taken] + size[taken] <= fake.application + FAKE_POOL);
			memset(block[taken], (int)(taken % 251), size[taken]);
			taken++;
		} else if (taken) {
			taken--;
			for (i = 0; i < size[taken]; i++)
				assert_int_equal(block[taken][i], taken % 251);
			ix_memory_give(fake.runtime, block[taken]);
		}
	}
	for (i = 0; i < FAKE_ARENA; i++)
		assert_int_equal(fake.application[i], 0);
	/* All of it can be used, and used again. */
	for (round = 0; round < 2; round++) {
		for (i = 0; (block[i] = ix_memory_take(fake.runtime, 32000)); i++)
			continue;
		while (i)
			ix_memory_give(fake.runtime, block[--i]);
	}
}

static void test_bindings(void **state)
{
	struct ix_binding good = {
	    .events = fake.events,
	    .event_count = &fake.event_count,
	    .calls = fake.calls,
	    .call_capacity = FAKE_CALLS,
	    .call_count = &fake.call_count,
	    .pool = {fake.application, fake.packets},
	    .pool_size = {FAKE_POOL, FAKE_POOL},
	    .arena_size = FAKE_POOL,
	};
	struct ix_binding bad[5] = {good, good, good, good, good};
	unsigned i;

	bad[0].events = NULL;
	bad[1].call_capacity = 1;
	bad[2].arena_offset = 1;
	bad[3].arena_size = 64;
	bad[4].arena_size = ~0ull;
	for (i = 0; i < 5; i++)
		assert_null(ix_runtime_create(&bad[i]));
	ix_runtime_destroy(ix_runtime_create(&good));
	ix_runtime_destroy(NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(test_timeout),   TEST(test_timeout_cleared), TEST(test_timeout_moved), TEST(test_many_timeouts),
	    TEST(test_datagrams), TEST(test_memory),          TEST(test_bindings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

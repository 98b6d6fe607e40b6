/*
 * The cycle of one elastic thread, with the message stack over an in-memory NIC.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "impl/core/stack_message.h"
#include "tests/unit/core/world.h"

static void test_echo(void **state)
{
	struct world world = world_start(ix_options_default);
	struct ix_message_header header;
	struct ix_packet *packet;
	struct ix_work work;
	uint64_t until_ns;

	assert_int_equal(memory_nic_arrive(world.nic, 77, 5, "hello", 5), 0);
	work = world_cycle(&world, 0);
	assert_int_equal(work.polled, 1);
	assert_int_equal(work.processed, 1);
	assert_int_equal(work.events, 1);
	assert_int_equal(world.thread->events[0].type, IX_EVENT_RECV);
	assert_int_equal(ix_handle_group(world.thread->events[0].handle), 77);
	assert_int_equal(echo_user_phase(world.nic, world.thread, NULL, NULL), 1);
	work = world_cycle(&world, 0);
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
	assert_int_equal(until_ns, 10000000);
	/* The same calls do not run twice. */
	work = world_cycle(&world, 0);
	assert_int_equal(work.calls, 0);
	world_stop(&world);
}

static void test_options(void **state)
{
	struct memory_nic *nic = memory_nic_create(1, 128, 16, 16, 256);
	struct ix_dataplane *dataplane;
	struct ix_options bad[9];
	size_t i;

	for (i = 0; i < 9; i++)
		bad[i] = ix_options_default;
	bad[0].threads = 0;
	bad[1].threads = IX_THREADS_MAX + 1;
	bad[2].groups = 100;
	bad[3].groups = 1024;
	bad[4].batch_bound = 0;
	bad[5].batch_bound = IX_BATCH_MAX + 1;
	bad[6].events = IX_EVENTS_MIN - 1;
	bad[7].calls = 0;
	bad[8].rss_key = NULL;
	for (i = 0; i < 9; i++) {
		dataplane = (void *)nic;
		assert_int_equal(ix_dataplane_create(&dataplane, &bad[i], &nic->platform), IX_ERR_BAD_CALL);
		assert_null(dataplane);
	}
	assert_int_equal(memory_nic_destroy(nic), 0);
}

static unsigned allocations_left;
static void *(*allocate)(void *context, size_t size, size_t align);

static void *allocate_some(void *context, size_t size, size_t align)
{
	return allocations_left ? allocations_left--, allocate(context, size, align) : NULL;
}

/* Creation fails cleanly wherever memory ends (leaks are the sanitizer's to find). */
static void test_memory_short(void **state)
{
	struct memory_nic *nic = memory_nic_create(2, 4, 16, 16, 256);
	struct ix_options options = ix_options_default;
	struct ix_dataplane *dataplane = NULL;
	unsigned n = 0;

	options.threads = 2;
	options.groups = 4;
	allocate = nic->platform.allocate;
	nic->platform.allocate = allocate_some;
	do
		allocations_left = n++;
	while (ix_dataplane_create(&dataplane, &options, &nic->platform) == IX_ERR_NO_MEMORY);
	assert_non_null(dataplane);
	assert_true(n > 10);
	ix_dataplane_destroy(dataplane);
	assert_int_equal(memory_nic_destroy(nic), 0);
}

/* B bounds processing, not polling; the three quantities stay apart; the histogram holds every bound. */
static void test_batch_bounds(void **state)
{
	static const unsigned bounds[] = {1, 2, 63, 64, 511, 512, 513, 1023, 1024};
	size_t b;
	unsigned i;

	for (b = 0; b < sizeof(bounds) / sizeof(*bounds); b++) {
		struct ix_options options = ix_options_default;
		unsigned bound = bounds[b], left = 3 * bound + 1, seen = 0;
		struct world world;

		options.batch_bound = bound;
		options.events = IX_BATCH_MAX + IX_EVENTS_PER_STEP;
		world = world_start(options);
		for (i = 0; i < left; i++)
			world_arrive(&world, 0, i % 7, i);
		while (left) {
			struct ix_work work = world_cycle(&world, 0);
			unsigned expected = left < bound ? left : bound;

			assert_int_equal(work.polled, seen ? 0 : left);
			assert_int_equal(work.processed, expected);
			assert_int_equal(work.backlog, left - expected);
			assert_int_equal(work.events, expected);
			for (i = 0; i < world.thread->event_count; i++)
				assert_int_equal(world_payload(&world, &world.thread->events[i]), seen++);
			left -= expected;
			echo_user_phase(world.nic, world.thread, NULL, NULL);
		}
		assert_int_equal(world_cycle(&world, 0).sent, 1); /* the others went with the cycles between */
		world_cycle(&world, 0);
		assert_int_equal(world.thread->batches[bound], bound == 1 ? 4 : 3);
		assert_int_equal(world.thread->batches[1], bound == 1 ? 4 : 1);
		world_stop(&world);
	}
}

static void count_payload(void *context, struct ix_thread *thread, const struct ix_event *event)
{
	unsigned *seen = context;
	uint32_t payload;

	memcpy(&payload, ix_buffer_memory(thread->dataplane, event->buffer, event->length), sizeof(payload));
	assert_int_equal(payload, *seen);
	++*seen;
}

/* A tiny event array and a tiny software queue: packets wait, in order, and none is lost. */
static void test_backpressure(void **state)
{
	struct ix_options options = ix_options_default;
	unsigned seen = 0, cycles = 0, i;
	struct world world;
	struct ix_work work;

	options.events = IX_EVENTS_MIN;
	options.backlog_packets = 40;
	world = world_start(options);
	for (i = 0; i < 2000; i++)
		world_arrive(&world, 5, 3, i);
	do {
		work = world_cycle(&world, 0);
		cycles++;
		assert_true(world.thread->event_count <= options.events);
		assert_true(work.backlog + work.processed <= 40);
		echo_user_phase(world.nic, world.thread, count_payload, &seen);
	} while (work.processed);
	assert_int_equal(seen, 2000);
	assert_true(cycles > 2000 / IX_EVENTS_MIN);
	world_stop(&world);
}

/* A full transmit ring keeps the rest queued, in order. */
static void test_transmit_ring_full(void **state)
{
	struct world world = world_start(ix_options_default);
	struct ix_packet *packet;
	uint64_t until_ns;
	uint32_t payload;
	unsigned i, received = 0;

	world.nic->transmit_room = 3;
	for (i = 0; i < 60; i++)
		world_arrive(&world, 9, 1, i);
	world_cycle(&world, 0);
	echo_user_phase(world.nic, world.thread, NULL, NULL);
	for (i = 0; i < 20; i++) {
		struct ix_work work = world_cycle(&world, 0);

		assert_int_equal(work.sent, 3);
		assert_int_equal(world.thread->transmit.count, 57 - 3 * i);
		assert_int_equal(ix_thread_has_work(world.thread, 0, &until_ns), i < 19);
	}
	assert_int_equal(world.thread->counter_transmit_full, 19);
	while ((packet = memory_nic_sent(world.nic, 0))) {
		memcpy(&payload, packet->data + sizeof(struct ix_message_header), sizeof(payload));
		assert_int_equal(payload, received++);
		memory_nic_free(world.nic, packet);
	}
	assert_int_equal(received, 60);
	world_stop(&world);
}

/* Paper order sends a cycle's replies before it polls, code order after the next batch has been processed. */
static void test_transmit_orders(void **state)
{
	int code;

	for (code = 0; code < 2; code++) {
		struct ix_options options = ix_options_default;
		struct ix_work out = {0}, in = {0};
		struct world world;

		options.transmit_order = code ? IX_TRANSMIT_CODE : IX_TRANSMIT_PAPER;
		world = world_start(options);
		world_arrive(&world, 9, 1, 0);
		world_cycle(&world, 0);
		echo_user_phase(world.nic, world.thread, NULL, NULL);
		world_arrive(&world, 9, 1, 1);
		ix_kernel_output(world.thread, &out);
		ix_kernel_input(world.thread, &in);
		assert_int_equal(out.sent, !code);
		assert_int_equal(in.sent, code);
		assert_int_equal(in.processed, 1);
		world_stop(&world);
	}
}

/* What the output half brings about stands in the event array beside what the input half brings. */
static void test_events_of_both_halves(void **state)
{
	struct world world = world_start(ix_options_default);

	world.thread->calls[0] = (struct ix_call){.type = IX_CALL_TIMER, .cookie = 42, .delay_ns = 1000000};
	world.thread->call_count = 1;
	world_cycle(&world, 0);
	assert_true(world.thread->calls[0].result > 0);
	atomic_store(&world.nic->now_ns, 2000000);
	world_arrive(&world, 1, 0, 7);
	assert_int_equal(world_cycle(&world, 0).events, 2);
	assert_int_equal(world.thread->events[0].type, IX_EVENT_TIMER);
	assert_int_equal(world.thread->events[0].cookie, 42);
	assert_int_equal(world.thread->events[0].handle, world.thread->calls[0].result);
	assert_int_equal(world.thread->events[1].type, IX_EVENT_RECV);
	assert_int_equal(world_cycle(&world, 0).events, 0);
	world_stop(&world);
}

/* More due timers than room: they fire in later cycles, and packets are not starved. */
static void test_many_timers(void **state)
{
	struct ix_options options = ix_options_default;
	unsigned timers = 0, packets = 0, cycles = 0, i;
	struct world world;

	options.events = IX_EVENTS_MIN;
	world = world_start(options);
	for (i = 0; i < 1000; i++)
		world.thread->calls[i] = (struct ix_call){.type = IX_CALL_TIMER, .cookie = i, .delay_ns = 5000};
	world.thread->call_count = 1000;
	world_cycle(&world, 0);
	atomic_store(&world.nic->now_ns, 1000000);
	for (i = 0; i < 500; i++)
		world_arrive(&world, 1, 0, i);
	for (; timers < 1000; cycles++) {
		unsigned now = 0;

		world_cycle(&world, 0);
		for (i = 0; i < world.thread->event_count; i++) {
			if (world.thread->events[i].type == IX_EVENT_TIMER)
				assert_int_equal(world.thread->events[i].cookie, timers++);
			else
				now++;
		}
		assert_true(now > 0 || packets == 500);
		packets += now;
		echo_user_phase(world.nic, world.thread, NULL, NULL);
	}
	assert_int_equal(packets, 500);
	assert_true(cycles < 1000);
	world_stop(&world);
}

/* The core keeps the metrics itself; the world reports only its waiting. */
static void test_metrics(void **state)
{
	struct world world = world_start(ix_options_default);
	unsigned i, c;

	for (c = 1; c <= 10; c++) {
		for (i = 0; i < 80; i++)
			world_arrive(&world, 1, 0, i);
		atomic_fetch_add(&world.nic->now_ns, 250000);
		world.thread->idle_ns += 250000;
		world_cycle(&world, 0);
		echo_user_phase(world.nic, world.thread, NULL, NULL);
		atomic_fetch_add(&world.nic->now_ns, 750000);
	}
	world_cycle(&world, 0);
	/* The first cycle to end is empty; then ten, of 80, 96, ... 224 packets after polling, 64 of them processed. */
	assert_int_equal(atomic_load(&world.thread->metrics.intervals), 1);
	assert_true(world.thread->metrics.batch_packets == 0.5 * 64);
	assert_true(world.thread->metrics.idle_fraction[IX_EMA_FAST] == 0.5 * 0.25);
	assert_true(world.thread->metrics.queue_packets[IX_EMA_FAST] == 0.5 * (80 + 224) / 2 * 10 / 11);
	assert_true(world.thread->metrics.queuing_delay_ns > 0);
	world_stop(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_echo),
	    cmocka_unit_test(test_options),
	    cmocka_unit_test(test_memory_short),
	    cmocka_unit_test(test_batch_bounds),
	    cmocka_unit_test(test_backpressure),
	    cmocka_unit_test(test_transmit_ring_full),
	    cmocka_unit_test(test_transmit_orders),
	    cmocka_unit_test(test_events_of_both_halves),
	    cmocka_unit_test(test_many_timers),
	    cmocka_unit_test(test_metrics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

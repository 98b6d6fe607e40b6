/*
 * Thousands of random migrations over an in-memory NIC: several step-machine threads, interleaved at random half by
 * half, under load and in silence, asleep and awake. Nothing is lost, no flow is reordered on its way in or out, every
 * timer of a group fires in the first cycle in which it can, and every migration ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "impl/core/stack_message.h"
#include "models/rng.h"
#include "tests/unit/core/world.h"

#define THREADS   5
#define GROUPS    64
#define FLOWS     256
#define TIMERS    512
#define IN_FLIGHT 1500

enum phase { OUTPUT, INPUT, USER, ASLEEP };

struct flow {
	uint32_t arrived, seen, replied; /* numbers of the next message */
	uint32_t sent_events;
	unsigned last_thread;
};

struct group_timer {
	struct ix_timer timer; /* first */
	unsigned group;
	int armed;
};

static struct {
	struct world world;
	struct rng rng;
	struct flow flow[FLOWS];
	struct group_timer timer[TIMERS];
	enum phase phase[THREADS];
	unsigned kicks_seen[THREADS];
	uint64_t until_ns[THREADS];
	uint64_t arrived, seen, replied, timers_fired, sleeps, postponed;
	uint64_t requested, finished, fallbacks, by_packet, groups_moved, deferred, refused;
	int noisy;
} test;

static uint64_t below(uint64_t n)
{
	return rng_next(&test.rng) % n;
}

static uint64_t now_ns(void)
{
	return atomic_load(&test.world.nic->now_ns);
}

static struct ix_thread *thread_at(unsigned t)
{
	return &test.world.dataplane->thread[t];
}

/* Replies leave in the order of their requests, whichever threads send them. */
static unsigned transmit_checked(void *context, unsigned thread, struct ix_packet **packets, unsigned n)
{
	uint32_t payload;
	unsigned i;

	/* Now and then the ring is full. */
	if (below(8) == 0)
		n = (unsigned)below(n + 1);
	for (i = 0; i < n; i++) {
		memcpy(&payload, packets[i]->data + sizeof(struct ix_message_header), sizeof(payload));
		assert_int_equal(payload, test.flow[packets[i]->rss_hash].replied++);
		memory_nic_free(context, packets[i]);
		test.replied++;
	}
	return n;
}

/* The message stack, with an event of the call itself: a migration must wait until the application has had it. */
static void noisy_call(struct ix_thread *thread, struct ix_flow_group *group, struct ix_call *call)
{
	ix_handle handle = call->handle;

	ix_stack_message.call(thread, group, call);
	if (call->type == IX_CALL_SENDV && test.noisy)
		ix_deliver(thread, &(struct ix_event){.type = IX_EVENT_SENT, .handle = handle, .cookie = call->cookie});
}

static void fire(struct ix_timer *timer, void *context)
{
	struct group_timer *t = (struct group_timer *)timer;
	struct ix_thread *thread = context;

	assert_true(t->armed);
	assert_true(ix_owns(thread, &test.world.dataplane->group[t->group]));
	assert_true(thread->now_ns >= timer->expires_ns);
	t->armed = 0;
	test.timers_fired++;
}

/* After an output half nothing of the thread's groups is due. */
static void check_timers(const struct ix_thread *thread)
{
	unsigned i;

	for (i = 0; i < TIMERS; i++)
		if (test.timer[i].armed && ix_owns(thread, &test.world.dataplane->group[test.timer[i].group]))
			assert_true(test.timer[i].timer.expires_ns >> IX_WHEEL_TICK_SHIFT >= thread->now_ns >>
				    IX_WHEEL_TICK_SHIFT);
}

/* What a stack does while it processes packets: arms and cancels timers of its own groups. */
static void churn_timers(struct ix_thread *thread)
{
	struct group_timer *t = &test.timer[below(TIMERS)];
	struct ix_flow_group *group = &test.world.dataplane->group[t->group];

	if (!ix_owns(thread, group))
		return;
	t->armed = below(8) != 0;
	t->timer.fire = fire;
	if (t->armed)
		ix_wheel_arm(&thread->wheel, &t->timer, thread->now_ns + below(1ull << (10 + below(13))),
			     &group->timers);
	else
		ix_wheel_cancel(&thread->wheel, &t->timer);
}

static void see(void *context, struct ix_thread *thread, const struct ix_event *event)
{
	struct flow *flow;
	unsigned id;

	assert_int_equal(atomic_load(&test.world.dataplane->group[ix_handle_group(event->handle)].owner), thread->id);
	if (event->type == IX_EVENT_SENT) {
		test.flow[event->cookie].sent_events++;
		return;
	}
	memcpy(&id, ix_buffer_memory(thread->dataplane, event->buffer + 4, 4), sizeof(id));
	flow = &test.flow[id];
	assert_int_equal(world_payload(&test.world, event), flow->seen);
	if (test.noisy && flow->last_thread != thread->id)
		assert_int_equal(flow->sent_events, flow->seen);
	flow->last_thread = thread->id;
	flow->seen++;
	test.seen++;
}

/* The echo application, naming the flow in the cookie of its SENDV. */
static void user_phase(struct ix_thread *thread)
{
	unsigned i, call = 0;
	uint32_t flow;

	echo_user_phase(test.world.nic, thread, see, NULL);
	for (i = 0; i < thread->event_count; i++)
		if (thread->events[i].type == IX_EVENT_RECV) {
			memcpy(&flow, ix_buffer_memory(thread->dataplane, thread->events[i].buffer + 4, 4),
			       sizeof(flow));
			thread->calls[call].cookie = flow;
			call += 2;
		}
}

static void arrive(void)
{
	uint32_t flow = (uint32_t)below(FLOWS), payload[2] = {test.flow[flow].arrived, flow};

	if (test.arrived - test.seen >= IN_FLIGHT)
		return;
	if (memory_nic_arrive(test.world.nic, flow, flow / GROUPS, payload, sizeof(payload)) == 0) {
		test.flow[flow].arrived++;
		test.arrived++;
	}
}

static int awake(unsigned t)
{
	unsigned kicks = atomic_load(&test.world.nic->kicks[t]);
	int woken = kicks != test.kicks_seen[t] || test.world.nic->ring[t].count || now_ns() >= test.until_ns[t];

	test.kicks_seen[t] = kicks;
	return woken;
}

static void step_thread(unsigned t)
{
	struct ix_thread *thread = thread_at(t);
	struct ix_work work = {0};

	switch (test.phase[t]) {
	case OUTPUT:
		test.kicks_seen[t] = atomic_load(&test.world.nic->kicks[t]);
		ix_kernel_output(thread, &work);
		check_timers(thread);
		test.postponed += thread->stalled;
		test.phase[t] = INPUT;
		break;
	case INPUT:
		ix_kernel_input(thread, &work);
		churn_timers(thread);
		test.phase[t] = USER;
		break;
	case USER:
		user_phase(thread);
		test.phase[t] = ix_thread_has_work(thread, now_ns(), &test.until_ns[t]) ? OUTPUT : ASLEEP;
		test.sleeps += test.phase[t] == ASLEEP;
		break;
	case ASLEEP:
		if (awake(t))
			test.phase[t] = OUTPUT;
		break;
	}
}

static void migrated(void *context, const struct ix_migration_report *report)
{
	assert_true(report->from < THREADS && report->to < THREADS && report->from != report->to);
	assert_true(report->prepare_ns + report->wait_ns + report->rpc_ns + report->deferred_ns <= report->total_ns);
	test.finished++;
	test.groups_moved += report->groups;
	test.deferred += report->packets_deferred;
	test.fallbacks += report->by_fallback != 0;
	test.by_packet += report->by_fallback == 0;
}

/* One group to all of them, owned by the source or not, perhaps named twice. */
static void migrate(void)
{
	unsigned from = (unsigned)below(THREADS), to = (from + 1 + (unsigned)below(THREADS - 1)) % THREADS,
		 groups[GROUPS], i;
	unsigned count = below(4) ? 1 + (unsigned)below(4) : 1 + (unsigned)below(GROUPS),
		 first = (unsigned)below(GROUPS);
	int spread = below(2) != 0;

	for (i = 0; i < count; i++)
		groups[i] = spread ? (unsigned)below(GROUPS) : (first + i) % GROUPS;
	if (ix_migrate(test.world.dataplane, from, to, groups, count, migrated, NULL) == 0)
		test.requested++;
	else
		test.refused++;
}

static void start_test(uint64_t seed, int noisy)
{
	static struct ix_stack noisy_stack;
	struct ix_options options = ix_options_default;
	unsigned i;

	memset(&test, 0, sizeof(test));
	rng_init(&test.rng, seed, RNG_ARRIVAL, 0);
	noisy_stack = ix_stack_message;
	noisy_stack.call = noisy_call;
	options.threads = THREADS;
	options.groups = GROUPS;
	options.batch_bound = 1 + (unsigned)below(64);
	options.transmit_order = below(2) ? IX_TRANSMIT_PAPER : IX_TRANSMIT_CODE;
	options.backlog_packets = 8u << below(8);
	options.migration_fallback_ns = 100000;
	options.stack = noisy ? &noisy_stack : &ix_stack_message;
	test.noisy = noisy;
	test.world.nic = memory_nic_create(THREADS, GROUPS, 512, 8192, 64);
	test.world.nic->platform.transmit = transmit_checked;
	assert_int_equal(ix_dataplane_create(&test.world.dataplane, &options, &test.world.nic->platform), 0);
	for (i = 0; i < TIMERS; i++)
		test.timer[i].group = i % GROUPS;
}

static void finish_test(void)
{
	uint64_t failed = 0, steps = 0;
	unsigned i;

	while (test.replied < test.arrived || test.finished < test.requested) {
		step_thread((unsigned)below(THREADS));
		atomic_fetch_add(&test.world.nic->now_ns, below(4000));
		assert_true(++steps < 1000000);
	}
	for (i = 0; i < FLOWS; i++) {
		assert_int_equal(test.flow[i].seen, test.flow[i].arrived);
		assert_int_equal(test.flow[i].replied, test.flow[i].arrived);
	}
	for (i = 0; i < THREADS; i++) {
		failed += thread_at(i)->counter_calls_failed + thread_at(i)->counter_refused;
		assert_int_equal(thread_at(i)->counter_handed_over, 0); /* this NIC steers as it is told */
	}
	assert_int_equal(failed, 0);
	assert_int_equal(test.world.dataplane->migration_totals.migrations, test.requested);
	assert_int_equal(test.world.dataplane->migration_totals.groups, test.groups_moved);
	assert_int_equal(test.world.dataplane->migration_totals.packets_deferred, test.deferred);
	assert_int_equal(test.world.dataplane->migration_totals.fallbacks, test.fallbacks);
	world_stop(&test.world);
}

/* @migrations under a load that comes and goes. */
static void run(uint64_t seed, uint64_t migrations, int noisy)
{
	start_test(seed, noisy);
	while (test.requested < migrations) {
		int silent = rng_next(&test.rng) % 4 == 0;
		unsigned step, burst = 1 + (unsigned)below(8);

		for (step = 0; step < 400; step++) {
			if (!silent && below(3) == 0)
				for (unsigned i = 0; i < burst; i++)
					arrive();
			step_thread((unsigned)below(THREADS));
			if (below(20) == 0)
				migrate();
			atomic_fetch_add(&test.world.nic->now_ns, below(2) ? below(1000) : below(20000));
		}
	}
	finish_test();
	assert_true(test.groups_moved > migrations / 2);
	assert_true(test.deferred > migrations / 10);
	assert_true(test.fallbacks > migrations / 100 && test.by_packet > migrations / 100);
	assert_true(test.timers_fired > migrations / 4);
	assert_true(test.sleeps > 100);
	assert_true(test.postponed > 0);
}

static void test_random_migrations(void **state)
{
	uint64_t seed;

	for (seed = 1; seed <= 10; seed++)
		run(seed, 1000, 0);
}

static void test_random_migrations_with_call_events(void **state)
{
	uint64_t seed;

	for (seed = 11; seed <= 13; seed++)
		run(seed, 1000, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_random_migrations),
	    cmocka_unit_test(test_random_migrations_with_call_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The scheduler zygos with real threads, for the thread sanitizer: elastic threads that echo, interrupts that come
 * between two steps of a user phase, flow groups that migrate. What the application keeps of a connection is plain
 * memory, so two threads that worked on one connection at a time, or one after the other without an order, would be a
 * race; so is what a home thread keeps of its replies. Requests are numbered: each must be seen once and in order, and
 * each reply leave once and in order.
 *
 * A thread's receive ring is a closed loop: a request stands in it for each reply that has left, so nothing but the
 * elastic threads runs. Thread 0 gets most of the requests, so that the others must steal.
 *
 * IXLAB_STRESS_EVENTS sets how many requests each of the runs handles.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "impl/core/dataplane.h"
#include "impl/core/stack_message.h"
#include "impl/core/zygos.h"
#include "impl/libix/libix.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define THREADS    3
#define GROUPS     32
#define FLOWS      256
#define OF_FIRST   48 /* requests in the loop of thread 0 */
#define OF_OTHERS  4
#define PACKETS    1024 /* of each thread */
#define ROOM       64
#define MIGRATIONS 100
#define ARENA      (1u << 18)

struct message {
	struct ix_message_header header;
	uint32_t flow, number, origin;
};

/* What the application knows of a connection: no locks, no atomics. */
struct flow {
	uint32_t seen;
	unsigned worked_on;
	uint64_t refused, refusals; /* calls that must fail, and what was told of them */
};

struct elastic {
	_Atomic unsigned interrupt; /* asked for */
	_Atomic unsigned polls;
	_Atomic unsigned in_loop; /* requests that have no reply yet */
	sem_t woken;
	struct ix_packet *free;
	struct ix_packet *_Atomic returned;
	uint64_t seed, echoed, interrupts, waits;
	struct ix_sg sg[1024];
	struct ix_event postponed[1024]; /* RECV_DONE in a further user phase, on held connections */
	unsigned postponed_count;
	struct ix_runtime *runtime; /* NULL: the application is on the bare arrays */
	_Alignas(16) uint8_t arena[ARENA];
};

static struct {
	struct ix_dataplane *dataplane;
	struct elastic elastic[THREADS];
	struct ix_packet packet[THREADS][PACKETS];
	uint8_t data[THREADS][PACKETS][ROOM];
	_Atomic unsigned reta[GROUPS];
	struct flow flow[FLOWS];
	uint32_t requested[FLOWS]; /* of whose ring it is */
	uint32_t replied[FLOWS];   /* of its home thread */
	_Atomic uint64_t left;     /* requests to come */
	_Atomic uint64_t steals;
	_Atomic unsigned errors, migrated, stop, connections;
	int waiting; /* idle threads wait for kicks */
} test;

static _Thread_local struct ix_thread *thread_running;

static void check_at(int good, int line)
{
	if (!good && !atomic_fetch_add(&test.errors, 1))
		printf("line %d: not so\n", line);
}
#define check(good) check_at(good, __LINE__)

static uint32_t random_below(uint64_t *seed, uint32_t n)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (uint32_t)((*seed >> 32) * n >> 32);
}

static uint64_t clock_ns(void *context, unsigned thread)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void packet_free(void *context, struct ix_packet *packet)
{
	struct elastic *owner = &test.elastic[packet->user[0]];

	packet->next = atomic_load_explicit(&owner->returned, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(&owner->returned, &packet->next, packet, memory_order_release,
						      memory_order_relaxed))
		continue;
}

static struct ix_packet *packet_alloc(void *context, unsigned thread)
{
	struct elastic *elastic = &test.elastic[thread];
	struct ix_packet *packet;

	if (!elastic->free)
		elastic->free = atomic_exchange_explicit(&elastic->returned, NULL, memory_order_acquire);
	packet = elastic->free;
	if (packet)
		elastic->free = packet->next;
	return packet;
}

/* Others than thread 0 find something now and then only, so that they steal. */
static unsigned room_of(unsigned thread)
{
	if (thread == 0)
		return OF_FIRST;
	return atomic_load_explicit(&test.elastic[thread].polls, memory_order_relaxed) % 64 ? 0 : OF_OTHERS;
}

static int ring_waiting(void *context, unsigned thread)
{
	return atomic_load_explicit(&test.left, memory_order_relaxed) &&
	       atomic_load_explicit(&test.elastic[thread].in_loop, memory_order_relaxed) < room_of(thread);
}

/* A flow whose group is steered to @thread; FLOWS: none found. */
static uint32_t flow_of(unsigned thread)
{
	for (int tries = 0; tries < 64; tries++) {
		uint32_t flow = random_below(&test.elastic[thread].seed, FLOWS);

		if (atomic_load_explicit(&test.reta[flow % GROUPS], memory_order_acquire) == thread)
			return flow;
	}
	return FLOWS;
}

static int take_one_of_the_requests_left(void)
{
	uint64_t left = atomic_load_explicit(&test.left, memory_order_relaxed);

	while (left)
		if (atomic_compare_exchange_weak_explicit(&test.left, &left, left - 1, memory_order_relaxed,
							  memory_order_relaxed))
			return 1;
	return 0;
}

static unsigned receive(void *context, unsigned thread, struct ix_packet **packets, unsigned n)
{
	struct elastic *elastic = &test.elastic[thread];
	unsigned i;

	atomic_fetch_add_explicit(&elastic->polls, 1, memory_order_relaxed);
	for (i = 0; i < n && ring_waiting(NULL, thread); i++) {
		uint32_t flow = flow_of(thread);
		struct message message = {{.connection = flow / GROUPS}, flow, 0, thread};
		struct ix_packet *packet = flow < FLOWS ? packet_alloc(NULL, thread) : NULL;

		if (!packet || !take_one_of_the_requests_left()) {
			if (packet)
				packet_free(NULL, packet);
			break;
		}
		message.number = test.requested[flow]++;
		memcpy(packet->data, &message, sizeof(message));
		packet->length = sizeof(message);
		packet->rss_hash = flow;
		packet->arrival_ns = 0;
		atomic_fetch_add_explicit(&elastic->in_loop, 1, memory_order_relaxed);
		packets[i] = packet;
	}
	return i;
}

static unsigned transmit(void *context, unsigned thread, struct ix_packet **packets, unsigned n)
{
	struct message message;

	for (unsigned i = 0; i < n; i++) {
		memcpy(&message, packets[i]->data, sizeof(message));
		check(message.number == test.replied[message.flow]++);
		atomic_fetch_sub_explicit(&test.elastic[message.origin].in_loop, 1, memory_order_relaxed);
		packet_free(context, packets[i]);
	}
	return n;
}

static int steer(void *context, unsigned group, unsigned thread)
{
	atomic_store_explicit(&test.reta[group], thread, memory_order_release);
	return 0;
}

static void kick(void *context, unsigned thread, int interrupt)
{
	if (interrupt)
		atomic_store_explicit(&test.elastic[thread].interrupt, 1, memory_order_relaxed);
	else if (test.waiting)
		sem_post(&test.elastic[thread].woken);
}

static void *allocate(void *context, size_t size, size_t align)
{
	size_t rounded = (size + align - 1) / align * align;
	void *memory = aligned_alloc(align, rounded);

	return memory ? memset(memory, 0, rounded) : NULL;
}

static void release(void *context, void *memory)
{
	free(memory);
}

/* An interrupt arrives if one was asked for. */
static void interruptible(struct ix_thread *thread)
{
	struct ix_work work = {0};

	if (!atomic_load_explicit(&test.elastic[thread->id].interrupt, memory_order_relaxed))
		return;
	atomic_store_explicit(&test.elastic[thread->id].interrupt, 0, memory_order_relaxed);
	ix_kernel_interrupt(thread, &work);
	test.elastic[thread->id].interrupts++;
}

static void receive_done(struct ix_thread *thread, const struct ix_event *event)
{
	thread->calls[thread->call_count++] = (struct ix_call){
	    .type = IX_CALL_RECV_DONE, .handle = event->handle, .buffer = event->buffer, .length = event->length};
}

static void send_back(struct ix_thread *thread, const struct ix_event *event, unsigned slot, struct flow *flow,
		      uint32_t length)
{
	struct elastic *elastic = &test.elastic[thread->id];

	elastic->sg[slot] = (struct ix_sg){.buffer = event->buffer, .length = length};
	thread->calls[thread->call_count++] =
	    (struct ix_call){.type = IX_CALL_SENDV,
			     .handle = event->handle,
			     .cookie = (ix_cookie)(flow - test.flow),
			     .count = 1,
			     .buffer = (ix_buffer)((char *)&elastic->sg[slot] - (char *)test.elastic)};
}

/* The request of thread 0 under way lasts until another thread has taken one, or ten seconds. */
static void wait_for_a_thief(struct ix_thread *thread)
{
	uint64_t end_ns = clock_ns(NULL, 0) + 10000000000u, before = atomic_load(&test.steals);

	while (atomic_load(&test.steals) == before && atomic_load(&test.elastic[0].in_loop) > 1 &&
	       clock_ns(NULL, 0) < end_ns) {
		interruptible(thread);
		sched_yield();
	}
}

static void work_on(struct ix_thread *thread, struct flow *flow)
{
	struct elastic *elastic = &test.elastic[thread->id];

	check(flow->worked_on++ == 0);
	interruptible(thread);
	if (random_below(&elastic->seed, 32) == 0)
		sched_yield(); /* long service times, for threads that share few processors */
	if (thread->id == 0 && elastic->echoed % 10000 == 0)
		wait_for_a_thief(thread);
	check(flow->worked_on-- == 1);
}

static void on_request(struct ix_thread *thread, const struct ix_event *event, unsigned slot)
{
	struct elastic *elastic = &test.elastic[thread->id];
	struct message message;
	struct flow *flow;

	memcpy((char *)&message + sizeof(message.header),
	       ix_buffer_memory(thread->dataplane, event->buffer, event->length), event->length);
	flow = &test.flow[message.flow % FLOWS];
	check(message.number == flow->seen++);
	work_on(thread, flow);
	if (random_below(&elastic->seed, 64) == 0) { /* longer than a packet: refused, and told */
		flow->refused++;
		send_back(thread, event, 2 * slot, flow, ROOM - sizeof(message.header));
	}
	send_back(thread, event, 2 * slot + 1, flow, event->length);
	if (random_below(&elastic->seed, 16) == 0)
		elastic->postponed[elastic->postponed_count++] = *event;
	else
		receive_done(thread, event);
	elastic->echoed++;
}

static void on_result(const struct ix_event *event)
{
	struct flow *flow = &test.flow[event->cookie % FLOWS];

	check(event->call == IX_CALL_SENDV && event->status == IX_ERR_BAD_LENGTH);
	check(++flow->refusals <= flow->refused);
}

static void user_phase(struct ix_thread *thread)
{
	struct elastic *elastic = &test.elastic[thread->id];
	unsigned i;

	for (i = 0; i < elastic->postponed_count; i++)
		receive_done(thread, &elastic->postponed[i]);
	elastic->postponed_count = 0;
	for (i = 0; i < thread->event_count && !elastic->runtime; i++)
		if (thread->events[i].type == IX_EVENT_RECV)
			on_request(thread, &thread->events[i], i);
		else if (thread->events[i].type == IX_EVENT_RESULT)
			on_result(&thread->events[i]);
		else
			check(thread->events[i].type == IX_EVENT_TIMER);
	interruptible(thread);
	if (elastic->runtime)
		return;
	if (random_below(&elastic->seed, 32) == 0)
		thread->calls[thread->call_count++] = (struct ix_call){.type = IX_CALL_TIMER, .delay_ns = 1000};
	thread->hold = elastic->postponed_count;
}

static void echo(struct ix_connection *c)
{
	struct ix_thread *thread = thread_running;
	struct elastic *elastic = &test.elastic[thread->id];
	uint32_t request[3]; /* a message without its header */
	struct flow *flow;

	check(ix_connection_runtime(c) == elastic->runtime);
	while (ix_read(c, request, sizeof(request)) == sizeof(request)) {
		flow = &test.flow[request[0] % FLOWS];
		if (!ix_connection_context(c))
			ix_connection_set_context(c, flow);
		check(ix_connection_context(c) == flow);
		check(request[1] == flow->seen++);
		work_on(thread, flow);
		check(ix_write(c, request, sizeof(request)) == 0);
		elastic->echoed++;
	}
}

static void sent(struct ix_connection *c, uint32_t bytes)
{
	struct flow *flow = ix_connection_context(c);

	flow->refused += bytes / (3 * sizeof(uint32_t)); /* counts messages here: each is told of */
	flow->refusals = flow->refused;
	check(flow->refused == flow->seen);
}

static const struct ix_handler echo_handler = {.received = echo};
static const struct ix_handler told_handler = {.received = echo, .sent = sent};

static const struct ix_handler *accept_all(void *policy_context, uint32_t ip, uint16_t port, void **context)
{
	/* Some are told of what has been sent, in one more user phase. */
	return atomic_fetch_add(&test.connections, 1) % 4 ? &echo_handler : &told_handler;
}

static void start_runtime(struct ix_thread *thread)
{
	struct elastic *elastic = &test.elastic[thread->id];
	struct ix_binding binding = {
	    .events = thread->events,
	    .event_count = &thread->event_count,
	    .calls = thread->calls,
	    .call_capacity = thread->dataplane->options.calls,
	    .call_count = &thread->call_count,
	    .pool = {(uint8_t *)test.elastic, (uint8_t *)test.data},
	    .pool_size = {sizeof(test.elastic), sizeof(test.data)},
	    .arena_offset = (uint64_t)(elastic->arena - (uint8_t *)test.elastic),
	    .arena_size = ARENA,
	    .message = 1,
	    .results_by_event = 1,
	    .hold = &thread->hold,
	};

	elastic->runtime = ix_runtime_create(&binding);
	assert_non_null(elastic->runtime);
	assert_int_equal(ix_listen(elastic->runtime, 0, accept_all, NULL), 0);
}

static void wait_for_work(struct ix_thread *thread)
{
	struct elastic *elastic = &test.elastic[thread->id];
	struct timespec until;
	uint64_t until_ns;

	ix_thread_idle(thread, 1);
	if (!ix_thread_has_work(thread, clock_ns(NULL, 0), &until_ns) && !ring_waiting(NULL, thread->id)) {
		elastic->waits++;
		until = (struct timespec){(time_t)(until_ns / 1000000000u), (long)(until_ns % 1000000000u)};
		while (sem_clockwait(&elastic->woken, CLOCK_MONOTONIC, &until) && errno == EINTR)
			continue;
	}
	ix_thread_idle(thread, 0);
}

/* Connections of this thread that are ready or that somebody works on: their calls will be shipped here. */
static int awaited(const struct ix_thread *thread)
{
	const struct ix_flow_group *group = thread->dataplane->group;

	for (unsigned i = 0; i < GROUPS; i++)
		if (ix_owns(thread, &group[i]) && group[i].active)
			return 1;
	return 0;
}

/* Work of this thread's. */
static int unfinished(const struct ix_thread *thread)
{
	const struct ix_zygos *zygos = ix_zygos_of(thread);

	return awaited(thread) || atomic_load(&test.left) || atomic_load(&test.elastic[thread->id].in_loop) ||
	       zygos->own || zygos->stolen || thread->call_count;
}

static void *elastic_thread(void *argument)
{
	struct ix_thread *thread = argument;
	unsigned quiet = 0;

	thread_running = thread;
	while (quiet < 10 && !atomic_load_explicit(&test.errors, memory_order_relaxed)) {
		struct ix_work work = {0};

		ix_kernel_enter(thread, &work);
		if (work.steals)
			atomic_fetch_add_explicit(&test.steals, work.steals, memory_order_relaxed);
		if (test.elastic[thread->id].runtime)
			ix_runtime_run(test.elastic[thread->id].runtime);
		if (thread->event_count || test.elastic[thread->id].postponed_count)
			user_phase(thread);
		else if (test.waiting)
			wait_for_work(thread);
		else if (!work.remote_calls)
			sched_yield();
		quiet = atomic_load_explicit(&test.stop, memory_order_relaxed) && !unfinished(thread) ? quiet + 1 : 0;
	}
	return NULL;
}

static void migrated(void *context, const struct ix_migration_report *report)
{
	atomic_fetch_add(&test.migrated, 1);
}

/* Moves groups to and fro, most of them to thread 0. */
static unsigned migrate(void)
{
	uint64_t seed = 1234567;
	unsigned requested = 0, groups[GROUPS], count, i;

	while (requested < MIGRATIONS && atomic_load(&test.left) && !atomic_load(&test.errors)) {
		unsigned from = random_below(&seed, THREADS), to = from ? 0 : 1 + random_below(&seed, THREADS - 1);

		count = 1 + random_below(&seed, GROUPS / 2);
		for (i = 0; i < count; i++)
			groups[i] = random_below(&seed, GROUPS);
		requested += ix_migrate(test.dataplane, from, to, groups, count, migrated, NULL) == 0;
		sched_yield();
	}
	return requested;
}

static uint64_t events_to_handle(void)
{
	const char *events = getenv("IXLAB_STRESS_EVENTS");

	return events ? strtoull(events, NULL, 10) : 30000;
}

static void set_up(const struct ix_scheduler *scheduler, int waiting, int with_library)
{
	struct ix_options options = ix_options_default;
	struct ix_platform platform = {
	    .clock_ns = clock_ns,
	    .receive = receive,
	    .transmit = transmit,
	    .steer = steer,
	    .kick = kick,
	    .ring_waiting = ring_waiting,
	    .packet_alloc = packet_alloc,
	    .packet_free = packet_free,
	    .data_room = sizeof(struct message),
	    .allocate = allocate,
	    .release = release,
	    .pool_base = {(uint8_t *)test.elastic, (uint8_t *)test.data},
	    .pool_size = {sizeof(test.elastic), sizeof(test.data)},
	};

	memset(&test, 0, sizeof(test));
	options.threads = THREADS;
	options.groups = GROUPS;
	options.events = 256;
	options.calls = 1024;
	options.batch_bound = 16;
	options.migration_fallback_ns = 200000;
	options.scheduler = scheduler;
	test.waiting = waiting;
	test.left = events_to_handle();
	for (unsigned t = 0; t < THREADS; t++) {
		test.elastic[t].seed = 88172645463325252ull + t;
		sem_init(&test.elastic[t].woken, 0, 0);
		for (unsigned i = 0; i < PACKETS; i++) {
			test.packet[t][i].data = test.data[t][i];
			test.packet[t][i].user[0] = t;
			packet_free(NULL, &test.packet[t][i]);
		}
	}
	assert_int_equal(ix_dataplane_create(&test.dataplane, &options, &platform), 0);
	for (unsigned t = 0; with_library && t < THREADS; t++)
		start_runtime(&test.dataplane->thread[t]);
}

static void check_end(uint64_t events)
{
	uint64_t echoed = 0, steals = 0, shipped = 0, run = 0, interrupts = 0, waits = 0;

	assert_int_equal(atomic_load(&test.errors), 0);
	for (unsigned t = 0; t < THREADS; t++) {
		const struct ix_thread *thread = &test.dataplane->thread[t];

		assert_null(ix_shuffle_validate(&ix_zygos_of(thread)->shuffle));
		assert_int_equal(atomic_load(&ix_zygos_of(thread)->shuffle.ready), 0);
		echoed += test.elastic[t].echoed;
		interrupts += test.elastic[t].interrupts;
		waits += test.elastic[t].waits;
		steals += thread->counter_steals;
		shipped += thread->counter_shipped;
		run += thread->counter_remote_calls;
		sem_destroy(&test.elastic[t].woken);
	}
	assert_int_equal(echoed, events);
	assert_int_equal(shipped, run);
	assert_true(steals > 0);
	for (unsigned i = 0; i < FLOWS; i++) {
		assert_int_equal(test.flow[i].seen, test.requested[i]);
		assert_int_equal(test.replied[i], test.requested[i]);
		assert_int_equal(test.flow[i].refusals, test.flow[i].refused);
	}
	for (unsigned i = 0; i < GROUPS; i++)
		assert_int_equal(test.dataplane->group[i].active, 0);
	printf("%llu requests, %.2f stolen, %llu interrupts, %llu waits, %u migrations\n", (unsigned long long)events,
	       (double)steals / (double)events, (unsigned long long)interrupts, (unsigned long long)waits,
	       atomic_load(&test.migrated));
}

static void run(const struct ix_scheduler *scheduler, int waiting, int with_library, int with_migrations)
{
	pthread_t thread[THREADS];
	uint64_t events = events_to_handle();
	unsigned requested = 0, i;

	set_up(scheduler, waiting, with_library);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, elastic_thread, &test.dataplane->thread[i]), 0);
	if (with_migrations)
		requested = migrate();
	while (!atomic_load(&test.errors) && atomic_load(&test.migrated) < requested)
		sched_yield();
	atomic_store(&test.stop, 1);
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	check_end(events);
	for (i = 0; i < THREADS; i++)
		ix_runtime_destroy(test.elastic[i].runtime);
	ix_dataplane_destroy(test.dataplane);
}

static void test_spinning(void **state)
{
	run(&ix_scheduler_zygos, 0, 0, 0);
}

static void test_waiting(void **state)
{
	run(&ix_scheduler_zygos, 1, 0, 0);
}

static void test_cooperative(void **state)
{
	run(&ix_scheduler_zygos_cooperative, 0, 0, 0);
}

static void test_migrations(void **state)
{
	run(&ix_scheduler_zygos, 0, 0, 1);
}

static void test_libix(void **state)
{
	run(&ix_scheduler_zygos, 0, 1, 0);
}

static void test_libix_with_migrations(void **state)
{
	run(&ix_scheduler_zygos, 0, 1, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_spinning),    cmocka_unit_test(test_waiting),
	    cmocka_unit_test(test_cooperative), cmocka_unit_test(test_migrations),
	    cmocka_unit_test(test_libix),       cmocka_unit_test(test_libix_with_migrations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

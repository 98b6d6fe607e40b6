/*
 * Real threads: elastic threads that echo, a client, a controller that migrates flow groups and reads metrics, for the
 * thread sanitizer. The application's record of a flow is plain memory, so a migration that did not order one owner's
 * work before the next one's would be a race. For the same reason the NIC has no lock between elastic threads: a ring
 * per thread with one producer, reply packets of each thread's own, requests given back through a lock-free stack. Only
 * re-steering and an arrival exclude each other, as they do in hardware. The application is once on the bare arrays and
 * once on libix, whose connections change threads with their flow groups.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "impl/core/dataplane.h"
#include "impl/core/stack_message.h"
#include "impl/libix/libix.h"
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define THREADS    4
#define GROUPS     32
#define FLOWS      128
#define RING       512
#define REQUESTS   400
#define REPLIES    2048
#define ROOM       64
#define MESSAGES   60000
#define MIGRATIONS 300

struct message {
	struct ix_message_header header;
	uint32_t flow, number;
};

struct ring {
	struct ix_packet *slot[RING];
	_Atomic unsigned head, tail;
};

static struct {
	struct ix_dataplane *dataplane;
	struct ring ring[THREADS];
	struct ix_packet *_Atomic returned; /* requests, for the client */
	struct ix_packet *replies[THREADS]; /* free ones of each thread */
	struct ix_packet packet[REQUESTS + THREADS * REPLIES];
	uint8_t data[REQUESTS + THREADS * REPLIES][ROOM];
	struct ix_sg sg[THREADS][65536]; /* the application pool: arrays, or arenas of libix */
	struct ix_runtime *runtime[THREADS];
	pthread_mutex_t steering;
	unsigned reta[GROUPS];
	uint32_t seen[FLOWS], replied[FLOWS]; /* plain: each is its flow's owner's */
	unsigned received[FLOWS];
	_Atomic unsigned connections, total_seen, total_replied, errors, migrated, stop;
} test;

static void check(int good)
{
	if (!good)
		atomic_fetch_add(&test.errors, 1);
}

static uint64_t clock_ns(void *context, unsigned thread)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static unsigned receive(void *context, unsigned thread, struct ix_packet **packets, unsigned n)
{
	struct ring *ring = &test.ring[thread];
	unsigned head = atomic_load_explicit(&ring->head, memory_order_relaxed), i;
	unsigned tail = atomic_load_explicit(&ring->tail, memory_order_acquire);

	for (i = 0; i < n && head + i != tail; i++)
		packets[i] = ring->slot[(head + i) % RING];
	atomic_store_explicit(&ring->head, head + i, memory_order_release);
	return i;
}

static void packet_free(void *context, struct ix_packet *packet)
{
	size_t index = (size_t)(packet - test.packet);
	unsigned thread;

	if (index >= REQUESTS) {
		thread = (unsigned)(index - REQUESTS) / REPLIES;
		packet->next = test.replies[thread];
		test.replies[thread] = packet;
		return;
	}
	packet->next = atomic_load_explicit(&test.returned, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(&test.returned, &packet->next, packet, memory_order_release,
						      memory_order_relaxed))
		continue;
}

static struct ix_packet *packet_alloc(void *context, unsigned thread)
{
	struct ix_packet *packet = test.replies[thread];

	if (packet)
		test.replies[thread] = packet->next;
	return packet;
}

static unsigned transmit(void *context, unsigned thread, struct ix_packet **packets, unsigned n)
{
	struct message message;
	unsigned i;

	for (i = 0; i < n; i++) {
		memcpy(&message, packets[i]->data, sizeof(message));
		check(message.number == test.replied[message.flow]++);
		packet_free(context, packets[i]);
	}
	/* A reply may leave many cycles after its request was seen: libix sends one message a cycle and connection. */
	atomic_fetch_add_explicit(&test.total_replied, n, memory_order_relaxed);
	return n;
}

static int steer(void *context, unsigned group, unsigned thread)
{
	pthread_mutex_lock(&test.steering);
	test.reta[group] = thread;
	pthread_mutex_unlock(&test.steering);
	return 0;
}

static void kick(void *context, unsigned thread, int interrupt)
{
	/* these threads never sleep */
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

static void user_phase(struct ix_thread *thread)
{
	unsigned i;

	for (i = 0; i < thread->event_count; i++) {
		const struct ix_event *event = &thread->events[i];
		struct ix_sg *sg = &test.sg[thread->id][i];
		uint32_t flow_and_number[2];

		check(event->type == IX_EVENT_RECV);
		memcpy(flow_and_number, ix_buffer_memory(thread->dataplane, event->buffer, 8), 8);
		check(flow_and_number[1] == test.seen[flow_and_number[0]]++);
		*sg = (struct ix_sg){.buffer = event->buffer, .length = event->length};
		thread->calls[thread->call_count++] =
		    (struct ix_call){.type = IX_CALL_SENDV,
				     .handle = event->handle,
				     .count = 1,
				     .buffer = (ix_buffer)((char *)sg - (char *)test.sg)};
		thread->calls[thread->call_count++] = (struct ix_call){.type = IX_CALL_RECV_DONE,
								       .handle = event->handle,
								       .buffer = event->buffer,
								       .length = event->length};
	}
	if (i)
		atomic_fetch_add_explicit(&test.total_seen, i, memory_order_relaxed);
}

static void echo(struct ix_connection *c)
{
	uint32_t flow_and_number[2];
	unsigned *received = ix_connection_context(c); /* plain memory again, the connection's own */
	unsigned n = 0;

	while (ix_read(c, flow_and_number, sizeof(flow_and_number)) == sizeof(flow_and_number)) {
		check(flow_and_number[1] == test.seen[flow_and_number[0]]++);
		check(ix_write(c, flow_and_number, sizeof(flow_and_number)) == 0);
		n++;
	}
	*received += n;
	atomic_fetch_add_explicit(&test.total_seen, n, memory_order_relaxed);
}

static const struct ix_handler echo_handler = {.received = echo};

static const struct ix_handler *accept_all(void *policy_context, uint32_t ip, uint16_t port, void **context)
{
	unsigned number = atomic_fetch_add(&test.connections, 1);

	check(number < FLOWS); /* each is opened once */
	*context = &test.received[number % FLOWS];
	return &echo_handler;
}

static struct ix_runtime *runtime_of(struct ix_thread *thread)
{
	struct ix_binding binding = {
	    .events = thread->events,
	    .event_count = &thread->event_count,
	    .calls = thread->calls,
	    .call_capacity = thread->dataplane->options.calls,
	    .call_count = &thread->call_count,
	    .pool = {(uint8_t *)test.sg, (uint8_t *)test.data},
	    .pool_size = {sizeof(test.sg), sizeof(test.data)},
	    .arena_offset = thread->id * sizeof(test.sg[0]),
	    .arena_size = sizeof(test.sg[0]),
	    .message = 1,
	};
	struct ix_runtime *runtime = ix_runtime_create(&binding);

	assert_non_null(runtime);
	assert_int_equal(ix_listen(runtime, 0, accept_all, NULL), 0);
	return runtime;
}

static void *elastic_thread(void *argument)
{
	struct ix_thread *thread = argument;
	unsigned quiet = 0;

	while (quiet < 10) {
		struct ix_work work = {0};

		quiet = atomic_load(&test.stop) ? quiet + 1 : 0;
		ix_kernel_enter(thread, &work);
		check(thread->counter_calls_failed == 0);
		if (test.runtime[thread->id])
			ix_runtime_run(test.runtime[thread->id]);
		else
			user_phase(thread);
		if (!work.processed && !work.calls)
			sched_yield();
	}
	return NULL;
}

/* One arrival; 0 if the ring is full. */
static int arrive(struct ix_packet *packet, const struct message *message)
{
	struct ring *ring;
	unsigned tail;

	memcpy(packet->data, message, sizeof(*message));
	packet->length = sizeof(*message);
	packet->rss_hash = message->flow;
	packet->arrival_ns = 0;
	pthread_mutex_lock(&test.steering);
	ring = &test.ring[test.reta[message->flow % GROUPS]];
	tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
	if (tail - atomic_load_explicit(&ring->head, memory_order_acquire) < RING) {
		ring->slot[tail % RING] = packet;
		atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
		packet = NULL;
	}
	pthread_mutex_unlock(&test.steering);
	return packet == NULL;
}

static uint32_t random_below(uint64_t *seed, uint32_t n)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (uint32_t)(*seed >> 32) % n;
}

/* Waits for replies: libix keeps what cannot leave yet, and its memory is not without end. */
static void *client(void *argument)
{
	uint32_t number[FLOWS] = {0};
	struct ix_packet *packet, *next;
	uint64_t seed = 88172645463325252ull;
	unsigned sent = 0;

	while (sent < MESSAGES && !atomic_load(&test.errors)) {
		packet = atomic_exchange_explicit(&test.returned, NULL, memory_order_acquire);
		for (; packet; packet = next) {
			uint32_t flow = random_below(&seed, FLOWS);
			struct message message = {{.connection = flow / GROUPS}, flow, number[flow]};

			next = packet->next;
			if (sent < MESSAGES && sent - atomic_load(&test.total_replied) < REQUESTS &&
			    arrive(packet, &message)) {
				number[flow]++;
				sent++;
			} else {
				packet_free(NULL, packet);
			}
		}
		sched_yield();
	}
	return NULL;
}

static void migrated(void *context, const struct ix_migration_report *report)
{
	atomic_fetch_add(&test.migrated, 1);
}

static void *controller(void *argument)
{
	uint64_t seed = 1234567;
	unsigned requested = 0, groups[GROUPS], i, count;
	double total = 0;

	while (requested < MIGRATIONS && !atomic_load(&test.errors)) {
		unsigned from = random_below(&seed, THREADS),
			 to = (from + 1 + random_below(&seed, THREADS - 1)) % THREADS;

		count = 1 + random_below(&seed, GROUPS);
		for (i = 0; i < count; i++)
			groups[i] = random_below(&seed, GROUPS);
		requested += ix_migrate(test.dataplane, from, to, groups, count, migrated, NULL) == 0;
		for (i = 0; i < THREADS; i++)
			total += test.dataplane->thread[i].metrics.queue_packets[IX_EMA_FAST] +
				 (double)test.dataplane->thread[i].metrics.intervals;
		total += (double)test.dataplane->migration_totals.packets_deferred;
		sched_yield();
	}
	check(total >= 0);
	return NULL;
}

static void set_up(int with_library)
{
	struct ix_options options = ix_options_default;
	struct ix_platform platform = {
	    .clock_ns = clock_ns,
	    .receive = receive,
	    .transmit = transmit,
	    .steer = steer,
	    .kick = kick,
	    .packet_alloc = packet_alloc,
	    .packet_free = packet_free,
	    .data_room = ROOM,
	    .allocate = allocate,
	    .release = release,
	    .pool_base = {(uint8_t *)test.sg, (uint8_t *)test.data},
	    .pool_size = {sizeof(test.sg), sizeof(test.data)},
	};
	size_t i;

	memset(&test, 0, sizeof(test));
	options.threads = THREADS;
	options.groups = GROUPS;
	options.migration_fallback_ns = 200000;
	pthread_mutex_init(&test.steering, NULL);
	for (i = 0; i < REQUESTS + THREADS * REPLIES; i++) {
		test.packet[i].data = test.data[i];
		packet_free(NULL, &test.packet[i]);
	}
	assert_int_equal(ix_dataplane_create(&test.dataplane, &options, &platform), 0);
	for (i = 0; with_library && i < THREADS; i++)
		test.runtime[i] = runtime_of(&test.dataplane->thread[i]);
}

static void run(int with_library)
{
	pthread_t thread[THREADS], client_thread, controller_thread;
	uint64_t handed_over = 0;
	int i;

	set_up(with_library);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, elastic_thread, &test.dataplane->thread[i]), 0);
	assert_int_equal(pthread_create(&client_thread, NULL, client, NULL), 0);
	assert_int_equal(pthread_create(&controller_thread, NULL, controller, NULL), 0);
	pthread_join(client_thread, NULL);
	pthread_join(controller_thread, NULL);
	while (!atomic_load(&test.errors) &&
	       (atomic_load(&test.total_replied) < MESSAGES || atomic_load(&test.migrated) < MIGRATIONS))
		sched_yield();
	atomic_store(&test.stop, 1);
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	for (i = 0; i < THREADS; i++)
		handed_over += test.dataplane->thread[i].counter_handed_over;
	assert_int_equal(atomic_load(&test.errors), 0);
	assert_int_equal(handed_over, 0);
	assert_int_equal(atomic_load(&test.total_seen), MESSAGES);
	for (i = 0; i < FLOWS; i++)
		assert_int_equal(test.seen[i], test.replied[i]);
	assert_true(test.dataplane->migration_totals.groups > MIGRATIONS);
	for (i = 0; i < THREADS; i++)
		ix_runtime_destroy(test.runtime[i]);
	ix_dataplane_destroy(test.dataplane);
}

static void test_migrations_on_the_arrays(void **state)
{
	run(0);
}

static void test_migrations_on_libix(void **state)
{
	run(1);
}

#define POSTERS 3
#define POSTS   20000

struct numbered {
	struct ix_message message; /* first */
	unsigned poster, number;
};

static struct ix_mailbox mailbox;
static struct numbered posts[POSTERS][POSTS];

static void *poster(void *argument)
{
	struct numbered *mine = argument;
	unsigned i;

	for (i = 0; i < POSTS; i++)
		ix_mailbox_post(&mailbox, &mine[i].message);
	return NULL;
}

/* Everything posted is taken once, in the order of its poster. */
static void test_mailbox(void **state)
{
	pthread_t thread[POSTERS];
	unsigned next[POSTERS] = {0}, taken = 0, p, i;

	ix_mailbox_init(&mailbox);
	assert_true(ix_mailbox_empty(&mailbox));
	for (p = 0; p < POSTERS; p++)
		for (i = 0; i < POSTS; i++)
			posts[p][i] = (struct numbered){.poster = p, .number = i};
	for (p = 0; p < POSTERS; p++)
		assert_int_equal(pthread_create(&thread[p], NULL, poster, posts[p]), 0);
	while (taken < POSTERS * POSTS) {
		struct numbered *post = (struct numbered *)ix_mailbox_take(&mailbox);

		if (!post) {
			sched_yield();
			continue;
		}
		assert_int_equal(post->number, next[post->poster]++);
		taken++;
	}
	for (p = 0; p < POSTERS; p++)
		pthread_join(thread[p], NULL);
	assert_null(ix_mailbox_take(&mailbox));
	assert_true(ix_mailbox_empty(&mailbox));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_mailbox),
	    cmocka_unit_test(test_migrations_on_the_arrays),
	    cmocka_unit_test(test_migrations_on_libix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

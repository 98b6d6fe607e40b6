/*
 * The ARP table under real threads, for the thread sanitizer: four elastic threads, each sending datagrams to hosts
 * whose link addresses change all the time, while requests from ever new hosts overfill the table, so that entries are
 * evicted and freed under the readers. Each link address contains its IP address and a number: a frame shows whether it
 * was torn, someone else's, or from the future. Frames go from the driver to the threads and never back, and no thread
 * waits for another, so that nothing but the table orders what threads do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/tcp/raw.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define THREADS     4
#define FRAMES      8192 /* for each thread at most */
#define DRIVEN      32000
#define SENDING     512 /* packets of each thread's own */
#define ROOM        1600
#define FRAME_ROOM  64
#define STABLE      64       /* hosts 10.0.0.16 and so on are refreshed in time */
#define PASSING     0x10000u /* hosts 10.1.0.0 and so on ask once */
#define TABLE       4096     /* entries of the table */
#define STEP_NS     (10 * US)
#define LIFETIME_NS (20 * MS)

static struct {
	struct ix_dataplane *dataplane;
	struct ix_packet frame[THREADS][FRAMES], *sending[THREADS];
	struct ix_packet send_packet[THREADS][SENDING];
	uint8_t application[64];
	struct {
		uint8_t frame[THREADS][FRAMES][FRAME_ROOM], sending[THREADS][SENDING][ROOM];
	} data;
	_Atomic unsigned injected[THREADS], taken[THREADS];
	_Atomic uint64_t now_ns;
	_Atomic uint32_t number[STABLE]; /* of the newest link address */
	_Atomic unsigned errors, stop;
	unsigned datagrams[THREADS];
} test;

/* For the thread sanitizer, which is not compiled into liburcu: its own allocations look unordered. */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
	return "called_from_lib:liburcu-qsbr.so\n";
}

static void check(int good)
{
	if (!good)
		atomic_fetch_add_explicit(&test.errors, 1, memory_order_relaxed);
}

static uint32_t stable_ip(unsigned host)
{
	return 0x0a000010u + host;
}

static void make_mac(uint8_t mac[6], uint32_t number, uint32_t ip)
{
	mac[0] = 2;
	mac[1] = (uint8_t)(number >> 8);
	mac[2] = (uint8_t)number;
	mac[3] = (uint8_t)(ip >> 16);
	mac[4] = (uint8_t)(ip >> 8);
	mac[5] = (uint8_t)ip;
}

static uint64_t clock_ns(void *context, unsigned thread)
{
	return atomic_load_explicit(&test.now_ns, memory_order_relaxed);
}

static unsigned receive(void *context, unsigned thread, struct ix_packet **packets, unsigned n)
{
	unsigned from = atomic_load_explicit(&test.taken[thread], memory_order_relaxed), i;
	unsigned to = atomic_load_explicit(&test.injected[thread], memory_order_acquire);

	for (i = 0; i < n && from + i < to; i++)
		packets[i] = &test.frame[thread][from + i];
	atomic_store_explicit(&test.taken[thread], from + i, memory_order_relaxed);
	return i;
}

static struct ix_packet *packet_alloc(void *context, unsigned thread)
{
	struct ix_packet *packet = test.sending[thread];

	if (packet)
		test.sending[thread] = packet->next;
	return packet;
}

/* Packets that brought a frame are used once. */
static void packet_free(void *context, struct ix_packet *packet)
{
	size_t index = (size_t)(packet - test.send_packet[0]);

	if (packet < test.send_packet[0] || index >= (size_t)THREADS * SENDING)
		return;
	packet->next = test.sending[index / SENDING];
	test.sending[index / SENDING] = packet;
}

static unsigned transmit(void *context, unsigned thread, struct ix_packet **packets, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const uint8_t *frame = packets[i]->data;
		unsigned host = frame[33] - 16u, newest = 1;

		if (frame[12] == 8 && frame[13] == 0) {
			if (!frame[31] && host < STABLE)
				newest = atomic_load_explicit(&test.number[host], memory_order_relaxed);
			check(!memcmp(frame + 3, frame + 31, 3));
			check(((unsigned)frame[1] << 8 | frame[2]) <= newest);
			test.datagrams[thread]++;
		}
		packet_free(NULL, packets[i]);
	}
	return n;
}

static int steer(void *context, unsigned group, unsigned thread)
{
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

static void send_datagram(struct ix_thread *thread, uint32_t ip)
{
	thread->calls[thread->call_count++] =
	    (struct ix_call){.type = IX_CALL_UDP_SEND, .ip = ip, .port = 9, .local_port = 5000, .length = 16};
}

static void *elastic_thread(void *argument)
{
	struct ix_thread *thread = argument;
	unsigned id = thread->id, host = id;

	while (!atomic_load_explicit(&test.stop, memory_order_relaxed) ||
	       atomic_load_explicit(&test.taken[id], memory_order_relaxed) <
		   atomic_load_explicit(&test.injected[id], memory_order_relaxed)) {
		struct ix_work work = {0};

		host = (host + 7) % STABLE;
		if (atomic_load_explicit(&test.number[host], memory_order_relaxed))
			send_datagram(thread, stable_ip(host));
		ix_kernel_enter(thread, &work);
		if (!work.processed)
			sched_yield();
	}
	return NULL;
}

/* An ARP request for our address; that is what adds an entry. */
static void inject(unsigned thread, uint32_t ip, uint32_t number)
{
	unsigned at = atomic_load_explicit(&test.injected[thread], memory_order_relaxed);
	struct ix_packet *packet = &test.frame[thread][at];
	uint8_t mac[6];

	while (atomic_load_explicit(&test.taken[thread], memory_order_relaxed) + 32 < at)
		sched_yield();
	make_mac(mac, number, ip);
	packet->data = test.data.frame[thread][at];
	packet->length = (uint16_t)raw_arp(packet->data, 1, ip, mac, PAIR_IP(0));
	packet->rss_hash = thread;
	atomic_store_explicit(&test.injected[thread], at + 1, memory_order_release);
	atomic_fetch_add_explicit(&test.now_ns, STEP_NS, memory_order_relaxed);
}

static void set_up(void)
{
	struct ix_options options = ix_options_default;
	struct ix_tcp_options tcp = ix_tcp_options_default;
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
	    .pool_base = {test.application, (uint8_t *)&test.data},
	    .pool_size = {sizeof(test.application), sizeof(test.data)},
	};

	memset(&test, 0, sizeof(test));
	test.now_ns = 1 * SEC;
	for (unsigned t = 0; t < THREADS; t++)
		for (unsigned i = 0; i < SENDING; i++) {
			test.send_packet[t][i].data = test.data.sending[t][i];
			packet_free(NULL, &test.send_packet[t][i]);
		}
	tcp.netmask = 0xff000000;
	tcp.arp_lifetime_ns = LIFETIME_NS;
	tcp.arp_retry_ns = 1 * MS;
	options.threads = THREADS;
	options.groups = THREADS;
	options.stack = &ix_stack_tcp;
	options.stack_options = &tcp;
	assert_int_equal(ix_dataplane_create(&test.dataplane, &options, &platform), 0);
}

/* Every other frame is a new host's. */
static void drive(void)
{
	for (unsigned i = 0; i < DRIVEN; i++) {
		unsigned host = i / 2 % STABLE;

		if (i % 2)
			inject(i / 2 % THREADS, 0x0a000000u + PASSING + i, 1);
		else
			inject(i / 2 / STABLE % THREADS, stable_ip(host),
			       atomic_fetch_add_explicit(&test.number[host], 1, memory_order_relaxed) + 1);
	}
}

/* A host that asks when the table has long been full finds room: old entries have gone. */
static void check_late_host(void)
{
	const uint32_t late = 0x0a020001u;
	struct ix_thread *thread = &test.dataplane->thread[0];
	unsigned before;
	struct ix_work work = {0};

	inject(0, late, 1);
	ix_kernel_enter(thread, &work);
	assert_int_equal(work.processed, 1);
	send_datagram(thread, late);
	before = test.datagrams[0];
	ix_kernel_enter(thread, &work);
	assert_int_equal(test.datagrams[0], before + 1);
}

static void test_eviction_under_readers(void **state)
{
	pthread_t thread[THREADS];

	set_up();
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, elastic_thread, &test.dataplane->thread[i]), 0);
	drive();
	atomic_store_explicit(&test.stop, 1, memory_order_relaxed);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(atomic_load(&test.errors), 0);
	for (unsigned i = 0; i < THREADS; i++)
		assert_true(test.datagrams[i] > DRIVEN / THREADS / 32); /* at least one in a cycle of 32 frames */
	check_late_host();
	ix_dataplane_destroy(test.dataplane);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_eviction_under_readers)};

	_Static_assert(DRIVEN / 2 > 3 * TABLE, "the table overflows");
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * What the core costs by itself: the timing wheel as TCP uses it (thousands of cancels per expiry), and requests per
 * second through the whole cycle with the message stack, an echo application on the bare arrays, and a NIC that only
 * moves pointers. Under zygos once with connections that their home thread works on, and once with nearly all stolen
 * by a second thread: both on one processor, in turn, so that what is measured is instructions, not cache lines that
 * travel.
 */
#include "impl/core/dataplane.h"
#include "impl/core/stack_message.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TIMERS      100000
#define ROUNDS      20000000
#define REQUESTS    10000000
#define PACKETS     1024
#define CONNECTIONS 2752
#define ROOM        256

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static uint64_t fired;

static void fire(struct ix_timer *timer, void *context)
{
	fired++;
}

/* Retransmission timers of 100,000 connections, each moved again and again before it fires. */
static void bench_wheel(void)
{
	static struct ix_wheel wheel;
	static struct ix_timer timer[TIMERS];
	uint64_t now_ns = 0, state = 1, i;
	double begin;

	ix_wheel_init(&wheel, 0);
	for (i = 0; i < TIMERS; i++)
		timer[i].fire = fire;
	begin = seconds();
	for (i = 0; i < ROUNDS; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		ix_wheel_arm(&wheel, &timer[(state >> 33) % TIMERS], now_ns + 200000000, NULL);
		if (i % 64 == 0) {
			now_ns += 10000;
			ix_wheel_run(&wheel, now_ns, ~0u, NULL);
		}
	}
	printf("wheel: %.1f ns to cancel and arm again, %.0f cancels per expiry\n", (seconds() - begin) / ROUNDS * 1e9,
	       (double)ROUNDS / (double)(fired ? fired : 1));
	begin = seconds();
	for (i = 0; i < 1000000; i++) {
		ix_wheel_arm(&wheel, &timer[0], now_ns + 100000000000ull, NULL);
		now_ns += 100001000000ull;
		ix_wheel_run(&wheel, now_ns, ~0u, NULL);
	}
	printf("wheel: %.1f ns to arm a timer, skip 100 s and fire it\n", (seconds() - begin) / 1e6 * 1e9);
}

static struct {
	struct ix_packet packet[PACKETS];
	struct ix_packet *free[PACKETS];
	unsigned free_count;
	uint8_t data[PACKETS][ROOM];
	struct ix_sg sg[2][IX_BATCH_MAX];
	uint64_t now_ns, next, answered;
	unsigned threads; /* the groups of thread 0 alone get requests */
} nic;

static uint64_t clock_ns(void *context, unsigned thread)
{
	return nic.now_ns += 100;
}

static struct ix_packet *packet_alloc(void *context, unsigned thread)
{
	return nic.free_count ? nic.free[--nic.free_count] : NULL;
}

static void packet_free(void *context, struct ix_packet *packet)
{
	nic.free[nic.free_count++] = packet;
}

static unsigned receive(void *context, unsigned thread, struct ix_packet **packets, unsigned n)
{
	unsigned i;

	for (i = 0; i < n && nic.next < nic.answered + 64 && thread == 0; i++, nic.next++) {
		uint32_t connection = (uint32_t)(nic.next * 7919 % CONNECTIONS) * nic.threads;
		struct ix_message_header header = {.connection = connection / 128};

		packets[i] = packet_alloc(NULL, 0);
		memcpy(packets[i]->data, &header, sizeof(header));
		packets[i]->length = 64;
		packets[i]->rss_hash = connection;
		packets[i]->arrival_ns = nic.now_ns;
	}
	return i;
}

static unsigned transmit(void *context, unsigned thread, struct ix_packet **packets, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++)
		packet_free(NULL, packets[i]);
	nic.answered += n;
	return n;
}

static int steer(void *context, unsigned group, unsigned thread)
{
	return 0;
}

static void kick(void *context, unsigned thread, int interrupt)
{
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

static void echo(struct ix_thread *thread)
{
	unsigned i;

	for (i = 0; i < thread->event_count; i++) {
		const struct ix_event *event = &thread->events[i];
		struct ix_call *call = &thread->calls[thread->call_count];

		nic.sg[thread->id][i] = (struct ix_sg){.buffer = event->buffer, .length = event->length};
		call[0].type = IX_CALL_SENDV;
		call[0].handle = event->handle;
		call[0].count = 1;
		call[0].buffer = (uint64_t)((char *)&nic.sg[thread->id][i] - (char *)nic.sg);
		call[1].type = IX_CALL_RECV_DONE;
		call[1].handle = event->handle;
		call[1].buffer = event->buffer;
		call[1].length = event->length;
		thread->call_count += 2;
	}
}

static int bench_echo(const struct ix_scheduler *scheduler, unsigned threads, unsigned batch_bound)
{
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
	    .pool_base = {(uint8_t *)nic.sg, (uint8_t *)nic.data},
	    .pool_size = {sizeof(nic.sg), sizeof(nic.data)},
	};
	struct ix_options options = ix_options_default;
	struct ix_dataplane *dataplane;
	double begin;
	unsigned i;

	memset(&nic, 0, sizeof(nic));
	for (i = 0; i < PACKETS; i++) {
		nic.packet[i].data = nic.data[i];
		packet_free(NULL, &nic.packet[i]);
	}
	nic.threads = threads;
	options.threads = threads;
	options.scheduler = scheduler;
	options.batch_bound = batch_bound;
	if (ix_dataplane_create(&dataplane, &options, &platform))
		return 1;
	begin = seconds();
	while (nic.answered < REQUESTS) {
		struct ix_work work = {0};

		ix_kernel_enter(&dataplane->thread[0], &work);
		echo(&dataplane->thread[0]);
		while (threads > 1 && ix_kernel_enter(&dataplane->thread[1], &work))
			echo(&dataplane->thread[1]);
	}
	printf("echo, message stack, %s, B = %u, %.2f stolen: %.1f ns a request\n", scheduler->name, batch_bound,
	       (double)dataplane->thread[threads - 1].counter_steals / REQUESTS, (seconds() - begin) / REQUESTS * 1e9);
	ix_dataplane_destroy(dataplane);
	return 0;
}

int main(void)
{
	bench_wheel();
	return bench_echo(&ix_scheduler_ix, 1, 1) || bench_echo(&ix_scheduler_ix, 1, 64) ||
	       bench_echo(&ix_scheduler_zygos, 1, 64) || bench_echo(&ix_scheduler_zygos, 2, 64);
}

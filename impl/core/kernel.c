/*
 * The step machine of an elastic thread.
 */
#include "impl/core/kernel.h"

#define WAIT_MAX_NS   10000000ull
#define TIMERS_MAX    1024 /* of one cycle */
#define TRANSMIT_STEP 64

void ix_run_timers(struct ix_thread *thread, struct ix_work *work)
{
	unsigned spare = ix_event_room(thread) / 2, fired, max, total = 0;

	if (ix_wheel_pass(&thread->wheel, thread->now_ns))
		return;
	/* Most timers make no event at all, hence again and again with the room that is left. */
	while (ix_event_room(thread) >= spare + IX_EVENTS_PER_STEP && total < TIMERS_MAX) {
		max = (ix_event_room(thread) - spare) / IX_EVENTS_PER_STEP;
		fired = ix_wheel_run(&thread->wheel, thread->now_ns, max, thread);
		total += fired;
		if (fired < max)
			break;
	}
	work->timers += total;
}

void ix_transmit_queue(struct ix_thread *thread, struct ix_work *work)
{
	const struct ix_platform *platform = &thread->dataplane->platform;
	struct ix_packet *burst[TRANSMIT_STEP], *packet;
	uint32_t length[TRANSMIT_STEP];
	unsigned n, i, sent;

	while (thread->transmit.head) {
		for (n = 0, packet = thread->transmit.head; packet && n < TRANSMIT_STEP; packet = packet->next, n++) {
			burst[n] = packet;
			length[n] = packet->length;
		}
		/* Taken packets are the platform's at once, so the queue must not point to them. */
		thread->transmit.head = packet;
		sent = platform->transmit(platform->context, thread->id, burst, n);
		for (i = 0; i < sent && i < n; i++)
			work->sent_bytes += length[i];
		work->sent += sent;
		thread->transmitted += sent;
		thread->transmit.count -= sent;
		if (sent < thread->transmit_ahead) {
			thread->transmit_ahead -= sent;
		} else {
			thread->transmit_ahead = 0;
			thread->transmit_last = NULL;
		}
		if (sent < n) {
			thread->transmit.head = burst[sent];
			thread->counter_transmit_full++;
			break;
		}
	}
}

/*
 * With many connections nearly all that a packet needs has left the caches since its connection was used last, and each
 * of it is found by way of the one before. So while a packet is processed, those behind it are on their way: one enters,
 * and each of the others is a step further.
 */
#define WINDOW     (IX_PREFETCH_STEPS + 1)
#define WINDOW_MIN 4 /* fewer packets have come just now, and gain nothing */

struct window {
	struct ix_packet *packet[WINDOW]; /* the last one entered is in packet[0], or NULL where there are no more */
	struct ix_packet *next;
};

static inline void window_advance(struct ix_thread *thread, struct window *w)
{
	struct ix_dataplane *dataplane = thread->dataplane;
	struct ix_packet *packet;
	unsigned step;

	for (step = IX_PREFETCH_STEPS; step > 0; step--) {
		packet = w->packet[step] = w->packet[step - 1];
		if (packet && dataplane->options.stack->prefetch)
			dataplane->options.stack->prefetch(thread, &dataplane->group[packet->group], packet, step - 1);
	}
	packet = w->packet[0] = w->next;
	if (!packet)
		return;
	w->next = packet->next;
	ix_prefetch_packet(dataplane, packet);
}

static inline void window_fill(struct ix_thread *thread, struct window *w)
{
	*w = (struct window){.next = thread->backlog.count >= WINDOW_MIN ? thread->backlog.head : NULL};
	for (unsigned i = 0; i < WINDOW && w->next; i++)
		window_advance(thread, w);
}

unsigned ix_process_backlog(struct ix_thread *thread, unsigned max, struct ix_work *work)
{
	struct ix_dataplane *dataplane = thread->dataplane;
	const struct ix_stack *stack = dataplane->options.stack;
	struct ix_packet *packet;
	struct window window;
	unsigned n = 0;

	window_fill(thread, &window);
	while (n < max && thread->backlog.head && ix_event_room(thread) >= IX_EVENTS_PER_STEP) {
		packet = ix_packet_queue_pop(&thread->backlog);
		window_advance(thread, &window);
		if (thread->now_ns > packet->arrival_ns)
			thread->cycle_delay_ns += thread->now_ns - packet->arrival_ns;
		work->received_bytes += packet->length;
		stack->receive(thread, &dataplane->group[packet->group], packet);
		n++;
	}
	work->processed += n;
	return n;
}

/* The cycle that ends here: from one output half to the next. */
static void close_cycle(struct ix_thread *thread)
{
	ix_metrics_cycle(&thread->metrics, thread->now_ns, thread->idle_ns, thread->cycle_queue, thread->cycle_batch,
			 thread->cycle_delay_ns);
	thread->batches[thread->cycle_batch]++;
	thread->idle_ns = thread->cycle_delay_ns = 0;
	thread->cycle_queue = thread->cycle_batch = 0;
}

void ix_kernel_output(struct ix_thread *thread, struct ix_work *work)
{
	atomic_store_explicit(&thread->mode, IX_MODE_KERNEL, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst); /* an interrupt of this thread from here on does nothing */
	thread->now_ns = ix_clock_ns(thread);
	close_cycle(thread);
	thread->event_count = 0;
	thread->room = thread->dataplane->options.events;
	thread->work = work;
	thread->dataplane->options.scheduler->calls(thread, work);
	ix_run_control(thread, work);
	ix_run_timers(thread, work);
	if (thread->dataplane->options.transmit_order == IX_TRANSMIT_PAPER)
		ix_run_transmit(thread, work);
	work->events = thread->event_count;
}

void ix_kernel_input(struct ix_thread *thread, struct ix_work *work)
{
	thread->now_ns = ix_clock_ns(thread);
	thread->dataplane->options.scheduler->input(thread, work);
	if (thread->dataplane->options.transmit_order == IX_TRANSMIT_CODE)
		ix_run_transmit(thread, work);
	work->backlog = thread->backlog.count;
	work->events = thread->event_count;
	atomic_signal_fence(memory_order_seq_cst);
	atomic_store_explicit(&thread->mode, thread->event_count ? IX_MODE_USER : IX_MODE_IDLE, memory_order_relaxed);
}

unsigned ix_kernel_enter(struct ix_thread *thread, struct ix_work *work)
{
	ix_kernel_output(thread, work);
	ix_kernel_input(thread, work);
	return thread->event_count;
}

void ix_kernel_interrupt(struct ix_thread *thread, struct ix_work *work)
{
	unsigned mode = atomic_load_explicit(&thread->mode, memory_order_relaxed);

	if (mode == IX_MODE_KERNEL)
		return;
	atomic_store_explicit(&thread->mode, IX_MODE_KERNEL, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	thread->now_ns = ix_clock_ns(thread);
	thread->dataplane->options.scheduler->interrupt(thread, work);
	work->backlog = thread->backlog.count;
	atomic_signal_fence(memory_order_seq_cst);
	atomic_store_explicit(&thread->mode, mode, memory_order_relaxed);
}

void ix_thread_idle(struct ix_thread *thread, int idle)
{
	struct ix_dataplane *dataplane = thread->dataplane;
	uint64_t bit = 1ull << thread->id;

	if (!idle) { /* who has kicked it has cleared the bit */
		if (atomic_load_explicit(&dataplane->idle, memory_order_relaxed) & bit)
			atomic_fetch_and_explicit(&dataplane->idle, ~bit, memory_order_relaxed);
		return;
	}
	/* Sequentially consistent, and a fence: either the question that follows sees what another thread has made
	 * ready, or that thread, which has a fence between the two as well, sees the bit. */
	atomic_fetch_or(&dataplane->idle, bit);
	atomic_thread_fence(memory_order_seq_cst);
}

int ix_wake_thread(struct ix_dataplane *dataplane, unsigned thread)
{
	uint64_t bit = 1ull << thread;

	if (!(atomic_load_explicit(&dataplane->idle, memory_order_relaxed) & bit) ||
	    !(atomic_fetch_and(&dataplane->idle, ~bit) & bit))
		return 0;
	ix_kick(dataplane, thread);
	return 1;
}

/* One of the idle threads, each in its turn: siblings on a processor core have neighbouring numbers. */
static unsigned next_idle(struct ix_dataplane *dataplane, uint64_t idle)
{
	unsigned turn = atomic_load_explicit(&dataplane->idle_turn, memory_order_relaxed);
	uint64_t from_turn = idle & ~0ull << turn;
	unsigned thread = (unsigned)__builtin_ctzll(from_turn ? from_turn : idle);

	turn = thread + 1 < dataplane->options.threads ? thread + 1 : 0;
	atomic_store_explicit(&dataplane->idle_turn, turn, memory_order_relaxed);
	return thread;
}

unsigned ix_wake_idle(struct ix_dataplane *dataplane, unsigned count)
{
	unsigned woken = 0;
	uint64_t idle;

	atomic_thread_fence(memory_order_seq_cst);
	while (woken < count && (idle = atomic_load_explicit(&dataplane->idle, memory_order_relaxed)))
		woken += (unsigned)ix_wake_thread(dataplane, next_idle(dataplane, idle));
	return woken;
}

void ix_notice_packets(struct ix_dataplane *dataplane, unsigned target)
{
	const struct ix_scheduler *scheduler = dataplane->options.scheduler;
	uint64_t idle = atomic_load_explicit(&dataplane->idle, memory_order_relaxed);

	if (!idle || (scheduler->notice && scheduler->notice(&dataplane->thread[__builtin_ctzll(idle)], target)))
		return;
	ix_wake_idle(dataplane, 1);
}

int ix_thread_has_work(const struct ix_thread *thread, uint64_t now_ns, uint64_t *until_ns)
{
	const struct ix_scheduler *scheduler = thread->dataplane->options.scheduler;
	uint64_t timer_ns = ix_wheel_next_ns(&thread->wheel);

	*until_ns = timer_ns < now_ns + WAIT_MAX_NS ? timer_ns : now_ns + WAIT_MAX_NS;
	if (timer_ns <= now_ns || thread->event_count || thread->call_count || thread->pending ||
	    thread->backlog.count || thread->transmit.count || thread->postponed ||
	    !ix_mailbox_empty(&thread->mailbox) || atomic_load_explicit(&thread->handed_over, memory_order_relaxed))
		return 1;
	return scheduler->has_work && scheduler->has_work(thread, now_ns, until_ns);
}

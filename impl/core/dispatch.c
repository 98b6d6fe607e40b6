/*
 * Which thread may process a packet. A group's packets are processed by its owner alone, and by nobody while it
 * migrates: then they wait at the source (remote) or at the target (local). A packet that comes in anywhere else (the
 * NIC steers otherwise than asked) is handed over to the thread it belongs to, never dropped; first in, first out per
 * pair of threads, so a flow that is steered wrongly all the time keeps its order, except for packets in flight between
 * two threads when its group migrates.
 *
 * A group's words may change while another thread reads them. The owner alone starts a migration and the target alone
 * ends it, so the two read their own part exactly: an owner cannot see itself as owner of a group that has left, nor a
 * target miss a migration to itself. Any other thread may read a mixture; it hands the packet to one of the threads
 * concerned, which decides again.
 */
#include "impl/core/kernel.h"

#define POLL_STEP 64
#define RING_MAX  4096 /* descriptors of the largest ring: so many polled, and all that stood in it are out */

static void hand_over(struct ix_thread *thread, unsigned to, struct ix_packet *packet)
{
	struct ix_thread *other = &thread->dataplane->thread[to];
	struct ix_packet *newest = atomic_load_explicit(&other->handed_over, memory_order_relaxed);

	do
		packet->next = newest;
	while (!atomic_compare_exchange_weak_explicit(&other->handed_over, &newest, packet, memory_order_release,
						      memory_order_relaxed));
	thread->counter_handed_over++;
	if (!newest)
		ix_kick(thread->dataplane, to);
}

static void wait_at_target(struct ix_thread *thread, struct ix_migration *migration, struct ix_packet *packet)
{
	ix_packet_queue_push(&migration->local, packet);
	if (migration->asked)
		return;
	migration->asked = 1;
	migration->asked_ns = ix_clock_ns(thread);
	atomic_fetch_add_explicit(&migration->references, 1, memory_order_relaxed);
	ix_mailbox_post(&thread->dataplane->thread[migration->from].mailbox, &migration->ask);
	ix_kick(thread->dataplane, migration->from);
}

void ix_dispatch(struct ix_thread *thread, struct ix_packet *packet)
{
	struct ix_flow_group *group = &thread->dataplane->group[packet->group];
	unsigned state = atomic_load_explicit(&group->state, memory_order_acquire);
	/* Acquire: whoever sees itself as target sees the source and its migration too. */
	unsigned target = atomic_load_explicit(&group->target, memory_order_acquire);
	unsigned owner = atomic_load_explicit(&group->owner, memory_order_relaxed);

	if (state == IX_GROUP_OWNED) {
		if (owner == thread->id)
			ix_packet_queue_push(&thread->backlog, packet);
		else
			hand_over(thread, owner, packet);
		return;
	}
	if (owner == thread->id && thread->migration->departing)
		ix_packet_queue_push(&thread->migration->remote, packet);
	else if (target == thread->id)
		wait_at_target(thread, thread->dataplane->thread[owner].migration, packet);
	else
		hand_over(thread, target, packet);
}

/* inline: on the path of every cycle. */
static inline __attribute__((always_inline)) unsigned poll_ring(struct ix_thread *thread, unsigned max)
{
	struct ix_dataplane *dataplane = thread->dataplane;
	struct ix_packet *burst[POLL_STEP];
	unsigned n, i;

	n = dataplane->platform.receive(dataplane->platform.context, thread->id, burst,
					max < POLL_STEP ? max : POLL_STEP);
	for (i = 0; i < n; i++) {
		burst[i]->group = (uint16_t)ix_rss_group(&dataplane->rss, burst[i]->rss_hash);
		ix_dispatch(thread, burst[i]);
	}
	return n;
}

static void dispatch_handed_over(struct ix_thread *thread)
{
	struct ix_packet *packet, *next, *oldest = NULL;

	packet = atomic_exchange_explicit(&thread->handed_over, NULL, memory_order_acquire);
	for (; packet; packet = next) {
		next = packet->next;
		packet->next = oldest;
		oldest = packet;
	}
	for (; oldest; oldest = next) {
		next = oldest->next;
		ix_dispatch(thread, oldest);
	}
}

static inline void take_handed_over(struct ix_thread *thread)
{
	if (atomic_load_explicit(&thread->handed_over, memory_order_relaxed))
		dispatch_handed_over(thread);
}

void ix_poll(struct ix_thread *thread, struct ix_work *work)
{
	unsigned room = thread->dataplane->options.backlog_packets, max, n;

	take_handed_over(thread);
	room = room > thread->backlog.count ? room - thread->backlog.count : 0;
	while (room) {
		max = room < POLL_STEP ? room : POLL_STEP;
		n = poll_ring(thread, max);
		work->polled += n;
		if (n < max)
			break;
		room -= n;
	}
}

void ix_drain(struct ix_thread *thread, struct ix_work *work)
{
	unsigned n, total = 0;

	do {
		n = poll_ring(thread, POLL_STEP);
		total += n;
	} while (n == POLL_STEP && total < RING_MAX);
	work->polled += total;
	take_handed_over(thread);
}

/*
 * Run to completion (thesis 2.4.3): a thread processes the packets of its own flow groups, at most B a cycle and never
 * waiting for more, and its application consumes their events before it looks at the ring again. Nothing interrupts.
 */
#include "impl/core/kernel.h"
#include <assert.h>

static int thread_start(struct ix_thread *thread)
{
	return 0;
}

static void thread_stop(struct ix_thread *thread)
{
}

static void deliver(struct ix_thread *thread, const struct ix_event *event)
{
	assert(thread->event_count < thread->dataplane->options.events);
	thread->events[thread->event_count++] = *event;
	thread->room--;
}

static void input(struct ix_thread *thread, struct ix_work *work)
{
	const struct ix_options *options = &thread->dataplane->options;

	if (options->stack->deliver_pending && ix_event_room(thread))
		options->stack->deliver_pending(thread, ix_event_room(thread));
	ix_poll(thread, work);
	thread->cycle_queue = thread->backlog.count;
	if (!thread->stalled)
		thread->cycle_batch = ix_process(thread, options->batch_bound, work);
}

static void interrupt(struct ix_thread *thread, struct ix_work *work)
{
}

const struct ix_scheduler ix_scheduler_ix = {
    .name = "ix",
    .thread_start = thread_start,
    .thread_stop = thread_stop,
    .calls = ix_run_calls,
    .deliver = deliver,
    .input = input,
    .interrupt = interrupt,
};

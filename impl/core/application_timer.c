/*
 * Timers that applications ask for. They belong to their thread, not to a flow group, and do not migrate.
 */
#include "impl/core/kernel.h"

#define CHUNK_TIMERS 64

struct ix_application_timer {
	struct ix_timer timer; /* first: fire() gets its address */
	ix_handle id;
	ix_cookie cookie;
	struct ix_application_timer *free_next;
};

struct ix_application_timers {
	struct ix_application_timers *next;
	struct ix_application_timer timer[CHUNK_TIMERS];
};

static int more_timers(struct ix_thread *thread)
{
	const struct ix_platform *platform = &thread->dataplane->platform;
	struct ix_application_timers *chunk = platform->allocate(platform->context, sizeof(*chunk), 64);
	unsigned i;

	if (!chunk)
		return -1;
	chunk->next = thread->timer_chunks;
	thread->timer_chunks = chunk;
	for (i = CHUNK_TIMERS; i-- > 0;) {
		chunk->timer[i].free_next = thread->timer_free;
		thread->timer_free = &chunk->timer[i];
	}
	return 0;
}

int ix_application_timers_start(struct ix_thread *thread)
{
	ix_handle_table_init(&thread->timer_handles, IX_RSS_GROUPS_MAX + thread->id);
	return more_timers(thread) ? IX_ERR_NO_MEMORY : 0;
}

void ix_application_timers_stop(struct ix_thread *thread)
{
	const struct ix_platform *platform = &thread->dataplane->platform;
	struct ix_application_timers *chunk;

	while ((chunk = thread->timer_chunks)) {
		thread->timer_chunks = chunk->next;
		platform->release(platform->context, chunk);
	}
	ix_handle_table_fini(&thread->timer_handles);
}

static void put_back(struct ix_thread *thread, struct ix_application_timer *timer)
{
	ix_handle_free(&thread->timer_handles, timer->id);
	timer->free_next = thread->timer_free;
	thread->timer_free = timer;
}

static void fire(struct ix_timer *timer, void *context)
{
	struct ix_application_timer *application = (struct ix_application_timer *)timer;
	struct ix_thread *thread = context;
	struct ix_event event = {.type = IX_EVENT_TIMER, .handle = application->id, .cookie = application->cookie};

	put_back(thread, application);
	ix_deliver(thread, &event);
}

void ix_application_timer_arm(struct ix_thread *thread, struct ix_call *call)
{
	struct ix_application_timer *timer;
	uint64_t expires_ns = thread->now_ns + call->delay_ns;

	call->result = IX_ERR_NO_MEMORY;
	if (!thread->timer_free && more_timers(thread))
		return;
	timer = thread->timer_free;
	timer->id = ix_handle_new(&thread->timer_handles, timer);
	if (!timer->id)
		return;
	thread->timer_free = timer->free_next;
	timer->cookie = call->cookie;
	timer->timer.fire = fire;
	if (expires_ns < thread->now_ns)
		expires_ns = UINT64_MAX;
	ix_wheel_arm(&thread->wheel, &timer->timer, expires_ns, NULL);
	call->result = (int64_t)timer->id;
}

void ix_application_timer_cancel(struct ix_thread *thread, struct ix_call *call)
{
	struct ix_application_timer *timer = ix_handle_find(&thread->timer_handles, call->handle);

	if (!timer) {
		call->result = IX_ERR_BAD_HANDLE;
		return;
	}
	ix_wheel_cancel(&thread->wheel, &timer->timer);
	put_back(thread, timer);
}

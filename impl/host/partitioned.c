/* Each thread has an event base of its own: a connection stays with the thread that accepted or dialed it. */
#include "impl/host/internal.h"

static void on_ready(evutil_socket_t fd, short what, void *context)
{
	struct host_connection *c = context;
	struct host_thread *thread = c->thread;

	/* What does not fit is ready again in the next cycle. */
	if (thread->event_count < HOST_POLLED_EVENTS)
		host_connection_ready(thread, c, what);
}

static void on_knock(evutil_socket_t fd, short what, void *context)
{
	struct host_listener *listener = context;

	host_listener_ready(listener->thread, listener);
}

static void on_wake(evutil_socket_t fd, short what, void *context)
{
	/* The loop has ended its wait, which is all. */
}

static int partitioned_open(struct host_thread *thread)
{
	struct event_config *config = event_config_new();

	if (!config)
		return -1;
	/* Otherwise timers are whole milliseconds. */
	event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	thread->base = event_base_new_with_config(config);
	event_config_free(config);
	if (!thread->base)
		return -1;
	thread->stop_event = event_new(thread->base, thread->host->stop_fd, EV_READ | EV_PERSIST, on_wake, NULL);
	thread->timer_event = evtimer_new(thread->base, on_wake, NULL);
	return thread->stop_event && thread->timer_event ? event_add(thread->stop_event, NULL) : -1;
}

static void partitioned_close(struct host_thread *thread)
{
	if (thread->stop_event)
		event_free(thread->stop_event);
	if (thread->timer_event)
		event_free(thread->timer_event);
	if (thread->base)
		event_base_free(thread->base);
}

static int partitioned_listen(struct host_thread *thread, struct host_listener *l)
{
	return event_assign(&l->event, thread->base, l->fd, EV_READ | EV_PERSIST, on_knock, l) ||
	       event_add(&l->event, NULL);
}

static int partitioned_update(struct host_thread *thread, struct host_connection *c)
{
	short interest = host_connection_interest(c);

	if (c->registered && interest == c->interest)
		return 0;
	if (c->registered)
		event_del(&c->event);
	c->registered = false;
	c->interest = interest;
	if (!interest)
		return 0;
	if (event_assign(&c->event, thread->base, c->fd, (short)(interest | EV_PERSIST), on_ready, c) ||
	    event_add(&c->event, NULL))
		return -1;
	c->registered = true;
	return 0;
}

static void partitioned_forget(struct host_thread *thread, struct host_connection *c)
{
	if (c->registered)
		event_del(&c->event);
	c->registered = false;
}

static void partitioned_wait(struct host_thread *thread)
{
	uint64_t next_ns = host_timer_next(&thread->timers);

	if (next_ns != UINT64_MAX) {
		uint64_t now_ns = host_now_ns(), left_us = next_ns > now_ns ? (next_ns - now_ns + 999) / 1000 : 0;
		struct timeval left = {(time_t)(left_us / 1000000), (suseconds_t)(left_us % 1000000)};

		evtimer_add(thread->timer_event, &left);
	}
	event_base_loop(thread->base, EVLOOP_ONCE);
	if (next_ns != UINT64_MAX)
		evtimer_del(thread->timer_event);
}

static void partitioned_cycle_done(struct host_thread *thread)
{
}

const struct host_poller host_poller_partitioned = {partitioned_open,      partitioned_close,  partitioned_listen,
						    partitioned_update,    partitioned_forget, partitioned_wait,
						    partitioned_cycle_done};

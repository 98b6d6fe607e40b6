/*
 * All threads wait on one epoll instance, one connection at a time: whichever is free takes the next that is ready.
 * EPOLLONESHOT keeps a connection with its thread until the handlers are done and their calls have run. libevent
 * cannot do this (one thread runs one event base), so epoll is used as it is.
 */
#include "impl/host/internal.h"
#include <errno.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

/* What an event of the epoll instance names: bit 0 tells listeners from connections. */
#define LISTENER 1u

static int floating_open(struct host_thread *thread)
{
	struct host *host = thread->host;
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};

	if (host->epoll_fd >= 0)
		return 0;
	host->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (host->epoll_fd < 0)
		return -1;
	return epoll_ctl(host->epoll_fd, EPOLL_CTL_ADD, host->stop_fd, &event);
}

static void floating_close(struct host_thread *thread)
{
	if (thread->host->epoll_fd >= 0)
		close(thread->host->epoll_fd);
	thread->host->epoll_fd = -1;
}

static int floating_listen(struct host_thread *thread, struct host_listener *l)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.u64 = (uintptr_t)l | LISTENER};

	return epoll_ctl(thread->host->epoll_fd, EPOLL_CTL_ADD, l->fd, &event);
}

static void keep(struct host_thread *thread, struct host_connection *c)
{
	if (c->busy)
		return;
	c->busy = true;
	c->next_busy = thread->busy;
	thread->busy = c;
}

/* Waits again for what the connection wants; from here on another thread may have it. */
static int give_back(struct host_thread *thread, struct host_connection *c)
{
	short interest = host_connection_interest(c);
	struct epoll_event event = {.events = EPOLLONESHOT | (interest & EV_READ ? (uint32_t)EPOLLIN : 0) |
					      (interest & EV_WRITE ? (uint32_t)EPOLLOUT : 0),
				    .data.u64 = (uintptr_t)c};
	int first = !c->registered, fd = c->fd;

	c->busy = false;
	if (!interest)
		return 0; /* a later update() brings it back */
	c->registered = true;
	atomic_store_explicit(&c->handover, 1, memory_order_release);
	return epoll_ctl(thread->host->epoll_fd, first ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
}

static int floating_update(struct host_thread *thread, struct host_connection *c)
{
	keep(thread, c);
	return 0;
}

static void floating_forget(struct host_thread *thread, struct host_connection *c)
{
	struct host_connection **link = &thread->busy;

	while (*link && *link != c)
		link = &(*link)->next_busy;
	if (*link)
		*link = c->next_busy;
	c->busy = false;
}

static void floating_cycle_done(struct host_thread *thread)
{
	struct host_connection *c;

	while ((c = thread->busy)) {
		thread->busy = c->next_busy;
		give_back(thread, c);
	}
}

static void take(struct host_thread *thread, const struct epoll_event *event)
{
	struct host_connection *c = event->data.ptr;
	short what = (short)((event->events & (EPOLLIN | EPOLLHUP | EPOLLERR) ? EV_READ : 0) |
			     (event->events & (EPOLLOUT | EPOLLHUP | EPOLLERR) ? EV_WRITE : 0));

	if (event->data.u64 & LISTENER) {
		struct host_listener *l = (struct host_listener *)(uintptr_t)(event->data.u64 & ~(uint64_t)LISTENER);
		struct epoll_event again = {.events = EPOLLIN | EPOLLONESHOT, .data = event->data};

		host_listener_ready(thread, l);
		epoll_ctl(thread->host->epoll_fd, EPOLL_CTL_MOD, l->fd, &again);
	} else if (c) { /* not the end of the host */
		atomic_load_explicit(&c->handover, memory_order_acquire);
		c->thread = thread;
		keep(thread, c);
		host_connection_ready(thread, c, what);
	}
}

static void floating_wait(struct host_thread *thread)
{
	uint64_t next_ns = host_timer_next(&thread->timers);
	struct timespec left, *timeout = NULL;
	struct epoll_event event;

	if (next_ns != UINT64_MAX) {
		uint64_t now_ns = host_now_ns(), left_ns = next_ns > now_ns ? next_ns - now_ns : 0;

		left = (struct timespec){(time_t)(left_ns / 1000000000), (long)(left_ns % 1000000000)};
		timeout = &left;
	}
	if (epoll_pwait2(thread->host->epoll_fd, &event, 1, timeout, NULL) == 1)
		take(thread, &event);
}

const struct host_poller host_poller_floating = {floating_open,   floating_close, floating_listen,    floating_update,
						 floating_forget, floating_wait,  floating_cycle_done};

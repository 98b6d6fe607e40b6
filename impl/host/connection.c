/*
 * A socket's life: reading into buffers, events for what happens to it, and its end. A peer is given the time to read
 * what was sent: our end goes first, and what it still sends is thrown away until its own comes, as a socket closed
 * with unread bytes would reset it.
 */
#include "impl/host/internal.h"
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

ix_handle host_connection_handle(const struct host_connection *c)
{
	return (uint64_t)atomic_load_explicit(&c->generation, memory_order_relaxed) << 32 | (uint32_t)c->fd;
}

struct host_connection *host_connection_new(struct host_thread *thread, int fd, enum host_state state)
{
	struct host *host = thread->host;
	struct host_connection *c = fd < host->table_size ? &host->table[fd] : NULL;

	if (!c)
		return NULL;
	/* After all that the thread did whose this place was: the kernel gave its descriptor out again. */
	atomic_load_explicit(&c->handover, memory_order_acquire);
	/* Never 0, and never negative in a handle. */
	if ((atomic_fetch_add(&c->generation, 1) & INT32_MAX) == INT32_MAX)
		atomic_store(&c->generation, 1);
	c->state = state;
	c->fd = fd;
	c->eof = c->blocked = c->registered = c->busy = false;
	c->interest = 0;
	c->cookie = 0;
	c->held_bytes = 0;
	c->first_held = HOST_NO_BUFFER;
	c->thread = thread;
	c->linger_link = NULL;
	return c;
}

struct host_connection *host_connection_find(struct host *host, ix_handle handle)
{
	uint32_t fd = (uint32_t)handle;
	struct host_connection *c = fd < (uint32_t)host->table_size ? &host->table[fd] : NULL;

	return c && handle >> 32 == atomic_load(&c->generation) && c->state != HOST_FREE && c->state != HOST_CLOSING
		   ? c
		   : NULL;
}

struct ix_event *host_event(struct host_thread *thread, enum ix_event_type type, const struct host_connection *c)
{
	struct ix_event *event = &thread->events[thread->event_count++];

	*event = (struct ix_event){.type = type, .handle = host_connection_handle(c), .cookie = c->cookie};
	return event;
}

static void linger(struct host *host, struct host_connection *c)
{
	pthread_mutex_lock(&host->linger_lock);
	c->linger_until_ns = host_now_ns() + HOST_LINGER_NS;
	c->linger_next = NULL;
	c->linger_link = host->linger_last;
	*c->linger_link = c;
	host->linger_last = &c->linger_next;
	pthread_mutex_unlock(&host->linger_lock);
}

static void linger_no_more(struct host *host, struct host_connection *c)
{
	pthread_mutex_lock(&host->linger_lock);
	*c->linger_link = c->linger_next;
	if (c->linger_next)
		c->linger_next->linger_link = c->linger_link;
	else
		host->linger_last = c->linger_link;
	c->linger_link = NULL;
	pthread_mutex_unlock(&host->linger_lock);
}

void host_linger_expire(struct host *host, uint64_t now_ns)
{
	pthread_mutex_lock(&host->linger_lock);
	/* Each wakes the thread that has it, which ends it; until then its time starts again. */
	for (struct host_connection *c = host->linger_first; c && c->linger_until_ns <= now_ns; c = c->linger_next) {
		c->linger_until_ns = now_ns + HOST_LINGER_NS;
		shutdown(c->fd, SHUT_RDWR);
	}
	pthread_mutex_unlock(&host->linger_lock);
}

void host_connection_dead(struct host_thread *thread, struct host_connection *c, enum ix_reason reason)
{
	int fd;

	if (c->linger_link)
		linger_no_more(thread->host, c);
	if (c->state != HOST_KNOCKING && c->state != HOST_CLOSING)
		host_event(thread, IX_EVENT_DEAD, c)->status = reason;
	host_buffers_drop(thread, c);
	thread->host->poller->forget(thread, c);
	c->state = HOST_FREE;
	fd = c->fd;
	atomic_store_explicit(&c->handover, 0, memory_order_release);
	close(fd); /* the place in the table may be another thread's from here on */
}

short host_connection_interest(const struct host_connection *c)
{
	switch (c->state) {
	case HOST_CONNECTING:
		return EV_WRITE;
	case HOST_OPEN:
		return (short)((!c->eof && c->held_bytes < HOST_WINDOW ? EV_READ : 0) | (c->blocked ? EV_WRITE : 0));
	case HOST_CLOSING:
		return EV_READ;
	default:
		return 0;
	}
}

static enum ix_reason reason_of(int error)
{
	return error == ETIMEDOUT || error == EHOSTUNREACH || error == ENETUNREACH ? IX_DEAD_TIMEOUT
	       : error == ECONNREFUSED                                             ? IX_DEAD_REFUSED
	       : error == ENOMEM || error == ENOBUFS                               ? IX_DEAD_NO_MEMORY
										   : IX_DEAD_RESET;
}

static int transient(int error)
{
	return error == EAGAIN || error == EINTR;
}

static void connected(struct host_thread *thread, struct host_connection *c)
{
	int error = 0;
	socklen_t size = sizeof(error);

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size))
		error = errno;
	if (error) {
		enum ix_reason reason = reason_of(error);

		host_event(thread, IX_EVENT_CONNECTED, c)->status = reason == IX_DEAD_NO_MEMORY ? IX_ERR_NO_MEMORY
								    : reason == IX_DEAD_TIMEOUT ? IX_ERR_NO_ROUTE
												: IX_ERR_STATE;
		host_connection_dead(thread, c, reason);
		return;
	}
	c->state = HOST_OPEN;
	host_event(thread, IX_EVENT_CONNECTED, c);
	thread->host->poller->update(thread, c);
}

static void end_of_stream(struct host_thread *thread, struct host_connection *c)
{
	if (c->state == HOST_CLOSING) {
		host_connection_dead(thread, c, IX_DEAD_CLOSED);
		return;
	}
	c->eof = true;
	host_event(thread, IX_EVENT_EOF, c);
	thread->host->poller->update(thread, c);
}

/* Buffers for one read, as many as the window lets; returns how many. */
static int gather(struct host_thread *thread, const struct host_connection *c, uint32_t *buffer, struct iovec *iov)
{
	uint32_t room = HOST_WINDOW - c->held_bytes;
	int n = 0;

	while (n < HOST_READ_BUFFERS && (uint32_t)n * HOST_BUFFER < room) {
		buffer[n] = host_buffer_take(thread);
		if (buffer[n] == HOST_NO_BUFFER)
			break;
		iov[n] = (struct iovec){host_buffer_data(thread->host, buffer[n]), HOST_BUFFER};
		n++;
	}
	return n;
}

static void take_in(struct host_thread *thread, struct host_connection *c, uint32_t buffer, uint32_t bytes)
{
	struct ix_event *event = host_event(thread, IX_EVENT_RECV, c);

	event->buffer = (ix_buffer)IX_POOL_PACKETS << IX_POOL_SHIFT | (uint64_t)buffer * HOST_BUFFER;
	event->length = bytes;
	host_buffer_hold(thread->host, c, buffer, bytes);
}

static void receive(struct host_thread *thread, struct host_connection *c)
{
	struct iovec iov[HOST_READ_BUFFERS];
	uint32_t buffer[HOST_READ_BUFFERS];
	int n = gather(thread, c, buffer, iov), error;
	ssize_t got;

	if (!n) {
		host_connection_dead(thread, c, IX_DEAD_NO_MEMORY);
		return;
	}
	got = readv(c->fd, iov, n);
	error = errno;
	for (int i = 0; i < n; i++) {
		ssize_t from = (ssize_t)i * HOST_BUFFER, bytes = got - from;

		if (bytes > 0)
			take_in(thread, c, buffer[i], bytes < HOST_BUFFER ? (uint32_t)bytes : HOST_BUFFER);
	}
	for (int i = n; i-- > 0;) /* in this order, so that the next read starts with the same */
		if (got <= (ssize_t)i * HOST_BUFFER)
			host_buffer_give(thread, buffer[i]);
	if (got == 0)
		end_of_stream(thread, c);
	else if (got < 0 && !transient(error))
		host_connection_dead(thread, c, reason_of(error));
	else if (c->held_bytes >= HOST_WINDOW)
		thread->host->poller->update(thread, c);
}

static void discard(struct host_thread *thread, struct host_connection *c)
{
	ssize_t got = recv(c->fd, NULL, 1 << 20, MSG_TRUNC | MSG_DONTWAIT);

	if (got == 0)
		end_of_stream(thread, c);
	else if (got < 0 && !transient(errno))
		host_connection_dead(thread, c, IX_DEAD_CLOSED);
}

void host_connection_ready(struct host_thread *thread, struct host_connection *c, short what)
{
	if (c->state == HOST_CONNECTING) {
		connected(thread, c);
		return;
	}
	if (what & EV_WRITE && c->blocked) {
		c->blocked = false;
		host_event(thread, IX_EVENT_SENT, c)->window = HOST_WINDOW;
		thread->host->poller->update(thread, c);
	}
	if (what & EV_READ) {
		if (c->state == HOST_CLOSING)
			discard(thread, c);
		else if (c->state == HOST_OPEN && !c->eof && c->held_bytes < HOST_WINDOW)
			receive(thread, c);
	}
}

void host_connection_close(struct host_thread *thread, struct host_connection *c)
{
	if (c->eof || shutdown(c->fd, SHUT_WR)) {
		host_connection_dead(thread, c, IX_DEAD_CLOSED);
		return;
	}
	host_event(thread, IX_EVENT_DEAD, c)->status = IX_DEAD_CLOSED;
	host_buffers_drop(thread, c);
	c->state = HOST_CLOSING;
	linger(thread->host, c);
	thread->host->poller->update(thread, c);
}

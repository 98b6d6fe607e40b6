/* The kernel phase's calls, on sockets. */
#include "impl/host/internal.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int64_t call_connect(struct host_thread *thread, const struct ix_call *call)
{
	struct sockaddr_in peer = {
	    .sin_family = AF_INET, .sin_port = htons(call->port), .sin_addr.s_addr = htonl(call->ip)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
	struct host_connection *c;

	if (fd < 0)
		return IX_ERR_NO_MEMORY;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c = host_connection_new(thread, fd, HOST_CONNECTING);
	if (!c || (connect(fd, (struct sockaddr *)&peer, sizeof(peer)) && errno != EINPROGRESS)) {
		int64_t result = !c ? IX_ERR_NO_MEMORY : errno == EADDRNOTAVAIL ? IX_ERR_NO_PORT : IX_ERR_NO_ROUTE;

		if (c)
			c->state = HOST_FREE;
		close(fd);
		return result;
	}
	c->cookie = call->cookie;
	if (thread->host->poller->update(thread, c)) {
		c->state = HOST_FREE;
		close(fd);
		return IX_ERR_NO_MEMORY;
	}
	return (int64_t)host_connection_handle(c);
}

static int64_t call_accept(struct host_thread *thread, struct host_connection *c, const struct ix_call *call)
{
	if (c->state != HOST_KNOCKING)
		return IX_ERR_STATE;
	c->cookie = call->cookie;
	c->state = HOST_OPEN;
	if (thread->host->poller->update(thread, c)) {
		host_connection_dead(thread, c, IX_DEAD_NO_MEMORY);
		return IX_ERR_NO_MEMORY;
	}
	return 0;
}

/* The bytes that a call names, in this process; NULL when they are outside of the pools. */
static uint8_t *memory_of(const struct host *host, ix_buffer buffer, uint64_t length)
{
	uint64_t offset = buffer & ((1ull << IX_POOL_SHIFT) - 1), pool = buffer >> IX_POOL_SHIFT;
	uint64_t size = pool == IX_POOL_PACKETS       ? (uint64_t)HOST_BUFFERS * HOST_BUFFER
			: pool == IX_POOL_APPLICATION ? host->config.threads * HOST_ARENA
						      : 0;

	if (offset > size || length > size - offset)
		return NULL;
	return (pool == IX_POOL_PACKETS ? host->packets : host->application) + offset;
}

static void lost(struct host_thread *thread, struct host_connection *c, int error)
{
	host_connection_dead(thread, c, error == ETIMEDOUT ? IX_DEAD_TIMEOUT : IX_DEAD_RESET);
}

static int64_t call_sendv(struct host_thread *thread, struct host_connection *c, const struct ix_call *call,
			  bool writing)
{
	struct iovec iov[IX_SG_MAX];
	struct msghdr message = {.msg_iov = iov, .msg_iovlen = call->count};
	struct ix_sg *sg = (struct ix_sg *)memory_of(thread->host, call->buffer, call->count * sizeof(*sg));
	size_t offered = 0;
	ssize_t sent = 0;
	struct ix_event *event;

	if (c->state != HOST_OPEN)
		return IX_ERR_STATE;
	if (!sg || call->count > IX_SG_MAX)
		return IX_ERR_BAD_BUFFER;
	for (uint32_t i = 0; i < call->count; i++) {
		iov[i] = (struct iovec){memory_of(thread->host, sg[i].buffer, sg[i].length), sg[i].length};
		if (!iov[i].iov_base)
			return IX_ERR_BAD_BUFFER;
		offered += sg[i].length;
	}
	if (writing)
		sent = sendmsg(c->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0 && errno != EAGAIN && errno != EINTR && errno != ENOBUFS) {
		lost(thread, c, errno);
		return IX_ERR_STATE;
	}
	sent = sent < 0 ? 0 : sent;
	if ((size_t)sent < offered) {
		c->blocked = true;
		thread->host->poller->update(thread, c);
	}
	if (sent) {
		event = host_event(thread, IX_EVENT_SENT, c);
		event->length = (uint32_t)sent;
		event->window = c->blocked ? 0 : HOST_WINDOW;
	}
	return sent;
}

static int64_t call_recv_done(struct host_thread *thread, struct host_connection *c, const struct ix_call *call)
{
	bool full = c->held_bytes >= HOST_WINDOW;
	int result = host_buffer_done(thread, c, call->buffer, call->length);

	if (full && c->held_bytes < HOST_WINDOW && c->state == HOST_OPEN)
		thread->host->poller->update(thread, c);
	return result;
}

static int64_t call_abort(struct host_thread *thread, struct host_connection *c)
{
	struct linger reset = {.l_onoff = 1};

	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	host_connection_dead(thread, c, IX_DEAD_CLOSED);
	return 0;
}

static int64_t run(struct host_thread *thread, const struct ix_call *call, bool writing)
{
	struct host_connection *c;

	switch (call->type) {
	case IX_CALL_CONNECT:
		return call_connect(thread, call);
	case IX_CALL_TIMER:
		return host_timer_set(&thread->timers, host_now_ns() + call->delay_ns, call->cookie);
	case IX_CALL_TIMER_CANCEL:
		return host_timer_cancel(&thread->timers, call->handle);
	case IX_CALL_UDP_SEND:
	case IX_CALL_UDP_RECV_DONE:
		return IX_ERR_BAD_CALL;
	default:
		break;
	}
	c = host_connection_find(thread->host, call->handle);
	if (!c)
		return IX_ERR_BAD_HANDLE;
	switch (call->type) {
	case IX_CALL_ACCEPT:
		return call_accept(thread, c, call);
	case IX_CALL_SENDV:
		return call_sendv(thread, c, call, writing);
	case IX_CALL_RECV_DONE:
		return call_recv_done(thread, c, call);
	case IX_CALL_CLOSE:
		if (c->state != HOST_OPEN)
			return call_abort(thread, c);
		host_connection_close(thread, c);
		return 0;
	case IX_CALL_ABORT:
		return call_abort(thread, c);
	default:
		return IX_ERR_BAD_CALL;
	}
}

void host_calls_run(struct host_thread *thread, bool writing)
{
	for (unsigned i = 0; i < thread->call_count; i++)
		thread->calls[i].result = run(thread, &thread->calls[i], writing);
}

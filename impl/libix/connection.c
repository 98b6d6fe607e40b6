/*
 * A connection's life: dial or knock, events, close. Its memory goes when the kernel has said the last word about it
 * and no result is to come any more.
 */
#include "impl/libix/internal.h"
#include <stdlib.h>
#include <string.h>

static void lock(struct ix_runtime *runtime)
{
	while (atomic_flag_test_and_set_explicit(&runtime->connections_lock, memory_order_acquire))
		continue;
}

static void unlock(struct ix_runtime *runtime)
{
	atomic_flag_clear_explicit(&runtime->connections_lock, memory_order_release);
}

static struct ix_connection *connection_new(struct ix_runtime *runtime, const struct ix_handler *handler, void *context)
{
	struct ix_connection *c = arena_take(&runtime->arena, sizeof(*c));

	if (!c)
		return NULL;
	memset(c, 0, sizeof(*c));
	c->runtime = c->birthplace = runtime;
	c->handler = handler;
	c->context = context;
	lock(runtime);
	c->next = runtime->connections;
	if (c->next)
		c->next->previous = c;
	runtime->connections = c;
	atomic_fetch_add_explicit(&runtime->connection_count, 1, memory_order_relaxed);
	unlock(runtime);
	return c;
}

/* Out of a list of the runtime's that is chained by the member at @offset of each. */
static void unchain(struct ix_connection **head, const struct ix_connection *c, size_t offset)
{
	while (*head && *head != c)
		head = (struct ix_connection **)((char *)*head + offset);
	if (*head)
		*head = *(struct ix_connection **)((char *)*head + offset);
}

static void connection_free(struct ix_connection *c)
{
	struct ix_runtime *birthplace = c->birthplace, *runtime = c->runtime;

	if (c->touched) {
		unchain(&runtime->touched, c, offsetof(struct ix_connection, next_touched));
		runtime->touched_last = runtime->touched;
		while (runtime->touched_last && runtime->touched_last->next_touched)
			runtime->touched_last = runtime->touched_last->next_touched;
	}
	if (c->told_received)
		unchain(&runtime->received, c, offsetof(struct ix_connection, next_received));
	unchain(&runtime->newborn, c, offsetof(struct ix_connection, next_newborn));
	unchain(&runtime->untold, c, offsetof(struct ix_connection, next_untold));
	lock(birthplace);
	if (c->next)
		c->next->previous = c->previous;
	if (c->previous)
		c->previous->next = c->next;
	else
		birthplace->connections = c->next;
	atomic_fetch_sub_explicit(&birthplace->connection_count, 1, memory_order_relaxed);
	unlock(birthplace);
	arena_give(&runtime->arena, c);
}

void connection_free_all(struct ix_runtime *runtime)
{
	struct segment *segment;

	/* All the rest is in arenas. */
	for (struct ix_connection *c = runtime->connections; c; c = c->next)
		while ((segment = c->first_segment)) {
			c->first_segment = segment->next;
			free(segment);
		}
}

/* Tells the application, once, how it ended: @reason, or the outcome of its dial. */
static void end(struct ix_connection *c, int reason)
{
	enum connection_state state = c->state;

	if (state == GONE)
		return;
	c->state = GONE;
	receive_drop(c);
	send_drop(c);
	if (state == CONNECTING) {
		if (c->handler->opened)
			c->handler->opened(c, reason < 0 ? reason : IX_ERR_STATE);
	} else if (c->handler->closed) {
		c->handler->closed(c, c->error ? c->error : reason);
	}
}

/* The kernel will not name it any more. */
static void over(struct ix_connection *c, int reason)
{
	end(c, reason);
	c->over = 1;
}

static void free_if_over(struct ix_connection *c)
{
	if (c->over && c->outstanding == 0)
		connection_free(c);
}

struct ix_call *connection_call(struct ix_connection *c, enum ix_call_type type)
{
	struct ix_call *call = runtime_call(c->runtime);

	if (!call)
		return NULL;
	call->type = type;
	call->handle = c->handle;
	if (type == IX_CALL_RECV_DONE)
		return call;
	call->cookie = (uintptr_t)c;
	if (type == IX_CALL_CONNECT || !c->runtime->binding.results_by_event)
		c->outstanding++;
	return call;
}

struct ix_connection *ix_dial(struct ix_runtime *runtime, uint32_t ip, uint16_t port, const struct ix_handler *handler,
			      void *context)
{
	struct ix_connection *c = connection_new(runtime, handler, context);
	struct ix_call *call = c ? connection_call(c, IX_CALL_CONNECT) : NULL;

	if (!call) {
		if (c)
			connection_free(c);
		return NULL;
	}
	call->ip = c->ip = ip;
	call->port = c->port = port;
	return c;
}

/* Opens what knocks, if the policy of its port lets it; @implicit: it has not knocked, but bytes have come. */
static struct ix_connection *open_knocking(struct ix_runtime *runtime, const struct ix_event *event, int implicit)
{
	struct listener *listener = listener_find(runtime->listeners, event->local_port);
	const struct ix_handler *handler;
	struct ix_connection *c = NULL;
	struct ix_call *call;
	void *context = NULL;

	handler = listener ? listener->policy(listener->context, event->ip, event->port, &context) : NULL;
	if (handler)
		c = connection_new(runtime, handler, context);
	if (!c) {
		call = runtime_call(runtime);
		if (call) {
			call->type = IX_CALL_CLOSE;
			call->handle = event->handle;
		}
		return NULL;
	}
	c->handle = event->handle;
	c->ip = event->ip;
	c->port = event->port;
	c->state = OPEN;
	call = connection_call(c, IX_CALL_ACCEPT);
	if (!call) {
		connection_free(c);
		return NULL;
	}
	if (implicit) {
		c->next_newborn = runtime->newborn;
		runtime->newborn = c;
	}
	if (c->handler->opened)
		c->handler->opened(c, 0);
	return c;
}

static struct ix_connection *find_newborn(const struct ix_runtime *runtime, ix_handle handle)
{
	struct ix_connection *c;

	for (c = runtime->newborn; c && c->handle != handle; c = c->next_newborn)
		continue;
	return c;
}

static void tell_received(struct ix_connection *c)
{
	c->told_received = 0;
	if (c->state == OPEN && c->available && c->handler->received)
		c->handler->received(c);
}

void connection_tell_received(struct ix_runtime *runtime)
{
	struct ix_connection *c, *oldest = NULL;

	while ((c = runtime->received)) {
		runtime->received = c->next_received;
		c->next_received = oldest;
		oldest = c;
	}
	/* The list is put back, in order of arrival, so that whatever a handler ends is taken out of it. */
	runtime->received = oldest;
	while ((c = runtime->received)) {
		runtime->received = c->next_received;
		tell_received(c);
	}
	runtime->newborn = NULL;
}

/* Bytes that came before another event of the same connection are told first. */
static void tell_in_order(struct ix_connection *c)
{
	if (!c->told_received)
		return;
	unchain(&c->runtime->received, c, offsetof(struct ix_connection, next_received));
	tell_received(c);
}

static void on_connected(struct ix_connection *c, const struct ix_event *event)
{
	c->handle = event->handle;
	if (event->status < 0)
		end(c, event->status); /* DEAD follows */
	if (c->state != CONNECTING || c->aborted)
		return;
	c->state = OPEN;
	if (c->first)
		connection_touch(c);
	if (c->handler->opened)
		c->handler->opened(c, 0);
}

static void on_sent(struct ix_connection *c, const struct ix_event *event)
{
	send_acknowledge(c, event->length);
	if (event->window)
		c->blocked = 0;
	if (c->unaccepted || c->state == CLOSING)
		connection_touch(c);
	if (event->length && c->handler->sent)
		c->handler->sent(c, event->length);
}

void connection_closed(struct ix_connection *c)
{
	over(c, IX_DEAD_CLOSED);
	free_if_over(c);
}

void connection_tell_sent(struct ix_runtime *runtime)
{
	struct ix_connection *c;

	while ((c = runtime->untold)) {
		uint32_t bytes = c->offered;

		runtime->untold = c->next_untold;
		c->offered = 0;
		send_acknowledge(c, bytes);
		if (c->state == CLOSING)
			connection_touch(c);
		if (c->handler->sent && c->state != GONE)
			c->handler->sent(c, bytes);
	}
}

static void failed_sendv(struct ix_connection *c, int64_t error)
{
	if (error == IX_ERR_NO_MEMORY) {
		connection_touch(c);
	} else if (error != IX_ERR_BAD_HANDLE && error != IX_ERR_STATE) {
		c->error = (int)error;
		ix_abort(c);
	} /* a handle or a state that is gone: DEAD comes or has come */
}

/* A call that was taken as good was not. */
static void on_result(struct ix_connection *c, const struct ix_event *event)
{
	if (event->call == IX_CALL_ACCEPT) { /* it went before it was accepted */
		over(c, IX_DEAD_RESET);
		free_if_over(c);
		return;
	}
	if (event->call != IX_CALL_SENDV || c->state == GONE)
		return;
	if (c->runtime->binding.message) { /* it is not kept, so it cannot be tried again */
		c->error = event->status;
		ix_abort(c);
		return;
	}
	send_unaccept(c, c->offered - (event->status < 0 ? 0 : event->length));
	if (event->status < 0) {
		failed_sendv(c, event->status);
		return;
	}
	c->blocked = 1;
}

void connection_event(struct ix_runtime *runtime, const struct ix_event *event)
{
	struct ix_connection *c =
	    (struct ix_connection *)(uintptr_t)event->cookie; /* ours: the kernel never reads it */

	if (event->type == IX_EVENT_KNOCK) {
		open_knocking(runtime, event, 0);
		return;
	}
	if (!c && event->type == IX_EVENT_RECV) {
		c = find_newborn(runtime, event->handle);
		if (!c)
			c = open_knocking(runtime, event, 1);
	}
	if (!c)
		return; /* of a knock that was refused */
	c->runtime = runtime;
	c->unconfirmed = 0;
	switch (event->type) {
	case IX_EVENT_CONNECTED:
		on_connected(c, event);
		break;
	case IX_EVENT_RECV:
		receive_take_in(c, event);
		break;
	case IX_EVENT_SENT:
		tell_in_order(c);
		on_sent(c, event);
		break;
	case IX_EVENT_EOF:
		tell_in_order(c);
		if (c->state == OPEN && c->handler->ended)
			c->handler->ended(c);
		break;
	case IX_EVENT_DEAD:
		tell_in_order(c);
		over(c, event->status);
		free_if_over(c);
		break;
	case IX_EVENT_RESULT:
		on_result(c, event);
		break;
	default:
		break;
	}
}

static void sendv_result(struct ix_connection *c, int64_t result)
{
	if (result < 0) {
		failed_sendv(c, result);
		return;
	}
	send_accept(c, (uint32_t)result);
	c->blocked = (uint32_t)result < c->offered;
	if (c->runtime->binding.message) {
		send_acknowledge(c, (uint32_t)result);
		if (result && c->handler->sent && c->state != GONE)
			c->handler->sent(c, (uint32_t)result);
	}
	if ((c->unaccepted && !c->blocked) || c->state == CLOSING)
		connection_touch(c);
}

void connection_result(struct ix_runtime *runtime, const struct ix_call *call)
{
	struct ix_connection *c = (struct ix_connection *)(uintptr_t)call->cookie;

	c->outstanding--;
	switch (call->type) {
	case IX_CALL_CONNECT:
		if (call->result < 0)
			over(c, (int)call->result);
		else
			c->handle = (ix_handle)call->result;
		if (c->aborted)
			connection_touch(c);
		break;
	case IX_CALL_ACCEPT:
		if (call->result < 0) /* it went before it was accepted */
			over(c, IX_DEAD_RESET);
		break;
	case IX_CALL_SENDV:
		if (c->state != GONE)
			sendv_result(c, call->result);
		break;
	default: /* CLOSE, ABORT: DEAD follows, unless there is no protocol, or it has come before the call */
		if (runtime->binding.message)
			over(c, IX_DEAD_CLOSED);
	}
	free_if_over(c);
}

void ix_close(struct ix_connection *c)
{
	struct ix_view view;

	if (c->state == CONNECTING) {
		ix_abort(c);
		return;
	}
	if (c->state != OPEN)
		return;
	while (ix_read_take(c, &view))
		ix_read_done(c, &view);
	c->state = CLOSING;
	connection_touch(c);
}

void ix_abort(struct ix_connection *c)
{
	if (c->state == GONE || c->aborted)
		return;
	c->aborted = 1;
	receive_drop(c);
	if (c->state != CONNECTING)
		c->state = CLOSING;
	connection_touch(c);
}

void *ix_connection_context(const struct ix_connection *c)
{
	return c->context;
}

void ix_connection_set_context(struct ix_connection *c, void *context)
{
	c->context = context;
}

struct ix_runtime *ix_connection_runtime(const struct ix_connection *c)
{
	return c->runtime;
}

void ix_connection_peer(const struct ix_connection *c, uint32_t *ip, uint16_t *port)
{
	*ip = c->ip;
	*port = c->port;
}

void ix_runtime_close_connections(struct ix_runtime *runtime, struct ix_runtime *birthplace)
{
	for (struct ix_connection *c = birthplace->connections; c; c = c->next)
		if (c->runtime == runtime)
			ix_close(c);
}

unsigned ix_runtime_connections(const struct ix_runtime *runtime)
{
	return atomic_load_explicit(&runtime->connection_count, memory_order_relaxed);
}

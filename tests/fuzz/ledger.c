#include "tests/fuzz/ledger.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void ledger_broken(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: broken: %s\n", file, line, what);
	abort();
}

void ledger_begin(struct ledger *l)
{
	l->connections = l->buffers = l->timers = l->dying = 0;
	l->udp_sends = l->udp_sents = 0;
}

static void *more(void *array, unsigned used, unsigned *room, size_t size)
{
	if (used < *room)
		return array;
	*room = *room ? 2 * *room : 64;
	array = realloc(array, *room * size);
	LEDGER_CHECK(array);
	return array;
}

static struct ledger_connection *find(const struct ledger *l, ix_handle handle)
{
	for (unsigned i = l->connections; i--;)
		if (l->connection[i].handle == handle)
			return &l->connection[i];
	return NULL;
}

/* No handle is given twice. */
static struct ledger_connection *add(struct ledger *l, ix_handle handle)
{
	LEDGER_CHECK(handle && !find(l, handle));
	l->connection = more(l->connection, l->connections, &l->connection_room, sizeof(*l->connection));
	l->connection[l->connections] = (struct ledger_connection){.handle = handle};
	return &l->connection[l->connections++];
}

static struct ledger_buffer *find_buffer(const struct ledger *l, ix_handle handle, ix_buffer buffer)
{
	for (unsigned i = 0; i < l->buffers; i++) {
		struct ledger_buffer *b = &l->buffer[i];

		if (b->handle == handle && buffer >= b->buffer &&
		    (buffer - b->buffer < b->length || buffer == b->buffer))
			return b;
	}
	return NULL;
}

static void add_buffer(struct ledger *l, ix_handle handle, const struct ix_event *event)
{
	LEDGER_CHECK(event->buffer >> IX_POOL_SHIFT == IX_POOL_PACKETS);
	for (unsigned i = 0; i < l->buffers; i++)
		LEDGER_CHECK(l->buffer[i].buffer != event->buffer);
	l->buffer = more(l->buffer, l->buffers, &l->buffer_room, sizeof(*l->buffer));
	l->buffer[l->buffers++] = (struct ledger_buffer){handle, event->buffer, event->length, event->length};
}

static void drop_buffer(struct ledger *l, struct ledger_buffer *buffer)
{
	*buffer = l->buffer[--l->buffers];
}

static bool holds_any(const struct ledger *l, ix_handle handle)
{
	for (unsigned i = 0; i < l->buffers; i++)
		if (l->buffer[i].handle == handle)
			return true;
	return false;
}

static struct ledger_timer *find_timer(const struct ledger *l, unsigned thread, ix_handle id)
{
	for (unsigned i = 0; i < l->timers; i++)
		if (l->timer[i].id == id && l->timer[i].thread == thread)
			return &l->timer[i];
	return NULL;
}

static void recv_done(struct ledger *l, const struct ix_call *call)
{
	struct ledger_buffer *b = find_buffer(l, call->handle, call->buffer);
	bool right =
	    b && call->length && call->length <= b->undone && call->buffer - b->buffer + call->length <= b->length;

	LEDGER_CHECK(right ? call->result == 0 : call->result < 0);
	if (!right)
		return;
	b->undone -= call->length;
	if (!b->undone)
		drop_buffer(l, b);
}

static void call_of_connection(struct ledger *l, struct ledger_connection *c, const struct ix_call *call)
{
	if (c->dead && !holds_any(l, c->handle)) {
		LEDGER_CHECK(call->result == IX_ERR_BAD_HANDLE);
		return;
	}
	if (call->result == IX_ERR_BAD_HANDLE) {
		l->dying += !c->dying;
		c->dying = true;
		return;
	}
	LEDGER_CHECK(!c->dying);
	if (call->type == IX_CALL_RECV_DONE) {
		recv_done(l, call);
		return;
	}
	if (call->result < 0)
		return;
	LEDGER_CHECK(!c->dead);
	switch (call->type) {
	case IX_CALL_ACCEPT:
		LEDGER_CHECK(c->passive && !c->accepted && !c->closed);
		c->accepted = true;
		c->cookie = call->cookie;
		break;
	case IX_CALL_SENDV:
		LEDGER_CHECK((!c->passive || c->accepted) && !c->closed);
		c->taken += (uint64_t)call->result;
		break;
	case IX_CALL_CLOSE:
		LEDGER_CHECK(!c->closed);
		c->closed = true;
		break;
	default:
		c->closed = true;
	}
}

static void call_with_handle(struct ledger *l, const struct ix_call *call)
{
	struct ledger_connection *c = find(l, call->handle);

	if (call->result == IX_ERR_MOVED)
		return;
	if (c && c->guessed) {
		if (call->type == IX_CALL_RECV_DONE)
			recv_done(l, call);
		return;
	}
	if (c)
		call_of_connection(l, c, call);
	else if (call->result != IX_ERR_BAD_HANDLE)
		add(l, call->handle)->guessed = true;
}

static void udp_done(struct ledger *l, unsigned thread, const struct ix_call *call)
{
	for (unsigned i = 0; i < l->buffers; i++)
		if (l->buffer[i].handle == (LEDGER_UDP | thread) && l->buffer[i].buffer == call->buffer &&
		    call->result != IX_ERR_BAD_BUFFER) {
			LEDGER_CHECK(call->result == 0);
			drop_buffer(l, &l->buffer[i]);
			return;
		}
	LEDGER_CHECK(call->result < 0);
}

static void timer_armed(struct ledger *l, unsigned thread, const struct ix_call *call)
{
	LEDGER_CHECK(call->result > 0 && !find_timer(l, thread, (ix_handle)call->result));
	l->timer = more(l->timer, l->timers, &l->timer_room, sizeof(*l->timer));
	l->timer[l->timers++] = (struct ledger_timer){(ix_handle)call->result, call->cookie, thread};
}

static void timer_cancelled(struct ledger *l, unsigned thread, const struct ix_call *call)
{
	struct ledger_timer *t = find_timer(l, thread, call->handle);

	LEDGER_CHECK(t ? call->result == 0 : call->result == IX_ERR_BAD_HANDLE);
	if (t)
		*t = l->timer[--l->timers];
}

void ledger_result(struct ledger *l, unsigned thread, const struct ix_call *call)
{
	switch (call->type) {
	case IX_CALL_CONNECT:
		LEDGER_CHECK(call->result);
		if (call->result > 0)
			add(l, (ix_handle)call->result)->cookie = call->cookie;
		break;
	case IX_CALL_ACCEPT:
	case IX_CALL_SENDV:
	case IX_CALL_RECV_DONE:
	case IX_CALL_CLOSE:
	case IX_CALL_ABORT:
		call_with_handle(l, call);
		break;
	case IX_CALL_UDP_SEND:
		LEDGER_CHECK(call->result);
		l->udp_sends += call->result > 0;
		break;
	case IX_CALL_UDP_RECV_DONE:
		udp_done(l, thread, call);
		break;
	case IX_CALL_TIMER:
		timer_armed(l, thread, call);
		break;
	case IX_CALL_TIMER_CANCEL:
		timer_cancelled(l, thread, call);
		break;
	default:
		LEDGER_CHECK(call->result == IX_ERR_BAD_CALL);
	}
}

static void event_of_connection(struct ledger *l, struct ledger_connection *c, const struct ix_event *event)
{
	bool open = c->passive ? c->accepted : c->connected;

	LEDGER_CHECK(!c->dead);
	LEDGER_CHECK(event->cookie == c->cookie);
	switch (event->type) {
	case IX_EVENT_CONNECTED:
		LEDGER_CHECK(!c->passive && !c->connected);
		c->connected = true;
		break;
	case IX_EVENT_RECV:
		LEDGER_CHECK(open && !c->eof && event->length);
		add_buffer(l, c->handle, event);
		break;
	case IX_EVENT_SENT:
		c->acked += event->length;
		LEDGER_CHECK(open && c->acked <= c->taken);
		break;
	case IX_EVENT_EOF:
		LEDGER_CHECK(open && !c->eof);
		c->eof = true;
		break;
	default:
		LEDGER_CHECK(event->type == IX_EVENT_DEAD);
		LEDGER_CHECK(event->status >= IX_DEAD_CLOSED && event->status <= IX_DEAD_REFUSED);
		LEDGER_CHECK(c->passive || c->connected || c->closed);
		c->dead = true;
		l->dying -= c->dying;
	}
}

static void timer_fired(struct ledger *l, unsigned thread, const struct ix_event *event)
{
	struct ledger_timer *t = find_timer(l, thread, event->handle);

	LEDGER_CHECK(t && t->cookie == event->cookie);
	*t = l->timer[--l->timers];
}

void ledger_event(struct ledger *l, unsigned thread, const struct ix_event *event)
{
	struct ledger_connection *c;

	switch (event->type) {
	case IX_EVENT_TIMER:
		timer_fired(l, thread, event);
		return;
	case IX_EVENT_UDP_RECV:
		add_buffer(l, LEDGER_UDP | thread, event);
		return;
	case IX_EVENT_UDP_SENT:
		LEDGER_CHECK(++l->udp_sents <= l->udp_sends);
		return;
	default:
		break;
	}
	c = find(l, event->handle);
	if (c && c->guessed) {
		LEDGER_CHECK(!c->dead);
		c->dead = event->type == IX_EVENT_DEAD;
		if (event->type == IX_EVENT_RECV)
			add_buffer(l, c->handle, event);
	} else if (event->type == IX_EVENT_KNOCK) {
		add(l, event->handle)->passive = true;
	} else {
		LEDGER_CHECK(c);
		event_of_connection(l, c, event);
	}
}

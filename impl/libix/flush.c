/*
 * What leaves at the end of a user phase: one SENDV per connection that has something to send, then the closing of
 * those that have not. A connection that finds no room in the arrays keeps its place for the next cycle.
 */
#include "impl/libix/internal.h"

void connection_touch(struct ix_connection *c)
{
	struct ix_runtime *runtime = c->runtime;

	if (c->touched)
		return;
	c->touched = 1;
	c->next_touched = NULL;
	if (runtime->touched)
		runtime->touched_last->next_touched = c;
	else
		runtime->touched = c;
	runtime->touched_last = c;
}

/* Offers what is to be sent; NULL: no room in the arrays. */
static struct ix_call *offer(struct ix_connection *c, uint32_t *bytes)
{
	struct ix_runtime *runtime = c->runtime;
	unsigned room = runtime->sg_capacity - runtime->sg_used;
	struct ix_call *call;

	if (room > (runtime->binding.message ? 1 : IX_SG_MAX))
		room = runtime->binding.message ? 1 : IX_SG_MAX;
	call = room ? runtime_call_now(runtime) : NULL;
	if (!call)
		return NULL;
	call->type = IX_CALL_SENDV;
	call->handle = c->handle;
	call->cookie = (uintptr_t)c;
	call->buffer = application_buffer(runtime, (const uint8_t *)&runtime->sg[runtime->sg_used]);
	call->count = send_gather(c, &runtime->sg[runtime->sg_used], room, bytes);
	runtime->sg_used += call->count;
	return call;
}

static int send_and_wait(struct ix_connection *c)
{
	if (!offer(c, &c->offered))
		return -1;
	c->outstanding++;
	return 0;
}

/* Results by event: taken as accepted, until a RESULT says otherwise; it comes before any other event. */
static int send_and_trust(struct ix_connection *c)
{
	if (!offer(c, &c->offered))
		return -1;
	c->unconfirmed = 1;
	send_accept(c, c->offered);
	return 0;
}

/* Results by event, messages: all of them, as each is taken whole. Those that the application is to be told of hold
 * the connection for one more user phase, in which it is told. */
static int send_messages(struct ix_connection *c)
{
	struct ix_runtime *runtime = c->runtime;
	uint32_t bytes;

	while (c->unaccepted) {
		int told = send_is_told(c);

		if (!offer(c, &bytes))
			return -1;
		send_accept(c, bytes);
		if (!told) {
			send_spend(c);
			continue;
		}
		if (!c->offered) {
			c->next_untold = runtime->untold;
			runtime->untold = c;
		}
		c->offered += bytes;
	}
	return 0;
}

static int send(struct ix_connection *c)
{
	const struct ix_binding *binding = &c->runtime->binding;

	if (!binding->results_by_event)
		return send_and_wait(c);
	return binding->message ? send_messages(c) : send_and_trust(c);
}

/* Whether all that was written has been accepted for certain, so that it may be closed. */
static int all_accepted(const struct ix_connection *c)
{
	const struct ix_binding *binding = &c->runtime->binding;

	return !c->unaccepted && !c->unconfirmed && !(binding->results_by_event && binding->message && c->offered);
}

static void close_by(struct ix_connection *c, enum ix_call_type type)
{
	const struct ix_binding *binding = &c->runtime->binding;

	c->close_called = connection_call(c, type) != NULL;
	if (c->close_called && binding->results_by_event && binding->message)
		connection_closed(c);
}

/* -1: no room in the arrays of this cycle. May free the connection. */
static int flush(struct ix_connection *c)
{
	if (c->state == GONE || (c->state == CONNECTING && !c->aborted))
		return 0;
	if (c->aborted) {
		if (c->handle && !c->close_called)
			close_by(c, IX_CALL_ABORT);
		return 0;
	}
	if (c->unaccepted && !c->blocked && !c->unconfirmed && send(c))
		return -1;
	if (c->state == CLOSING && !c->close_called && all_accepted(c))
		close_by(c, IX_CALL_CLOSE);
	return 0;
}

void connection_flush_all(struct ix_runtime *runtime)
{
	struct ix_connection *c;

	while ((c = runtime->touched)) {
		runtime->touched = c->next_touched;
		c->touched = 0;
		if (flush(c)) {
			c->touched = 1;
			c->next_touched = runtime->touched;
			if (!runtime->touched)
				runtime->touched_last = c;
			runtime->touched = c;
			return;
		}
	}
}

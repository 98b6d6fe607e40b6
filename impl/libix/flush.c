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

/* -1: no room in the arrays of this cycle. */
static int flush(struct ix_connection *c)
{
	struct ix_runtime *runtime = c->runtime;
	struct ix_call *call;

	if (c->state == GONE || (c->state == CONNECTING && !c->aborted))
		return 0;
	if (c->aborted) {
		if (c->handle && !c->close_called)
			c->close_called = connection_call(c, IX_CALL_ABORT) != NULL;
		return 0;
	}
	if (c->unaccepted && !c->blocked) {
		unsigned room = runtime->sg_capacity - runtime->sg_used;

		if (room > (runtime->binding.message ? 1 : IX_SG_MAX))
			room = runtime->binding.message ? 1 : IX_SG_MAX;
		call = room ? runtime_call_now(runtime) : NULL;
		if (!call)
			return -1;
		call->type = IX_CALL_SENDV;
		call->handle = c->handle;
		call->cookie = (uintptr_t)c;
		call->buffer = application_buffer(runtime, (const uint8_t *)&runtime->sg[runtime->sg_used]);
		call->count = send_gather(c, &runtime->sg[runtime->sg_used], room, &c->offered);
		runtime->sg_used += call->count;
		c->outstanding++;
	} else if (!c->unaccepted && c->state == CLOSING && !c->close_called) {
		c->close_called = connection_call(c, IX_CALL_CLOSE) != NULL;
	}
	return 0;
}

void connection_flush_all(struct ix_runtime *runtime)
{
	struct ix_connection *c;

	while ((c = runtime->touched)) {
		if (flush(c))
			return;
		runtime->touched = c->next_touched;
		c->touched = 0;
	}
}

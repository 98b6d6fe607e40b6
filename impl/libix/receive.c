/*
 * What a connection has received: segments in order, where the NIC put them, until the application has read them.
 */
#include "impl/libix/internal.h"
#include <stdlib.h>
#include <string.h>

void receive_drop(struct ix_connection *c)
{
	struct segment *segment;

	while ((segment = c->first_segment)) {
		c->first_segment = segment->next;
		segment->next = c->runtime->free_segments;
		c->runtime->free_segments = segment;
	}
	c->last_segment = NULL;
	c->available = 0;
}

static void give_back(struct ix_connection *c, ix_buffer buffer, uint32_t length)
{
	struct ix_call *call = connection_call(c, IX_CALL_RECV_DONE);

	if (call) {
		call->buffer = buffer;
		call->length = length;
	}
}

void receive_take_in(struct ix_connection *c, const struct ix_event *event)
{
	struct ix_runtime *runtime = c->runtime;
	struct segment *segment = runtime->free_segments;

	if (c->state != OPEN) {
		give_back(c, event->buffer, event->length);
		return;
	}
	if (segment)
		runtime->free_segments = segment->next;
	else
		segment = malloc(sizeof(*segment));
	if (!segment) {
		/* A hole in the stream must not be passed on. */
		give_back(c, event->buffer, event->length);
		c->error = IX_ERR_NO_MEMORY;
		ix_abort(c);
		return;
	}
	*segment = (struct segment){NULL, event->buffer, event->length};
	if (c->last_segment)
		c->last_segment->next = segment;
	else
		c->first_segment = segment;
	c->last_segment = segment;
	c->available += event->length;
	if (!c->told_received) {
		c->told_received = 1;
		c->next_received = runtime->received;
		runtime->received = c;
	}
}

size_t ix_read_available(const struct ix_connection *c)
{
	return c->available;
}

int ix_read_take(struct ix_connection *c, struct ix_view *view)
{
	struct segment *segment = c->first_segment;

	if (!segment)
		return 0;
	*view = (struct ix_view){packet_data(c->runtime, segment->buffer), segment->length, segment->buffer};
	c->available -= segment->length;
	c->first_segment = segment->next;
	if (!c->first_segment)
		c->last_segment = NULL;
	segment->next = c->runtime->free_segments;
	c->runtime->free_segments = segment;
	return 1;
}

void ix_read_done(struct ix_connection *c, const struct ix_view *view)
{
	if (c->state != GONE)
		give_back(c, view->buffer, view->length);
}

size_t ix_read(struct ix_connection *c, void *buffer, size_t size)
{
	size_t copied = 0;

	while (copied < size && c->first_segment) {
		struct segment *segment = c->first_segment;
		const uint8_t *data = packet_data(c->runtime, segment->buffer);
		struct ix_view view;
		size_t n = size - copied;

		if (n >= segment->length) {
			ix_read_take(c, &view);
			n = view.length;
		} else {
			view = (struct ix_view){data, (uint32_t)n, segment->buffer};
			segment->buffer += n;
			segment->length -= (uint32_t)n;
			c->available -= n;
		}
		memcpy((uint8_t *)buffer + copied, data, n);
		copied += n;
		ix_read_done(c, &view);
	}
	return copied;
}

/* Buffers that sockets are read into: each thread keeps some, the rest is common. */
#include "impl/host/internal.h"
#include <stdlib.h>
#include <sys/mman.h>

int host_buffers_init(struct host *host)
{
	host->buffers = calloc(HOST_BUFFERS, sizeof(*host->buffers)); /* as large: fresh pages, untouched */
	host->free_buffers = malloc(HOST_BUFFERS * sizeof(*host->free_buffers));
	return host->buffers && host->free_buffers ? 0 : -1;
}

uint8_t *host_buffer_data(const struct host *host, uint32_t buffer)
{
	return host->packets + (size_t)buffer * HOST_BUFFER;
}

static void refill(struct host_thread *thread)
{
	struct host *host = thread->host;

	pthread_mutex_lock(&host->buffer_lock);
	while (thread->buffers_cached < HOST_BUFFER_CACHE / 2) {
		uint32_t buffer;

		if (host->free_buffer_count)
			buffer = host->free_buffers[--host->free_buffer_count];
		else if (host->fresh_buffer < HOST_BUFFERS)
			buffer = host->fresh_buffer++;
		else
			break;
		thread->buffer_cache[thread->buffers_cached++] = buffer;
	}
	pthread_mutex_unlock(&host->buffer_lock);
}

uint32_t host_buffer_take(struct host_thread *thread)
{
	if (!thread->buffers_cached)
		refill(thread);
	return thread->buffers_cached ? thread->buffer_cache[--thread->buffers_cached] : HOST_NO_BUFFER;
}

void host_buffer_give(struct host_thread *thread, uint32_t buffer)
{
	struct host *host = thread->host;

	if (thread->buffers_cached == HOST_BUFFER_CACHE) {
		pthread_mutex_lock(&host->buffer_lock);
		while (thread->buffers_cached > HOST_BUFFER_CACHE / 2)
			host->free_buffers[host->free_buffer_count++] = thread->buffer_cache[--thread->buffers_cached];
		pthread_mutex_unlock(&host->buffer_lock);
	}
	thread->buffer_cache[thread->buffers_cached++] = buffer;
}

void host_buffer_hold(struct host *host, struct host_connection *c, uint32_t buffer, uint32_t bytes)
{
	host->buffers[buffer] = (struct host_buffer){c->first_held, HOST_NO_BUFFER, bytes, host_connection_handle(c)};
	if (c->first_held != HOST_NO_BUFFER)
		host->buffers[c->first_held].previous = buffer;
	c->first_held = buffer;
	c->held_bytes += bytes;
}

int host_buffer_done(struct host_thread *thread, struct host_connection *c, ix_buffer buffer, uint32_t bytes)
{
	struct host *host = thread->host;
	uint64_t offset = buffer & ((1ull << IX_POOL_SHIFT) - 1);
	uint32_t number = (uint32_t)(offset / HOST_BUFFER);
	struct host_buffer *b;

	if (buffer >> IX_POOL_SHIFT != IX_POOL_PACKETS || offset >= (uint64_t)HOST_BUFFERS * HOST_BUFFER)
		return IX_ERR_BAD_BUFFER;
	b = &host->buffers[number];
	if (b->owner != host_connection_handle(c))
		return IX_ERR_BAD_BUFFER;
	if (bytes == 0 || bytes > b->left)
		return IX_ERR_BAD_LENGTH;
	b->left -= bytes;
	c->held_bytes -= bytes;
	if (b->left)
		return 0;
	if (b->next != HOST_NO_BUFFER)
		host->buffers[b->next].previous = b->previous;
	if (b->previous != HOST_NO_BUFFER)
		host->buffers[b->previous].next = b->next;
	else
		c->first_held = b->next;
	b->owner = 0;
	host_buffer_give(thread, number);
	return 0;
}

void host_buffers_drop(struct host_thread *thread, struct host_connection *c)
{
	struct host_buffer *buffers = thread->host->buffers;

	while (c->first_held != HOST_NO_BUFFER) {
		uint32_t buffer = c->first_held;

		c->first_held = buffers[buffer].next;
		buffers[buffer].owner = 0;
		buffers[buffer].next = thread->dying;
		thread->dying = buffer;
	}
	c->held_bytes = 0;
}

void host_buffers_bury(struct host_thread *thread)
{
	while (thread->dying != HOST_NO_BUFFER) {
		uint32_t buffer = thread->dying;

		thread->dying = thread->host->buffers[buffer].next;
		host_buffer_give(thread, buffer);
	}
}

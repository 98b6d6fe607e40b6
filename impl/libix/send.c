/*
 * What a connection has to send: chunks in order. Written bytes are first offered to the stack, then accepted by it,
 * then acknowledged by the peer; a chunk goes when its last byte is acknowledged.
 */
#include "impl/libix/internal.h"
#include <string.h>

#define GATHER_MAX 1984u /* bytes: blocks for what a connection writes in one cycle are so large at most */
#define BLOCK_MAX  (65520u - (uint32_t)sizeof(struct chunk))

/* With room for @size bytes, or of the application's memory with 0. */
static struct chunk *chunk_new(struct ix_runtime *runtime, uint32_t size)
{
	struct chunk *chunk = arena_take(&runtime->arena, (uint32_t)sizeof(*chunk) + size);

	if (!chunk)
		return NULL;
	memset(chunk, 0, sizeof(*chunk));
	if (size) {
		chunk->data = (uint8_t *)(chunk + 1);
		chunk->capacity = arena_room(chunk) - (uint32_t)sizeof(*chunk);
	}
	return chunk;
}

static void chunk_free(struct ix_runtime *runtime, struct chunk *chunk)
{
	arena_give(&runtime->arena, chunk);
}

static void append(struct ix_connection *c, struct chunk *chunk)
{
	if (c->last)
		c->last->next = chunk;
	else
		c->first = chunk;
	c->last = chunk;
	if (!c->unaccepted)
		c->unaccepted = chunk;
	c->unsent += chunk->length;
}

static int writable(const struct ix_connection *c)
{
	return (c->state == OPEN || c->state == CONNECTING) && !c->aborted;
}

/* Of a block: what is left to write, or what the connection wrote last time, so that small writes of a cycle share one
 * and a connection with little to say takes little. */
static uint32_t block_size(const struct ix_connection *c, size_t length)
{
	uint32_t before = c->offered < GATHER_MAX ? c->offered : GATHER_MAX;

	if (length > BLOCK_MAX)
		return BLOCK_MAX;
	return length > before ? (uint32_t)length : before;
}

/* Empty chunks for @length bytes in all; NULL when memory is short. */
static struct chunk *blocks_for(struct ix_connection *c, size_t length)
{
	struct chunk *first = NULL, *chunk;

	while (length) {
		chunk = chunk_new(c->runtime, block_size(c, length));
		if (!chunk) {
			while ((chunk = first)) {
				first = chunk->next;
				chunk_free(c->runtime, chunk);
			}
			return NULL;
		}
		length -= length < chunk->capacity ? length : chunk->capacity;
		chunk->next = first;
		first = chunk;
	}
	return first;
}

int ix_write(struct ix_connection *c, const void *data, size_t length)
{
	const uint8_t *from = data;
	struct chunk *tail = c->last, *fresh = NULL, *chunk;
	/* Over the message stack a write is a message, and stays by itself. */
	size_t fits = tail && tail->capacity && !c->runtime->binding.message ? tail->capacity - tail->length : 0;

	if (!writable(c))
		return IX_ERR_STATE;
	if (fits > length)
		fits = length;
	if (length > fits) {
		fresh = blocks_for(c, length - fits);
		if (!fresh)
			return IX_ERR_NO_MEMORY;
	}
	if (fits) {
		memcpy(tail->data + tail->length, from, fits);
		tail->length += (uint32_t)fits;
		c->unsent += fits;
		if (!c->unaccepted)
			c->unaccepted = tail;
	}
	for (from += fits, length -= fits; (chunk = fresh); from += chunk->length, length -= chunk->length) {
		fresh = chunk->next;
		chunk->next = NULL;
		chunk->length = length < chunk->capacity ? (uint32_t)length : chunk->capacity;
		memcpy(chunk->data, from, chunk->length);
		append(c, chunk);
	}
	if (c->unaccepted)
		connection_touch(c);
	return 0;
}

int ix_write_zero_copy(struct ix_connection *c, const void *data, uint32_t length,
		       void (*done)(void *context, int sent), void *context)
{
	const struct ix_binding *binding = &c->runtime->binding;
	uintptr_t offset = (uintptr_t)data - (uintptr_t)binding->pool[IX_POOL_APPLICATION];
	struct chunk *chunk;

	if (!writable(c))
		return IX_ERR_STATE;
	if (!length)
		return IX_ERR_BAD_LENGTH;
	if (offset > binding->pool_size[IX_POOL_APPLICATION] ||
	    length > binding->pool_size[IX_POOL_APPLICATION] - offset)
		return IX_ERR_BAD_BUFFER;
	chunk = chunk_new(c->runtime, 0);
	if (!chunk)
		return IX_ERR_NO_MEMORY;
	chunk->data = binding->pool[IX_POOL_APPLICATION] + offset;
	chunk->length = length;
	chunk->done = done;
	chunk->context = context;
	append(c, chunk);
	connection_touch(c);
	return 0;
}

unsigned send_gather(const struct ix_connection *c, struct ix_sg *sg, unsigned max, uint32_t *bytes)
{
	const struct chunk *chunk;
	unsigned n = 0;

	*bytes = 0;
	for (chunk = c->unaccepted; chunk && n < max; chunk = chunk->next) {
		sg[n] = (struct ix_sg){.buffer = application_buffer(c->runtime, chunk->data + chunk->accepted),
				       .length = chunk->length - chunk->accepted};
		*bytes += sg[n++].length;
	}
	return n;
}

void send_accept(struct ix_connection *c, uint32_t bytes)
{
	while (bytes && c->unaccepted) {
		struct chunk *chunk = c->unaccepted;
		uint32_t n = chunk->length - chunk->accepted;

		if (n > bytes)
			n = bytes;
		chunk->accepted += n;
		bytes -= n;
		if (chunk->accepted == chunk->length)
			c->unaccepted = chunk->next;
	}
}

void send_unaccept(struct ix_connection *c, uint32_t bytes)
{
	struct chunk *chunk;
	uint64_t accepted = 0;

	for (chunk = c->first; chunk; chunk = chunk->next)
		accepted += chunk->accepted;
	accepted -= bytes < accepted ? bytes : accepted;
	c->unaccepted = NULL;
	for (chunk = c->first; chunk; chunk = chunk->next) {
		if (chunk->accepted > accepted)
			chunk->accepted = (uint32_t)accepted;
		accepted -= chunk->accepted;
		if (!c->unaccepted && chunk->accepted < chunk->length)
			c->unaccepted = chunk;
	}
}

int send_is_told(const struct ix_connection *c)
{
	/* In order: behind one that is told of, all are. */
	return c->handler->sent || c->unaccepted->done || c->first != c->unaccepted;
}

void send_spend(struct ix_connection *c)
{
	struct chunk *chunk = c->first;

	c->unsent -= chunk->length;
	c->first = chunk->next;
	if (!c->first)
		c->last = NULL;
	chunk->next = c->runtime->spent;
	c->runtime->spent = chunk;
}

void send_free_spent(struct ix_runtime *runtime)
{
	struct chunk *chunk;

	while ((chunk = runtime->spent)) {
		runtime->spent = chunk->next;
		chunk_free(runtime, chunk);
	}
}

static void finish(struct ix_connection *c, struct chunk *chunk, int sent)
{
	void (*done)(void *, int) = chunk->done;
	void *context = chunk->context;

	c->first = chunk->next;
	if (!c->first)
		c->last = NULL;
	if (c->unaccepted == chunk)
		c->unaccepted = chunk->next;
	chunk_free(c->runtime, chunk);
	if (done)
		done(context, sent);
}

void send_acknowledge(struct ix_connection *c, uint32_t bytes)
{
	while (bytes && c->first) {
		struct chunk *chunk = c->first;
		uint32_t n = chunk->accepted - chunk->acknowledged;

		if (!n)
			return; /* more than was accepted: not ours to believe */
		if (n > bytes)
			n = bytes;
		chunk->acknowledged += n;
		bytes -= n;
		c->unsent -= n;
		if (chunk->acknowledged == chunk->length)
			finish(c, chunk, 1);
	}
}

void send_drop(struct ix_connection *c)
{
	c->unsent = 0;
	while (c->first)
		finish(c, c->first, 0);
}

uint64_t ix_connection_unsent(const struct ix_connection *c)
{
	return c->unsent;
}

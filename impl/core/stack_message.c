#include "impl/core/stack_message.h"
#include "impl/core/dataplane.h"
#include <string.h>

#define HEADER sizeof(struct ix_message_header)

const struct ix_message_options ix_message_options_default = {.connections_per_group = 65536};

struct connection {
	ix_handle handle;
	ix_cookie cookie;
	uint32_t number, rss_hash;
	struct ix_packet_queue held; /* with bytes the application has not done */
};

struct group_state {
	struct connection **connection; /* by number */
	uint32_t capacity, limit;
};

static void release(struct ix_dataplane *dataplane, void *memory)
{
	if (memory)
		dataplane->platform.release(dataplane->platform.context, memory);
}

static void *allocate(struct ix_dataplane *dataplane, size_t size)
{
	return dataplane->platform.allocate(dataplane->platform.context, size, _Alignof(max_align_t));
}

static void free_packet(struct ix_thread *thread, struct ix_packet *packet)
{
	thread->dataplane->platform.packet_free(thread->dataplane->platform.context, packet);
}

static int thread_start(struct ix_thread *thread, const void *options)
{
	return thread->dataplane->platform.data_room > HEADER ? 0 : IX_ERR_BAD_CALL;
}

static void thread_stop(struct ix_thread *thread)
{
}

static int group_start(struct ix_thread *owner, struct ix_flow_group *group, const void *options)
{
	const struct ix_message_options *o = options ? options : &ix_message_options_default;
	struct group_state *state = allocate(owner->dataplane, sizeof(*state));

	if (!state)
		return IX_ERR_NO_MEMORY;
	state->limit = o->connections_per_group;
	group->stack_state = state;
	return 0;
}

static void forget(struct ix_thread *thread, struct ix_flow_group *group, struct connection *connection)
{
	struct group_state *state = group->stack_state;
	struct ix_packet *packet;

	while ((packet = ix_packet_queue_pop(&connection->held)))
		free_packet(thread, packet);
	ix_handle_free(&group->handles, connection->handle);
	state->connection[connection->number] = NULL;
	release(thread->dataplane, connection);
}

static void group_stop(struct ix_thread *owner, struct ix_flow_group *group)
{
	struct group_state *state = group->stack_state;
	uint32_t i;

	for (i = 0; i < state->capacity; i++)
		if (state->connection[i])
			forget(owner, group, state->connection[i]);
	release(owner->dataplane, state->connection);
	release(owner->dataplane, state);
}

static int grow(struct ix_dataplane *dataplane, struct group_state *state, uint32_t number)
{
	uint32_t capacity = state->capacity ? state->capacity : 16;
	struct connection **connection;

	while (capacity <= number)
		capacity *= 2;
	connection = allocate(dataplane, capacity * sizeof(struct connection *));
	if (!connection)
		return -1;
	if (state->capacity)
		memcpy(connection, state->connection, state->capacity * sizeof(struct connection *));
	release(dataplane, state->connection);
	state->connection = connection;
	state->capacity = capacity;
	return 0;
}

static struct connection *open_connection(struct ix_thread *thread, struct ix_flow_group *group, uint32_t number)
{
	struct group_state *state = group->stack_state;
	struct connection *connection;

	if (number >= state->limit || (number >= state->capacity && grow(thread->dataplane, state, number)))
		return NULL;
	connection = allocate(thread->dataplane, sizeof(*connection));
	if (!connection)
		return NULL;
	connection->number = number;
	connection->handle = ix_handle_new(&group->handles, connection);
	if (!connection->handle) {
		release(thread->dataplane, connection);
		return NULL;
	}
	state->connection[number] = connection;
	return connection;
}

static void receive(struct ix_thread *thread, struct ix_flow_group *group, struct ix_packet *packet)
{
	struct group_state *state = group->stack_state;
	struct connection *connection = NULL;
	struct ix_message_header header;

	if (packet->length > HEADER) {
		memcpy(&header, packet->data, HEADER);
		if (header.connection < state->capacity)
			connection = state->connection[header.connection];
		if (!connection)
			connection = open_connection(thread, group, header.connection);
	}
	if (!connection) {
		thread->counter_refused++;
		free_packet(thread, packet);
		return;
	}
	connection->rss_hash = packet->rss_hash;
	packet->undone = packet->length - (uint32_t)HEADER;
	ix_packet_queue_push(&connection->held, packet);
	ix_deliver(thread, &(struct ix_event){.type = IX_EVENT_RECV,
					      .handle = connection->handle,
					      .cookie = connection->cookie,
					      .buffer = ix_packet_buffer(thread->dataplane, packet->data + HEADER),
					      .length = packet->undone});
}

/* The reply packet of thread->sg[count], complete but for its connection. */
static inline struct ix_packet *fill(struct ix_thread *thread, uint32_t count, int *error)
{
	struct ix_platform *platform = &thread->dataplane->platform;
	struct ix_packet *packet;
	uint64_t length = HEADER;
	uint32_t i;

	for (i = 0; i < count; i++)
		length += thread->sg[i].length;
	*error = IX_ERR_BAD_LENGTH;
	if (length == HEADER || length > platform->data_room || length > UINT16_MAX)
		return NULL;
	*error = IX_ERR_NO_MEMORY;
	packet = platform->packet_alloc(platform->context, thread->id);
	if (!packet)
		return NULL;
	packet->length = HEADER;
	for (i = 0; i < count; i++) {
		/* The application may name packets that are not its any more, even the one being filled. */
		memmove(packet->data + packet->length,
			ix_buffer_memory(thread->dataplane, thread->sg[i].buffer, thread->sg[i].length),
			thread->sg[i].length);
		packet->length = (uint16_t)(packet->length + thread->sg[i].length);
	}
	return packet;
}

static struct ix_packet *gather(struct ix_thread *thread, uint32_t count, int *error)
{
	return fill(thread, count, error);
}

static int64_t send_reply(struct ix_thread *thread, struct ix_flow_group *group, uint32_t count)
{
	struct connection *connection = thread->connection;
	struct ix_packet *packet = thread->gathered;
	int error = 0;

	if (!packet)
		packet = fill(thread, count, &error);
	if (!packet)
		return error;
	thread->gathered = NULL;
	memcpy(packet->data, &(struct ix_message_header){.connection = connection->number}, HEADER);
	packet->group = (uint16_t)group->id;
	packet->rss_hash = connection->rss_hash;
	ix_send(thread, packet);
	return packet->length - (int64_t)HEADER;
}

/* The held packets of a connection are few: what came in one cycle, as a rule one. */
static int64_t receive_done(struct ix_thread *thread, const struct ix_call *call)
{
	struct connection *connection = thread->connection;
	const uint8_t *begin = ix_buffer_memory(thread->dataplane, call->buffer, call->length);
	struct ix_packet_queue *held = &connection->held;
	struct ix_packet *packet, *previous = NULL;

	for (packet = held->head; packet; previous = packet, packet = packet->next)
		if (begin >= packet->data + HEADER && begin + call->length <= packet->data + packet->length)
			break;
	if (!packet)
		return IX_ERR_BAD_BUFFER;
	if (call->length == 0 || call->length > packet->undone)
		return IX_ERR_BAD_LENGTH;
	packet->undone -= call->length;
	if (packet->undone)
		return 0;
	if (previous)
		previous->next = packet->next;
	else
		held->head = packet->next;
	if (held->tail == packet)
		held->tail = previous;
	held->count--;
	free_packet(thread, packet);
	return 0;
}

static void call(struct ix_thread *thread, struct ix_flow_group *group, struct ix_call *c)
{
	struct connection *connection = thread->connection;

	switch (c->type) {
	case IX_CALL_SENDV:
		c->result = send_reply(thread, group, c->count);
		break;
	case IX_CALL_RECV_DONE:
		c->result = receive_done(thread, c);
		break;
	case IX_CALL_ACCEPT:
		if (connection->cookie)
			c->result = IX_ERR_STATE;
		else
			connection->cookie = c->cookie;
		break;
	case IX_CALL_CLOSE:
	case IX_CALL_ABORT:
		forget(thread, group, connection);
		break;
	default:
		c->result = IX_ERR_BAD_CALL;
	}
}

const struct ix_stack ix_stack_message = {
    .name = "message",
    .thread_start = thread_start,
    .thread_stop = thread_stop,
    .group_start = group_start,
    .group_stop = group_stop,
    .receive = receive,
    .call = call,
    .gather = gather,
};

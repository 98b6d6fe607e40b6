/*
 * The calls of an application are checked here, on copies: it may live in another process and change the array, or the
 * scatter-gather entries, while the kernel reads them.
 */
#include "impl/core/kernel.h"
#include <string.h>

#define UDP_PAYLOAD_MAX 65507
#define CALLS_AHEAD     4

/* inline here and below: on every call's path. */
static inline int check_sg(struct ix_thread *thread, const struct ix_call *call)
{
	const uint8_t *array;
	uint32_t i;

	if (call->count == 0 || call->count > IX_SG_MAX)
		return IX_ERR_BAD_LENGTH;
	array = ix_buffer_memory(thread->dataplane, call->buffer, call->count * sizeof(struct ix_sg));
	if (!array || call->buffer >> IX_POOL_SHIFT != IX_POOL_APPLICATION)
		return IX_ERR_BAD_BUFFER;
	memcpy(thread->sg, array, call->count * sizeof(struct ix_sg));
	for (i = 0; i < call->count; i++)
		if (!ix_buffer_memory(thread->dataplane, thread->sg[i].buffer, thread->sg[i].length))
			return IX_ERR_BAD_BUFFER;
	return 0;
}

static inline int check_packet_buffer(const struct ix_thread *thread, const struct ix_call *call)
{
	return call->buffer >> IX_POOL_SHIFT == IX_POOL_PACKETS &&
		       ix_buffer_memory(thread->dataplane, call->buffer, call->length)
		   ? 0
		   : IX_ERR_BAD_BUFFER;
}

/* Finds the connection, and its group; only the owner may look into the group's table. */
static int check_handle(struct ix_thread *thread, const struct ix_call *call, struct ix_flow_group **group)
{
	uint32_t id = ix_handle_group(call->handle);

	if (call->handle == 0 || id >= thread->dataplane->options.groups)
		return IX_ERR_BAD_HANDLE;
	*group = &thread->dataplane->group[id];
	if (!ix_owns(thread, *group))
		return IX_ERR_MOVED;
	thread->connection = ix_handle_find(&(*group)->handles, call->handle);
	return thread->connection ? 0 : IX_ERR_BAD_HANDLE;
}

static inline int check_call(struct ix_thread *thread, const struct ix_call *call, struct ix_flow_group **group)
{
	int error;

	switch (call->type) {
	case IX_CALL_SENDV:
		error = check_handle(thread, call, group);
		return error ? error : check_sg(thread, call);
	case IX_CALL_RECV_DONE:
		error = check_handle(thread, call, group);
		return error ? error : check_packet_buffer(thread, call);
	case IX_CALL_ACCEPT:
	case IX_CALL_CLOSE:
	case IX_CALL_ABORT:
		return check_handle(thread, call, group);
	case IX_CALL_UDP_SEND:
		if (call->length > UDP_PAYLOAD_MAX)
			return IX_ERR_BAD_LENGTH;
		return ix_buffer_memory(thread->dataplane, call->buffer, call->length) ? 0 : IX_ERR_BAD_BUFFER;
	case IX_CALL_UDP_RECV_DONE:
		return check_packet_buffer(thread, call);
	default:
		return call->type < IX_CALL_COUNT ? 0 : IX_ERR_BAD_CALL;
	}
}

static inline void run(struct ix_thread *thread, struct ix_flow_group *group, struct ix_call *call)
{
	switch (call->type) {
	case IX_CALL_TIMER:
		ix_application_timer_arm(thread, call);
		break;
	case IX_CALL_TIMER_CANCEL:
		ix_application_timer_cancel(thread, call);
		break;
	default:
		thread->dataplane->options.stack->call(thread, group, call);
	}
}

static inline void run_call(struct ix_thread *thread, struct ix_call *call)
{
	struct ix_flow_group *group = NULL;

	thread->connection = NULL;
	call->result = check_call(thread, call, &group);
	if (!call->result)
		run(thread, group, call);
}

void ix_run_call(struct ix_thread *thread, struct ix_call *call)
{
	run_call(thread, call);
}

int ix_call_names_connection(uint32_t type)
{
	return type == IX_CALL_SENDV || type == IX_CALL_RECV_DONE || type == IX_CALL_ACCEPT || type == IX_CALL_CLOSE ||
	       type == IX_CALL_ABORT;
}

int ix_check_call_buffers(struct ix_thread *thread, const struct ix_call *call)
{
	switch (call->type) {
	case IX_CALL_SENDV:
		return check_sg(thread, call);
	case IX_CALL_RECV_DONE:
		return check_packet_buffer(thread, call);
	default:
		return 0;
	}
}

void ix_run_checked_call(struct ix_thread *thread, struct ix_call *call)
{
	struct ix_flow_group *group = NULL;
	int error = check_handle(thread, call, &group);

	if (error)
		call->result = error;
	else if (!call->result)
		run(thread, group, call);
}

unsigned ix_calls_left(const struct ix_thread *thread)
{
	unsigned capacity = thread->dataplane->options.calls;

	return thread->call_count < capacity ? thread->call_count : capacity;
}

/* The handle of a call to come, which may be any and may change until the call is copied: nothing is taken from it but
 * where to look. */
static inline void prefetch_handle(const struct ix_thread *thread, const struct ix_call *call)
{
	ix_handle handle = call->handle;
	uint32_t group = ix_handle_group(handle);

	if (handle && group < thread->dataplane->options.groups && ix_owns(thread, &thread->dataplane->group[group]))
		ix_handle_prefetch(&thread->dataplane->group[group].handles, handle);
}

void ix_run_calls(struct ix_thread *thread, struct ix_work *work)
{
	unsigned count = ix_calls_left(thread), i;

	for (i = 0; i < count; i++) {
		struct ix_call call = thread->calls[i];

		if (i + CALLS_AHEAD < count)
			prefetch_handle(thread, &thread->calls[i + CALLS_AHEAD]);

		run_call(thread, &call);
		thread->calls[i].result = call.result;
		thread->counter_calls_failed += call.result < 0;
	}
	thread->call_count = 0;
	thread->calls_run = count;
	work->calls += count;
}

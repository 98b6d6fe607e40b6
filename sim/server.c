#include "sim/server.h"

/* A reply as it lies in the application's pool. */
struct reply {
	struct ix_sg part;
	struct sim_request request;
};

_Static_assert(sizeof(struct reply) <= SIM_SERVER_SLOT_BYTES, "a reply fits its slot");

static struct ix_call *next_call(struct ix_thread *thread, enum ix_call_type type, const struct ix_event *event)
{
	struct ix_call *call = &thread->calls[thread->call_count++];

	call->type = type;
	call->handle = event->handle;
	call->cookie = event->cookie;
	return call;
}

static void answer(struct ix_thread *thread, const struct ix_event *event, const struct sim_request *request,
		   uint64_t slot)
{
	const struct ix_platform *platform = &thread->dataplane->platform;
	uint64_t offset = slot * SIM_SERVER_SLOT_BYTES;
	struct reply *reply = (struct reply *)(void *)(platform->pool_base[IX_POOL_APPLICATION] + offset);
	const uint64_t pool = (uint64_t)IX_POOL_APPLICATION << IX_POOL_SHIFT;
	struct ix_call *call;

	reply->request = *request;
	reply->part.buffer = pool | (offset + offsetof(struct reply, request));
	reply->part.length = sizeof(reply->request);
	call = next_call(thread, IX_CALL_SENDV, event);
	call->buffer = pool | offset;
	call->count = 1;
	call = next_call(thread, IX_CALL_RECV_DONE, event);
	call->buffer = event->buffer;
	call->length = event->length;
}

static const struct sim_request *request_of(const struct ix_thread *thread, const struct ix_event *event)
{
	uint64_t offset = event->buffer & ((1ull << IX_POOL_SHIFT) - 1);

	return (const struct sim_request *)(void *)(thread->dataplane->platform.pool_base[IX_POOL_PACKETS] + offset);
}

uint64_t sim_server_run(void *context, struct ix_thread *thread, uint64_t start_ns)
{
	struct sim_server *server = context;
	const struct sim_machine *machine = server->machine;
	uint64_t first_slot = (uint64_t)thread->id * thread->dataplane->options.events, service_ns = 0;

	thread->call_count = 0;
	for (unsigned i = 0; i < thread->event_count; i++) {
		const struct ix_event *event = &thread->events[i];
		const struct sim_request *request;

		if (event->type == IX_EVENT_KNOCK)
			next_call(thread, IX_CALL_ACCEPT, event);
		if (event->type != IX_EVENT_RECV)
			continue;
		request = request_of(thread, event);
		if (machine->trace)
			sim_trace_add(machine->trace, machine->engine->now_ns,
				      start_ns + (uint64_t)((double)service_ns * machine->charge.user_scale),
				      thread->id, SIM_TRACE_REQUEST, request->connection);
		service_ns += request->service_ns;
		answer(thread, event, request, first_slot + i);
		server->served++;
	}
	return service_ns;
}

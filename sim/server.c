#include "sim/server.h"

#include <stdlib.h>
#include <string.h>

#define POOL (~(uint64_t)0 << IX_POOL_SHIFT) /* of a buffer: which pool */

/* Requests that went through the stack in the input half under way. */
struct sim_server_thread {
	struct sim_request **processed;
	unsigned count;
};

static struct sim_server *server_of(const struct ix_thread *thread)
{
	struct sim_machine *machine = thread->dataplane->platform.context;

	return machine->options.context;
}

/* The message at @buffer of the pool of packets. */
static struct sim_request *request_at(const struct ix_thread *thread, ix_buffer buffer)
{
	return (struct sim_request *)(void *)(thread->dataplane->platform.pool_base[IX_POOL_PACKETS] +
					      (buffer & ~POOL));
}

/* The stack. */

static void receive(struct ix_thread *thread, struct ix_flow_group *group, struct ix_packet *packet)
{
	struct sim_server *server = server_of(thread);
	struct sim_server_thread *mine = &server->thread[thread->id];
	struct sim_request *request = sim_request_in(packet);

	request->at_ns[SIM_STAGE_POLLED] = sim_machine_polled_ns(packet);
	server->machine->core[thread->id].extra_received += request->extra_rx;
	mine->processed[mine->count++] = request;
	ix_stack_message.receive(thread, group, packet);
}

static void call(struct ix_thread *thread, struct ix_flow_group *group, struct ix_call *c)
{
	if (c->type == IX_CALL_SENDV) {
		struct sim_machine *machine = server_of(thread)->machine;
		struct sim_request *request =
		    thread->gathered ? sim_request_in(thread->gathered) : request_at(thread, thread->sg[0].buffer);

		request->at_ns[SIM_STAGE_CALLED] = machine->engine->now_ns;
		machine->core[thread->id].extra_sent += request->extra_tx;
	}
	ix_stack_message.call(thread, group, c);
}

static void input_ended(void *context, struct ix_thread *thread, uint64_t end_ns)
{
	struct sim_server_thread *mine = &((struct sim_server *)context)->thread[thread->id];

	for (unsigned i = 0; i < mine->count; i++)
		mine->processed[i]->at_ns[SIM_STAGE_PROCESSED] = end_ns;
	mine->count = 0;
}

static uint64_t ready_ns(void *context, const struct ix_thread *thread)
{
	uint64_t ready_ns = 0;

	for (unsigned i = 0; i < thread->event_count; i++)
		if (thread->events[i].type == IX_EVENT_RECV) {
			uint64_t at_ns = request_at(thread, thread->events[i].buffer)->at_ns[SIM_STAGE_PROCESSED];

			ready_ns = at_ns > ready_ns ? at_ns : ready_ns;
		}
	return ready_ns;
}

static void leaving(void *context, const struct ix_packet_queue *packets, uint64_t now_ns)
{
	for (const struct ix_packet *packet = packets->head; packet; packet = packet->next)
		sim_stamp(packet, SIM_STAGE_LEFT, now_ns);
}

/* The application. */

static struct ix_call *next_call(struct ix_thread *thread, enum ix_call_type type, const struct ix_event *event)
{
	struct ix_call *call = &thread->calls[thread->call_count++];

	call->type = type;
	call->handle = event->handle;
	call->cookie = event->cookie;
	return call;
}

/* The reply is the request's own bytes, in its packet, which is done with afterwards. @slot: of the application's pool.
 */
static void answer(struct ix_thread *thread, const struct ix_event *event, uint64_t slot)
{
	const struct ix_platform *platform = &thread->dataplane->platform;
	uint64_t offset = slot * sizeof(struct ix_sg);
	struct ix_sg *part = (struct ix_sg *)(void *)(platform->pool_base[IX_POOL_APPLICATION] + offset);
	struct ix_call *call;

	part->buffer = event->buffer;
	part->length = event->length;
	call = next_call(thread, IX_CALL_SENDV, event);
	call->buffer = (uint64_t)IX_POOL_APPLICATION << IX_POOL_SHIFT | offset;
	call->count = 1;
	call = next_call(thread, IX_CALL_RECV_DONE, event);
	call->buffer = event->buffer;
	call->length = event->length;
}

static uint64_t run(void *context, struct ix_thread *thread, uint64_t start_ns)
{
	struct sim_server *server = context;
	const struct sim_machine *machine = server->machine;
	const struct sim_core *core = &machine->core[thread->id];
	uint64_t first_slot = (uint64_t)thread->id * thread->dataplane->options.events, service_ns = 0;

	thread->call_count = 0;
	for (unsigned i = 0; i < thread->event_count; i++) {
		const struct ix_event *event = &thread->events[i];
		struct sim_request *request;
		uint64_t begun_ns;

		if (event->type == IX_EVENT_KNOCK)
			next_call(thread, IX_CALL_ACCEPT, event);
		if (event->type != IX_EVENT_RECV)
			continue;
		request = request_at(thread, event->buffer);
		begun_ns = start_ns + sim_core_user_ns(core, service_ns);
		if (*machine->trace)
			sim_trace_add(*machine->trace, machine->engine->now_ns, begun_ns, thread->id, SIM_TRACE_REQUEST,
				      request->connection);
		service_ns += request->service_ns;
		request->at_ns[SIM_STAGE_BEGUN] = begun_ns;
		request->at_ns[SIM_STAGE_SERVED] = start_ns + sim_core_user_ns(core, service_ns);
		answer(thread, event, first_slot + i);
		server->served++;
	}
	return service_ns;
}

/* Requests under way and those behind them are later by @by_ns. */
static void delayed(void *context, struct ix_thread *thread, uint64_t now_ns, uint64_t by_ns)
{
	for (unsigned i = 0; i < thread->event_count; i++) {
		struct sim_request *request;

		if (thread->events[i].type != IX_EVENT_RECV)
			continue;
		request = request_at(thread, thread->events[i].buffer);
		if (request->at_ns[SIM_STAGE_BEGUN] > now_ns)
			request->at_ns[SIM_STAGE_BEGUN] += by_ns;
		if (request->at_ns[SIM_STAGE_SERVED] > now_ns)
			request->at_ns[SIM_STAGE_SERVED] += by_ns;
	}
}

static struct ix_stack stamping_stack(void)
{
	struct ix_stack stack = ix_stack_message;

	stack.receive = receive;
	stack.call = call;
	return stack;
}

int sim_server_init(struct sim_server *server, struct sim_machine *machine, struct sim_machine_options *options)
{
	struct ix_options *core = &options->core;
	struct sim_request **processed;

	*server = (struct sim_server){.machine = machine, .stack = stamping_stack()};
	server->thread = calloc(core->threads, sizeof(*server->thread));
	processed = calloc((size_t)core->threads * core->batch_bound, sizeof(struct sim_request *));
	if (!server->thread || !processed) {
		free(processed);
		sim_server_fini(server);
		return -1;
	}
	for (unsigned i = 0; i < core->threads; i++)
		server->thread[i].processed = processed + (size_t)i * core->batch_bound;
	core->events = 2 * core->batch_bound + IX_EVENTS_MIN;
	core->calls = SIM_SERVER_CALLS_PER_EVENT * core->events;
	core->stack = &server->stack;
	options->application_bytes = (size_t)core->threads * core->events * sizeof(struct ix_sg);
	options->run = run;
	options->input_ended = input_ended;
	options->ready_ns = ready_ns;
	options->leaving = leaving;
	options->delayed = delayed;
	options->context = server;
	return 0;
}

void sim_server_fini(struct sim_server *server)
{
	if (server->thread)
		free(server->thread[0].processed);
	free(server->thread);
	memset(server, 0, sizeof(*server));
}

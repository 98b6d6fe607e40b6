/*
 * The user phase: results, events, then the calls that came of them.
 */
#include "impl/libix/internal.h"
#include <stdlib.h>
#include <string.h>

#define CONNECTION_AHEAD 8 /* events */
#define CONTENT_AHEAD    4

struct ix_runtime *ix_runtime_create(const struct ix_binding *binding)
{
	struct ix_runtime *runtime;
	uint64_t size = binding->pool_size[IX_POOL_APPLICATION];
	uint8_t *arena;

	if (!binding->events || !binding->event_count || !binding->calls || !binding->call_count ||
	    binding->call_capacity < 2 || binding->arena_size > size ||
	    binding->arena_offset > size - binding->arena_size || (binding->results_by_event && !binding->hold))
		return NULL;
	runtime = calloc(1, sizeof(*runtime));
	if (!runtime)
		return NULL;
	runtime->binding = *binding;
	runtime->timeout_free = UINT32_MAX;
	atomic_flag_clear(&runtime->connections_lock);
	/* Two entries a call on the average: most writes are one piece. */
	runtime->sg_capacity = 2 * binding->call_capacity < IX_SG_MAX ? IX_SG_MAX : 2 * binding->call_capacity;
	arena = binding->pool[IX_POOL_APPLICATION] + binding->arena_offset;
	arena_init(&runtime->arena, arena, binding->arena_size);
	if ((uint64_t)(runtime->arena.end - runtime->arena.next) < runtime->sg_capacity * sizeof(struct ix_sg)) {
		free(runtime);
		return NULL;
	}
	runtime->sg = (struct ix_sg *)runtime->arena.next;
	runtime->arena.next += runtime->sg_capacity * sizeof(struct ix_sg);
	return runtime;
}

static void free_listeners(struct listener *list)
{
	struct listener *next;

	for (; list; list = next) {
		next = list->next;
		free(list);
	}
}

void ix_runtime_destroy(struct ix_runtime *runtime)
{
	struct segment *segment;

	if (!runtime)
		return;
	connection_free_all(runtime);
	while ((segment = runtime->free_segments)) {
		runtime->free_segments = segment->next;
		free(segment);
	}
	free_listeners(runtime->listeners);
	free_listeners(runtime->datagram_listeners);
	free(runtime->timeouts);
	free(runtime->waiting);
	arena_fini(&runtime->arena);
	free(runtime);
}

struct ix_call *runtime_call_now(struct ix_runtime *runtime)
{
	struct ix_call *call;

	if (!runtime->open || runtime->waiting_first < runtime->waiting_end ||
	    runtime->calls_issued == runtime->binding.call_capacity)
		return NULL;
	call = &runtime->binding.calls[runtime->calls_issued++];
	memset(call, 0, sizeof(*call));
	return call;
}

struct ix_call *runtime_call(struct ix_runtime *runtime)
{
	struct ix_call *call = runtime_call_now(runtime);

	if (call)
		return call;
	if (runtime->waiting_end == runtime->waiting_capacity) {
		unsigned capacity = runtime->waiting_capacity ? runtime->waiting_capacity * 2 : 64;

		call = realloc(runtime->waiting, capacity * sizeof(*call));
		if (!call)
			return NULL;
		runtime->waiting = call;
		runtime->waiting_capacity = capacity;
	}
	call = &runtime->waiting[runtime->waiting_end++];
	memset(call, 0, sizeof(*call));
	return call;
}

unsigned ix_runtime_waiting(const struct ix_runtime *runtime)
{
	return runtime->waiting_end - runtime->waiting_first;
}

/* Those that found no room go first, so that calls keep their order. */
static void issue_waiting(struct ix_runtime *runtime)
{
	while (runtime->waiting_first < runtime->waiting_end && runtime->calls_issued < runtime->binding.call_capacity)
		runtime->binding.calls[runtime->calls_issued++] = runtime->waiting[runtime->waiting_first++];
	if (runtime->waiting_first == runtime->waiting_end)
		runtime->waiting_first = runtime->waiting_end = 0;
}

static void take_result(struct ix_runtime *runtime, const struct ix_call *call)
{
	switch (call->type) {
	case IX_CALL_TIMER:
		timeout_result(runtime, call);
		break;
	case IX_CALL_UDP_SEND:
		udp_result(runtime, call);
		break;
	case IX_CALL_CONNECT:
	case IX_CALL_ACCEPT:
	case IX_CALL_SENDV:
	case IX_CALL_CLOSE:
	case IX_CALL_ABORT:
		if (call->cookie && (call->type == IX_CALL_CONNECT || !runtime->binding.results_by_event))
			connection_result(runtime, call);
		break;
	default:
		break; /* RECV_DONE and TIMER_CANCEL of what has gone meanwhile fail, and may */
	}
}

/* Handlers that run for a result make calls: these wait until all results are read. */
static void take_results(struct ix_runtime *runtime)
{
	unsigned i;

	for (i = 0; i < runtime->calls_issued; i++)
		take_result(runtime, &runtime->binding.calls[i]);
	runtime->calls_issued = 0;
	runtime->open = 1;
	issue_waiting(runtime);
	send_free_spent(runtime);
	connection_tell_sent(runtime);
}

static void take_event(struct ix_runtime *runtime, const struct ix_event *event)
{
	switch (event->type) {
	case IX_EVENT_TIMER:
		timeout_event(runtime, event);
		break;
	case IX_EVENT_UDP_RECV:
	case IX_EVENT_UDP_SENT:
		udp_event(runtime, event);
		break;
	default:
		connection_event(runtime, event);
	}
}

/* Connections of the events to come have left the caches when there are many: the cache is to fetch them meanwhile, and
 * then what hangs on them. The first of @count events is about to be taken. */
static inline void prefetch_events(const struct ix_event *event, unsigned count)
{
	if (count > CONNECTION_AHEAD)
		connection_prefetch(&event[CONNECTION_AHEAD]);
	if (count > CONTENT_AHEAD)
		connection_prefetch_content(&event[CONTENT_AHEAD]);
}

void ix_runtime_run(struct ix_runtime *runtime)
{
	unsigned count = *runtime->binding.event_count, i;

	take_results(runtime);
	runtime->sg_used = 0;
	for (i = 0; i < count; i++) {
		prefetch_events(&runtime->binding.events[i], count - i);
		take_event(runtime, &runtime->binding.events[i]);
	}
	connection_tell_received(runtime);
	connection_flush_all(runtime);
	runtime->open = 0;
	*runtime->binding.call_count = runtime->calls_issued;
	/* What is not done yet needs its connections once more. */
	if (runtime->binding.results_by_event)
		*runtime->binding.hold = runtime->touched || runtime->untold || ix_runtime_waiting(runtime);
}

struct listener *listener_find(struct listener *list, uint16_t port)
{
	struct listener *any = NULL;

	for (; list; list = list->next) {
		if (list->port == port)
			return list;
		if (list->port == 0)
			any = list;
	}
	return any;
}

int listener_set(struct listener **list, const struct listener *listener)
{
	struct listener *l;

	for (l = *list; l && l->port != listener->port; l = l->next)
		continue;
	if (!l) {
		l = calloc(1, sizeof(*l));
		if (!l)
			return IX_ERR_NO_MEMORY;
		l->next = *list;
		*list = l;
	}
	l->port = listener->port;
	l->policy = listener->policy;
	l->datagram = listener->datagram;
	l->context = listener->context;
	return 0;
}

int ix_listen(struct ix_runtime *runtime, uint16_t port, ix_knock_policy policy, void *policy_context)
{
	return listener_set(&runtime->listeners,
			    &(struct listener){.port = port, .policy = policy, .context = policy_context});
}

int ix_udp_listen(struct ix_runtime *runtime, uint16_t port, ix_datagram_handler handler, void *context)
{
	return listener_set(&runtime->datagram_listeners,
			    &(struct listener){.port = port, .datagram = handler, .context = context});
}

#include "impl/libix/internal.h"
#include <string.h>

#define PAYLOAD_MAX 65507u /* of a datagram */

int ix_udp_send(struct ix_runtime *runtime, uint32_t ip, uint16_t port, uint16_t local_port, const void *data,
		uint32_t length)
{
	struct ix_call *call;
	uint8_t *block;

	if (length > PAYLOAD_MAX)
		return IX_ERR_BAD_LENGTH;
	block = arena_take(&runtime->arena, length);
	call = block ? runtime_call(runtime) : NULL;
	if (!call) {
		ix_memory_give(runtime, block);
		return IX_ERR_NO_MEMORY;
	}
	memcpy(block, data, length);
	call->type = IX_CALL_UDP_SEND;
	call->ip = ip;
	call->port = port;
	call->local_port = local_port;
	call->buffer = application_buffer(runtime, block);
	call->length = length;
	call->cookie = (uintptr_t)block;
	return 0;
}

void ix_udp_done(struct ix_runtime *runtime, const struct ix_view *view)
{
	struct ix_call *call = runtime_call(runtime);

	if (call) {
		call->type = IX_CALL_UDP_RECV_DONE;
		call->buffer = view->buffer;
	}
}

void udp_result(struct ix_runtime *runtime, const struct ix_call *call)
{
	if (call->result < 0)
		ix_memory_give(runtime, (void *)(uintptr_t)call->cookie); /* no UDP_SENT follows */
}

void udp_event(struct ix_runtime *runtime, const struct ix_event *event)
{
	struct ix_view view = {packet_data(runtime, event->buffer), event->length, event->buffer};
	struct listener *listener;

	if (event->type == IX_EVENT_UDP_SENT) {
		ix_memory_give(runtime, (void *)(uintptr_t)event->cookie);
		return;
	}
	listener = listener_find(runtime->datagram_listeners, event->local_port);
	if (listener)
		listener->datagram(listener->context, runtime, &view, event->ip, event->port, event->local_port);
	else
		ix_udp_done(runtime, &view);
}

/*
 * The smallest application on the bare call and event arrays: every RECV is echoed from the packet itself and done.
 */
#ifndef TEST_ECHO_H
#define TEST_ECHO_H

#include "tests/unit/core/memory_nic.h"
#include <string.h>

/* The user phase of @thread: consumes all events. @seen (may be NULL) sees each of them. Returns the requests echoed.
 */
static inline unsigned
echo_user_phase(struct memory_nic *nic, struct ix_thread *thread,
		void (*seen)(void *context, struct ix_thread *thread, const struct ix_event *event), void *context)
{
	uint8_t *arrays = nic->platform.pool_base[IX_POOL_APPLICATION] + (size_t)thread->id * 65536;
	unsigned i, echoed = 0;

	for (i = 0; i < thread->event_count; i++) {
		const struct ix_event *event = &thread->events[i];
		struct ix_sg sg = {.buffer = event->buffer, .length = event->length};

		if (seen)
			seen(context, thread, event);
		if (event->type != IX_EVENT_RECV)
			continue;
		memcpy(arrays + echoed * sizeof(sg), &sg, sizeof(sg));
		thread->calls[thread->call_count++] =
		    (struct ix_call){.type = IX_CALL_SENDV,
				     .handle = event->handle,
				     .count = 1,
				     .buffer = memory_nic_buffer(nic, arrays + echoed * sizeof(sg))};
		thread->calls[thread->call_count++] = (struct ix_call){.type = IX_CALL_RECV_DONE,
								       .handle = event->handle,
								       .buffer = event->buffer,
								       .length = event->length};
		echoed++;
	}
	return echoed;
}

#endif

#ifndef IX_LIBIX_INTERNAL_H
#define IX_LIBIX_INTERNAL_H

#include "impl/libix/libix.h"
#include <stdatomic.h>

#define ARENA_CLASS_FIRST 6 /* blocks of 64 bytes */
#define ARENA_CLASS_LAST  16
#define ARENA_CLASSES     (ARENA_CLASS_LAST - ARENA_CLASS_FIRST + 1)

/* Blocks of powers of two: fresh ones from the end of what is used, given ones from a list per class. */
struct arena {
	uint8_t *start, *next, *end;
	struct arena_block *free[ARENA_CLASSES];
	struct arena_block *_Atomic returned; /* by other runtimes */
};

void arena_init(struct arena *arena, uint8_t *memory, uint64_t size);
void arena_fini(struct arena *arena); /* the memory is its owner's again */
void *arena_take(struct arena *arena, uint32_t size);
void arena_give(struct arena *arena, void *memory);
uint32_t arena_room(const void *memory); /* bytes of the block behind the pointer */

/* Bytes to send, in the arena; accepted ones are the stack's until they are acknowledged. */
struct chunk {
	struct chunk *next;
	uint8_t *data;
	uint32_t length, capacity; /* capacity: of the data when it is the library's, behind the chunk; else 0 */
	uint32_t accepted, acknowledged;
	void (*done)(void *context, int sent);
	void *context;
};

/* Received bytes that wait for the application. */
struct segment {
	struct segment *next;
	ix_buffer buffer;
	uint32_t length;
};

enum connection_state { CONNECTING, OPEN, CLOSING /* the application has closed it */, GONE /* for the kernel */ };

/* In the arena, too, where many lie close together. */
struct ix_connection {
	struct ix_runtime *runtime;
	const struct ix_handler *handler;
	void *context;
	ix_handle handle;
	enum connection_state state;
	uint32_t ip;
	uint16_t port;
	int aborted;      /* ABORT is to be called, or has been */
	int close_called; /* CLOSE or ABORT */
	int blocked;      /* the window is full: SENT tells when it opens */
	int unconfirmed;  /* with results by event: a SENDV has left, and no event has come since */
	int over;         /* no event names it any more */
	int touched, told_received;
	int error;            /* why the library aborted it */
	unsigned outstanding; /* calls whose result is to come */
	struct chunk *first, *last, *unaccepted;
	uint32_t offered;
	uint64_t unsent;
	struct segment *first_segment, *last_segment;
	size_t available;
	struct ix_connection *next_touched, *next_received, *next_newborn, *next_untold;
	struct ix_runtime *birthplace; /* whose list it is on, wherever it moves */
	struct ix_connection *next, *previous;
};

struct listener {
	struct listener *next;
	uint16_t port;
	ix_knock_policy policy;
	ix_datagram_handler datagram;
	void *context;
};

struct timeout_slot {
	struct ix_timeout *timeout; /* NULL: free */
	uint32_t generation, free_next;
	ix_handle id; /* 0: not known yet */
};

struct ix_runtime {
	struct ix_binding binding;
	struct arena arena;
	struct ix_sg *sg; /* in the arena; used anew each cycle */
	unsigned sg_used, sg_capacity;
	int open;              /* the array may be filled: within a run, when the results have been read */
	unsigned calls_issued; /* in the array; after a run, those whose results will stand there */
	struct ix_call *waiting;
	unsigned waiting_first, waiting_end, waiting_capacity;
	atomic_flag connections_lock; /* connections born here may end on another thread */
	struct ix_connection *connections;
	_Atomic unsigned connection_count;
	struct ix_connection *touched, *touched_last; /* with something to send or close */
	struct ix_connection *received;               /* to be told of bytes at the end of the events */
	struct ix_connection *newborn;                /* opened in this run by their first bytes, without a knock */
	struct ix_connection *untold; /* with results by event: messages have left that the application is told of */
	struct chunk *spent;          /* the same: that it is not told of; their memory is free in the next run */
	struct segment *free_segments;
	struct listener *listeners, *datagram_listeners;
	struct timeout_slot *timeouts;
	uint32_t timeout_capacity, timeout_free;
};

/* A place for a call, zeroed: in the array, or in the queue of those that wait; NULL when memory is short. Valid until
 * the next one. */
struct ix_call *runtime_call(struct ix_runtime *runtime);
/* The same in the array only, for what can as well be tried in the next cycle. */
struct ix_call *runtime_call_now(struct ix_runtime *runtime);

void connection_touch(struct ix_connection *connection);
void connection_flush_all(struct ix_runtime *runtime);
void connection_result(struct ix_runtime *runtime, const struct ix_call *call);
void connection_event(struct ix_runtime *runtime, const struct ix_event *event);

/* Has the cache fetch an event's connection; later, what hangs on it: what is to be acknowledged and the application's
 * context. Nothing is changed. */
static inline void connection_prefetch(const struct ix_event *event)
{
	uintptr_t c = (uintptr_t)event->cookie; /* of a timer it is none: no harm */

	for (unsigned at = 0; at < sizeof(struct ix_connection); at += 64)
		__builtin_prefetch((const void *)(c + at), 1);
}

static inline void connection_prefetch_content(const struct ix_event *event)
{
	const struct ix_connection *c = (const struct ix_connection *)(uintptr_t)event->cookie;

	if ((event->type != IX_EVENT_RECV && event->type != IX_EVENT_SENT) || !c)
		return;
	__builtin_prefetch(c->first, 1);
	__builtin_prefetch(c->context, 1);
}

void connection_tell_sent(struct ix_runtime *runtime);
void connection_closed(struct ix_connection *connection); /* over the message stack: CLOSE is the end; may free it */
void connection_tell_received(struct ix_runtime *runtime);
void connection_free_all(struct ix_runtime *runtime);

/* A call on the connection, counted as outstanding if its result matters; NULL when memory is short. */
struct ix_call *connection_call(struct ix_connection *connection, enum ix_call_type type);

/* The queue of received bytes (receive.c). */
void receive_take_in(struct ix_connection *connection, const struct ix_event *event);
void receive_drop(struct ix_connection *connection);

/* The queue of bytes to send (send.c). */
void send_accept(struct ix_connection *connection, uint32_t bytes);
void send_acknowledge(struct ix_connection *connection, uint32_t bytes);
void send_unaccept(struct ix_connection *connection, uint32_t bytes); /* the last ones, after all */
int send_is_told(const struct ix_connection *connection);             /* of the first chunk to be accepted */
void send_spend(struct ix_connection *connection);                    /* the first chunk, which has been accepted */
void send_free_spent(struct ix_runtime *runtime);
void send_drop(struct ix_connection *connection);
unsigned send_gather(const struct ix_connection *connection, struct ix_sg *sg, unsigned max, uint32_t *bytes);

void timeout_result(struct ix_runtime *runtime, const struct ix_call *call);
void timeout_event(struct ix_runtime *runtime, const struct ix_event *event);

void udp_result(struct ix_runtime *runtime, const struct ix_call *call);
void udp_event(struct ix_runtime *runtime, const struct ix_event *event);

struct listener *listener_find(struct listener *list, uint16_t port);
int listener_set(struct listener **list, const struct listener *listener);

static inline ix_buffer application_buffer(const struct ix_runtime *runtime, const uint8_t *data)
{
	return (ix_buffer)IX_POOL_APPLICATION << IX_POOL_SHIFT |
	       (uint64_t)(data - runtime->binding.pool[IX_POOL_APPLICATION]);
}

static inline const uint8_t *packet_data(const struct ix_runtime *runtime, ix_buffer buffer)
{
	return runtime->binding.pool[IX_POOL_PACKETS] + (buffer & ((1ull << IX_POOL_SHIFT) - 1));
}

#endif

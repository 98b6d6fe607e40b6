/*
 * libix: the event loop that an application is written to, over the batched calls and events of impl/core/abi.h. It
 * sees two arrays and two pools and nothing else of the dataplane, so an application does not know whether time is real
 * or simulated, nor whether the stack is in its own process.
 *
 * Who may call what when
 *	One runtime per elastic thread. Everything here is called by that thread, within ix_runtime_run() (that is, from
 *	handlers) or between two runs. Handlers may call anything here but ix_runtime_run() and ix_runtime_destroy().
 *	A connection belongs to the runtime whose handler ran last for it: when its flow group migrates, its next
 *	handler runs on another thread's runtime (ix_connection_runtime()). Touch a connection only from its own
 *	handlers, or where the application knows that it has not moved.
 *
 * Under a scheduler that steals (results_by_event)
 *	Every user phase may run on another thread than the last one of the same connection: its handlers never overlap
 *	and see each other's writes, but the runtime changes. What belongs to a connection needs no lock; what several
 *	connections share does. A handler touches its own connection only, and dials. A timeout is its runtime's: it is
 *	set, moved and cleared by handlers that run there, and fires there, where the connection it was set for may be
 *	another thread's at that moment; so its handler must not touch a connection, but may leave a note, under a lock
 *	or as an atomic, that the connection's next handler reads. Listeners are asked on any thread: each runtime
 *	listens, and their policies may run at once.
 *
 * Order of handlers of a connection
 *	opened, then received, sent and ended as things happen, then closed, once, last. After ix_close() or ix_abort()
 *	received and ended are not called any more. A dial that fails gets opened with a negative status and nothing
 *	else.
 *
 * Who owns a buffer
 *	ix_write() copies. Memory given to ix_write_zero_copy() comes from ix_memory_take(), must not be changed until
 *	its done callback, and is the application's again then. Received bytes stay where the NIC put them, read-only:
 *	until ix_read() has copied them out, or, taken by ix_read_take(), until ix_read_done(); all of a connection's
 *	end with its closed handler. A peer's window opens as bytes are done with.
 *
 * Writes of one cycle leave in one batch after the handlers have run, one SENDV per connection; what the window does
 * not take is kept here (the dataplane buffers nothing). The library never prints, exits or aborts.
 */
#ifndef IX_LIBIX_H
#define IX_LIBIX_H

#include "impl/core/abi.h"
#include <stddef.h>

/* What an elastic thread shares with its application. */
struct ix_binding {
	const struct ix_event *events;
	const unsigned *event_count; /* set by the kernel phase */
	struct ix_call *calls;
	unsigned call_capacity; /* at least 2 */
	unsigned *call_count;   /* set by the application, reset by the kernel phase */
	uint8_t *pool[2];       /* of enum ix_pool, in this process */
	uint64_t pool_size[2];
	/* The part of the application pool that is this runtime's; 32 bytes per call are for scatter-gather entries. */
	uint64_t arena_offset, arena_size;
	/* Over the message stack: a write is a message, one a cycle leaves on a connection; what SENDV accepts is sent,
	 * and CLOSE is the end (no SENT, no DEAD). */
	int message;
	/* Under a scheduler that steals: results of calls on connections come as RESULT events, if at all, and the thread
	 * keeps its connections for one more user phase when *hold is set. With `ix`, 0 and NULL. Over the message stack
	 * a message that cannot be sent after all aborts its connection. */
	int results_by_event;
	unsigned *hold;
};

struct ix_runtime;
struct ix_connection;

struct ix_handler {                                                     /* any may be NULL */
	void (*opened)(struct ix_connection *connection, int status);   /* 0, or a negative enum ix_error of a dial */
	void (*received)(struct ix_connection *connection);             /* once a cycle in which bytes have come */
	void (*sent)(struct ix_connection *connection, uint32_t bytes); /* acknowledged by the peer */
	void (*ended)(struct ix_connection *connection);                /* the peer has sent all it will */
	void (*closed)(struct ix_connection *connection, int reason); /* enum ix_reason, or a negative enum ix_error */
};

/* NULL when memory is short or the binding makes no sense. */
struct ix_runtime *ix_runtime_create(const struct ix_binding *binding);
/* Frees connections without a word to them or to the kernel. */
void ix_runtime_destroy(struct ix_runtime *runtime);

/* One user phase: takes in results, runs handlers for all events, leaves calls. */
void ix_runtime_run(struct ix_runtime *runtime);

/* Calls that found no room in the call array and wait for the next cycle. */
unsigned ix_runtime_waiting(const struct ix_runtime *runtime);

/* Connections opened on it and not gone yet, wherever they are. Any thread. */
unsigned ix_runtime_connections(const struct ix_runtime *runtime);

/* Closes those of the connections opened on @birthplace that are @runtime's now. For the end of a program: to be called
 * for every pair, while no runtime of the process runs. */
void ix_runtime_close_connections(struct ix_runtime *runtime, struct ix_runtime *birthplace);

/*
 * Who knocks at @port (0: at any other) is asked about: the policy returns the handler of the new connection and may
 * set *context, or returns NULL to refuse. A later policy for the same port takes the place of the earlier. 0 or
 * IX_ERR_NO_MEMORY.
 */
typedef const struct ix_handler *(*ix_knock_policy)(void *policy_context, uint32_t ip, uint16_t port, void **context);
int ix_listen(struct ix_runtime *runtime, uint16_t port, ix_knock_policy policy, void *policy_context);

/* Opens a connection (@ip in host byte order); may be sent to at once. NULL when memory is short. */
struct ix_connection *ix_dial(struct ix_runtime *runtime, uint32_t ip, uint16_t port, const struct ix_handler *handler,
			      void *context);

void *ix_connection_context(const struct ix_connection *connection);
void ix_connection_set_context(struct ix_connection *connection, void *context);
struct ix_runtime *ix_connection_runtime(const struct ix_connection *connection);
void ix_connection_peer(const struct ix_connection *connection, uint32_t *ip, uint16_t *port);

/* Bytes handed to send and not yet acknowledged: what a writer of much data holds back by. */
uint64_t ix_connection_unsent(const struct ix_connection *connection);

/* All of it, copied, or nothing: 0; IX_ERR_NO_MEMORY; IX_ERR_STATE after close. */
int ix_write(struct ix_connection *connection, const void *data, size_t length);

/* Without a copy. @done (may be NULL) is told 1 when the last byte is acknowledged, or 0 when the connection ended
 * before. 0; IX_ERR_BAD_BUFFER when not in the application pool; IX_ERR_BAD_LENGTH for 0; IX_ERR_NO_MEMORY;
 * IX_ERR_STATE. */
int ix_write_zero_copy(struct ix_connection *connection, const void *data, uint32_t length,
		       void (*done)(void *context, int sent), void *context);

/* Copies at most @size received bytes out; returns how many. */
size_t ix_read(struct ix_connection *connection, void *buffer, size_t size);
size_t ix_read_available(const struct ix_connection *connection);

/* The next contiguous received bytes, as they are; 0 when there are none. Each one taken is given back once, whole. */
struct ix_view {
	const uint8_t *data;
	uint32_t length;
	ix_buffer buffer;
};
int ix_read_take(struct ix_connection *connection, struct ix_view *view);
void ix_read_done(struct ix_connection *connection, const struct ix_view *view);

/* After what is pending has been sent; or at once, with a reset. Received bytes are given up. */
void ix_close(struct ix_connection *connection);
void ix_abort(struct ix_connection *connection);

/* A timer of the application's, zeroed before its first use; it fires once. */
struct ix_timeout {
	void (*fire)(struct ix_timeout *timeout, struct ix_runtime *runtime);
	uint64_t cookie; /* the library's */
};
/* Moves it if it is set. 0 or IX_ERR_NO_MEMORY. */
int ix_timeout_set(struct ix_runtime *runtime, struct ix_timeout *timeout, uint64_t delay_ns);
void ix_timeout_clear(struct ix_runtime *runtime, struct ix_timeout *timeout); /* it will not fire any more */

/* Datagrams to @port (0: to any other); each view is given back with ix_udp_done(). 0 or IX_ERR_NO_MEMORY. */
typedef void (*ix_datagram_handler)(void *context, struct ix_runtime *runtime, const struct ix_view *view, uint32_t ip,
				    uint16_t port, uint16_t local_port);
int ix_udp_listen(struct ix_runtime *runtime, uint16_t port, ix_datagram_handler handler, void *context);
void ix_udp_done(struct ix_runtime *runtime, const struct ix_view *view);
/* Copies. 0; IX_ERR_BAD_LENGTH above 65,507; IX_ERR_NO_MEMORY. Datagrams may get lost, here too. */
int ix_udp_send(struct ix_runtime *runtime, uint32_t ip, uint16_t port, uint16_t local_port, const void *data,
		uint32_t length);

/* Memory of the application pool, aligned to 16 bytes, at most 64 KB - 16; NULL when short. */
void *ix_memory_take(struct ix_runtime *runtime, uint32_t size);
void ix_memory_give(struct ix_runtime *runtime, void *memory);

#endif

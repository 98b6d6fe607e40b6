/*
 * The call and event interface between the dataplane and an application (thesis table 2.2): the only thing they share.
 * The application writes the call array and reads the event array; nothing else of the core is visible to it. Handles
 * are numbers that the core checks, buffers are offsets into pools, so the application may live in another process.
 *
 * Calls are batched: the application fills the array during its user phase, the kernel phase that follows runs them in
 * order and writes each result in place; the results stand there when the next user phase starts.
 */
#ifndef IX_ABI_H
#define IX_ABI_H

#include <stdint.h>

typedef uint64_t ix_handle; /* a connection, as the core names it; 0 is none */
typedef uint64_t ix_cookie; /* a connection or timer, as the application names it; the core never reads it */
typedef uint64_t ix_buffer; /* pool << IX_POOL_SHIFT | offset */

#define IX_POOL_SHIFT 56
enum ix_pool { IX_POOL_APPLICATION = 0 /* writable by the application */, IX_POOL_PACKETS = 1 /* read-only for it */ };

struct ix_sg {
	ix_buffer buffer;
	uint32_t length;
	uint32_t reserved;
};

#define IX_SG_MAX 16 /* entries of one sendv */

enum ix_call_type {
	IX_CALL_CONNECT,   /* cookie, ip, port -> handle >= 0 as result, then event CONNECTED */
	IX_CALL_ACCEPT,    /* handle (from KNOCK), cookie */
	IX_CALL_SENDV,     /* handle, buffer -> struct ix_sg[count] in the application pool; result: bytes accepted */
	IX_CALL_RECV_DONE, /* handle, buffer (as in RECV), length: the receive window opens by length; when a buffer's
			    * bytes are all done it is returned to its pool */
	IX_CALL_CLOSE,     /* handle; also rejects a knock */
	IX_CALL_ABORT,     /* handle; with a reset */
	IX_CALL_UDP_SEND,  /* ip, port, local_port, buffer, length, cookie */
	IX_CALL_UDP_RECV_DONE, /* buffer */
	IX_CALL_TIMER,         /* cookie, delay_ns: one event TIMER on this thread; result: timer id */
	IX_CALL_TIMER_CANCEL,  /* handle = timer id */
	IX_CALL_COUNT
};

/* Results of calls below zero. */
enum ix_error {
	IX_OK = 0,
	IX_ERR_BAD_CALL = -1,   /* unknown type */
	IX_ERR_BAD_HANDLE = -2, /* never existed, or closed */
	IX_ERR_BAD_BUFFER = -3, /* outside its pool, or not held */
	IX_ERR_BAD_LENGTH = -4,
	IX_ERR_STATE = -5, /* as in accept of a connection that is open */
	IX_ERR_NO_MEMORY = -6,
	IX_ERR_NO_PORT = -7, /* no local port leads home to this thread */
	IX_ERR_NO_ROUTE = -8,
	IX_ERR_MOVED = -9 /* the connection's flow group is another thread's (now) */
};

struct ix_call {
	uint32_t type; /* enum ix_call_type */
	uint32_t count;
	ix_handle handle;
	ix_cookie cookie;
	ix_buffer buffer;
	uint32_t length;
	uint32_t ip; /* host byte order */
	uint16_t port, local_port;
	uint32_t reserved;
	uint64_t delay_ns;
	int64_t result;
};

enum ix_event_type {
	IX_EVENT_KNOCK,     /* handle, ip, port, local_port: a peer asks; answer with ACCEPT or CLOSE */
	IX_EVENT_CONNECTED, /* handle, cookie, status: outcome of CONNECT (enum ix_error or 0) */
	IX_EVENT_RECV,      /* handle, cookie, buffer, length: in order; hold until RECV_DONE */
	IX_EVENT_SENT,      /* handle, cookie, length: bytes acknowledged; window: bytes sendv would take now */
	IX_EVENT_EOF,       /* handle, cookie: the peer has sent all it will */
	IX_EVENT_DEAD,      /* handle, cookie, status: reason; the handle is gone */
	IX_EVENT_TIMER,     /* handle = timer id, cookie */
	IX_EVENT_UDP_RECV,  /* buffer, length, ip, port, local_port */
	IX_EVENT_UDP_SENT,  /* cookie: the buffer may be changed again */
	IX_EVENT_RESULT,    /* handle, cookie, call, status, length: what a call on the connection came to (below) */
	IX_EVENT_COUNT
};

enum ix_reason { IX_DEAD_CLOSED = 1, IX_DEAD_RESET, IX_DEAD_TIMEOUT, IX_DEAD_NO_MEMORY, IX_DEAD_REFUSED };

struct ix_event {
	uint32_t type; /* enum ix_event_type */
	int32_t status;
	ix_handle handle;
	ix_cookie cookie;
	ix_buffer buffer;
	uint32_t length;
	union {
		uint32_t window;
		uint32_t call; /* of RESULT: enum ix_call_type */
	};
	uint32_t ip; /* host byte order */
	uint16_t port, local_port;
};

/*
 * Under a scheduler that lets threads steal connections from each other, a user phase works on connections that are
 * its thread's for the time being, and its calls on them run at their home thread, perhaps after the next user phase.
 * Their results therefore do not stand in the array (it says 0); they come as RESULT events of the connection, before
 * its other events, and only when a call went other than in full: status is the error, or 0 for a SENDV of which only
 * length bytes were accepted. A call on a handle that is gone makes no RESULT (DEAD has been told, or comes), except
 * ACCEPT. At most IX_RESULTS_MAX of a connection's user phase are told. Other calls (CONNECT, timers, UDP) have their
 * results in the array always.
 */
#define IX_RESULTS_MAX 4

#endif

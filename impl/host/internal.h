#ifndef IX_HOST_INTERNAL_H
#define IX_HOST_INTERNAL_H

#include "impl/host/host.h"
#include <event2/event.h>
#include <event2/event_struct.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/uio.h>

#define HOST_CALLS         1024 /* of one user phase */
#define HOST_POLLED_EVENTS 1024 /* from sockets in one cycle; one more call, two more events */
#define HOST_EVENTS        (HOST_POLLED_EVENTS + 2 * HOST_CALLS + 64)
#define HOST_ROUNDS        8            /* user phases of a cycle in which writes are accepted */
#define HOST_WINDOW        (256u << 10) /* received bytes that a connection may hold */
#define HOST_BUFFER        4096u
#define HOST_BUFFERS       (1u << 18) /* address space; memory is taken as it is touched */
#define HOST_READ_BUFFERS  8          /* of one read */
#define HOST_BUFFER_CACHE  512
#define HOST_ARENA         (1ull << 30) /* address space of a thread's part of the application pool */
#define HOST_NO_BUFFER     UINT32_MAX
#define HOST_LINGER_NS     20000000000ull /* a peer that does not close after us is let go after this */

enum host_state { HOST_FREE, HOST_KNOCKING, HOST_CONNECTING, HOST_OPEN, HOST_CLOSING };

/* A connection; its place in the table is its descriptor. Only the thread that has it touches it, but for generation. */
struct host_connection {
	_Atomic uint32_t generation; /* of the descriptor's use: what a handle is checked by */
	enum host_state state;
	int fd;
	bool eof, blocked; /* nothing more to read; the socket took less than was offered */
	bool registered;   /* with the poller */
	short interest;    /* partitioned: what the event waits for */
	ix_cookie cookie;
	uint32_t held_bytes, first_held; /* received bytes that are the application's, and their buffers */
	struct host_thread *thread;
	struct event event;                /* partitioned */
	struct host_connection *next_busy; /* floating: of those its thread has to give back */
	bool busy;
	_Atomic int handover; /* orders what one thread did before the next; the kernel does, but not in C's terms */
	struct host_connection *linger_next, **linger_link; /* of those that wait for their peer's end */
	uint64_t linger_until_ns;
};

struct host_buffer {
	uint32_t next, previous; /* of the connection's */
	uint32_t left;           /* bytes not done with */
	ix_handle owner;         /* 0: nobody's any more */
};

struct host_timer {
	uint64_t deadline_ns;
	ix_cookie cookie;
	uint32_t generation, position; /* position in the heap; in a free one: the next free */
};

/* A binary heap of slots by deadline. */
struct host_timers {
	struct host_timer *slot;
	uint32_t *heap, count, capacity, free;
};

struct host_poller;

struct host_thread {
	struct host *host;
	unsigned number;
	pthread_t pthread;
	struct ix_runtime *runtime;
	const void *listeners_seen; /* head of the runtime's list */
	void *state;                /* of the application */
	struct ix_event events[HOST_EVENTS];
	unsigned event_count;
	struct ix_call calls[HOST_CALLS];
	unsigned call_count;
	struct host_timers timers;
	uint32_t buffer_cache[HOST_BUFFER_CACHE];
	unsigned buffers_cached;
	uint32_t dying;          /* buffers of connections that have died, until their application has been told */
	struct event_base *base; /* partitioned */
	struct event *stop_event, *timer_event;
	struct host_connection *busy; /* floating */
};

struct host_listener {
	struct host_listener *next;
	int fd;
	uint16_t asked, port; /* in ix_listen(), and in fact */
	struct host_thread *thread;
	struct event event;
};

struct host {
	struct host_config config;
	const struct host_poller *poller;
	struct host_connection *table; /* by descriptor */
	int table_size;
	uint8_t *packets, *application; /* the two pools */
	struct host_buffer *buffers;
	uint32_t *free_buffers; /* those given back */
	uint32_t free_buffer_count, fresh_buffer;
	pthread_mutex_t buffer_lock;
	struct host_listener *listeners;
	pthread_mutex_t listener_lock;
	pthread_mutex_t linger_lock;
	struct host_connection *linger_first, **linger_last;
	int stop_fd, epoll_fd, spare_fd;
	_Atomic bool stopping;
	uint16_t port;
	void *shared; /* the application's */
	struct ix_app_error error;
	_Atomic bool failed;
	unsigned started;
	struct host_thread *threads[HOST_THREADS_MAX];
};

/* How threads learn that sockets are ready. */
struct host_poller {
	int (*open)(struct host_thread *thread); /* 0 or -1 */
	void (*close)(struct host_thread *thread);
	int (*listen)(struct host_thread *thread, struct host_listener *listener);
	/* What the connection waits for has changed, or it is new. 0 or -1. */
	int (*update)(struct host_thread *thread, struct host_connection *c);
	void (*forget)(struct host_thread *thread, struct host_connection *c); /* before its descriptor is closed */
	void (*wait)(struct host_thread *thread); /* until something is ready, a timer is due or the host stops */
	void (*cycle_done)(struct host_thread *thread);
};

extern const struct host_poller host_poller_partitioned, host_poller_floating;

uint64_t host_now_ns(void);

/* connection.c */
struct host_connection *host_connection_new(struct host_thread *thread, int fd, enum host_state state);
struct host_connection *host_connection_find(struct host *host, ix_handle handle);
ix_handle host_connection_handle(const struct host_connection *c);
/* The descriptor goes, the application is told (unless it never knew), its received bytes end. */
void host_connection_dead(struct host_thread *thread, struct host_connection *c, enum ix_reason reason);
/* What it waits for: EV_READ, EV_WRITE. */
short host_connection_interest(const struct host_connection *c);
/* The socket is ready for @what. */
void host_connection_ready(struct host_thread *thread, struct host_connection *c, short what);
/* Sends the end and tells the application; the descriptor stays until the peer's end. */
void host_connection_close(struct host_thread *thread, struct host_connection *c);
/* Ends those whose peers have not for too long. */
void host_linger_expire(struct host *host, uint64_t now_ns);

/* An event for the next user phase, zeroed but for these; the room is there. */
struct ix_event *host_event(struct host_thread *thread, enum ix_event_type type, const struct host_connection *c);

/* listener.c */
int host_listeners_open(struct host_thread *thread); /* those new at the runtime; -1 with host->error */
void host_listener_ready(struct host_thread *thread, struct host_listener *listener);
void host_listeners_close(struct host *host);

/* calls.c: runs the calls of the user phase and leaves their results. @writing: sockets may be written to. */
void host_calls_run(struct host_thread *thread, bool writing);

/* buffer.c */
int host_buffers_init(struct host *host);
uint32_t host_buffer_take(struct host_thread *thread); /* HOST_NO_BUFFER when short */
void host_buffer_give(struct host_thread *thread, uint32_t buffer);
uint8_t *host_buffer_data(const struct host *host, uint32_t buffer);
void host_buffer_hold(struct host *host, struct host_connection *c, uint32_t buffer, uint32_t bytes);
int host_buffer_done(struct host_thread *thread, struct host_connection *c, ix_buffer buffer, uint32_t bytes);
void host_buffers_drop(struct host_thread *thread, struct host_connection *c); /* to the dying */
void host_buffers_bury(struct host_thread *thread);

/* timer.c */
int64_t host_timer_set(struct host_timers *timers, uint64_t deadline_ns, ix_cookie cookie); /* id or IX_ERR_NO_MEMORY */
int host_timer_cancel(struct host_timers *timers, ix_handle id);
uint64_t host_timer_next(const struct host_timers *timers); /* UINT64_MAX: none */
/* Takes one that is due at @now_ns out. */
bool host_timer_due(struct host_timers *timers, uint64_t now_ns, ix_handle *id, ix_cookie *cookie);

#endif

/*
 * The kernel's sockets below libix: an application that was written for the dataplane runs as an ordinary Linux
 * program, from the same objects, libix included. What differs is only what runs the calls and makes the events.
 *
 *	partitioned	each thread has an event base of libevent and a listening socket of its own (SO_REUSEPORT): the
 *			kernel deals connections out once and for all
 *	floating	all threads wait on one epoll instance for all connections: whoever is free takes the next that
 *			is ready, alone (EPOLLONESHOT), and gives it back when its handlers are done
 *
 * Known differences from the dataplane: a byte counts as acknowledged when the kernel has taken it, a listener for
 * "any other port" gets the one port of the configuration, and there are no datagrams (sending one fails with
 * IX_ERR_BAD_CALL).
 */
#ifndef IX_HOST_H
#define IX_HOST_H

#include "impl/apps/app.h"

enum host_mode { HOST_PARTITIONED, HOST_FLOATING };

#define HOST_THREADS_MAX 256

struct host_config {
	enum host_mode mode;
	unsigned threads; /* 1 .. HOST_THREADS_MAX */
	uint32_t address; /* to listen on; host byte order; 0: all of this machine */
	uint16_t port;    /* of listeners for any port; 0: the kernel chooses */
	const struct ix_app *app;
	const struct ix_app_option *option;
	unsigned option_count;
};

struct host;

/*
 * Raises the limit of open files as far as it goes, starts the application and opens its listening sockets; nothing is
 * served yet. NULL with *error: a key of the application's options, or one of "threads", "address", "port", or NULL.
 */
struct host *host_create(const struct host_config *config, struct ix_app_error *error);

/* The port that is listened on (of several the one first asked for); 0: none. */
uint16_t host_port(const struct host *host);

/* Serves until host_stop(), or until the application has finished on all threads. 0, or -1 with *error. */
int host_run(struct host *host, struct ix_app_error *error);

/* Makes host_run() return; may be called by any thread and by a signal's handler. */
void host_stop(struct host *host);

/* What the application's finish() says (see app.h); 0 and *text NULL if it has none. Frees the host. */
int host_destroy(struct host *host, char **text, struct ix_app_error *error);

/* The application's state of thread @thread, for its counters. */
const void *host_state(const struct host *host, unsigned thread);

#endif

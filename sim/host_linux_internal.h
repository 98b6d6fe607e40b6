/*
 * Two sides of a hardware thread under Linux: interrupts, which take packets to sockets (host_linux.c), and one
 * application thread, which loops over epoll_wait(), read(), service, write() (host_linux_thread.c). They meet in a ready
 * list: of the thread's own sockets (partitioned), or of all sockets (floating).
 */
#ifndef IXLAB_SIM_HOST_LINUX_INTERNAL_H
#define IXLAB_SIM_HOST_LINUX_INTERNAL_H

#include "sim/host_linux.h"
#include "sim/host_threads.h"

enum linux_receive_state {
	RECEIVE_ENABLED,  /* a packet interrupts */
	RECEIVE_COMING,   /* the interrupt is on its way; further ones are the same */
	RECEIVE_ROUND,    /* NAPI polls, with interrupts disabled */
	RECEIVE_DEFERRED, /* it has used up its budget and lets the application run for as long */
};

/* What the application thread is doing, or has just done when run() looks at it. */
enum linux_thread_state {
	THREAD_ASLEEP,
	THREAD_COMING, /* woken by another hardware thread, whose IPI is on its way */
	THREAD_WOKEN,
	THREAD_SWITCH_IN,
	THREAD_REQUEST, /* epoll_wait() to write() */
	THREAD_REARM,
	THREAD_SWITCH_OUT,
};

struct linux_thread {
	struct sim_processor processor;
	struct linux_host *host;
	unsigned id;

	enum linux_receive_state receive;
	struct sim_event receive_event; /* ends COMING and DEFERRED */
	struct ix_packet *packet;       /* on its way to a socket */
	unsigned round;                 /* packets taken in it */
	uint64_t round_ns;              /* when it began */

	enum linux_thread_state state;
	struct sim_event ipi;
	struct ix_packet *request;    /* being executed */
	struct ix_packet_queue ready; /* partitioned: requests in the thread's own sockets */
	struct linux_thread *next_asleep;

	struct sim_host_totals totals; /* without times and the NIC's doorbells */
};

/* Floating: a connection, in the ready list if it has requests and is not being executed. */
struct linux_connection {
	struct ix_packet_queue waiting;
	uint32_t next_ready;
	int taken; /* by a thread, until it is rearmed */
};

#define LINUX_NONE UINT32_MAX

struct linux_host {
	struct sim_host_threads threads;
	int floating;
	uint64_t waiting; /* packets in sockets */
	int running;      /* a thread goes on: what this brings about must not begin in the middle of it */
	struct linux_thread *thread;

	/* of a message: */
	uint32_t merged_rx, merged_tx; /* packets on the wire less packets in the stack */
	uint64_t request_copy_ns, reply_copy_ns;

	/* floating */
	struct linux_connection *connection;
	uint32_t first_ready, last_ready;
	struct linux_thread *asleep; /* the one that fell asleep last is woken first */
	uint64_t lock_free_ns;       /* the last of those who came so far will have released it */
};

static inline uint64_t linux_cost_ns(const struct linux_host *host, enum linux_cost cost)
{
	return host->threads.ns[cost];
}

/* A request's way from the ring to its socket, of all its packets. */
static inline uint64_t linux_receive_ns(const struct linux_host *host, const struct sim_request *request)
{
	return linux_cost_ns(host, LINUX_COST_RECEIVE) * (1u + request->extra_rx - host->merged_rx) +
	       linux_cost_ns(host, LINUX_COST_MERGE) * host->merged_rx;
}

static inline uint64_t linux_transmit_ns(const struct linux_host *host, const struct sim_request *request)
{
	return linux_cost_ns(host, LINUX_COST_TRANSMIT) * (1u + request->extra_tx - host->merged_tx);
}

/*
 * Puts @packet into its socket on behalf of @thread, which has received it. Returns what that costs beyond the way
 * through the protocol stack: the lock of the shared ready list, and waking a thread.
 */
uint64_t linux_to_socket(struct linux_thread *thread, struct ix_packet *packet);

/* The application thread goes on, after an interrupt or its own work, until something takes time or it sleeps. */
void linux_run(struct linux_thread *thread);

/* As sim_processor.worked, and the event of struct linux_thread.ipi. */
void linux_on_worked(struct sim_processor *processor);
void linux_on_ipi(struct sim_event *event);

#endif

/*
 * Linux as it was compared with (3.x, 4.x; thesis 2.5.1 and 3.3.3): the constants of its cost file. They are
 * processor time at the nominal frequency, but `ipi` and `miss` take as long at any.
 */
#ifndef IXLAB_SIM_HOST_LINUX_H
#define IXLAB_SIM_HOST_LINUX_H

#include "sim/host.h"

enum linux_cost {
	LINUX_COST_INTERRUPT,  /* per hardware interrupt: entry, handler, raising the softirq, exit */
	LINUX_COST_POLL,       /* per round of NAPI, of up to LINUX_NAPI_BUDGET packets */
	LINUX_COST_RECEIVE,    /* per packet: driver, IP, TCP, into the socket; of several that are merged, for one */
	LINUX_COST_MERGE,      /* per further packet of a message: driver, and merging it (GRO) */
	LINUX_COST_WAKEUP,     /* per thread woken: what the waker spends */
	LINUX_COST_IPI,        /* per thread woken on another hardware thread: until that begins to switch to it */
	LINUX_COST_SWITCH,     /* per context switch: to a thread that was woken, and from one that goes to sleep */
	LINUX_COST_EPOLL_WAIT, /* per call that returns an event */
	LINUX_COST_READ,       /* per call, without copying */
	LINUX_COST_WRITE,      /* per call, without copying: down to the queueing discipline */
	LINUX_COST_COPY_READ,  /* per KiB of a request */
	LINUX_COST_COPY_WRITE, /* per KiB of a reply, with the memory for it */
	LINUX_COST_TRANSMIT,   /* per packet sent, which the card may cut in several: queueing discipline, driver,
				* completion */
	LINUX_COST_LOCK,       /* linux-floating: how long the lock of the shared ready list is held, each time */
	LINUX_COST_REARM,      /* linux-floating: epoll_ctl() that rearms a one-shot connection, without the lock */
	LINUX_COST_MISS,       /* per miss of the last-level cache, beyond what the others contain */
	LINUX_COST_COUNT
};

#define LINUX_NAPI_BUDGET 64u

/* Segments that go through the stack as one: 64 KiB of them (segmentation offload, generic receive offload). */
#define LINUX_MERGED_MAX 44u

/* Beyond so many packets in sockets, for each hardware thread, receive buffers are full: packets are dropped. */
#define LINUX_SOCKET_PACKETS 32768u

extern const struct sim_host_kind sim_host_linux_partitioned, sim_host_linux_floating;

#endif

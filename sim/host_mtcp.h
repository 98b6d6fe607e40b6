/*
 * mTCP as it was compared with (thesis 2.5.1): on each hardware thread a thread of the TCP stack, which polls the NIC,
 * and an application thread exchange batches by context switches. The constants of its cost file, processor
 * time at the nominal frequency, but `miss` takes as long at any.
 */
#ifndef IXLAB_SIM_HOST_MTCP_H
#define IXLAB_SIM_HOST_MTCP_H

#include "sim/host.h"

enum mtcp_cost {
	MTCP_COST_TURN,     /* per turn of the stack thread that does anything: loop, timers, flushing of queues */
	MTCP_COST_RECEIVE,  /* per packet through the stack, with its event */
	MTCP_COST_SWITCH,   /* per context switch between the two threads */
	MTCP_COST_EVENT,    /* per event the application takes: mtcp_epoll_wait() and mtcp_read() */
	MTCP_COST_WRITE,    /* per mtcp_write(), which queues for the stack thread */
	MTCP_COST_TRANSMIT, /* per packet that the stack thread sends */
	MTCP_COST_MISS,     /* per miss of the last-level cache, beyond what the others contain */
	MTCP_COST_COUNT
};

extern const struct sim_host_kind sim_host_mtcp;

#endif

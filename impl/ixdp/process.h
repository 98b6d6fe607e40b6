/*
 * The process: one port, one dataplane, elastic threads that run the application on it, and a main thread that watches.
 */
#ifndef IXDP_PROCESS_H
#define IXDP_PROCESS_H

#include "impl/apps/clock.h"
#include "impl/ixdp/config.h"

#include <pthread.h>

#define IXDP_HUGE_PAGE   (2u << 20)
#define IXDP_SHORT_NS    100000u
#define IXDP_WATCHDOG_NS 10000000ull /* a thread so long in its user phase is reported (thesis 2.4.6) */

enum ixdp_stage {
	IXDP_RUNNING,
	IXDP_CLOSING /* connections are being closed */,
	IXDP_ENDED,
	IXDP_ABANDONED /* not all threads could start */
};

struct ixdp_process;

struct ixdp_thread {
	struct ixdp_process *process;
	struct ix_thread *core;
	struct ix_runtime *runtime;
	void *application;
	pthread_t pthread;
	unsigned id;
	int event_fd; /* ends its sleep */

	/* Read by others. */
	_Alignas(64) _Atomic int sleeping;
	_Atomic int parked;                       /* by command: it is not to look for work by itself */
	_Atomic uint64_t user_since_ns;           /* 0: not in a user phase */
	_Atomic uint64_t cycles, sleeps;          /* kernel phases; times it slept */
	_Atomic uint64_t short_ns, short_packets; /* of cycles that did anything, up to IXDP_SHORT_NS */
	_Atomic uint64_t interrupts;              /* run */
	_Atomic uint64_t interrupts_put_off;      /* came while the thread was in a library or in its kernel phase */

	/* The watchdog's. */
	uint64_t seen_ns, seen_processor_ns; /* the user phase under way, when it was first seen */
	int seen_long;
	uint64_t reported_ns;
	uint64_t unresponsive; /* user phases that were too long */
};

struct ixdp_process {
	struct ixdp_config *config;
	struct ix_clock clock;
	struct nic *nic;
	struct ix_platform platform;
	struct ix_dataplane *dataplane;
	struct ixdp_thread thread[IX_THREADS_MAX];
	unsigned threads, applications; /* set up */
	void *shared;                   /* of the application's threads */
	uint8_t *memory;
	uint64_t memory_bytes;
	_Atomic int stage;
	pthread_barrier_t barrier; /* of the threads, on their way from running to closing */
	_Atomic unsigned closed;   /* threads that are past it: before all are, the stage must not go on */
};

/* The platform of the core in real time. */
void ixdp_platform_fill(struct ixdp_process *process);

/* Starts the elastic threads; they run until the stage is IXDP_ENDED. 0 or -1 with errno. */
int ixdp_threads_start(struct ixdp_process *process);
void ixdp_threads_join(struct ixdp_process *process);

/* Ends the thread's sleep, if it sleeps; returns whether it did. Any thread. */
int ixdp_wake(struct ixdp_thread *thread);

#endif

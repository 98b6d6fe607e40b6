/*
 * Inter-processor interrupts by signal: a thread in its user phase is made to run ix_kernel_interrupt(). About 20 us here
 * (the kernel delivers them); a hint, so one that is put off costs latency only: the kernel phase that follows looks
 * anyway.
 *
 * Why the handler is safe. What it runs allocates, takes DPDK's locks, and is written for one caller at a time, so it
 * must not come upon a thread that is inside any of these. It runs only if
 *	- the thread is in its user phase (a flag that it sets itself): then it is neither in the core nor in DPDK, for
 *	  libix and applications call neither;
 *	- the instruction interrupted is one of the program itself, not of a shared library: then it is not inside malloc
 *	  or another function of the C library with a lock or a state of its own. (The program's own functions that a
 *	  library calls back, as of qsort, are not run by it under a lock.) A system call that the program makes without
 *	  the library, as spin does to offer its processor, is one of its own: the handler runs when it returns.
 * libix's own lock is one that the core does not know.
 */
#ifndef IXDP_INTERRUPT_H
#define IXDP_INTERRUPT_H

struct ixdp_thread;

/* Once in a process, before threads start. 0 or -1 with errno. */
int ixdp_interrupts_start(void);
/* The calling thread is the one that interrupts for @thread come to. */
void ixdp_interrupts_attach(struct ixdp_thread *thread);
/* Any thread. */
void ixdp_interrupt(struct ixdp_thread *thread);

#endif

/*
 * Protocol stacks as a table of operations: `message` (one packet is one request, no protocol), `tcp` (lwIP; impl/tcp).
 * A stack turns packets into events and calls into packets. It keeps per-thread state and, in each flow group, all
 * state of the group's connections, so that a group can change threads without a copy.
 */
#ifndef IX_STACK_H
#define IX_STACK_H

#include "impl/core/abi.h"
#include "impl/core/packet.h"

struct ix_thread;
struct ix_flow_group;

/* A packet or a timer adds at most so many events; the core asks no more of a stack than there is room for. */
#define IX_EVENTS_PER_STEP 8

/* A packet is announced to its stack so many times before it is received. */
#define IX_PREFETCH_STEPS 5

struct ix_stack {
	const char *name;

	/* Per-thread and per-group state, in thread->stack_state and group->stack_state. 0 or a negative enum ix_error.
	 */
	int (*thread_start)(struct ix_thread *thread, const void *options);
	void (*thread_stop)(struct ix_thread *thread);
	int (*group_start)(struct ix_thread *owner, struct ix_flow_group *group, const void *options);
	void (*group_stop)(struct ix_thread *owner, struct ix_flow_group *group);

	/* Protocol processing of one packet, which belongs to the stack from here on. Adds events with ix_deliver(). */
	void (*receive)(struct ix_thread *thread, struct ix_flow_group *group, struct ix_packet *packet);

	/*
	 * Announces a packet that receive() gets soon: the stack has the cache fetch what it will touch, and changes
	 * nothing. Called with @step 0 .. IX_PREFETCH_STEPS - 1, a packet or more apart each, so that what one step has
	 * asked for is there when the next follows a pointer in it. The packet's first 128 bytes have been asked for. May
	 * be NULL.
	 */
	void (*prefetch)(struct ix_thread *thread, struct ix_flow_group *group, const struct ix_packet *packet,
			 unsigned step);

	/*
	 * Runs one call and sets call->result. The core has checked it: the type; the handle, whose group is this
	 * thread's and whose object is in thread->connection; buffer and length lie in their pool; the entries of a
	 * SENDV, checked alike, are in thread->sg (not to be read from the application's memory again, it may have
	 * changed). Whether a buffer is held by the connection is for the stack to check. TIMER and TIMER_CANCEL never
	 * come here. The group is the one of the handle, or NULL. CONNECTED comes after its CONNECT has returned. An event that finds no room is kept as pending.
	 */
	void (*call)(struct ix_thread *thread, struct ix_flow_group *group, struct ix_call *call);

	/*
	 * For a stack whose SENDV copies what it sends: makes the copy of thread->sg[count] on the thread that executes
	 * a stolen connection, so that the application's memory is its own again; the home thread's call() finds the
	 * packet in thread->gathered and takes it (sets that to NULL). NULL and a negative *error on failure. May be
	 * NULL: the memory stays as it is until it is acknowledged.
	 */
	struct ix_packet *(*gather)(struct ix_thread *thread, uint32_t count, int *error);

	/* Events that found no room earlier; adds at most @room. Called before packets make new ones. While some are
	 * left, thread->pending is not 0 (a thread with pending events does not wait). May be NULL. */
	void (*deliver_pending)(struct ix_thread *thread, unsigned room);

	/* The group leaves this thread, or has come to it; its timers are suspended and resumed by the core. May be
	 * NULL.
	 */
	void (*group_leave)(struct ix_thread *thread, struct ix_flow_group *group);
	void (*group_enter)(struct ix_thread *thread, struct ix_flow_group *group);
};

extern const struct ix_stack ix_stack_message;

#endif

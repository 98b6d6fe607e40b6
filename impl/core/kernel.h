/*
 * The steps of a kernel phase, for the files of the core and for schedulers.
 */
#ifndef IX_KERNEL_H
#define IX_KERNEL_H

#include "impl/core/dataplane.h"

/* Runs the calls that the application left, in order, each checked (calls.c). */
void ix_run_calls(struct ix_thread *thread, struct ix_work *work);

/* Their number, at most the size of the array. */
unsigned ix_calls_left(const struct ix_thread *thread);

/* Does a call of this type name a connection? */
int ix_call_names_connection(uint32_t type);

/* Runs one call, checked; sets its result. */
void ix_run_call(struct ix_thread *thread, struct ix_call *call);

/* For calls on connections of another thread. First part, anywhere: checks buffers; a SENDV's entries stand in
 * thread->sg then. 0 or a negative enum ix_error. */
int ix_check_call_buffers(struct ix_thread *thread, const struct ix_call *call);
/* Second part, at the home thread: finds the connection and runs the call, unless call->result is an error already. */
void ix_run_checked_call(struct ix_thread *thread, struct ix_call *call);

/* Kicks @thread if it is idle. 1 if it was. A fence stands between making its work visible and this. */
int ix_wake_thread(struct ix_dataplane *dataplane, unsigned thread);

/* Migration requests and messages from other threads (migration.c). */
void ix_handle_messages(struct ix_thread *thread, struct ix_work *work);

/* Inline, as they are steps of every kernel phase, of which most have nothing to do. */
static inline void ix_run_control(struct ix_thread *thread, struct ix_work *work)
{
	if (thread->stalled || thread->postponed || thread->put_off || ix_mailbox_waiting(&thread->mailbox))
		ix_handle_messages(thread, work);
}

/* Timers that are due, as many as are sure to find room for their events; half of the room stays for packets. */
void ix_run_timers(struct ix_thread *thread, struct ix_work *work);

/* Gives the transmit queue to the transmit ring; what finds no place stays, in order. */
void ix_transmit_queue(struct ix_thread *thread, struct ix_work *work);

static inline void ix_run_transmit(struct ix_thread *thread, struct ix_work *work)
{
	if (thread->transmit.head)
		ix_transmit_queue(thread, work);
}

/* Packets handed over by other threads, then the receive ring, into the queues where they belong; stops when the
 * default queue holds options.backlog_packets. */
void ix_poll(struct ix_thread *thread, struct ix_work *work);

/* At most @max packets of the default queue through the stack, while there is room for events; returns how many. */
unsigned ix_process_backlog(struct ix_thread *thread, unsigned max, struct ix_work *work);

static inline unsigned ix_process(struct ix_thread *thread, unsigned max, struct ix_work *work)
{
	return thread->backlog.head ? ix_process_backlog(thread, max, work) : 0;
}

/* All of the receive ring, whatever the default queue holds: for the last step of a migration. */
void ix_drain(struct ix_thread *thread, struct ix_work *work);

/* Puts a packet where it belongs: the default queue, a queue of a migration, or another thread. */
void ix_dispatch(struct ix_thread *thread, struct ix_packet *packet);

int ix_application_timers_start(struct ix_thread *thread);
void ix_application_timers_stop(struct ix_thread *thread);
void ix_application_timer_arm(struct ix_thread *thread, struct ix_call *call);
void ix_application_timer_cancel(struct ix_thread *thread, struct ix_call *call);

static inline uint64_t ix_clock_ns(const struct ix_thread *thread)
{
	return thread->dataplane->platform.clock_ns(thread->dataplane->platform.context, thread->id);
}

static inline void ix_kick(const struct ix_dataplane *dataplane, unsigned thread)
{
	dataplane->platform.kick(dataplane->platform.context, thread, 0);
}

#endif

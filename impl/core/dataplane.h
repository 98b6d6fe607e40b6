/*
 * A dataplane: elastic threads, flow groups, and the step machine that either world drives.
 *
 *	ix_kernel_enter(t): output half (batched calls, control requests, timers, transmit), input half (poll, at most B
 *	packets through the stack), then the events stand in t->events; the application consumes all of them, fills
 *	t->calls, and the cycle starts again.
 *
 * A world in which the output half takes time before the input half looks at the ring (the simulator) calls the halves
 * by themselves. Both are bounded and never interrupted. Each adds to a work report what it did, so the simulator can
 * charge cycles for it and the dataplane can count them.
 *
 * A flow group is the unit of ownership: it owns its connections, their timers and deferred packets; a thread owns
 * groups.
 */
#ifndef IX_DATAPLANE_H
#define IX_DATAPLANE_H

#include "impl/core/handle.h"
#include "impl/core/metrics.h"
#include "impl/core/migration.h"
#include "impl/core/platform.h"
#include "impl/core/rss.h"
#include "impl/core/scheduler.h"
#include "impl/core/stack.h"
#include "impl/core/wheel.h"

#define IX_THREADS_MAX 64
#define IX_BATCH_MAX   1024
#define IX_EVENTS_MIN  (3 * IX_EVENTS_PER_STEP) /* a timer, a packet, and calls */

enum ix_transmit_order {
	IX_TRANSMIT_PAPER, /* transmit before polling (thesis figure 2.2) */
	IX_TRANSMIT_CODE   /* transmit after the next receive batch (the released code) */
};

struct ix_options {
	unsigned threads;         /* 1 .. IX_THREADS_MAX */
	unsigned groups;          /* RETA entries: a power of two up to IX_RSS_GROUPS_MAX */
	unsigned batch_bound;     /* B, 1 .. IX_BATCH_MAX */
	unsigned events;          /* capacity of the event array, >= IX_EVENTS_MIN */
	unsigned calls;           /* capacity of the call array */
	unsigned backlog_packets; /* software queue behind the ring; what does not fit stays in the ring */
	enum ix_transmit_order transmit_order;
	const uint8_t *rss_key; /* 40 bytes, copied */
	uint64_t migration_fallback_ns;
	const struct ix_scheduler *scheduler;
	const struct ix_stack *stack;
	const void *stack_options;

	/* of schedulers that steal */
	unsigned connections_per_cycle; /* taken from a shuffle queue at once, own or another's: 1 .. events */
	uint64_t interrupt_spacing_ns;  /* between two interrupts of the same thread */
	uint64_t steal_seed;            /* of the order in which a thread looks at the others */
};

extern const struct ix_options ix_options_default; /* 1 thread, 128 groups, B = 64, 4096 calls, paper order, ... */

enum ix_group_state {
	IX_GROUP_OWNED,    /* normal processing by its owner */
	IX_GROUP_MIGRATING /* tagged: nobody processes it */
};

/* Neighbours belong to different threads. What every packet needs is in the first cache line. */
struct ix_flow_group {
	_Alignas(64) unsigned id;
	_Atomic unsigned owner;  /* thread; the source while migrating */
	_Atomic unsigned target; /* of the migration under way, or of the last one */
	_Atomic unsigned state;  /* enum ix_group_state */
	void *stack_state;
	unsigned active; /* connections ready or busy, of a scheduler that has such states; the owner's */
	struct ix_handle_table handles; /* connections */
	struct ix_list timers;          /* armed, or suspended while migrating */
};

/* What a half of a kernel phase did: it adds to it, the caller zeroes it. */
struct ix_work {
	uint32_t polled;    /* packets taken off the ring */
	uint32_t processed; /* packets through the stack, at most B */
	uint32_t backlog;   /* packets left in the software queue */
	uint32_t calls, timers, events;
	uint32_t sent; /* packets given to the transmit ring */
	uint32_t sent_bytes, received_bytes;
	uint32_t control;      /* migration steps and control requests */
	uint32_t connections;  /* taken for the user phase that follows */
	uint32_t steals;       /* of these, from other threads */
	uint32_t shipped;      /* calls handed to the home threads of stolen connections */
	uint32_t remote_calls; /* calls run for other threads */
	uint32_t interrupts;   /* sent */
};

/* What a thread is doing, for others to see: a hint. */
enum ix_mode {
	IX_MODE_IDLE, /* found nothing to do: looks again, or waits */
	IX_MODE_KERNEL,
	IX_MODE_USER
};

/* What every cycle needs comes first, in as few cache lines as it takes. */
struct ix_thread {
	_Alignas(64) unsigned id;
	unsigned event_count; /* for the application to consume */
	unsigned room;        /* for events of the stack in the half that runs; deliver() counts it down */
	unsigned call_count;  /* set by the application, reset when they have run; results stand in calls */
	unsigned hold;    /* set by the application: its connections stay its own for one more user phase (which comes
			       * even without events); reset when seen */
	unsigned pending; /* the stack's: events that wait for room in the event array */
	struct ix_dataplane *dataplane;
	struct ix_event *events;
	struct ix_call *calls;
	uint64_t now_ns; /* time at the start of the half that runs */
	void *scheduler_state, *stack_state;
	struct ix_packet_queue backlog;  /* the default queue: packets of this thread's own groups, in order */
	struct ix_packet_queue transmit; /* waiting for the transmit ring */
	uint64_t idle_ns; /* the world adds the time spent waiting; for the metrics, which reset it every cycle */

	/* private to the core */
	int stalled;        /* a migration waits for the application to consume events: no packets this cycle */
	int put_off;        /* the last step of one waits for replies to be transmitted */
	unsigned calls_run; /* in this cycle */
	uint32_t cycle_queue, cycle_batch;
	uint32_t transmit_ahead; /* packets, from the head of the transmit queue, that the cache has been asked for */
	struct ix_packet *transmit_last; /* the last of them, or NULL */
	uint64_t cycle_delay_ns;         /* sum over this cycle's packets of the time from NIC to processing */
	struct ix_message *postponed;    /* that migration's request */
	struct ix_work *work;            /* of the half that runs */
	uint64_t *batches;               /* cycles by packets processed, 0 .. the batch bound; public */

	struct ix_metrics metrics;

	uint64_t counter_connections; /* taken for user phases */
	uint64_t counter_steals;      /* of these, from other threads */
	uint64_t counter_shipped, counter_remote_calls;
	uint64_t counter_interrupts_sent, counter_interrupts_run;
	uint64_t counter_calls_failed;  /* calls with a negative result */
	uint64_t counter_refused;       /* packets with no use: malformed, unknown protocol, no memory */
	uint64_t counter_transmit_full; /* times the transmit ring did not take all */
	uint64_t counter_handed_over;   /* packets that came in at a thread that could not keep them */

	uint64_t transmitted;       /* packets, ever; private, as what follows */
	struct ix_packet *gathered; /* of the SENDV under way: made by the stack's gather() elsewhere, or NULL */
	void *connection;           /* of the call under way: what its handle names */
	struct ix_sg sg[IX_SG_MAX]; /* of the SENDV under way: the checked copy */
	_Alignas(64) struct ix_wheel wheel;
	struct ix_migration *migration; /* with this thread as source */
	struct ix_handle_table timer_handles;
	struct ix_application_timer *timer_free;
	struct ix_application_timers *timer_chunks;

	_Alignas(64) _Atomic unsigned mode; /* enum ix_mode; read by others */

	/* written by other threads, seldom */
	struct ix_packet *_Atomic handed_over; /* packets, newest first */
	struct ix_mailbox mailbox;             /* migration messages */
};

/*
 * What threads of a scheduler that shares work show each other, a bit each: a look at all of them is a look at one
 * line. Hints. A thread writes only what changes, and remembers what it has shown, so that one which works off what
 * comes to it, and leaves nothing, writes nothing here.
 */
struct ix_shown {
	_Alignas(64) _Atomic uint64_t ready; /* something is left in their shuffle queues; see shuffle.h */
	_Atomic uint64_t shipped;            /* calls may wait that were shipped to them */
	_Atomic uint64_t backlog;            /* packets are left in their software queues */
	_Atomic uint64_t stuck;              /* packets wait for room or a migration, which no interrupt brings about */
};

struct ix_dataplane {
	struct ix_options options;
	struct ix_platform platform;
	struct ix_rss rss;
	struct ix_thread *thread;
	struct ix_flow_group *group;
	struct ix_migration_totals migration_totals;
	_Alignas(64) _Atomic uint64_t idle; /* threads that wait, a bit each; see ix_thread_idle() */
	_Atomic unsigned idle_turn;         /* from this one on, the next is looked for that is to be woken */
	struct ix_shown shown;
};

/* Allocates everything; *dataplane is NULL on failure. 0 or a negative enum ix_error; bad options: IX_ERR_BAD_CALL.
 * Groups are dealt out group mod threads. */
int ix_dataplane_create(struct ix_dataplane **dataplane, const struct ix_options *options,
			const struct ix_platform *platform);
void ix_dataplane_destroy(struct ix_dataplane *dataplane);

/* The whole kernel phase; returns the number of events. */
unsigned ix_kernel_enter(struct ix_thread *thread, struct ix_work *work);

/*
 * Its halves. Output: forgets the last events (the application has consumed them), runs calls, control, timers,
 * transmit (in paper order). Input: pending events, poll, process at most B packets, transmit (in code order). Events
 * of both stand in thread->events then.
 */
void ix_kernel_output(struct ix_thread *thread, struct ix_work *work);
void ix_kernel_input(struct ix_thread *thread, struct ix_work *work);

/*
 * What an inter-processor interrupt runs during a user phase, on the same thread: packets that wait go through the
 * stack, so that their connections can be stolen; calls shipped here run; what comes of it is transmitted. Does nothing
 * within a kernel phase or within itself: an interrupt is a hint, and the kernel phase looks anyway. It writes neither
 * thread->events nor thread->calls. It calls the platform's clock, receive, transmit, packet_alloc, packet_free,
 * kick and whatever the stack calls on receipt of a packet (which may allocate when a connection opens), and takes no
 * lock that the application can hold: a world that runs it in a signal handler needs those to be safe there, or runs
 * it between two handlers of the application instead.
 */
void ix_kernel_interrupt(struct ix_thread *thread, struct ix_work *work);

/* Is there something to do now? If not, *until_ns is the time to wait for at most (a timer, at most 10 ms from now); a
 * kick or a packet ends the wait. */
int ix_thread_has_work(const struct ix_thread *thread, uint64_t now_ns, uint64_t *until_ns);

/*
 * A world in which a thread with nothing to do waits (rather than asks again and again) says so: 1 before it waits, 0
 * when it goes on. After the 1 it asks ix_thread_has_work() once more before it waits: what becomes ready after that
 * question sees the thread as idle. A thread with more work than it can do at once, or one that ships calls, kicks
 * such threads (kick(..., 0)), each once: being kicked ends the idleness.
 */
void ix_thread_idle(struct ix_thread *thread, int idle);

/* Kicks up to @count threads that are idle; returns how many. */
unsigned ix_wake_idle(struct ix_dataplane *dataplane, unsigned count);

/* For such a world in virtual time, which sees packets come to the ring of a thread in its user phase: an idle thread
 * that asks again and again would notice. Does what it would do, or kicks it. */
void ix_notice_packets(struct ix_dataplane *dataplane, unsigned target);

/* Is the group this thread's to process now? */
static inline int ix_owns(const struct ix_thread *thread, const struct ix_flow_group *group)
{
	return atomic_load_explicit(&group->state, memory_order_acquire) == IX_GROUP_OWNED &&
	       atomic_load_explicit(&group->owner, memory_order_relaxed) == thread->id;
}

/* The memory of a buffer of abi.h; NULL if not all of its @length bytes lie in its pool. */
static inline uint8_t *ix_buffer_memory(const struct ix_dataplane *dataplane, ix_buffer buffer, uint64_t length)
{
	uint64_t pool = buffer >> IX_POOL_SHIFT, offset = buffer & ((1ull << IX_POOL_SHIFT) - 1);

	if (pool > IX_POOL_PACKETS || length > dataplane->platform.pool_size[pool] ||
	    offset > dataplane->platform.pool_size[pool] - length)
		return NULL;
	return dataplane->platform.pool_base[pool] + offset;
}

/* The name of packet data for the application. */
static inline ix_buffer ix_packet_buffer(const struct ix_dataplane *dataplane, const uint8_t *data)
{
	return (ix_buffer)IX_POOL_PACKETS << IX_POOL_SHIFT | (uint64_t)(data - dataplane->platform.pool_base[1]);
}

/* The line behind a packet's in a queue, its bytes, and what the platform keeps of it: the cache is to fetch them. */
static inline void ix_prefetch_packet(const struct ix_dataplane *dataplane, const struct ix_packet *packet)
{
	__builtin_prefetch(packet->next);
	__builtin_prefetch(packet->data);
	__builtin_prefetch(packet->data + 64);
	if (dataplane->platform.packet_prefetch)
		dataplane->platform.packet_prefetch(dataplane->platform.context, packet);
}

/* A transmit queue longer than a burst has left the caches when its turn comes; walking it then would wait for each
 * packet. So with every packet that comes to its end two at its head are looked at, up to a burst. */
#define IX_TRANSMIT_AHEAD 64
static inline void ix_transmit_look_ahead(struct ix_thread *thread)
{
	for (unsigned i = 0; i < 2 && thread->transmit_ahead < IX_TRANSMIT_AHEAD; i++) {
		struct ix_packet *next = thread->transmit_last ? thread->transmit_last->next : thread->transmit.head;

		if (!next)
			return;
		thread->transmit_last = next;
		thread->transmit_ahead++;
		ix_prefetch_packet(thread->dataplane, next);
	}
}

/* For stacks: an event for the application; a packet for the wire; room left in the event array. */
static inline void ix_deliver(struct ix_thread *thread, const struct ix_event *event)
{
	thread->dataplane->options.scheduler->deliver(thread, event);
}

static inline void ix_send(struct ix_thread *thread, struct ix_packet *packet)
{
	ix_packet_queue_push(&thread->transmit, packet);
	if (thread->transmit.count > IX_TRANSMIT_AHEAD)
		ix_transmit_look_ahead(thread);
}

static inline unsigned ix_event_room(const struct ix_thread *thread)
{
	return thread->room;
}

#endif

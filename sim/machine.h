/*
 * A simulated machine: an ix_dataplane, whose elastic threads run one to a core, behind a NIC. Each core goes through
 * the core's step machine in virtual time:
 *
 *	output half (calls, timers, transmit) - its cost passes - packets leave - input half (poll, protocol processing)
 *	- its cost passes - user phase (the application's service times pass) - output half ...
 *
 * A core with nothing to do waits for a packet (and notices it after the detection delay), its next timer or a kick.
 * What a half makes ready for others, they get at its end.
 * An interrupt comes to a user phase interrupt_latency after it was sent, and makes it longer by what its handler takes.
 * Whether the two threads of a core slow each other down is decided when a phase begins, by what the other does then.
 * What the machine runs is a stack and an application; both levels of fidelity are users of it.
 */
#ifndef IXLAB_SIM_MACHINE_H
#define IXLAB_SIM_MACHINE_H

#include "impl/core/dataplane.h"
#include "sim/cost.h"
#include "sim/nic.h"
#include "sim/trace.h"

#include <math.h>

struct sim_machine;

struct sim_machine_options {
	struct ix_options core;    /* threads: at most SIM_NIC_QUEUES_MAX */
	unsigned threads_per_core; /* 0 and 1: no two share one; 2: threads 2i and 2i + 1 do */
	unsigned connections;      /* for the cost of cache misses */
	struct sim_costs costs;    /* the wire's are not used here */
	size_t application_bytes;  /* of the application's pool (IX_POOL_APPLICATION), for all threads */

	/*
	 * The application's user phase on @thread: consumes all events and fills the call array. Returns how long it
	 * takes: wall time with user_is_wall_time, else at the nominal frequency on a core that no other thread uses.
	 * @start_ns is when it begins (now or later). There may be no events: then results of calls stand in the call
	 * array, or sim_machine_wake() has been called.
	 */
	uint64_t (*run)(void *context, struct ix_thread *thread, uint64_t start_ns);
	int user_is_wall_time;

	/* To follow packets; each may be NULL. The work of an input half, or of an interrupt, is done at @end_ns. */
	void (*input_ended)(void *context, struct ix_thread *thread, uint64_t end_ns);
	/* When the processing of all of the thread's events, some of them stolen, is done at the threads they come from.
	 */
	uint64_t (*ready_ns)(void *context, const struct ix_thread *thread);
	/* What is left of the user phase under way is later by @by_ns. */
	void (*delayed)(void *context, struct ix_thread *thread, uint64_t now_ns, uint64_t by_ns);
	/* These go to the wire now. */
	void (*leaving)(void *context, const struct ix_packet_queue *packets, uint64_t now_ns);
	void *context;
};

struct sim_core_totals {
	uint64_t kernel_ns, user_ns, idle_ns; /* their sum is the time passed */
	uint64_t cycles;                      /* input halves that processed packets */
	uint64_t processed, backlog_sum;      /* over these cycles: packets processed, packets left behind them */
	uint64_t timers;
	uint64_t steals;     /* connections executed by another thread than their home's */
	uint64_t interrupts; /* of a user phase */
};

/* A hardware thread, with a processor core to itself or half of one. */
struct sim_core {
	_Alignas(64) struct sim_event event; /* the next step */
	int state;                           /* what it begins: enum core_state of machine_core.h */
	unsigned id;
	struct sim_machine *machine;
	struct ix_thread *thread;
	struct sim_nic_queue *queue; /* its own */
	int results;                 /* of calls that have run in this cycle stand there for the application to see */
	int asked;                   /* for a user phase, by sim_machine_wake() */
	int again;                   /* the cycle under way has followed another at once */
	unsigned turns;              /* of its idle loop, one after the other, that took no time */
	unsigned extra_received, extra_sent; /* packets to be charged in the half under way beside the core's own */
	const struct sim_core *sibling;      /* the other thread of its processor core, or NULL */
	double stretch;                      /* what the phase under way takes over what it takes alone: 1, or more */
	double user_scale;                   /* of the user phase's times */
	uint64_t kernel_until_ns, user_until_ns; /* of the phase under way */
	uint64_t handler_until_ns;               /* of the interrupt under way, in that user phase */
	uint64_t idle_since_ns;
	struct sim_event interrupt;
	struct sim_core_totals totals;
	struct sim_event leave; /* packets transmitted by an input half (order of the released code) or an interrupt */
};

struct sim_machine {
	struct sim_engine *engine;
	struct sim_pool *pool;
	struct sim_nic nic;
	struct sim_machine_options options;
	struct sim_charge charge;
	uint64_t detect_ns, interrupt_latency_ns;
	struct ix_dataplane *dataplane;
	struct sim_core *core;
	uint8_t *application_pool;
	int shares;                           /* its threads take work from each other */
	int running;                          /* a half, or an interrupt's handler, of the core */
	uint64_t rings;                       /* threads in whose rings packets wait, a bit each */
	uint64_t kicked;                      /* by it, a bit for each thread */
	uint64_t interrupted;                 /* threads to which an interrupt is on its way */
	double shared_stretch;                /* of a phase that begins while the sibling is active */
	struct sim_trace **trace, *own_trace; /* *trace is NULL: none. Either may be set at any time */
	void (*on_drop)(void *context, const struct ix_packet *packet); /* at the receive ring; may be NULL */
	void *drop_context;
};

/*
 * Frames reach the machine by sim_nic_frame(&machine->nic, ...) and leave it by @wire. Everything is borrowed but
 * @options, which is copied. 0 or a negative enum ix_error.
 */
int sim_machine_init(struct sim_machine *machine, struct sim_engine *engine, struct sim_pool *pool,
		     struct sim_wire *wire, const struct sim_machine_options *options);
void sim_machine_fini(struct sim_machine *machine);

/* The application of core @id has something to do without an event (what it is told by the simulation's own load
 * generator): its next user phase comes as soon as the core gets to it. */
void sim_machine_wake(struct sim_machine *machine, unsigned id);

/* When @packet was taken off the receive ring, until it is sent. */
static inline uint64_t sim_machine_polled_ns(const struct ix_packet *packet)
{
	return packet->user[0];
}

/* How long @core takes in the user phase under way for what run() says takes @ns. */
static inline uint64_t sim_core_user_ns(const struct sim_core *core, uint64_t ns)
{
	return core->user_scale == 1 ? ns : (uint64_t)llrint((double)ns * core->user_scale);
}

/* What core @id has done up to now. */
struct sim_core_totals sim_machine_totals(const struct sim_machine *machine, unsigned id);

#endif

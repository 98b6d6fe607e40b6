/*
 * A hardware thread that does one piece of work at a time, in parts of known length: what the hosts that do not run the
 * shared core are made of. It knows three things that change how long work takes once it has begun:
 *
 * - an interrupt suspends the work; it goes on when the interrupt's own work is done;
 * - while the sibling hyperthread is busy, processor work takes @slowdown times as long; waiting by the clock does not;
 * - time is accounted to kernel, user and idle exactly, whenever it is looked at.
 *
 * A piece of work is one event of the engine, however many parts it has. Work that takes no time is none: the caller
 * goes on at once.
 */
#ifndef IXLAB_SIM_PROCESSOR_H
#define IXLAB_SIM_PROCESSOR_H

#include "sim/engine.h"

#define SIM_PARTS_MAX 5u

enum sim_work { SIM_WORK_USER = 1, SIM_WORK_CLOCK = 2 }; /* else kernel work; CLOCK: takes as long at any speed */

struct sim_part {
	uint64_t ns; /* with the sibling idle */
	unsigned work;
};

struct sim_processor_totals {
	uint64_t kernel_ns, user_ns, idle_ns;
};

struct sim_processor {
	struct sim_engine *engine;
	struct sim_processor *sibling; /* on the same core; NULL: none */
	double slowdown;               /* >= 1: of processor work while the sibling is busy */
	/* The work, or the interrupt's, has ended: what is next? Called with the event fired and nothing under way in
	 * its place. */
	void (*worked)(struct sim_processor *processor);
	void (*interrupted)(struct sim_processor *processor);

	struct sim_event work, interrupt;
	unsigned parts;                 /* of the work under way; 0: none */
	uint64_t end_ns[SIM_PARTS_MAX]; /* of each part; stays to be read until the next begins */
	uint8_t kind[SIM_PARTS_MAX];
	int in_interrupt;
	uint64_t suspended_ns;     /* in_interrupt: since when the work is */
	uint64_t interrupt_end_ns; /* in_interrupt: of what is known of it */
	int busy;                  /* as the sibling has been told */
	int slow;                  /* as told by the sibling */
	uint64_t since_ns;         /* @totals go up to here */
	struct sim_processor_totals totals;
};

/* @sibling, if any, is initialized too, with this one as its sibling, before either works. */
void sim_processor_init(struct sim_processor *processor, struct sim_engine *engine, struct sim_processor *sibling,
			double slowdown);
void sim_processor_fini(struct sim_processor *processor);

/*
 * Begins a piece of work of @parts parts, not in an interrupt and with none under way. Returns 0 if it takes no time (it
 * is over, with all ends now), 1 if worked() is going to be called.
 */
int sim_processor_begin(struct sim_processor *processor, const struct sim_part *part, unsigned parts);

/* Enters an interrupt, which suspends work under way; it takes no time until sim_processor_spend(). */
void sim_processor_enter(struct sim_processor *processor);

/* In an interrupt: spends @ns on it, then calls interrupted(). Returns 0 without doing so if that takes no time. */
int sim_processor_spend(struct sim_processor *processor, uint64_t ns);

/* Leaves the interrupt: suspended work goes on. */
void sim_processor_leave(struct sim_processor *processor);

/* Private: of the next. */
void sim_processor_tell_sibling(struct sim_processor *processor);

/* Tells the sibling whether this one is busy: to be called when all that happens at an instant has happened. */
static inline void sim_processor_settle(struct sim_processor *processor)
{
	if (processor->sibling)
		sim_processor_tell_sibling(processor);
}

/* Up to now. */
struct sim_processor_totals sim_processor_totals(const struct sim_processor *processor);

/* What @ns of processor work take at the speed of now. */
static inline uint64_t sim_processor_stretch(const struct sim_processor *processor, uint64_t ns)
{
	return processor->slow ? (uint64_t)((double)ns * processor->slowdown + 0.5) : ns;
}

/* The processor work that takes @ns at the speed of now. */
static inline uint64_t sim_processor_unstretch(const struct sim_processor *processor, uint64_t ns)
{
	return processor->slow ? (uint64_t)((double)ns / processor->slowdown + 0.5) : ns;
}

#endif

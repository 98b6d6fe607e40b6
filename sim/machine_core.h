/*
 * What the two files of the machine share: the cores' cycle (machine.c), and what surrounds it (machine_platform.c).
 */
#ifndef IXLAB_SIM_MACHINE_CORE_H
#define IXLAB_SIM_MACHINE_CORE_H

#include "sim/machine.h"

enum core_state {
	CORE_IDLE,   /* waits; the event is its timer */
	CORE_WAKING, /* a packet or a kick came; as the next two, but not busy yet */
	CORE_OUTPUT, /* the event begins the output half */
	CORE_INPUT   /* the event ends the output half and begins the input half */
};

/* Begins the life of a core whose machine, thread and id are set. */
void machine_core_start(struct sim_core *core);

/* Ends the core's waiting at @at_ns, if it waits. */
void machine_core_wake(struct sim_core *core, uint64_t at_ns);

/* Wakes and interrupts the threads that have been kicked. */
void machine_pass_kicks(struct sim_machine *machine, uint64_t at_ns);

static inline void machine_pass_on_kicks(struct sim_machine *machine, uint64_t at_ns)
{
	if (machine->kicked)
		machine_pass_kicks(machine, at_ns);
}

/* Is it in a user phase, or about to be? */
static inline int machine_core_in_user_phase(const struct sim_core *core)
{
	return core->state == CORE_OUTPUT && core->user_until_ns > core->kernel_until_ns;
}

static inline void machine_note(const struct sim_core *core, uint64_t time_ns, enum sim_trace_what what, uint64_t who)
{
	const struct sim_machine *machine = core->machine;

	if (*machine->trace)
		sim_trace_add(*machine->trace, machine->engine->now_ns, time_ns, core->id, what, who);
}

#endif

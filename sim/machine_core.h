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

/* Ends the core's waiting, if it waits. */
void machine_core_wake(struct sim_core *core);

/* Sends it an interrupt. */
void machine_core_interrupt(struct sim_core *core);

static inline void machine_note(const struct sim_core *core, uint64_t time_ns, enum sim_trace_what what, uint64_t who)
{
	const struct sim_machine *machine = core->machine;

	if (*machine->trace)
		sim_trace_add(*machine->trace, machine->engine->now_ns, time_ns, core->id, what, who);
}

#endif

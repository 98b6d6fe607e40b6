#include "sim/cost.h"

#include <math.h>

const char *const sim_cost_name[SIM_COST_COUNT] = {"cycle", "poll",     "receive", "event",   "call",
						   "timer", "transmit", "control", "doorbell"};

const struct sim_costs sim_costs_zero = {.nominal_ghz = 1, .frequency_ghz = 1, .rx_descriptors = 65536};

void sim_charge_init(struct sim_charge *charge, const struct sim_costs *costs)
{
	double scale = costs->nominal_ghz / costs->frequency_ghz;

	for (unsigned i = 0; i < SIM_COST_COUNT; i++) {
		double ns = costs->ns[i] * (i == SIM_COST_DOORBELL ? 1 : scale);

		charge->unit[i] = (uint64_t)llrint(ldexp(ns, SIM_CHARGE_SHIFT));
	}
	charge->user_scale = scale;
}

/* What either half may do. */
static uint64_t common(const uint64_t *unit, const struct ix_work *work, unsigned doorbells)
{
	return work->sent * unit[SIM_COST_TRANSMIT] + work->timers * unit[SIM_COST_TIMER] +
	       work->control * unit[SIM_COST_CONTROL] + doorbells * unit[SIM_COST_DOORBELL];
}

uint64_t sim_charge_output_ns(const struct sim_charge *charge, const struct ix_work *work, unsigned doorbells)
{
	const uint64_t *unit = charge->unit;

	return (common(unit, work, doorbells) + work->calls * unit[SIM_COST_CALL]) >> SIM_CHARGE_SHIFT;
}

uint64_t sim_charge_input_ns(const struct sim_charge *charge, const struct ix_work *work, unsigned doorbells)
{
	const uint64_t *unit = charge->unit;
	uint64_t fixed = work->polled || work->processed || work->events ? unit[SIM_COST_CYCLE] : 0;

	return (fixed + common(unit, work, doorbells) + work->polled * unit[SIM_COST_POLL] +
		work->processed * unit[SIM_COST_RECEIVE] + work->events * unit[SIM_COST_EVENT]) >>
	       SIM_CHARGE_SHIFT;
}

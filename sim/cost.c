#include "sim/cost.h"
#include "models/cache.h"

#include <math.h>

static const char *const names[SIM_COST_COUNT] = {
    [SIM_COST_CYCLE] = "cycle",
    [SIM_COST_POLL] = "poll",
    [SIM_COST_RECEIVE] = "receive",
    [SIM_COST_EVENT] = "event",
    [SIM_COST_CALL] = "call",
    [SIM_COST_TIMER] = "timer",
    [SIM_COST_TRANSMIT] = "transmit",
    [SIM_COST_CONTROL] = "control",
    [SIM_COST_DOORBELL] = "doorbell",
    [SIM_COST_STEAL] = "steal",
    [SIM_COST_REMOTE] = "remote",
    [SIM_COST_INTERRUPT] = "interrupt",
    [SIM_COST_INTERRUPT_LATENCY] = "interrupt_latency",
    [SIM_COST_INTERRUPT_SPACING] = "interrupt_spacing",
    [SIM_COST_MISS] = "miss",
};

const struct sim_cost_names sim_cost_names_dataplane = {"dataplane", names, SIM_COST_COUNT};

const struct sim_costs sim_costs_zero = {
    .nominal_ghz = 1, .frequency_ghz = 1, .rx_descriptors = 65536, .hyperthread_speedup = 2};

double sim_costs_misses(const struct sim_costs *costs, unsigned connections)
{
	return cache_misses_per_message(costs->misses_few, costs->misses_many,
					costs->connection_bytes * (double)connections, costs->llc_bytes);
}

static int scales(unsigned constant)
{
	return constant != SIM_COST_DOORBELL && constant != SIM_COST_INTERRUPT_LATENCY &&
	       constant != SIM_COST_INTERRUPT_SPACING && constant != SIM_COST_MISS;
}

void sim_charge_init(struct sim_charge *charge, const struct sim_costs *costs, unsigned connections)
{
	double scale = costs->nominal_ghz / costs->frequency_ghz;

	charge->free = 1;
	for (unsigned i = 0; i < SIM_COST_COUNT; i++) {
		double ns = costs->ns[i] * (scales(i) ? scale : 1);

		if (i == SIM_COST_RECEIVE)
			ns += costs->ns[SIM_COST_MISS] * sim_costs_misses(costs, connections);
		charge->unit[i] = (uint64_t)llrint(ldexp(ns, SIM_CHARGE_SHIFT));
		charge->free = charge->free && !charge->unit[i];
	}
	charge->user_scale = scale;
}

/* What either half may do. */
static uint64_t common(const uint64_t *unit, const struct ix_work *work, unsigned doorbells)
{
	return work->sent * unit[SIM_COST_TRANSMIT] + work->timers * unit[SIM_COST_TIMER] +
	       work->control * unit[SIM_COST_CONTROL] + doorbells * unit[SIM_COST_DOORBELL] +
	       (work->shipped + work->remote_calls) * unit[SIM_COST_REMOTE] +
	       (work->calls + work->remote_calls) * unit[SIM_COST_CALL];
}

static uint64_t receiving(const uint64_t *unit, const struct ix_work *work)
{
	return work->polled * unit[SIM_COST_POLL] + work->processed * unit[SIM_COST_RECEIVE] +
	       work->events * unit[SIM_COST_EVENT] + work->steals * unit[SIM_COST_STEAL];
}

uint64_t sim_charge_output_ns(const struct sim_charge *charge, const struct ix_work *work, unsigned doorbells)
{
	const uint64_t *unit = charge->unit;

	return common(unit, work, doorbells) >> SIM_CHARGE_SHIFT;
}

uint64_t sim_charge_input_ns(const struct sim_charge *charge, const struct ix_work *work, unsigned doorbells)
{
	const uint64_t *unit = charge->unit;
	int idle = !work->polled && !work->processed && !work->events && !work->remote_calls;
	uint64_t fixed = idle ? 0 : unit[SIM_COST_CYCLE];

	return (fixed + common(unit, work, doorbells) + receiving(unit, work)) >> SIM_CHARGE_SHIFT;
}

uint64_t sim_charge_interrupt_ns(const struct sim_charge *charge, const struct ix_work *work, unsigned doorbells)
{
	const uint64_t *unit = charge->unit;

	return (unit[SIM_COST_INTERRUPT] + common(unit, work, doorbells) + receiving(unit, work)) >> SIM_CHARGE_SHIFT;
}

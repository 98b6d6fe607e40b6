/* What follows from the outcome of a simulated machine, in the units in which it is published. */
#include "harness/point_system.h"
#include "sim/segment.h"

#include <math.h>

double system_point_one_way_us(const struct system_point *point, double round_trip_us)
{
	const struct sim_system_options *o = &point->options;
	double wire_us = o->costs.wire_delay_ns / 1e3;

	if (o->costs.wire_bandwidth_gbps > 0)
		wire_us += sim_message_wire_bytes(o->request_bytes) * 8 / o->costs.wire_bandwidth_gbps / 1e3;
	return round_trip_us - wire_us;
}

void system_point_derived(const struct system_point *point, const struct system_outcome *outcome,
			  struct point_result *result)
{
	const struct sim_system_options *o = &point->options;
	const struct sim_system_totals *t = &outcome->totals;
	double replies_per_ns = (double)t->replies / (double)t->now_ns;
	double busy = o->cores - (double)t->host.idle_ns / (double)t->now_ns;

	point_add(result, "cycles_per_message", busy / replies_per_ns * o->costs.frequency_ghz);
	point_add(result, "misses_per_message", sim_costs_misses(&o->costs, o->connections));
	point_add(result, "goodput_gbps", replies_per_ns * o->reply_bytes * 8);
	if (o->closed == 1) {
		double one_way_us = system_point_one_way_us(point, outcome->estimate.mean.value);

		point_add(result, "one_way_us", one_way_us);
		point_add(result, "one_way_gbps", o->request_bytes * 8 / one_way_us / 1e3);
	}
}

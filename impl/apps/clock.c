#include "impl/apps/clock.h"

#include <cpuid.h>

#define CALIBRATION_NS 20000000

/* Invariant: the same rate in all power states, and one for all processors. */
static int counter_is_invariant(void)
{
	unsigned a, b, c, d;

	return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d & 1u << 8);
}

void ix_clock_start(struct ix_clock *clock)
{
	uint64_t start_ns = ix_clock_kernel_ns(), start = __rdtsc(), ns;

	clock->hz = 0;
	clock->start = start_ns;
	if (!counter_is_invariant())
		return;
	while ((ns = ix_clock_kernel_ns() - start_ns) < CALIBRATION_NS)
		continue;
	clock->hz = (uint64_t)((double)(__rdtsc() - start) * 1e9 / (double)ns);
	clock->ns_per_tick = (uint64_t)(4294967296e9 / (double)clock->hz);
	clock->start = start;
}

/* Time in ns from the processor's counter, which all processors share and no power state stops; from the kernel where
 * there is none. */
#ifndef IX_CLOCK_H
#define IX_CLOCK_H

#include <stdint.h>
#include <time.h>
#include <x86intrin.h>

struct ix_clock {
	uint64_t hz; /* 0: the kernel's clock */
	uint64_t start;
	uint64_t ns_per_tick; /* 32.32 */
};

/* Takes 20 ms to compare the counter with the kernel's clock. */
void ix_clock_start(struct ix_clock *clock);

/* The kernel's monotonic clock. */
static inline uint64_t ix_clock_kernel_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Since the start, and 1 s, so that 0 is never a time. */
static inline uint64_t ix_clock_ns(const struct ix_clock *clock)
{
	if (!clock->hz)
		return ix_clock_kernel_ns() - clock->start + 1000000000u;
	return (uint64_t)((unsigned __int128)(__rdtsc() - clock->start) * clock->ns_per_tick >> 32) + 1000000000u;
}

#endif

/*
 * Mean and percentiles of numbers as they come, in fixed memory: a log-linear histogram whose buckets are at most 1/32 of
 * their values wide, up to 2^42. Not for several threads at a time. All zero is an empty one.
 */
#ifndef IXDP_SPREAD_H
#define IXDP_SPREAD_H

#include <stdint.h>

#define IXDP_SPREAD_BITS    5  /* of a value, below its highest: 2^5 buckets for each power of two */
#define IXDP_SPREAD_TOP     41 /* highest bit of the largest value that has a bucket of its own */
#define IXDP_SPREAD_BUCKETS ((IXDP_SPREAD_TOP - IXDP_SPREAD_BITS + 2) << IXDP_SPREAD_BITS)

struct ixdp_spread {
	uint64_t count;
	double sum;
	uint32_t bucket[IXDP_SPREAD_BUCKETS];
};

void ixdp_spread_add(struct ixdp_spread *spread, uint64_t value);
double ixdp_spread_mean(const struct ixdp_spread *spread); /* 0 of an empty one */
/* The middle of the bucket below whose end lies the @fraction (0 to 1) of the values; 0 of an empty one. */
double ixdp_spread_percentile(const struct ixdp_spread *spread, double fraction);

#endif

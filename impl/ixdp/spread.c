#include "impl/ixdp/spread.h"

#define PER_POWER (1u << IXDP_SPREAD_BITS)

/* Values below 2 * PER_POWER have a bucket each; above, the highest IXDP_SPREAD_BITS + 1 bits say which. */
static unsigned bucket_of(uint64_t value)
{
	unsigned shift = value >= PER_POWER ? 63 - IXDP_SPREAD_BITS - (unsigned)__builtin_clzll(value) : 0;
	uint64_t bucket = shift * PER_POWER + (value >> shift);

	return bucket < IXDP_SPREAD_BUCKETS ? (unsigned)bucket : IXDP_SPREAD_BUCKETS - 1;
}

static double middle(unsigned bucket)
{
	unsigned shift = bucket >= 2 * PER_POWER ? bucket / PER_POWER - 1 : 0;
	uint64_t first = (uint64_t)(bucket - shift * PER_POWER) << shift;

	return (double)first + (double)((1ull << shift) - 1) / 2;
}

void ixdp_spread_add(struct ixdp_spread *spread, uint64_t value)
{
	spread->count++;
	spread->sum += (double)value;
	spread->bucket[bucket_of(value)]++;
}

double ixdp_spread_mean(const struct ixdp_spread *spread)
{
	return spread->count ? spread->sum / (double)spread->count : 0;
}

double ixdp_spread_percentile(const struct ixdp_spread *spread, double fraction)
{
	uint64_t seen = 0;

	for (unsigned i = 0; i < IXDP_SPREAD_BUCKETS; i++) {
		seen += spread->bucket[i];
		if (seen && (double)seen >= fraction * (double)spread->count)
			return middle(i);
	}
	return 0;
}

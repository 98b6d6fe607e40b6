#include "models/ziggurat.h"
#include "ziggurat_table.h" /* generated */
#include <math.h>

double ziggurat_slow(struct rng *rng, unsigned layer, int64_t position)
{
	double beyond =
	    0; /* the exponential has no memory: what lies beyond the tail's start is distributed like all of it */

	for (;;) {
		double x = (double)position * ziggurat_width[layer];

		if (position < ziggurat_accept[layer])
			return beyond + x;
		if (layer == 0) {
			beyond += ziggurat_tail;
		} else {
			double low = ziggurat_height[layer], high = ziggurat_height[layer + 1];

			if (low + rng_uniform(rng) * (high - low) < exp(-x))
				return beyond + x;
		}
		uint64_t bits = rng_next(rng);

		layer = bits & (ZIGGURAT_LAYERS - 1);
		position = (int64_t)(bits >> 11);
	}
}

double rng_exponential(struct rng *rng)
{
	return ziggurat_exponential(rng);
}

void rng_fill_exponential(struct rng *rng, double *out, size_t n)
{
	struct rng local = *rng; /* stays in registers, as nothing else can point to it */

	for (size_t i = 0; i < n; i++)
		out[i] = ziggurat_exponential(&local);
	*rng = local;
}

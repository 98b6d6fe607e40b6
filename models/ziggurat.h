/*
 * The exponential variate's fast path, to be inlined into loops of this folder; others call rng_exponential().
 * One 64-bit draw gives the layer (bits 0-7) and a 53-bit position in it (bits 11-63): disjoint, so independent.
 */
#ifndef IXLAB_MODELS_ZIGGURAT_H
#define IXLAB_MODELS_ZIGGURAT_H

#include "models/rng.h"

#define ZIGGURAT_LAYERS 256

/* Made by models/gen/ziggurat_table.c. */
extern const double ziggurat_tail;                        /* where the tail begins */
extern const double ziggurat_width[ZIGGURAT_LAYERS];      /* of a layer, over 2^53 */
extern const double ziggurat_height[ZIGGURAT_LAYERS + 1]; /* exp(-x) at the layers' right ends */
extern const int64_t ziggurat_accept[ZIGGURAT_LAYERS];    /* positions below lie wholly under the curve */

/* The rest, for about one draw in 90: wedges and the tail. @position and @layer are those of the failed draw. */
double ziggurat_slow(struct rng *rng, unsigned layer, int64_t position);

/* Exponential with mean 1. */
static inline double ziggurat_exponential(struct rng *rng)
{
	uint64_t bits = rng_next(rng);
	unsigned layer = bits & (ZIGGURAT_LAYERS - 1);
	int64_t position = (int64_t)(bits >> 11);

	if (__builtin_expect(position < ziggurat_accept[layer], 1))
		return (double)position * ziggurat_width[layer];
	/* A copy, so that a caller's generator can stay in registers: its address never leaves this function. */
	struct rng copy = *rng;
	double x = ziggurat_slow(&copy, layer, position);

	*rng = copy;
	return x;
}

#endif

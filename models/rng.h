/*
 * Named random streams: one per source of randomness, so that two systems under comparison can face the same arrivals
 * and the same service times (common random numbers), and so that adding a source never disturbs another.
 *
 * The generator is xoshiro256++ (Blackman and Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 2021).
 * A seed fixes one cycle position; substream (source, replication) starts 2^128 * (source * 2^32 + replication) steps
 * further on, reached by polynomial arithmetic, so streams of one seed never overlap.
 */
#ifndef IXLAB_MODELS_RNG_H
#define IXLAB_MODELS_RNG_H

#include <gsl/gsl_rng.h>
#include <stdint.h>

struct rng {
	uint64_t s[4];
};

/* One entry per source of randomness. Append only: the number is part of the meaning of a seed. */
enum rng_source {
	RNG_ARRIVAL,    /* gaps between requests */
	RNG_SERVICE,    /* service times */
	RNG_ASSIGNMENT, /* which queue or connection a request goes to */
	RNG_WIRE,       /* loss, duplication, reordering, bit errors */
	RNG_PLACEMENT,  /* addresses and ports of clients */
	RNG_MIGRATION,  /* which flow groups move, and where to */
	RNG_SOURCE_COUNT
};

/* Starts the substream of @source in replication @replication (0 to 2^32-1) of the run with @seed. */
void rng_init(struct rng *rng, uint64_t seed, enum rng_source source, uint32_t replication);

/* The source's name, as in "arrival". */
const char *rng_source_name(enum rng_source source);

/* The same generator for GSL's distributions: allocate with gsl_rng_alloc(rng_gsl_type()), then rng_gsl_init(). */
const gsl_rng_type *rng_gsl_type(void);
void rng_gsl_init(gsl_rng *gsl, uint64_t seed, enum rng_source source, uint32_t replication);

static inline uint64_t rng_rotl(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

/* The next 64 random bits. */
static inline uint64_t rng_next(struct rng *rng)
{
	uint64_t *s = rng->s;
	uint64_t result = rng_rotl(s[0] + s[3], 23) + s[0];
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rng_rotl(s[3], 45);
	return result;
}

/* Uniform in [0, 1), 53 bits. */
static inline double rng_uniform(struct rng *rng)
{
	return (double)(rng_next(rng) >> 11) * 0x1p-53;
}

/* Uniform in (0, 1): for logarithms and quantile functions. */
static inline double rng_uniform_open(struct rng *rng)
{
	return ((double)(rng_next(rng) >> 12) + 0.5) * 0x1p-52;
}

/* Uniform in 0 .. n-1 (n >= 1), by multiplication; the bias is below n * 2^-32. */
static inline uint32_t rng_below(struct rng *rng, uint32_t n)
{
	return (uint32_t)(((rng_next(rng) >> 32) * n) >> 32);
}

/* Exponential with mean 1, and @n of them; ziggurat with 256 layers (Marsaglia and Tsang 2000). */
double rng_exponential(struct rng *rng);
void rng_fill_exponential(struct rng *rng, double *out, size_t n);

#endif

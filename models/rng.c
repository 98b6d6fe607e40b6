#include "models/rng.h"

/*
 * The state of xoshiro256 moves by a linear map over GF(2); this is the map's characteristic polynomial without the
 * leading x^256, lowest coefficients first. Hence A^k = (x^k mod P)(A), by Cayley and Hamilton.
 */
static const uint64_t characteristic[4] = {0x9d116f2bb0f0f001, 0x0280002bcefd1a5e, 0x04b4edcf26259f85,
					   0x0003c03c3f3ecb19};

#define SUBSTREAM_LOG2 128 /* steps between neighbouring substreams */
#define STATE_BITS     256

static uint64_t splitmix64(uint64_t *x)
{
	uint64_t z = (*x += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/* Multiplies @p by x modulo the characteristic polynomial. */
static void polynomial_shift(uint64_t p[4])
{
	uint64_t carry = p[3] >> 63;

	for (int w = 3; w > 0; w--)
		p[w] = (p[w] << 1) | (p[w - 1] >> 63);
	p[0] <<= 1;
	for (int w = 0; w < 4; w++)
		p[w] ^= characteristic[w] & -carry;
}

/* Squares @p: over GF(2) the square of a sum is the sum of the squares, so bit i just moves to bit 2i. */
static void polynomial_square(uint64_t p[4])
{
	uint64_t power[4] = {1, 0, 0, 0}; /* x^(2i) */
	uint64_t square[4] = {0, 0, 0, 0};

	for (int i = 0; i < STATE_BITS; i++) {
		uint64_t mask = -((p[i / 64] >> (i % 64)) & 1);

		for (int w = 0; w < 4; w++)
			square[w] ^= power[w] & mask;
		polynomial_shift(power);
		polynomial_shift(power);
	}
	for (int w = 0; w < 4; w++)
		p[w] = square[w];
}

/* Moves @rng on by 2^SUBSTREAM_LOG2 * @substream steps. */
static void rng_jump(struct rng *rng, uint64_t substream)
{
	uint64_t p[4] = {1, 0, 0, 0};
	uint64_t s[4] = {0, 0, 0, 0};

	for (int bit = 63; bit >= 0; bit--) {
		polynomial_square(p);
		if ((substream >> bit) & 1)
			polynomial_shift(p);
	}
	for (int i = 0; i < SUBSTREAM_LOG2; i++)
		polynomial_square(p);
	for (int i = 0; i < STATE_BITS; i++) {
		uint64_t mask = -((p[i / 64] >> (i % 64)) & 1);

		for (int w = 0; w < 4; w++)
			s[w] ^= rng->s[w] & mask;
		rng_next(rng);
	}
	for (int w = 0; w < 4; w++)
		rng->s[w] = s[w];
}

void rng_init(struct rng *rng, uint64_t seed, enum rng_source source, uint32_t replication)
{
	/* splitmix64 visits each value once, so the four words are never all zero. */
	for (int w = 0; w < 4; w++)
		rng->s[w] = splitmix64(&seed);
	rng_jump(rng, ((uint64_t)source << 32) + replication);
}

const char *rng_source_name(enum rng_source source)
{
	static const char *const names[RNG_SOURCE_COUNT] = {"arrival", "service",   "assignment",
							    "wire",    "placement", "migration"};

	return (unsigned)source < RNG_SOURCE_COUNT ? names[source] : "unknown";
}

static void gsl_set(void *state, unsigned long seed)
{
	rng_init(state, seed, RNG_ARRIVAL, 0);
}

static unsigned long gsl_get(void *state)
{
	return rng_next(state);
}

static double gsl_get_double(void *state)
{
	return rng_uniform(state);
}

const gsl_rng_type *rng_gsl_type(void)
{
	static const gsl_rng_type type = {
	    .name = "xoshiro256++",
	    .max = UINT64_MAX,
	    .min = 0,
	    .size = sizeof(struct rng),
	    .set = gsl_set,
	    .get = gsl_get,
	    .get_double = gsl_get_double,
	};

	return &type;
}

void rng_gsl_init(gsl_rng *gsl, uint64_t seed, enum rng_source source, uint32_t replication)
{
	rng_init(gsl->state, seed, source, replication);
}

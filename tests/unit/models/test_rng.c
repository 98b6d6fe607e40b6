/* The generator against its published outputs and jumps; substreams; GSL's view; the exponential variate. */
#include "models/rng.h"
#include "tests/unit/models/cmocka_all.h"
#include <stdlib.h>
#include <string.h>

/* First outputs from state 1, 2, 3, 4 of the authors' xoshiro256++. */
static void outputs_match_the_published(void **state)
{
	static const uint64_t published[] = {
	    41943041u,
	    58720359u,
	    3588806011781223u,
	    3591011842654386u,
	    9228616714210784205u,
	    9973669472204895162u,
	    14011001112246962877u,
	    12406186145184390807u,
	    15849039046786891736u,
	    10450023813501588000u,
	};
	struct rng rng = {{1, 2, 3, 4}};

	for (size_t i = 0; i < sizeof(published) / sizeof(published[0]); i++)
		assert_int_equal(rng_next(&rng), published[i]);
}

/* Substream 0 starts at four outputs of splitmix64, whose published ones for seed 1234567 these are. */
static void seeding_is_by_splitmix64(void **state)
{
	static const uint64_t published[4] = {6457827717110365317u, 3203168211198807973u, 9817491932198370423u,
					      4593380528125082431u};
	struct rng rng;

	rng_init(&rng, 1234567, RNG_ARRIVAL, 0);
	assert_memory_equal(rng.s, published, sizeof(published));
}

/* The authors' jump(), with its constants: 2^128 steps. */
static void published_jump(struct rng *rng, const uint64_t polynomial[4])
{
	uint64_t s[4] = {0, 0, 0, 0};

	for (int i = 0; i < 256; i++) {
		if ((polynomial[i / 64] >> (i % 64)) & 1)
			for (int w = 0; w < 4; w++)
				s[w] ^= rng->s[w];
		rng_next(rng);
	}
	memcpy(rng->s, s, sizeof(s));
}

static void substream_k_is_k_published_jumps_on(void **state)
{
	static const uint64_t jump[4] = {0x180ec6d33cfd0aba, 0xd5a61266f0c9392c, 0xa9582618e03fc9aa,
					 0x39abdc4529b1661c};
	struct rng jumped, rng;

	rng_init(&jumped, 42, RNG_ARRIVAL, 0);
	for (uint32_t k = 0; k <= 1000; k++) {
		if (k < 10 || k % 97 == 0) {
			rng_init(&rng, 42, RNG_ARRIVAL, k);
			assert_memory_equal(rng.s, jumped.s, sizeof(rng.s));
		}
		published_jump(&jumped, jump);
	}
}

/* 2^32 jumps, from the last replication of one source, lead to the next source; checked by composition. */
static void sources_follow_each_other(void **state)
{
	static const uint64_t jump[4] = {0x180ec6d33cfd0aba, 0xd5a61266f0c9392c, 0xa9582618e03fc9aa,
					 0x39abdc4529b1661c};
	struct rng last, first;

	for (int source = 0; source + 1 < RNG_SOURCE_COUNT; source++) {
		rng_init(&last, 7, source, UINT32_MAX);
		published_jump(&last, jump);
		rng_init(&first, 7, source + 1, 0);
		assert_memory_equal(first.s, last.s, sizeof(first.s));
	}
}

static int compare_words(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Of 3 x 20 substreams with 2,000 outputs each no two 64-bit outputs agree (by chance: 4e-10). */
static void substreams_share_no_output(void **state)
{
	size_t each = 2000, n = 0, total = 20 * RNG_SOURCE_COUNT * each;
	uint64_t *word = calloc(total, sizeof(*word));

	assert_non_null(word);
	for (int source = 0; source < RNG_SOURCE_COUNT; source++) {
		for (uint32_t replication = 0; replication < 20; replication++) {
			struct rng rng;

			rng_init(&rng, 1, source, replication);
			for (size_t i = 0; i < each; i++)
				word[n++] = rng_next(&rng);
		}
	}
	qsort(word, total, sizeof(*word), compare_words);
	for (size_t i = 1; i < total; i++)
		assert_true(word[i] != word[i - 1]);
	free(word);
}

static void gsl_draws_the_same(void **state)
{
	gsl_rng *gsl = gsl_rng_alloc(rng_gsl_type());
	struct rng rng;

	assert_non_null(gsl);
	rng_gsl_init(gsl, 99, RNG_SERVICE, 3);
	rng_init(&rng, 99, RNG_SERVICE, 3);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(gsl_rng_get(gsl), rng_next(&rng));
		assert_true(gsl_rng_uniform(gsl) == rng_uniform(&rng));
	}
	gsl_rng_free(gsl);
}

static void fill_and_single_draws_agree(void **state)
{
	struct rng one, many;
	double filled[1000];

	rng_init(&one, 5, RNG_ARRIVAL, 0);
	many = one;
	rng_fill_exponential(&many, filled, 1000);
	for (int i = 0; i < 1000; i++)
		assert_true(filled[i] == rng_exponential(&one));
	assert_memory_equal(one.s, many.s, sizeof(one.s));
}

/* Chi-square over 1,000 cells of equal probability and the tail's own moments, beyond the ziggurat's base at 7.7. */
static void exponential_is_exponential(void **state)
{
	enum { CELLS = 1000, N = 4000000 };
	static double count[CELLS];
	struct rng rng;
	double chi_square = 0, beyond = 0, excess = 0, tail = 7.69711747013105;

	rng_init(&rng, 11, RNG_SERVICE, 0);
	for (int i = 0; i < N; i++) {
		double x = rng_exponential(&rng);
		int cell = (int)(-expm1(-x) * CELLS);

		count[cell < CELLS ? cell : CELLS - 1]++;
		if (x > tail) {
			beyond++;
			excess += x - tail;
		}
	}
	for (int i = 0; i < CELLS; i++)
		chi_square += (count[i] - (double)N / CELLS) * (count[i] - (double)N / CELLS) / ((double)N / CELLS);
	/* 999 degrees of freedom: 1,143.9 is exceeded with probability 1e-3; too good a fit, below 861.4, likewise. */
	assert_near(chi_square, (1143.9 + 861.4) / 2, (1143.9 - 861.4) / 2);
	/* Binomial and gamma, 3.3 standard deviations. */
	double expected = N * exp(-tail);

	assert_near(beyond, expected, 3.3 * sqrt(expected));
	assert_near(excess / beyond, 1, 3.3 / sqrt(beyond));
}

static void below_is_uniform(void **state)
{
	enum { N = 700000 };
	double count[7] = {0}, chi_square = 0;
	struct rng rng;

	rng_init(&rng, 3, RNG_ASSIGNMENT, 0);
	for (int i = 0; i < N; i++)
		count[rng_below(&rng, 7)]++;
	for (int i = 0; i < 7; i++)
		chi_square += (count[i] - N / 7.0) * (count[i] - N / 7.0) / (N / 7.0);
	assert_true(chi_square < 22.46); /* 6 degrees of freedom, 1e-3 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(outputs_match_the_published),
	    cmocka_unit_test(seeding_is_by_splitmix64),
	    cmocka_unit_test(substream_k_is_k_published_jumps_on),
	    cmocka_unit_test(sources_follow_each_other),
	    cmocka_unit_test(substreams_share_no_output),
	    cmocka_unit_test(gsl_draws_the_same),
	    cmocka_unit_test(fill_and_single_draws_agree),
	    cmocka_unit_test(exponential_is_exponential),
	    cmocka_unit_test(below_is_uniform),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

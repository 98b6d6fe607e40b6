/* Mean and percentiles in fixed memory, beside those of the sorted values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "impl/ixdp/spread.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define VALUES 5000

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void test_empty(void **state)
{
	static struct ixdp_spread spread;

	assert_true(ixdp_spread_mean(&spread) == 0 && ixdp_spread_percentile(&spread, 0.95) == 0);
}

/* Each value, alone, comes back within 1/64. */
static void test_every_size(void **state)
{
	static struct ixdp_spread spread;

	for (int bit = 0; bit <= IXDP_SPREAD_TOP; bit++)
		for (int offset = -1; offset <= 1; offset++) {
			uint64_t value = (1ull << bit) + (uint64_t)offset;

			memset(&spread, 0, sizeof(spread));
			ixdp_spread_add(&spread, value);
			assert_true(ixdp_spread_mean(&spread) == (double)value);
			assert_true(fabs(ixdp_spread_percentile(&spread, 0.95) - (double)value) <= (double)value / 64);
		}
	ixdp_spread_add(&spread, UINT64_MAX); /* above all buckets: in the last */
	assert_true(ixdp_spread_percentile(&spread, 1) >= 4.29e12);
}

static void test_many(void **state)
{
	static const double fractions[] = {0.01, 0.5, 0.95, 0.99, 1};
	static struct ixdp_spread spread;
	static uint64_t value[VALUES];
	uint64_t random = 88172645463325252u;
	double sum = 0;

	memset(&spread, 0, sizeof(spread));
	for (unsigned i = 0; i < VALUES; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		value[i] = random >> (24 + random % 40); /* of all sizes */
		sum += (double)value[i];
		ixdp_spread_add(&spread, value[i]);
	}
	qsort(value, VALUES, sizeof(value[0]), compare);
	assert_true(fabs(ixdp_spread_mean(&spread) - sum / VALUES) <= 1e-9 * sum / VALUES);
	for (unsigned i = 0; i < sizeof(fractions) / sizeof(fractions[0]); i++) {
		double exact = (double)value[(unsigned)ceil(fractions[i] * VALUES) - 1];

		assert_true(fabs(ixdp_spread_percentile(&spread, fractions[i]) - exact) <= exact / 64);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_empty), cmocka_unit_test(test_every_size),
					   cmocka_unit_test(test_many)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The averages of a thread against their closed forms.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "impl/core/metrics.h"
#include <math.h>

#define CYCLE_NS 1000000ull
#define CYCLES   (IX_METRICS_INTERVAL_NS / CYCLE_NS) /* of an interval */

static void assert_near(double actual, double expected)
{
	if (fabs(actual - expected) > 1e-9 * (1 + fabs(expected)))
		fail_msg("%.12g is not %.12g", actual, expected);
}

static void test_constant_load(void **state)
{
	struct ix_metrics m;
	uint64_t now_ns = 5 * CYCLE_NS, i;
	int k, n;

	ix_metrics_start(&m, now_ns);
	for (i = 0; i < 7 * CYCLES; i++) {
		now_ns += CYCLE_NS;
		ix_metrics_cycle(&m, now_ns, CYCLE_NS / 4, 40, 16, 16 * 3000);
		n = (int)((i + 1) / CYCLES);
		assert_int_equal(m.intervals, n);
		for (k = 0; k < IX_EMA_COUNT; k++) {
			assert_near(m.queue_packets[k], 40 * (1 - pow(1 - ix_ema_alpha[k], n)));
			assert_near(m.idle_fraction[k], 0.25 * (1 - pow(1 - ix_ema_alpha[k], n)));
		}
		assert_near(m.batch_packets, 16 * (1 - pow(0.5, n)));
		assert_near(m.queuing_delay_ns, 3000 * (1 - pow(0.5, n)));
		assert_near(m.cycle_ns, 0.75 * (double)CYCLE_NS * (1 - pow(0.5, n)));
	}
}

/* value(n) = sum over i of alpha (1 - alpha)^(n - i) x(i) */
static void test_varying_load(void **state)
{
	const uint32_t queue[] = {10, 0, 70, 32, 8};
	struct ix_metrics m;
	uint64_t now_ns = 0, c;
	double expected[IX_EMA_COUNT] = {0};
	int k, i;

	ix_metrics_start(&m, 0);
	for (i = 0; i < 5; i++) {
		for (c = 0; c < CYCLES; c++) {
			now_ns += CYCLE_NS;
			ix_metrics_cycle(&m, now_ns, 0, queue[i] + (c % 2 ? 1 : -(uint32_t)(queue[i] > 0)), 1, 0);
		}
		for (k = 0; k < IX_EMA_COUNT; k++) {
			double mean = queue[i] ? queue[i] : 0.5;

			expected[k] = ix_ema_alpha[k] * mean + (1 - ix_ema_alpha[k]) * expected[k];
			assert_near(m.queue_packets[k], expected[k]);
		}
	}
}

/* A thread that slept through intervals has been idle in each of them; one that idles has no batches. */
static void test_long_waits(void **state)
{
	struct ix_metrics m;

	ix_metrics_start(&m, 0);
	ix_metrics_cycle(&m, IX_METRICS_INTERVAL_NS, 0, 8, 8, 8000);
	assert_near(m.batch_packets, 4);
	ix_metrics_cycle(&m, 5 * IX_METRICS_INTERVAL_NS, 4 * IX_METRICS_INTERVAL_NS, 0, 0, 0);
	assert_int_equal(m.intervals, 5);
	assert_near(m.idle_fraction[IX_EMA_FAST], 1 - pow(0.5, 4));
	assert_near(m.queue_packets[IX_EMA_SLOW], 0.125 * 8 * pow(0.875, 4));
	assert_near(m.batch_packets, 4 * pow(0.5, 4));
	/* Waits of one interval and a half: still wholly idle. */
	ix_metrics_cycle(&m, 13 * IX_METRICS_INTERVAL_NS / 2, 3 * IX_METRICS_INTERVAL_NS / 2, 0, 0, 0);
	ix_metrics_cycle(&m, 8 * IX_METRICS_INTERVAL_NS, 3 * IX_METRICS_INTERVAL_NS / 2, 0, 0, 0);
	assert_near(m.idle_fraction[IX_EMA_FAST], 1 - pow(0.5, 6));
	/* A wait without end leaves what it must. */
	ix_metrics_cycle(&m, 1ull << 60, 1ull << 60, 0, 0, 0);
	assert_near(m.idle_fraction[IX_EMA_SLOW], 1);
	assert_near(m.queue_packets[IX_EMA_SLOW], 0);
}

static void test_tail_delay(void **state)
{
	assert_near(ix_tail_delay_ns(0, 64, 5000), 0);
	assert_near(ix_tail_delay_ns(0.5, 64, 5000), 5000);
	assert_near(ix_tail_delay_ns(64, 64, 5000), 5000);
	assert_near(ix_tail_delay_ns(64.5, 64, 5000), 10000);
	assert_near(ix_tail_delay_ns(640, 64, 5000), 50000);
	assert_near(ix_tail_delay_ns(7, 1, 100), 700);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_constant_load),
	    cmocka_unit_test(test_varying_load),
	    cmocka_unit_test(test_long_waits),
	    cmocka_unit_test(test_tail_delay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

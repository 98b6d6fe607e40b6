/* A hardware thread's work: parts, interrupts, a sibling that comes and goes, and where the time is accounted. */
#include "sim/processor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SLOWDOWN 1.5

struct fixture {
	struct sim_engine engine;
	struct sim_processor processor[2];
	uint64_t worked_ns[2], interrupted_ns[2]; /* when, last */
};

static struct fixture f;

static void worked(struct sim_processor *processor)
{
	f.worked_ns[processor - f.processor] = f.engine.now_ns;
	sim_processor_settle(processor);
}

static void interrupted(struct sim_processor *processor)
{
	f.interrupted_ns[processor - f.processor] = f.engine.now_ns;
	sim_processor_leave(processor);
	sim_processor_settle(processor);
}

static int setup(void **state)
{
	f = (struct fixture){0};
	assert_int_equal(sim_engine_init(&f.engine, 4), 0);
	for (unsigned i = 0; i < 2; i++) {
		sim_processor_init(&f.processor[i], &f.engine, &f.processor[1 - i], SLOWDOWN);
		f.processor[i].worked = worked;
		f.processor[i].interrupted = interrupted;
	}
	return 0;
}

static int teardown(void **state)
{
	sim_processor_fini(&f.processor[0]);
	sim_processor_fini(&f.processor[1]);
	assert_int_equal(f.engine.pending, 0);
	sim_engine_fini(&f.engine);
	return 0;
}

static const struct sim_part request[] = {{100, 0}, {1000, SIM_WORK_USER}, {300, 0}};
static const struct sim_part spinning[] = {{100, 0}, {1000, SIM_WORK_USER | SIM_WORK_CLOCK}, {300, 0}};

static void begin(unsigned i, const struct sim_part *part)
{
	assert_int_equal(sim_processor_begin(&f.processor[i], part, 3), 1);
	sim_processor_settle(&f.processor[i]);
}

static void run_until(uint64_t time_ns)
{
	assert_int_equal(sim_run(&f.engine, time_ns), 0);
}

static void assert_totals(unsigned i, uint64_t kernel_ns, uint64_t user_ns)
{
	struct sim_processor_totals totals = sim_processor_totals(&f.processor[i]);

	assert_int_equal(totals.kernel_ns, kernel_ns);
	assert_int_equal(totals.user_ns, user_ns);
	assert_int_equal(totals.idle_ns, f.engine.now_ns - kernel_ns - user_ns);
}

static void test_parts_are_accounted_as_they_pass(void **state)
{
	run_until(50);
	begin(0, request);
	run_until(120);
	assert_totals(0, 70, 0);
	run_until(650);
	assert_totals(0, 100, 500);
	run_until(2000);
	assert_totals(0, 400, 1000);
	assert_int_equal(f.worked_ns[0], 1450);
	assert_int_equal(f.processor[0].end_ns[1], 1150);
}

static void test_nothing_to_do_takes_no_event(void **state)
{
	assert_int_equal(sim_processor_begin(&f.processor[0], &(struct sim_part){0, 0}, 1), 0);
	sim_processor_enter(&f.processor[0]);
	assert_int_equal(sim_processor_spend(&f.processor[0], 0), 0);
	sim_processor_leave(&f.processor[0]);
	assert_int_equal(f.engine.pending, 0);
}

static void test_an_interrupt_suspends_the_part_under_way(void **state)
{
	begin(0, request);
	run_until(600);
	sim_processor_enter(&f.processor[0]);
	assert_int_equal(sim_processor_spend(&f.processor[0], 70), 1);
	run_until(640);
	assert_totals(0, 100 + 40, 500);
	run_until(3000);
	assert_int_equal(f.interrupted_ns[0], 670);
	assert_int_equal(f.processor[0].end_ns[0], 100);
	assert_int_equal(f.processor[0].end_ns[1], 1170);
	assert_int_equal(f.worked_ns[0], 1470);
	assert_totals(0, 100 + 70 + 300, 1000);
}

/* The sibling works from 600 to 600 + 1400 * 1.5: when this one ends it has done some of that alone. */
static void test_a_sibling_slows_what_is_left(void **state)
{
	begin(0, request);
	run_until(600);
	begin(1, request);
	run_until(UINT64_MAX);
	assert_int_equal(f.processor[0].end_ns[1], 1100 + 250);
	assert_int_equal(f.worked_ns[0], 600 + 800 * 3 / 2);
	/* 1,200 ns together are 800 ns of the sibling's work. */
	assert_int_equal(f.worked_ns[1], 600 + 1200 + 600);
	assert_totals(0, 100 + 450, 500 + 750);
	assert_totals(1, 150 + 300, 1050 + 300);
}

static void test_spinning_goes_by_the_clock(void **state)
{
	begin(0, spinning);
	run_until(600);
	begin(1, request);
	run_until(UINT64_MAX);
	assert_int_equal(f.processor[0].end_ns[1], 1100);
	assert_int_equal(f.worked_ns[0], 1100 + 450);
}

/* Interrupted work is slowed too, though it does not go on before the interrupt has ended, which is slowed as well. */
static void test_a_sibling_comes_during_an_interrupt(void **state)
{
	begin(0, request);
	run_until(600);
	sim_processor_enter(&f.processor[0]);
	assert_int_equal(sim_processor_spend(&f.processor[0], 100), 1);
	run_until(640);
	begin(1, (const struct sim_part[]){{5000, 0}, {0, 0}, {0, 0}});
	run_until(UINT64_MAX);
	assert_int_equal(f.interrupted_ns[0], 640 + 90);
	assert_int_equal(f.processor[0].end_ns[1], 730 + 750);
	assert_int_equal(f.worked_ns[0], 730 + 1200);
	assert_totals(0, 100 + 130 + 450, 500 + 750);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_parts_are_accounted_as_they_pass, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_nothing_to_do_takes_no_event, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_an_interrupt_suspends_the_part_under_way, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_sibling_slows_what_is_left, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_spinning_goes_by_the_clock, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_sibling_comes_during_an_interrupt, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

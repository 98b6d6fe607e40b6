/* Cost files: every constant once, in one of its two forms, in range; complaints name file, line, key and value. */
#include "harness/cost_file.h"
#include "sim/host_linux.h"
#include "sim/host_mtcp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char good[] = "nominal_ghz = 2.0;\n"
			   "frequency_ghz = 1.0;\n"
			   "cycle_cycles = 1000;\n" /* 500 ns at 2 GHz */
			   "poll_ns = 20;\n"
			   "receive_ns = 430.5;\n"
			   "event_ns = 60;\n"
			   "call_ns = 65;\n"
			   "timer_ns = 100;\n"
			   "transmit_ns = 350;\n"
			   "control_ns = 510;\n"
			   "doorbell_ns = 150;\n"
			   "detect_ns = 100;\n"
			   "wire_delay_ns = 4000;\n"
			   "wire_bandwidth_gbps = 40;\n"
			   "rx_descriptors = 512;\n"
			   "system = \"dataplane\";\n"
			   "steal_ns = 300;\n"
			   "remote_ns = 200;\n"
			   "interrupt_ns = 900;\n"
			   "interrupt_latency_ns = 1000;\n"
			   "interrupt_spacing_ns = 4000;\n"
			   "miss_ns = 40;\n"
			   "hyperthread_speedup = 1.3;\n"
			   "misses_few = 2;\n"
			   "misses_many = 29;\n"
			   "connection_bytes = 8192;\n"
			   "llc_bytes = 20971520;\n";

static void test_constants_are_read(void **state)
{
	struct sim_costs costs;
	char error[256];

	assert_int_equal(costs_read_text(&costs, &sim_cost_names_dataplane, good, "good.cfg", error, sizeof(error)), 0);
	assert_float_equal(costs.ns[SIM_COST_CYCLE], 500, 1e-9);
	assert_float_equal(costs.ns[SIM_COST_RECEIVE], 430.5, 1e-9);
	assert_float_equal(costs.ns[SIM_COST_DOORBELL], 150, 1e-9);
	assert_float_equal(costs.nominal_ghz, 2, 1e-9);
	assert_float_equal(costs.frequency_ghz, 1, 1e-9);
	assert_float_equal(costs.wire_bandwidth_gbps, 40, 1e-9);
	assert_float_equal(costs.rx_descriptors, 512, 1e-9);
}

/* Frequency scales the processor's constants, not the bus's. */
static void test_charges(void **state)
{
	struct ix_work work = {.polled = 3, .processed = 2, .events = 2, .calls = 4, .sent = 5, .timers = 1};
	struct sim_charge charge;
	struct sim_costs costs;
	char error[256];

	assert_int_equal(costs_read_text(&costs, &sim_cost_names_dataplane, good, "good.cfg", error, sizeof(error)), 0);
	sim_charge_init(&charge, &costs, 1);
	assert_float_equal(charge.user_scale, 2, 1e-9);
	assert_int_equal(sim_charge_output_ns(&charge, &work, 1), 2 * (4 * 65 + 5 * 350 + 100) + 150);
	work.sent = work.timers = work.calls = 0;
	assert_int_equal(sim_charge_input_ns(&charge, &work, 2),
			 2 * (500 + 3 * 20 + 2 * 430.5 + 2 * 60) + 2 * 2 * 40 + 2 * 150);
	assert_int_equal(sim_charge_input_ns(&charge, &(struct ix_work){0}, 0), 0);
	/* Stolen: the thread that took it ships two calls, its home runs them in an interrupt and transmits. */
	work = (struct ix_work){.steals = 1, .connections = 1, .events = 1};
	assert_int_equal(sim_charge_input_ns(&charge, &work, 0), 2 * (500 + 300 + 60));
	work = (struct ix_work){.shipped = 2};
	assert_int_equal(sim_charge_output_ns(&charge, &work, 0), 2 * 2 * 200);
	work = (struct ix_work){.remote_calls = 2, .sent = 1};
	assert_int_equal(sim_charge_interrupt_ns(&charge, &work, 1), 2 * (900 + 2 * (200 + 65) + 350) + 150);
}

/* @good with @from replaced by @to. */
static void replace(char *text, size_t size, const char *from, const char *to)
{
	const char *at = strstr(good, from);

	assert_non_null(at);
	snprintf(text, size, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
}

static void test_mistakes_are_named(void **state)
{
	static const struct {
		const char *from, *to, *error;
	} cases[] = {
	    {"poll_ns = 20", "poll_ns = -20",
	     "x.cfg:4: key 'poll_ns': -20 is not allowed; allowed: a number from 0 to 1e+09"},
	    {"poll_ns = 20", "poll_ns = \"20\"", "x.cfg:4: key 'poll_ns': not a number"},
	    {"poll_ns = 20", "pol_ns = 20", "x.cfg:4: key 'pol_ns': unknown; allowed: system, nominal_ghz"},
	    {"event_ns = 60;", "", "x.cfg: key 'event_ns' or 'event_cycles' is missing"},
	    {"detect_ns = 100;", "", "x.cfg: key 'detect_ns' is missing"},
	    {"poll_ns = 20;", "poll_ns = 20; cycle_ns = 3;", "x.cfg:3: key 'cycle_cycles': given beside 'cycle_ns'"},
	    {"nominal_ghz = 2.0", "nominal_ghz = 0", "x.cfg:1: key 'nominal_ghz': 0 is not allowed"},
	    {"rx_descriptors = 512", "rx_descriptors = 500",
	     "x.cfg:15: key 'rx_descriptors': 500 is not allowed; allowed: a power of two"},
	    {"\"dataplane\"", "\"linux\"", "x.cfg:16: key 'system': \"linux\" is not allowed for this system"},
	    {"system = \"dataplane\";", "", "x.cfg: key 'system' is missing; allowed: \"dataplane\""},
	    {"system = \"dataplane\"", "system = 3", "x.cfg:16: key 'system': not a text; allowed: \"dataplane\""},
	    {"hyperthread_speedup = 1.3", "hyperthread_speedup = 3",
	     "x.cfg:23: key 'hyperthread_speedup': 3 is not allowed; allowed: a number from 1 to 2"},
	    {"miss_ns = 40", "miss_ns = -1", "x.cfg:22: key 'miss_ns': -1 is not allowed; allowed: a number from 0"},
	    {"llc_bytes = 20971520;", "", "x.cfg: key 'llc_bytes' is missing"},
	    {"poll_ns = 20;", "poll_ns 20;", "x.cfg:4: syntax error"},
	    {"poll_ns = 20;", "@include \"y.cfg\"", "x.cfg: @include is not allowed"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sim_costs costs;
		char text[2048], error[512] = "";

		replace(text, sizeof(text), cases[i].from, cases[i].to);
		assert_int_equal(
		    costs_read_text(&costs, &sim_cost_names_dataplane, text, "x.cfg", error, sizeof(error)), -1);
		if (strncmp(error, cases[i].error, strlen(cases[i].error)) != 0)
			fail_msg("'%s' does not begin with '%s'", error, cases[i].error);
	}
}

static void test_files(void **state)
{
	struct sim_costs costs;
	char error[256];
	uint64_t hash;

	assert_int_equal(costs_read(&costs, &sim_cost_names_dataplane, "zero", &hash, error, sizeof(error)), 0);
	assert_int_equal(hash, 0);
	assert_int_equal(
	    costs_read(&costs, &sim_cost_names_dataplane, "workloads/costs/ix.cfg", &hash, error, sizeof(error)), 0);
	assert_true(hash != 0);
	assert_int_equal(costs_read(&costs, sim_host_linux_partitioned.costs, "workloads/costs/linux.cfg", &hash, error,
				    sizeof(error)),
			 0);
	assert_int_equal(
	    costs_read(&costs, sim_host_mtcp.costs, "workloads/costs/mtcp.cfg", &hash, error, sizeof(error)), 0);
	assert_int_equal(
	    costs_read(&costs, &sim_cost_names_dataplane, "workloads/costs/none.cfg", &hash, error, sizeof(error)), -1);
	assert_non_null(strstr(error, "workloads/costs/none.cfg: No such file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_constants_are_read),
	    cmocka_unit_test(test_charges),
	    cmocka_unit_test(test_mistakes_are_named),
	    cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What the tests of the system level share: a machine under load, created, run and measured in one call. */
#ifndef IXLAB_TESTS_UNIT_SIM_SYSTEM_RUN_H
#define IXLAB_TESTS_UNIT_SIM_SYSTEM_RUN_H

#include "sim/system.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

/* A cost model in which every constant can be told from any other. */
static inline struct sim_costs costs_for_tests(void)
{
	return (struct sim_costs){.ns = {[SIM_COST_CYCLE] = 500,
					 [SIM_COST_POLL] = 20,
					 [SIM_COST_RECEIVE] = 430,
					 [SIM_COST_EVENT] = 60,
					 [SIM_COST_CALL] = 65,
					 [SIM_COST_TIMER] = 100,
					 [SIM_COST_TRANSMIT] = 350,
					 [SIM_COST_CONTROL] = 510,
					 [SIM_COST_DOORBELL] = 150},
				  .nominal_ghz = 2,
				  .frequency_ghz = 2,
				  .detect_ns = 100,
				  .wire_delay_ns = 4000,
				  .rx_descriptors = 512,
				  .hyperthread_speedup = 1.3};
}

/* @load of each core by service times of mean 10 us; no costs, B = 64, as many connections for each core. */
static inline struct sim_system_options system_options(unsigned cores, double load, struct dist *service,
						       const char *text)
{
	char error[256];

	assert_int_equal(dist_parse(service, text, error, sizeof(error)), 0);
	return (struct sim_system_options){.cores = cores,
					   .batch_bound = 64,
					   .connections = 32 * cores,
					   .service = service,
					   .mean_ns = 10000,
					   .rate_rps = load * cores * 1e5,
					   .kind = &sim_host_ix,
					   .threads_per_core = 1,
					   .request_bytes = 64,
					   .reply_bytes = 64,
					   .wire_links = 1,
					   .service_is_compute = 1,
					   .costs = sim_costs_zero,
					   .seed = 1};
}

static inline struct sim_system *system_create(const struct sim_system_options *options)
{
	char error[256] = "";
	struct sim_system *system = sim_system_create(options, error, sizeof(error));

	if (!system)
		print_error("%s\n", error);
	assert_non_null(system);
	return system;
}

/* Runs @replies and returns the totals; the mean batch goes to *mean_batch, which may be NULL. */
static inline struct sim_system_totals system_run(const struct sim_system_options *options, uint64_t replies,
						  double *mean_batch)
{
	struct sim_system *system = system_create(options);
	struct sim_system_totals totals;

	assert_int_equal(sim_system_run(system, replies, NULL, NULL), 0);
	sim_system_totals(system, &totals);
	if (mean_batch)
		*mean_batch = (double)totals.host.processed / (double)totals.host.cycles;
	sim_system_destroy(system);
	return totals;
}

#endif

/* The simulated machine behind the system level: stamps of requests, threads that share a core, cache misses. */
#include "models/cache.h"
#include "tests/unit/sim/system_run.h"

static const double sent_ns = 4000; /* wire delay of costs_for_tests() */

/* What the requests' stamps are checked against; sums over requests of what passed between them. */
struct stamps {
	uint64_t count;
	double since[SIM_STAGE_COUNT]; /* from the stage before; from sending for the first */
	double service_ns;
};

static void observe(void *context, const struct sim_request *request, uint64_t now_ns)
{
	struct stamps *stamps = context;
	uint64_t before_ns = request->sent_ns;

	for (int s = 0; s < SIM_STAGE_COUNT; s++) {
		assert_true(request->at_ns[s] >= before_ns);
		stamps->since[s] += (double)(request->at_ns[s] - before_ns);
		before_ns = request->at_ns[s];
	}
	assert_int_equal(request->at_ns[SIM_STAGE_ARRIVED], request->sent_ns + (uint64_t)sent_ns);
	assert_int_equal(now_ns, request->at_ns[SIM_STAGE_LEFT] + (uint64_t)sent_ns);
	stamps->service_ns += (double)request->service_ns;
	stamps->count++;
}

static struct stamps run_stamped(const struct sim_system_options *o, uint64_t replies)
{
	struct sim_system *system = system_create(o);
	struct stamps stamps = {0};

	sim_system_observe(system, observe, &stamps);
	assert_int_equal(sim_system_run(system, replies, NULL, NULL), 0);
	assert_true(stamps.count >= replies);
	for (int s = 0; s < SIM_STAGE_COUNT; s++)
		stamps.since[s] /= (double)stamps.count;
	stamps.service_ns /= (double)stamps.count;
	sim_system_destroy(system);
	return stamps;
}

/* Next to no load: each stage takes what its constants say (and 1/32 of a doorbell for receive descriptors). */
static void test_stages_of_an_unloaded_machine(void **state)
{
	struct dist service;
	struct sim_system_options o = system_options(2, 1e-5, &service, "det");
	struct stamps stamps;

	o.costs = costs_for_tests();
	stamps = run_stamped(&o, 640);
	assert_float_equal(stamps.since[SIM_STAGE_POLLED], 100, 1e-9);
	assert_float_equal(stamps.since[SIM_STAGE_PROCESSED], 500 + 20 + 430 + 60 + 150.0 / 32, 1.5);
	assert_float_equal(stamps.since[SIM_STAGE_BEGUN], 0, 1e-9);
	assert_float_equal(stamps.since[SIM_STAGE_SERVED], 10000, 1e-9);
	assert_float_equal(stamps.since[SIM_STAGE_CALLED], 0, 1e-9);
	assert_float_equal(stamps.since[SIM_STAGE_LEFT], 2 * 65 + 350 + 150, 1e-9);
}

/* Under load requests also wait: in the ring, in the backlog, for others of their batch; service takes as long. */
static void test_stages_under_load(void **state)
{
	struct dist service;
	struct sim_system_options o = system_options(4, 0.8, &service, "exp");
	struct stamps stamps;

	o.costs = costs_for_tests();
	o.batch_bound = 8;
	stamps = run_stamped(&o, 100000);
	assert_true(stamps.since[SIM_STAGE_POLLED] > 5000);
	assert_true(stamps.since[SIM_STAGE_PROCESSED] > 3000);
	assert_true(stamps.since[SIM_STAGE_BEGUN] > 3000);
	assert_float_equal(stamps.since[SIM_STAGE_SERVED], stamps.service_ns, 1e-6);
	assert_true(stamps.since[SIM_STAGE_CALLED] > 3000);
	assert_true(stamps.since[SIM_STAGE_LEFT] > 2 * 65 + 350 + 150);
}

static double saturation_rps(const struct sim_system_options *o)
{
	struct sim_system *system = system_create(o);
	struct sim_system_totals start, end;

	assert_int_equal(sim_system_run(system, 20000, NULL, NULL), 0);
	sim_system_totals(system, &start);
	assert_int_equal(sim_system_run(system, 100000, NULL, NULL), 0);
	sim_system_totals(system, &end);
	sim_system_destroy(system);
	assert_int_equal(end.host.idle_ns, start.host.idle_ns);
	return (double)(end.replies - start.replies) * 1e9 / (double)(end.now_ns - start.now_ns);
}

/* Deterministic service, full batches: batches cut at either end are all that can differ. */
static void test_threads_of_a_core_do_what_the_cost_file_says(void **state)
{
	struct dist service;
	struct sim_system_options one = system_options(1, 3, &service, "det"), two, spinning;
	double cpu_ns = (500 + 150.0) / 64 + 20 + 430 + 60 + 2 * 65 + 350 + 150.0 / 64, alone_rps;

	one.costs = costs_for_tests();
	two = one;
	two.cores = 2;
	two.threads_per_core = 2;
	alone_rps = saturation_rps(&one);
	assert_float_equal(alone_rps * (10000 + cpu_ns) / 1e9, 1, 3e-3);
	assert_float_equal(saturation_rps(&two) / alone_rps, 1.3, 5e-3);

	/* A thread that spins for a time does so whatever its sibling does, and whatever the frequency. */
	spinning = two;
	spinning.service_is_compute = 0;
	assert_float_equal(saturation_rps(&spinning) * (10000 + cpu_ns * 2 / 1.3) / 2e9, 1, 3e-3);
	one.service_is_compute = 0;
	one.costs.frequency_ghz = one.costs.nominal_ghz / 2;
	cpu_ns = 2 * (cpu_ns - 2 * 150.0 / 64) + 2 * 150.0 / 64;
	assert_float_equal(saturation_rps(&one) * (10000 + cpu_ns) / 1e9, 1, 3e-3);

	/* Without a sibling's activity there is nothing to share. */
	two.costs.hyperthread_speedup = 2;
	assert_float_equal(saturation_rps(&two) / alone_rps, 2, 5e-3);
}

static void test_cache_misses_grow_with_connections(void **state)
{
	struct sim_costs costs = costs_for_tests();
	struct sim_charge few, many;

	costs.llc_bytes = 20 << 20;
	costs.connection_bytes = 8192;
	costs.misses_few = 2;
	costs.misses_many = 29;
	costs.ns[SIM_COST_MISS] = 30;
	assert_float_equal(sim_costs_misses(&costs, 1), 2, 1e-12);
	assert_float_equal(sim_costs_misses(&costs, 2560), 2, 1e-12);
	assert_float_equal(sim_costs_misses(&costs, 5120), 2 + 27 / 2.0, 1e-12);
	assert_float_equal(sim_costs_misses(&costs, 250000), 2 + 27 * (1 - 2560 / 250000.0), 1e-12);
	sim_charge_init(&few, &costs, 10);
	sim_charge_init(&many, &costs, 5120);
	assert_float_equal((double)(many.unit[SIM_COST_RECEIVE] - few.unit[SIM_COST_RECEIVE]), 13.5 * 30 * 1024, 1);
}

/* The share that does not fit, against a simulated cache with random replacement. */
static void test_share_of_misses_is_that_of_a_cache(void **state)
{
	enum { LINES = 1000, STATES = 2500, ACCESSES = 200000 };
	static unsigned slot[LINES], where[STATES];
	uint64_t misses = 0, counted = 0;
	struct rng rng;

	rng_init(&rng, 1, RNG_ARRIVAL, 0);
	for (unsigned i = 0; i < LINES; i++)
		slot[i] = STATES;
	for (unsigned i = 0; i < ACCESSES; i++) {
		unsigned wanted = rng_below(&rng, STATES), victim;

		counted += i > ACCESSES / 10;
		if (where[wanted])
			continue;
		misses += i > ACCESSES / 10;
		victim = rng_below(&rng, LINES);
		if (slot[victim] < STATES)
			where[slot[victim]] = 0;
		slot[victim] = wanted;
		where[wanted] = 1;
	}
	/* Four standard deviations of a share of so many accesses. */
	assert_float_equal((double)misses / (double)counted, cache_miss_share(STATES, LINES),
			   4 * sqrt(0.6 * 0.4 / (double)counted));
	assert_float_equal(cache_miss_share(LINES, LINES), 0, 0);
	assert_float_equal(cache_miss_share(0, 0), 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_stages_of_an_unloaded_machine),
	    cmocka_unit_test(test_stages_under_load),
	    cmocka_unit_test(test_threads_of_a_core_do_what_the_cost_file_says),
	    cmocka_unit_test(test_cache_misses_grow_with_connections),
	    cmocka_unit_test(test_share_of_misses_is_that_of_a_cache),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

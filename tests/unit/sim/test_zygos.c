/*
 * Stealing and interrupts in virtual time: with every overhead taken away the shared queue of theory, with overheads
 * nothing lost, nothing out of order, and every nanosecond accounted for.
 */
#include "analysis/estimate.h"
#include "models/closed_form.h"
#include "tests/unit/sim/system_run.h"

#include <stdlib.h>
#include <string.h>

#define CORES   16u
#define MEAN_US 10.0

static int take(void *context, const double *latency_us, size_t n)
{
	return estimator_add(context, latency_us, n);
}

static struct sim_system_options options_of(const struct sim_host_kind *kind, double load, struct dist *service)
{
	struct sim_system_options o = system_options(CORES, load, service, "exp");

	o.kind = kind;
	o.connections = 2752;
	return o;
}

/* p99 in mean service times, with a 99.9% interval: 9 are looked at, and the seeds are fixed. */
static struct interval p99_of(const struct sim_host_kind *kind, double load, uint64_t requests)
{
	struct estimator *estimator = estimator_create(20000, 0.999);
	struct dist service;
	struct sim_system_options o = options_of(kind, load, &service);
	struct sim_system *system = system_create(&o);
	struct estimate estimate;
	struct interval p99;

	assert_non_null(estimator);
	assert_int_equal(sim_system_run(system, requests, take, estimator), 0);
	sim_system_destroy(system);
	estimator_result(estimator, &estimate);
	estimator_destroy(estimator);
	p99 = estimate.quantile[ESTIMATE_P99];
	p99.value /= MEAN_US;
	p99.low /= MEAN_US;
	p99.high /= MEAN_US;
	return p99;
}

static double central_p99(double load)
{
	return mmn_response_quantile(CORES, load, 0.99);
}

/* Without costs: hardly more than one queue for all cores, up to a load of 80%. The most that a run may be beside the
 * exact value is what its interval says; a bucket of the histogram is 0.1% wide. */
static void test_interrupts_make_it_one_queue(void **state)
{
	static const double loads[] = {0.2, 0.5, 0.7, 0.8};

	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		struct interval p99 = p99_of(&sim_host_zygos, loads[i], 300000);
		double central = central_p99(loads[i]);

		if (p99.high < 0.999 * central || p99.low > 1.03 * central || p99.value > 1.04 * central)
			fail_msg("load %g: p99 %g (%g to %g), centralized FCFS %g", loads[i], p99.value, p99.low,
				 p99.high, central);
	}
}

/* At any load, and without interrupts too, it is between one queue and one a core. */
static void test_between_one_queue_and_one_for_each_core(void **state)
{
	static const double loads[] = {0.3, 0.9};

	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		struct interval with = p99_of(&sim_host_zygos, loads[i], 300000);
		struct interval without = p99_of(&sim_host_zygos_cooperative, loads[i], 300000);
		double central = central_p99(loads[i]), partitioned = mmn_response_quantile(1, loads[i], 0.99);

		assert_true(with.high > 0.999 * central && with.high < partitioned);
		assert_true(without.low > central && without.high < partitioned);
		assert_true(with.high < without.low);
	}
}

static struct sim_costs costs_with_sharing(void)
{
	struct sim_costs costs = costs_for_tests();

	costs.ns[SIM_COST_STEAL] = 250;
	costs.ns[SIM_COST_REMOTE] = 70;
	costs.ns[SIM_COST_INTERRUPT] = 600;
	costs.ns[SIM_COST_INTERRUPT_LATENCY] = 700;
	costs.ns[SIM_COST_INTERRUPT_SPACING] = 4000;
	return costs;
}

static void check_conservation(const struct sim_host_kind *kind, unsigned connections, double load)
{
	struct dist service;
	struct sim_system_options o = options_of(kind, load, &service);
	struct sim_system_totals t;

	o.cores = 4;
	o.rate_rps = load * o.cores * 1e5;
	o.connections = connections;
	o.costs = costs_with_sharing();
	t = system_run(&o, 100000, NULL);
	assert_true(t.replies >= 100000);
	assert_int_equal(t.arrivals, t.replies + t.in_system + t.dropped);
	assert_int_equal(t.out_of_order, 0);
	assert_int_equal(t.host.kernel_ns + t.host.user_ns + t.host.idle_ns, 4 * t.now_ns);
	assert_true((double)t.host.user_ns >= t.work_replied_ns);
	if (load > 1) /* nobody has the time */
		return;
	assert_true(t.host.steals > 1000);
	assert_true(kind == &sim_host_zygos ? t.host.interrupts > 1000 : !t.host.interrupts);
	/* L = lambda W; what is still in the system at the end is in L and not in W. */
	assert_true(fabs(t.in_system_integral_ns / t.latency_sum_ns - 1) < 5e-3);
}

/* Few connections: their requests wait for each other, and must be answered in order whoever works on them. */
static void test_conservation_and_order(void **state)
{
	static const unsigned connections[] = {8, 2752};
	static const double loads[] = {0.3, 0.8, 1.5};

	for (size_t c = 0; c < sizeof(connections) / sizeof(connections[0]); c++)
		for (size_t l = 0; l < sizeof(loads) / sizeof(loads[0]); l++) {
			check_conservation(&sim_host_zygos, connections[c], loads[l]);
			check_conservation(&sim_host_zygos_cooperative, connections[c], loads[l]);
		}
}

/* One connection cannot use both cores, so what it sends piles up until no event fits: interrupts would be for nothing,
 * and at the same instant again and again. */
static void test_more_of_a_connection_than_there_is_room_for(void **state)
{
	struct dist service;
	struct sim_system_options o = options_of(sim_host_kind_find("zygos"), 0.9, &service);
	struct sim_system *system;
	struct sim_system_totals totals;

	o.cores = 2;
	o.connections = 1;
	o.rate_rps = 1.8e9 / (MEAN_US * 1e3);
	system = system_create(&o);
	assert_int_equal(sim_system_run(system, 20000, NULL, NULL), 0);
	sim_system_totals(system, &totals);
	assert_true(totals.in_system > 5000);
	assert_int_equal(totals.out_of_order, 0);
	sim_system_destroy(system);
}

static void test_nothing_to_share_on_one_core(void **state)
{
	struct dist service;
	struct sim_system_options o = system_options(1, 0.8, &service, "exp");
	struct sim_system_totals t;

	o.kind = &sim_host_zygos;
	t = system_run(&o, 100000, NULL);
	assert_int_equal(t.host.steals, 0);
	assert_int_equal(t.host.interrupts, 0);
}

/* What interrupts add to the service of requests; the order of a request's stages. */
struct stamps {
	uint64_t count;
	double served_ns, service_ns;
};

static void observe(void *context, const struct sim_request *request, uint64_t now_ns)
{
	struct stamps *stamps = context;
	uint64_t before_ns = request->sent_ns;

	for (int s = 0; s < SIM_STAGE_COUNT; s++) {
		assert_true(request->at_ns[s] >= before_ns);
		before_ns = request->at_ns[s];
	}
	assert_true(now_ns >= before_ns);
	stamps->count++;
	stamps->served_ns += (double)(request->at_ns[SIM_STAGE_SERVED] - request->at_ns[SIM_STAGE_BEGUN]);
	stamps->service_ns += (double)request->service_ns;
}

static void test_interrupts_prolong_the_service_they_come_into(void **state)
{
	struct dist service;
	struct sim_system_options o = options_of(&sim_host_zygos, 0.6, &service);
	/* A handler at the least enters, and runs an answer's calls or takes a packet in; at the most few of either. */
	double least_ns = 600 + 20 + 430, most_ns = 4 * (600 + 20 + 430 + 2 * (65 + 70) + 350 + 150), added_ns;
	struct sim_system *system;
	struct sim_system_totals t;
	struct stamps stamps = {0};

	o.costs = costs_with_sharing();
	system = system_create(&o);
	sim_system_observe(system, observe, &stamps);
	assert_int_equal(sim_system_run(system, 100000, NULL, NULL), 0);
	sim_system_totals(system, &t);
	sim_system_destroy(system);
	added_ns = (stamps.served_ns - stamps.service_ns) / (double)t.host.interrupts;
	assert_true(t.host.interrupts > stamps.count / 10);
	assert_true(added_ns > 0.9 * least_ns && added_ns < most_ns);
	/* Without a cost they take no time. */
	o.costs = sim_costs_zero;
	stamps = (struct stamps){0};
	system = system_create(&o);
	sim_system_observe(system, observe, &stamps);
	assert_int_equal(sim_system_run(system, 20000, NULL, NULL), 0);
	sim_system_destroy(system);
	assert_float_equal(stamps.served_ns, stamps.service_ns, 0.5);
}

/* A trace as a hash (FNV-1a) and a count. */
struct digest {
	uint64_t hash, steals, interrupts, last_ns;
};

static void record(void *context, const struct sim_trace_record *r)
{
	struct digest *digest = context;
	const uint64_t words[] = {r->time_ns, r->core, r->what, r->who};

	assert_true(r->time_ns >= digest->last_ns);
	digest->last_ns = r->time_ns;
	digest->steals += r->what == SIM_TRACE_STEAL;
	digest->interrupts += r->what == SIM_TRACE_INTERRUPT;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		digest->hash = (digest->hash ^ words[i]) * UINT64_C(0x100000001b3);
}

static struct digest trace_run(uint64_t seed)
{
	struct dist service;
	struct sim_system_options o = options_of(&sim_host_zygos, 0.7, &service);
	struct digest digest = {.hash = UINT64_C(0xcbf29ce484222325)};
	struct sim_system *system;
	struct sim_trace trace;

	o.seed = seed;
	o.costs = costs_with_sharing();
	sim_trace_init(&trace, record, &digest);
	system = system_create(&o);
	sim_system_trace(system, &trace);
	assert_int_equal(sim_system_run(system, 5000, NULL, NULL), 0);
	sim_system_destroy(system);
	sim_trace_fini(&trace);
	assert_true(digest.steals > 1000 && digest.interrupts > 1000);
	return digest;
}

static void test_same_seed_same_trace(void **state)
{
	struct digest first = trace_run(1), second = trace_run(1), other = trace_run(2);

	assert_memory_equal(&first, &second, sizeof(first));
	assert_true(first.hash != other.hash);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_interrupts_make_it_one_queue),
	    cmocka_unit_test(test_between_one_queue_and_one_for_each_core),
	    cmocka_unit_test(test_conservation_and_order),
	    cmocka_unit_test(test_more_of_a_connection_than_there_is_room_for),
	    cmocka_unit_test(test_nothing_to_share_on_one_core),
	    cmocka_unit_test(test_interrupts_prolong_the_service_they_come_into),
	    cmocka_unit_test(test_same_seed_same_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The hosts without the shared core, Linux and mTCP, with costs: latencies to the nanosecond, conservation, Little,
 * siblings, overload, the lock of the shared ready list, determinism.
 */
#include "sim/host_linux.h"
#include "sim/host_mtcp.h"
#include "tests/unit/sim/host_run.h"

#define WIRE_NS    4000
#define DETECT_NS  1100
#define SERVICE_NS 10000

/* Every constant, and every sum of some of them, can be told from any other. */
static const double linux_ns[LINUX_COST_COUNT] = {
    [LINUX_COST_INTERRUPT] = 1001, [LINUX_COST_POLL] = 302,    [LINUX_COST_RECEIVE] = 2004,
    [LINUX_COST_WAKEUP] = 908,     [LINUX_COST_IPI] = 1516,    [LINUX_COST_SWITCH] = 1232,
    [LINUX_COST_EPOLL_WAIT] = 664, [LINUX_COST_READ] = 928,    [LINUX_COST_WRITE] = 1656,
    [LINUX_COST_TRANSMIT] = 1312,  [LINUX_COST_LOCK] = 224,    [LINUX_COST_REARM] = 748,
    [LINUX_COST_MERGE] = 0,        [LINUX_COST_COPY_READ] = 0, [LINUX_COST_COPY_WRITE] = 0,
    [LINUX_COST_MISS] = 0,
};
#define MERGE_NS      133
#define COPY_READ_NS  56 /* per KiB */
#define COPY_WRITE_NS 128
static const double mtcp_ns[MTCP_COST_COUNT] = {
    [MTCP_COST_TURN] = 501,  [MTCP_COST_RECEIVE] = 702, [MTCP_COST_SWITCH] = 1504,
    [MTCP_COST_EVENT] = 208, [MTCP_COST_WRITE] = 316,   [MTCP_COST_TRANSMIT] = 432,
};

static const struct sim_host_kind *const kinds[] = {&sim_host_linux_partitioned, &sim_host_linux_floating,
						    &sim_host_mtcp};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static struct host_run run_of(const struct sim_host_kind *kind, unsigned threads)
{
	struct host_run run = {.kind = kind,
			       .costs = sim_costs_zero,
			       .threads = threads,
			       .threads_per_core = 1,
			       .connections = 64 * threads,
			       .seed = 5};

	memcpy(run.costs.ns, kind == &sim_host_mtcp ? mtcp_ns : linux_ns,
	       kind == &sim_host_mtcp ? sizeof(mtcp_ns) : sizeof(linux_ns));
	run.costs.detect_ns = DETECT_NS;
	run.costs.wire_delay_ns = WIRE_NS;
	run.costs.rx_descriptors = 512;
	return run;
}

static double sum_of(const double *ns, unsigned count)
{
	double sum = 0;

	for (unsigned i = 0; i < count; i++)
		sum += ns[i];
	return sum;
}

/* A request to an idle host, by the constants it pays; @packets more each way. */
static double unloaded_ns(const struct sim_host_kind *kind, unsigned packets)
{
	const double *c = linux_ns;

	if (kind == &sim_host_mtcp) /* a turn for the request, one for the reply; to the application and back */
		return sum_of(mtcp_ns, MTCP_COST_COUNT) + mtcp_ns[MTCP_COST_TURN] + mtcp_ns[MTCP_COST_SWITCH] +
		       packets * (mtcp_ns[MTCP_COST_RECEIVE] + mtcp_ns[MTCP_COST_TRANSMIT]);
	return c[LINUX_COST_INTERRUPT] + c[LINUX_COST_POLL] + c[LINUX_COST_RECEIVE] + c[LINUX_COST_WAKEUP] +
	       c[LINUX_COST_SWITCH] + c[LINUX_COST_EPOLL_WAIT] + c[LINUX_COST_READ] + c[LINUX_COST_WRITE] +
	       c[LINUX_COST_TRANSMIT] + packets * (c[LINUX_COST_RECEIVE] + c[LINUX_COST_TRANSMIT]) +
	       (kind == &sim_host_linux_floating ? 2 * c[LINUX_COST_LOCK] : 0);
}

static uint64_t latency_of_one(struct host_run *run, unsigned packets)
{
	uint64_t latency_ns;

	host_run_start(run);
	host_run_send(run, 0, SERVICE_NS, packets);
	host_run_finish(run);
	assert_int_equal(run->replies, 1);
	latency_ns = run->last_latency_ns;
	host_run_stop(run);
	return latency_ns;
}

static void test_unloaded_latency_is_the_sum_of_the_constants(void **state)
{
	for (size_t i = 0; i < KINDS; i++)
		for (unsigned packets = 0; packets < 3; packets++) {
			struct host_run run = run_of(kinds[i], 1);
			double other_ns = 2 * WIRE_NS + DETECT_NS;

			assert_int_equal(latency_of_one(&run, packets),
					 other_ns + SERVICE_NS + unloaded_ns(kinds[i], packets));
			/* At half the frequency, processor work takes twice as long; spinning takes as long. */
			run = run_of(kinds[i], 1);
			run.costs.frequency_ghz = 0.5;
			assert_int_equal(latency_of_one(&run, packets),
					 other_ns + SERVICE_NS + 2 * unloaded_ns(kinds[i], packets));
			run = run_of(kinds[i], 1);
			run.costs.frequency_ghz = 0.5;
			run.service_is_compute = 1;
			assert_int_equal(latency_of_one(&run, packets),
					 other_ns + 2 * (SERVICE_NS + unloaded_ns(kinds[i], packets)));
		}
}

/* Segments of one message go through the stack of Linux together, 64 KiB of them at most; the packets of a connection's
 * opening do not. Bytes are copied. mTCP knows nothing of this. */
static void test_long_messages_are_merged_under_linux(void **state)
{
	static const struct {
		uint32_t segments, in_stack;
	} cases[] = {{1, 1}, {2, 1}, {44, 1}, {45, 2}, {88, 2}, {89, 3}};
	static const unsigned of_opening = 3;

	for (size_t i = 0; i < KINDS; i++)
		for (size_t j = 0; j < sizeof(cases) / sizeof(cases[0]); j++) {
			struct host_run run = run_of(kinds[i], 1);
			uint32_t bytes = cases[j].segments * 1460, merged = cases[j].segments - cases[j].in_stack;
			unsigned more = cases[j].segments - 1 + of_opening;
			double expected_ns = 2 * WIRE_NS + DETECT_NS + SERVICE_NS;

			run.request_bytes = bytes - 1459;
			run.reply_bytes = bytes;
			if (kinds[i] == &sim_host_mtcp) {
				expected_ns += unloaded_ns(kinds[i], more);
			} else {
				run.costs.ns[LINUX_COST_MERGE] = MERGE_NS;
				run.costs.ns[LINUX_COST_COPY_READ] = COPY_READ_NS;
				run.costs.ns[LINUX_COST_COPY_WRITE] = COPY_WRITE_NS;
				expected_ns += unloaded_ns(kinds[i], more - merged) + merged * MERGE_NS +
					       floor(COPY_READ_NS * run.request_bytes / 1024.0) +
					       floor(COPY_WRITE_NS * run.reply_bytes / 1024.0);
			}
			assert_int_equal(latency_of_one(&run, more), expected_ns);
		}
}

/* The thread that fell asleep last is woken, here never the one whose queue the packet came to. */
static void test_waking_another_thread_takes_an_interrupt(void **state)
{
	struct host_run run = run_of(&sim_host_linux_floating, 2);
	double local_ns = 2 * WIRE_NS + DETECT_NS + SERVICE_NS + unloaded_ns(&sim_host_linux_floating, 0);

	host_run_start(&run);
	for (unsigned thread = 0; thread < 2; thread++) { /* at first the first is woken first */
		struct sim_host_totals totals;

		host_run_send(&run, host_run_connection(&run, thread), SERVICE_NS, 0);
		host_run_finish(&run);
		run.kind->totals(run.host, &totals);
		assert_int_equal(totals.steals, thread);
		assert_int_equal(run.last_latency_ns, local_ns + (thread ? linux_ns[LINUX_COST_IPI] : 0));
	}
	host_run_stop(&run);
}

static void test_stages_of_a_request(void **state)
{
	struct host_run run = run_of(&sim_host_linux_partitioned, 1);
	const double *c = linux_ns;
	double at_ns = WIRE_NS;
	double steps_ns[SIM_STAGE_COUNT] = {
	    0,
	    DETECT_NS,
	    c[LINUX_COST_INTERRUPT] + c[LINUX_COST_POLL] + c[LINUX_COST_RECEIVE],
	    c[LINUX_COST_WAKEUP] + c[LINUX_COST_SWITCH] + c[LINUX_COST_EPOLL_WAIT] + c[LINUX_COST_READ],
	    SERVICE_NS,
	    c[LINUX_COST_WRITE],
	    c[LINUX_COST_TRANSMIT],
	};

	host_run_start(&run);
	host_run_send(&run, 0, SERVICE_NS, 0);
	host_run_finish(&run);
	for (unsigned stage = 0; stage < SIM_STAGE_COUNT; stage++) {
		at_ns += steps_ns[stage];
		assert_int_equal(run.last.at_ns[stage], at_ns);
	}
	host_run_stop(&run);
	run = run_of(&sim_host_mtcp, 1);
	host_run_start(&run);
	host_run_send(&run, 0, SERVICE_NS, 0);
	host_run_finish(&run);
	assert_int_equal(run.last.at_ns[SIM_STAGE_PROCESSED], WIRE_NS + DETECT_NS + 501 + 702);
	assert_int_equal(run.last.at_ns[SIM_STAGE_BEGUN] - run.last.at_ns[SIM_STAGE_PROCESSED], 1504 + 208);
	assert_int_equal(run.last.at_ns[SIM_STAGE_SERVED] - run.last.at_ns[SIM_STAGE_BEGUN], SERVICE_NS);
	assert_int_equal(run.last.at_ns[SIM_STAGE_CALLED] - run.last.at_ns[SIM_STAGE_SERVED], 316);
	assert_int_equal(run.last.at_ns[SIM_STAGE_LEFT] - run.last.at_ns[SIM_STAGE_CALLED], 1504 + 501 + 432);
	host_run_stop(&run);
}

/* Packets that come while a request is executed prolong it; they are executed after it, without waking or interrupt. */
static void test_interrupts_prolong_what_they_interrupt(void **state)
{
	struct host_run run = run_of(&sim_host_linux_partitioned, 1);
	const double *c = linux_ns;
	double alone_ns = 2 * WIRE_NS + DETECT_NS + SERVICE_NS + unloaded_ns(run.kind, 0);
	double loop_ns =
	    c[LINUX_COST_EPOLL_WAIT] + c[LINUX_COST_READ] + SERVICE_NS + c[LINUX_COST_WRITE] + c[LINUX_COST_TRANSMIT];
	/* Two packets at once are one interrupt and one round. */
	double interrupt_ns = c[LINUX_COST_INTERRUPT] + c[LINUX_COST_POLL] + 2 * c[LINUX_COST_RECEIVE];
	struct sim_host_totals totals;

	host_run_start(&run);
	host_run_send(&run, 0, SERVICE_NS, 0);
	host_run_until(&run, (uint64_t)alone_ns - 2 * WIRE_NS - 3000); /* so they come before the service has ended */
	host_run_send(&run, 1, SERVICE_NS, 0);
	host_run_send(&run, 2, SERVICE_NS, 0);
	run.wanted = 1;
	assert_int_equal(sim_run(&run.engine, UINT64_MAX), 1);
	assert_int_equal(run.last_latency_ns, alone_ns + interrupt_ns);
	assert_int_equal(run.last.at_ns[SIM_STAGE_SERVED] - run.last.at_ns[SIM_STAGE_BEGUN], SERVICE_NS + interrupt_ns);
	host_run_finish(&run);
	assert_int_equal(run.engine.now_ns, alone_ns + interrupt_ns + 2 * loop_ns);
	run.kind->totals(run.host, &totals);
	assert_int_equal(totals.interrupts, 1);
	assert_int_equal(totals.cycles, 2);
	assert_int_equal(totals.processed, 3);
	host_run_stop(&run);
}

/* Two requests, one to each of two threads, at once: both are busy for the same time. */
static void test_siblings_slow_each_other(void **state)
{
	for (size_t i = 0; i < KINDS; i++)
		for (int compute = 0; compute < 2; compute++) {
			struct host_run run = run_of(kinds[i], 2);
			double slowdown = 2 / 1.3, work_ns = unloaded_ns(kinds[i], 0), wall_ns;

			if (kinds[i] == &sim_host_linux_floating) /* who wakes whom is another matter */
				continue;
			run.costs.hyperthread_speedup = 1.3;
			run.threads_per_core = 2;
			run.service_is_compute = compute;
			host_run_start(&run);
			host_run_send(&run, host_run_connection(&run, 0), SERVICE_NS, 0);
			host_run_send(&run, host_run_connection(&run, 1), SERVICE_NS, 0);
			host_run_finish(&run);
			wall_ns = compute ? (SERVICE_NS + work_ns) * slowdown : SERVICE_NS + work_ns * slowdown;
			/* Each part is rounded to whole nanoseconds. */
			assert_float_equal((double)run.last_latency_ns, 2 * WIRE_NS + DETECT_NS + wall_ns, 10);
			host_run_stop(&run);
		}
}

static void test_conservation_and_littles_law(void **state)
{
	static const double loads[] = {0.2, 0.5, 1.5};
	struct dist service;
	char error[128];

	assert_int_equal(dist_parse(&service, "bimodal1", error, sizeof(error)), 0);
	for (size_t i = 0; i < KINDS; i++)
		for (size_t l = 0; l < sizeof(loads) / sizeof(loads[0]); l++)
			for (unsigned per_core = 1; per_core <= 2; per_core++) {
				struct host_run run = run_of(kinds[i], 4);
				struct sim_host_totals t, sum = {0};

				run.threads_per_core = per_core;
				run.costs.hyperthread_speedup = 1.3;
				host_run_start(&run);
				host_run_load(&run, &service, loads[l], SERVICE_NS, 30000);
				run.kind->totals(run.host, &t);
				assert_int_equal(t.kernel_ns + t.user_ns + t.idle_ns, 4 * run.engine.now_ns);
				/* Of what is under way there is at most one request at each thread. */
				assert_true(t.user_ns >= run.work_ns);
				if (kinds[i] != &sim_host_mtcp)
					assert_true(t.user_ns <= run.work_ns + 4 * 6 * SERVICE_NS);
				for (unsigned thread = 0; thread < 4; thread++) {
					struct sim_host_totals one;

					run.kind->thread_totals(run.host, thread, &one);
					assert_int_equal(one.kernel_ns + one.user_ns + one.idle_ns, run.engine.now_ns);
					sum.processed += one.processed;
				}
				assert_int_equal(sum.processed, t.processed);
				host_run_finish(&run);
				run.kind->totals(run.host, &t);
				assert_int_equal(run.arrivals, run.replies + run.dropped);
				assert_int_equal(run.out_of_order, 0);
				assert_int_equal(run.in_system_integral_ns >= run.latency_sum_ns, 1);
				if (!run.dropped)
					assert_int_equal(run.in_system_integral_ns, run.latency_sum_ns);
				assert_int_equal(t.user_ns, run.work_ns);
				host_run_stop(&run);
			}
	dist_destroy(&service);
}

/* In a large cache few misses, in a small one many; their time is that of memory, at any frequency. */
static void test_cache_misses_slow_the_stack(void **state)
{
	for (size_t i = 0; i < KINDS; i++) {
		struct host_run run = run_of(kinds[i], 1), few, many;
		unsigned miss = kinds[i] == &sim_host_mtcp ? MTCP_COST_MISS : LINUX_COST_MISS;
		double other_ns = 2 * WIRE_NS + DETECT_NS + SERVICE_NS + 2 * unloaded_ns(kinds[i], 0);

		run.costs.frequency_ghz = 0.5;
		run.costs.ns[miss] = 30;
		run.costs.misses_few = 2;
		run.costs.misses_many = 12;
		run.costs.connection_bytes = 1000;
		run.costs.llc_bytes = 64000;
		few = many = run;
		many.costs.llc_bytes = 32000;
		assert_int_equal(latency_of_one(&few, 0), other_ns + 2 * 30);
		assert_int_equal(latency_of_one(&many, 0), other_ns + 7 * 30);
	}
}

static double throughput_rps(struct host_run *run, double load, double mean_ns, uint64_t replies,
			     struct sim_host_totals *totals)
{
	struct dist service;
	uint64_t start_ns, start;
	double rate_rps;
	char error[128];

	assert_int_equal(dist_parse(&service, "det", error, sizeof(error)), 0);
	host_run_start(run);
	host_run_load(run, &service, load, mean_ns, replies / 10);
	start_ns = run->engine.now_ns;
	start = run->replies;
	host_run_load(run, &service, load, mean_ns, replies);
	rate_rps = (double)(run->replies - start) * 1e9 / (double)(run->engine.now_ns - start_ns);
	run->kind->totals(run->host, totals);
	assert_int_equal(run->out_of_order, 0);
	host_run_stop(run);
	dist_destroy(&service);
	return rate_rps;
}

/*
 * Three times a request the lock is held by somebody: so many at most can be answered. When more come, offering those
 * that wait takes its share too.
 */
static void test_the_lock_bounds_linux_floating(void **state)
{
	const double hold_ns = 500, mean_ns = 6000, offered_rps = 1.05e9 / (3 * hold_ns);
	double load = offered_rps * mean_ns / 1e9 / 16, rate_rps;

	for (int held = 0; held < 2; held++) {
		struct host_run run = run_of(&sim_host_linux_floating, 16);
		struct sim_host_totals totals;

		run.connections = 100000; /* so that few wait for one another */
		memset(run.costs.ns, 0, sizeof(run.costs.ns));
		run.costs.ns[LINUX_COST_LOCK] = held ? hold_ns : 0;
		rate_rps = throughput_rps(&run, load, mean_ns, 50000, &totals);
		if (!held)
			assert_float_equal(rate_rps, offered_rps, 0.02 * offered_rps);
	}
	assert_true(rate_rps <= 1.005e9 / (3 * hold_ns));
	assert_true(rate_rps >= 0.995 * (1e9 - offered_rps * hold_ns) / (2 * hold_ns));
}

/* Saturated by packets, the kernel's thread leaves the application half of the time, so that requests are answered. */
static void test_overload_leaves_the_application_its_share(void **state)
{
	const struct sim_host_kind *linux_kinds[] = {&sim_host_linux_partitioned, &sim_host_linux_floating};

	for (size_t i = 0; i < 2; i++) {
		struct host_run run = run_of(linux_kinds[i], 2);
		struct sim_host_totals t;
		double rate_rps, request_ns = SERVICE_NS + linux_ns[LINUX_COST_EPOLL_WAIT] + linux_ns[LINUX_COST_READ] +
					      linux_ns[LINUX_COST_WRITE] + linux_ns[LINUX_COST_TRANSMIT];

		if (linux_kinds[i] == &sim_host_linux_floating)
			request_ns += linux_ns[LINUX_COST_REARM] + 2 * linux_ns[LINUX_COST_LOCK];
		rate_rps = throughput_rps(&run, 10, SERVICE_NS, 20000, &t); /* a packet in 1 us; receiving takes 2 */
		assert_int_equal(t.idle_ns < t.user_ns / 100, 1);
		assert_true(run.dropped > run.arrivals / 2);
		/* Floating also waits for the lock. */
		assert_float_equal(rate_rps, 2 * 0.5e9 / request_ns, (i ? 0.04 : 0.02) * 2 * 0.5e9 / request_ns);
	}
}

/* mTCP: the more requests a turn takes, the less each costs, up to what two switches and turns cost a single one. */
static void test_mtcp_amortizes_its_switches(void **state)
{
	struct host_run run = run_of(&sim_host_mtcp, 1);
	struct sim_host_totals t;
	double each_ns = 702 + 208 + 316 + 432 + 1000, rate_rps;

	rate_rps = throughput_rps(&run, 2, 1000, 100000, &t);
	/* The ring is full whenever it is polled, but for descriptors not returned. */
	assert_true((double)t.processed / (double)t.cycles > 400);
	assert_float_equal(rate_rps, 1e9 / each_ns, 0.02 * 1e9 / each_ns);
	run = run_of(&sim_host_mtcp, 1);
	throughput_rps(&run, 0.01, 1000, 1000, &t);
	assert_true((double)t.processed / (double)t.cycles < 1.1);
}

/* All that can be seen of a run. */
static uint64_t fingerprint;

static void add_to_fingerprint(void *context, const struct sim_trace_record *r)
{
	const uint64_t values[] = {r->time_ns, r->who, r->core, r->what};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		fingerprint = (fingerprint ^ values[i]) * UINT64_C(0x100000001b3);
}

static uint64_t fingerprint_of(const struct sim_host_kind *kind, uint64_t seed)
{
	struct host_run run = run_of(kind, 4);
	struct sim_trace trace;
	struct dist service;
	char error[128];

	fingerprint = 0;
	run.seed = seed;
	run.threads_per_core = 2;
	run.costs.hyperthread_speedup = 1.3;
	assert_int_equal(dist_parse(&service, "exp", error, sizeof(error)), 0);
	host_run_start(&run);
	sim_trace_init(&trace, add_to_fingerprint, NULL);
	run.host->trace = &trace;
	host_run_load(&run, &service, 0.4, SERVICE_NS, 5000);
	sim_trace_fini(&trace);
	host_run_stop(&run);
	dist_destroy(&service);
	return fingerprint;
}

static void test_same_seed_same_trace(void **state)
{
	for (size_t i = 0; i < KINDS; i++) {
		assert_int_equal(fingerprint_of(kinds[i], 1), fingerprint_of(kinds[i], 1));
		assert_int_not_equal(fingerprint_of(kinds[i], 1), fingerprint_of(kinds[i], 2));
	}
}

static void test_kinds_are_found_by_name(void **state)
{
	for (size_t i = 0; i < KINDS; i++)
		assert_ptr_equal(sim_host_kind_find(kinds[i]->name), kinds[i]);
	assert_null(sim_host_kind_find("linux"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_unloaded_latency_is_the_sum_of_the_constants),
	    cmocka_unit_test(test_long_messages_are_merged_under_linux),
	    cmocka_unit_test(test_waking_another_thread_takes_an_interrupt),
	    cmocka_unit_test(test_stages_of_a_request),
	    cmocka_unit_test(test_interrupts_prolong_what_they_interrupt),
	    cmocka_unit_test(test_siblings_slow_each_other),
	    cmocka_unit_test(test_conservation_and_littles_law),
	    cmocka_unit_test(test_cache_misses_slow_the_stack),
	    cmocka_unit_test(test_the_lock_bounds_linux_floating),
	    cmocka_unit_test(test_overload_leaves_the_application_its_share),
	    cmocka_unit_test(test_mtcp_amortizes_its_switches),
	    cmocka_unit_test(test_same_seed_same_trace),
	    cmocka_unit_test(test_kinds_are_found_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

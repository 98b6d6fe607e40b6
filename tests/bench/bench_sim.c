/*
 * The simulator's speed. The event engine in the hold model (an event fires and schedules the next one, so many
 * pending) against a bare binary heap of (time, sequence) keys that does nothing else; and the system level in
 * nanoseconds of processor time per simulated request, beside its floor: the engine's time for as many events. Goals
 * on an idle machine, 16 cores: at load 0.7 and without costs, 3 M requests/s for ix with B = 64 and 1.5 M for zygos;
 * at load 0.7, 2 M for linux-floating; with costs at load 0.5, 1.2 M for zygos. Each figure is the least of several
 * runs: what disturbs a run makes it slower.
 */
#include "models/dist.h"
#include "sim/host_linux.h"
#include "sim/host_mtcp.h"
#include "sim/system.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define RUNS     7
#define EVENTS   2000000u
#define PENDING  100000u /* at most */
#define GAPS     65536u
#define REQUESTS 500000u
#define GAP_NS   10000.0

#define PENDING_OF_SYSTEM 30

static uint32_t gap_ns[GAPS];
static unsigned next_gap;

static double cpu_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static uint32_t gap(void)
{
	return gap_ns[next_gap++ % GAPS];
}

static struct sim_engine engine;
static struct sim_event events[PENDING];
static uint32_t left;

static void on_event(struct sim_event *event)
{
	if (!--left)
		sim_engine_stop(&engine);
	sim_schedule(&engine, event, engine.now_ns + gap());
}

static double hold_engine_ns(unsigned pending)
{
	double start_s;

	if (sim_engine_init(&engine, pending))
		exit(1);
	for (unsigned i = 0; i < pending; i++) {
		events[i] = (struct sim_event){.fire = on_event};
		sim_schedule(&engine, &events[i], gap());
	}
	left = EVENTS;
	start_s = cpu_s();
	sim_run(&engine, UINT64_MAX);
	start_s = cpu_s() - start_s;
	sim_engine_fini(&engine);
	return start_s * 1e9 / EVENTS;
}

__extension__ typedef unsigned __int128 heap_key; /* time << 64 | sequence */

static heap_key heap[PENDING + 2];
static unsigned heap_size;

static void heap_push(heap_key key)
{
	unsigned i = ++heap_size;

	for (; i > 1 && key < heap[i / 2]; i /= 2)
		heap[i] = heap[i / 2];
	heap[i] = key;
}

static heap_key heap_pop(void)
{
	heap_key least = heap[1], key = heap[heap_size--];
	unsigned i = 1, child;

	for (; (child = 2 * i) <= heap_size; i = child) {
		child += child < heap_size && heap[child + 1] < heap[child];
		if (key <= heap[child])
			break;
		heap[i] = heap[child];
	}
	heap[i] = key;
	return least;
}

static double hold_heap_ns(unsigned pending)
{
	uint64_t sequence = 0;
	double start_s;

	heap_size = 0;
	while (heap_size < pending)
		heap_push((heap_key)gap() << 64 | sequence++);
	start_s = cpu_s();
	for (unsigned i = 0; i < EVENTS; i++) {
		uint64_t now_ns = (uint64_t)(heap_pop() >> 64);

		heap_push((heap_key)(now_ns + gap()) << 64 | sequence++);
	}
	return (cpu_s() - start_s) * 1e9 / EVENTS;
}

static double engine_floor_ns; /* of an event, with as many pending as the system level has */

static void bench_engine(unsigned pending)
{
	double engine_ns = INFINITY, heap_ns = INFINITY;

	for (unsigned run = 0; run < RUNS; run++) {
		engine_ns = fmin(engine_ns, hold_engine_ns(pending));
		heap_ns = fmin(heap_ns, hold_heap_ns(pending));
	}
	if (pending == PENDING_OF_SYSTEM)
		engine_floor_ns = engine_ns;
	printf(
	    "engine: hold, %6u pending: %5.1f ns/event, %5.1f M events/s; binary heap of keys %5.1f ns: ratio %.2f\n",
	    pending, engine_ns, 1e3 / engine_ns, heap_ns, engine_ns / heap_ns);
}

static const struct sim_costs costs_of_ix = {.ns = {[SIM_COST_CYCLE] = 500,
						    [SIM_COST_POLL] = 20,
						    [SIM_COST_RECEIVE] = 430,
						    [SIM_COST_EVENT] = 60,
						    [SIM_COST_CALL] = 60,
						    [SIM_COST_TIMER] = 100,
						    [SIM_COST_TRANSMIT] = 350,
						    [SIM_COST_CONTROL] = 500,
						    [SIM_COST_DOORBELL] = 150,
						    [SIM_COST_STEAL] = 290,
						    [SIM_COST_REMOTE] = 60,
						    [SIM_COST_INTERRUPT] = 600,
						    [SIM_COST_INTERRUPT_LATENCY] = 700,
						    [SIM_COST_INTERRUPT_SPACING] = 4000},
					     .nominal_ghz = 2.4,
					     .frequency_ghz = 2.4,
					     .detect_ns = 100,
					     .wire_delay_ns = 4000,
					     .wire_bandwidth_gbps = 40,
					     .rx_descriptors = 512,
					     .hyperthread_speedup = 1.3};

/* As little as leaves 0.7 of load below what threads can do. */
static const struct sim_costs costs_of_linux = {.ns = {200, 50, 400, 180, 400, 240, 120, 180, 320, 280, 40, 140},
						.nominal_ghz = 2.4,
						.frequency_ghz = 2.4,
						.hyperthread_speedup = 2,
						.detect_ns = 100,
						.wire_delay_ns = 4000,
						.wire_bandwidth_gbps = 40,
						.rx_descriptors = 512};

/* Turn, receive, switch, event, write, transmit. */
static const struct sim_costs costs_of_mtcp = {.ns = {500, 1126, 1500, 150, 200, 450},
					       .nominal_ghz = 2.4,
					       .frequency_ghz = 2.4,
					       .hyperthread_speedup = 1.3,
					       .detect_ns = 100,
					       .wire_delay_ns = 4000,
					       .wire_bandwidth_gbps = 40,
					       .rx_descriptors = 512};

struct run {
	const struct sim_host_kind *kind;
	const char *costs_name;
	const struct sim_costs *costs;
	unsigned cores, batch;
	double load;
};

static const struct run runs[] = {
    {&sim_host_ix, "zero", &sim_costs_zero, 16, 64, 0.7},
    {&sim_host_ix, "zero", &sim_costs_zero, 16, 1, 0.7},
    {&sim_host_ix, "ix", &costs_of_ix, 16, 64, 0.5},
    {&sim_host_ix, "ix", &costs_of_ix, 1, 64, 0.5},
    {&sim_host_zygos, "zero", &sim_costs_zero, 16, 64, 0.7},
    {&sim_host_zygos, "ix", &costs_of_ix, 16, 64, 0.5},
    {&sim_host_zygos_cooperative, "zero", &sim_costs_zero, 16, 64, 0.7},
    {&sim_host_zygos_cooperative, "ix", &costs_of_ix, 16, 64, 0.5},
    {&sim_host_linux_partitioned, "zero", &sim_costs_zero, 16, 64, 0.7},
    {&sim_host_linux_partitioned, "some", &costs_of_linux, 16, 64, 0.7},
    {&sim_host_linux_floating, "zero", &sim_costs_zero, 16, 64, 0.7},
    {&sim_host_linux_floating, "some", &costs_of_linux, 16, 64, 0.7},
    {&sim_host_mtcp, "zero", &sim_costs_zero, 16, 64, 0.7},
    {&sim_host_mtcp, "mtcp", &costs_of_mtcp, 16, 64, 0.5},
};

static void bench_system(const struct run *r)
{
	double request_ns = INFINITY, per_request;
	char error[128];
	struct dist service;
	struct sim_system_options options = {.cores = r->cores,
					     .batch_bound = r->batch,
					     .connections = 2752,
					     .service = &service,
					     .mean_ns = 10000,
					     .rate_rps = r->load * r->cores * 1e5,
					     .kind = r->kind,
					     .threads_per_core = 1,
					     .request_bytes = 64,
					     .reply_bytes = 64,
					     .wire_links = 1,
					     .costs = *r->costs,
					     .seed = 1};
	struct sim_system_totals totals = {0};
	struct sim_system *system;

	dist_parse(&service, "exp", error, sizeof(error));
	system = sim_system_create(&options, error, sizeof(error));
	for (unsigned run = 0; system && run < RUNS; run++) {
		double start_s = cpu_s();

		sim_system_run(system, REQUESTS, NULL, NULL);
		request_ns = fmin(request_ns, (cpu_s() - start_s) * 1e9 / REQUESTS);
		sim_system_totals(system, &totals);
	}
	per_request = (double)totals.events / (double)totals.replies;
	printf("system: %-17s %2u cores, load %.1f, B = %2u, costs %-4s: %5.0f ns/request, %.2f M requests/s, %5.2f "
	       "events/request, %.1f x their floor\n",
	       r->kind->name, r->cores, r->load, r->batch, r->costs_name, request_ns, 1e3 / request_ns, per_request,
	       request_ns / (per_request * engine_floor_ns));
	sim_system_destroy(system);
}

int main(void)
{
	struct rng rng;

	rng_init(&rng, 1, RNG_ARRIVAL, 0);
	for (unsigned i = 0; i < GAPS; i++)
		gap_ns[i] = (uint32_t)(rng_exponential(&rng) * GAP_NS);
	bench_engine(PENDING_OF_SYSTEM);
	bench_engine(1000);
	bench_engine(100000);
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		bench_system(&runs[i]);
	return 0;
}

/* One run of the simulated machine: warm-up, stopping, and what is measured. */
#include "harness/point_system.h"
#include "harness/stopping.h"
#include "models/queueing.h"
#include "sim/segment.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WARMUP_SHARE_MAX UINT64_C(10000000)
#define GROWTH_MAX       0.02  /* share of requests that stayed in the system, from which it is held to be unstable */
#define GROWTH_LEAST     64.0  /* of each core: fewer come and go in a stable system, too */
#define WATCH_REQUESTS   65536 /* between two calls of the watch */

const char *const system_quantile_name[ESTIMATE_QUANTILES] = {"p50_us", "p90_us", "p95_us", "p99_us", "p999_us"};

/* Packets of a message each way, with acknowledgements and its share of its connection's opening and closing. */
static double packets_of(const struct sim_system_options *o, uint32_t bytes, double of_connection)
{
	return sim_segments(bytes) + o->acks +
	       (o->messages_per_connection ? of_connection / o->messages_per_connection : 0);
}

/* The load of each core with what the host adds at least, as fast as it runs with all threads busy. */
static double full_load(const struct system_point *point, double rate_rps)
{
	const struct sim_system_options *o = &point->options;
	double slower = o->costs.nominal_ghz / o->costs.frequency_ghz;
	double least_ns = o->kind->least_ns ? o->kind->least_ns(&o->costs, packets_of(o, o->request_bytes, 4),
								packets_of(o, o->reply_bytes, 1))
					    : 0;

	if (o->threads_per_core == 2)
		slower *= 2 / o->costs.hyperthread_speedup;
	return rate_rps * (o->mean_ns * (o->service_is_compute ? slower : 1) + least_ns * slower) / 1e9 / o->cores;
}

/* Known from the load where the kind of host can say what it adds; otherwise the queues were seen to grow. */
static bool is_unstable(const struct system_point *point, double rate_rps, const struct sim_system_totals *t)
{
	double unanswered = (double)t->arrivals - (double)t->replies - (double)t->dropped;

	if (point->options.closed)
		return false;
	return full_load(point, rate_rps) >= 1 ||
	       unanswered > fmax(GROWTH_MAX * (double)t->arrivals, GROWTH_LEAST * point->options.cores);
}

uint64_t system_point_warmup(const struct system_point *point, double rate_rps, bool *limited)
{
	struct queue_params queue = {.discipline = QUEUE_PARTITIONED_FCFS,
				     .servers = point->options.cores,
				     .load = full_load(point, rate_rps),
				     .service = &point->service};
	double rule = queue.load < 1 && point->options.kind->least_ns && !point->options.closed
			  ? queue_warmup_requests(&queue)
			  : 0;
	uint64_t half = point->requests / 2;

	*limited = false;
	if (!point->warmup_auto)
		return point->warmup;
	if (!(rule > 0))
		return point->requests / 10 < WARMUP_SHARE_MAX ? point->requests / 10 : WARMUP_SHARE_MAX;
	*limited = rule > (double)half;
	return *limited ? half : (uint64_t)ceil(rule);
}

static int take(void *context, const double *latency_us, size_t n)
{
	return estimator_add(context, latency_us, n);
}

static int fail(struct point_error *error, const char *text)
{
	snprintf(error->text, sizeof(error->text), "%s", text);
	return 1;
}

/* Runs until enough, from the end of the warm-up on. */
static int simulate(struct sim_system *system, struct estimator *estimator, const struct system_point *point,
		    double watch_from, double watch_to, struct system_outcome *outcome, struct point_error *error)
{
	struct stopping stopping;
	uint64_t done = outcome->warmup;

	stopping_start(&stopping, point->ci, outcome->warmup);
	while (done < point->requests && !stopping.reached) {
		uint64_t left = point->requests - done, n = left < WATCH_REQUESTS ? left : WATCH_REQUESTS;
		double share = (double)done / (double)point->requests;
		struct sim_system_totals totals;

		if (stopping.share_done > share)
			share = stopping.share_done;
		if (point_watch(watch_from + (watch_to - watch_from) * share))
			return fail(error, "interrupted");
		if (sim_system_run(system, n, take, estimator))
			return fail(error, "out of memory");
		sim_system_totals(system, &totals);
		done = totals.replies;
		if (done >= stopping.next_check)
			stopping_check(&stopping, estimator);
	}
	outcome->requests = done;
	outcome->capped = point->ci > 0 && !stopping.reached;
	return 0;
}

/* Runs the warm-up, whose latencies the estimator discards. */
static int warm_up(struct sim_system *system, struct estimator *estimator, const struct system_outcome *outcome,
		   struct sim_system_totals *at_warm, struct point_error *error)
{
	if (sim_system_run(system, outcome->warmup, take, estimator))
		return fail(error, "out of memory");
	sim_system_totals(system, at_warm);
	return 0;
}

/* What happened after @from. */
static void subtract(struct sim_system_totals *totals, const struct sim_system_totals *from)
{
	totals->now_ns -= from->now_ns;
	totals->arrivals -= from->arrivals;
	totals->replies -= from->replies;
	totals->dropped -= from->dropped;
	totals->resent -= from->resent;
	totals->in_system_integral_ns -= from->in_system_integral_ns;
	totals->latency_sum_ns -= from->latency_sum_ns;
	totals->work_offered_ns -= from->work_offered_ns;
	totals->work_replied_ns -= from->work_replied_ns;
	totals->work_dropped_ns -= from->work_dropped_ns;
	totals->host.kernel_ns -= from->host.kernel_ns;
	totals->host.user_ns -= from->host.user_ns;
	totals->host.idle_ns -= from->host.idle_ns;
	totals->host.cycles -= from->host.cycles;
	totals->host.processed -= from->host.processed;
	totals->host.backlog_sum -= from->host.backlog_sum;
	totals->host.timers -= from->host.timers;
	totals->host.steals -= from->host.steals;
	totals->host.interrupts -= from->host.interrupts;
	totals->host.doorbells -= from->host.doorbells;
	totals->to_server_busy_ns -= from->to_server_busy_ns;
	totals->to_clients_busy_ns -= from->to_clients_busy_ns;
	totals->events -= from->events;
}

static int take_histogram(const struct estimator *estimator, struct system_outcome *outcome, struct point_error *error)
{
	struct histogram *merged = histogram_create();

	if (merged) {
		estimator_histogram(estimator, merged);
		outcome->histogram = histogram_encode(merged, &outcome->histogram_size);
		histogram_destroy(merged);
	}
	return outcome->histogram ? 0 : fail(error, "out of memory");
}

static void take_outcome(const struct sim_system *system, const struct estimator *estimator,
			 const struct system_point *point, const struct sim_system_totals *at_warm,
			 struct system_outcome *outcome)
{
	estimator_result(estimator, &outcome->estimate);
	sim_system_totals(system, &outcome->totals);
	subtract(&outcome->totals, at_warm);
	for (unsigned n = 1; n <= point->options.batch_bound; n++)
		outcome->batch[n] = sim_system_batches(system, n);
}

int system_point_simulate(const struct system_point *point, double rate_rps, bool keep_histogram,
			  struct sim_trace *trace, double watch_from, double watch_to, struct system_outcome *outcome,
			  struct point_error *error)
{
	struct sim_system_options options = point->options;
	struct estimator *estimator;
	struct sim_system_totals at_warm;
	struct sim_system *system;
	int status = 1;

	memset(outcome, 0, sizeof(*outcome));
	error->key[0] = '\0';
	options.rate_rps = rate_rps;
	outcome->warmup = system_point_warmup(point, rate_rps, &outcome->warmup_limited);
	estimator = estimator_create(outcome->warmup, point->confidence);
	system = sim_system_create(&options, error->text, sizeof(error->text));
	if (!estimator)
		fail(error, "out of memory");
	if (system && estimator) {
		sim_system_trace(system, trace);
		status = warm_up(system, estimator, outcome, &at_warm, error);
	}
	if (!status)
		status = simulate(system, estimator, point, watch_from, watch_to, outcome, error);
	if (!status) {
		take_outcome(system, estimator, point, &at_warm, outcome);
		if (keep_histogram)
			status = take_histogram(estimator, outcome, error);
	}
	estimator_destroy(estimator);
	sim_system_destroy(system);
	return status;
}

/* Share of @part in @whole; NAN of nothing. */
static double share(double part, double whole)
{
	return whole > 0 ? part / whole : NAN;
}

static void batch_metrics(const struct system_outcome *outcome, struct point_result *result)
{
	const struct sim_host_totals *host = &outcome->totals.host;
	unsigned largest = 0;

	for (unsigned n = 1; n <= IX_BATCH_MAX; n++)
		if (outcome->batch[n])
			largest = n;
	point_add(result, "mean_batch", share((double)host->processed, (double)host->cycles));
	point_add(result, "largest_batch", largest);
	point_add(result, "backlog", share((double)host->backlog_sum, (double)host->cycles));
}

void system_point_metrics(const struct system_point *point, double rate_rps, const struct system_outcome *outcome,
			  struct point_result *result)
{
	const struct estimate *estimate = &outcome->estimate;
	const struct sim_system_totals *t = &outcome->totals;
	double core_ns = (double)t->now_ns * point->options.cores;

	for (int i = 0; i < ESTIMATE_QUANTILES; i++)
		point_add_interval(result, system_quantile_name[i], &estimate->quantile[i]);
	point_add_interval(result, "mean_us", &estimate->mean);
	point_add(result, "max_us", estimate->max);
	if (point->options.closed)
		rate_rps = (double)t->arrivals * 1e9 / (double)t->now_ns;
	point_add(result, "offered_rps", rate_rps);
	point_add(result, "offered_load", system_point_load(point, rate_rps));
	point_add(result, "throughput", (double)t->replies * 1e9 / (double)t->now_ns);
	batch_metrics(outcome, result);
	point_add(result, "utilization", 1 - (double)t->host.idle_ns / core_ns);
	point_add(result, "user_share", (double)t->host.user_ns / core_ns);
	point_add(result, "kernel_share", (double)t->host.kernel_ns / core_ns);
	point_add(result, "idle_share", (double)t->host.idle_ns / core_ns);
	point_add(result, "steals_per_request", share((double)t->host.steals, (double)t->replies));
	point_add(result, "interrupts_per_request", share((double)t->host.interrupts, (double)t->replies));
	point_add(result, "wire_share", fmax(t->to_server_busy_ns, t->to_clients_busy_ns) / (double)t->now_ns);
	system_point_derived(point, outcome, result);
	point_add(result, "in_system", t->in_system_integral_ns / (double)t->now_ns);
	point_add(result, "dropped", (double)t->dropped);
	point_add(result, "drop_share", share((double)t->dropped, (double)t->arrivals));
	point_add(result, "resent", (double)t->resent);
	point_add(result, "out_of_order", (double)t->out_of_order);
	point_add(result, "events_per_request", share((double)t->events, (double)t->replies));
	point_add(result, "simulated", (double)outcome->requests);
	point_add(result, "warmup_used", (double)outcome->warmup);
	point_add(result, "warmup_limited", outcome->warmup_limited);
	point_add(result, "batches", estimate->batches);
	point_add(result, "correlated", estimate->correlated);
	point_add(result, "capped", outcome->capped);
	point_add(result, "unstable", is_unstable(point, rate_rps, t));
}

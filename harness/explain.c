#include "harness/explain.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HALF_WIDTH_MAX 0.005 /* of the quantiles looked at */
#define STEP_REQUESTS  65536 /* between two calls of the watch */

const char *const explain_part_key[EXPLAIN_PARTS] = {"client_wait", "wire_to_server", "nic_queue",
						     "backlog",     "ready_wait",     "service",
						     "call_wait",   "transmit_wait",  "wire_to_client"};
const char *const explain_part_title[EXPLAIN_PARTS] = {"client wait",
						       "wire to server",
						       "NIC queue",
						       "backlog and protocol",
						       "batch or shuffle queue",
						       "service",
						       "end of batch or remote queue",
						       "transmit wait",
						       "wire to client"};

/* The second run, as it goes on. */
struct collection {
	struct explain *explain;
	struct sim_system *system;
	uint64_t start_ns, step_ns, next_ns; /* of the timeline */
	uint64_t last_ns;
	struct sim_host_totals *last; /* of each thread, at last_ns */
};

void explain_split(const struct sim_request *request, uint64_t now_ns, uint64_t part_ns[EXPLAIN_PARTS])
{
	const uint64_t moment_ns[EXPLAIN_PARTS + 1] = {
	    request->intended_ns,
	    request->sent_ns,
	    request->at_ns[SIM_STAGE_ARRIVED],
	    request->at_ns[SIM_STAGE_POLLED],
	    request->at_ns[SIM_STAGE_PROCESSED],
	    request->at_ns[SIM_STAGE_BEGUN],
	    request->at_ns[SIM_STAGE_SERVED],
	    request->at_ns[SIM_STAGE_CALLED],
	    request->at_ns[SIM_STAGE_LEFT],
	    now_ns,
	};

	for (int i = 0; i < EXPLAIN_PARTS; i++)
		part_ns[i] = moment_ns[i + 1] - moment_ns[i];
}

/* Ends the timeline's interval under way. */
static void sample(struct collection *c, uint64_t now_ns)
{
	struct explain *explain = c->explain;
	double length_ns = (double)(now_ns - c->last_ns);
	unsigned i = explain->intervals;

	if (i == EXPLAIN_INTERVALS || now_ns == c->last_ns)
		return;
	for (unsigned thread = 0; thread < explain->threads; thread++) {
		struct sim_host_totals t, *last = &c->last[thread];

		sim_system_thread_totals(c->system, thread, &t);
		explain->timeline[(size_t)thread * EXPLAIN_INTERVALS + i] = (struct explain_interval){
		    (double)(t.idle_ns - last->idle_ns) / length_ns,
		    (double)(t.steals - last->steals) * 1e9 / length_ns,
		    (double)(t.interrupts - last->interrupts) * 1e9 / length_ns,
		};
		*last = t;
	}
	c->last_ns = now_ns;
	explain->time_us[++explain->intervals] = (double)(now_ns - c->start_ns) / 1e3;
}

static void observe(void *context, const struct sim_request *request, uint64_t now_ns)
{
	struct collection *c = context;
	struct explain *explain = c->explain;
	uint64_t latency_ns = now_ns - request->intended_ns, part_ns[EXPLAIN_PARTS];
	double latency_us = (double)latency_ns / 1e3;

	if (now_ns >= c->next_ns) {
		sample(c, now_ns);
		while (c->next_ns <= now_ns)
			c->next_ns += c->step_ns;
	}
	if (latency_us < explain->from_us || latency_us > explain->to_us)
		return;
	explain_split(request, now_ns, part_ns);
	for (int i = 0; i < EXPLAIN_PARTS; i++)
		explain->part_ns[i] += part_ns[i];
	explain->latency_ns += latency_ns;
	explain->requests++;
}

static int fail(struct point_error *error, const char *text)
{
	snprintf(error->text, sizeof(error->text), "%s", text);
	return 1;
}

/* From the first run: the bounds. */
static int find_bounds(struct explain *explain, const struct system_outcome *outcome, struct point_error *error)
{
	struct histogram *histogram = histogram_create();
	double half = fmin(HALF_WIDTH_MAX, fmin(explain->quantile, 1 - explain->quantile) / 2);
	int status = !histogram || histogram_decode(histogram, outcome->histogram, outcome->histogram_size);

	if (!status) {
		explain->from_quantile = explain->quantile - half;
		explain->to_quantile = explain->quantile + half;
		explain->value_us = histogram_quantile(histogram, explain->quantile);
		explain->from_us = histogram_quantile(histogram, explain->from_quantile);
		explain->to_us = histogram_quantile(histogram, explain->to_quantile);
		explain->measured = histogram->count;
	}
	histogram_destroy(histogram);
	return status ? fail(error, "out of memory") : 0;
}

static int run_on(struct sim_system *system, uint64_t requests, double watch_from, double watch_to,
		  struct point_error *error)
{
	struct sim_system_totals totals;
	uint64_t first, done;

	sim_system_totals(system, &totals);
	for (first = done = totals.replies; done < requests; done = totals.replies) {
		uint64_t left = requests - done;

		if (point_watch(watch_from +
				(watch_to - watch_from) * (double)(done - first) / (double)(requests - first)))
			return fail(error, "interrupted");
		if (sim_system_run(system, left < STEP_REQUESTS ? left : STEP_REQUESTS, NULL, NULL))
			return fail(error, "out of memory");
		sim_system_totals(system, &totals);
	}
	return 0;
}

/* The second run. */
static int collect(struct collection *c, const struct system_outcome *outcome, double watch_from, double watch_to,
		   struct point_error *error)
{
	struct sim_system_totals totals;
	int status = run_on(c->system, outcome->warmup, watch_from, watch_from, error);

	if (status)
		return status;
	sim_system_totals(c->system, &totals);
	c->start_ns = c->last_ns = totals.now_ns;
	c->step_ns = outcome->totals.now_ns / EXPLAIN_INTERVALS + 1;
	c->next_ns = c->start_ns + c->step_ns;
	for (unsigned i = 0; i < c->explain->threads; i++)
		sim_system_thread_totals(c->system, i, &c->last[i]);
	sim_system_observe(c->system, observe, c);
	status = run_on(c->system, outcome->requests, watch_from, watch_to, error);
	sim_system_totals(c->system, &totals);
	sample(c, totals.now_ns);
	return status;
}

static void take_totals(struct explain *explain, const struct sim_system_totals *t)
{
	double replies = (double)t->replies, time_ns = (double)t->now_ns;

	explain->throughput_rps = replies * 1e9 / time_ns;
	explain->steals_per_request = (double)t->host.steals / replies;
	explain->interrupts_per_request = (double)t->host.interrupts / replies;
	explain->idle_share = (double)t->host.idle_ns / (time_ns * explain->threads);
}

static int look_again(const struct system_point *point, double rate_rps, const struct system_outcome *outcome,
		      double watch_from, double watch_to, struct explain *explain, struct point_error *error)
{
	struct sim_system_options options = point->options;
	struct collection c = {.explain = explain};
	int status = 1;

	options.rate_rps = rate_rps;
	explain->timeline = calloc((size_t)explain->threads * EXPLAIN_INTERVALS, sizeof(*explain->timeline));
	c.last = calloc(explain->threads, sizeof(*c.last));
	if (explain->timeline && c.last)
		c.system = sim_system_create(&options, error->text, sizeof(error->text));
	else
		fail(error, "out of memory");
	if (c.system)
		status = collect(&c, outcome, watch_from, watch_to, error);
	sim_system_destroy(c.system);
	free(c.last);
	return status;
}

int explain_run(const struct system_point *point, double rate_rps, double quantile, double watch_from, double watch_to,
		struct explain *explain, struct point_error *error)
{
	double watch_half = (watch_from + watch_to) / 2;
	struct system_outcome outcome;
	int status;

	*explain = (struct explain){.quantile = quantile, .threads = point->options.cores};
	status = system_point_simulate(point, rate_rps, true, NULL, watch_from, watch_half, &outcome, error);
	if (!status)
		status = find_bounds(explain, &outcome, error);
	if (!status) {
		take_totals(explain, &outcome.totals);
		explain->rate_rps = point->options.closed ? explain->throughput_rps : rate_rps;
		explain->load = system_point_load(point, explain->rate_rps);
		status = look_again(point, rate_rps, &outcome, watch_half, watch_to, explain, error);
	}
	free(outcome.histogram);
	return status;
}

void explain_clear(struct explain *explain)
{
	free(explain->timeline);
	explain->timeline = NULL;
}

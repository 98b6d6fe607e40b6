/* One run of the packet level, and what is measured. */
#include "harness/point_packet.h"
#include "harness/point_system.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define WATCH_MESSAGES 16384 /* between two calls of the watch */

static int take(void *context, const double *latency_us, size_t n)
{
	return estimator_add(context, latency_us, n);
}

static int fail(struct point_error *error, const char *text)
{
	snprintf(error->text, sizeof(error->text), "%s", text);
	return 1;
}

static int run_to_end(struct sim_packet *packet, const struct packet_point *point, struct estimator *estimator,
		      struct packet_outcome *outcome, struct point_error *error)
{
	enum sim_packet_phase phase = SIM_PACKET_CONNECTING, next;
	double start_s = point_seconds_now(), phase_s = start_s;

	while (phase < SIM_PACKET_FINISHED) {
		if (point_watch((double)sim_packet_messages(packet) / (double)point->options.requests))
			return fail(error, "interrupted");
		next = sim_packet_run(packet, WATCH_MESSAGES, take, estimator);
		if (next == phase)
			continue;
		if (phase == SIM_PACKET_MESSAGES || next == SIM_PACKET_CLOSING)
			outcome->messages_wall_s = point_seconds_now() - phase_s;
		if (point->options.scenario != SIM_PACKET_CONNECT) /* its messages come while it connects */
			phase_s = point_seconds_now();
		phase = next;
	}
	outcome->wall_s = point_seconds_now() - start_s;
	return phase == SIM_PACKET_FAILED ? fail(error, sim_packet_error(packet)) : 0;
}

static int take_outcome(struct sim_packet *packet, const struct estimator *estimator, bool keep_histogram,
			struct packet_outcome *outcome, struct point_error *error)
{
	struct histogram *merged;

	estimator_result(estimator, &outcome->estimate);
	sim_packet_totals(packet, &outcome->totals);
	if (!keep_histogram)
		return 0;
	merged = histogram_create();
	if (merged) {
		estimator_histogram(estimator, merged);
		outcome->histogram = histogram_encode(merged, &outcome->histogram_size);
		histogram_destroy(merged);
	}
	return outcome->histogram ? 0 : fail(error, "out of memory");
}

int packet_point_simulate(const struct packet_point *point, bool keep_histogram, struct sim_trace *trace,
			  struct packet_outcome *outcome, struct point_error *error)
{
	struct estimator *estimator = estimator_create(point->warmup, point->confidence);
	struct sim_packet *packet;
	int status = 1;

	memset(outcome, 0, sizeof(*outcome));
	error->key[0] = '\0';
	packet = sim_packet_create(&point->options, error->text, sizeof(error->text));
	if (!estimator)
		fail(error, "out of memory");
	if (packet && estimator) {
		sim_packet_trace(packet, trace);
		status = run_to_end(packet, point, estimator, outcome, error);
	}
	if (!status)
		status = take_outcome(packet, estimator, keep_histogram, outcome, error);
	estimator_destroy(estimator);
	sim_packet_destroy(packet);
	return status;
}

static double share(double part, double whole)
{
	return whole > 0 ? part / whole : NAN;
}

static void add_frames(const struct sim_packet_frames *frames, struct point_result *result)
{
	point_add(result, "frames", (double)frames->sent);
	point_add(result, "frames_lost", (double)frames->lost);
	point_add(result, "frames_reordered", (double)frames->reordered);
	point_add(result, "frames_duplicated", (double)frames->duplicated);
	point_add(result, "frames_corrupted", (double)frames->corrupted);
	point_add(result, "drops_ring", (double)frames->dropped_ring);
	point_add(result, "drops_switch", (double)frames->dropped_switch);
	point_add(result, "frames_missing", (double)sim_packet_balance(frames));
}

static void add_migrations(const struct sim_packet_totals *t, struct point_result *result)
{
	static const char *const mean[SIM_PACKET_STEPS] = {"migration_prepare_us", "migration_wait_us",
							   "migration_rpc_us", "migration_deferred_us",
							   "migration_total_us"};
	static const char *const p95[SIM_PACKET_STEPS] = {"migration_prepare_p95_us", "migration_wait_p95_us",
							  "migration_rpc_p95_us", "migration_deferred_p95_us",
							  "migration_total_p95_us"};

	point_add(result, "migrations", (double)t->migrations);
	point_add(result, "groups_migrated", (double)t->groups_migrated);
	point_add(result, "migration_fallbacks", (double)t->fallbacks);
	point_add(result, "deferred_packets", (double)t->deferred_packets);
	point_add(result, "dropped_by_migration", (double)t->dropped_by_migration);
	point_add(result, "reordered_by_migration", (double)t->reordered_by_migration);
	for (int i = 0; i < SIM_PACKET_STEPS; i++) {
		point_add(result, mean[i], t->step_mean_us[i]);
		point_add(result, p95[i], t->step_p95_us[i]);
	}
	point_add(result, "migration_packets", t->packets_per_migration);
}

static void add_connections(const struct sim_packet_totals *t, struct point_result *result)
{
	point_add(result, "connections_peak", (double)t->connections_peak);
	point_add(result, "connections_opened", (double)t->connections_opened);
	point_add(result, "connections_closed", (double)t->connections_closed);
	point_add(result, "connections_reset", (double)t->connections_reset);
	point_add(result, "connections_lost", (double)t->connections_lost);
	point_add(result, "pcb_bytes", t->pcb_bytes);
	point_add(result, "leaked_connections", (double)t->leaked_connections);
	point_add(result, "leaked_objects", (double)t->leaked_objects);
	point_add(result, "leaked_packets", (double)t->leaked_packets);
	point_add(result, "leaked_timers", (double)t->leaked_timers);
}

void packet_point_metrics(const struct packet_outcome *outcome, struct point_result *result)
{
	const struct sim_packet_totals *t = &outcome->totals;
	double phase_ns = (double)(t->end_ns - t->begin_ns);

	for (int i = 0; i < ESTIMATE_QUANTILES; i++)
		point_add_interval(result, system_quantile_name[i], &outcome->estimate.quantile[i]);
	point_add_interval(result, "mean_us", &outcome->estimate.mean);
	point_add(result, "max_us", outcome->estimate.max);
	point_add(result, "throughput", share((double)t->messages * 1e9, phase_ns));
	point_add(result, "goodput_gbps", share((double)t->bytes_delivered * 8, phase_ns));
	point_add(result, "simulated", (double)t->messages);
	point_add(result, "abandoned", (double)t->abandoned);
	point_add(result, "bytes_delivered", (double)t->bytes_delivered);
	point_add(result, "corrupted_bytes", (double)t->corrupted_bytes);
	point_add(result, "out_of_order_bytes", (double)t->out_of_order_bytes);
	point_add(result, "retransmits", (double)(t->retransmits_timeout + t->retransmits_fast));
	point_add(result, "retransmits_timeout", (double)t->retransmits_timeout);
	point_add(result, "refused", (double)t->refused);
	point_add(result, "assertions", (double)t->assertions);
	point_add(result, "mean_batch", share((double)t->cores.processed, (double)t->cores.cycles));
	point_add(result, "simulated_s", (double)t->now_ns / 1e9);
	point_add(result, "correlated", outcome->estimate.correlated);
	point_add(result, "batches", outcome->estimate.batches);
	add_frames(&t->frames, result);
	add_connections(t, result);
	add_migrations(t, result);
}

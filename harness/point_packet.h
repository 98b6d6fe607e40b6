/*
 * The kind "packet": real TCP between simulated hosts (sim/packet.h), latencies in microseconds from the intended send
 * of a message to the delivery of the last byte awaited for it. The first `warmup` latencies are discarded (by default
 * a tenth); everything else is counted from the start.
 */
#ifndef IXLAB_HARNESS_POINT_PACKET_H
#define IXLAB_HARNESS_POINT_PACKET_H

#include "harness/point.h"
#include "sim/packet.h"

extern const struct point_kind point_kind_packet; /* scenario connections clients cores batch message requests depth
						   * rate loss reorder duplicate corrupt migrate_every costs rto_min_us
						   * buffer warmup confidence */

struct packet_point {
	struct sim_packet_options options;
	uint64_t warmup;
	double confidence;
};

/* Reads normalized parameters. 1 with @error when a file has changed. */
int packet_point_read(struct packet_point *point, const json_t *params, uint64_t seed, unsigned replication,
		      struct point_error *error);

struct packet_outcome {
	struct estimate estimate; /* microseconds */
	struct sim_packet_totals totals;
	double wall_s;          /* of all */
	double messages_wall_s; /* of the phase of messages */
	unsigned char *histogram;
	size_t histogram_size;
};

/* Runs it to the end; @trace may be NULL. Free outcome->histogram; it is encoded only if @keep_histogram. 1 with @error
 * when it failed. */
int packet_point_simulate(const struct packet_point *point, bool keep_histogram, struct sim_trace *trace,
			  struct packet_outcome *outcome, struct point_error *error);

/* The outcome as metrics, all of which depend on parameters and seed alone: not the memory of a connection, which also
 * depends on what the process's heap has been used for. */
void packet_point_metrics(const struct packet_outcome *outcome, struct point_result *result);

#endif

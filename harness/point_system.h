/*
 * What the kinds "system" and "system-slo" share: their parameters once checked, and one run of the simulated machine.
 *
 * The load is what the service times alone ask of the cores at the nominal frequency: rate * mean / cores; overheads
 * come on top. Warm-up "auto" discards what queue_warmup_requests() asks for a partitioned queue whose service times
 * include the overheads of a full batch, but no more than half of the requests; a tenth of them where that queue is
 * overloaded or its variance infinite, in a closed loop, and where the kind of host cannot say what it adds.
 */
#ifndef IXLAB_HARNESS_POINT_SYSTEM_H
#define IXLAB_HARNESS_POINT_SYSTEM_H

#include "harness/point.h"
#include "sim/system.h"

#define SYSTEM_CONNECTIONS 2752 /* of the published memcached runs; rounded up to a multiple of the cores */

extern const struct point_kind point_kind_system;     /* harness/system_params.h, and load|rate|closed think_us */
extern const struct point_kind point_kind_system_slo; /* the same with slo tolerance instead */

extern const char *const system_quantile_name[ESTIMATE_QUANTILES]; /* "p50_us", ... */

struct system_point {
	struct sim_system_options options; /* service points to the member below; rate_rps is of kind "system" only */
	struct dist service;
	uint64_t requests;
	double ci;
	bool warmup_auto;
	uint64_t warmup;
	double confidence;
	double slo_us, tolerance; /* of kind "system-slo" only */
};

/* Checks the parameters common to both kinds and fills in the defaults. -1 with @error. */
int system_point_normalize(json_t *params, bool has_load, struct point_error *error);

/* Reads normalized parameters. 1 with @error when memory is short or a file has changed. @point must not move. */
int system_point_read(struct system_point *point, const json_t *params, uint64_t seed, unsigned replication,
		      struct point_error *error);
void system_point_clear(struct system_point *point);

double system_point_rate_rps(const struct system_point *point, double load);
double system_point_load(const struct system_point *point, double rate_rps);

/* Replies to discard at @rate_rps; *limited says whether the rule asks for more. */
uint64_t system_point_warmup(const struct system_point *point, double rate_rps, bool *limited);

struct system_outcome {
	struct estimate estimate;         /* microseconds */
	struct sim_system_totals totals;  /* after the warm-up; in_system as it is at the end */
	uint64_t batch[IX_BATCH_MAX + 1]; /* cycles by packets processed, warm-up included */
	uint64_t requests, warmup;
	bool warmup_limited, capped;
	unsigned char *histogram;
	size_t histogram_size;
};

/*
 * Simulates @point at @rate_rps, telling @trace (may be NULL) what happens. Free outcome->histogram; it is encoded only
 * if @keep_histogram. 1 with @error when memory is short or the watch said to stop.
 */
int system_point_simulate(const struct system_point *point, double rate_rps, bool keep_histogram,
			  struct sim_trace *trace, double watch_from, double watch_to, struct system_outcome *outcome,
			  struct point_error *error);

/* The outcome as metrics. */
void system_point_metrics(const struct system_point *point, double rate_rps, const struct system_outcome *outcome,
			  struct point_result *result);

/*
 * Of a closed loop of one client, whose own host costs nothing in the simulation: the time of a message from end to end
 * were both ends such a server. A round trip holds two ways of wire and one server; less one way, that is what it is.
 */
double system_point_one_way_us(const struct system_point *point, double round_trip_us);

/*
 * Adds cycles_per_message (of the processors, idle ones left out), misses_per_message (of the last-level cache, by the
 * cost model), goodput_gbps (of replies), and in a closed loop of one client one_way_us and one_way_gbps, the size of a
 * request over that time.
 */
void system_point_derived(const struct system_point *point, const struct system_outcome *outcome,
			  struct point_result *result);

#endif

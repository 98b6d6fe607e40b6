/*
 * Where the time of the requests around a quantile of the latency went, and what the threads did meanwhile.
 *
 * Two runs of the same point and seed, which are one and the same run: the first finds the latencies that bound the
 * requests looked at, the second collects what the server stamped on these. Memory does not grow with the run.
 */
#ifndef IXLAB_HARNESS_EXPLAIN_H
#define IXLAB_HARNESS_EXPLAIN_H

#include "harness/point_system.h"

#define EXPLAIN_INTERVALS 100 /* of the timeline */

/* Parts of a latency, in the order in which they come; they add up to it, to the nanosecond. */
enum explain_part {
	EXPLAIN_CLIENT_WAIT,    /* from the intended send until it is sent: its connection's limit in flight */
	EXPLAIN_WIRE_TO_SERVER, /* until it is in the receive ring: queueing for the link, serialization, propagation */
	EXPLAIN_NIC_QUEUE,      /* until software takes it off the ring */
	EXPLAIN_BACKLOG,        /* until it is through the protocol stack */
	EXPLAIN_READY_WAIT,     /* until its service begins: behind its batch, or in a shuffle queue */
	EXPLAIN_SERVICE,
	EXPLAIN_CALL_WAIT,      /* until its send call runs: at the end of its batch, or on its home core */
	EXPLAIN_TRANSMIT_WAIT,  /* until the reply is given to the wire */
	EXPLAIN_WIRE_TO_CLIENT, /* until the client has it */
	EXPLAIN_PARTS
};

extern const char *const explain_part_key[EXPLAIN_PARTS];   /* as in JSON: "client_wait", ... */
extern const char *const explain_part_title[EXPLAIN_PARTS]; /* as in a table: "client wait", ... */

/* The parts of one request whose reply came at @now_ns. */
void explain_split(const struct sim_request *request, uint64_t now_ns, uint64_t part_ns[EXPLAIN_PARTS]);

/* What a thread did in one interval of the timeline. */
struct explain_interval {
	double idle_share, steals_per_s, interrupts_per_s;
};

struct explain {
	double rate_rps, load, throughput_rps;
	double quantile, value_us;         /* which, and the latency there */
	double from_quantile, to_quantile; /* the requests looked at are between these */
	double from_us, to_us;             /* and have these latencies */
	uint64_t measured, requests;       /* after the warm-up; of these, looked at */
	uint64_t part_ns[EXPLAIN_PARTS];   /* sums over those looked at */
	uint64_t latency_ns;               /* likewise */
	double steals_per_request, interrupts_per_request, idle_share;
	unsigned threads, intervals;
	double time_us[EXPLAIN_INTERVALS + 1]; /* bounds of the intervals, since the warm-up */
	struct explain_interval *timeline;     /* [thread * EXPLAIN_INTERVALS + interval] */
};

/*
 * Runs @point at @rate_rps for the requests around @quantile, 0 < q < 1: half-way to the end on either side, but no
 * more than 0.005. The watch is told shares from @watch_from to @watch_to. 0, or 1 with @error. Clear @explain in any
 * case.
 */
int explain_run(const struct system_point *point, double rate_rps, double quantile, double watch_from, double watch_to,
		struct explain *explain, struct point_error *error);
void explain_clear(struct explain *explain);

/* Pictures: the parts as a stacked bar for each of @count loads; and the timeline. -1 with errno. */
int explain_svg_parts(const struct explain *explain, size_t count, const char *path);
int explain_svg_timeline(const struct explain *explain, const char *path);

#endif

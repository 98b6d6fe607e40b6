/*
 * What the kinds "queue" and "queue-slo" share: their parameters once checked, and one run of a queueing model.
 *
 * Warm-up "auto" discards what queue_warmup_requests() asks for, but no more than half of the requests; where the
 * variance of the service time is infinite and no rule exists, a tenth of the requests, at most QUEUE_WARMUP_SHARE_MAX.
 */
#ifndef IXLAB_HARNESS_POINT_QUEUE_H
#define IXLAB_HARNESS_POINT_QUEUE_H

#include "harness/point.h"
#include "models/queueing.h"

#define QUEUE_REQUESTS_MIN     INT64_C(1000) /* fewer say nothing about p999 */
#define QUEUE_REQUESTS_MAX     INT64_C(1000000000000)
#define QUEUE_REQUESTS_DEFAULT INT64_C(10000000)
#define QUEUE_REQUESTS_CAP     INT64_C(1000000000) /* with a precision to reach: the default upper limit */
#define QUEUE_UNSTABLE_MAX     INT64_C(100000000)  /* load 1 or more: what waits takes memory */
#define QUEUE_WARMUP_SHARE_MAX INT64_C(10000000)
#define QUEUE_LOAD_MAX         10.0

struct queue_point {
	enum queue_discipline discipline;
	unsigned servers;
	struct dist service;
	double load; /* of kind "queue" only */
	uint64_t requests;
	double ci; /* relative half-width of the p99 interval to reach; 0: simulate all requests */
	bool warmup_auto;
	uint64_t warmup; /* if not auto */
	double confidence;
	double slo, tolerance; /* of kind "queue-slo" only */
	double mean_us;        /* what S is in microseconds, for latencies in them; 0: not given */
};

/* Checks the parameters common to both kinds and fills in the defaults. -1 with @error. */
int queue_point_normalize(json_t *params, bool has_load, struct point_error *error);

/* Checks that @key is a number within (low, high), or [low, high] if @closed, and makes it a real. -1 with @error. */
int point_check_real(json_t *params, const char *key, double low, double high, bool closed, const char *allowed,
		     struct point_error *error);

/* The same for whole numbers in [low, high], which may be written 1e9. */
int point_check_integer(json_t *params, const char *key, int64_t low, int64_t high, const char *allowed,
			struct point_error *error);

/* Sets @key to @value, which is taken over, if it is missing. */
void point_set_default(json_t *params, const char *key, json_t *value);

/* Checks "service", and sets "service_hash" where it is read from a file. -1 with @error. */
int point_check_service(json_t *params, struct point_error *error);

/* Checks how long to run, ci, confidence, requests and warmup, and fills in the defaults. -1 with @error. */
int point_check_run_length(json_t *params, struct point_error *error);

/* Rejects parameters which are not among @keys. -1 with @error. */
int point_check_keys(const json_t *params, const char *const *keys, struct point_error *error);

/* "VALUE is not allowed; allowed: ..." for @key, or "is missing; ..." where @value is NULL. Returns -1. */
int point_not_allowed(struct point_error *error, const char *key, const json_t *value, const char *allowed);

/* Reads normalized parameters. 1 with @error when memory is short or the file of the service times has changed. */
int queue_point_read(struct queue_point *point, const json_t *params, struct point_error *error);
void queue_point_clear(struct queue_point *point);

struct queue_outcome {
	struct estimate estimate;
	struct queue_totals totals;
	uint64_t requests; /* simulated, warm-up included */
	uint64_t warmup;
	bool warmup_limited; /* the rule asked for more */
	bool capped;         /* all requests were used without reaching ci */
	unsigned char *histogram;
	size_t histogram_size;
};

/*
 * Simulates @point at @load. Free outcome->histogram; it is encoded only if @keep_histogram. @watch_from and @watch_to
 * are the shares told to point_watch() at the start and the end. 1 with @error when memory is short or the watch said
 * to stop.
 */
int queue_point_simulate(const struct queue_point *point, double load, uint64_t seed, unsigned replication,
			 bool keep_histogram, double watch_from, double watch_to, struct queue_outcome *outcome,
			 struct point_error *error);

#endif

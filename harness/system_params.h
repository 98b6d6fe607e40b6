/*
 * The parameters of the system level, in one table: what is allowed, and what stands where nothing is given. Command
 * lines, experiment files and all kinds of points over a simulated machine obey it.
 */
#ifndef IXLAB_HARNESS_SYSTEM_PARAMS_H
#define IXLAB_HARNESS_SYSTEM_PARAMS_H

#include "harness/point.h"
#include "sim/system.h"

/* Keys that all these kinds know, for their lists of keys. */
#define SYSTEM_PARAM_KEYS                                                                                              \
	"system", "cores", "threads_per_core", "service", "mean_us", "service_kind", "batch", "connections",           \
	    "placement", "in_flight", "request_bytes", "reply_bytes", "acks", "messages_per_connection", "wire_links", \
	    "costs", "transmit_order", "requests", "ci", "warmup", "confidence", "service_hash", "costs_hash"

/* Those of them that a result repeats, beside the mean service time; NULL at the end. */
extern const char *const system_params_echoed[];

/* Checks all of them but the load, and fills in the defaults. -1 with @error. */
int system_params_check(json_t *params, struct point_error *error);

/* Checks what says how requests come: load or rate, or closed with think_us. -1 with @error. */
int system_params_check_load(json_t *params, struct point_error *error);

/* What checked parameters say, but for what is kept in files, the seed and the rate. */
struct sim_system_options system_params_read(const json_t *params);

#endif

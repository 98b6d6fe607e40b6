/*
 * Rows of sections 2.5.2 (table 2.3), 2.6 and 2.7: memcached on 8 cores of two threads behind 4x10GbE, 2,752 connections
 * with up to 4 requests in flight. Messages are those of the text protocol: "get KEY" and "VALUE KEY FLAGS LENGTH" with
 * the value and "END". USR: keys of 19 bytes, values of 2. ETC: keys and values have the means of their distributions;
 * where the 99th percentile of the unloaded latency is asked for, the value is that of its size (1.9 KB, in two
 * segments). Linux is linux-partitioned: memcached gives its connections out to its threads; its service time there is a
 * constant of its own.
 */
#include "harness/measure_metrics.h"

#define USR       "request_bytes=25 reply_bytes=41 "
#define ETC       "request_bytes=42 reply_bytes=254 "
#define ETC_LARGE "request_bytes=42 reply_bytes=1958 "
#define THREADS   "cores=16 threads_per_core=2 "
#define MEMCACHED "connections=2752 in_flight=4 service=det wire_links=4 "
#define MACHINE   THREADS MEMCACHED
#define ON_IX     "system=ix mean_us=@service_us "
#define ON_LINUX  "system=linux-partitioned mean_us=@linux_service_us "
#define SLO       "slo=500us tolerance=0.0002 "
#define ONE       THREADS "connections=1 closed=1 service=det wire_links=4 requests=20000 ci=0 "

const struct measure measure_memcached[] = {
    {.id = "ix-batch-gain",
     .compute = measure_slo_rate,
     .setup = MACHINE SLO USR ON_IX "batch=16",
     .against = MACHINE SLO USR ON_IX "batch=1"},
    {.id = "linux-etc-min", .compute = measure_unloaded, .setup = ONE ETC_LARGE ON_LINUX},
    {.id = "linux-etc-max", .compute = measure_slo_rate, .setup = MACHINE SLO ETC ON_LINUX, .scale = 1e-3},
    {.id = "ix-etc-min", .compute = measure_unloaded, .setup = ONE ETC_LARGE ON_IX},
    {.id = "linux-usr-min", .compute = measure_unloaded, .setup = ONE USR ON_LINUX},
    {.id = "linux-usr-max", .compute = measure_slo_rate, .setup = MACHINE SLO USR ON_LINUX, .scale = 1e-3},
    {.id = "ix-usr-min", .compute = measure_unloaded, .setup = ONE USR ON_IX},
    {.id = "ix-usr-max", .compute = measure_slo_rate, .setup = MACHINE SLO USR ON_IX, .scale = 1e-3},
    {.id = "ht-speedup",
     .compute = measure_slo_rate,
     .setup = MACHINE SLO USR ON_IX,
     .against = "cores=8 " MEMCACHED SLO USR ON_IX},
    {0}};

/* Rows of sections 2.5.2 (table 2.3) and 2.7: memcached on 16 hardware threads behind 4x10GbE. */
#include "harness/measure_metrics.h"

#define MACHINE "cores=16 connections=2752 service=det mean_us=@service_us "
#define SLO     "slo=500us tolerance=0.0002 "

const struct measure measure_memcached[] = {
    {.id = "ix-batch-gain",
     .compute = measure_slo_rate,
     .setup = MACHINE SLO "system=ix batch=16",
     .against = MACHINE SLO "system=ix batch=1"},
    {.id = "linux-etc-min", .why_not = "later"},
    {.id = "linux-etc-max",
     .compute = measure_slo_rate,
     .setup = MACHINE SLO "system=linux-partitioned",
     .scale = 1e-3},
    {.id = "ix-etc-min", .why_not = "later"},
    {.id = "linux-usr-min", .why_not = "later"},
    {.id = "linux-usr-max",
     .compute = measure_slo_rate,
     .setup = MACHINE SLO "system=linux-partitioned",
     .scale = 1e-3},
    {.id = "ix-usr-min", .why_not = "later"},
    {.id = "ix-usr-max", .compute = measure_slo_rate, .setup = MACHINE SLO "system=ix", .scale = 1e-3},
    {.id = "ht-speedup", .why_not = "later"},
    {0}};

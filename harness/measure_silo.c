/* Rows of section 3.6.3: Silo running TPC-C behind each system. */
#include "harness/measure_metrics.h"

/* Of the Linux configurations the thesis compares with the better one, in which the connections float. */
#define SILO "cores=16 threads_per_core=2 service_kind=spin connections=2752 service=tpcc mean_us=33 slo=1000us "

const struct measure measure_silo[] = {
    {.id = "silo-service-mean", .compute = measure_service_quantile, .setup = "service=tpcc"},
    {.id = "silo-service-median", .compute = measure_service_quantile, .setup = "service=tpcc", .level = 0.5},
    {.id = "silo-service-p99", .compute = measure_service_quantile, .setup = "service=tpcc", .level = 0.99},
    {.id = "silo-local-max", .compute = measure_service_rate, .setup = "service=tpcc", .scale = 16e3},
    {.id = "silo-linux-max", .compute = measure_slo_rate, .setup = SILO "system=linux-floating", .scale = 1e-3},
    {0}};

/* Rows of section 3.2.3 and 3.3.1: the queueing models of figure 3.2, without a system. */
#include "harness/measure_metrics.h"

/* "At zero load": where nobody waits. With exactly one request in a hundred above the quantile the two sides of the step
 * of bimodal-1 are equally likely, which is no matter: its share of long tasks is a tenth. */
#define ZERO_LOAD "model=centralized-fcfs servers=16 load=0.01 requests=1000000 ci=0 "
#define SLO_10S   "servers=16 slo=10S "

const struct measure measure_queue[] = {
    {.id = "queue-p99-floor-det", .compute = measure_queue_p99, .setup = ZERO_LOAD "service=det"},
    {.id = "queue-p99-floor-exp", .compute = measure_queue_p99, .setup = ZERO_LOAD "service=exp"},
    {.id = "queue-p99-floor-b1", .compute = measure_queue_p99, .setup = ZERO_LOAD "service=bimodal1"},
    {.id = "queue-p99-floor-b2", .compute = measure_queue_p99, .setup = ZERO_LOAD "service=bimodal2"},
    {.id = "slo-load-partitioned-exp",
     .compute = measure_slo_load,
     .setup = SLO_10S "model=partitioned-fcfs service=exp",
     .scale = 100},
    {.id = "slo-load-centralized-exp",
     .compute = measure_slo_load,
     .setup = SLO_10S "model=centralized-fcfs service=exp",
     .scale = 100},
    {0}};

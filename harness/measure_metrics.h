/* The functions of the tables: each turns runs of one or two setups into the number of a row. */
#ifndef IXLAB_HARNESS_MEASURE_METRICS_H
#define IXLAB_HARNESS_MEASURE_METRICS_H

#include "harness/measure_run.h"

/* Quantile level of the service times named by setup (service=...), in their own unit; where level is 0 their mean. */
int measure_service_quantile(struct measuring *m, const struct measure *row, struct interval *out);

/* scale / mean of these service times: with as many servers as scale says, the rate at which they are never idle. */
int measure_service_rate(struct measuring *m, const struct measure *row, struct interval *out);

/* p99 of the queueing model setup, in S. */
int measure_queue_p99(struct measuring *m, const struct measure *row, struct interval *out);

/* The maximum load of setup times scale; with against: over that of against. */
int measure_slo_load(struct measuring *m, const struct measure *row, struct interval *out);

/* The maximum rate of setup within its SLO, in requests per second times scale; with against: over that of against. */
int measure_slo_rate(struct measuring *m, const struct measure *row, struct interval *out);

/* The smallest mean task (us) from which setup holds level times the maximum load of the queueing model against, p99
 * within 10 S. */
int measure_smallest_task(struct measuring *m, const struct measure *row, struct interval *out);

/* The smallest mean task (us) from which setup holds more load than against, both with p99 within 10 S. */
int measure_crossing_task(struct measuring *m, const struct measure *row, struct interval *out);

/* The peak over the load of the steals per request of setup, times scale. */
int measure_steal_peak(struct measuring *m, const struct measure *row, struct interval *out);

#endif

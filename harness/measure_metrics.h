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

/* The throughput of setup, in requests per second times scale; with against: over that of against. */
int measure_throughput(struct measuring *m, const struct measure *row, struct interval *out);

/* The highest throughput over numbers of connections, each with one request outstanding; with against: over its. */
int measure_peak_throughput(struct measuring *m, const struct measure *row, struct interval *out);

/* The fewest cores of two threads each with which setup reaches level times its throughput with eight. */
int measure_cores_to_saturate(struct measuring *m, const struct measure *row, struct interval *out);

/* The time from one end to the other of a message, in us, where both ends run setup: a round trip whose client costs
 * nothing, less one way of wire and the time the message is on it. */
int measure_one_way(struct measuring *m, const struct measure *row, struct interval *out);

/* The size of message, in bytes times scale, for which size over that time is level in Gb/s. */
int measure_size_for_goodput(struct measuring *m, const struct measure *row, struct interval *out);

/* p99 of setup in us, and what neither host's constant costs explain (client_us, and for Linux linux_tail_us, of the
 * memcached cost file). */
int measure_unloaded(struct measuring *m, const struct measure *row, struct interval *out);

/* Processor cycles per message of setup. */
int measure_cycles(struct measuring *m, const struct measure *row, struct interval *out);

/* Misses of the last-level cache per message of setup (system and connections). */
int measure_misses(struct measuring *m, const struct measure *row, struct interval *out);

#endif

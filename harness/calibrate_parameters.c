/*
 * Which constants calibration fits. Few: as many as the rows marked "calibrate" can tell apart. All others are fixed,
 * with their reasons beside them in the cost files.
 */
#include "harness/calibrate.h"

#define IX        (1u << MEASURE_IX)
#define LINUX     (1u << MEASURE_LINUX)
#define MTCP      (1u << MEASURE_MTCP)
#define MEMCACHED (1u << MEASURE_MEMCACHED)

const struct calibrate_parameter calibrate_parameters[] = {
    {MEASURE_ON_IX, "cycle_ns", IX, "gain of batching"},
    {MEASURE_ON_IX, "receive_ns", IX, "small tasks"},
    {MEASURE_ON_IX, "wire_delay_ns", IX | LINUX | MTCP, "a single message"},
    {MEASURE_ON_IX, "service_us", MEMCACHED, "throughput of memcached"},
    {MEASURE_ON_IX, "client_us", MEMCACHED, "unloaded latency"},
    {MEASURE_ON_ZYGOS, "steal_ns", IX, "efficiency with small tasks"},
    {MEASURE_ON_LINUX, "detect_ns", LINUX, "a single message"},
    {MEASURE_ON_LINUX, "lock_ns", LINUX, "floating against ix"},
    {MEASURE_ON_LINUX, "linux_service_us", MEMCACHED, "throughput of memcached"},
    {MEASURE_ON_LINUX, "linux_tail_us", MEMCACHED, "unloaded latency"},
    {MEASURE_ON_MTCP, "receive_ns", MTCP, "throughput of echoes"},
    {0}};

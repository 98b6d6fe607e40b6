/*
 * Rows of section 2.5.2: NetPIPE, echoes of 64 bytes and many connections, on 8 cores of two threads. Linux is
 * linux-partitioned, its usual arrangement: a thread of the application and a queue of the NIC for each hardware thread.
 * The application copies what it gets: 0.1 us.
 */
#include "harness/measure_metrics.h"

#define MACHINE  "cores=16 threads_per_core=2 "
#define ECHO     "service=det mean_us=0.1 request_bytes=64 reply_bytes=64 "
#define NETPIPE  "cores=1 service=det mean_us=0.1 connections=1 closed=1 requests=2000 ci=0 "
#define LONG     MACHINE ECHO "connections=2048 closed=2048 messages_per_connection=1024 wire_links=1 "
#define SHORT    ECHO "connections=2048 closed=2048 messages_per_connection=1 "
#define SATURATE 0.95

const struct measure measure_echo[] = {
    {.id = "netpipe-ix-oneway", .compute = measure_one_way, .setup = NETPIPE "system=ix"},
    {.id = "netpipe-linux-oneway", .compute = measure_one_way, .setup = NETPIPE "system=linux-partitioned"},
    {.id = "netpipe-ix-half", .compute = measure_size_for_goodput, .setup = NETPIPE "system=ix", .level = 5},
    {.id = "netpipe-linux-half",
     .compute = measure_size_for_goodput,
     .setup = NETPIPE "system=linux-partitioned",
     .level = 5,
     .scale = 1e-3},
    {.id = "echo-ix-10g-n1024", .compute = measure_throughput, .setup = LONG "system=ix", .scale = 1e-6},
    {.id = "echo-ix-over-mtcp",
     .compute = measure_throughput,
     .setup = LONG "system=ix",
     .against = LONG "system=mtcp"},
    {.id = "echo-ix-over-linux",
     .compute = measure_throughput,
     .setup = LONG "system=ix",
     .against = LONG "system=linux-partitioned"},
    {.id = "echo-ix-cores-10g",
     .compute = measure_cores_to_saturate,
     .setup = SHORT "wire_links=1 system=ix",
     .level = SATURATE},
    {.id = "echo-mtcp-cores-10g",
     .compute = measure_cores_to_saturate,
     .setup = SHORT "wire_links=1 system=mtcp",
     .level = SATURATE},
    {.id = "echo-ix-40g-conn",
     .compute = measure_throughput,
     .setup = MACHINE SHORT "wire_links=4 system=ix",
     .scale = 1e-6},
    {.id = "conn-peak-over-linux",
     .compute = measure_peak_throughput,
     .setup = MACHINE ECHO "wire_links=4 system=ix",
     .against = MACHINE ECHO "wire_links=4 system=linux-partitioned"},
    {.id = "conn-l3-small", .compute = measure_misses, .setup = "connections=2500 system=ix"},
    {.id = "conn-l3-250k", .compute = measure_misses, .setup = "connections=250000 system=ix"},
    /* One connection for each thread: no batch has more than one message. */
    {.id = "conn-cycles-low",
     .compute = measure_cycles,
     .setup = MACHINE ECHO "connections=16 closed=16 wire_links=4 system=ix",
     .not_fitted = "the load is not stated, and the cycles of threads that poll in vain are counted there"},
    {.id = "conn-cycles-high",
     .compute = measure_cycles,
     .setup = MACHINE ECHO "connections=2048 closed=2048 wire_links=4 system=ix"},
    {0}};

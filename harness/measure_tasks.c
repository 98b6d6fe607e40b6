/*
 * Rows of sections 3.3.4 and 3.6: synthetic tasks that spin for their service time on 16 hardware threads behind one
 * 10GbE link, 2,752 connections, p99 within 10 S.
 */
#include "harness/measure_metrics.h"

#define MACHINE    "cores=16 threads_per_core=2 service_kind=spin connections=2752 "
#define SLO        "slo=10S "
#define BOUND      "servers=16 slo=10S "
#define NOT_YET(x) .compute = NULL, .why_not = x

const struct measure measure_tasks[] = {{.id = "ix-90pct-det",
					 .compute = measure_smallest_task,
					 .setup = MACHINE "system=ix batch=1 service=det",
					 .against = BOUND "model=partitioned-fcfs service=det",
					 .level = 0.9},
					{.id = "ix-90pct-exp",
					 .compute = measure_smallest_task,
					 .setup = MACHINE "system=ix batch=1 service=exp",
					 .against = BOUND "model=partitioned-fcfs service=exp",
					 .level = 0.9},
					{.id = "linux-partitioned-90pct-det",
					 .compute = measure_smallest_task,
					 .setup = MACHINE "system=linux-partitioned service=det",
					 .against = BOUND "model=partitioned-fcfs service=det",
					 .level = 0.9},
					{.id = "linux-partitioned-90pct-exp",
					 .compute = measure_smallest_task,
					 .setup = MACHINE "system=linux-partitioned service=exp",
					 .against = BOUND "model=partitioned-fcfs service=exp",
					 .level = 0.9},
					{.id = "linux-floating-beats-ix-exp",
					 .compute = measure_crossing_task,
					 .setup = MACHINE "system=linux-floating service=exp",
					 .against = MACHINE SLO "system=ix batch=1 service=exp"},
					{.id = "zygos-eff-10us-exp",
					 .compute = measure_slo_load,
					 .setup = MACHINE SLO "system=zygos service=exp mean_us=10",
					 .against = BOUND "model=centralized-fcfs service=exp",
					 .scale = 100},
					{.id = "zygos-eff-25us-exp",
					 .compute = measure_slo_load,
					 .setup = MACHINE SLO "system=zygos service=exp mean_us=25",
					 .against = BOUND "model=centralized-fcfs service=exp",
					 .scale = 100},
					{.id = "zygos-90pct-exp",
					 .compute = measure_smallest_task,
					 .setup = MACHINE "system=zygos service=exp",
					 .against = BOUND "model=centralized-fcfs service=exp",
					 .level = 0.9},
					{.id = "zygos-steal-peak-noipi",
					 .compute = measure_steal_peak,
					 .setup = MACHINE "system=zygos-cooperative service=exp mean_us=25",
					 .scale = 100},
					{0}};

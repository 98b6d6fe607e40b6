/* Rows of results/orderings.csv: how much more load one system holds than another. */
#include "harness/measure_metrics.h"

#define MACHINE "cores=16 threads_per_core=2 service_kind=spin connections=2752 slo=10S "
#define ORDER(name, better, other, tasks)                                                                              \
	{                                                                                                              \
		.id = "order-" name, .compute = measure_slo_load, .setup = MACHINE tasks better,                       \
		.against = MACHINE tasks other                                                                         \
	}
#define EXP(us)      "service=exp mean_us=" us " "
#define BIMODAL1(us) "service=bimodal1 mean_us=" us " "
#define SILO         "service=tpcc mean_us=33 slo=1000us "
#define USR                                                                                                            \
	"service_kind=compute service=det mean_us=@service_us in_flight=4 wire_links=4 request_bytes=25 "              \
	"reply_bytes=41 slo=500us tolerance=0.0002 "
#define IX          "system=ix batch=1"
#define ZYGOS       "system=zygos"
#define COOPERATIVE "system=zygos-cooperative"
#define FLOATING    "system=linux-floating"
#define PARTITIONED "system=linux-partitioned"

const struct measure measure_orderings[] = {
    ORDER("zygos-ix-exp-10", ZYGOS, IX, EXP("10")),
    ORDER("zygos-ix-exp-25", ZYGOS, IX, EXP("25")),
    ORDER("zygos-ix-exp-50", ZYGOS, IX, EXP("50")),
    ORDER("zygos-ix-exp-100", ZYGOS, IX, EXP("100")),
    ORDER("zygos-ix-bimodal1-10", ZYGOS, IX, BIMODAL1("10")),
    ORDER("zygos-ix-bimodal1-25", ZYGOS, IX, BIMODAL1("25")),
    ORDER("zygos-ix-bimodal1-100", ZYGOS, IX, BIMODAL1("100")),
    ORDER("zygos-floating-exp-10", ZYGOS, FLOATING, EXP("10")),
    ORDER("zygos-floating-exp-25", ZYGOS, FLOATING, EXP("25")),
    ORDER("zygos-floating-exp-100", ZYGOS, FLOATING, EXP("100")),
    ORDER("zygos-interrupts-exp-25", ZYGOS, COOPERATIVE, EXP("25")),
    ORDER("ix-floating-exp-10", IX, FLOATING, EXP("10")),
    ORDER("floating-ix-exp-50", FLOATING, IX, EXP("50")),
    ORDER("floating-ix-exp-100", FLOATING, IX, EXP("100")),
    ORDER("floating-partitioned-exp-25", FLOATING, PARTITIONED, EXP("25")),
    ORDER("floating-partitioned-exp-100", FLOATING, PARTITIONED, EXP("100")),
    ORDER("floating-partitioned-bimodal1-100", FLOATING, PARTITIONED, BIMODAL1("100")),
    ORDER("ix-partitioned-det-25", IX, PARTITIONED, "service=det mean_us=25 "),
    ORDER("ix-zygos-usr", "system=ix batch=64", ZYGOS, USR),
    ORDER("silo-zygos-ix", ZYGOS, IX, SILO),
    ORDER("silo-ix-linux", IX, FLOATING, SILO),
    {0}};

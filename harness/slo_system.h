/* The part of `ixlab slo` that searches the maximum load of a simulated machine. */
#ifndef IXLAB_HARNESS_SLO_SYSTEM_H
#define IXLAB_HARNESS_SLO_SYSTEM_H

#include "harness/options.h"

/* Computes and prints the point of kind "system-slo" that @common describes; frees its parameters. An exit code. */
int cmd_slo_system(struct options *common);

#endif

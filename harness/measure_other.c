/* Rows of section 2.6 and of power: the control plane's loop and its energy are not simulated yet. */
#include "harness/measure_metrics.h"

#define LATER .why_not = "not modelled yet"

const struct measure measure_other[] = {{.id = "pareto-configs", LATER},
					{.id = "policy-energy-steps", LATER},
					{.id = "policy-consolidation-steps", LATER},
					{.id = "peak-load-patterns", LATER},
					{.id = "power-max-slope", LATER},
					{.id = "power-measured-slope", LATER},
					{.id = "power-pareto-slope", LATER},
					{.id = "power-turbo-band", LATER},
					{.id = "background-pareto-slope", LATER},
					{.id = "background-measured-slope", LATER},
					{.id = "control-reaction", LATER},
					{.id = "migration-add-total-avg", LATER},
					{.id = "migration-add-total-p95", LATER},
					{.id = "migration-add-packets-avg", LATER},
					{.id = "migration-remove-total-avg", LATER},
					{.id = "migration-remove-packets-avg", LATER},
					{0}};

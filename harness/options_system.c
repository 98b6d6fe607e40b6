/* Options that describe a simulated machine. */
#include "harness/options.h"

enum {
	KEY_SYSTEM = 1 << 13,
	KEY_CORES,
	KEY_MEAN_US,
	KEY_BATCH,
	KEY_CONNECTIONS,
	KEY_PLACEMENT,
	KEY_COSTS,
	KEY_TRANSMIT_ORDER
};

static const struct argp_option options[] = {
    {"system", KEY_SYSTEM, "SYSTEM", 0, "ix: run to completion, one queue of flow groups for each core", 1},
    {"cores", KEY_CORES, "N", 0, "Cores of the machine, one elastic thread each, 1 to 64", 1},
    {"mean-us", KEY_MEAN_US, "X", 0, "Mean service time in microseconds", 1},
    {"batch", KEY_BATCH, "B", 0, "Batch bound, 1 to 1024 (64): packets processed in one cycle at most", 2},
    {"connections", KEY_CONNECTIONS, "N", 0,
     "Connections, 1 to 1000000 (2752, rounded up to a multiple of the cores); each request takes one at random", 2},
    {"placement", KEY_PLACEMENT, "HOW", 0,
     "even (default): client ports are chosen so that each core has as many connections as any other, as testbeds do; "
     "random: ports are random, and some cores get more than others",
     2},
    {"costs", KEY_COSTS, "FILE", 0,
     "Cost model: zero (default) takes every overhead away, for comparison with theory; or a file such as "
     "costs/ix.cfg (looked for in the folders of the experiments, too)",
     2},
    {"transmit-order", KEY_TRANSMIT_ORDER, "ORDER", 0,
     "paper (default): replies leave before the next receive batch; code: after it, as in the released code", 2},
    {0},
};

static error_t parse(int key, char *value, struct argp_state *state)
{
	json_t *params = ((struct options *)state->input)->params;

	switch (key) {
	case KEY_SYSTEM:
		options_set_text(params, "system", value);
		return 0;
	case KEY_CORES:
		options_set_number(params, "cores", value);
		return 0;
	case KEY_MEAN_US:
		options_set_number(params, "mean_us", value);
		return 0;
	case KEY_BATCH:
		options_set_number(params, "batch", value);
		return 0;
	case KEY_CONNECTIONS:
		options_set_number(params, "connections", value);
		return 0;
	case KEY_PLACEMENT:
		options_set_text(params, "placement", value);
		return 0;
	case KEY_COSTS:
		options_set_text(params, "costs", value);
		return 0;
	case KEY_TRANSMIT_ORDER:
		options_set_text(params, "transmit_order", value);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp options_system_argp = {.options = options, .parser = parse};

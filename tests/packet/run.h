/* Runs a script against a device. */
#ifndef IX_TESTS_PACKET_RUN_H
#define IX_TESTS_PACKET_RUN_H

#include "tests/packet/device.h"
#include "tests/packet/script.h"

/* Timers may fire up to one tick of the core's wheel late, and not early: scripts round to microseconds. */
#define RUN_TOLERANCE_NS (1ull << IX_WHEEL_TICK_SHIFT)
#define RUN_EARLY_NS     1000ull

struct run_result {
	bool passed;
	unsigned line;      /* of the script, where it failed */
	char message[2048]; /* "FILE:LINE: what", then expected and got; empty if it passed */
	char *trace;        /* what happened, a line each; to be freed */
};

void run_script(const struct script *script, const struct device_ops *ops, struct run_result *result);

/* Makes all that a script injects and calls, at its times, whatever comes out: to get deep into the stack with scripts
 * that are wrong. Fails only if the stack sends broken packets, finds no rest, or leaves something over. */
void run_freely(const struct script *script, const struct device_ops *ops, struct run_result *result);

#endif

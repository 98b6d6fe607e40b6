#ifndef IXDP_STAT_PRINT_H
#define IXDP_STAT_PRINT_H

#include "impl/ixdp/control.h"

/* The control page at one time. */
struct stat_picture {
	struct ixdp_control page;
	uint64_t time_ns;
};

void stat_look(const struct ixdp_control *control, struct stat_picture *picture);
/* Rates are those between the two. */
void stat_print_table(const struct stat_picture *now, const struct stat_picture *before);
void stat_print_json(const struct stat_picture *now, const struct stat_picture *before);
void stat_print_answer(const struct ixdp_command *command, int json);

#endif

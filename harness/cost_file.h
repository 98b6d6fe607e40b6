/*
 * Cost models as a user names them: "zero", or a file (libconfig) that says which systems it is for (system =
 * "dataplane", "linux" or "mtcp") and gives every constant of theirs as NAME_ns or NAME_cycles, and every other member
 * of struct sim_costs by its name. workloads/costs/ix.cfg is one and explains them.
 */
#ifndef IXLAB_HARNESS_COST_FILE_H
#define IXLAB_HARNESS_COST_FILE_H

#include "sim/cost.h"
#include <stddef.h>

#define COST_FILE_BYTES_MAX (1 << 16)

/*
 * Reads the cost model called @name, a file also looked for where workload_path() does, for systems with the constants
 * @names; a file for others is refused. *file_hash (which may be NULL) becomes a hash of its constants, or 0 for
 * "zero". Returns 0, or -1 with @error: "FILE:LINE: key 'KEY': ..." where a line is at fault.
 */
int costs_read(struct sim_costs *costs, const struct sim_cost_names *names, const char *name, uint64_t *file_hash,
	       char *error, size_t error_size);

/* The same for a file's text; @name is what @error calls it. */
int costs_read_text(struct sim_costs *costs, const struct sim_cost_names *names, const char *text, const char *name,
		    char *error, size_t error_size);

#endif

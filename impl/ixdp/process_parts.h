#ifndef IXDP_PROCESS_PARTS_H
#define IXDP_PROCESS_PARTS_H

#include "impl/ixdp/process.h"

#define IXDP_CLOSE_NS 1000000000ull /* connections have so long to close at the end */

/* Device, dataplane and application, for all threads; none runs yet. 0, or an exit code with *error. To be stopped in
 * any case. */
int ixdp_process_start(struct ixdp_process *process, struct ixdp_config *config, struct ixdp_error *error);
/* Closes connections if threads @ran, ends the threads, gives everything back. 0, or 1 with *error. */
int ixdp_process_stop(struct ixdp_process *process, int ran, struct ixdp_error *error);

#endif

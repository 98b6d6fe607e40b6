/* The other end of the control page, for tools and the control plane. */
#ifndef IXDP_CLIENT_H
#define IXDP_CLIENT_H

#include "impl/ixdp/control.h"

#include <stddef.h>

/* Maps /dev/shm/NAME of a dataplane that runs. NULL with @error saying why not. */
struct ixdp_control *ixdp_client_open(const char *name, char *error, size_t error_size);
void ixdp_client_close(struct ixdp_control *control);
/* Does its process still run? */
int ixdp_client_alive(const struct ixdp_control *control);

/* Gives the command (its fields up to group) to the dataplane and waits up to 5 s. 0 with *command completed, whose result may
 * be -1; or -1 with its text: no slot was free, or no answer came. */
int ixdp_client_run(struct ixdp_control *control, struct ixdp_command *command);

#endif

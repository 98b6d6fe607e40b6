#ifndef IXDP_CONFIG_READ_H
#define IXDP_CONFIG_READ_H

#include "impl/ixdp/config.h"
#include "impl/ixdp/config_fields.h"

/* All settings of the file into the fields of *config, and defaults. 0, or 2 with *error. */
int ixdp_config_read_fields(struct ixdp_config *config, struct ixdp_error *error);

#endif

#include "sim/host.h"
#include "sim/host_linux.h"
#include "sim/host_mtcp.h"

#include <string.h>

const struct sim_host_kind *const sim_host_kinds[] = {&sim_host_ix,
						      &sim_host_zygos,
						      &sim_host_zygos_cooperative,
						      &sim_host_linux_partitioned,
						      &sim_host_linux_floating,
						      &sim_host_mtcp,
						      NULL};

const struct sim_host_kind *sim_host_kind_find(const char *name)
{
	for (size_t i = 0; sim_host_kinds[i]; i++)
		if (!strcmp(sim_host_kinds[i]->name, name))
			return sim_host_kinds[i];
	return NULL;
}

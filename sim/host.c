#include "sim/host.h"

#include <string.h>

const struct sim_host_kind *const sim_host_kinds[] = {&sim_host_ix, NULL};

const struct sim_host_kind *sim_host_kind_find(const char *name)
{
	for (size_t i = 0; sim_host_kinds[i]; i++)
		if (!strcmp(sim_host_kinds[i]->name, name))
			return sim_host_kinds[i];
	return NULL;
}

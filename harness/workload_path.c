#include "harness/workload_path.h"
#include "paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *workload_folders(void)
{
	const char *from = getenv("IXLAB_WORKLOADS");

	return from && *from ? from : "workloads:" IXLAB_SHARE "/workloads";
}

char *workload_path(const char *name)
{
	const char *folder = workload_folders();
	char *path = NULL;

	while (access(name, F_OK) && name[0] != '/' && *folder) {
		int length = (int)strcspn(folder, ":");

		if (asprintf(&path, "%.*s/%s", length, folder, name) < 0)
			return NULL;
		if (!access(path, F_OK))
			return path;
		free(path);
		folder += length + (folder[length] == ':');
	}
	return strdup(name);
}

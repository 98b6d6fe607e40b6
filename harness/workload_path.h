/*
 * Where files that come with the program are looked for: the folders that the environment variable IXLAB_WORKLOADS names,
 * separated by colons; without it ./workloads, then the installed share/ixlab/workloads.
 */
#ifndef IXLAB_HARNESS_WORKLOAD_PATH_H
#define IXLAB_HARNESS_WORKLOAD_PATH_H

/* The folders, separated by colons. */
const char *workload_folders(void);

/*
 * The path of the file that a user calls @name: @name itself where there is such a file (or none anywhere), else the first
 * folder's file of that name. free() it; NULL when memory is short.
 */
char *workload_path(const char *name);

#endif

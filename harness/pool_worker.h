/* A worker process: computes the runs that arrive on its socket, one after the other, until the other side is closed.
 */
#ifndef IXLAB_HARNESS_POOL_WORKER_H
#define IXLAB_HARNESS_POOL_WORKER_H

#include "harness/pool.h"
#include <sys/types.h>

/*
 * Forks a worker with all other descriptors but the standard ones closed. It is killed when the calling process dies.
 * Returns its process id with the socket in @fd, or -1 (errno).
 */
pid_t pool_worker_start(pool_compute compute, int *fd);

/* Waits for the worker, which is ending or was killed, and says how it ended, as in "killed by signal 11". */
void pool_worker_reap(pid_t pid, char *text, size_t text_size);

#endif

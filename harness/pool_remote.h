/*
 * Workers on other ranks of an MPI job (`mpirun -n 4 ixlab run ...`). ixlab itself is not linked to MPI: on every rank
 * it starts the program ixlab-mpi beside it (harness/mpi), which carries bytes between sockets of rank 0 and one socket
 * of each other rank. Rank 0 then has one socket per worker, as if it had forked them.
 */
#ifndef IXLAB_HARNESS_POOL_REMOTE_H
#define IXLAB_HARNESS_POOL_REMOTE_H

#include "harness/pool.h"
#include <sys/types.h>

struct pool_remote {
	int *fd; /* to the workers of ranks 1, 2, ... */
	size_t count;
	pid_t relay; /* 0: none */
};

/* This process's rank and the number of ranks, 0 and 1 outside an MPI job. */
unsigned pool_remote_rank(void);
unsigned pool_remote_size(void);

/* On rank 0: connects to the other ranks. 0, or 1 with @error. */
int pool_remote_open(struct pool_remote *remote, char *error, size_t error_size);

/* Tells the other ranks to end, and waits until they have. 0, or 1 if the connection between ranks failed. */
int pool_remote_close(struct pool_remote *remote);

/*
 * On the other ranks: computes what rank 0 sends, in a child process that is replaced when it dies, until rank 0 is
 * done. 0, or 1 with @error.
 */
int pool_remote_serve(pool_compute compute, char *error, size_t error_size);

#endif

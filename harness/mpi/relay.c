/*
 * ixlab-mpi: carries bytes between sockets on different ranks. `ixlab run` starts it on every rank of an MPI job with
 * inherited sockets, their numbers being the arguments: on rank 0 one for each other rank, in order; elsewhere one.
 * What is written to a socket on one side comes out on the other; an end is passed on, too.
 */
#include <errno.h>
#include <mpi.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK_SIZE 16384
#define TURN_MS    1 /* MPI cannot be waited for together with sockets: it is asked this often */

/* One socket and the rank behind it. */
struct line {
	int fd;
	int rank;
	bool local_open;  /* the socket may still have something to say */
	bool remote_open; /* the rank may */
};

static char chunk[CHUNK_SIZE];

static int write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			data += n;
			size -= (size_t)n;
		}
	}
	return 0;
}

/* Socket to rank. An empty message means the end. */
static void send_chunk(struct line *line)
{
	ssize_t n = read(line->fd, chunk, sizeof(chunk));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		n = 0;
		line->local_open = false;
	}
	MPI_Send(chunk, (int)n, MPI_BYTE, line->rank, 0, MPI_COMM_WORLD);
}

/* Rank to socket. */
static void receive_chunk(struct line *lines, int count, const MPI_Status *found)
{
	MPI_Status status;
	int size;

	MPI_Recv(chunk, sizeof(chunk), MPI_BYTE, found->MPI_SOURCE, 0, MPI_COMM_WORLD, &status);
	MPI_Get_count(&status, MPI_BYTE, &size);
	for (int i = 0; i < count; i++) {
		if (lines[i].rank != status.MPI_SOURCE)
			continue;
		if (size == 0) {
			lines[i].remote_open = false;
			shutdown(lines[i].fd, SHUT_WR);
		} else {
			/* Nobody reads any more when the job was stopped: what is still on its way is dropped. */
			(void)write_all(lines[i].fd, chunk, (size_t)size);
		}
	}
}

static bool any_open(const struct line *lines, int count)
{
	for (int i = 0; i < count; i++)
		if (lines[i].local_open || lines[i].remote_open)
			return true;
	return false;
}

static void relay(struct line *lines, int count, struct pollfd *fds)
{
	while (any_open(lines, count)) {
		MPI_Status status;
		int found = 0;

		for (int i = 0; i < count; i++)
			fds[i] = (struct pollfd){.fd = lines[i].local_open ? lines[i].fd : -1, .events = POLLIN};
		if (poll(fds, (nfds_t)count, TURN_MS) > 0)
			for (int i = 0; i < count; i++)
				if (fds[i].revents)
					send_chunk(&lines[i]);
		do {
			MPI_Iprobe(MPI_ANY_SOURCE, 0, MPI_COMM_WORLD, &found, &status);
			if (found)
				receive_chunk(lines, count, &status);
		} while (found);
	}
}

/* 0, or -1 when memory is short. */
static int relay_all(char **fd_texts, int count, int rank)
{
	struct line *lines = calloc((size_t)count + 1, sizeof(*lines));
	struct pollfd *fds = calloc((size_t)count + 1, sizeof(*fds));
	int status = lines && fds ? 0 : -1;

	for (int i = 0; i < count && !status; i++)
		lines[i] = (struct line){(int)strtol(fd_texts[i], NULL, 10), rank == 0 ? i + 1 : 0, true, true};
	if (!status)
		relay(lines, count, fds);
	free(lines);
	free(fds);
	return status;
}

int main(int argc, char **argv)
{
	int rank, size, count = argc - 1;

	MPI_Init(NULL, NULL);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_size(MPI_COMM_WORLD, &size);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	if (count == (rank == 0 ? size - 1 : 1) && !relay_all(argv + 1, count, rank)) {
		MPI_Finalize();
		return 0;
	}
	fprintf(stderr, "ixlab-mpi: memory is short, or it was not started by `ixlab run` under mpirun\n");
	MPI_Abort(MPI_COMM_WORLD, 1);
	return 1;
}

#include "harness/pool_remote.h"
#include "harness/pool_message.h"
#include "harness/pool_worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned from_environment(const char *name, unsigned otherwise)
{
	const char *text = getenv(name);
	char *end;
	unsigned long value;

	if (!text)
		return otherwise;
	value = strtoul(text, &end, 10);
	return end == text || *end || value > 1000000 ? otherwise : (unsigned)value;
}

unsigned pool_remote_rank(void)
{
	return from_environment("OMPI_COMM_WORLD_RANK", 0);
}

unsigned pool_remote_size(void)
{
	unsigned size = from_environment("OMPI_COMM_WORLD_SIZE", 1);

	return size ? size : 1;
}

/* The path of ixlab-mpi, beside this program. 0, or -1 (errno). */
static int relay_path(char *path, size_t path_size)
{
	static const char name[] = "ixlab-mpi";
	ssize_t length = readlink("/proc/self/exe", path, path_size);
	char *slash;

	if (length < 0)
		return -1;
	if ((size_t)length >= path_size - sizeof(name)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	path[length] = '\0';
	slash = strrchr(path, '/');
	memcpy(slash ? slash + 1 : path, name, sizeof(name));
	return access(path, X_OK);
}

/* In the child: becomes ixlab-mpi, with the sockets' numbers as arguments. */
static _Noreturn void become_relay(const char *path, const int *fd, size_t count, pid_t parent)
{
	char **argv = calloc(count + 2, sizeof(*argv));

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!argv || getppid() != parent)
		_exit(1);
	argv[0] = strdup(path);
	for (size_t i = 0; i < count; i++) {
		char number[16];

		fcntl(fd[i], F_SETFD, 0); /* stays open */
		snprintf(number, sizeof(number), "%d", fd[i]);
		argv[i + 1] = strdup(number);
	}
	execv(path, argv);
	_exit(1);
}

/* Starts ixlab-mpi with @count sockets, whose other ends go to @fd. Its process id, or -1 with @error. */
static pid_t start_relay(int *fd, size_t count, char *error, size_t error_size)
{
	char path[4096];
	int *theirs = calloc(count, sizeof(*theirs));
	pid_t parent = getpid(), pid = -1;
	size_t made = 0;

	for (int pair[2]; theirs && made < count && !socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair); made++) {
		fd[made] = pair[0];
		theirs[made] = pair[1];
	}
	if (theirs && made == count && !relay_path(path, sizeof(path)))
		pid = fork();
	if (pid == 0)
		become_relay(path, theirs, count, parent);
	if (pid < 0) {
		snprintf(error, error_size, "cannot start ixlab-mpi, which connects the ranks: %s", strerror(errno));
		for (size_t i = 0; i < made; i++)
			close(fd[i]);
	}
	for (size_t i = 0; i < made; i++)
		close(theirs[i]);
	free(theirs);
	return pid;
}

int pool_remote_open(struct pool_remote *remote, char *error, size_t error_size)
{
	*remote = (struct pool_remote){.count = pool_remote_size() - 1};
	if (remote->count == 0)
		return 0;
	remote->fd = calloc(remote->count, sizeof(*remote->fd));
	if (!remote->fd) {
		snprintf(error, error_size, "memory is short");
		return 1;
	}
	remote->relay = start_relay(remote->fd, remote->count, error, error_size);
	if (remote->relay > 0)
		return 0;
	free(remote->fd);
	*remote = (struct pool_remote){0};
	return 1;
}

static int wait_for_relay(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 1;
	return status != 0;
}

int pool_remote_close(struct pool_remote *remote)
{
	int status;

	for (size_t i = 0; i < remote->count; i++)
		close(remote->fd[i]);
	status = remote->relay > 0 ? wait_for_relay(remote->relay) : 0;
	free(remote->fd);
	*remote = (struct pool_remote){0};
	return status;
}

/* Passes on every whole message at the start of @from. 0, or -1 when there is nonsense or the other side is gone. */
static int forward(struct message_buffer *from, int to)
{
	struct message message;
	int found;

	while ((found = message_next(from, &message)) == 1) {
		size_t size = (size_t)(message.data + message.size - from->data);
		struct message_buffer whole = {.data = from->data, .size = size};

		if (message_send(to, &whole))
			return -1;
		message_drop(from, &message);
	}
	return found;
}

/* Carries messages between rank 0 and one worker. 0 when rank 0 is done, 1 when the worker died. */
static int serve_with_worker(int relay_fd, int worker_fd)
{
	struct message_buffer to_worker = {0}, from_worker = {0};
	struct pollfd poll_fd[] = {{.fd = relay_fd, .events = POLLIN}, {.fd = worker_fd, .events = POLLIN}};
	int status = -1;

	while (status < 0) {
		if (poll(poll_fd, 2, -1) < 0)
			continue;
		if (poll_fd[0].revents && message_receive(relay_fd, &to_worker) <= 0)
			status = 0;
		else if ((poll_fd[1].revents && message_receive(worker_fd, &from_worker) <= 0) ||
			 forward(&from_worker, relay_fd) || forward(&to_worker, worker_fd))
			status = 1;
	}
	message_buffer_free(&to_worker);
	message_buffer_free(&from_worker);
	return status;
}

/* One worker's life. 0 when rank 0 is done, 1 when the worker died and rank 0 was told. -1 when none can be started. */
static int serve_one_life(pool_compute compute, int relay_fd)
{
	struct message_buffer died = {0};
	char reason[128];
	int fd, status;
	pid_t pid = pool_worker_start(compute, &fd);

	if (pid < 0)
		return -1;
	status = serve_with_worker(relay_fd, fd);
	kill(pid, SIGKILL);
	pool_worker_reap(pid, reason, sizeof(reason));
	close(fd);
	if (status == 1) {
		message_text(&died, MESSAGE_DIED, reason);
		status = message_send(relay_fd, &died) ? 0 : 1; /* rank 0 is gone, too */
		message_buffer_free(&died);
	}
	return status;
}

int pool_remote_serve(pool_compute compute, char *error, size_t error_size)
{
	int fd, status;
	pid_t relay;

	signal(SIGPIPE, SIG_IGN);
	relay = start_relay(&fd, 1, error, error_size);
	if (relay < 0)
		return 1;
	do
		status = serve_one_life(compute, fd);
	while (status == 1);
	if (status < 0)
		snprintf(error, error_size, "cannot start a worker: %s", strerror(errno));
	close(fd);
	if (!wait_for_relay(relay))
		return status ? 1 : 0;
	if (!status)
		snprintf(error, error_size, "the connection to rank 0 failed");
	return 1;
}

#include "harness/pool_worker.h"
#include "harness/pool_message.h"
#include "version.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

int pool_compute_point(const struct pool_task *task, struct point_result *result, char *error, size_t error_size)
{
	const struct point_kind *kind = point_kind_find(task->kind);
	json_t *params = json_loads(task->params, 0, NULL);
	struct point_error complaint = {0};
	int status = 1;

	if (!kind || !params)
		snprintf(error, error_size, "%s",
			 kind ? "the parameters cannot be read" : "this program does not know the kind");
	else
		status = kind->run(params, task->seed, task->replication, result, &complaint);
	if (complaint.text[0])
		snprintf(error, error_size, "%s", complaint.text);
	json_decref(params);
	return status;
}

/* Computes one task and puts the answer into @answer. */
static void compute_task(pool_compute compute, const struct pool_task *task, struct message_buffer *answer)
{
	struct point_result result = {.metric_count = 0};
	char error[256] = "the computation failed";

	if (compute(task, &result, error, sizeof(error)))
		message_text(answer, MESSAGE_FAILED, error);
	else
		message_result(answer, &result);
	point_result_clear(&result);
}

/* Returns the worker's exit code. */
static int serve(pool_compute compute, int fd)
{
	struct message_buffer in = {0}, out = {0};
	struct message message;
	struct pool_task task;
	int status, received;

	message_text(&out, MESSAGE_HELLO, IXLAB_VERSION);
	status = message_send(fd, &out);
	while (!status && (received = message_receive(fd, &in)) != 0) {
		if (received < 0)
			status = -1;
		while (!status && (status = message_next(&in, &message)) == 1) {
			status = message.type == MESSAGE_TASK ? message_read_task(&message, &task) : -1;
			if (!status) {
				compute_task(compute, &task, &out);
				message_number(&out, message.number);
				status = message_send(fd, &out);
			}
			message_drop(&in, &message);
		}
	}
	message_buffer_free(&in);
	message_buffer_free(&out);
	return status ? 1 : 0;
}

/* The child's side of pool_worker_start(); does not return. */
static _Noreturn void be_worker(pool_compute compute, pid_t parent, int fd)
{
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1); /* it died before the line above */
	/* A Ctrl-C reaches the whole foreground group; the parent alone decides what it means. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Other workers' sockets, or they would stay open after the parent closed them; and the database. */
	if (fd > STDERR_FILENO + 1)
		close_range(STDERR_FILENO + 1, (unsigned)fd - 1, 0);
	close_range((unsigned)fd + 1, ~0U, 0);
	_exit(serve(compute, fd));
}

pid_t pool_worker_start(pool_compute compute, int *fd)
{
	pid_t pid, parent = getpid();
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -1;
	fflush(NULL); /* what is still buffered must not be written twice */
	pid = fork();
	if (pid == 0)
		be_worker(compute, parent, pair[1]);
	close(pair[1]);
	*fd = pair[0];
	if (pid < 0) {
		int saved = errno;

		close(pair[0]);
		errno = saved;
	}
	return pid;
}

void pool_worker_reap(pid_t pid, char *text, size_t text_size)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR) {
			snprintf(text, text_size, "the worker is lost: %s", strerror(errno));
			return;
		}
	if (WIFSIGNALED(status))
		snprintf(text, text_size, "the worker was killed by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(text, text_size, "the worker ended with exit code %d", WEXITSTATUS(status));
}

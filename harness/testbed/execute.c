/* Commands that testbed runs. */
#include "harness/testbed/internal.h"

#include "harness/command.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

bool testbed_fail(struct testbed_error *error, int code, const char *format, ...)
{
	va_list args;

	error->code = code;
	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	return false;
}

/* Reads both pipes to their ends; keeps what fits. */
static void collect(const int pipes[2], char *const into[2], const size_t size[2])
{
	struct pollfd wait[2] = {{.fd = pipes[0], .events = POLLIN}, {.fd = pipes[1], .events = POLLIN}};
	size_t length[2] = {0, 0};

	while ((wait[0].fd >= 0 || wait[1].fd >= 0) && (poll(wait, 2, -1) > 0 || errno == EINTR))
		for (int i = 0; i < 2; i++) {
			char text[512];
			ssize_t got;
			size_t room = size[i] - 1 - length[i];

			if (wait[i].fd < 0 || !wait[i].revents)
				continue;
			got = read(wait[i].fd, text, sizeof(text));
			if (got <= 0) {
				wait[i].fd = -1;
				continue;
			}
			if ((size_t)got < room)
				room = (size_t)got;
			memcpy(into[i] + length[i], text, room);
			length[i] += room;
		}
	into[0][length[0]] = 0;
	into[1][length[1]] = 0;
}

static int start(pid_t *pid, const char *const *arguments, const int out[2], const int err[2])
{
	posix_spawn_file_actions_t actions;
	int failed = posix_spawn_file_actions_init(&actions);

	if (failed)
		return failed;
	failed = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	if (!failed)
		failed = posix_spawn_file_actions_adddup2(&actions, out[1], 1);
	if (!failed)
		failed = posix_spawn_file_actions_adddup2(&actions, err[1], 2);
	if (!failed) /* the list of arguments is not written to: POSIX keeps char ** for older programs */
		failed =
		    posix_spawnp(pid, arguments[0], &actions, NULL, (char *const *)(const void *)arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	return failed;
}

static bool pipes_open(int out[2], int err[2])
{
	if (pipe2(out, O_CLOEXEC))
		return false;
	if (!pipe2(err, O_CLOEXEC))
		return true;
	close(out[0]);
	close(out[1]);
	return false;
}

bool testbed_execute(const char *const *arguments, char *output, size_t size, struct testbed_error *error)
{
	char scratch[8], complaint[256];
	int out[2], err[2], status = -1, failed;
	pid_t pid;

	if (!pipes_open(out, err))
		return testbed_fail(error, EXIT_RUN_FAILED, "cannot make a pipe: %s", strerror(errno));
	failed = start(&pid, arguments, out, err);
	close(out[1]);
	close(err[1]);
	if (!failed) {
		collect((int[]){out[0], err[0]}, (char *[]){output ? output : scratch, complaint},
			(size_t[]){output ? size : sizeof(scratch), sizeof(complaint)});
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	close(out[0]);
	close(err[0]);
	if (failed == ENOENT)
		return testbed_fail(error, EXIT_WRONG_INPUT,
				    "the command '%s' is missing; apt-get install iproute2 ethtool", arguments[0]);
	if (failed)
		return testbed_fail(error, EXIT_RUN_FAILED, "cannot run '%s': %s", arguments[0], strerror(failed));
	if (status == 0)
		return true;
	complaint[strcspn(complaint, "\n")] = 0;
	return testbed_fail(error, EXIT_RUN_FAILED, "%s: %s", arguments[0], *complaint ? complaint : "failed");
}

/* Draws a figure by running gnuplot on its script. */
#include "analysis/figure.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Runs gnuplot with @script as standard input and @output as standard output and error. Its wait status, or -1 (errno).
 */
static int run_gnuplot(FILE *script, FILE *output)
{
	char *argv[] = {"gnuplot", NULL};
	posix_spawn_file_actions_t actions;
	int status = -1, failed;
	pid_t pid;

	if (posix_spawn_file_actions_init(&actions))
		return -1;
	failed = posix_spawn_file_actions_adddup2(&actions, fileno(script), STDIN_FILENO) ||
		 posix_spawn_file_actions_adddup2(&actions, fileno(output), STDOUT_FILENO) ||
		 posix_spawn_file_actions_adddup2(&actions, fileno(output), STDERR_FILENO);
	failed = failed ? ENOMEM : posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (failed) {
		errno = failed;
		return -1;
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

/* What gnuplot complained of: the last line it printed that is not empty. */
static void last_line(FILE *output, char *line, size_t size)
{
	char text[512];

	snprintf(line, size, "no message");
	rewind(output);
	while (fgets(text, sizeof(text), output)) {
		text[strcspn(text, "\n")] = '\0';
		if (text[strspn(text, " \t^")])
			snprintf(line, size, "%s", text + strspn(text, " \t"));
	}
}

static int draw(FILE *script, FILE *output, const char *path, const char *partial, char *error, size_t error_size)
{
	char message[256];
	int status;

	/* gnuplot reads from the descriptor's offset. */
	if (fflush(script) || lseek(fileno(script), 0, SEEK_SET) < 0) {
		snprintf(error, error_size, "cannot write the gnuplot script: %s", strerror(errno));
		return 1;
	}
	status = run_gnuplot(script, output);
	if (status == -1 && errno == ENOENT) {
		snprintf(error, error_size,
			 "gnuplot is not installed; figures need it (Debian: apt-get install gnuplot-nox)");
		return 1;
	}
	if (status == -1) {
		snprintf(error, error_size, "cannot run gnuplot: %s", strerror(errno));
		return 1;
	}
	last_line(output, message, sizeof(message));
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		snprintf(error, error_size, "gnuplot failed drawing %s: %s", path, message);
		return 1;
	}
	if (rename(partial, path)) {
		snprintf(error, error_size, "cannot write %s: %s", path, strerror(errno));
		return 1;
	}
	return 0;
}

int figure_draw(const struct figure *figure, const struct figure_data *data, enum figure_format format,
		const char *path, char *error, size_t error_size)
{
	FILE *script = tmpfile(), *output = tmpfile();
	size_t size = strlen(path) + 32;
	char *partial = malloc(size);
	int status = 1;

	if (script && output && partial) {
		snprintf(partial, size, "%s.part-%ld", path, (long)getpid());
		figure_write_script(script, figure, data, format, partial);
		status = draw(script, output, path, partial, error, error_size);
		if (status)
			unlink(partial);
	} else {
		snprintf(error, error_size, "cannot make temporary files: %s", strerror(errno));
	}
	if (script)
		fclose(script);
	if (output)
		fclose(output);
	free(partial);
	return status;
}

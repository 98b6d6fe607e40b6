#include "harness/command.h"
#include "version.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORKERS_MAX 4096

#define NEAR_ENOUGH 2 /* edits between what was typed and what is suggested */

static const char *command_name = "ixlab"; /* what starts every complaint */

static void complain(const char *format, va_list args)
{
	char text[1024];

	/* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): clang-tidy 14 errs when it is given several files */
	vsnprintf(text, sizeof(text), format, args);
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = '?'; /* a newline typed into a value must not make two lines */
	fprintf(stderr, "%s: %s\n", command_name, text);
}

void command_complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
}

void command_reject(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
	exit(EXIT_WRONG_INPUT);
}

int command_close_output(int status)
{
	int failed = ferror(stdout);

	errno = 0;
	if (fclose(stdout) || failed) {
		command_complain("cannot write the output: %s", errno ? strerror(errno) : "write error");
		return status ? status : EXIT_RUN_FAILED;
	}
	return status;
}

/* Levenshtein's edit distance; words longer than @row are taken as far from everything. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t row[64], length = strlen(b);

	if (length >= sizeof(row) / sizeof(row[0]))
		return length;
	for (size_t j = 0; j <= length; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < length; j++) {
			size_t best = diagonal + (a[i] != b[j]);

			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j + 1] + 1 < best)
				best = row[j + 1] + 1;
			diagonal = row[j + 1];
			row[j + 1] = best;
		}
	}
	return row[length];
}

const char *command_nearest(const char *name, const char *const *names)
{
	const char *nearest = NULL;
	size_t least = NEAR_ENOUGH + 1;

	for (; *names; names++) {
		size_t distance = edit_distance(name, *names);

		if (distance < least && distance < strlen(*names)) {
			least = distance;
			nearest = *names;
		}
	}
	return nearest;
}

/* argp is told to stay silent (ARGP_NO_ERRS), which silences its --help too: both are done here, around the command's.
 */
enum { KEY_HELP = 1 << 16, KEY_VERSION };

static const struct argp_option common_options[] = {
    {"help", KEY_HELP, NULL, 0, "Print this help", -1},
    {"version", KEY_VERSION, NULL, 0, "Print the version", -1},
    {0},
};

struct parse {
	const struct argp *inner; /* the command's own */
	void *input;              /* and its input */
};

static const struct argp_option *find_option(const struct argp_option *option, const char *name)
{
	size_t length = strcspn(name, "=");

	for (; option && (option->name || option->key || option->doc); option++)
		if (option->name && strlen(option->name) == length && !strncmp(option->name, name, length))
			return option;
	return NULL;
}

/* Among the options of @argp and its children. */
static const struct argp_option *find_in(const struct argp *argp, const char *name)
{
	const struct argp_option *option = find_option(argp->options, name);

	for (const struct argp_child *child = argp->children; !option && child && child->argp; child++)
		option = find_in(child->argp, name);
	return option;
}

static void reject_option(const struct parse *parse, const char *text)
{
	const struct argp_option *option = NULL;

	if (!strncmp(text, "--", 2)) {
		option = find_in(parse->inner, text + 2);
		if (!option)
			option = find_option(common_options, text + 2);
	}
	if (option && option->arg)
		command_reject("option '%s' needs a value: --%s=%s", text, option->name, option->arg);
	if (option)
		command_reject("option '%s' takes no value", text);
	command_reject("'%s' is not an option or not used as one; see '%s --help'", text, command_name);
}

static error_t parse_common(int key, char *value, struct argp_state *state)
{
	struct parse *parse = state->input;
	int at = state->next - 1;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = parse->input;
		return 0;
	case KEY_HELP:
		argp_help(state->root_argp, stdout, ARGP_HELP_STD_HELP & ~ARGP_HELP_EXIT_OK, state->name);
		exit(command_close_output(EXIT_DONE));
	case KEY_VERSION:
		puts("ixlab " IXLAB_VERSION);
		exit(command_close_output(EXIT_DONE));
	case ARGP_KEY_ERROR: /* inside a group of short options, next still points at the group */
		reject_option(parse, at < 1 || state->argv[at][0] != '-' ? state->argv[at + 1] : state->argv[at]);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void command_parse(const struct argp *argp, int argc, char **argv, void *input)
{
	struct argp_child children[] = {{argp, 0, NULL, 0}, {0}};
	struct argp outer = {common_options, parse_common, NULL, NULL, children, NULL, NULL};
	struct parse parse = {argp, input};
	int first_left = argc;
	error_t error;

	command_name = argv[0];
	error = argp_parse(&outer, argc, argv, ARGP_NO_ERRS | ARGP_NO_HELP, &first_left, &parse);
	if (error)
		command_reject("cannot read the options: %s", strerror(error));
	if (first_left < argc)
		command_reject("unexpected argument '%s'; see '%s --help'", argv[first_left], command_name);
}

uint64_t command_number(const char *option, const char *text, uint64_t low, uint64_t high)
{
	char *end = NULL;
	uint64_t value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || value < low || value > high)
		command_reject("option '%s': '%s': must be a whole number from %" PRIu64 " to %" PRIu64, option, text,
			       low, high);
	return value;
}

unsigned command_jobs(const char *text)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (text)
		return (unsigned)command_number("-j", text, 1, WORKERS_MAX);
	return cores > 0 && cores < WORKERS_MAX ? (unsigned)cores : 1;
}

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
	interrupted = 1;
}

void command_catch_interrupts(void)
{
	struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

int command_interrupted(void)
{
	return interrupted;
}

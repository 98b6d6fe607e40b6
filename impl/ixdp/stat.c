/* The ixdp-stat program: shows the control page of a dataplane, live, and gives it commands. */
#include "impl/ixdp/client.h"
#include "impl/ixdp/stat_print.h"
#include "version.h"

#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define COMMANDS_MAX 32

enum { KEY_ONCE = 256, KEY_JSON, KEY_IDLE, KEY_WAKE, KEY_BATCH, KEY_CONNECTIONS, KEY_SPACING };

struct arguments {
	const char *name;
	int json, once;
	unsigned interval_ms;
	struct ixdp_command command[COMMANDS_MAX];
	const char *text[COMMANDS_MAX]; /* as typed */
	unsigned commands;
};

const char *argp_program_version = "ixdp-stat " IXLAB_VERSION;

static const struct argp_option options[] = {
    {"control", 'c', "NAME", 0, "Name of the control page (default: ixdp)", 1},
    {"json", KEY_JSON, NULL, 0, "A line of JSON each time", 1},
    {"once", KEY_ONCE, NULL, 0, "Show once and end", 1},
    {"interval", 'i', "MS", 0, "Milliseconds between two looks, 10 to 60000 (default: 1000)", 1},
    {"migrate", 'm', "GROUPS:THREAD", 0, "Move flow groups, like 0-63,70:1 or all:0, to a thread", 2},
    {"idle", KEY_IDLE, "THREAD", 0, "Park a thread that owns no flow group", 2},
    {"wake", KEY_WAKE, "THREAD", 0, "Let it run again", 2},
    {"batch", KEY_BATCH, "B", 0, "Set the batch bound", 2},
    {"connections-per-cycle", KEY_CONNECTIONS, "N", 0, "Connections taken at once (zygos)", 2},
    {"interrupt-spacing", KEY_SPACING, "NS", 0, "Between two interrupts of a thread (zygos)", 2},
    {0},
};

static int parse_number(const char *text, uint64_t most, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	return *text < '0' || *text > '9' || *end || errno || *value > most ? -1 : 0;
}

static int parse_groups(char *list, uint64_t *bits)
{
	char *rest = NULL, *part, *dash;
	uint64_t first, last;

	if (!strcmp(list, "all")) {
		memset(bits, 0xff, IXDP_CONTROL_GROUPS / 8);
		return 0;
	}
	for (part = strtok_r(list, ",", &rest); part; part = strtok_r(NULL, ",", &rest)) {
		dash = strchr(part, '-');
		if (dash)
			*dash = 0;
		if (parse_number(part, IXDP_CONTROL_GROUPS - 1, &first) ||
		    parse_number(dash ? dash + 1 : part, IXDP_CONTROL_GROUPS - 1, &last) || first > last)
			return -1;
		for (; first <= last; first++)
			bits[first / 64] |= 1ull << first % 64;
	}
	return 0;
}

static int parse_migration(const char *text, struct ixdp_command *command)
{
	char copy[512], *colon;
	uint64_t thread;

	if (strlen(text) >= sizeof(copy))
		return -1;
	memcpy(copy, text, strlen(text) + 1);
	colon = strchr(copy, ':');
	if (!colon || colon == copy || parse_number(colon + 1, IXDP_CONTROL_THREADS - 1, &thread))
		return -1;
	*colon = 0;
	command->thread = (uint32_t)thread;
	return parse_groups(copy, command->group);
}

static void add_command(struct arguments *a, int key, const char *value, struct argp_state *state)
{
	static const uint32_t types[] = {IXDP_IDLE, IXDP_WAKE, IXDP_BATCH, IXDP_CONNECTIONS, IXDP_SPACING};
	struct ixdp_command *command = &a->command[a->commands];
	uint64_t number = 0;

	if (a->commands == COMMANDS_MAX)
		argp_failure(state, 2, 0, "at most %d commands at a time", COMMANDS_MAX);
	command->type = key == 'm' ? IXDP_MIGRATE : types[key - KEY_IDLE];
	if (key == 'm' ? parse_migration(value, command) : parse_number(value, UINT64_MAX, &number))
		argp_failure(state, 2, 0, "'%s' is not allowed; %s", value,
			     key == 'm' ? "GROUPS:THREAD, like 0-63,70:1 or all:0" : "a number");
	if (key == KEY_IDLE || key == KEY_WAKE)
		command->thread = number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
	else
		command->value = number;
	a->text[a->commands++] = value;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct arguments *a = state->input;
	uint64_t number;

	switch (key) {
	case 'c':
		a->name = value;
		return 0;
	case 'i':
		if (parse_number(value, 60000, &number) || number < 10)
			argp_failure(state, 2, 0, "--interval: '%s' is not allowed; 10 to 60000", value);
		else
			a->interval_ms = (unsigned)number;
		return 0;
	case KEY_JSON:
		a->json = 1;
		return 0;
	case KEY_ONCE:
		a->once = 1;
		return 0;
	case 'm':
	case KEY_IDLE:
	case KEY_WAKE:
	case KEY_BATCH:
	case KEY_CONNECTIONS:
	case KEY_SPACING:
		add_command(a, key, value, state);
		return 0;
	case ARGP_KEY_ARG:
		argp_failure(state, 2, 0, "'%s' is not an option; see ixdp-stat --help", value);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
    options,
    parse,
    NULL,
    "Show what the threads of a dataplane do, or give it commands, in the order given.\v"
    "Exit codes: 0 done, 1 a command was refused or the dataplane has ended, 2 the input is "
    "wrong.",
    NULL,
    NULL,
    NULL};

static int run_commands(struct ixdp_control *control, struct arguments *a)
{
	for (unsigned i = 0; i < a->commands; i++) {
		struct ixdp_command *command = &a->command[i];

		if (ixdp_client_run(control, command) || command->result) {
			fprintf(stderr, "ixdp-stat: %s: %s\n", a->text[i], command->text);
			return 1;
		}
		stat_print_answer(command, a->json);
	}
	return 0;
}

static int show(struct ixdp_control *control, const struct arguments *a)
{
	struct stat_picture *before = calloc(1, sizeof(*before)), *now = calloc(1, sizeof(*now)), *swap;
	int code = before && now ? 0 : 1;

	if (!code)
		stat_look(control, before);
	while (!code) {
		usleep(a->interval_ms * 1000);
		stat_look(control, now);
		if (!a->json && !a->once && isatty(STDOUT_FILENO))
			fputs("\033[H\033[J", stdout);
		if (a->json)
			stat_print_json(now, before);
		else
			stat_print_table(now, before);
		if (fflush(stdout) || a->once)
			break;
		if (!ixdp_client_alive(control)) {
			fprintf(stderr, "ixdp-stat: the dataplane has ended\n");
			code = 1;
		}
		swap = before;
		before = now;
		now = swap;
	}
	free(before);
	free(now);
	return code;
}

int main(int argc, char **argv)
{
	static struct arguments arguments = {.name = "ixdp", .interval_ms = 1000};
	struct ixdp_control *control;
	char error[400];
	int code;

	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, &arguments);
	signal(SIGPIPE, SIG_IGN);
	control = ixdp_client_open(arguments.name, error, sizeof(error));
	if (!control) {
		fprintf(stderr, "ixdp-stat: %s\n", error);
		return 2;
	}
	code = arguments.commands ? run_commands(control, &arguments) : show(control, &arguments);
	ixdp_client_close(control);
	return code;
}

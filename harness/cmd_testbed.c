/* ixlab testbed: namespaces and interfaces in which the dataplane meets the kernel's TCP, without a network card. */
#include "harness/command.h"
#include "harness/testbed/testbed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEY_NAME = 1, KEY_DEVICE, KEY_QUEUES, KEY_DIRECTORY, KEY_SERVER };

struct testbed_input {
	const char *action;
	const char *name;
	const char *option; /* the last one given that belongs to `up` or `run` only */
	char option_of;     /* 'u' or 'r' */
	bool server;
	struct testbed bed; /* of `up` */
	enum testbed_device device;
};

static const struct argp_option options[] = {
    {"name", KEY_NAME, "NAME", 0, "Which testbed, if there are several (default: 'default')", 0},
    {"device", KEY_DEVICE, "veth|tap", 0,
     "Of up: a veth pair for the dataplane's back end af_packet (default), or a tap for its back end of that name", 0},
    {"queues", KEY_QUEUES, "N", 0, "Of up: queues of the interfaces and threads of the dataplane, 1 to 4 (default 1)",
     0},
    {"directory", KEY_DIRECTORY, "DIR", 0, "Of up: write ixdp.cfg to DIR, not to a temporary directory", 0},
    {"server", KEY_SERVER, NULL, 0, "Of run: on the dataplane's side, not on the clients'", 0},
    {0},
};

static void set_device(struct testbed_input *input, const char *value)
{
	for (int i = 0; i < TESTBED_DEVICES; i++)
		if (!strcmp(value, testbed_device_name[i])) {
			input->device = (enum testbed_device)i;
			return;
		}
	command_reject("--device '%s': allowed are veth and tap", value);
}

static void set_queues(struct testbed_input *input, const char *value)
{
	char *end;
	long queues = strtol(value, &end, 10);

	if (*end || end == value || queues < 1 || queues > TESTBED_QUEUES_MAX)
		command_reject("--queues '%s': allowed are 1 to %d", value, TESTBED_QUEUES_MAX);
	input->bed.queues = (unsigned)queues;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct testbed_input *input = state->input;

	switch (key) {
	case KEY_NAME:
		input->name = value;
		return 0;
	case KEY_DEVICE:
		set_device(input, value);
		input->option = "--device", input->option_of = 'u';
		return 0;
	case KEY_QUEUES:
		set_queues(input, value);
		input->option = "--queues", input->option_of = 'u';
		return 0;
	case KEY_DIRECTORY:
		if (!*value || strlen(value) >= sizeof(input->bed.directory))
			command_reject("--directory '%s': a directory is needed", value);
		snprintf(input->bed.directory, sizeof(input->bed.directory), "%s", value);
		input->option = "--directory", input->option_of = 'u';
		return 0;
	case KEY_SERVER:
		input->server = true;
		input->option = "--server", input->option_of = 'r';
		return 0;
	case ARGP_KEY_ARG:
		if (input->action)
			return ARGP_ERR_UNKNOWN;
		input->action = value;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "up|down|status\nrun [--] COMMAND [ARGUMENT...]",
    .doc =
	"A testbed on this machine alone: network namespaces in which the dataplane ixdp faces the kernel's TCP.\v"
	"'up' makes it and writes a configuration for ixdp; 'run --server ixdp -c FILE' starts the dataplane in it, "
	"'run "
	"COMMAND' a client; 'status' says what is there; 'down' removes all that 'up' made, and whatever is left of an "
	"'up' that was ended. The dataplane has the address " TESTBED_SERVER ", the client's side " TESTBED_CLIENT
	". Needs root.",
};

static int give_up(const struct testbed_error *error)
{
	command_complain("%s", error->text);
	return error->code;
}

static int do_up(struct testbed_input *input)
{
	struct testbed *bed = &input->bed;
	struct testbed_error error;

	if (!testbed_names(bed, input->name, input->device, &error) || !testbed_up(bed, &error))
		return give_up(&error);
	printf("namespace %s: %s, %s/24\n", bed->client_namespace,
	       bed->device == TESTBED_TAP ? "tap0, which the dataplane makes" : bed->client_interface, TESTBED_CLIENT);
	if (bed->device == TESTBED_VETH)
		printf("namespace %s: %s, for the dataplane, %s\n", bed->server_namespace, bed->server_interface,
		       TESTBED_SERVER);
	printf("queues: %u\nconfiguration: %s/ixdp.cfg\n", bed->queues, bed->directory);
	printf("dataplane: ixlab testbed run --name %s --server -- ixdp -c %s/ixdp.cfg\n", bed->name, bed->directory);
	printf("client: ixlab testbed run --name %s -- COMMAND\n", bed->name);
	return EXIT_DONE;
}

static int do_down(struct testbed_input *input)
{
	struct testbed_error error;
	char running[256];
	bool found;

	if (!testbed_down(input->name, &found, running, sizeof(running), &error))
		return give_up(&error);
	if (!found)
		printf("no testbed named '%s' is there\n", input->name);
	else
		printf("removed the testbed '%s'\n", input->name);
	if (*running)
		command_complain("processes that were started in it still run: %s", running);
	return EXIT_DONE;
}

static int do_status(struct testbed_input *input)
{
	struct testbed_error error;
	struct testbed bed = {0};
	char names[2048];

	if (!testbed_load(&bed, input->name, &error)) {
		if (testbed_list(names, sizeof(names)) > 0) {
			names[strcspn(names, "\n")] = 0;
			command_complain("%s; there is '%s'", error.text, names);
			return error.code;
		}
		return give_up(&error);
	}
	printf("testbed %s: %s, queues %u, configuration %s/ixdp.cfg\n", bed.name, testbed_device_name[bed.device],
	       bed.queues, bed.directory);
	if (!testbed_ready(&bed, &error))
		return give_up(&error);
	printf("interfaces are there; dataplane %s, client %s\n", TESTBED_SERVER, TESTBED_CLIENT);
	return EXIT_DONE;
}

static int do_run(struct testbed_input *input, char **command)
{
	struct testbed_error error;
	struct testbed bed = {0};

	if (!*command)
		command_reject("run needs a command; see 'ixlab testbed --help'");
	if (!testbed_load(&bed, input->name, &error) || (!input->server && !testbed_ready(&bed, &error)) ||
	    !testbed_enter(input->server ? bed.server_namespace : bed.client_namespace, &error))
		return give_up(&error);
	execvp(*command, command);
	command_complain("cannot run '%s': %s", *command, strerror(errno));
	return EXIT_WRONG_INPUT;
}

/* Where the command of `run` begins: behind "--", or at the second word that is neither an option nor its value. The
 * rest is not ours to parse. */
static int find_command(int argc, char **argv)
{
	int words = 0;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--"))
			return i;
		if (argv[i][0] == '-') {
			i += !strcmp(argv[i], "--name");
			continue;
		}
		if (words == 0 && strcmp(argv[i], "run") != 0)
			return argc;
		if (++words == 2)
			return i;
	}
	return argc;
}

int cmd_testbed(int argc, char **argv)
{
	static const char *const actions[] = {"up", "down", "status", "run", NULL};
	struct testbed_input input = {.name = "default", .bed = {.queues = 1}};
	int at = find_command(argc, argv);
	const char *nearest;

	command_parse(&argp, at, argv, &input);
	if (!input.action)
		command_reject("one of up, down, status and run is needed; see 'ixlab testbed --help'");
	if (input.option && input.option_of != *input.action)
		command_reject("option '%s' does not belong to '%s'", input.option, input.action);
	if (!strcmp(input.action, "run"))
		return do_run(&input, argv + at + (at < argc && !strcmp(argv[at], "--")));
	if (at < argc)
		command_reject("unexpected argument '%s'; see 'ixlab testbed --help'", argv[at]);
	if (!strcmp(input.action, "up"))
		return do_up(&input);
	if (!strcmp(input.action, "down"))
		return do_down(&input);
	if (!strcmp(input.action, "status"))
		return do_status(&input);
	nearest = command_nearest(input.action, actions);
	command_reject("'%s' is not one of up, down, status and run%s%s%s", input.action,
		       nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

/* The ixlab command: finds the command asked for in its table and runs it. */
#include "harness/command.h"
#include "version.h"

#include <gsl/gsl_errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct command commands[] = {
    {"queue", "Simulate one queueing model at one load", cmd_queue},
    {"system", "Simulate clients, wire and a server, one of the systems compared, at one load", cmd_system},
    {"explain", "Say where the time of the slow requests went", cmd_explain},
    {"packet", "Move real TCP between simulated hosts, through loss, reordering and migration", cmd_packet},
    {"slo", "Search the maximum load at which p99 stays within a limit", cmd_slo},
    {"run", "Compute an experiment file's points into a database", cmd_run},
    {"merge", "Add the runs of databases to another", cmd_merge},
    {"figure", "Draw a figure from the results in a database", cmd_figure},
    {"calibrate", "Fit constants of the simulated systems to measured figures", cmd_calibrate},
    {"compare", "Measure every published figure and print both values side by side", cmd_compare},
    {"report", "Write one HTML page of all figures and their numbers", cmd_report},
    {"testbed", "Make namespaces in which the dataplane meets the kernel's TCP", cmd_testbed},
    {"doctor", "Say what works on this machine, and how to get the rest", cmd_doctor},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void print_help(void)
{
	puts("Usage: ixlab COMMAND [OPTION...]\n"
	     "A laboratory for the IX and ZygOS dataplanes: queueing models, simulation, measurement.\n"
	     "\n"
	     "Commands:");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		printf("  %-10s %s\n", commands[i].name, commands[i].summary);
	puts("\n"
	     "Options:\n"
	     "  --help     Print this help; after a command, that of the command\n"
	     "  --version  Print the version\n"
	     "\n"
	     "Exit codes: 0 done, 1 the run failed, 2 the input is wrong (one line on standard error says what).");
}

static _Noreturn void reject_command(const char *name)
{
	const char *names[COMMAND_COUNT + 1] = {NULL}, *nearest;

	for (size_t i = 0; i < COMMAND_COUNT; i++)
		names[i] = commands[i].name;
	nearest = command_nearest(name, names);
	if (nearest)
		command_reject("'%s' is not a command; did you mean '%s'?", name, nearest);
	command_reject("'%s' is not a command; 'ixlab --help' lists them", name);
}

static int run_command(const struct command *command, int argc, char **argv)
{
	char name[64];

	snprintf(name, sizeof(name), "ixlab %s", command->name);
	argv[0] = name;
	return command->run(argc, argv);
}

int main(int argc, char **argv)
{
	gsl_set_error_handler_off(); /* its own ends the program; results are checked where they are used */
	signal(SIGPIPE, SIG_IGN);    /* a closed pipe shows when the output is closed */
	if (argc < 2)
		command_reject("a command is needed; 'ixlab --help' lists them");
	if (!strcmp(argv[1], "--help")) {
		print_help();
		return command_close_output(EXIT_DONE);
	}
	if (!strcmp(argv[1], "--version")) {
		puts("ixlab " IXLAB_VERSION);
		return command_close_output(EXIT_DONE);
	}
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (!strcmp(argv[1], commands[i].name))
			return command_close_output(run_command(&commands[i], argc - 1, argv + 1));
	reject_command(argv[1]);
}

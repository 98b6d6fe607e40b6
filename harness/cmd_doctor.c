/* ixlab doctor: what works on this machine, and how to get the rest. */
#include "harness/command.h"

#include <stdio.h>

int cmd_doctor(int argc, char **argv)
{
	static const struct argp argp = {.doc = "Say what works on this machine, and how to get the rest."};

	command_parse(&argp, argc, argv, NULL);
	return EXIT_DONE;
}

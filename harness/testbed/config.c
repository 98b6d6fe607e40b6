/* The configuration file for the dataplane that goes with a testbed. */
#include "harness/testbed/internal.h"

#include "harness/command.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void testbed_config_path(const struct testbed *bed, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%.*s/ixdp.cfg", PATH_MAX - 16, bed->directory);
}

bool testbed_config_write(const struct testbed *bed, struct testbed_error *error)
{
	char path[PATH_MAX];
	FILE *file;
	int failed;

	testbed_config_path(bed, path);
	file = fopen(path, "we");
	if (!file)
		return testbed_fail(error, EXIT_WRONG_INPUT, "cannot write %s: %s", path, strerror(errno));
	fprintf(file,
		"# Written by 'ixlab testbed up', removed by 'ixlab testbed down': copy it to keep what you change.\n"
		"address = \"" TESTBED_SERVER "\";\n"
		"prefix = 24;\n"
		"threads = %u;\n"
		"control = \"ixdp-%s\";\n"
		"device: {\n"
		"\ttype = \"%s\";\n"
		"\tinterface = \"%s\";\n"
		"\tqueues = %u;\n"
		"};\n"
		"application: {\n"
		"\tname = \"echo\";\n"
		"};\n",
		bed->queues, bed->name, bed->device == TESTBED_TAP ? "tap" : "af_packet", bed->server_interface,
		bed->queues);
	failed = ferror(file);
	if (fclose(file) || failed)
		return testbed_fail(error, EXIT_RUN_FAILED, "cannot write %s: %s", path, strerror(errno));
	return true;
}

/* What testbed_up() remembers for testbed_down(): a libconfig file. */
#include "harness/testbed/internal.h"

#include "harness/command.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libconfig.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATE_DIRECTORY "/run/ixlab"
#define STATE_PREFIX    "testbed-"

void testbed_state_path(const char *name, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, STATE_DIRECTORY "/" STATE_PREFIX "%s", name);
}

bool testbed_state_create(const struct testbed *bed, struct testbed_error *error)
{
	char path[PATH_MAX];
	FILE *file;
	int fd;

	testbed_state_path(bed->name, path);
	if (mkdir(STATE_DIRECTORY, 0755) && errno != EEXIST)
		return testbed_fail(error, EXIT_RUN_FAILED, "cannot make " STATE_DIRECTORY ": %s", strerror(errno));
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 && errno == EEXIST)
		return testbed_fail(
		    error, EXIT_WRONG_INPUT,
		    "a testbed named '%s' is there already; remove it with 'ixlab testbed down --name %s', "
		    "or choose another --name",
		    bed->name, bed->name);
	file = fd < 0 ? NULL : fdopen(fd, "w");
	if (!file) {
		if (fd >= 0)
			close(fd);
		return testbed_fail(error, EXIT_RUN_FAILED, "cannot write %s: %s", path, strerror(errno));
	}
	fprintf(file, "device = \"%s\";\nqueues = %u;\ndirectory = \"%s\";\ntemporary = %s;\n",
		testbed_device_name[bed->device], bed->queues, bed->directory, bed->temporary ? "true" : "false");
	if (fclose(file)) {
		unlink(path);
		return testbed_fail(error, EXIT_RUN_FAILED, "cannot write %s: %s", path, strerror(errno));
	}
	return true;
}

static bool read_fields(struct testbed *bed, const config_t *config)
{
	const char *device, *directory;
	int queues, temporary;

	if (!config_lookup_string(config, "device", &device) || !config_lookup_int(config, "queues", &queues) ||
	    !config_lookup_string(config, "directory", &directory) ||
	    !config_lookup_bool(config, "temporary", &temporary) || queues < 1 || queues > TESTBED_QUEUES_MAX)
		return false;
	bed->device = strcmp(device, testbed_device_name[TESTBED_TAP]) ? TESTBED_VETH : TESTBED_TAP;
	bed->queues = (unsigned)queues;
	bed->temporary = temporary;
	snprintf(bed->directory, sizeof(bed->directory), "%s", directory);
	return true;
}

bool testbed_state_read(struct testbed *bed, const char *name, bool *found, struct testbed_error *error)
{
	char path[PATH_MAX];
	config_t config;
	bool readable;

	if (!testbed_names(bed, name, TESTBED_VETH, error))
		return false;
	testbed_state_path(name, path);
	*found = !access(path, F_OK);
	if (!*found)
		return true;
	config_init(&config);
	readable = config_read_file(&config, path) && read_fields(bed, &config);
	config_destroy(&config);
	if (!readable) /* written only in part: there is nothing in it that the name does not tell */
		bed->directory[0] = 0;
	return testbed_names(bed, name, bed->device, error);
}

unsigned testbed_list(char *text, unsigned size)
{
	DIR *directory = opendir(STATE_DIRECTORY);
	const struct dirent *entry;
	unsigned n = 0, length = 0;

	text[0] = 0;
	while (directory && (entry = readdir(directory)))
		if (!strncmp(entry->d_name, STATE_PREFIX, strlen(STATE_PREFIX)) && length < size) {
			length += (unsigned)snprintf(text + length, size - length, "%s\n",
						     entry->d_name + strlen(STATE_PREFIX));
			n++;
		}
	if (directory)
		closedir(directory);
	return n;
}

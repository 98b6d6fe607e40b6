/* The life of a testbed: made in one go, or not at all. */
#include "harness/testbed/testbed.h"
#include "harness/testbed/internal.h"

#include "harness/command.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

const char *const testbed_device_name[TESTBED_DEVICES] = {"veth", "tap"};

bool testbed_names(struct testbed *bed, const char *name, enum testbed_device device, struct testbed_error *error)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	size_t length = strlen(name);

	if (length == 0 || length > TESTBED_NAME_MAX || strspn(name, allowed) != length)
		return testbed_fail(error, EXIT_WRONG_INPUT,
				    "--name '%s': allowed are 1 to %d letters, digits, '-' and '_'", name,
				    TESTBED_NAME_MAX);
	snprintf(bed->name, sizeof(bed->name), "%s", name);
	bed->device = device;
	snprintf(bed->client_namespace, sizeof(bed->client_namespace), "ixlab-%s-client", name);
	snprintf(bed->server_namespace, sizeof(bed->server_namespace), "ixlab-%s-%s", name,
		 device == TESTBED_TAP ? "client" : "server");
	bed->client_interface = device == TESTBED_TAP ? "tap0" : "client0";
	bed->server_interface = device == TESTBED_TAP ? "tap0" : "server0";
	return true;
}

bool testbed_namespace_exists(const char *name_space)
{
	char path[128];

	snprintf(path, sizeof(path), "/run/netns/%s", name_space);
	return !access(path, F_OK);
}

/* Root, and a system (a container often is none) that allows namespaces. */
static bool allowed(struct testbed_error *error)
{
	int status = 0;
	pid_t pid;

	if (geteuid() != 0)
		return testbed_fail(error, EXIT_WRONG_INPUT,
				    "network namespaces need root; run it as root, for example with sudo");
	pid = fork();
	if (pid == 0)
		_exit(unshare(CLONE_NEWNET) ? errno & 0x7f : 0);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return testbed_fail(error, EXIT_RUN_FAILED, "cannot start a process: %s", strerror(errno));
	if (WEXITSTATUS(status) != 0)
		return testbed_fail(
		    error, EXIT_WRONG_INPUT,
		    "this system forbids network namespaces (%s); they need CAP_SYS_ADMIN, in a container "
		    "for example 'docker run --privileged'",
		    strerror(WEXITSTATUS(status)));
	return true;
}

static bool make_directory(struct testbed *bed, struct testbed_error *error)
{
	const char *parent = getenv("TMPDIR");
	char path[PATH_MAX];

	bed->temporary = !bed->directory[0];
	if (!bed->temporary) {
		if (!realpath(bed->directory, path))
			return testbed_fail(error, EXIT_WRONG_INPUT, "--directory '%s': %s", bed->directory,
					    strerror(errno));
		memcpy(bed->directory, path, sizeof(path));
	} else {
		snprintf(bed->directory, sizeof(bed->directory), "%s/ixlab-testbed-XXXXXX",
			 parent && *parent ? parent : "/tmp");
		if (!mkdtemp(bed->directory))
			return testbed_fail(error, EXIT_RUN_FAILED, "cannot make the directory %s: %s", bed->directory,
					    strerror(errno));
	}
	/* It is written into configuration files as it is. */
	if (strpbrk(bed->directory, "\"\\\n"))
		return testbed_fail(error, EXIT_WRONG_INPUT,
				    "--directory: a path without quotes, backslashes and newlines is needed");
	return true;
}

/* Nothing that this testbed makes may be there already. */
static bool unused(const struct testbed *bed, struct testbed_error *error)
{
	char path[PATH_MAX];

	testbed_config_path(bed, path);
	if (!access(path, F_OK))
		return testbed_fail(error, EXIT_WRONG_INPUT,
				    "%s is there already; remove it, or choose another --directory", path);
	if (testbed_namespace_exists(bed->client_namespace) || testbed_namespace_exists(bed->server_namespace))
		return testbed_fail(
		    error, EXIT_WRONG_INPUT,
		    "namespaces of a testbed named '%s' are there already; remove them with 'ixlab testbed "
		    "down --name %s', or choose another --name",
		    bed->name, bed->name);
	return true;
}

static bool make_namespaces(const struct testbed *bed, struct testbed_error *error)
{
	if (!TESTBED_EXECUTE(error, "ip", "netns", "add", bed->client_namespace))
		return false;
	return bed->device == TESTBED_TAP || TESTBED_EXECUTE(error, "ip", "netns", "add", bed->server_namespace);
}

bool testbed_up(struct testbed *bed, struct testbed_error *error)
{
	struct testbed_error ignored;
	char running[256];
	bool found;

	if (!allowed(error) || !make_directory(bed, error))
		return false;
	if (!unused(bed, error) || !testbed_state_create(bed, error)) {
		if (bed->temporary)
			rmdir(bed->directory);
		return false;
	}
	if (make_namespaces(bed, error) && testbed_interfaces_make(bed, error) && testbed_config_write(bed, error))
		return true;
	testbed_down(bed->name, &found, running, sizeof(running), &ignored);
	return false;
}

bool testbed_load(struct testbed *bed, const char *name, struct testbed_error *error)
{
	bool found;

	if (!testbed_state_read(bed, name, &found, error))
		return false;
	if (!found || !testbed_namespace_exists(bed->client_namespace))
		return testbed_fail(error, EXIT_WRONG_INPUT,
				    "no testbed named '%s' is there; make it with 'ixlab testbed up --name %s'", name,
				    name);
	return true;
}

/* Which processes still run in a namespace: "12 13 ". */
static void append_running(const char *name_space, char *running, unsigned size)
{
	struct testbed_error error;
	char pids[256] = "";
	unsigned length = (unsigned)strlen(running);

	if (!testbed_execute((const char *const[]){"ip", "netns", "pids", name_space, NULL}, pids, sizeof(pids),
			     &error))
		return;
	for (char *c = pids; *c; c++)
		if (*c == '\n')
			*c = ' ';
	if (length < size)
		snprintf(running + length, size - length, "%s", pids);
}

/* Interfaces first: a namespace lives as long as a process is in it, whether or not its name does. */
static bool remove_namespace(const char *name_space, const char *const *interfaces, bool *found, char *running,
			     unsigned size, struct testbed_error *error)
{
	struct testbed_error ignored;

	if (!testbed_namespace_exists(name_space))
		return true;
	*found = true;
	append_running(name_space, running, size);
	for (; *interfaces; interfaces++)
		TESTBED_EXECUTE(&ignored, "ip", "-n", name_space, "link", "del", "dev", *interfaces);
	if (TESTBED_EXECUTE(error, "ip", "netns", "del", name_space))
		return true;
	/* `ip netns add` stopped between making the file and mounting the namespace on it. */
	char path[128];

	snprintf(path, sizeof(path), "/run/netns/%s", name_space);
	return !unlink(path);
}

bool testbed_down(const char *name, bool *found, char *running, unsigned size, struct testbed_error *error)
{
	static const char *const interfaces[] = {"server0", "client0", "tap0", NULL};
	struct testbed bed = {0};
	char path[PATH_MAX];
	bool done;

	running[0] = 0;
	if (!testbed_state_read(&bed, name, found, error))
		return false;
	if (!*found && !testbed_namespace_exists(bed.client_namespace) &&
	    !testbed_namespace_exists(bed.server_namespace))
		return true;
	if (!allowed(error))
		return false;
	testbed_names(&bed, name, TESTBED_VETH, error); /* whatever the state file says: both namespaces */
	done = remove_namespace(bed.server_namespace, interfaces, found, running, size, error);
	done = remove_namespace(bed.client_namespace, interfaces, found, running, size, error) && done;
	if (bed.directory[0]) {
		testbed_config_path(&bed, path);
		unlink(path);
		if (bed.temporary)
			rmdir(bed.directory);
	}
	testbed_state_path(name, path);
	if (done && unlink(path) && errno != ENOENT)
		return testbed_fail(error, EXIT_RUN_FAILED, "cannot remove %s: %s", path, strerror(errno));
	return done;
}

bool testbed_enter(const char *name_space, struct testbed_error *error)
{
	char path[128];
	int fd;

	if (!allowed(error))
		return false;
	snprintf(path, sizeof(path), "/run/netns/%s", name_space);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET)) {
		testbed_fail(error, EXIT_RUN_FAILED, "cannot enter the namespace %s: %s", name_space, strerror(errno));
		if (fd >= 0)
			close(fd);
		return false;
	}
	close(fd);
	/* A mount of its own, so that /sys/class/net shows the interfaces of this namespace. */
	if (unshare(CLONE_NEWNS) || mount("", "/", "none", MS_SLAVE | MS_REC, NULL))
		return testbed_fail(error, EXIT_RUN_FAILED, "cannot separate the mounts: %s", strerror(errno));
	umount2("/sys", MNT_DETACH);
	if (mount(name_space, "/sys", "sysfs", 0, NULL))
		return testbed_fail(error, EXIT_RUN_FAILED, "cannot mount /sys: %s", strerror(errno));
	return true;
}

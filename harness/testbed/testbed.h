/*
 * A testbed without hardware: two network namespaces on this machine joined by a veth pair, or one namespace with the
 * kernel tap that the dataplane makes. In either the dataplane faces the kernel's TCP as its peer. Needs root, and the
 * commands ip and ethtool.
 */
#ifndef IXLAB_HARNESS_TESTBED_H
#define IXLAB_HARNESS_TESTBED_H

#include <limits.h>
#include <stdbool.h>

#define TESTBED_QUEUES_MAX 4
#define TESTBED_NAME_MAX   32
#define TESTBED_SUBNET     "10.77.0"
#define TESTBED_SERVER     TESTBED_SUBNET ".1" /* the dataplane's address */
#define TESTBED_CLIENT     TESTBED_SUBNET ".2" /* the kernel's, in the client namespace */

enum testbed_device { TESTBED_VETH, TESTBED_TAP, TESTBED_DEVICES };
extern const char *const testbed_device_name[TESTBED_DEVICES];

struct testbed {
	char name[TESTBED_NAME_MAX + 1];
	enum testbed_device device;
	unsigned queues;              /* 1 to TESTBED_QUEUES_MAX */
	char directory[PATH_MAX];     /* that of the configuration file; "" before testbed_up(): a temporary one */
	bool temporary;               /* testbed_up() made the directory */
	char client_namespace[64];    /* where clients run */
	char server_namespace[64];    /* where the dataplane runs; with a tap the same one */
	const char *client_interface; /* of the kernel, with TESTBED_CLIENT */
	const char *server_interface; /* the dataplane's end: no address, the kernel keeps silent on it */
};

/* What went wrong, in one line, and the exit code that it means (harness/command.h). */
struct testbed_error {
	int code;
	char text[512];
};

/* Sets the names that follow from @name and @device. False with *error if @name cannot be one. */
bool testbed_names(struct testbed *bed, const char *name, enum testbed_device device, struct testbed_error *error);

/* Makes all of it from name, device, queues and directory. On failure nothing is left. */
bool testbed_up(struct testbed *bed, struct testbed_error *error);

/* Removes all of the testbed @name, a half-made one too; *found says whether there was anything. The interfaces are gone
 * even if processes still run in the namespaces: their identifiers are written to @running, of @size bytes. */
bool testbed_down(const char *name, bool *found, char *running, unsigned size, struct testbed_error *error);

/* Reads what testbed_up() made. */
bool testbed_load(struct testbed *bed, const char *name, struct testbed_error *error);

/* Makes this process and what it starts part of @name_space, with the files of /sys that belong to it. */
bool testbed_enter(const char *name_space, struct testbed_error *error);

/* Are the interfaces there? A tap, which the dataplane makes, is given its address and settings here. */
bool testbed_ready(const struct testbed *bed, struct testbed_error *error);

/* The names of the testbeds that have a state file, each on a line of @text; returns how many. */
unsigned testbed_list(char *text, unsigned size);

#endif

#ifndef IXLAB_HARNESS_TESTBED_INTERNAL_H
#define IXLAB_HARNESS_TESTBED_INTERNAL_H

#include "harness/testbed/testbed.h"

#include <stddef.h>

/* Sets *error; returns false. */
__attribute__((format(printf, 3, 4))) bool testbed_fail(struct testbed_error *error, int code, const char *format, ...);

/* Runs a program of PATH with the given arguments (NULL at the end) and waits. True if it exited with 0; otherwise *error
 * is its first line on standard error. What it prints goes to @output, of @size bytes, unless that is NULL. */
bool testbed_execute(const char *const *arguments, char *output, size_t size, struct testbed_error *error);
#define TESTBED_EXECUTE(error, ...) testbed_execute((const char *const[]){__VA_ARGS__, NULL}, NULL, 0, error)

/* The state file, /run/ixlab/testbed-NAME. testbed_state_create() fails if it is there: it is also the lock. */
void testbed_state_path(const char *name, char path[PATH_MAX]);
bool testbed_state_create(const struct testbed *bed, struct testbed_error *error);
bool testbed_state_read(struct testbed *bed, const char *name, bool *found, struct testbed_error *error);

/* DIRECTORY/ixdp.cfg: a configuration with which the dataplane runs here. */
void testbed_config_path(const struct testbed *bed, char path[PATH_MAX]);
bool testbed_config_write(const struct testbed *bed, struct testbed_error *error);

/* The interfaces, their addresses and settings; needs the namespaces. */
bool testbed_interfaces_make(const struct testbed *bed, struct testbed_error *error);

bool testbed_namespace_exists(const char *name_space);

#endif

/*
 * The interfaces of a testbed. Of the dataplane's end the kernel must keep its hands: no address of either family, no
 * forwarding. Checksums are computed by whoever sends: with the kernel's offload on, a frame on a veth pair has none,
 * and segments may be larger than any frame.
 */
#include "harness/testbed/internal.h"

#include "harness/command.h"
#include <stdio.h>

static bool offloads_off(const char *name_space, const char *interface, struct testbed_error *error)
{
	return TESTBED_EXECUTE(error, "ip", "netns", "exec", name_space, "ethtool", "-K", interface, "tx", "off", "tso",
			       "off", "gso", "off", "gro", "off");
}

static bool no_ipv6(const char *name_space, const char *interface, struct testbed_error *error)
{
	char command[256];

	/* A kernel without IPv6 has no such file, and nothing to be kept from. */
	snprintf(command, sizeof(command),
		 "f=/proc/sys/net/ipv6/conf/%s/disable_ipv6; if [ -e $f ]; then echo 1 >$f; fi", interface);
	return TESTBED_EXECUTE(error, "ip", "netns", "exec", name_space, "sh", "-c", command);
}

static bool make_veth(const struct testbed *bed, struct testbed_error *error)
{
	char queues[8];

	snprintf(queues, sizeof(queues), "%u", bed->queues);
	return TESTBED_EXECUTE(error, "ip", "-n", bed->server_namespace, "link", "add", bed->server_interface,
			       "numtxqueues", queues, "numrxqueues", queues, "type", "veth", "peer", "name",
			       bed->client_interface, "numtxqueues", queues, "numrxqueues", queues, "netns",
			       bed->client_namespace) &&
	       offloads_off(bed->server_namespace, bed->server_interface, error) &&
	       no_ipv6(bed->server_namespace, bed->server_interface, error) &&
	       TESTBED_EXECUTE(error, "ip", "-n", bed->server_namespace, "link", "set", bed->server_interface, "up");
}

static const char client_address[] = TESTBED_CLIENT "/24";

/* The client's end; also done again, a tap comes and goes with the dataplane. */
static bool settle_client(const struct testbed *bed, struct testbed_error *error)
{
	return offloads_off(bed->client_namespace, bed->client_interface, error) &&
	       no_ipv6(bed->client_namespace, bed->client_interface, error) &&
	       TESTBED_EXECUTE(error, "ip", "-n", bed->client_namespace, "addr", "replace", client_address, "dev",
			       bed->client_interface) &&
	       TESTBED_EXECUTE(error, "ip", "-n", bed->client_namespace, "link", "set", bed->client_interface, "up");
}

bool testbed_interfaces_make(const struct testbed *bed, struct testbed_error *error)
{
	if (!TESTBED_EXECUTE(error, "ip", "-n", bed->client_namespace, "link", "set", "lo", "up"))
		return false;
	return bed->device == TESTBED_TAP || (make_veth(bed, error) && settle_client(bed, error));
}

static bool is_there(const char *name_space, const char *interface)
{
	struct testbed_error error;

	return TESTBED_EXECUTE(&error, "ip", "-n", name_space, "link", "show", "dev", interface);
}

bool testbed_ready(const struct testbed *bed, struct testbed_error *error)
{
	if (bed->device == TESTBED_VETH && !is_there(bed->server_namespace, bed->server_interface))
		return testbed_fail(error, EXIT_RUN_FAILED, "interface %s is missing in namespace %s",
				    bed->server_interface, bed->server_namespace);
	if (!is_there(bed->client_namespace, bed->client_interface))
		return testbed_fail(error, EXIT_RUN_FAILED, "interface %s is missing in namespace %s%s",
				    bed->client_interface, bed->client_namespace,
				    bed->device == TESTBED_TAP ? "; the dataplane makes it: start that first" : "");
	return bed->device == TESTBED_VETH || settle_client(bed, error);
}

/* From an option to a device of DPDK, with causes that DPDK itself does not tell. */
#include "impl/nic/internal.h"

#include <rte_dev.h>

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const nic_type_name[NIC_TYPES] = {"memif", "af_packet", "af_xdp", "ring", "tap", "ethdev"};

/* Does a process listen at the socket? One that nobody listens at is left over and may go. The list of the kernel says
 * it; to try and connect would upset the interrupt thread of a DPDK that listens. */
static int socket_is_busy(const char *path)
{
	FILE *list = fopen("/proc/net/unix", "re");
	char line[256], name[120];
	unsigned flags;
	int busy = 0;

	while (list && !busy && fgets(line, sizeof(line), list))
		busy = sscanf(line, "%*s %*x %*x %x %*x %*x %*u %119s", &flags, name) == 2 &&
		       (flags & 0x10000 /* it accepts connections */) && !strcmp(name, path);
	if (list)
		fclose(list);
	return busy;
}

static int check_socket(const struct nic_options *o, struct nic_error *error)
{
	char folder[108], *slash;
	struct stat status;

	if (strlen(o->name) >= sizeof(folder))
		return nic_fail(error, -2, "socket", "a path of at most %zu characters", sizeof(folder) - 1);
	snprintf(folder, sizeof(folder), "%s", o->name);
	slash = strrchr(folder, '/');
	if (slash == folder)
		slash[1] = 0;
	else if (slash)
		*slash = 0;
	if (slash && access(folder, W_OK | X_OK))
		return nic_fail(error, -2, "socket", "%s: %s; name a socket in a directory that can be written to",
				folder, strerror(errno));
	if (stat(o->name, &status))
		return o->memif_server || errno == ENOENT ? 0 : nic_fail(error, -2, "socket", "%s", strerror(errno));
	if (!S_ISSOCK(status.st_mode))
		return nic_fail(error, -2, "socket", "exists and is no socket; name another");
	if (o->memif_server && socket_is_busy(o->name))
		return nic_fail(error, -2, "socket", "in use by another process; end it, or name another socket");
	if (o->memif_server)
		unlink(o->name);
	return 0;
}

static int check_interface(const struct nic_options *o, struct nic_error *error)
{
	int fd;

	if (strlen(o->name) >= IFNAMSIZ)
		return nic_fail(error, -2, "interface", "a name of at most %d characters", IFNAMSIZ - 1);
	if (o->type == NIC_TAP) {
		if (if_nametoindex(o->name))
			return nic_fail(error, -2, "interface", "exists; name one that does not, ixdp makes it");
		if (access("/dev/net/tun", R_OK | W_OK))
			return nic_fail(error, -2, "type", "/dev/net/tun: %s; run as root, or load the module tun",
					strerror(errno));
		return 0;
	}
	if (!if_nametoindex(o->name))
		return nic_fail(error, -2, "interface", "does not exist; `ip link` shows those that do");
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return nic_fail(error, -2, "interface", "%s: run as root or with CAP_NET_RAW", strerror(errno));
	close(fd);
	return 0;
}

static int attach_pci(struct nic *nic, struct nic_error *error)
{
	if (rte_eth_dev_get_port_by_name(nic->options.name, &nic->port))
		return nic_fail(error, -2, "pci",
				"DPDK finds no such device (%s); `dpdk-devbind.py --status` shows them; bind it to "
				"vfio-pci",
				nic_eal_complaint());
	snprintf(nic->device, sizeof(nic->device), "%s", nic->options.name);
	return 0;
}

static void describe(const struct nic *nic, char *text, size_t size)
{
	const struct nic_options *o = &nic->options;

	switch (o->type) {
	case NIC_MEMIF:
		snprintf(text, size, "role=%s,id=0,socket=%s,socket-abstract=no%s",
			 o->memif_server ? "server" : "client", o->name, o->memif_server ? "" : ",zero-copy=yes");
		break;
	case NIC_AF_PACKET:
		snprintf(text, size, "iface=%s,qpairs=%u,blocksz=65536,framesz=2048,framecnt=%u", o->name,
			 o->queues ? o->queues : 1, o->descriptors);
		break;
	case NIC_TAP:
	case NIC_AF_XDP:
		snprintf(text, size, "iface=%s", o->name);
		break;
	default:
		text[0] = 0;
	}
}

int nic_attach(struct nic *nic, struct nic_error *error)
{
	static const char *const driver[NIC_TYPES] = {"net_memif0", "net_af_packet0", "net_af_xdp0",
						      "net_ring0",  "net_tap0",       ""};
	const struct nic_options *o = &nic->options;
	char arguments[512];

	if (o->type == NIC_ETHDEV)
		return attach_pci(nic, error);
	snprintf(nic->device, sizeof(nic->device), "%s", driver[o->type]);
	describe(nic, arguments, sizeof(arguments));
	if (rte_eal_hotplug_add("vdev", nic->device, arguments) ||
	    rte_eth_dev_get_port_by_name(nic->device, &nic->port))
		return nic_fail(error, -1, "type", "DPDK cannot open the device: %s", nic_eal_complaint());
	nic->attached = 1;
	return 0;
}

/* What can be told without DPDK is told before it starts. */
int nic_check_device(const struct nic_options *options, struct nic_error *error)
{
	if (options->type == NIC_MEMIF)
		return check_socket(options, error);
	if (options->type == NIC_RING || options->type == NIC_ETHDEV)
		return 0;
	return check_interface(options, error);
}

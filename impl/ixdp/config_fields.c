#include "impl/ixdp/config_fields.h"
#include "impl/ixdp/config.h"

static const char *const orders[] = {"paper", "code", NULL};
static const char *const idles[] = {"poll", "sleep", "yield", NULL};
const char *const ixdp_scheduler_names[] = {"ix", "zygos", "zygos-cooperative", NULL};
static const char *const types[] = {"memif", "af_packet", "af_xdp", "ring", "tap", "ethdev", NULL};
static const char *const roles[] = {"client", "server", NULL};
static const char *const choices[] = {"auto", "yes", "no", NULL};

#define AT(member) offsetof(struct ixdp_config, member)
#define NUMBER(group, key, member, low, high, fallback, help)                                                          \
	{                                                                                                              \
		group, key, IXDP_NUMBER, AT(member), low, high, NULL, fallback, help                                   \
	}
#define CHOICE(group, key, member, names, fallback, help)                                                              \
	{                                                                                                              \
		group, key, IXDP_CHOICE, AT(member), 0, 0, names, fallback, help                                       \
	}
#define OTHER(group, key, kind, member, help)                                                                          \
	{                                                                                                              \
		group, key, kind, AT(member), 0, 0, NULL, -1, help                                                     \
	}

const struct ixdp_field ixdp_fields[] = {
    OTHER("", "address", IXDP_ADDRESS, address, "the dataplane's own; needed"),
    NUMBER("", "prefix", prefix, 1, 30, 24, "length of the network's part"),
    OTHER("", "gateway", IXDP_ADDRESS, gateway, "to other networks; none"),
    OTHER("", "mac", IXDP_MAC, mac, "the device's"),
    NUMBER("", "threads", threads, 1, IX_THREADS_MAX, 1, "elastic threads"),
    OTHER("", "cores", IXDP_CORES, core, "processors of the threads, in order; 0, 1, ..."),
    NUMBER("", "groups", groups, 1, IX_RSS_GROUPS_MAX, 128, "flow groups, a power of two"),
    NUMBER("", "batch_bound", batch_bound, 1, IX_BATCH_MAX, 64, "packets processed in a cycle at most"),
    CHOICE("", "transmit_order", transmit_order, orders, IX_TRANSMIT_PAPER, "before or after the next receive batch"),
    CHOICE("", "scheduler", scheduler, ixdp_scheduler_names, 0, "how threads share work"),
    NUMBER("", "connections_per_cycle", connections_per_cycle, 1, 64, 1, "taken at once, own or stolen (zygos)"),
    NUMBER("", "interrupt_spacing_us", interrupt_spacing_us, 0, 1000000, 4, "between two of one thread (zygos)"),
    CHOICE("", "idle", idle, idles, IXDP_POLL,
	   "what a thread without work does; yield: it polls, and offers the processor to others in between"),
    NUMBER("", "idle_sleep_us", idle_sleep_us, 1, 10000, 50, "a sleeping thread looks at the device so often"),
    NUMBER("", "memory_mb", memory_mb, 1, 65536, 64, "of the application, per thread"),
    OTHER("", "control", IXDP_TEXT, control, "name of the control page in /dev/shm; ixdp"),

    CHOICE("device", "type", device_type, types, -1, "needed"),
    OTHER("device", "interface", IXDP_TEXT, device_interface, "of af_packet, af_xdp; of tap: the one to make"),
    OTHER("device", "socket", IXDP_TEXT, device_socket, "of memif: path"),
    CHOICE("device", "role", device_role, roles, 0, "of memif"),
    OTHER("device", "pci", IXDP_TEXT, device_pci, "of ethdev: PCI address"),
    NUMBER("device", "queues", device_queues, 1, NIC_QUEUES_MAX, 0,
	   "receive queues, of memif as many as the other end has; as the device needs"),
    NUMBER("device", "descriptors", device_descriptors, 64, 4096, 512, "per queue, a power of two"),
    NUMBER("device", "packets", device_packets, 1024, 4194304, 16384, "in the pool"),
    CHOICE("device", "huge_pages", device_huge_pages, choices, NIC_AUTO, "auto: if enough are free"),
    CHOICE("device", "checksums", device_checksums, choices, NIC_AUTO, "left to the NIC; auto: if it offers both ways"),

    NUMBER("tcp", "mss", mss, 536, 1460, 1460, "largest segment, bytes"),
    NUMBER("tcp", "window_bytes", window_bytes, 2920, 8388480, 65535, "receive window"),
    NUMBER("tcp", "send_bytes", send_bytes, 2920, 16777216, 65536, "in flight per connection at most"),
    NUMBER("tcp", "half_open_max", half_open_max, 1, 1000000, 256, "handshakes under way, per flow group"),
    NUMBER("tcp", "backlog", backlog, 1, 1000000, 1024, "connections to be accepted, per flow group"),
    NUMBER("tcp", "retries", retries, 1, 100, 12, "of data, before a connection is dead"),
    NUMBER("tcp", "syn_retries", syn_retries, 1, 100, 6, "of handshakes"),
    NUMBER("tcp", "listen_ports", listen_ports, 1, IX_TCP_PORTS_MAX, 1, "listened on, from the application's on"),
    NUMBER("tcp", "port_low", port_low, 1, 65535, 10000, "local ports of outgoing connections"),
    NUMBER("tcp", "port_high", port_high, 1, 65535, 65535, "the last of them"),
    NUMBER("tcp", "rto_initial_us", rto_initial_us, 16, 240000000, 1000000, "retransmission time-out at first"),
    NUMBER("tcp", "rto_min_us", rto_min_us, 16, 240000000, 200000, "at least"),
    NUMBER("tcp", "rto_max_us", rto_max_us, 16, 240000000, 60000000, "at most"),
    NUMBER("tcp", "delayed_ack_us", delayed_ack_us, 1, 500000, 1000, "an acknowledgement waits at most"),
    NUMBER("tcp", "time_wait_ms", time_wait_ms, 1, 600000, 60000, "after an active close"),
    NUMBER("tcp", "fin_wait_2_ms", fin_wait_2_ms, 1, 600000, 60000, "for a peer that does not close"),
    NUMBER("tcp", "keepalive_idle_ms", keepalive_idle_ms, 0, 86400000, 0, "probe after so long; 0: never"),
    NUMBER("tcp", "keepalive_interval_ms", keepalive_interval_ms, 1, 86400000, 75000, "between probes"),
    NUMBER("tcp", "keepalive_count", keepalive_count, 1, 100, 9, "unanswered, before a connection is dead"),

    OTHER("application", "name", IXDP_TEXT, application, "needed; further keys of this group are its options"),
};

const size_t ixdp_field_count = sizeof(ixdp_fields) / sizeof(ixdp_fields[0]);

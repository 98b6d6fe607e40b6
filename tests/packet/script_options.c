/* Lines "option NAME VALUE": the fields of struct ix_tcp_options by their names. */
#include "tests/packet/lexer.h"

#include <stddef.h>
#include <string.h>

enum field_type { FIELD_IP, FIELD_MAC, FIELD_U16, FIELD_U32, FIELD_NS, FIELD_PORTS, FIELD_SECRET };

#define FIELD(name, type)                                                                                              \
	{                                                                                                              \
#name, type, offsetof(struct ix_tcp_options, name)                                                     \
	}
static const struct {
	const char *name;
	enum field_type type;
	size_t offset;
} fields[] = {
    FIELD(ip, FIELD_IP),
    FIELD(netmask, FIELD_IP),
    FIELD(gateway, FIELD_IP),
    FIELD(mac, FIELD_MAC),
    FIELD(mtu, FIELD_U16),
    FIELD(listen_port, FIELD_PORTS),
    FIELD(udp_port, FIELD_PORTS),
    FIELD(port_low, FIELD_U16),
    FIELD(port_high, FIELD_U16),
    FIELD(half_open_max, FIELD_U32),
    FIELD(backlog, FIELD_U32),
    FIELD(window_bytes, FIELD_U32),
    FIELD(send_bytes, FIELD_U32),
    FIELD(buckets, FIELD_U32),
    FIELD(generate_checksums, FIELD_U32),
    FIELD(check_checksums, FIELD_U32),
    FIELD(secret, FIELD_SECRET),
    FIELD(retries, FIELD_U32),
    FIELD(syn_retries, FIELD_U32),
    FIELD(keepalive_count, FIELD_U32),
    FIELD(rto_initial_ns, FIELD_NS),
    FIELD(rto_min_ns, FIELD_NS),
    FIELD(rto_max_ns, FIELD_NS),
    FIELD(delayed_ack_ns, FIELD_NS),
    FIELD(time_wait_ns, FIELD_NS),
    FIELD(fin_wait_2_ns, FIELD_NS),
    FIELD(last_ack_ns, FIELD_NS),
    FIELD(keepalive_idle_ns, FIELD_NS),
    FIELD(keepalive_interval_ns, FIELD_NS),
    FIELD(arp_lifetime_ns, FIELD_NS),
    FIELD(arp_retry_ns, FIELD_NS),
};

_Static_assert(sizeof(unsigned) == 4 && sizeof(int) == 4, "FIELD_U32 stands for unsigned and int too");

static bool read_ports(struct cursor *c, uint16_t *port, unsigned *ports)
{
	uint64_t value;

	if (*ports == IX_TCP_PORTS_MAX)
		return complain(c, "too many ports");
	if (!read_unsigned(c, 65535, &value))
		return false;
	port[(*ports)++] = (uint16_t)value;
	return true;
}

static bool read_field(struct cursor *c, enum field_type type, void *field, struct ix_tcp_options *o)
{
	uint64_t value = 0;

	switch (type) {
	case FIELD_IP:
		return read_ip(c, field);
	case FIELD_MAC:
		return read_mac(c, field);
	case FIELD_NS:
		return read_duration(c, field);
	case FIELD_PORTS:
		return read_ports(c, field, field == o->listen_port ? &o->listen_ports : &o->udp_ports);
	case FIELD_SECRET:
		return read_unsigned(c, UINT64_MAX, &o->secret[0]) && read_unsigned(c, UINT64_MAX, &o->secret[1]);
	case FIELD_U16:
		if (!read_unsigned(c, UINT16_MAX, &value))
			return false;
		*(uint16_t *)field = (uint16_t)value;
		return true;
	default:
		if (!read_unsigned(c, INT32_MAX, &value))
			return false;
		*(uint32_t *)field = (uint32_t)value;
		return true;
	}
}

bool read_option(struct cursor *c, struct ix_tcp_options *o)
{
	for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (accept_word(c, fields[i].name))
			return read_field(c, fields[i].type, (char *)o + fields[i].offset, o);
	return complain(c, "no field of struct ix_tcp_options");
}

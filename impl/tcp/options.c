#include "impl/tcp/internal.h"

#define MS NS_PER_MS
#define S  NS_PER_S

const struct ix_tcp_options ix_tcp_options_default = {
    .ip = 0x0a000001,
    .netmask = 0xffffff00,
    .mac = {0x02, 0, 0, 0, 0, 1},
    .mtu = 1500,
    .port_low = 10000,
    .port_high = 65535,
    .half_open_max = 256,
    .backlog = 1024,
    .window_bytes = 65535,
    .send_bytes = 65536,
    .buckets = 16,
    .generate_checksums = 1,
    .check_checksums = 1,
    .secret = {0x9ae16a3b2f90404f, 0xc949d7c7509e6557},
    .retries = 12,
    .syn_retries = 6,
    .keepalive_count = 9,
    .rto_initial_ns = 1 * S,
    .rto_min_ns = 200 * MS,
    .rto_max_ns = 60 * S,
    .delayed_ack_ns = 1 * MS,
    .time_wait_ns = 60 * S,
    .fin_wait_2_ns = 60 * S,
    .last_ack_ns = 60 * S,
    .keepalive_interval_ns = 75 * S,
    .arp_lifetime_ns = 60 * S,
    .arp_retry_ns = 1 * S,
};

static const char *check_addresses(const struct ix_tcp_options *o)
{
	uint32_t host = ~o->netmask;

	if (!o->ip || o->ip == 0xffffffff || o->ip >> 28 == 0xe)
		return "ip: a unicast address";
	if (host & (host + 1))
		return "netmask: leading ones";
	if (o->gateway && (o->gateway & o->netmask) != (o->ip & o->netmask))
		return "gateway: 0 or an address in the network";
	if (o->mac[0] & 1)
		return "mac: a unicast address";
	if (o->mtu < 576 || o->mtu > 1500)
		return "mtu: 576 .. 1500";
	return NULL;
}

static const char *check_ports(const struct ix_tcp_options *o)
{
	if (o->listen_ports > IX_TCP_PORTS_MAX || o->udp_ports > IX_TCP_PORTS_MAX)
		return "listen_ports, udp_ports: at most 16";
	for (unsigned i = 0; i < o->listen_ports; i++) {
		if (!o->listen_port[i])
			return "listen_port: 1 .. 65535";
		for (unsigned j = 0; j < i; j++)
			if (o->listen_port[i] == o->listen_port[j])
				return "listen_port: each once";
	}
	if (!o->port_low || o->port_low > o->port_high)
		return "port_low, port_high: 1 .. 65535, low first";
	return NULL;
}

static const char *check_sizes(const struct ix_tcp_options *o)
{
	if (!o->half_open_max || !o->backlog)
		return "half_open_max, backlog: at least 1";
	if (o->window_bytes < 2920 || o->window_bytes > 65535u << TCP_RCV_SCALE)
		return "window_bytes: 2920 .. 8388480";
	if (o->send_bytes < 2920 || o->send_bytes > 16u << 20)
		return "send_bytes: 2920 .. 16777216";
	if (!o->buckets || o->buckets & (o->buckets - 1) || o->buckets > 1u << 20)
		return "buckets: a power of two, at most 1048576";
	if (!o->retries || o->retries > 100 || !o->syn_retries || o->syn_retries > 100 || !o->keepalive_count ||
	    o->keepalive_count > 100)
		return "retries, syn_retries, keepalive_count: 1 .. 100";
	return NULL;
}

static const char *check_times(const struct ix_tcp_options *o)
{
	if (o->rto_min_ns < 16000 || o->rto_min_ns > o->rto_max_ns || o->rto_max_ns > 240 * S)
		return "rto_min_ns, rto_max_ns: 16 us .. 240 s, least first";
	if (o->rto_initial_ns < 16000 || o->rto_initial_ns > o->rto_max_ns)
		return "rto_initial_ns: 16 us .. rto_max_ns";
	if (!o->delayed_ack_ns || o->delayed_ack_ns > 500 * MS)
		return "delayed_ack_ns: 1 .. 500 ms";
	if (!o->time_wait_ns || !o->fin_wait_2_ns || !o->last_ack_ns || !o->keepalive_interval_ns ||
	    !o->arp_lifetime_ns || !o->arp_retry_ns)
		return "time_wait_ns, fin_wait_2_ns, last_ack_ns, keepalive_interval_ns, arp_*: above 0";
	return NULL;
}

int ix_tcp_options_check(const struct ix_tcp_options *options, const char **what)
{
	*what = check_addresses(options);
	if (!*what)
		*what = check_ports(options);
	if (!*what)
		*what = check_sizes(options);
	if (!*what)
		*what = check_times(options);
	return *what ? -1 : 0;
}

/*
 * Local ports of outbound flows: the replies of one must come to a flow group of the thread that opens it, so ports are
 * tried until the Toeplitz hash of the arriving direction says so. The first to be tried depends on the peer and a
 * secret (RFC 6056, section 3.3.3).
 */
#include "impl/tcp/internal.h"

static bool listens(const struct ix_tcp_options *o, uint16_t port)
{
	for (unsigned i = 0; i < o->listen_ports; i++)
		if (o->listen_port[i] == port)
			return true;
	return false;
}

static bool taken(const struct tcp_host *h, const struct tcp_group *g, uint32_t hash, uint32_t remote_ip,
		  uint16_t remote_port, uint16_t port, bool tcp)
{
	if (!tcp)
		return atomic_load_explicit(&h->udp_open[port / 64], memory_order_relaxed) >> port % 64 & 1;
	return listens(&h->options, port) ||
	       tcp_bucket_find(tcp_bucket_of(g, hash), lwip_htonl(remote_ip), remote_port, port);
}

uint16_t tcp_port_choose(struct tcp_thread *t, uint32_t remote_ip, uint16_t remote_port, bool tcp, uint32_t *hash,
			 struct tcp_group **group)
{
	const struct ix_tcp_options *o = &t->host->options;
	struct ix_dataplane *d = t->host->dataplane;
	uint32_t ports = o->port_high - o->port_low + 1u;
	uint32_t first = (uint32_t)tcp_keyed_hash(o->secret, remote_ip, remote_port) + t->port_cursor;

	for (uint32_t i = 0; i < ports; i++) {
		uint16_t port = (uint16_t)(o->port_low + (first + i) % ports);
		struct ix_flow_group *g;

		*hash = ix_rss_hash_ipv4(&d->rss, remote_ip, o->ip, remote_port, port);
		g = &d->group[ix_rss_group(&d->rss, *hash)];
		if (!ix_owns(t->thread, g))
			continue;
		*group = g->stack_state;
		if (taken(t->host, *group, *hash, remote_ip, remote_port, port, tcp))
			continue;
		t->port_cursor += i + 1;
		return port;
	}
	return 0;
}

/* The stack's table of operations, and the beginning and end of hosts, threads and groups. */
#include "impl/tcp/internal.h"

#include <string.h>

static void *allocate(struct ix_dataplane *d, size_t size)
{
	return d->platform.allocate(d->platform.context, size, 64);
}

static void init_listeners(struct tcp_host *h)
{
	for (unsigned i = 0; i < h->options.listen_ports; i++) {
		struct tcp_pcb_listen *l = &h->listener[i];

		l->state = LISTEN;
		l->prio = TCP_PRIO_NORMAL;
		l->ttl = TCP_TTL;
		l->local_port = h->options.listen_port[i];
		l->accept = tcp_accept_callback;
		l->ext_args[0].callbacks = &tcp_connection_callbacks;
	}
}

static struct tcp_host *host_new(struct ix_dataplane *d, const struct ix_tcp_options *options)
{
	struct tcp_host *h = allocate(d, sizeof(*h));

	if (!h)
		return NULL;
	h->dataplane = d;
	h->options = *options;
	h->arp = arp_new();
	if (!h->arp) {
		d->platform.release(d->platform.context, h);
		return NULL;
	}
	init_listeners(h);
	return h;
}

static void host_leave(struct tcp_host *h)
{
	struct ix_dataplane *d = h->dataplane;

	if (--h->users)
		return;
	arp_delete(h->arp);
	tcp_free_slabs(h);
	d->platform.release(d->platform.context, h);
}

/* The first thread makes the host. */
static struct tcp_host *host_join(struct ix_thread *thread, const struct ix_tcp_options *options)
{
	struct ix_dataplane *d = thread->dataplane;
	const struct tcp_thread *first = d->thread[0].stack_state;
	struct tcp_host *h = thread->id ? first->host : host_new(d, options);

	if (h)
		h->users++;
	return h;
}

static void init_netif(struct tcp_thread *t)
{
	const struct ix_tcp_options *o = &t->host->options;

	t->netif.state = t;
	t->netif.mtu = o->mtu;
	t->netif.ip_addr.addr = lwip_htonl(o->ip);
	t->netif.netmask.addr = lwip_htonl(o->netmask);
	t->netif.flags = NETIF_FLAG_UP | NETIF_FLAG_LINK_UP | NETIF_FLAG_BROADCAST;
}

static void thread_stop(struct ix_thread *thread)
{
	struct tcp_thread *t = tcp_enter(thread);
	struct ix_dataplane *d = thread->dataplane;

	arp_thread_stop(t);
	udp_stop(t);
	rx_stop(t);
	tcp_set_current(NULL);
	arp_offline();
	host_leave(t->host);
	d->platform.release(d->platform.context, t);
	thread->stack_state = NULL;
}

static int thread_start(struct ix_thread *thread, const void *options)
{
	const struct ix_tcp_options *o = options ? options : &ix_tcp_options_default;
	struct ix_dataplane *d = thread->dataplane;
	struct tcp_thread *t;
	const char *what;

	if (ix_tcp_options_check(o, &what) || d->platform.data_room < ETH_HEADER + (unsigned)o->mtu)
		return IX_ERR_BAD_CALL;
	t = allocate(d, sizeof(*t));
	if (!t)
		return IX_ERR_NO_MEMORY;
	t->thread = thread;
	t->host = host_join(thread, o);
	if (!t->host) {
		d->platform.release(d->platform.context, t);
		return IX_ERR_NO_MEMORY;
	}
	thread->stack_state = t;
	ix_list_init(&t->owed_groups);
	init_netif(t);
	arp_thread_start(t);
	if (udp_start(t)) {
		thread_stop(thread);
		return IX_ERR_NO_MEMORY;
	}
	return 0;
}

static int group_start(struct ix_thread *owner, struct ix_flow_group *group, const void *options)
{
	struct tcp_host *h = ((struct tcp_thread *)owner->stack_state)->host;
	struct tcp_group *g = allocate(owner->dataplane, sizeof(*g));

	(void)options;
	if (!g)
		return IX_ERR_NO_MEMORY;
	g->group = group;
	g->host = h;
	ix_list_init(&g->all);
	ix_list_init(&g->half_open_list);
	ix_list_init(&g->owed);
	group->stack_state = g;
	if (tcp_buckets_init(g, h->options.buckets)) {
		owner->dataplane->platform.release(owner->dataplane->platform.context, g);
		return IX_ERR_NO_MEMORY;
	}
	return 0;
}

static void group_stop(struct ix_thread *owner, struct ix_flow_group *group)
{
	struct tcp_thread *t = tcp_enter(owner);
	struct tcp_group *g = group->stack_state;

	while (g->all.next != &g->all)
		tcp_connection_destroy(t, container_of(g->all.next, struct tcp_connection, all));
	tcp_buckets_fini(g);
	tcp_set_current(NULL);
	arp_offline();
	owner->dataplane->platform.release(owner->dataplane->platform.context, g);
	group->stack_state = NULL;
}

static void receive(struct ix_thread *thread, struct ix_flow_group *group, struct ix_packet *packet)
{
	ip_in(tcp_enter(thread), group->stack_state, packet);
}

static void prefetch(struct ix_thread *thread, struct ix_flow_group *group, const struct ix_packet *packet,
		     unsigned step)
{
	(void)thread;
	tcp_prefetch(group->stack_state, packet->rss_hash, step);
}

static void deliver_pending(struct ix_thread *thread, unsigned room)
{
	struct tcp_thread *t = thread->stack_state;

	arp_quiescent();
	if (t->announced && !t->arp_wait.count && t->owed_groups.next == &t->owed_groups)
		return; /* as in most cycles */
	tcp_enter(thread);
	if (!t->announced) {
		t->announced = true;
		if (!thread->id)
			arp_announce(t);
	}
	if (t->arp_wait.count)
		arp_retry_waiting(t);
	tcp_deliver_pending(t, room);
}

static void group_leave(struct ix_thread *thread, struct ix_flow_group *group)
{
	struct tcp_thread *t = thread->stack_state;
	struct tcp_group *g = group->stack_state;

	if (g->owed.next != &g->owed)
		tcp_list_remove(&g->owed_link);
	thread->pending = t->owed_groups.next != &t->owed_groups;
}

static void group_enter(struct ix_thread *thread, struct ix_flow_group *group)
{
	struct tcp_thread *t = thread->stack_state;
	struct tcp_group *g = group->stack_state;

	if (g->owed.next == &g->owed)
		return;
	tcp_list_add(&t->owed_groups, &g->owed_link);
	thread->pending = 1;
}

const struct ix_stack ix_stack_tcp = {
    .name = "tcp",
    .thread_start = thread_start,
    .thread_stop = thread_stop,
    .group_start = group_start,
    .group_stop = group_stop,
    .receive = receive,
    .prefetch = prefetch,
    .call = tcp_call,
    .deliver_pending = deliver_pending,
    .group_leave = group_leave,
    .group_enter = group_enter,
};

/* Batched calls of the application (abi.h); the core has checked handles, buffers and scatter-gather entries. */
#include "impl/tcp/internal.h"

#include <string.h>

static void leave(struct tcp_thread *t, struct tcp_connection *c)
{
	tcp_bucket_out(tcp_bucket_of(c->group, c->hash));
	tcp_connection_settle(t, c, ix_event_room(t->thread));
}

static void enter(struct tcp_thread *t, const struct tcp_connection *c)
{
	t->group = c->group;
	tcp_bucket_in(tcp_bucket_of(c->group, c->hash));
}

/* Memory was short somewhere: what there is of the new connection goes, unseen by the application. */
static int64_t connect_failed(struct tcp_thread *t, struct tcp_connection *c, struct tcp_pcb *pcb)
{
	if (!c) {
		memset(pcb->ext_args, 0, sizeof(pcb->ext_args));
		tcp_abandon(pcb, 0);
		return IX_ERR_NO_MEMORY;
	}
	c->flags = 0;
	tcp_abandon(pcb, 0);
	leave(t, c);
	return IX_ERR_NO_MEMORY;
}

static int64_t call_connect(struct tcp_thread *t, const struct ix_call *call)
{
	struct tcp_group *g = NULL;
	struct tcp_connection *c;
	struct tcp_pcb *pcb;
	ip_addr_t remote = {.addr = lwip_htonl(call->ip)};
	uint32_t hash;
	uint16_t port;
	ix_handle handle;

	if (!call->port || !ip_has_route(t->host, call->ip))
		return IX_ERR_NO_ROUTE;
	port = tcp_port_choose(t, call->ip, call->port, true, &hash, &g);
	if (!port)
		return IX_ERR_NO_PORT;
	t->group = g;
	tcp_bucket_in(tcp_bucket_of(g, hash));
	pcb = tcp_new();
	if (!pcb)
		return IX_ERR_NO_MEMORY;
	pcb->local_ip.addr = lwip_htonl(t->host->options.ip);
	pcb->local_port = port;
	pcb->remote_ip = remote;
	pcb->remote_port = call->port;
	c = tcp_connection_new(t, g, pcb, hash, 0);
	if (c)
		c->handle = ix_handle_new(&g->group->handles, c);
	if (!c || !c->handle || tcp_connect(pcb, &remote, call->port, tcp_connected) != ERR_OK)
		return connect_failed(t, c, pcb);
	c->flags = CONN_KNOWN | CONN_ACCEPTED | CONN_CONNECTING;
	c->cookie = call->cookie;
	c->seen_nxt = c->seen_ack = pcb->lastack;
	handle = c->handle;
	leave(t, c);
	tcp_buckets_grow(g);
	return (int64_t)handle;
}

static int64_t call_accept(struct tcp_thread *t, struct tcp_connection *c, ix_cookie cookie)
{
	if (c->flags & (CONN_ACCEPTED | CONN_CLOSED | CONN_DEAD_SAID))
		return IX_ERR_STATE;
	c->flags |= CONN_ACCEPTED;
	c->cookie = cookie;
	tcp_backlog_leave(c);
	t->counters.accepted++;
	tcp_connection_settle(t, c, ix_event_room(t->thread));
	return 0;
}

/* Takes as much of one entry as @room and memory allow: when there is no memory for all of it, a segment at a time. */
static uint32_t take(struct tcp_pcb *pcb, const uint8_t *data, uint32_t length, uint32_t room)
{
	uint32_t taken = 0;

	while (taken < length && taken < room) {
		uint32_t n = LWIP_MIN(LWIP_MIN(length, room) - taken, 0xffffu);

		if (tcp_write(pcb, data + taken, (uint16_t)n, TCP_WRITE_FLAG_MORE) != ERR_OK) {
			n = LWIP_MIN(n, pcb->mss);
			if (tcp_write(pcb, data + taken, (uint16_t)n, TCP_WRITE_FLAG_MORE) != ERR_OK)
				break;
		}
		taken += n;
	}
	return taken;
}

/* RFC 9293 section 3.9.1.2: the last segment of what was given pushes. */
static void push(struct tcp_pcb *pcb)
{
	struct tcp_seg *last = pcb->unsent;

	if (!last)
		return;
	while (last->next)
		last = last->next;
	TCPH_SET_FLAG(last->tcphdr, TCP_PSH);
}

/* References what window and congestion window let go at once; the rest is the application's to offer again: when SENT
 * says that there is room, which is not at once, since what was missing may have been memory. */
static int64_t call_sendv(struct tcp_thread *t, struct tcp_connection *c, uint32_t count)
{
	const struct ix_sg *sg = t->thread->sg;
	uint32_t room = tcp_send_room(c), taken = 0, n;
	bool all = true;

	if (!(c->flags & CONN_ACCEPTED) || c->flags & CONN_CLOSED || !c->pcb ||
	    (c->pcb->state != ESTABLISHED && c->pcb->state != CLOSE_WAIT))
		return IX_ERR_STATE;
	enter(t, c);
	for (uint32_t i = 0; i < count && all; i++) {
		n = take(c->pcb, ix_buffer_memory(t->host->dataplane, sg[i].buffer, sg[i].length), sg[i].length,
			 room - taken);
		all = n == sg[i].length;
		taken += n;
	}
	push(c->pcb);
	tcp_output(c->pcb);
	leave(t, c);
	if (!all) {
		c->flags |= CONN_WANTS;
		tcp_timers_update(t, c);
	}
	return taken;
}

static void open_window(struct tcp_connection *c, uint32_t length)
{
	while (length && c->pcb && c->pcb->state < TIME_WAIT) {
		uint16_t n = (uint16_t)LWIP_MIN(length, 0xffffu);

		tcp_recved(c->pcb, n);
		length -= n;
	}
}

static int64_t call_recv_done(struct tcp_thread *t, struct tcp_connection *c, const struct ix_call *call)
{
	int result = rx_queue_done(t, &c->held, call->buffer, call->length);

	if (result < 0)
		return result;
	if (!c->pcb || c->flags & CONN_CLOSED) {
		tcp_connection_release_if_done(t, c);
		return 0;
	}
	/* At most an acknowledgement goes out: neither lists nor deadlines change for the worse. */
	open_window(c, call->length);
	return 0;
}

/* An orderly end, or a reset if the peer has sent what the application will not read (RFC 2525, section 2.17). */
static int64_t call_close(struct tcp_thread *t, struct tcp_connection *c)
{
	bool knock = !(c->flags & CONN_ACCEPTED);

	if (c->flags & (CONN_CLOSED | CONN_DEAD_SAID) || !c->pcb)
		return IX_ERR_STATE;
	enter(t, c);
	for (const struct rx_buffer *rx = c->held.head; rx; rx = rx->next)
		open_window(c, rx->undone);
	c->flags |= CONN_CLOSED;
	c->owed &= (uint8_t)~OWE_EOF;
	tcp_drop_unread(t, c);
	tcp_backlog_leave(c);
	if (knock)
		tcp_abort(c->pcb);
	else
		tcp_close(c->pcb);
	leave(t, c);
	return 0;
}

static int64_t call_abort(struct tcp_thread *t, struct tcp_connection *c)
{
	if (c->flags & CONN_DEAD_SAID || !c->pcb)
		return IX_ERR_STATE;
	enter(t, c);
	c->flags |= CONN_CLOSED;
	tcp_drop_unread(t, c);
	tcp_abandon(c->pcb, c->pcb->state != SYN_SENT); /* which has nothing to reset (RFC 9293, section 3.10.5) */
	leave(t, c);
	return 0;
}

void tcp_call(struct ix_thread *thread, struct ix_flow_group *group, struct ix_call *call)
{
	struct tcp_thread *t = tcp_enter(thread);
	struct tcp_connection *c = thread->connection;

	(void)group;
	switch (call->type) {
	case IX_CALL_CONNECT:
		call->result = call_connect(t, call);
		break;
	case IX_CALL_ACCEPT:
		call->result = call_accept(t, c, call->cookie);
		break;
	case IX_CALL_SENDV:
		call->result = call_sendv(t, c, call->count);
		break;
	case IX_CALL_RECV_DONE:
		call->result = call_recv_done(t, c, call);
		break;
	case IX_CALL_CLOSE:
		call->result = call_close(t, c);
		break;
	case IX_CALL_ABORT:
		call->result = call_abort(t, c);
		break;
	case IX_CALL_UDP_SEND:
		call->result = udp_send(t, call);
		break;
	case IX_CALL_UDP_RECV_DONE:
		call->result = udp_done(t, call->buffer);
		break;
	default:
		call->result = IX_ERR_BAD_CALL;
	}
}

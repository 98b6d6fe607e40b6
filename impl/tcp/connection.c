/*
 * A connection around lwIP's PCB: how one begins, what lwIP tells of it, what follows from a call into lwIP (settle),
 * and how it ends. lwIP may free a PCB inside any call; the extension argument's destructor always tells.
 */
#include "impl/tcp/internal.h"

#include <string.h>

static err_t receive_callback(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
	struct tcp_connection *c = arg;

	(void)pcb;
	(void)error;
	if (!p && !(c->flags & CONN_CLOSED))
		c->owed |= OWE_EOF;
	while (p) {
		struct rx_buffer *rx = (struct rx_buffer *)(void *)p;
		struct pbuf *next = p->next;

		p->next = NULL;
		p->tot_len = p->len;
		if (p->len) {
			rx->data = p->payload;
			rx->length = rx->undone = p->len;
			rx_queue_push(&c->unread, rx);
		} else {
			pbuf_free(p);
		}
		p = next;
	}
	return ERR_OK;
}

static err_t sent_callback(void *arg, struct tcp_pcb *pcb, u16_t length)
{
	struct tcp_connection *c = arg;

	(void)pcb;
	c->acked += length;
	c->owed |= OWE_SENT;
	return ERR_OK;
}

err_t tcp_connected(void *arg, struct tcp_pcb *pcb, err_t error)
{
	struct tcp_connection *c = arg;

	(void)pcb;
	(void)error;
	c->flags &= (uint16_t)~CONN_CONNECTING;
	c->owed |= OWE_CONNECTED;
	tcp_current->counters.connected++;
	return ERR_OK;
}

static void error_callback(void *arg, err_t error)
{
	struct tcp_connection *c = arg;

	if (c->reason)
		return;
	if (error == ERR_RST)
		c->reason = c->flags & CONN_CONNECTING ? IX_DEAD_REFUSED : IX_DEAD_RESET;
	else
		c->reason = c->flags & CONN_CLOSED || error == ERR_CLSD ? IX_DEAD_CLOSED : IX_DEAD_NO_MEMORY;
	if (error == ERR_RST)
		tcp_current->counters.reset++;
}

void tcp_half_open_remove(struct tcp_connection *c)
{
	if (!(c->flags & CONN_HALF_OPEN))
		return;
	c->flags &= (uint16_t)~CONN_HALF_OPEN;
	tcp_list_remove(&c->link);
	c->group->half_open--;
}

/* The handshake of a passive connection is complete. */
err_t tcp_accept_callback(void *arg, struct tcp_pcb *pcb, err_t error)
{
	struct tcp_connection *c = pcb ? pcb->callback_arg : NULL;

	(void)arg;
	(void)error;
	if (!c)
		return ERR_VAL; /* lwIP tells so that it had no memory for a PCB */
	tcp_half_open_remove(c);
	pcb->listener = NULL;
	c->handle = ix_handle_new(&c->group->group->handles, c);
	if (!c->handle)
		return ERR_MEM;
	c->flags |= CONN_BACKLOG;
	c->group->unaccepted++;
	c->owed |= OWE_KNOCK;
	return ERR_OK;
}

static err_t passive_open(u8_t id, struct tcp_pcb_listen *listener, struct tcp_pcb *pcb)
{
	struct tcp_thread *t = tcp_current;
	struct tcp_connection *c;

	(void)id;
	(void)listener;
	c = tcp_connection_new(t, t->group, pcb, t->hash, CONN_PASSIVE | CONN_HALF_OPEN);
	if (!c)
		return ERR_MEM;
	t->group->half_open++;
	tcp_list_add(&t->group->half_open_list, &c->link);
	t->opened = c;
	return ERR_OK;
}

/* The last that is heard of a PCB. It may happen to another connection than the one the call was for (lwIP makes room
 * when memory is short), so the connection is put where it will be looked after. */
static void pcb_destroyed(u8_t id, void *data)
{
	struct tcp_connection *c = data;

	(void)id;
	if (!c)
		return;
	c->pcb = NULL;
	tcp_half_open_remove(c);
	tcp_owe(tcp_current, c, 0);
}

const struct tcp_ext_arg_callbacks tcp_connection_callbacks = {.destroy = pcb_destroyed, .passive_open = passive_open};

struct tcp_connection *tcp_connection_new(struct tcp_thread *t, struct tcp_group *g, struct tcp_pcb *pcb, uint32_t hash,
					  uint16_t flags)
{
	struct tcp_connection *c = tcp_block_take(t, sizeof(*c));

	if (!c)
		return NULL;
	memset(c, 0, sizeof(*c));
	c->pcb = pcb;
	c->group = g;
	c->hash = hash;
	c->flags = flags;
	c->remote_ip = pcb->remote_ip.addr;
	c->remote_port = pcb->remote_port;
	c->local_port = pcb->local_port;
	pcb->callback_arg = c;
	pcb->recv = receive_callback;
	pcb->sent = sent_callback;
	pcb->errf = error_callback;
	pcb->ext_args[0].callbacks = &tcp_connection_callbacks;
	pcb->ext_args[0].data = c;
	tcp_nagle_disable(pcb);
	tcp_timers_start(t, c);
	tcp_list_add(&g->all, &c->all);
	g->connections++;
	t->connections++;
	return c;
}

/* What SENDV would take: what window and congestion window leave beside the bytes in flight. */
uint32_t tcp_send_room(const struct tcp_connection *c)
{
	const struct tcp_pcb *pcb = c->pcb;
	uint32_t window, in_flight;

	if (!pcb || (pcb->state != ESTABLISHED && pcb->state != CLOSE_WAIT) || c->flags & CONN_CLOSED)
		return 0;
	window = LWIP_MIN(pcb->cwnd, pcb->snd_wnd);
	in_flight = pcb->snd_lbb - pcb->lastack;
	if (window <= in_flight)
		return 0;
	return LWIP_MIN(window - in_flight, pcb->snd_buf);
}

void tcp_backlog_leave(struct tcp_connection *c)
{
	if (!(c->flags & CONN_BACKLOG))
		return;
	c->flags &= (uint16_t)~CONN_BACKLOG;
	c->group->unaccepted--;
}

void tcp_drop_unread(struct tcp_thread *t, struct tcp_connection *c)
{
	struct rx_buffer *rx;

	while ((rx = rx_queue_pop(&c->unread)))
		rx_free(t, rx);
}

/* The PCB is gone: what remains is to tell. */
static void settle_dead(struct tcp_thread *t, struct tcp_connection *c)
{
	ix_wheel_cancel(&t->thread->wheel, &c->timer);
	if (!(c->flags & CONN_ACCEPTED)) { /* nobody is told of what came before */
		tcp_drop_unread(t, c);
		c->owed &= (uint8_t)~OWE_EOF;
	}
	if (!(c->flags & CONN_KNOWN)) { /* the knock, if there was to be one, is off */
		c->owed = 0;
		if (c->handle)
			ix_handle_free(&c->group->group->handles, c->handle);
		c->handle = 0;
	} else if (!(c->flags & CONN_DEAD_SAID)) {
		c->owed |= OWE_DEAD;
		if ((c->flags & (CONN_CONNECTING | CONN_CLOSED)) == CONN_CONNECTING)
			c->owed |= OWE_CONNECTED;
		c->flags &= (uint16_t)~CONN_CONNECTING;
		if (!c->reason)
			c->reason = IX_DEAD_CLOSED;
	}
	tcp_backlog_leave(c);
}

/* After a call into lwIP that may have changed @c: timers, events (at most @room now), end. @c may be freed. */
void tcp_connection_settle(struct tcp_thread *t, struct tcp_connection *c, unsigned room)
{
	const struct tcp_pcb *pcb = c->pcb;

	if (pcb) {
		tcp_timers_update(t, c);
		if (c->flags & CONN_WANTS && tcp_send_room(c))
			c->owed |= OWE_SENT;
		if (c->flags & CONN_CLOSED && !(c->flags & CONN_DEAD_SAID) &&
		    (pcb->state == FIN_WAIT_2 || pcb->state == TIME_WAIT)) {
			c->reason = IX_DEAD_CLOSED;
			c->owed |= OWE_DEAD;
		}
	} else {
		settle_dead(t, c);
	}
	tcp_flush(t, c, room);
	tcp_connection_release_if_done(t, c);
}

static void connection_free(struct tcp_thread *t, struct tcp_connection *c)
{
	tcp_disown(t, c);
	tcp_list_remove(&c->all);
	ix_wheel_cancel(&t->thread->wheel, &c->timer);
	c->group->connections--;
	t->connections--;
	tcp_block_give(t, c, sizeof(*c));
}

/* Frees handle and connection when nobody needs them any more. */
void tcp_connection_release_if_done(struct tcp_thread *t, struct tcp_connection *c)
{
	if ((c->pcb && !(c->flags & CONN_DEAD_SAID)) || c->owed || c->unread.head || c->held.head)
		return;
	if (c->handle && c->flags & CONN_DEAD_SAID) {
		ix_handle_free(&c->group->group->handles, c->handle);
		c->handle = 0;
	}
	if (c->pcb || c->handle)
		return;
	connection_free(t, c);
}

/* The end of the host: nobody is told. */
void tcp_connection_destroy(struct tcp_thread *t, struct tcp_connection *c)
{
	struct rx_buffer *rx;

	tcp_half_open_remove(c);
	if (c->pcb) {
		c->pcb->errf = NULL;
		c->pcb->ext_args[0].callbacks = NULL;
		tcp_connection_abandon(c, IX_DEAD_CLOSED, 0);
	}
	tcp_drop_unread(t, c);
	while ((rx = rx_queue_pop(&c->held)))
		rx_free(t, rx);
	connection_free(t, c);
}

/* Ends a connection from our side, for @reason; with a reset to the peer or without. */
void tcp_connection_abandon(struct tcp_connection *c, int reason, int reset)
{
	struct tcp_bucket *b = tcp_bucket_of(c->group, c->hash);

	if (!c->reason)
		c->reason = (uint8_t)reason;
	tcp_bucket_in(b);
	tcp_abandon(c->pcb, reset);
	tcp_bucket_out(b);
}

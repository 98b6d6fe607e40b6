/*
 * Events of connections. They go to the application at once while there is room; what finds none is owed: the
 * connection remembers it (its window bounds how much that can be) and stands on its group's list, so that nothing is
 * lost and a group that changes threads takes its debts along.
 */
#include "impl/tcp/internal.h"

/* Puts the connection on the list of its group, and the group on that of the thread. */
void tcp_owe(struct tcp_thread *t, struct tcp_connection *c, unsigned what)
{
	struct tcp_group *g = c->group;

	c->owed |= (uint8_t)what;
	if (c->flags & (CONN_OWED | CONN_HALF_OPEN))
		return;
	if (g->owed.next == &g->owed)
		tcp_list_add(&t->owed_groups, &g->owed_link);
	t->thread->pending = 1;
	tcp_list_add(&g->owed, &c->link);
	c->flags |= CONN_OWED;
}

void tcp_disown(struct tcp_thread *t, struct tcp_connection *c)
{
	if (!(c->flags & CONN_OWED))
		return;
	c->flags &= (uint16_t)~CONN_OWED;
	tcp_list_remove(&c->link);
	if (c->group->owed.next == &c->group->owed)
		tcp_list_remove(&c->group->owed_link);
	t->thread->pending = t->owed_groups.next != &t->owed_groups;
}

static void deliver(struct tcp_thread *t, const struct tcp_connection *c, struct ix_event *event)
{
	event->handle = c->handle;
	event->cookie = c->cookie;
	ix_deliver(t->thread, event);
}

static void deliver_received(struct tcp_thread *t, struct tcp_connection *c)
{
	struct rx_buffer *rx = rx_queue_pop(&c->unread);
	struct ix_event event = {
	    .type = IX_EVENT_RECV, .buffer = ix_packet_buffer(t->host->dataplane, rx->data), .length = rx->length};

	rx_queue_push(&c->held, rx);
	deliver(t, c, &event);
}

static void deliver_sent(struct tcp_thread *t, struct tcp_connection *c)
{
	struct ix_event event = {.type = IX_EVENT_SENT, .length = c->acked, .window = tcp_send_room(c)};

	c->owed &= (uint8_t)~OWE_SENT;
	if (event.window)
		c->flags &= (uint16_t)~CONN_WANTS;
	c->acked = 0;
	if (event.length || event.window)
		deliver(t, c, &event);
}

static int connect_status(int reason)
{
	return reason == IX_DEAD_NO_MEMORY ? IX_ERR_NO_MEMORY
	       : reason == IX_DEAD_TIMEOUT ? IX_ERR_NO_ROUTE
					   : IX_ERR_STATE;
}

/* The next event due, or 0. DEAD is the last, after the data that came in time. */
static unsigned next_due(const struct tcp_connection *c)
{
	if (c->owed & OWE_KNOCK)
		return OWE_KNOCK;
	if (c->owed & OWE_CONNECTED)
		return OWE_CONNECTED;
	if (c->flags & CONN_ACCEPTED)
		return c->owed & (OWE_SENT | OWE_EOF | OWE_DEAD);
	return c->owed & OWE_DEAD;
}

static void deliver_state(struct tcp_thread *t, struct tcp_connection *c, unsigned what)
{
	struct ix_event event = {.ip = lwip_ntohl(c->remote_ip), .port = c->remote_port, .local_port = c->local_port};

	c->owed &= (uint8_t)~what;
	switch (what) {
	case OWE_KNOCK:
		event.type = IX_EVENT_KNOCK;
		c->flags |= CONN_KNOWN;
		break;
	case OWE_CONNECTED:
		event.type = IX_EVENT_CONNECTED;
		event.status = c->pcb ? 0 : connect_status(c->reason);
		event.window = tcp_send_room(c);
		break;
	case OWE_EOF:
		event.type = IX_EVENT_EOF;
		break;
	default:
		event.type = IX_EVENT_DEAD;
		event.status = c->reason;
		c->flags |= CONN_DEAD_SAID;
		break;
	}
	deliver(t, c, &event);
}

static unsigned flush_one(struct tcp_thread *t, struct tcp_connection *c)
{
	unsigned due = next_due(c);

	if (due & (OWE_KNOCK | OWE_CONNECTED))
		deliver_state(t, c, due);
	else if (c->unread.head && c->flags & CONN_ACCEPTED)
		deliver_received(t, c);
	else if (due & OWE_SENT)
		deliver_sent(t, c);
	else if (due & OWE_EOF)
		deliver_state(t, c, OWE_EOF);
	else if (due & OWE_DEAD)
		deliver_state(t, c, OWE_DEAD);
	else
		return 0;
	return 1;
}

/* Delivers what is due, at most @room events; returns how many. What is left is owed. */
unsigned tcp_flush(struct tcp_thread *t, struct tcp_connection *c, unsigned room)
{
	unsigned n = 0;

	if (!c->owed && !c->unread.head && !(c->flags & CONN_OWED))
		return 0;
	while (n < room && flush_one(t, c))
		n++;
	if (next_due(c) || (c->unread.head && c->flags & CONN_ACCEPTED))
		tcp_owe(t, c, 0);
	else if (c->flags & CONN_OWED)
		tcp_disown(t, c);
	return n;
}

/* Takes turns over groups and connections, so that none waits for ever. */
void tcp_deliver_pending(struct tcp_thread *t, unsigned room)
{
	while (room && t->owed_groups.next != &t->owed_groups) {
		struct tcp_group *g = container_of(t->owed_groups.next, struct tcp_group, owed_link);
		struct tcp_connection *c = container_of(g->owed.next, struct tcp_connection, link);
		unsigned before = ix_event_room(t->thread), share = LWIP_MIN(room, IX_EVENTS_PER_STEP);

		t->group = g;
		tcp_disown(t, c);
		if (g->owed.next != &g->owed) { /* the group's next turn is the last */
			tcp_list_remove(&g->owed_link);
			tcp_list_add(&t->owed_groups, &g->owed_link);
		}
		tcp_connection_settle(t, c, share);
		before -= ix_event_room(t->thread);
		room -= LWIP_MIN(room, before ? before : 1);
	}
}

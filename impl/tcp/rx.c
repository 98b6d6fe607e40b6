/*
 * Received packets without a copy: lwIP gets a custom pbuf that points into the packet; the application gets the same
 * bytes; the packet goes back to its pool when lwIP has dropped it or the application has done with all of it.
 */
#include "impl/tcp/internal.h"

#include <stdlib.h>

static void pbuf_dropped(struct pbuf *p)
{
	rx_free(tcp_current, (struct rx_buffer *)(void *)p);
}

struct rx_buffer *rx_new(struct tcp_thread *t, struct ix_packet *packet, uint8_t *payload, uint16_t length)
{
	struct rx_buffer *rx = t->rx_free;

	if (rx)
		t->rx_free = rx->next;
	else
		rx = malloc(sizeof(*rx));
	if (!rx)
		return NULL;
	rx->packet = packet;
	rx->next = NULL;
	rx->pbuf.custom_free_function = pbuf_dropped;
	pbuf_alloced_custom(PBUF_RAW, length, PBUF_REF, &rx->pbuf, payload, length);
	t->received_packets++;
	return rx;
}

void rx_free(struct tcp_thread *t, struct rx_buffer *rx)
{
	tcp_packet_free(t, rx->packet);
	rx->next = t->rx_free;
	t->rx_free = rx;
	t->received_packets--;
}

void rx_stop(struct tcp_thread *t)
{
	while (t->rx_free) {
		struct rx_buffer *next = t->rx_free->next;

		free(t->rx_free);
		t->rx_free = next;
	}
}

void rx_queue_push(struct rx_queue *q, struct rx_buffer *rx)
{
	rx->next = NULL;
	if (q->head)
		q->tail->next = rx;
	else
		q->head = rx;
	q->tail = rx;
}

struct rx_buffer *rx_queue_pop(struct rx_queue *q)
{
	struct rx_buffer *rx = q->head;

	if (rx)
		q->head = rx->next;
	return rx;
}

int rx_queue_done(struct tcp_thread *t, struct rx_queue *q, ix_buffer buffer, uint32_t length)
{
	struct rx_buffer *before = NULL, *rx = q->head;
	const uint8_t *data = ix_buffer_memory(t->host->dataplane, buffer, length);

	if (!data || !length)
		return data ? IX_ERR_BAD_LENGTH : IX_ERR_BAD_BUFFER;
	while (rx && (data < rx->data || data >= rx->data + rx->length)) {
		before = rx;
		rx = rx->next;
	}
	if (!rx)
		return IX_ERR_BAD_BUFFER;
	if (length > rx->undone || data + length > rx->data + rx->length)
		return IX_ERR_BAD_LENGTH;
	rx->undone -= length;
	if (rx->undone)
		return 0;
	if (before)
		before->next = rx->next;
	else
		q->head = rx->next;
	if (q->tail == rx)
		q->tail = before;
	rx_free(t, rx);
	return 1;
}

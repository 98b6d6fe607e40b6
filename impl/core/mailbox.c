#include "impl/core/migration.h"
#include <stddef.h>

void ix_mailbox_init(struct ix_mailbox *mailbox)
{
	atomic_init(&mailbox->stub.next, NULL);
	atomic_init(&mailbox->tail, &mailbox->stub);
	mailbox->head = &mailbox->stub;
}

void ix_mailbox_post(struct ix_mailbox *mailbox, struct ix_message *message)
{
	struct ix_message *previous;

	atomic_store_explicit(&message->next, NULL, memory_order_relaxed);
	previous = atomic_exchange_explicit(&mailbox->tail, message, memory_order_acq_rel);
	/* Between the two the queue is cut here: the consumer sees it as ending before @message. */
	atomic_store_explicit(&previous->next, message, memory_order_release);
}

int ix_mailbox_empty(const struct ix_mailbox *mailbox)
{
	return mailbox->head == &mailbox->stub &&
	       atomic_load_explicit(&mailbox->tail, memory_order_relaxed) == &mailbox->stub;
}

struct ix_message *ix_mailbox_take(struct ix_mailbox *mailbox)
{
	struct ix_message *head = mailbox->head, *next = atomic_load_explicit(&head->next, memory_order_acquire);

	if (head == &mailbox->stub) {
		if (!next)
			return NULL;
		mailbox->head = head = next;
		next = atomic_load_explicit(&head->next, memory_order_acquire);
	}
	if (!next) {
		/* The last one leaves only when the stub stands behind it. */
		if (head != atomic_load_explicit(&mailbox->tail, memory_order_acquire))
			return NULL;
		ix_mailbox_post(mailbox, &mailbox->stub);
		next = atomic_load_explicit(&head->next, memory_order_acquire);
		if (!next)
			return NULL;
	}
	mailbox->head = next;
	return head;
}

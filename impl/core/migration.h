/*
 * Flow-group migration from thread A to thread B (thesis 2.4.5): no packet dropped, none reordered within a flow.
 *
 * prepare: A tags the groups, moves their packets from its default queue to remote, suspends their timers, re-steers.
 * wait:    packets still arriving at A go to remote, those arriving at B to local.
 * rpc:     the first packet at B (or A's fallback timer) asks A for the last step: A drains its ring.
 * finish:  B resumes timers, clears tags, and puts remote, then local, before its default queue.
 *
 * Threads talk through mailboxes (multi-producer, single-consumer, lock-free). One request per source at a time.
 */
#ifndef IX_MIGRATION_H
#define IX_MIGRATION_H

#include "impl/core/packet.h"
#include "impl/core/rss.h"
#include "impl/core/wheel.h"
#include <stdatomic.h>
#include <stddef.h>

struct ix_dataplane;
struct ix_thread;

struct ix_message {
	struct ix_message *_Atomic next;
	void (*handle)(struct ix_thread *thread, struct ix_message *message);
};

/* Vyukov's intrusive multi-producer single-consumer queue. */
struct ix_mailbox {
	struct ix_message *_Atomic tail;
	struct ix_message *head;
	struct ix_message stub;
};

void ix_mailbox_init(struct ix_mailbox *mailbox);
void ix_mailbox_post(struct ix_mailbox *mailbox, struct ix_message *message); /* any thread */
struct ix_message *ix_mailbox_take(struct ix_mailbox *mailbox);               /* the owner; NULL when empty */
int ix_mailbox_empty(const struct ix_mailbox *mailbox);                       /* the owner */

/* The owner: would a message be taken now? */
static inline int ix_mailbox_waiting(const struct ix_mailbox *mailbox)
{
	return mailbox->head != &mailbox->stub ||
	       atomic_load_explicit(&mailbox->stub.next, memory_order_relaxed) != NULL;
}

/*
 * One finished migration, as thesis table 2.5 reports it. prepare: tagging, moving packets and timers, re-steering;
 * wait: from there to the first packet at the target (or the fallback); rpc: from there until the source has drained
 * its ring; deferred: from there until the target has put the packets into its default queue; total: from the request.
 */
struct ix_migration_report {
	unsigned from, to, groups;
	uint64_t prepare_ns, wait_ns, rpc_ns, deferred_ns, total_ns;
	uint32_t packets_deferred;
	int by_fallback; /* no packet came: the timer completed it */
};

struct ix_migration_totals {
	_Atomic uint64_t migrations, groups, packets_deferred, fallbacks;
};

/* The one request of a source thread that may be under way; who writes what is said in migration.c. */
struct ix_migration {
	struct ix_message request, ask, finish;
	_Atomic int references; /* messages in flight; 0: no request under way */
	unsigned from, to, count;
	uint16_t groups[IX_RSS_GROUPS_MAX];
	void (*done)(void *context, const struct ix_migration_report *report);
	void *context;

	/* the source's, the target's after finish was posted */
	struct ix_packet_queue remote;
	struct ix_timer fallback;
	int departing;        /* prepared, and the last step not yet done */
	uint64_t replies_end; /* in packets transmitted by the source: the last step waits for it */
	int by_fallback;
	uint64_t requested_ns, begun_ns, prepared_ns, fallback_ns, drained_ns;

	/* the target's */
	struct ix_packet_queue local;
	int asked;
	uint64_t asked_ns;
};

/*
 * Asks @from to hand the @count groups of @groups over to @to; groups it does not own, or that cannot be steered, are
 * left out. @done (may be NULL) is called by @to at the end, in its kernel phase. May be called by any thread. 0;
 * IX_ERR_STATE while a request of @from is under way; IX_ERR_BAD_CALL for a bad thread or group, or too many.
 */
int ix_migrate(struct ix_dataplane *dataplane, unsigned from, unsigned to, const unsigned *groups, unsigned count,
	       void (*done)(void *context, const struct ix_migration_report *report), void *context);

#endif

/*
 * The steps of a migration; see migration.h. Each thread has one record for the migration it is the source of. Of the
 * record, the source writes the part named as its own until it posts finish; the target writes its own part from the
 * first packet it sees of a tagged group; the messages carry the rest across. The record is free again when the last
 * message in flight has been handled: the fallback may overtake the target's question, which then arrives late.
 *
 * Why nothing is reordered: what A had or still gets stands in remote in order of arrival; what B gets has arrived
 * after re-steering, hence after all of remote, and waits in local until remote is complete, because A's ring is
 * drained after re-steering and before finish. Then B's default queue starts with remote, then local, and nothing of
 * the group came into it before. Events and results do not overtake either: A prepares only when the application has
 * seen them all; if need be it processes no packet for a cycle, so that soon there are none.
 */
#include "impl/core/kernel.h"

#define RECORD_OF(message, member) ((struct ix_migration *)((char *)(message)-offsetof(struct ix_migration, member)))

static uint64_t since(uint64_t end_ns, uint64_t begin_ns)
{
	return end_ns > begin_ns ? end_ns - begin_ns : 0; /* clocks of two threads */
}

static int in_state(const struct ix_dataplane *dataplane, const struct ix_packet *packet, unsigned state)
{
	return atomic_load_explicit(&dataplane->group[packet->group].state, memory_order_relaxed) == state;
}

/* Moves the packets of groups in @state from @queue to @to, keeping the order; for groups of the calling thread. */
static void extract(struct ix_dataplane *dataplane, struct ix_packet_queue *queue, unsigned state,
		    struct ix_packet_queue *to)
{
	struct ix_packet_queue rest = {NULL, NULL, 0};
	struct ix_packet *packet;

	while ((packet = ix_packet_queue_pop(queue)))
		ix_packet_queue_push(in_state(dataplane, packet, state) ? to : &rest, packet);
	*queue = rest;
}

static void tag(struct ix_thread *thread, struct ix_flow_group *group, unsigned target)
{
	const struct ix_stack *stack = thread->dataplane->options.stack;

	ix_wheel_suspend(&thread->wheel, &group->timers);
	if (stack->group_leave)
		stack->group_leave(thread, group);
	atomic_store_explicit(&group->target, target, memory_order_release);
	atomic_store_explicit(&group->state, IX_GROUP_MIGRATING, memory_order_release);
}

/* The group is @thread's from here on. */
static void untag(struct ix_thread *thread, struct ix_flow_group *group)
{
	const struct ix_stack *stack = thread->dataplane->options.stack;

	atomic_store_explicit(&group->owner, thread->id, memory_order_relaxed);
	atomic_store_explicit(&group->state, IX_GROUP_OWNED, memory_order_release);
	if (stack->group_enter)
		stack->group_enter(thread, group);
	ix_wheel_resume(&thread->wheel, &group->timers);
}

static void drop_reference(struct ix_migration *migration)
{
	atomic_fetch_sub_explicit(&migration->references, 1, memory_order_release);
}

static int names_one_of(const uint64_t *groups, ix_handle handle)
{
	uint32_t group = ix_handle_group(handle);

	return handle && group < IX_RSS_GROUPS_MAX && groups[group / 64] >> group % 64 & 1;
}

/* Are there events, or results of calls, of these groups that the application has not seen yet, or connections that
 * some thread works on? */
static int has_news(const struct ix_thread *thread, const struct ix_migration *migration)
{
	uint64_t groups[IX_RSS_GROUPS_MAX / 64] = {0};
	unsigned i;

	for (i = 0; i < migration->count; i++) {
		const struct ix_flow_group *group = &thread->dataplane->group[migration->groups[i]];

		if (ix_owns(thread, group) && group->active)
			return 1;
		groups[migration->groups[i] / 64] |= 1ull << migration->groups[i] % 64;
	}
	for (i = 0; i < thread->event_count; i++)
		if (names_one_of(groups, thread->events[i].handle))
			return 1;
	for (i = 0; i < thread->calls_run; i++) {
		const struct ix_call *call = &thread->calls[i];

		if (call->type == IX_CALL_CONNECT ? call->result > 0 && names_one_of(groups, (ix_handle)call->result)
						  : names_one_of(groups, call->handle))
			return 1;
	}
	return 0;
}

/* The source's last step; put off while a reply of the groups waits for the transmit ring, so that none of the target's
 * overtakes it. */
static void depart(struct ix_thread *thread, struct ix_migration *migration)
{
	struct ix_dataplane *dataplane = thread->dataplane;
	unsigned to = migration->to;

	ix_wheel_cancel(&thread->wheel, &migration->fallback);
	if (thread->transmitted < migration->replies_end)
		ix_run_transmit(thread, thread->work);
	thread->put_off = thread->transmitted < migration->replies_end;
	if (thread->put_off)
		return;
	ix_drain(thread, thread->work);
	migration->departing = 0;
	migration->drained_ns = ix_clock_ns(thread);
	/* From here on the record is the target's, and perhaps free. */
	ix_mailbox_post(&dataplane->thread[to].mailbox, &migration->finish);
	ix_kick(dataplane, to);
}

static void fall_back(struct ix_timer *timer, void *context)
{
	struct ix_thread *thread = context;
	struct ix_migration *migration = thread->migration;

	migration->by_fallback = 1;
	migration->fallback_ns = thread->now_ns;
	depart(thread, migration);
}

/* Steers the tagged groups; those that cannot be steered stay where they are. */
static void steer(struct ix_thread *thread, struct ix_migration *migration)
{
	struct ix_dataplane *dataplane = thread->dataplane;
	struct ix_packet_queue back = {NULL, NULL, 0};
	unsigned i, steered = 0;

	for (i = 0; i < migration->count; i++) {
		unsigned id = migration->groups[i];

		if (dataplane->platform.steer(dataplane->platform.context, id, migration->to))
			untag(thread, &dataplane->group[id]);
		else
			migration->groups[steered++] = (uint16_t)id;
	}
	if (steered < migration->count) {
		extract(dataplane, &migration->remote, IX_GROUP_OWNED, &back);
		ix_packet_queue_prepend(&thread->backlog, &back);
	}
	migration->count = steered;
}

static void on_request(struct ix_thread *thread, struct ix_message *message)
{
	struct ix_migration *migration = RECORD_OF(message, request);
	struct ix_dataplane *dataplane = thread->dataplane;
	unsigned i, owned = 0;

	if (has_news(thread, migration)) {
		thread->postponed = message;
		thread->stalled = 1;
		return;
	}
	migration->begun_ns = ix_clock_ns(thread);
	for (i = 0; i < migration->count; i++) {
		struct ix_flow_group *group = &dataplane->group[migration->groups[i]];

		/* The tag also keeps a group that is named twice from being counted twice. */
		if (!ix_owns(thread, group))
			continue;
		tag(thread, group, migration->to);
		migration->groups[owned++] = (uint16_t)group->id;
	}
	migration->count = owned;
	extract(dataplane, &thread->backlog, IX_GROUP_MIGRATING, &migration->remote);
	steer(thread, migration);
	migration->departing = 1;
	migration->replies_end = thread->transmitted + thread->transmit.count;
	migration->prepared_ns = ix_clock_ns(thread);
	if (migration->count) {
		ix_wheel_arm(&thread->wheel, &migration->fallback,
			     migration->prepared_ns + dataplane->options.migration_fallback_ns, NULL);
	} else {
		migration->by_fallback = 1;
		migration->fallback_ns = migration->prepared_ns;
		depart(thread, migration);
	}
}

static void on_ask(struct ix_thread *thread, struct ix_message *message)
{
	struct ix_migration *migration = RECORD_OF(message, ask);

	if (migration->departing)
		depart(thread, migration);
	drop_reference(migration);
}

static void on_finish(struct ix_thread *thread, struct ix_message *message)
{
	struct ix_migration *migration = RECORD_OF(message, finish);
	struct ix_migration_totals *totals = &thread->dataplane->migration_totals;
	void (*done)(void *, const struct ix_migration_report *) = migration->done;
	void *context = migration->context;
	struct ix_packet_queue mine = {NULL, NULL, 0};
	struct ix_migration_report report = {.from = migration->from, .to = migration->to, .groups = migration->count};
	uint64_t asked_ns = migration->by_fallback ? migration->fallback_ns : migration->asked_ns, now_ns;
	struct ix_packet *packet;
	unsigned i;

	for (i = 0; i < migration->count; i++)
		untag(thread, &thread->dataplane->group[migration->groups[i]]);
	while ((packet = ix_packet_queue_pop(&migration->local)))
		if (ix_owns(thread, &thread->dataplane->group[packet->group]))
			ix_packet_queue_push(&mine, packet);
		else
			ix_dispatch(thread, packet); /* its group could not be steered, and has stayed */
	report.packets_deferred = migration->remote.count + mine.count;
	ix_packet_queue_prepend(&thread->backlog, &mine);
	ix_packet_queue_prepend(&thread->backlog, &migration->remote);
	now_ns = ix_clock_ns(thread);
	report.by_fallback = migration->by_fallback;
	report.prepare_ns = since(migration->prepared_ns, migration->begun_ns);
	report.wait_ns = since(asked_ns, migration->prepared_ns);
	report.rpc_ns = since(migration->drained_ns, asked_ns);
	report.deferred_ns = since(now_ns, migration->drained_ns);
	report.total_ns = since(now_ns, migration->requested_ns);
	atomic_fetch_add_explicit(&totals->migrations, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&totals->groups, report.groups, memory_order_relaxed);
	atomic_fetch_add_explicit(&totals->packets_deferred, report.packets_deferred, memory_order_relaxed);
	atomic_fetch_add_explicit(&totals->fallbacks, (uint64_t)report.by_fallback, memory_order_relaxed);
	drop_reference(migration);
	if (done)
		done(context, &report);
}

void ix_handle_messages(struct ix_thread *thread, struct ix_work *work)
{
	struct ix_message *message = thread->postponed;

	if (thread->put_off)
		depart(thread, thread->migration);
	thread->postponed = NULL;
	thread->stalled = 0;
	if (!message)
		message = ix_mailbox_take(&thread->mailbox);
	for (; message; message = ix_mailbox_take(&thread->mailbox)) {
		message->handle(thread, message);
		work->control++;
	}
}

int ix_migrate(struct ix_dataplane *dataplane, unsigned from, unsigned to, const unsigned *groups, unsigned count,
	       void (*done)(void *context, const struct ix_migration_report *report), void *context)
{
	struct ix_migration *migration;
	unsigned i;
	int none = 0;

	if (from >= dataplane->options.threads || to >= dataplane->options.threads || from == to ||
	    count > IX_RSS_GROUPS_MAX)
		return IX_ERR_BAD_CALL;
	for (i = 0; i < count; i++)
		if (groups[i] >= dataplane->options.groups)
			return IX_ERR_BAD_CALL;
	migration = dataplane->thread[from].migration;
	if (!atomic_compare_exchange_strong_explicit(&migration->references, &none, 1, memory_order_acquire,
						     memory_order_relaxed))
		return IX_ERR_STATE;
	migration->request.handle = on_request;
	migration->ask.handle = on_ask;
	migration->finish.handle = on_finish;
	migration->from = from;
	migration->to = to;
	migration->count = count;
	for (i = 0; i < count; i++)
		migration->groups[i] = (uint16_t)groups[i];
	migration->done = done;
	migration->context = context;
	migration->fallback.fire = fall_back;
	migration->by_fallback = migration->asked = 0;
	migration->requested_ns = dataplane->platform.clock_ns(dataplane->platform.context, from);
	ix_mailbox_post(&dataplane->thread[from].mailbox, &migration->request);
	ix_kick(dataplane, from);
	return 0;
}

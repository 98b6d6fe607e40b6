/*
 * Work-conserving scheduling (ZygOS; thesis 3.4): packets are processed by the home thread of their connection, but a
 * ready connection is worked on by whichever thread comes first. A thread takes, in this order, what stands in its own
 * shuffle queue; else, packets through the stack, at most B; else a connection of another thread's; and when there is
 * none, it interrupts a thread in user mode that has packets, or calls shipped to it, to look at. The cooperative
 * variant never interrupts.
 *
 * What threads know of each other beside the queues are hints, read without a lock: a wrong one costs a look or a
 * delay, never a connection.
 */
#include "impl/core/zygos.h"
#include <assert.h>

#define CHUNK_CONNECTIONS 64

struct ix_zygos_chunk {
	struct ix_zygos_chunk *next;
	struct ix_shuffle_connection connection[CHUNK_CONNECTIONS];
};

static void put_spare(struct ix_zygos *zygos, struct ix_shuffle_connection *connection)
{
	connection->next = zygos->spare;
	zygos->spare = connection;
	zygos->spares++;
}

/* Enough that packets and timers are not held up by them. */
int ix_zygos_replenish(struct ix_thread *thread)
{
	const struct ix_platform *platform = &thread->dataplane->platform;
	struct ix_zygos *zygos = ix_zygos_of(thread);
	struct ix_zygos_chunk *chunk;

	if (zygos->spares >= CHUNK_CONNECTIONS)
		return 0;
	chunk = platform->allocate(platform->context, sizeof(*chunk), 64);
	if (!chunk)
		return IX_ERR_NO_MEMORY;
	chunk->next = zygos->chunks;
	zygos->chunks = chunk;
	for (unsigned i = CHUNK_CONNECTIONS; i-- > 0;)
		put_spare(zygos, &chunk->connection[i]);
	return 0;
}

static int thread_start(struct ix_thread *thread)
{
	const struct ix_options *options = &thread->dataplane->options;
	const struct ix_platform *platform = &thread->dataplane->platform;
	struct ix_zygos *zygos = platform->allocate(platform->context, sizeof(*zygos), _Alignof(struct ix_zygos));

	if (!zygos)
		return IX_ERR_NO_MEMORY;
	thread->scheduler_state = zygos;
	zygos->pool = platform->allocate(platform->context, options->events * sizeof(*zygos->pool), 64);
	if (!zygos->pool || ix_zygos_replenish(thread)) {
		thread->dataplane->options.scheduler->thread_stop(thread);
		return IX_ERR_NO_MEMORY;
	}
	ix_shuffle_init(&zygos->shuffle, zygos->pool, options->events, &thread->dataplane->shown.ready,
			1ull << thread->id);
	zygos->random = (options->steal_seed + thread->id) * 0x9e3779b97f4a7c15ull | 1;
	return 0;
}

static void thread_stop(struct ix_thread *thread)
{
	const struct ix_platform *platform = &thread->dataplane->platform;
	struct ix_zygos *zygos = ix_zygos_of(thread);
	struct ix_zygos_chunk *chunk;

	while ((chunk = zygos->chunks)) {
		zygos->chunks = chunk->next;
		platform->release(platform->context, chunk);
	}
	ix_shipment_pool_stop(&zygos->shipments, platform);
	if (zygos->pool)
		platform->release(platform->context, zygos->pool);
	platform->release(platform->context, zygos);
	thread->scheduler_state = NULL;
}

struct ix_shuffle_connection *ix_zygos_find(const struct ix_thread *thread, ix_handle handle)
{
	struct ix_flow_group *group = &thread->dataplane->group[ix_handle_group(handle)];
	void **attached = ix_handle_attachment(&group->handles, handle);
	struct ix_shuffle_connection *connection = attached ? *attached : NULL;

	return connection && connection->handle == handle ? connection : NULL;
}

struct ix_shuffle_connection *ix_zygos_connection(struct ix_thread *thread, ix_handle handle)
{
	struct ix_flow_group *group = &thread->dataplane->group[ix_handle_group(handle)];
	void **attached = ix_handle_attachment(&group->handles, handle);
	struct ix_shuffle_connection *connection = *attached;
	struct ix_zygos *zygos;

	if (connection && connection->handle == handle)
		return connection;
	/* Left by an earlier handle of the same slot: used again, unless somebody still works on it. Only this thread
	 * makes a connection idle or ends that. */
	if (!connection || atomic_load_explicit(&connection->state, memory_order_relaxed) != IX_CONNECTION_IDLE) {
		zygos = ix_zygos_of(thread);
		assert(zygos->spare);
		connection = zygos->spare;
		zygos->spare = connection->next;
		zygos->spares--;
		*attached = connection;
	}
	ix_shuffle_connection_init(connection, handle);
	return connection;
}

void ix_zygos_release(struct ix_thread *thread, struct ix_shuffle_connection *connection)
{
	struct ix_zygos *zygos = ix_zygos_of(thread);
	struct ix_flow_group *group = &thread->dataplane->group[ix_handle_group(connection->handle)];

	if (ix_shuffle_release(&zygos->shuffle, connection))
		return;
	group->active--;
	if (*ix_handle_attachment(&group->handles, connection->handle) != connection)
		put_spare(zygos, connection);
}

/* Room for what the stack may deliver: an event takes one of the pool, and perhaps a connection never seen before. */
static void set_room(struct ix_thread *thread)
{
	const struct ix_zygos *zygos = ix_zygos_of(thread);
	unsigned events = atomic_load_explicit(&zygos->shuffle.free_count, memory_order_relaxed);

	thread->room = events < zygos->spares ? events : zygos->spares;
}

static void deliver(struct ix_thread *thread, const struct ix_event *event)
{
	struct ix_zygos *zygos = ix_zygos_of(thread);
	uint32_t group = ix_handle_group(event->handle);

	assert(thread->room);
	thread->room--;
	if (!event->handle || group >= thread->dataplane->options.groups) /* timers have handles above all groups */
		ix_shuffle_put_local(&zygos->shuffle, event);
	else if (ix_shuffle_append(&zygos->shuffle, ix_zygos_connection(thread, event->handle), thread->id, event))
		thread->dataplane->group[group].active++;
}

static void calls(struct ix_thread *thread, struct ix_work *work)
{
	ix_zygos_replenish(thread);
	set_room(thread);
	ix_zygos_run_calls(thread, work);
	ix_zygos_run_remote(thread, work);
	ix_shuffle_show(&ix_zygos_of(thread)->shuffle); /* the input half may be a while */
}

/* A step of xorshift64*, scaled to [0, n). */
static unsigned random_below(struct ix_zygos *zygos, unsigned n)
{
	zygos->random ^= zygos->random >> 12;
	zygos->random ^= zygos->random << 25;
	zygos->random ^= zygos->random >> 27;
	return (unsigned)((zygos->random * 0x2545f4914f6cdd1dull >> 32) * n >> 32);
}

/* Takes a thread out of a set of them (a bit each, not empty) at random. */
static unsigned draw(struct ix_zygos *zygos, uint64_t *threads)
{
	uint64_t rest = *threads;
	unsigned skip = rest & (rest - 1) ? random_below(zygos, (unsigned)__builtin_popcountll(rest)) : 0, thread;

	while (skip--)
		rest &= rest - 1;
	thread = (unsigned)__builtin_ctzll(rest);
	*threads &= ~(1ull << thread);
	return thread;
}

static uint64_t bit_of(const struct ix_thread *thread)
{
	return 1ull << thread->id;
}

/* A word of struct ix_shown, or another set of threads. */
static uint64_t look(const _Atomic uint64_t *threads)
{
	return atomic_load_explicit(threads, memory_order_relaxed);
}

static void show(_Atomic uint64_t *threads, uint64_t bit, int *shown, int is)
{
	if (*shown == is)
		return;
	*shown = is;
	if (is)
		atomic_fetch_or_explicit(threads, bit, memory_order_relaxed);
	else
		atomic_fetch_and_explicit(threads, ~bit, memory_order_relaxed);
}

/* Of @threads, those in whose rings packets may be. */
static uint64_t rings_waiting(const struct ix_dataplane *dataplane, uint64_t threads)
{
	const struct ix_platform *platform = &dataplane->platform;

	if (!platform->ring_waiting)
		return 0;
	return platform->rings_waiting ? threads & platform->rings_waiting(platform->context) : threads;
}

/* @target is in its user phase, and calls or (@packets: perhaps) packets wait for it: would an interrupt get something
 * done? */
static int has_work_for_interrupt(const struct ix_dataplane *dataplane, unsigned target, int packets)
{
	const struct ix_thread *thread = &dataplane->thread[target];
	const struct ix_platform *platform = &dataplane->platform;

	if (atomic_load_explicit(&thread->mode, memory_order_relaxed) != IX_MODE_USER)
		return 0;
	if (ix_shipment_waiting(&ix_zygos_of(thread)->remote))
		return 1;
	return packets && ((look(&dataplane->shown.backlog) & bit_of(thread)) ||
			   platform->ring_waiting(platform->context, target));
}

/* Of @threads, those for which an interrupt would get something done, and to which none is on its way. */
static uint64_t waiting_for_interrupt(const struct ix_dataplane *dataplane, uint64_t threads)
{
	const struct ix_platform *platform = &dataplane->platform;
	const struct ix_shown *shown = &dataplane->shown;
	uint64_t packets, rest;

	packets =
	    (look(&shown->backlog) | rings_waiting(dataplane, threads)) & ~(look(&shown->ready) | look(&shown->stuck));
	threads &= packets | look(&shown->shipped);
	if (threads && platform->interrupts_pending)
		threads &= ~platform->interrupts_pending(platform->context);
	for (rest = threads; rest; rest &= rest - 1) {
		unsigned target = (unsigned)__builtin_ctzll(rest);

		if (!has_work_for_interrupt(dataplane, target, packets >> target & 1))
			threads &= ~(1ull << target);
	}
	return threads;
}

/* Of all threads but @thread; none with the cooperative variant. */
static uint64_t all_waiting_for_interrupt(const struct ix_thread *thread)
{
	uint64_t all = ~0ull >> (64 - thread->dataplane->options.threads);

	return ix_zygos_interrupts(thread) ? waiting_for_interrupt(thread->dataplane, all & ~bit_of(thread)) : 0;
}

/* When @target may be interrupted next. */
static uint64_t next_interrupt_ns(const struct ix_dataplane *dataplane, unsigned target)
{
	uint64_t last_ns =
	    atomic_load_explicit(&ix_zygos_of(&dataplane->thread[target])->interrupted_ns, memory_order_relaxed);

	return last_ns ? last_ns + dataplane->options.interrupt_spacing_ns : 0;
}

static int interrupt_other(struct ix_thread *thread, unsigned target, struct ix_work *work)
{
	const struct ix_dataplane *dataplane = thread->dataplane;
	_Atomic uint64_t *stamp = &ix_zygos_of(&dataplane->thread[target])->interrupted_ns;
	uint64_t last_ns = atomic_load_explicit(stamp, memory_order_relaxed);
	uint64_t now_ns = thread->now_ns ? thread->now_ns : 1;

	if (last_ns && now_ns < last_ns + dataplane->options.interrupt_spacing_ns)
		return 0;
	/* Of several that would send one, one does. */
	if (!atomic_compare_exchange_strong_explicit(stamp, &last_ns, now_ns, memory_order_relaxed,
						     memory_order_relaxed))
		return 0;
	dataplane->platform.kick(dataplane->platform.context, target, 1);
	work->interrupts++;
	thread->counter_interrupts_sent++;
	return 1;
}

void ix_zygos_nudge(struct ix_thread *thread, unsigned target, struct ix_work *work)
{
	/* Between the push and the look at its idleness; see ix_thread_idle(). */
	atomic_thread_fence(memory_order_seq_cst);
	if (!ix_wake_thread(thread->dataplane, target) && ix_zygos_interrupts(thread) &&
	    waiting_for_interrupt(thread->dataplane, 1ull << target))
		interrupt_other(thread, target, work);
}

/* Nothing to steal: others may have packets to process first, so that there will be. One interrupt at a time. */
static void interrupt_one(struct ix_thread *thread, struct ix_work *work)
{
	uint64_t waiting = all_waiting_for_interrupt(thread);

	while (waiting)
		if (interrupt_other(thread, draw(ix_zygos_of(thread), &waiting), work))
			return;
}

static int notice(struct ix_thread *idle, unsigned target)
{
	struct ix_work ignored = {0};

	if (!ix_zygos_interrupts(idle) || !waiting_for_interrupt(idle->dataplane, 1ull << target))
		return 1;
	idle->now_ns = ix_clock_ns(idle);
	return interrupt_other(idle, target, &ignored);
}

/* Takes one connection from @victim into the user phase to come. */
static int take_one(struct ix_thread *thread, struct ix_thread *victim, struct ix_work *work)
{
	struct ix_zygos *zygos = ix_zygos_of(thread);
	struct ix_shuffle *shuffle = &ix_zygos_of(victim)->shuffle;
	struct ix_event *events = &thread->events[thread->event_count];
	unsigned room = thread->dataplane->options.events - thread->event_count, count;
	struct ix_shuffle_connection *connection, **list = victim == thread ? &zygos->own : &zygos->stolen;

	if (room <= IX_RESULTS_MAX)
		return 0;
	connection = victim == thread ? ix_shuffle_take(shuffle, events, room, &count)
				      : ix_shuffle_steal(shuffle, events, room, &count);
	if (!connection)
		return 0;
	connection->next = *list;
	*list = connection;
	thread->event_count += count;
	thread->counter_connections++;
	work->connections++;
	if (victim != thread) {
		/* Its calls will be written here: fetched while the application works. */
		__builtin_prefetch(&connection->shipment, 1);
		__builtin_prefetch(&connection->word[0], 1);
		__builtin_prefetch(&connection->word[4], 1);
		thread->counter_steals++;
		work->steals++;
	}
	return 1;
}

static unsigned take(struct ix_thread *thread, struct ix_thread *victim, struct ix_work *work)
{
	unsigned n = 0, most = thread->dataplane->options.connections_per_cycle;

	while (n < most && ix_shuffle_ready(&ix_zygos_of(victim)->shuffle) && take_one(thread, victim, work))
		n++;
	return n;
}

/* From another thread, chosen at random among those that have something. */
static void steal(struct ix_thread *thread, struct ix_work *work)
{
	struct ix_dataplane *dataplane = thread->dataplane;
	uint64_t ready = look(&dataplane->shown.ready) & ~bit_of(thread);

	while (ready)
		if (take(thread, &dataplane->thread[draw(ix_zygos_of(thread), &ready)], work))
			return;
	interrupt_one(thread, work);
}

/* Calls shipped here, then packets if nothing is ready. */
static unsigned serve(struct ix_thread *thread, struct ix_work *work)
{
	const struct ix_options *options = &thread->dataplane->options;
	struct ix_zygos *zygos = ix_zygos_of(thread);
	struct ix_shown *shown = &thread->dataplane->shown;
	unsigned processed = 0;
	int stuck = 0;

	set_room(thread);
	ix_zygos_run_remote(thread, work);
	if (options->stack->deliver_pending && thread->room)
		options->stack->deliver_pending(thread, thread->room);
	ix_poll(thread, work);
	thread->cycle_queue = thread->backlog.count;
	if (thread->stalled) {
		stuck = 1;
	} else if (!ix_shuffle_ready(&zygos->shuffle)) {
		processed = ix_process(thread, options->batch_bound, work);
		stuck = thread->backlog.count && processed < options->batch_bound;
	}
	show(&shown->stuck, bit_of(thread), &zygos->shows_stuck, stuck);
	show(&shown->backlog, bit_of(thread), &zygos->shows_backlog, thread->backlog.count != 0);
	return processed;
}

/* What this thread leaves ready, waiting threads can take; what it leaves unprocessed, they can interrupt it for. */
static void wake_others(struct ix_thread *thread)
{
	struct ix_shuffle *shuffle = &ix_zygos_of(thread)->shuffle;
	unsigned ready = ix_shuffle_ready(shuffle);

	ix_shuffle_show(shuffle);
	if (!ready && thread->backlog.count && ix_zygos_interrupts(thread))
		ready = 1;
	if (ready)
		ix_wake_idle(thread->dataplane, ready);
}

static void input(struct ix_thread *thread, struct ix_work *work)
{
	const struct ix_zygos *zygos = ix_zygos_of(thread);
	unsigned events = thread->dataplane->options.events;

	ix_zygos_replenish(thread);
	thread->cycle_batch = serve(thread, work);
	if (work->remote_calls)
		ix_run_transmit(thread, work);
	/* Half for a connection, so that timers do not keep it out. */
	thread->event_count += ix_shuffle_take_local(&ix_zygos_of(thread)->shuffle, thread->events, events / 2);
	if (!take(thread, thread, work) && !thread->event_count && !zygos->own && !zygos->stolen)
		steal(thread, work);
	wake_others(thread);
}

static void interrupt(struct ix_thread *thread, struct ix_work *work)
{
	unsigned processed = serve(thread, work), bound = thread->dataplane->options.batch_bound;

	thread->cycle_batch = thread->cycle_batch + processed < bound ? thread->cycle_batch + processed : bound;
	thread->counter_interrupts_run++;
	ix_run_transmit(thread, work);
	wake_others(thread);
}

static int has_work(const struct ix_thread *thread, uint64_t now_ns, uint64_t *until_ns)
{
	const struct ix_zygos *zygos = ix_zygos_of(thread);
	uint64_t waiting, at_ns;

	if (zygos->own || zygos->stolen || zygos->shuffle.local.first || ix_shipment_waiting(&zygos->remote) ||
	    look(&thread->dataplane->shown.ready))
		return 1;
	for (waiting = all_waiting_for_interrupt(thread); waiting; waiting &= waiting - 1) {
		at_ns = next_interrupt_ns(thread->dataplane, (unsigned)__builtin_ctzll(waiting));
		if (at_ns <= now_ns)
			return 1;
		if (at_ns < *until_ns)
			*until_ns = at_ns;
	}
	return 0;
}

const struct ix_scheduler ix_scheduler_zygos = {
    .name = "zygos",
    .attaches = 1,
    .thread_start = thread_start,
    .thread_stop = thread_stop,
    .drain = ix_zygos_drop_calls,
    .calls = calls,
    .deliver = deliver,
    .input = input,
    .interrupt = interrupt,
    .has_work = has_work,
    .notice = notice,
};

const struct ix_scheduler ix_scheduler_zygos_cooperative = {
    .name = "zygos-cooperative",
    .attaches = 1,
    .thread_start = thread_start,
    .thread_stop = thread_stop,
    .drain = ix_zygos_drop_calls,
    .calls = calls,
    .deliver = deliver,
    .input = input,
    .interrupt = interrupt,
    .has_work = has_work,
    .notice = notice,
};

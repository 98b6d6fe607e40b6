/*
 * The calls of an application whose connections may belong to other threads. Calls on a connection run at its home
 * thread, because the protocol stack does: at once if that is here, else they are copied, with what they point to, and
 * shipped; the connection is released by its home thread when all of them have run. So it is one thread's from being
 * taken to its last call, and since its replies all pass through its home's transmit queue they keep their order.
 */
#include "impl/core/zygos.h"

static int64_t offered(const struct ix_thread *thread, const struct ix_call *call)
{
	int64_t bytes = 0;

	for (uint32_t i = 0; call->type == IX_CALL_SENDV && i < call->count && i < IX_SG_MAX; i++)
		bytes += thread->sg[i].length;
	return bytes;
}

/* The connection of the call by what we know of it: a dead handle's slot may be another connection's already. */
static struct ix_shuffle_connection *connection_of(const struct ix_thread *thread, ix_handle handle,
						   struct ix_shuffle_connection *worked_on)
{
	for (; worked_on; worked_on = worked_on->next)
		if (worked_on->handle == handle)
			return worked_on;
	return ix_zygos_find(thread, handle);
}

/* Tells the connection of a call that went other than in full; see abi.h. @worked_on: a list to look for it first. */
static void note_result(struct ix_thread *thread, const struct ix_call *call, int64_t bytes,
			struct ix_shuffle_connection *worked_on)
{
	struct ix_event event = {
	    .type = IX_EVENT_RESULT, .handle = call->handle, .cookie = call->cookie, .call = call->type};
	struct ix_shuffle_connection *connection;
	struct ix_flow_group *group;

	thread->counter_calls_failed += call->result < 0;
	if (call->result >= bytes || call->result == IX_ERR_MOVED)
		return;
	group = &thread->dataplane->group[ix_handle_group(call->handle)];
	if (call->type != IX_CALL_ACCEPT && !ix_handle_find(&group->handles, call->handle))
		return;
	connection = connection_of(thread, call->handle, worked_on);
	if (!connection)
		return;
	if (call->result < 0)
		event.status = (int32_t)call->result;
	else
		event.length = (uint32_t)call->result;
	group->active += (unsigned)ix_shuffle_result(&ix_zygos_of(thread)->shuffle, connection, thread->id, &event);
}

/* What the connection is to know of a call that has run. */
static void note_call(struct ix_thread *thread, const struct ix_call *call, int64_t bytes,
		      struct ix_shuffle_connection *worked_on)
{
	struct ix_shuffle_connection *connection;

	note_result(thread, call, bytes, worked_on);
	if (call->result < 0 || call->type == IX_CALL_SENDV || call->type == IX_CALL_RECV_DONE)
		return;
	connection = connection_of(thread, call->handle, worked_on);
	if (!connection)
		return;
	if (call->type == IX_CALL_ACCEPT)
		ix_shuffle_accept(&ix_zygos_of(thread)->shuffle, connection, call->cookie);
	else if (atomic_load_explicit(&connection->state, memory_order_relaxed) == IX_CONNECTION_BUSY &&
		 !ix_handle_find(&thread->dataplane->group[ix_handle_group(call->handle)].handles, call->handle))
		ix_shuffle_close(&ix_zygos_of(thread)->shuffle, connection);
}

/* A connection that a CONNECT has opened stays this thread's until the application has seen the result. */
static void hold_opened(struct ix_thread *thread, const struct ix_call *call)
{
	struct ix_zygos *zygos = ix_zygos_of(thread);
	struct ix_flow_group *group;
	struct ix_shuffle_connection *connection;

	if (call->result <= 0)
		return;
	group = &thread->dataplane->group[ix_handle_group((ix_handle)call->result)];
	connection = ix_zygos_connection(thread, (ix_handle)call->result);
	if (thread->room > zygos->spares)
		thread->room = zygos->spares;
	if (atomic_load_explicit(&connection->state, memory_order_relaxed) != IX_CONNECTION_IDLE)
		return;
	ix_shuffle_hold(&zygos->shuffle, connection, thread->id);
	group->active++;
	connection->next = zygos->opened;
	zygos->opened = connection;
}

/* Readies a call to be run elsewhere: what it points to is checked, and copied where the stack copies. Returns the
 * number of entries, in thread->sg, that go along. */
static unsigned prepare(struct ix_thread *thread, struct ix_call *call)
{
	const struct ix_stack *stack = thread->dataplane->options.stack;
	struct ix_packet *packet;
	int error;

	call->result = ix_check_call_buffers(thread, call);
	if (call->type != IX_CALL_SENDV)
		return 0;
	call->delay_ns = call->result ? 0 : (uint64_t)offered(thread, call);
	if (!call->result && !stack->gather)
		return call->count;
	call->buffer = 0;
	if (!call->result) {
		packet = stack->gather(thread, call->count, &error);
		call->buffer = (uintptr_t)packet;
		if (!packet)
			call->result = error;
	}
	call->count = 0;
	return 0;
}

static void drop_gathered(const struct ix_thread *thread, const struct ix_call *call)
{
	const struct ix_platform *platform = &thread->dataplane->platform;

	if (call->type == IX_CALL_SENDV && call->count == 0 && call->buffer)
		platform->packet_free(platform->context, (struct ix_packet *)(uintptr_t)call->buffer);
}

/* Adds the call to the last shipment of the chain, or to a further one. NULL when memory is short. */
static struct ix_shipment *add(struct ix_thread *thread, struct ix_shipment *last,
			       struct ix_shuffle_connection *connection, const struct ix_call *call, unsigned entries)
{
	struct ix_shipment *fresh;

	if (last && ix_shipment_add(last, call, thread->sg, entries) == 0)
		return last;
	fresh = ix_shipment_pool_get(&ix_zygos_of(thread)->shipments, &thread->dataplane->platform);
	if (!fresh)
		return NULL;
	ix_shipment_begin(fresh, connection);
	ix_shipment_add(fresh, call, thread->sg, entries);
	if (last)
		last->more = fresh;
	return fresh;
}

/* Who finds nothing to do interrupts for what is shown here. The bit goes first when they are taken, so none is hidden;
 * one that stays without need costs a look at the queue. */
static void push(struct ix_thread *thread, unsigned home, struct ix_shipment *shipment, struct ix_work *work)
{
	struct ix_dataplane *dataplane = thread->dataplane;

	if (ix_shipment_push(&ix_zygos_of(&dataplane->thread[home])->remote, shipment) && ix_zygos_interrupts(thread))
		atomic_fetch_or_explicit(&dataplane->shown.shipped, 1ull << home, memory_order_relaxed);
	ix_zygos_nudge(thread, home, work);
}

static int64_t ship(struct ix_thread *thread, struct ix_shuffle_connection *connection, struct ix_call *call,
		    struct ix_work *work)
{
	unsigned entries = prepare(thread, call);
	struct ix_shipment *last =
	    add(thread, connection ? connection->last_shipment : NULL, connection, call, entries);
	unsigned owner;

	if (!last) {
		drop_gathered(thread, call);
		thread->counter_calls_failed++;
		return IX_ERR_NO_MEMORY;
	}
	work->shipped++;
	thread->counter_shipped++;
	if (connection) {
		connection->last_shipment = last;
		return 0;
	}
	/* On a connection that this thread does not work on: by itself, and at once. */
	owner =
	    atomic_load_explicit(&thread->dataplane->group[ix_handle_group(call->handle)].owner, memory_order_relaxed);
	push(thread, owner, last, work);
	return 0;
}

/* Returns what the array shall say. */
static int64_t run_or_ship(struct ix_thread *thread, struct ix_call *call, struct ix_work *work)
{
	struct ix_zygos *zygos = ix_zygos_of(thread);
	struct ix_shuffle_connection *connection;
	uint32_t group = ix_handle_group(call->handle);

	if (ix_call_names_connection(call->type)) {
		for (connection = zygos->stolen; connection; connection = connection->next)
			if (connection->handle == call->handle)
				return ship(thread, connection, call, work);
		if (call->handle && group < thread->dataplane->options.groups) {
			if (!ix_owns(thread, &thread->dataplane->group[group]))
				return ship(thread, NULL, call, work);
			ix_run_call(thread, call);
			work->calls++;
			note_call(thread, call, offered(thread, call), zygos->own);
			return 0;
		}
	}
	if (call->type == IX_CALL_CONNECT && ix_zygos_replenish(thread) && !zygos->spares)
		call->result = IX_ERR_NO_MEMORY; /* it could not be held */
	else
		ix_run_call(thread, call);
	work->calls++;
	thread->counter_calls_failed += call->result < 0;
	if (call->type == IX_CALL_CONNECT)
		hold_opened(thread, call);
	return call->result;
}

/* The shipment in the connection comes with its release; while the connection is held, only those of the pool are
 * used. */
static void begin_shipments(struct ix_zygos *zygos, int hold)
{
	struct ix_shuffle_connection *connection;

	for (connection = zygos->stolen; connection; connection = connection->next) {
		ix_shipment_begin(&connection->shipment, connection);
		if (hold)
			connection->shipment.used = connection->shipment.capacity;
		connection->last_shipment = &connection->shipment;
	}
}

static void send_home(struct ix_thread *thread, struct ix_shuffle_connection *connection, int hold,
		      struct ix_work *work)
{
	struct ix_shipment *first = hold ? connection->shipment.more : &connection->shipment;
	unsigned home = connection->home;

	if (!first)
		return;
	first->release = !hold;
	push(thread, home, first, work); /* released, it is not ours any more */
}

/* The user phase is over, and so is its work on connections, but on those just opened. */
static void end_work(struct ix_thread *thread)
{
	struct ix_zygos *zygos = ix_zygos_of(thread);
	struct ix_shuffle_connection *connection, *next;

	zygos->stolen = NULL;
	for (connection = zygos->own; connection; connection = next) {
		next = connection->next;
		ix_zygos_release(thread, connection);
	}
	zygos->own = zygos->opened;
	zygos->opened = NULL;
}

void ix_zygos_run_calls(struct ix_thread *thread, struct ix_work *work)
{
	struct ix_zygos *zygos = ix_zygos_of(thread);
	unsigned count = ix_calls_left(thread), i;
	struct ix_shuffle_connection *connection, *next;
	int hold = thread->hold != 0;

	thread->hold = 0;
	thread->calls_run = count;
	if (!count && !zygos->own && !zygos->stolen && !zygos->opened)
		return; /* there was no user phase */
	begin_shipments(zygos, hold);
	for (i = 0; i < count; i++) {
		struct ix_call call = thread->calls[i];

		thread->calls[i].result = run_or_ship(thread, &call, work);
	}
	thread->call_count = 0;
	for (connection = zygos->stolen; connection; connection = next) {
		next = connection->next;
		send_home(thread, connection, hold, work);
	}
	if (!hold)
		end_work(thread);
}

/* At the home thread. */
static void run_shipped(struct ix_thread *thread, struct ix_call *call, struct ix_shuffle_connection *connection)
{
	int64_t bytes = call->type == IX_CALL_SENDV ? (int64_t)call->delay_ns : 0;

	if (call->type == IX_CALL_SENDV && call->count == 0)
		thread->gathered = (struct ix_packet *)(uintptr_t)call->buffer;
	ix_run_checked_call(thread, call);
	if (thread->gathered) /* it was not to be */
		thread->dataplane->platform.packet_free(thread->dataplane->platform.context, thread->gathered);
	thread->gathered = NULL;
	note_call(thread, call, bytes, connection);
	thread->counter_remote_calls++;
}

static void run_delivery(struct ix_thread *thread, struct ix_shipment *first, struct ix_work *work)
{
	struct ix_shuffle_connection *connection = first->connection;
	struct ix_shipment *shipment, *more;
	int release = first->release;
	struct ix_call call;

	for (shipment = first; shipment; shipment = more) {
		unsigned position = 0;

		more = shipment->more;
		while (ix_shipment_read(shipment, &position, &call, thread->sg) == 0) {
			run_shipped(thread, &call, connection);
			work->remote_calls++;
		}
		ix_shipment_return(shipment);
	}
	if (release)
		ix_zygos_release(thread, connection);
}

void ix_zygos_run_shipped(struct ix_thread *thread, struct ix_work *work)
{
	struct ix_shipment_queue *queue = &ix_zygos_of(thread)->remote;
	_Atomic uint64_t *shipped = &thread->dataplane->shown.shipped;
	uint64_t bit = 1ull << thread->id;
	struct ix_shipment *first, *next;

	if (atomic_load_explicit(shipped, memory_order_relaxed) & bit)
		atomic_fetch_and_explicit(shipped, ~bit, memory_order_relaxed);
	for (first = ix_shipment_take_all(queue); first; first = next) {
		next = first->next; /* released, it may be on its way again */
		run_delivery(thread, first, work);
	}
}

static void drop_delivery(struct ix_thread *thread, struct ix_shipment *shipment)
{
	struct ix_sg sg[IX_SG_MAX];
	struct ix_call call;

	for (; shipment; shipment = shipment->more) {
		unsigned position = 0;

		while (ix_shipment_read(shipment, &position, &call, sg) == 0)
			drop_gathered(thread, &call);
	}
}

void ix_zygos_drop_calls(struct ix_thread *thread)
{
	struct ix_shipment *first;

	for (first = ix_shipment_take_all(&ix_zygos_of(thread)->remote); first; first = first->next)
		drop_delivery(thread, first);
}

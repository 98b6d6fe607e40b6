#include "impl/core/shuffle.h"
#include <stddef.h>

static int try_lock(struct ix_shuffle *shuffle)
{
	/* Acquire: what the last holder wrote is seen. */
	return !atomic_exchange_explicit(&shuffle->lock, 1, memory_order_acquire);
}

static void pause_spinning(void)
{
#ifdef __x86_64__
	__builtin_ia32_pause();
#endif
}

static void lock(struct ix_shuffle *shuffle)
{
	while (!try_lock(shuffle))
		while (atomic_load_explicit(&shuffle->lock, memory_order_relaxed))
			pause_spinning();
}

static void unlock(struct ix_shuffle *shuffle)
{
	atomic_store_explicit(&shuffle->lock, 0, memory_order_release);
}

void ix_shuffle_init(struct ix_shuffle *shuffle, struct ix_shuffle_event *event, unsigned count,
		     _Atomic uint64_t *shows, uint64_t bit)
{
	*shuffle = (struct ix_shuffle){.capacity = count, .free_count = count, .shows = shows, .bit = bit};
	for (unsigned i = 0; i < count; i++) {
		event[i].next = shuffle->free;
		shuffle->free = &event[i];
	}
}

void ix_shuffle_connection_init(struct ix_shuffle_connection *connection, ix_handle handle)
{
	*connection = (struct ix_shuffle_connection){.handle = handle};
	connection->shipment.connection = connection;
	connection->shipment.word = connection->word;
	connection->shipment.capacity = IX_SHIPMENT_INLINE_WORDS;
}

/* A counter that is written under the lock and read without. */
static void add(_Atomic unsigned *counter, unsigned n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n, memory_order_relaxed);
}

static void list_push(struct ix_shuffle *shuffle, struct ix_shuffle_list *list, const struct ix_event *event)
{
	struct ix_shuffle_event *node = shuffle->free;

	shuffle->free = node->next;
	add(&shuffle->free_count, -1u);
	node->event = *event;
	node->next = NULL;
	if (list->first)
		list->last->next = node;
	else
		list->first = node;
	list->last = node;
}

static unsigned list_pop(struct ix_shuffle *shuffle, struct ix_shuffle_list *list, struct ix_event *events,
			 unsigned room)
{
	struct ix_shuffle_event *node;
	unsigned n = 0;

	for (; n < room && (node = list->first); n++) {
		list->first = node->next;
		events[n] = node->event;
		node->next = shuffle->free;
		shuffle->free = node;
	}
	add(&shuffle->free_count, n);
	return n;
}

static void set_state(struct ix_shuffle_connection *connection, enum ix_connection_state state)
{
	atomic_store_explicit(&connection->state, state, memory_order_relaxed);
}

static void make_ready(struct ix_shuffle *shuffle, struct ix_shuffle_connection *connection)
{
	set_state(connection, IX_CONNECTION_READY);
	connection->next = NULL;
	if (shuffle->first)
		shuffle->last->next = connection;
	else
		shuffle->first = connection;
	shuffle->last = connection;
	add(&shuffle->ready, 1);
}

static int wake(struct ix_shuffle *shuffle, struct ix_shuffle_connection *connection, unsigned home)
{
	if (atomic_load_explicit(&connection->state, memory_order_relaxed) != IX_CONNECTION_IDLE)
		return 0;
	connection->home = home;
	make_ready(shuffle, connection);
	return 1;
}

int ix_shuffle_append(struct ix_shuffle *shuffle, struct ix_shuffle_connection *connection, unsigned home,
		      const struct ix_event *event)
{
	int woken;

	lock(shuffle);
	list_push(shuffle, &connection->events, event);
	woken = wake(shuffle, connection, home);
	unlock(shuffle);
	return woken;
}

int ix_shuffle_result(struct ix_shuffle *shuffle, struct ix_shuffle_connection *connection, unsigned home,
		      const struct ix_event *result)
{
	int woken;

	lock(shuffle);
	if (connection->results < IX_RESULTS_MAX)
		connection->result[connection->results++] = *result;
	woken = wake(shuffle, connection, home);
	unlock(shuffle);
	return woken;
}

void ix_shuffle_hold(struct ix_shuffle *shuffle, struct ix_shuffle_connection *connection, unsigned home)
{
	lock(shuffle);
	connection->home = home;
	set_state(connection, IX_CONNECTION_BUSY);
	unlock(shuffle);
}

void ix_shuffle_accept(struct ix_shuffle *shuffle, struct ix_shuffle_connection *connection, ix_cookie cookie)
{
	lock(shuffle);
	connection->cookie = cookie;
	unlock(shuffle);
}

static int tells_of_data(const struct ix_event *event)
{
	return event->type == IX_EVENT_RECV || event->type == IX_EVENT_SENT || event->type == IX_EVENT_EOF;
}

void ix_shuffle_close(struct ix_shuffle *shuffle, struct ix_shuffle_connection *connection)
{
	struct ix_shuffle_event **link, *node, *last = NULL;

	lock(shuffle);
	connection->results = 0;
	for (link = &connection->events.first; (node = *link);) {
		if (!tells_of_data(&node->event)) {
			last = node;
			link = &node->next;
			continue;
		}
		*link = node->next;
		node->next = shuffle->free;
		shuffle->free = node;
		add(&shuffle->free_count, 1);
	}
	connection->events.last = last;
	unlock(shuffle);
}

int ix_shuffle_release(struct ix_shuffle *shuffle, struct ix_shuffle_connection *connection)
{
	int ready;

	lock(shuffle);
	ready = connection->events.first || connection->results;
	if (ready)
		make_ready(shuffle, connection);
	else
		set_state(connection, IX_CONNECTION_IDLE);
	unlock(shuffle);
	return ready;
}

void ix_shuffle_show_now(struct ix_shuffle *shuffle)
{
	lock(shuffle);
	if (ix_shuffle_ready(shuffle)) {
		atomic_store_explicit(&shuffle->shown, 1, memory_order_relaxed);
		atomic_fetch_or_explicit(shuffle->shows, shuffle->bit, memory_order_relaxed);
	}
	unlock(shuffle);
}

/* The last connection has been taken. */
static void hide(struct ix_shuffle *shuffle)
{
	atomic_store_explicit(&shuffle->shown, 0, memory_order_relaxed);
	atomic_fetch_and_explicit(shuffle->shows, ~shuffle->bit, memory_order_relaxed);
}

static struct ix_shuffle_connection *take(struct ix_shuffle *shuffle, struct ix_event *events, unsigned room,
					  unsigned *count)
{
	struct ix_shuffle_connection *connection = shuffle->first;
	unsigned n;

	if (!connection)
		return NULL;
	shuffle->first = connection->next;
	connection->next = NULL;
	add(&shuffle->ready, -1u);
	if (!shuffle->first && atomic_load_explicit(&shuffle->shown, memory_order_relaxed))
		hide(shuffle);
	set_state(connection, IX_CONNECTION_BUSY);
	for (n = 0; n < connection->results; n++)
		events[n] = connection->result[n];
	connection->results = 0;
	*count = n + list_pop(shuffle, &connection->events, events + n, room - n);
	for (; n < *count; n++)
		if (!events[n].cookie)
			events[n].cookie = connection->cookie;
	return connection;
}

struct ix_shuffle_connection *ix_shuffle_take(struct ix_shuffle *shuffle, struct ix_event *events, unsigned room,
					      unsigned *count)
{
	struct ix_shuffle_connection *connection;

	/* Only its owner adds to the queue, so to it an empty one is empty. */
	if (!ix_shuffle_ready(shuffle))
		return NULL;
	lock(shuffle);
	connection = take(shuffle, events, room, count);
	unlock(shuffle);
	return connection;
}

struct ix_shuffle_connection *ix_shuffle_steal(struct ix_shuffle *shuffle, struct ix_event *events, unsigned room,
					       unsigned *count)
{
	struct ix_shuffle_connection *connection;

	if (!ix_shuffle_ready(shuffle) || !try_lock(shuffle))
		return NULL;
	connection = take(shuffle, events, room, count);
	unlock(shuffle);
	return connection;
}

void ix_shuffle_put_local(struct ix_shuffle *shuffle, const struct ix_event *event)
{
	lock(shuffle);
	list_push(shuffle, &shuffle->local, event);
	unlock(shuffle);
}

unsigned ix_shuffle_take_local(struct ix_shuffle *shuffle, struct ix_event *events, unsigned room)
{
	unsigned n;

	if (!shuffle->local.first)
		return 0;
	lock(shuffle);
	n = list_pop(shuffle, &shuffle->local, events, room);
	unlock(shuffle);
	return n;
}

/* The events of a list, at most @max + 1; checks that the last one is the last. */
static unsigned list_count(const struct ix_shuffle_list *list, unsigned max, const char **wrong)
{
	const struct ix_shuffle_event *node, *last = NULL;
	unsigned n = 0;

	for (node = list->first; node && n <= max; node = node->next, n++)
		last = node;
	if (n && !node && list->last != last)
		*wrong = "a list of events does not end with its last one";
	return n;
}

const char *ix_shuffle_validate(struct ix_shuffle *shuffle)
{
	const struct ix_shuffle_connection *connection, *last = NULL;
	const struct ix_shuffle_list free = {shuffle->free, NULL};
	const char *wrong = NULL, *ignored = NULL;
	unsigned ready = 0, events, of_one;

	lock(shuffle);
	events = list_count(&shuffle->local, shuffle->capacity, &wrong);
	for (connection = shuffle->first; connection && ready < shuffle->ready; connection = connection->next) {
		last = connection;
		ready++;
		of_one = list_count(&connection->events, shuffle->capacity, &wrong);
		events += of_one;
		if (connection->state != IX_CONNECTION_READY)
			wrong = "a connection in the queue is not ready";
		else if (of_one + connection->results == 0)
			wrong = "a ready connection has no event";
	}
	if (connection || ready != shuffle->ready)
		wrong = "the queue is not as long as it says";
	else if (ready && shuffle->last != last)
		wrong = "the queue does not end with its last connection";
	else if (list_count(&free, shuffle->capacity, &ignored) != shuffle->free_count)
		wrong = "there are not as many free events as it says";
	else if (events + shuffle->free_count > shuffle->capacity) /* more may wait for busy connections */
		wrong = "an event is both free and in use";
	else if (!shuffle->shown != !(*shuffle->shows & shuffle->bit))
		wrong = "what the queue shows is not what it believes to show";
	else if (shuffle->shown && !ready)
		wrong = "the queue shows a connection that it does not have";
	unlock(shuffle);
	return wrong;
}

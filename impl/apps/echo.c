/*
 * echo: every byte goes back to where it came from, as it comes or (size=N) message by message, each when all of it is
 * there. From a peer that does not read no more is read than fits into a buffer of this size.
 */
#include "impl/apps/app.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define UNSENT_MAX  (1u << 20)
#define MESSAGE_MAX (1u << 20)

struct echo {
	_Atomic uint64_t connections, bytes;
	size_t size; /* of a message; 0: a stream */
};

/* A message on its way in; the receive window may be smaller than it. */
struct message {
	struct echo *echo;
	size_t length;
	uint8_t bytes[];
};

static void count(struct echo *echo, size_t bytes)
{
	atomic_fetch_add_explicit(&echo->bytes, bytes, memory_order_relaxed);
}

static void stream_received(struct ix_connection *connection)
{
	struct echo *echo = ix_connection_context(connection);
	struct ix_view view;

	while (ix_connection_unsent(connection) < UNSENT_MAX && ix_read_take(connection, &view)) {
		int failed = ix_write(connection, view.data, view.length);

		ix_read_done(connection, &view);
		if (failed) {
			ix_abort(connection);
			return;
		}
		count(echo, view.length);
	}
}

static void stream_sent(struct ix_connection *connection, uint32_t bytes)
{
	if (ix_read_available(connection))
		stream_received(connection);
}

static void message_opened(struct ix_connection *connection, int status)
{
	struct echo *echo = ix_connection_context(connection);
	struct message *message = malloc(sizeof(*message) + echo->size);

	if (message)
		*message = (struct message){.echo = echo};
	ix_connection_set_context(connection, message);
	if (!message)
		ix_abort(connection);
}

static void message_received(struct ix_connection *connection)
{
	struct message *message = ix_connection_context(connection);
	size_t size = message->echo->size, n;

	while (ix_connection_unsent(connection) < UNSENT_MAX &&
	       (n = ix_read(connection, message->bytes + message->length, size - message->length)) > 0) {
		message->length += n;
		if (message->length < size)
			continue;
		if (ix_write(connection, message->bytes, size)) {
			ix_abort(connection);
			return;
		}
		message->length = 0;
		count(message->echo, size);
	}
}

static void message_sent(struct ix_connection *connection, uint32_t bytes)
{
	if (ix_read_available(connection))
		message_received(connection);
}

static void message_closed(struct ix_connection *connection, int reason)
{
	free(ix_connection_context(connection));
}

static void ended(struct ix_connection *connection)
{
	ix_close(connection);
}

static const struct ix_handler stream_handler = {.received = stream_received, .sent = stream_sent, .ended = ended};
static const struct ix_handler message_handler = {.opened = message_opened,
						  .received = message_received,
						  .sent = message_sent,
						  .ended = ended,
						  .closed = message_closed};

static const struct ix_handler *knock(void *context, uint32_t ip, uint16_t port, void **connection_context)
{
	struct echo *echo = context;

	atomic_fetch_add_explicit(&echo->connections, 1, memory_order_relaxed);
	*connection_context = echo;
	return echo->size ? &message_handler : &stream_handler;
}

static int start(struct ix_runtime *runtime, const struct ix_app_options *options, void **state,
		 struct ix_app_error *error)
{
	static const char *const known[] = {"port", "size", NULL};
	struct echo *echo;
	uint64_t size = 0;

	if (ix_app_options_known(options, known, error) ||
	    ix_app_option_number(options, "size", 0, MESSAGE_MAX, &size, error))
		return -1;
	echo = calloc(1, sizeof(*echo));
	if (!echo || ix_listen(runtime, 0, knock, echo)) {
		free(echo);
		snprintf(error->text, sizeof(error->text), "memory is short");
		return -1;
	}
	echo->size = size;
	*state = echo;
	return 0;
}

static void stop(void *state)
{
	free(state);
}

static unsigned counters(const void *state, struct ix_app_counter *counter, unsigned max)
{
	const struct echo *echo = state;

	if (max < 2)
		return 0;
	counter[0] = (struct ix_app_counter){"connections", atomic_load(&echo->connections)};
	counter[1] = (struct ix_app_counter){"bytes", atomic_load(&echo->bytes)};
	return 2;
}

const struct ix_app ix_app_echo = {
    .name = "echo",
    .summary = "sends every byte back",
    .options = "port  1 .. 65535    7  where it listens\n"
	       "size  0 .. 1048576  0  bytes of a message, echoed when it is complete; 0: a stream\n",
    .tcp_port = 7,
    .start = start,
    .stop = stop,
    .counters = counters,
};

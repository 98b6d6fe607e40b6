/* echo: every byte goes back to where it came from. */
#include "impl/apps/app.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct echo {
	_Atomic uint64_t connections, bytes;
};

static void received(struct ix_connection *connection)
{
	struct echo *echo = ix_connection_context(connection);
	struct ix_view view;

	while (ix_read_take(connection, &view)) {
		if (ix_write(connection, view.data, view.length)) {
			ix_read_done(connection, &view);
			ix_abort(connection);
			return;
		}
		atomic_fetch_add_explicit(&echo->bytes, view.length, memory_order_relaxed);
		ix_read_done(connection, &view);
	}
}

static void ended(struct ix_connection *connection)
{
	ix_close(connection);
}

static const struct ix_handler handler = {.received = received, .ended = ended};

static const struct ix_handler *knock(void *context, uint32_t ip, uint16_t port, void **connection_context)
{
	struct echo *echo = context;

	(void)ip;
	(void)port;
	atomic_fetch_add_explicit(&echo->connections, 1, memory_order_relaxed);
	*connection_context = echo;
	return &handler;
}

static int start(struct ix_runtime *runtime, const struct ix_app_options *options, void **state,
		 struct ix_app_error *error)
{
	static const char *const known[] = {"port", NULL};
	struct echo *echo;

	if (ix_app_options_known(options, known, error))
		return -1;
	echo = calloc(1, sizeof(*echo));
	if (!echo || ix_listen(runtime, 0, knock, echo)) {
		free(echo);
		snprintf(error->text, sizeof(error->text), "memory is short");
		return -1;
	}
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
    .options = "port  1 .. 65535  7  where it listens\n",
    .tcp_port = 7,
    .start = start,
    .stop = stop,
    .counters = counters,
};

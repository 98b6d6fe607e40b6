/*
 * The worked example of docs/applications.md: a server that sends lines back in capitals, ported from libevent's
 * bufferevents to libix.
 */
#include "tests/unit/apps/upper.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

static void on_read(struct ix_connection *connection)
{
	char text[512];
	size_t n;

	while ((n = ix_read(connection, text, sizeof(text))) > 0) {
		for (size_t i = 0; i < n; i++)
			text[i] = (char)toupper((unsigned char)text[i]);
		if (ix_write(connection, text, n))
			ix_abort(connection); /* memory is short */
	}
}

static void on_end(struct ix_connection *connection)
{
	ix_close(connection);
}

static const struct ix_handler handler = {.received = on_read, .ended = on_end};

static const struct ix_handler *on_accept(void *context, uint32_t ip, uint16_t port, void **connection_context)
{
	return &handler;
}

static int start(struct ix_runtime *runtime, const struct ix_app_options *options, void **state,
		 struct ix_app_error *error)
{
	*state = NULL;
	if (!ix_listen(runtime, 0, on_accept, NULL))
		return 0;
	snprintf(error->text, sizeof(error->text), "memory is short");
	return -1;
}

static void stop(void *state)
{
}

const struct ix_app app_upper = {
    .name = "upper", .summary = "lines in capitals", .options = "", .tcp_port = 7000, .start = start, .stop = stop};

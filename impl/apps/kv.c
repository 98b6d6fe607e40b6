/*
 * kv: a cache of values by key that speaks memcached's two protocols over TCP. kv_session.h is a connection, kv_ascii.c and
 * kv_binary.c are the protocols, kv_store.h is what all threads share.
 */
#include "impl/apps/app.h"
#include "impl/apps/kv_session.h"
#include <stdio.h>
#include <stdlib.h>

#define UNSENT_MAX (4u << 20) /* a client that does not read its replies is not read from */

static void received(struct ix_connection *connection)
{
	struct kv_session *session = ix_connection_context(connection);
	struct kv_output output;
	struct ix_view view;

	output.used = 0;
	session->runtime = ix_connection_runtime(connection);
	session->output = &output;
	while (!session->quit && !session->failed && ix_connection_unsent(connection) < UNSENT_MAX &&
	       ix_read_take(connection, &view)) {
		kv_feed(session, view.data, view.length);
		ix_read_done(connection, &view);
	}
	kv_reply_flush(session);
	session->output = NULL;
	if (session->failed)
		ix_abort(connection);
	else if (session->quit)
		ix_close(connection);
}

static void sent(struct ix_connection *connection, uint32_t bytes)
{
	if (ix_read_available(connection))
		received(connection);
}

static void opened(struct ix_connection *connection, int status)
{
	struct kv_store *store = ix_connection_context(connection);
	struct kv_session *session = calloc(1, sizeof(*session));

	ix_connection_set_context(connection, session);
	if (!session) {
		ix_abort(connection);
		return;
	}
	session->store = store;
	session->connection = connection;
	store->connections++;
	store->total_connections++;
}

static void ended(struct ix_connection *connection)
{
	ix_close(connection);
}

static void closed(struct ix_connection *connection, int reason)
{
	struct kv_session *session = ix_connection_context(connection);

	if (!session)
		return;
	if (session->item)
		kv_item_release(session->store, session->item);
	session->store->connections--;
	free(session->partial);
	free(session);
}

static const struct ix_handler handler = {opened, received, sent, ended, closed};

static const struct ix_handler *knock(void *context, uint32_t ip, uint16_t port, void **connection_context)
{
	*connection_context = context;
	return &handler;
}

static int fail(struct ix_app_error *error, const char *text)
{
	snprintf(error->text, sizeof(error->text), "%s", text);
	return -1;
}

static int start(struct ix_runtime *runtime, const struct ix_app_options *options, void **state,
		 struct ix_app_error *error)
{
	static const char *const known[] = {"port", "memory_mb", "zero_copy_min", NULL};
	uint64_t memory_mb = 64, zero_copy_min = 4096;
	struct kv_store *store = *options->shared;

	if (ix_app_options_known(options, known, error) ||
	    ix_app_option_number(options, "memory_mb", 1, 1 << 20, &memory_mb, error) ||
	    ix_app_option_number(options, "zero_copy_min", 1, KV_VALUE_MAX + 1, &zero_copy_min, error))
		return -1;
	if (!store) {
		store = kv_store_create(memory_mb << 20, (uint32_t)zero_copy_min);
		if (!store)
			return fail(error, "memory is short");
		store->threads = options->threads;
		*options->shared = store;
	}
	if (ix_listen(runtime, 0, knock, store))
		return fail(error, "memory is short");
	*state = store;
	return 0;
}

static void stop(void *state)
{
	/* The store is all threads'. */
}

static int finish(void *shared, char **text, struct ix_app_error *error)
{
	*text = NULL;
	kv_store_destroy(shared);
	return 0;
}

const struct ix_app ix_app_kv = {
    .name = "kv",
    .summary = "a cache of values by key, for clients of memcached",
    .options = "port           1 .. 65535    11211  where it listens\n"
	       "memory_mb      1 .. 1048576  64     items are evicted above it; MiB\n"
	       "zero_copy_min  1 .. 1048577  4096   values of so many bytes are sent without a copy\n",
    .tcp_port = 11211,
    .start = start,
    .stop = stop,
    .finish = finish,
};

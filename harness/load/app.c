/* The load client as an application of impl/apps/app.h. */
#include "harness/load/load.h"
#include <stdio.h>
#include <stdlib.h>

static void shared_destroy(struct load_shared *shared)
{
	for (unsigned i = 0; i < shared->threads; i++)
		load_client_destroy(shared->client[i]);
	if (shared->config.carried)
		dist_destroy(&shared->config.service);
	free(shared->client);
	free(shared);
}

static struct load_shared *shared_create(const struct ix_app_options *options, struct ix_app_error *error)
{
	struct load_shared *shared = calloc(1, sizeof(*shared));

	snprintf(error->text, sizeof(error->text), "memory is short");
	if (!shared)
		return NULL;
	shared->threads = options->threads;
	shared->client = calloc(options->threads, sizeof(struct load_client *));
	if (!shared->client || load_config_read(&shared->config, options, error)) {
		free(shared->client);
		free(shared);
		return NULL;
	}
	return shared;
}

static int start(struct ix_runtime *runtime, const struct ix_app_options *options, void **state,
		 struct ix_app_error *error)
{
	struct load_shared *shared = *options->shared;

	if (!shared)
		*options->shared = shared = shared_create(options, error);
	if (!shared)
		return -1;
	*state = shared->client[options->thread] = load_client_create(shared, runtime, options->thread);
	if (!*state)
		snprintf(error->text, sizeof(error->text), "memory is short");
	return *state ? 0 : -1;
}

static void stop(void *state)
{
	/* finish() wants all clients; one that was stopped before its end has lost what was in flight. */
}

static int finished(const void *state)
{
	return atomic_load(&((const struct load_client *)state)->done);
}

static unsigned counters(const void *state, struct ix_app_counter *counter, unsigned max)
{
	if (max < 1)
		return 0;
	counter[0] = (struct ix_app_counter){"replies", atomic_load(&((const struct load_client *)state)->progress)};
	return 1;
}

static int finish(void *state, char **text, struct ix_app_error *error)
{
	struct load_shared *shared = state;
	bool failed;

	*text = NULL;
	if (!shared)
		return 0;
	if (!shared->client[shared->threads - 1]) { /* not all have started */
		shared_destroy(shared);
		return 1;
	}
	*text = load_result(shared, &failed);
	shared_destroy(shared);
	snprintf(error->text, sizeof(error->text), "%s",
		 *text ? "connections failed, or replies were wrong or missing" : "memory is short");
	return failed;
}

const struct ix_app ix_app_load = {
    .name = "load",
    .summary = "sends requests and measures how long replies take",
    .options = load_options_help,
    .start = start,
    .stop = stop,
    .counters = counters,
    .finished = finished,
    .finish = finish,
};

#include "impl/core/kernel.h"
#include <stdlib.h>
#include <string.h>

const struct ix_options ix_options_default = {
    .threads = 1,
    .groups = 128,
    .batch_bound = 64,
    .events = 1024,
    .calls = 4096,
    .backlog_packets = 32768,
    .transmit_order = IX_TRANSMIT_PAPER,
    .rss_key = ix_rss_key_default,
    .migration_fallback_ns = 1000000,
    .scheduler = &ix_scheduler_ix,
    .stack = &ix_stack_message,
    .connections_per_cycle = 1,
    .interrupt_spacing_ns = 4000,
    .steal_seed = 1,
};

static const struct ix_scheduler *const schedulers[] = {&ix_scheduler_ix, &ix_scheduler_zygos,
							&ix_scheduler_zygos_cooperative};

const struct ix_scheduler *ix_scheduler_find(const char *name)
{
	for (size_t i = 0; i < sizeof(schedulers) / sizeof(schedulers[0]); i++)
		if (strcmp(schedulers[i]->name, name) == 0)
			return schedulers[i];
	return NULL;
}

static void *allocate(struct ix_dataplane *dataplane, size_t size)
{
	return dataplane->platform.allocate(dataplane->platform.context, size, 64);
}

static void release(struct ix_dataplane *dataplane, void *memory)
{
	if (memory)
		dataplane->platform.release(dataplane->platform.context, memory);
}

static int options_valid(const struct ix_options *o)
{
	return o->threads >= 1 && o->threads <= IX_THREADS_MAX && o->batch_bound >= 1 &&
	       o->batch_bound <= IX_BATCH_MAX && o->events >= IX_EVENTS_MIN && o->calls >= 1 &&
	       o->backlog_packets >= 1 && o->transmit_order <= IX_TRANSMIT_CODE && o->rss_key && o->scheduler &&
	       o->stack && o->connections_per_cycle >= 1 && o->connections_per_cycle <= o->events;
}

static int start_thread(struct ix_dataplane *dataplane, struct ix_thread *thread)
{
	const struct ix_options *o = &dataplane->options;
	uint64_t now_ns;
	int error;

	thread->dataplane = dataplane;
	thread->id = (unsigned)(thread - dataplane->thread);
	thread->events = allocate(dataplane, o->events * sizeof(struct ix_event));
	thread->calls = allocate(dataplane, o->calls * sizeof(struct ix_call));
	thread->batches = allocate(dataplane, (o->batch_bound + 1) * sizeof(uint64_t));
	thread->migration = allocate(dataplane, sizeof(struct ix_migration));
	if (!thread->events || !thread->calls || !thread->batches || !thread->migration)
		return IX_ERR_NO_MEMORY;
	now_ns = ix_clock_ns(thread);
	ix_wheel_init(&thread->wheel, now_ns);
	ix_metrics_start(&thread->metrics, now_ns);
	ix_mailbox_init(&thread->mailbox);
	error = ix_application_timers_start(thread);
	if (error)
		return error;
	error = o->scheduler->thread_start(thread);
	if (error)
		return error;
	error = o->stack->thread_start(thread, o->stack_options);
	if (error)
		o->scheduler->thread_stop(thread);
	return error;
}

static void free_queue(struct ix_dataplane *dataplane, struct ix_packet_queue *queue)
{
	struct ix_packet *packet;

	while ((packet = ix_packet_queue_pop(queue)))
		dataplane->platform.packet_free(dataplane->platform.context, packet);
}

/* @started: the stack and the scheduler run on it. */
static void stop_thread(struct ix_dataplane *dataplane, struct ix_thread *thread, int started)
{
	struct ix_packet *packet, *next;

	if (started) {
		dataplane->options.stack->thread_stop(thread);
		dataplane->options.scheduler->thread_stop(thread);
	}
	free_queue(dataplane, &thread->backlog);
	free_queue(dataplane, &thread->transmit);
	for (packet = atomic_load(&thread->handed_over); packet; packet = next) {
		next = packet->next;
		dataplane->platform.packet_free(dataplane->platform.context, packet);
	}
	if (thread->migration) {
		free_queue(dataplane, &thread->migration->remote);
		free_queue(dataplane, &thread->migration->local);
	}
	ix_application_timers_stop(thread);
	release(dataplane, thread->migration);
	release(dataplane, thread->batches);
	release(dataplane, thread->calls);
	release(dataplane, thread->events);
}

static int start_group(struct ix_dataplane *dataplane, unsigned id)
{
	struct ix_flow_group *group = &dataplane->group[id];
	unsigned owner = id % dataplane->options.threads;
	int error;

	group->id = id;
	atomic_init(&group->owner, owner);
	atomic_init(&group->target, owner);
	atomic_init(&group->state, IX_GROUP_OWNED);
	ix_list_init(&group->timers);
	ix_handle_table_init(&group->handles, id);
	group->handles.attaches = dataplane->options.scheduler->attaches;
	if (dataplane->platform.steer(dataplane->platform.context, id, owner))
		return IX_ERR_NO_ROUTE;
	error =
	    dataplane->options.stack->group_start(&dataplane->thread[owner], group, dataplane->options.stack_options);
	if (error)
		ix_handle_table_fini(&group->handles);
	return error;
}

static void stop_group(struct ix_dataplane *dataplane, struct ix_flow_group *group)
{
	dataplane->options.stack->group_stop(&dataplane->thread[atomic_load(&group->owner)], group);
	ix_handle_table_fini(&group->handles);
}

/* The first @threads threads and @groups groups have been started. */
static void stop(struct ix_dataplane *dataplane, unsigned threads, unsigned groups)
{
	unsigned i;

	for (i = 0; i < groups; i++)
		stop_group(dataplane, &dataplane->group[i]);
	for (i = 0; i < threads && dataplane->options.scheduler->drain; i++)
		dataplane->options.scheduler->drain(&dataplane->thread[i]);
	for (i = 0; dataplane->thread && i < dataplane->options.threads && dataplane->thread[i].dataplane; i++)
		stop_thread(dataplane, &dataplane->thread[i], i < threads);
	release(dataplane, dataplane->group);
	release(dataplane, dataplane->thread);
	free(dataplane);
}

int ix_dataplane_create(struct ix_dataplane **result, const struct ix_options *options,
			const struct ix_platform *platform)
{
	struct ix_dataplane *dataplane;
	unsigned threads = 0, groups = 0;
	int error = IX_ERR_NO_MEMORY;

	*result = NULL;
	if (!options_valid(options))
		return IX_ERR_BAD_CALL;
	dataplane = calloc(1, sizeof(*dataplane));
	if (!dataplane)
		return IX_ERR_NO_MEMORY;
	dataplane->options = *options;
	dataplane->platform = *platform;
	if (ix_rss_init(&dataplane->rss, options->rss_key, options->groups)) {
		free(dataplane);
		return IX_ERR_BAD_CALL;
	}
	dataplane->thread = allocate(dataplane, options->threads * sizeof(struct ix_thread));
	dataplane->group = allocate(dataplane, options->groups * sizeof(struct ix_flow_group));
	if (dataplane->thread && dataplane->group)
		error = 0;
	for (; !error && threads < options->threads; threads += !error)
		error = start_thread(dataplane, &dataplane->thread[threads]);
	for (; !error && groups < options->groups; groups += !error)
		error = start_group(dataplane, groups);
	if (error) {
		stop(dataplane, threads, groups);
		return error;
	}
	*result = dataplane;
	return 0;
}

void ix_dataplane_destroy(struct ix_dataplane *dataplane)
{
	if (dataplane)
		stop(dataplane, dataplane->options.threads, dataplane->options.groups);
}

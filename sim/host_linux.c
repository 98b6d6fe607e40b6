#include "sim/host_linux_internal.h"
#include "sim/segment.h"

#include <math.h>
#include <stdlib.h>

/* The packet taken last has come through the protocol stack. */
static uint64_t end_packet(struct linux_thread *thread)
{
	struct ix_packet *packet = thread->packet;

	thread->packet = NULL;
	if (!packet)
		return 0;
	sim_stamp(packet, SIM_STAGE_PROCESSED, sim_host_now_ns(&thread->host->threads));
	if (thread->host->waiting < (uint64_t)LINUX_SOCKET_PACKETS * thread->host->threads.options.threads)
		return linux_to_socket(thread, packet);
	sim_host_dropped(&thread->host->threads, thread->id, packet);
	sim_pool_put(thread->host->threads.options.pool, packet);
	return 0;
}

static int take_packet(struct linux_thread *thread)
{
	if (thread->round == LINUX_NAPI_BUDGET ||
	    !sim_nic_receive(&thread->host->threads.nic, thread->id, &thread->packet, 1))
		return 0;
	thread->round++;
	sim_stamp(thread->packet, SIM_STAGE_POLLED, sim_host_now_ns(&thread->host->threads));
	return 1;
}

/* Returns to what was interrupted. */
static void leave(struct linux_thread *thread, enum linux_receive_state state)
{
	thread->receive = state;
	sim_processor_leave(&thread->processor);
	if (thread->state == THREAD_WOKEN)
		linux_run(thread);
	else
		sim_processor_settle(&thread->processor);
}

/*
 * A round without more packets enables interrupts. One that has used up its budget goes on in a thread of the kernel,
 * to which the scheduler gives as much time as to the application if that is running; else at once: then 1 is returned.
 */
static int end_round(struct linux_thread *thread)
{
	struct linux_host *host = thread->host;
	uint64_t now_ns = sim_host_now_ns(&host->threads), took_ns = now_ns - thread->round_ns;
	uint32_t left = sim_nic_waiting(&host->threads.nic, thread->id);

	thread->totals.cycles++;
	thread->totals.processed += thread->round;
	thread->totals.backlog_sum += left;
	sim_nic_doorbells(&host->threads.nic, thread->id);
	thread->round = 0;
	thread->round_ns = now_ns;
	if (!left) {
		leave(thread, RECEIVE_ENABLED);
	} else if (thread->state == THREAD_ASLEEP || thread->state == THREAD_COMING) {
		return 1;
	} else {
		sim_schedule(host->threads.options.engine, &thread->receive_event, now_ns + took_ns);
		leave(thread, RECEIVE_DEFERRED);
	}
	return 0;
}

/* Rounds of NAPI, as far as they take no time; @owed_ns are to be spent first. */
static void poll(struct linux_thread *thread, uint64_t owed_ns)
{
	const struct linux_host *host = thread->host;

	for (;;) {
		int taken = take_packet(thread);

		if (!taken && !owed_ns) {
			if (!end_round(thread))
				return;
			owed_ns = linux_cost_ns(host, LINUX_COST_POLL);
			continue;
		}
		if (taken)
			owed_ns += linux_receive_ns(host, sim_request_in(thread->packet));
		if (sim_processor_spend(&thread->processor, owed_ns))
			break;
		owed_ns = end_packet(thread);
	}
	sim_processor_settle(&thread->processor);
}

static void on_interrupted(struct sim_processor *processor)
{
	struct linux_thread *thread = SIM_CONTAINER(processor, struct linux_thread, processor);

	thread->host->running = 1;
	poll(thread, end_packet(thread));
	thread->host->running = 0;
}

static void begin_round(struct linux_thread *thread)
{
	struct linux_host *host = thread->host;
	uint64_t owed_ns = linux_cost_ns(host, LINUX_COST_POLL);

	if (thread->receive == RECEIVE_COMING) {
		owed_ns += linux_cost_ns(host, LINUX_COST_INTERRUPT);
		thread->totals.interrupts += thread->processor.parts != 0;
	}
	thread->receive = RECEIVE_ROUND;
	thread->round = 0;
	thread->round_ns = sim_host_now_ns(&host->threads);
	sim_host_note(&host->threads, thread->id, SIM_TRACE_INPUT, sim_nic_waiting(&host->threads.nic, thread->id));
	sim_processor_enter(&thread->processor);
	host->running = 1;
	poll(thread, owed_ns);
	host->running = 0;
}

static void on_receive(struct sim_event *event)
{
	begin_round(SIM_CONTAINER(event, struct linux_thread, receive_event));
}

/* A busy thread is interrupted at once, unless the packet comes of what a thread is doing in this very call. */

static void on_packet(void *context, unsigned queue, const struct ix_packet *packet, int dropped)
{
	struct linux_host *host = SIM_CONTAINER(context, struct linux_host, threads);
	struct linux_thread *thread = &host->thread[queue];
	uint64_t detect_ns;

	if (dropped) {
		sim_host_dropped(&host->threads, queue, packet);
		return;
	}
	sim_host_note(&host->threads, queue, SIM_TRACE_ARRIVE, ix_rss_group(&host->threads.nic.rss, packet->rss_hash));
	if (thread->receive != RECEIVE_ENABLED)
		return;
	thread->receive = RECEIVE_COMING;
	detect_ns = thread->processor.parts ? 0 : host->threads.detect_ns;
	if (detect_ns || host->running)
		sim_schedule(host->threads.options.engine, &thread->receive_event,
			     sim_host_now_ns(&host->threads) + detect_ns);
	else
		begin_round(thread);
}

static void init_threads(struct linux_host *host)
{
	const struct sim_host_options *o = &host->threads.options;

	for (unsigned i = o->threads; i-- > 0;) {
		struct linux_thread *thread = &host->thread[i];
		unsigned sibling = sim_host_sibling(&host->threads, i);

		sim_processor_init(&thread->processor, o->engine,
				   sibling == i ? NULL : &host->thread[sibling].processor, host->threads.slowdown);
		thread->processor.worked = linux_on_worked;
		thread->processor.interrupted = on_interrupted;
		thread->host = host;
		thread->id = i;
		thread->receive_event.fire = on_receive;
		thread->ipi.fire = linux_on_ipi;
		thread->next_asleep = host->asleep;
		host->asleep = thread;
	}
}

static void destroy(struct sim_host *base)
{
	struct linux_host *host = SIM_CONTAINER(base, struct linux_host, threads.host);
	const struct sim_host_options *o = &host->threads.options;

	for (unsigned i = 0; host->thread && i < o->threads; i++) {
		struct linux_thread *thread = &host->thread[i];

		sim_processor_fini(&thread->processor);
		sim_cancel(o->engine, &thread->receive_event);
		sim_cancel(o->engine, &thread->ipi);
		sim_host_release(&host->threads, &thread->ready);
		if (thread->packet)
			sim_pool_put(o->pool, thread->packet);
		if (thread->request)
			sim_pool_put(o->pool, thread->request);
	}
	for (unsigned i = 0; host->connection && i < o->connections; i++)
		sim_host_release(&host->threads, &host->connection[i].waiting);
	sim_host_threads_fini(&host->threads);
	free(host->connection);
	free(host->thread);
	free(host);
}

/* How many packets of a message of @bytes the stack does not see, as they are merged with others. */
static uint32_t merged(uint32_t bytes)
{
	uint32_t segments = sim_segments(bytes);

	return segments - (segments - 1) / LINUX_MERGED_MAX - 1;
}

static uint64_t copy_ns(const struct linux_host *host, enum linux_cost cost, uint32_t bytes)
{
	return linux_cost_ns(host, cost) * bytes / 1024;
}

static void init_messages(struct linux_host *host)
{
	const struct sim_host_options *o = &host->threads.options;

	host->merged_rx = merged(o->request_bytes);
	host->merged_tx = merged(o->reply_bytes);
	host->request_copy_ns = copy_ns(host, LINUX_COST_COPY_READ, o->request_bytes);
	host->reply_copy_ns = copy_ns(host, LINUX_COST_COPY_WRITE, o->reply_bytes);
}

static struct sim_host *create(const struct sim_host_kind *kind, const struct sim_host_options *options)
{
	struct linux_host *host = calloc(1, sizeof(*host));
	int error;

	if (!host)
		return NULL;
	host->floating = kind == &sim_host_linux_floating;
	host->first_ready = LINUX_NONE;
	error = sim_host_threads_init(&host->threads, kind, options, on_packet);
	host->threads.ns[LINUX_COST_IPI] = (uint64_t)llrint(options->costs->ns[LINUX_COST_IPI]);
	host->threads.ns[LINUX_COST_RECEIVE] += sim_host_misses_ns(&host->threads, LINUX_COST_MISS);
	init_messages(host);
	host->thread = calloc(options->threads, sizeof(*host->thread));
	if (host->floating)
		host->connection = calloc(options->connections, sizeof(*host->connection));
	if (host->thread)
		init_threads(host);
	if (error || !host->thread || (host->floating && !host->connection)) {
		destroy(&host->threads.host);
		return NULL;
	}
	return &host->threads.host;
}

static void thread_totals(const struct sim_host *base, unsigned thread, struct sim_host_totals *totals)
{
	const struct linux_host *host = SIM_CONTAINER(base, const struct linux_host, threads.host);

	*totals = host->thread[thread].totals;
	sim_host_add_times(&host->threads, thread, &host->thread[thread].processor, totals);
}

static const char *const names[LINUX_COST_COUNT] = {
    [LINUX_COST_INTERRUPT] = "interrupt", [LINUX_COST_POLL] = "poll",
    [LINUX_COST_RECEIVE] = "receive",     [LINUX_COST_MERGE] = "merge",
    [LINUX_COST_WAKEUP] = "wakeup",       [LINUX_COST_IPI] = "ipi",
    [LINUX_COST_SWITCH] = "switch",       [LINUX_COST_EPOLL_WAIT] = "epoll_wait",
    [LINUX_COST_READ] = "read",           [LINUX_COST_WRITE] = "write",
    [LINUX_COST_COPY_READ] = "copy_read", [LINUX_COST_COPY_WRITE] = "copy_write",
    [LINUX_COST_TRANSMIT] = "transmit",   [LINUX_COST_LOCK] = "lock",
    [LINUX_COST_REARM] = "rearm",         [LINUX_COST_MISS] = "miss",
};

static const struct sim_cost_names linux_costs = {"linux", names, LINUX_COST_COUNT};

const struct sim_host_kind sim_host_linux_partitioned = {.name = "linux-partitioned",
							 .costs = &linux_costs,
							 .create = create,
							 .destroy = destroy,
							 .totals = sim_host_sum_totals,
							 .thread_totals = thread_totals};

const struct sim_host_kind sim_host_linux_floating = {.name = "linux-floating",
						      .costs = &linux_costs,
						      .create = create,
						      .destroy = destroy,
						      .totals = sim_host_sum_totals,
						      .thread_totals = thread_totals};

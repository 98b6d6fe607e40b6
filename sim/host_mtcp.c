#include "sim/host_mtcp.h"
#include "sim/host_threads.h"

#include <stdlib.h>

/* What a hardware thread is doing, or has just done when go_on() looks at it. */
enum mtcp_state {
	MTCP_POLLING, /* the stack thread finds nothing */
	MTCP_STACK,   /* a turn of the stack thread */
	MTCP_APPLICATION,
	MTCP_BACK /* the switch back to the stack thread */
};

/* The parts of a request at the application; the switch is before the first of a batch. */
enum { PART_SWITCH, PART_EVENT, PART_SERVICE, PART_WRITE, PARTS };

struct mtcp_thread {
	struct sim_processor processor;
	struct mtcp_host *host;
	unsigned id;
	enum mtcp_state state;
	struct sim_event detect; /* of a packet while polling */
	struct ix_packet_queue polled, events, writes;
	struct ix_packet *request; /* being executed */
	struct sim_host_totals totals;
};

struct mtcp_host {
	struct sim_host_threads threads;
	struct mtcp_thread *thread;
};

static uint64_t cost_ns(const struct mtcp_thread *thread, enum mtcp_cost cost)
{
	return thread->host->threads.ns[cost];
}

static uint64_t now_ns(const struct mtcp_thread *thread)
{
	return sim_host_now_ns(&thread->host->threads);
}

static void note(const struct mtcp_thread *thread, enum sim_trace_what what, uint64_t who)
{
	sim_host_note(&thread->host->threads, thread->id, what, who);
}

/* The stack thread takes all packets there are and what the application has written; 1: that takes time. */
static int begin_turn(struct mtcp_thread *thread)
{
	struct sim_nic *nic = &thread->host->threads.nic;
	uint64_t receive_ns = 0, transmit_ns = 0;
	struct ix_packet *packet;

	while (sim_nic_receive(nic, thread->id, &packet, 1)) {
		sim_stamp(packet, SIM_STAGE_POLLED, now_ns(thread));
		receive_ns += cost_ns(thread, MTCP_COST_RECEIVE) * (1u + sim_request_in(packet)->extra_rx);
		ix_packet_queue_push(&thread->polled, packet);
	}
	for (packet = thread->writes.head; packet; packet = packet->next)
		transmit_ns += cost_ns(thread, MTCP_COST_TRANSMIT) * (1u + sim_request_in(packet)->extra_tx);
	if (!thread->polled.head && !thread->writes.head) {
		thread->state = MTCP_POLLING;
		note(thread, SIM_TRACE_IDLE, 0);
		return 1;
	}
	if (thread->polled.head) {
		thread->totals.cycles++;
		thread->totals.processed += thread->polled.count;
	}
	note(thread, SIM_TRACE_INPUT, thread->polled.count);
	sim_nic_doorbells(nic, thread->id);
	thread->state = MTCP_STACK;
	return sim_processor_begin(
	    &thread->processor, &(struct sim_part){cost_ns(thread, MTCP_COST_TURN) + receive_ns + transmit_ns, 0}, 1);
}

/* Replies leave together, and events go to the application. */
static void end_turn(struct mtcp_thread *thread)
{
	struct ix_packet_queue leaving = thread->writes;
	struct ix_packet *packet;

	thread->writes = (struct ix_packet_queue){0};
	if (leaving.head) {
		thread->totals.doorbells++;
		note(thread, SIM_TRACE_SEND, leaving.count);
	}
	while ((packet = ix_packet_queue_pop(&thread->polled))) {
		sim_stamp(packet, SIM_STAGE_PROCESSED, now_ns(thread));
		ix_packet_queue_push(&thread->events, packet);
	}
	while ((packet = ix_packet_queue_pop(&leaving))) {
		sim_stamp(packet, SIM_STAGE_LEFT, now_ns(thread));
		sim_wire_send(thread->host->threads.options.wire, packet);
	}
}

static int begin_request(struct mtcp_thread *thread, int first)
{
	const struct sim_request *request;
	struct sim_part part[PARTS];

	thread->request = ix_packet_queue_pop(&thread->events);
	request = sim_request_in(thread->request);
	note(thread, SIM_TRACE_REQUEST, request->connection);
	part[PART_SWITCH] = (struct sim_part){first ? cost_ns(thread, MTCP_COST_SWITCH) : 0, 0};
	part[PART_EVENT] = (struct sim_part){cost_ns(thread, MTCP_COST_EVENT), 0};
	part[PART_SERVICE] = sim_host_service(&thread->host->threads, request);
	part[PART_WRITE] = (struct sim_part){cost_ns(thread, MTCP_COST_WRITE), 0};
	thread->state = MTCP_APPLICATION;
	return sim_processor_begin(&thread->processor, part, PARTS);
}

static void end_request(struct mtcp_thread *thread)
{
	struct ix_packet *packet = thread->request;

	sim_stamp(packet, SIM_STAGE_BEGUN, thread->processor.end_ns[PART_EVENT]);
	sim_stamp(packet, SIM_STAGE_SERVED, thread->processor.end_ns[PART_SERVICE]);
	sim_stamp(packet, SIM_STAGE_CALLED, now_ns(thread));
	thread->request = NULL;
	ix_packet_queue_push(&thread->writes, packet);
}

/* 1: what follows takes time, or there is nothing to do. */
static int go_on(struct mtcp_thread *thread)
{
	switch (thread->state) {
	case MTCP_STACK:
		end_turn(thread);
		return thread->events.head ? begin_request(thread, 1) : begin_turn(thread);
	case MTCP_APPLICATION:
		end_request(thread);
		if (thread->events.head)
			return begin_request(thread, 0);
		thread->state = MTCP_BACK;
		return sim_processor_begin(&thread->processor, &(struct sim_part){cost_ns(thread, MTCP_COST_SWITCH), 0},
					   1);
	default:
		return begin_turn(thread);
	}
}

static void run(struct mtcp_thread *thread)
{
	while (!go_on(thread))
		;
	sim_processor_settle(&thread->processor);
}

static void on_worked(struct sim_processor *processor)
{
	run(SIM_CONTAINER(processor, struct mtcp_thread, processor));
}

static void on_detect(struct sim_event *event)
{
	run(SIM_CONTAINER(event, struct mtcp_thread, detect));
}

static void on_packet(void *context, unsigned queue, const struct ix_packet *packet, int dropped)
{
	struct mtcp_host *host = SIM_CONTAINER(context, struct mtcp_host, threads);
	struct mtcp_thread *thread = &host->thread[queue];

	if (dropped) {
		sim_host_dropped(&host->threads, queue, packet);
		return;
	}
	note(thread, SIM_TRACE_ARRIVE, ix_rss_group(&host->threads.nic.rss, packet->rss_hash));
	if (thread->state == MTCP_POLLING && !sim_scheduled(&thread->detect))
		sim_schedule(host->threads.options.engine, &thread->detect, now_ns(thread) + host->threads.detect_ns);
}

static void destroy(struct sim_host *base)
{
	struct mtcp_host *host = SIM_CONTAINER(base, struct mtcp_host, threads.host);
	const struct sim_host_options *o = &host->threads.options;

	for (unsigned i = 0; host->thread && i < o->threads; i++) {
		struct mtcp_thread *thread = &host->thread[i];

		sim_processor_fini(&thread->processor);
		sim_cancel(o->engine, &thread->detect);
		sim_host_release(&host->threads, &thread->polled);
		sim_host_release(&host->threads, &thread->events);
		sim_host_release(&host->threads, &thread->writes);
		if (thread->request)
			sim_pool_put(o->pool, thread->request);
	}
	sim_host_threads_fini(&host->threads);
	free(host->thread);
	free(host);
}

static struct sim_host *create(const struct sim_host_kind *kind, const struct sim_host_options *options)
{
	struct mtcp_host *host = calloc(1, sizeof(*host));
	int error;

	if (!host)
		return NULL;
	error = sim_host_threads_init(&host->threads, kind, options, on_packet);
	host->threads.ns[MTCP_COST_RECEIVE] += sim_host_misses_ns(&host->threads, MTCP_COST_MISS);
	host->thread = calloc(options->threads, sizeof(*host->thread));
	for (unsigned i = 0; host->thread && i < options->threads; i++) {
		struct mtcp_thread *thread = &host->thread[i];
		unsigned sibling = sim_host_sibling(&host->threads, i);

		sim_processor_init(&thread->processor, options->engine,
				   sibling == i ? NULL : &host->thread[sibling].processor, host->threads.slowdown);
		thread->processor.worked = on_worked;
		thread->detect.fire = on_detect;
		thread->host = host;
		thread->id = i;
	}
	if (error || !host->thread) {
		destroy(&host->threads.host);
		return NULL;
	}
	return &host->threads.host;
}

static void thread_totals(const struct sim_host *base, unsigned thread, struct sim_host_totals *totals)
{
	const struct mtcp_host *host = SIM_CONTAINER(base, const struct mtcp_host, threads.host);

	*totals = host->thread[thread].totals;
	sim_host_add_times(&host->threads, thread, &host->thread[thread].processor, totals);
}

static const char *const names[MTCP_COST_COUNT] = {
    [MTCP_COST_TURN] = "turn",   [MTCP_COST_RECEIVE] = "receive", [MTCP_COST_SWITCH] = "switch",
    [MTCP_COST_EVENT] = "event", [MTCP_COST_WRITE] = "write",     [MTCP_COST_TRANSMIT] = "transmit",
    [MTCP_COST_MISS] = "miss",
};

static const struct sim_cost_names costs = {"mtcp", names, MTCP_COST_COUNT};

const struct sim_host_kind sim_host_mtcp = {.name = "mtcp",
					    .costs = &costs,
					    .create = create,
					    .destroy = destroy,
					    .totals = sim_host_sum_totals,
					    .thread_totals = thread_totals};

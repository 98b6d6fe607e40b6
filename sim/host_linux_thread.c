#include "sim/host_linux_internal.h"

/* The parts of THREAD_REQUEST. */
enum { PART_LOCK, PART_READ, PART_SERVICE, PART_WRITE, PART_TRANSMIT, PARTS };

/*
 * Takes the lock of the shared ready list: first come, first served. Returns how long that takes, waiting and holding.
 * What is done under it may be done now: who comes later gets it later, and so sees it done.
 */
static uint64_t lock(struct linux_thread *thread)
{
	struct linux_host *host = thread->host;
	uint64_t now_ns = sim_host_now_ns(&host->threads),
		 free_ns = host->lock_free_ns > now_ns ? host->lock_free_ns : now_ns;

	host->lock_free_ns = free_ns + sim_processor_stretch(&thread->processor, linux_cost_ns(host, LINUX_COST_LOCK));
	return host->lock_free_ns - now_ns;
}

/* The ready lists. */

static void make_ready(struct linux_host *host, uint32_t number)
{
	host->connection[number].next_ready = LINUX_NONE;
	if (host->first_ready == LINUX_NONE)
		host->first_ready = number;
	else
		host->connection[host->last_ready].next_ready = number;
	host->last_ready = number;
}

static int has_ready(const struct linux_thread *thread)
{
	return thread->host->floating ? thread->host->first_ready != LINUX_NONE : thread->ready.head != NULL;
}

/* The next request, with its connection, which is this thread's until give_back(). */
static struct ix_packet *take_ready(struct linux_thread *thread)
{
	struct linux_host *host = thread->host;
	struct linux_connection *connection;

	if (!has_ready(thread))
		return NULL;
	host->waiting--;
	if (!host->floating)
		return ix_packet_queue_pop(&thread->ready);
	connection = &host->connection[host->first_ready];
	host->first_ready = connection->next_ready;
	connection->taken = 1;
	return ix_packet_queue_pop(&connection->waiting);
}

/* Puts @packet into its connection. Returns 1 if that has made it ready. */
static int offer(struct linux_host *host, struct ix_packet *packet)
{
	uint32_t number = sim_request_in(packet)->connection;
	struct linux_connection *connection = &host->connection[number];

	ix_packet_queue_push(&connection->waiting, packet);
	if (connection->taken || connection->waiting.count > 1)
		return 0;
	make_ready(host, number);
	return 1;
}

static void give_back(struct linux_host *host, uint32_t number)
{
	host->connection[number].taken = 0;
	if (host->connection[number].waiting.head)
		make_ready(host, number);
}

/* The application thread. */

static void reply(struct linux_thread *thread)
{
	struct linux_host *host = thread->host;
	const uint64_t *end_ns = thread->processor.end_ns;
	struct ix_packet *packet = thread->request;

	sim_stamp(packet, SIM_STAGE_BEGUN, end_ns[PART_READ]);
	sim_stamp(packet, SIM_STAGE_SERVED, end_ns[PART_SERVICE]);
	sim_stamp(packet, SIM_STAGE_CALLED, end_ns[PART_WRITE]);
	sim_stamp(packet, SIM_STAGE_LEFT, sim_host_now_ns(&host->threads));
	sim_host_note(&host->threads, thread->id, SIM_TRACE_SEND, 1);
	thread->totals.steals += (unsigned)sim_host_is_stolen(&host->threads, thread->id, packet);
	thread->totals.doorbells++;
	sim_wire_send(host->threads.options.wire,
		      packet); /* what the ring cannot take waits in the queueing discipline */
}

static int begin_one(struct linux_thread *thread, enum linux_thread_state state, enum linux_cost cost)
{
	thread->state = state;
	return sim_processor_begin(&thread->processor, &(struct sim_part){linux_cost_ns(thread->host, cost), 0}, 1);
}

static int begin_request(struct linux_thread *thread)
{
	const struct linux_host *host = thread->host;
	const struct sim_request *request;
	struct sim_part part[PARTS];

	thread->request = take_ready(thread);
	if (!thread->request)
		return begin_one(thread, THREAD_SWITCH_OUT, LINUX_COST_SWITCH);
	request = sim_request_in(thread->request);
	sim_host_note(&thread->host->threads, thread->id, SIM_TRACE_REQUEST, request->connection);
	part[PART_LOCK] = (struct sim_part){host->floating ? lock(thread) : 0, SIM_WORK_CLOCK};
	part[PART_READ] = (struct sim_part){linux_cost_ns(host, LINUX_COST_EPOLL_WAIT) +
						linux_cost_ns(host, LINUX_COST_READ) + host->request_copy_ns,
					    0};
	part[PART_SERVICE] = sim_host_service(&host->threads, request);
	part[PART_WRITE] = (struct sim_part){linux_cost_ns(host, LINUX_COST_WRITE) + host->reply_copy_ns, 0};
	part[PART_TRANSMIT] = (struct sim_part){linux_transmit_ns(host, request), 0};
	thread->state = THREAD_REQUEST;
	return sim_processor_begin(&thread->processor, part, PARTS);
}

static int end_request(struct linux_thread *thread)
{
	struct linux_host *host = thread->host;
	uint32_t number = sim_request_in(thread->request)->connection;
	struct sim_part part[2];

	reply(thread);
	thread->request = NULL;
	if (!host->floating)
		return begin_request(thread);
	part[0] = (struct sim_part){lock(thread), SIM_WORK_CLOCK};
	part[1] = (struct sim_part){linux_cost_ns(host, LINUX_COST_REARM), 0};
	give_back(host, number);
	thread->state = THREAD_REARM;
	return sim_processor_begin(&thread->processor, part, 2);
}

static void fall_asleep(struct linux_thread *thread)
{
	struct linux_host *host = thread->host;

	thread->state = THREAD_ASLEEP;
	if (host->floating) {
		thread->next_asleep = host->asleep;
		host->asleep = thread;
	}
	sim_host_note(&thread->host->threads, thread->id, SIM_TRACE_IDLE, 0);
	if (thread->receive == RECEIVE_DEFERRED)
		sim_schedule(host->threads.options.engine, &thread->receive_event, sim_host_now_ns(&host->threads));
}

/* What follows when the thread has done what its state says; 1: it takes time, or the thread sleeps. */
static int go_on(struct linux_thread *thread)
{
	switch (thread->state) {
	case THREAD_WOKEN:
		return begin_one(thread, THREAD_SWITCH_IN, LINUX_COST_SWITCH);
	case THREAD_REQUEST:
		return end_request(thread);
	case THREAD_SWITCH_IN:
	case THREAD_REARM:
		return begin_request(thread);
	case THREAD_SWITCH_OUT:
		if (has_ready(thread))
			return begin_one(thread, THREAD_SWITCH_IN, LINUX_COST_SWITCH);
		fall_asleep(thread);
		return 1;
	default:
		return 1;
	}
}

void linux_run(struct linux_thread *thread)
{
	while (!go_on(thread))
		;
	sim_processor_settle(&thread->processor);
}

void linux_on_worked(struct sim_processor *processor)
{
	struct linux_thread *thread = SIM_CONTAINER(processor, struct linux_thread, processor);

	thread->host->running = 1;
	linux_run(thread);
	thread->host->running = 0;
}

void linux_on_ipi(struct sim_event *event)
{
	struct linux_thread *thread = SIM_CONTAINER(event, struct linux_thread, ipi);

	thread->state = THREAD_WOKEN;
	if (thread->processor.in_interrupt)
		return;
	thread->host->running = 1;
	linux_run(thread);
	thread->host->running = 0;
}

/* Wakes @thread on behalf of @waker, which has done so @owed_ns of work from now. */
static void wake(struct linux_thread *thread, const struct linux_thread *waker, uint64_t owed_ns)
{
	const struct linux_host *host = thread->host;

	if (thread == waker) {
		thread->state = THREAD_WOKEN;
		return;
	}
	thread->state = THREAD_COMING;
	sim_schedule(host->threads.options.engine, &thread->ipi,
		     sim_host_now_ns(&host->threads) + sim_processor_stretch(&waker->processor, owed_ns) +
			 linux_cost_ns(host, LINUX_COST_IPI));
}

uint64_t linux_to_socket(struct linux_thread *thread, struct ix_packet *packet)
{
	struct linux_host *host = thread->host;
	struct linux_thread *woken;
	uint64_t owed_ns;

	host->waiting++;
	if (!host->floating) {
		ix_packet_queue_push(&thread->ready, packet);
		owed_ns = 0;
		woken = thread->state == THREAD_ASLEEP ? thread : NULL;
	} else {
		if (!offer(host, packet))
			return 0;
		owed_ns = sim_processor_unstretch(&thread->processor, lock(thread));
		woken = host->asleep;
		if (woken)
			host->asleep = woken->next_asleep;
	}
	if (woken) {
		owed_ns += linux_cost_ns(host, LINUX_COST_WAKEUP);
		wake(woken, thread, owed_ns);
	}
	return owed_ns;
}

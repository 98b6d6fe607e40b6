/* An elastic thread: kernel phase, user phase, and what it does when there is nothing to do. */
#include "impl/ixdp/interrupt.h"
#include "impl/ixdp/process.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#define PARKED_SLEEP_NS 10000000ull

static void count(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n, memory_order_relaxed);
}

/* What packets cost, in the cycle that processes them and in the one that sends the replies. A cycle that takes long had
 * another process in it, or requests that take long by themselves. */
static void measure(struct ixdp_thread *t, uint64_t cycle_ns, unsigned packets)
{
	if (cycle_ns > IXDP_SHORT_NS)
		return;
	count(&t->short_ns, cycle_ns);
	count(&t->short_packets, packets);
}

static void user_phase(struct ixdp_thread *t, uint64_t now_ns)
{
	atomic_store_explicit(&t->user_since_ns, now_ns, memory_order_release);
	ix_runtime_run(t->runtime);
	atomic_store_explicit(&t->user_since_ns, 0, memory_order_release);
}

static int did_nothing(const struct ix_work *work)
{
	return !(work->polled | work->processed | work->calls | work->timers | work->events | work->sent |
		 work->control | work->backlog);
}

/* Sleeps until something is due, another thread kicks, or it is time to look at the device. */
static void sleep_idle(struct ixdp_thread *t)
{
	const struct ixdp_config *config = t->process->config;
	uint64_t now_ns = ix_clock_ns(&t->process->clock), until_ns, longest_ns = config->idle_sleep_us * 1000;
	struct pollfd wait = {.fd = t->event_fd, .events = POLLIN};
	struct timespec patience;
	eventfd_t value;

	if (atomic_load_explicit(&t->parked, memory_order_relaxed))
		longest_ns = PARKED_SLEEP_NS;
	nic_reclaim(t->process->nic, t->id);
	ix_thread_idle(t->core, 1);
	atomic_store_explicit(&t->sleeping, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	if (!ix_thread_has_work(t->core, now_ns, &until_ns) && !nic_waiting(t->process->nic, t->id) &&
	    atomic_load(&t->process->stage) < IXDP_ENDED) {
		if (until_ns > now_ns + longest_ns)
			until_ns = now_ns + longest_ns;
		patience.tv_sec = 0;
		patience.tv_nsec = (long)(until_ns - now_ns);
		if (ppoll(&wait, 1, &patience, NULL) > 0)
			eventfd_read(t->event_fd, &value);
		count(&t->sleeps, 1);
	}
	atomic_store_explicit(&t->sleeping, 0, memory_order_relaxed);
	ix_thread_idle(t->core, 0);
	t->core->idle_ns += ix_clock_ns(&t->process->clock) - now_ns;
}

static void idle(struct ixdp_thread *t, uint64_t cycle_start_ns)
{
	if (t->process->config->idle == IXDP_YIELD)
		sched_yield();
	t->core->idle_ns += ix_clock_ns(&t->process->clock) - cycle_start_ns;
	if (t->process->config->idle == IXDP_SLEEP || atomic_load_explicit(&t->parked, memory_order_relaxed))
		sleep_idle(t);
}

/* Closes what is this thread's now; between the barriers nobody runs, so connections stand still. */
static void close_connections(struct ixdp_thread *t)
{
	struct ixdp_process *process = t->process;

	pthread_barrier_wait(&process->barrier);
	for (unsigned i = 0; i < process->threads; i++)
		ix_runtime_close_connections(t->runtime, process->thread[i].runtime);
	pthread_barrier_wait(&process->barrier);
	atomic_fetch_add(&process->closed, 1);
}

static void run(struct ixdp_thread *t)
{
	struct ixdp_process *process = t->process;
	uint64_t start_ns;
	int stage, closing = 0;

	while ((stage = atomic_load_explicit(&process->stage, memory_order_relaxed)) != IXDP_ABANDONED) {
		struct ix_work work = {0};

		if (stage != IXDP_RUNNING && !closing) {
			closing = 1;
			close_connections(t); /* all do, or none gets further */
		}
		if (stage == IXDP_ENDED)
			break;
		start_ns = ix_clock_ns(&process->clock);
		ix_kernel_enter(t->core, &work);
		user_phase(t, t->core->now_ns);
		count(&t->cycles, 1);
		if (did_nothing(&work) && !t->core->call_count)
			idle(t, t->core->now_ns);
		else
			measure(t, ix_clock_ns(&process->clock) - start_ns, work.processed);
	}
}

static void *thread_main(void *argument)
{
	struct ixdp_thread *t = argument;
	cpu_set_t cpus;
	char name[16];

	CPU_ZERO(&cpus);
	CPU_SET(t->process->config->core[t->id], &cpus);
	pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
	snprintf(name, sizeof(name), "elastic-%u", t->id);
	pthread_setname_np(pthread_self(), name);
	prctl(PR_SET_TIMERSLACK, 1);
	nic_thread_start();
	ixdp_interrupts_attach(t);
	run(t);
	nic_thread_stop();
	return NULL;
}

int ixdp_threads_start(struct ixdp_process *process)
{
	unsigned i;
	int error;

	if (ixdp_interrupts_start())
		return -1;
	pthread_barrier_init(&process->barrier, NULL, process->threads);
	for (i = 0; i < process->threads; i++) {
		error = pthread_create(&process->thread[i].pthread, NULL, thread_main, &process->thread[i]);
		if (error) {
			atomic_store(&process->stage, IXDP_ABANDONED);
			while (i--)
				pthread_join(process->thread[i].pthread, NULL);
			errno = error;
			return -1;
		}
	}
	return 0;
}

void ixdp_threads_join(struct ixdp_process *process)
{
	atomic_store(&process->stage, IXDP_ENDED);
	for (unsigned i = 0; i < process->threads; i++) {
		ixdp_wake(&process->thread[i]);
		pthread_join(process->thread[i].pthread, NULL);
	}
}

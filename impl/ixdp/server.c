#include "impl/ixdp/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(struct ixdp_server *s, const struct ixdp_config *config, struct ixdp_error *error, const char *why)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	return ixdp_config_refuse(config, error, "control", "%s: %s", s->path, why);
}

int ixdp_server_start(struct ixdp_server *s, const struct ixdp_config *config, struct ixdp_error *error)
{
	memset(s, 0, sizeof(*s));
	snprintf(s->path, sizeof(s->path), "/dev/shm/%s", config->control);
	s->fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->fd < 0)
		return fail(s, config, error, strerror(errno));
	if (flock(s->fd, LOCK_EX | LOCK_NB))
		return fail(s, config, error, "in use by another process; end it, or give this one another name");
	if (ftruncate(s->fd, 0) || ftruncate(s->fd, sizeof(struct ixdp_control)))
		return fail(s, config, error, strerror(errno));
	s->page = mmap(NULL, sizeof(struct ixdp_control), PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
	if (s->page == MAP_FAILED) {
		s->page = NULL;
		return fail(s, config, error, strerror(errno));
	}
	return 0;
}

void ixdp_server_stop(struct ixdp_server *s)
{
	if (!s->page)
		return;
	munmap(s->page, sizeof(*s->page));
	unlink(s->path);
	close(s->fd);
	s->page = NULL;
}

static uint64_t peek(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

#define SET(word, value) atomic_store_explicit(&(word), value, memory_order_relaxed)

static void write_metrics(struct ixdp_control_thread *to, const struct ix_thread *core, unsigned batch_bound)
{
	const struct ix_metrics *m = &core->metrics;
	double queue = atomic_load_explicit(&m->queue_packets[IX_EMA_FAST], memory_order_relaxed);
	double cycle_ns = atomic_load_explicit(&m->cycle_ns, memory_order_relaxed);

	for (int i = 0; i < IX_EMA_COUNT; i++) {
		SET(to->queue_packets[i], atomic_load_explicit(&m->queue_packets[i], memory_order_relaxed));
		SET(to->idle_fraction[i], atomic_load_explicit(&m->idle_fraction[i], memory_order_relaxed));
	}
	SET(to->queuing_delay_ns, atomic_load_explicit(&m->queuing_delay_ns, memory_order_relaxed));
	SET(to->batch_packets, atomic_load_explicit(&m->batch_packets, memory_order_relaxed));
	SET(to->cycle_ns, cycle_ns);
	SET(to->tail_delay_ns, ix_tail_delay_ns(queue, batch_bound, cycle_ns));
	SET(to->intervals, atomic_load_explicit(&m->intervals, memory_order_relaxed));
}

static void write_nic(struct ixdp_control_thread *to, const struct nic *nic, unsigned id)
{
	struct nic_counters c;

	nic_read_counters(nic, id, &c);
	SET(to->received, c.received);
	SET(to->sent, c.sent);
	SET(to->received_bytes, c.received_bytes);
	SET(to->sent_bytes, c.sent_bytes);
	SET(to->misrouted, c.misrouted);
	SET(to->dropped, c.dropped);
}

static void write_counters(struct ixdp_control_thread *to, const struct ix_thread *core)
{
	const struct ix_tcp_counters *tcp = ix_tcp_counters(core);

	SET(to->refused, peek(&core->counter_refused));
	SET(to->transmit_full, peek(&core->counter_transmit_full));
	SET(to->handed_over, peek(&core->counter_handed_over));
	SET(to->calls_failed, peek(&core->counter_calls_failed));
	SET(to->taken, peek(&core->counter_connections));
	SET(to->steals, peek(&core->counter_steals));
	SET(to->shipped, peek(&core->counter_shipped));
	SET(to->remote_calls, peek(&core->counter_remote_calls));
	SET(to->interrupts_sent, peek(&core->counter_interrupts_sent));
	SET(to->retransmits, peek(&tcp->retransmits_timeout) + peek(&tcp->retransmits_fast));
	SET(to->accepted, peek(&tcp->accepted));
	SET(to->connected, peek(&tcp->connected));
	SET(to->reset, peek(&tcp->reset));
	SET(to->timed_out, peek(&tcp->timed_out));
	SET(to->no_memory, peek(&tcp->no_memory));
	SET(to->malformed, peek(&tcp->malformed));
	SET(to->bad_checksum, peek(&tcp->bad_checksum));
	SET(to->not_ours, peek(&tcp->not_ours));
	SET(to->unknown_protocol, peek(&tcp->unknown_protocol));
	SET(to->unacceptable, peek(&tcp->unacceptable));
	SET(to->refused_connections, peek(&tcp->refused_connections));
	SET(to->syn_dropped, peek(&tcp->syn_dropped));
	SET(to->half_open_dropped, peek(&tcp->half_open_dropped));
	SET(to->arp_conflicts, peek(&tcp->arp_conflicts));
}

static void write_thread(struct ixdp_server *s, unsigned id, uint32_t groups)
{
	struct ixdp_process *process = s->process;
	const struct ixdp_thread *t = &process->thread[id];
	struct ixdp_control_thread *to = &s->page->thread[id];
	uint64_t since_ns = atomic_load_explicit(&t->user_since_ns, memory_order_relaxed);
	uint64_t now_ns = ix_clock_ns(&process->clock);

	write_metrics(to, t->core, process->dataplane->options.batch_bound);
	write_nic(to, process->nic, id);
	write_counters(to, t->core);
	SET(to->parked, (uint32_t)atomic_load_explicit(&t->parked, memory_order_relaxed));
	SET(to->groups, groups);
	SET(to->connections, ix_runtime_connections(t->runtime));
	SET(to->cycles, atomic_load_explicit(&t->cycles, memory_order_relaxed));
	SET(to->short_ns, atomic_load_explicit(&t->short_ns, memory_order_relaxed));
	SET(to->short_packets, atomic_load_explicit(&t->short_packets, memory_order_relaxed));
	SET(to->sleeps, atomic_load_explicit(&t->sleeps, memory_order_relaxed));
	SET(to->interrupts_run, atomic_load_explicit(&t->interrupts, memory_order_relaxed));
	SET(to->interrupts_put_off, atomic_load_explicit(&t->interrupts_put_off, memory_order_relaxed));
	SET(to->unresponsive, t->unresponsive);
	SET(to->user_since_ns, since_ns && since_ns < now_ns ? now_ns - since_ns : 0);
}

/* Sums over threads, by the application's names. */
static void write_application(struct ixdp_server *s)
{
	struct ix_app_counter counter[IXDP_CONTROL_APP];
	uint64_t sum[IXDP_CONTROL_APP] = {0};
	const struct ix_app *app = s->process->config->app;
	unsigned n = 0, i, j;

	if (!app->counters)
		return;
	for (i = 0; i < s->process->threads; i++) {
		n = app->counters(s->process->thread[i].application, counter, IXDP_CONTROL_APP);
		for (j = 0; j < n; j++)
			sum[j] += counter[j].value;
	}
	for (j = 0; j < n; j++) {
		if (!s->page->counter[j].name[0])
			snprintf(s->page->counter[j].name, sizeof(s->page->counter[j].name), "%s", counter[j].name);
		SET(s->page->counter[j].value, sum[j]);
	}
}

/* What is alive, for leak checks: exact when nothing moves. */
static void write_alive(struct ixdp_control *page, const struct ix_dataplane *d)
{
	const struct ix_tcp_live live = ix_tcp_live(d);
	uint64_t timers = 0;

	for (unsigned i = 0; i < d->options.threads; i++)
		timers += peek(&d->thread[i].wheel.armed);
	SET(page->pcbs, live.connections);
	SET(page->stack_objects, live.lwip_objects);
	SET(page->timers, (int64_t)timers);
}

static void write_migrations(struct ixdp_control *page, const struct ix_migration_totals *totals,
			     struct ixdp_migration_job *job)
{
	SET(page->migrations, atomic_load_explicit(&totals->migrations, memory_order_relaxed));
	SET(page->migrated_groups, atomic_load_explicit(&totals->groups, memory_order_relaxed));
	SET(page->packets_deferred, atomic_load_explicit(&totals->packets_deferred, memory_order_relaxed));
	SET(page->fallbacks, atomic_load_explicit(&totals->fallbacks, memory_order_relaxed));
	pthread_mutex_lock(&job->lock);
	for (unsigned i = 0; job->shown != job->part[0].count && i < IXDP_MIGRATION_PARTS; i++) {
		SET(page->migration[i].mean, ixdp_spread_mean(&job->part[i]));
		SET(page->migration[i].p95, ixdp_spread_percentile(&job->part[i], 0.95));
	}
	job->shown = job->part[0].count;
	pthread_mutex_unlock(&job->lock);
}

static void update(struct ixdp_server *s, uint64_t now_ns)
{
	const struct ix_dataplane *d = s->process->dataplane;
	uint32_t groups[IXDP_CONTROL_THREADS] = {0};
	struct ixdp_control *page = s->page;

	for (unsigned i = 0; i < d->options.groups; i++) {
		unsigned owner = atomic_load_explicit(&d->group[i].owner, memory_order_relaxed);

		SET(page->owner[i], (uint8_t)owner);
		groups[owner]++;
	}
	for (unsigned i = 0; i < s->process->threads; i++)
		write_thread(s, i, groups[i]);
	write_application(s);
	SET(page->batch_bound, d->options.batch_bound);
	SET(page->connections_per_cycle, d->options.connections_per_cycle);
	SET(page->interrupt_spacing_ns, d->options.interrupt_spacing_ns);
	SET(page->link_up, (uint32_t)nic_link_up(s->process->nic));
	SET(page->packets_in_use, nic_packets_in_use(s->process->nic));
	write_alive(page, d);
	write_migrations(page, &d->migration_totals, &s->job);
	SET(page->updated_ns, now_ns);
	atomic_fetch_add(&page->updates, 1);
}

void ixdp_server_attach(struct ixdp_server *s, struct ixdp_process *process)
{
	struct ixdp_control *page = s->page;
	const struct ixdp_config *config = process->config;

	s->process = process;
	s->job.server = s;
	pthread_mutex_init(&s->job.lock, NULL);
	page->version = IXDP_CONTROL_VERSION;
	page->bytes = sizeof(*page);
	page->pid = (uint32_t)getpid();
	snprintf(page->scheduler, sizeof(page->scheduler), "%s", config->core_options.scheduler->name);
	snprintf(page->application, sizeof(page->application), "%s", config->app->name);
	snprintf(page->device, sizeof(page->device), "%s", nic_type_name[config->device_type]);
	page->threads = process->threads;
	page->groups = config->core_options.groups;
	page->batch_bound_max = IX_BATCH_MAX;
	page->numa_node = -1;
	SET(page->packets, config->nic.packets);
	SET(page->watts, -1.0);
	for (unsigned i = 0; i < process->threads; i++) {
		SET(page->thread[i].cpu, config->core[i]);
		SET(page->thread[i].frequency_hz, -1.0);
	}
	update(s, ix_clock_kernel_ns());
	atomic_thread_fence(memory_order_release);
	page->magic = IXDP_CONTROL_MAGIC;
}

void ixdp_server_step(struct ixdp_server *s)
{
	uint64_t now_ns = ix_clock_kernel_ns();

	ixdp_commands_step(s, now_ns);
	if (now_ns - s->updated_ns < IXDP_CONTROL_NS)
		return;
	s->updated_ns = now_ns;
	update(s, now_ns);
}

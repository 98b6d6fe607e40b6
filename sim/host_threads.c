#include "sim/host_threads.h"

#include <math.h>
#include <string.h>

int sim_host_threads_init(struct sim_host_threads *host, const struct sim_host_kind *kind,
			  const struct sim_host_options *options,
			  void (*notify)(void *context, unsigned queue, const struct ix_packet *packet, int dropped))
{
	const struct sim_costs *costs = options->costs;
	double scale = costs->nominal_ghz / costs->frequency_ghz;

	host->host = (struct sim_host){.kind = kind, .nic = &host->nic};
	host->options = *options;
	for (unsigned i = 0; i < kind->costs->count; i++)
		host->ns[i] = (uint64_t)llrint(costs->ns[i] * scale);
	host->detect_ns = (uint64_t)llrint(costs->detect_ns);
	host->service_scale = options->service_is_compute ? scale : 1;
	host->service_work = options->service_is_compute ? SIM_WORK_USER : SIM_WORK_USER | SIM_WORK_CLOCK;
	host->slowdown = 2 / costs->hyperthread_speedup;
	if (sim_nic_init(&host->nic, options->engine, options->pool, options->wire, ix_options_default.rss_key,
			 ix_options_default.groups, options->threads, (uint32_t)costs->rx_descriptors))
		return -1;
	host->nic.notify = notify;
	host->nic.context = host;
	return 0;
}

void sim_host_threads_fini(struct sim_host_threads *host)
{
	if (host->nic.queue)
		sim_nic_fini(&host->nic);
}

uint64_t sim_host_misses_ns(const struct sim_host_threads *host, unsigned miss)
{
	const struct sim_costs *costs = host->options.costs;

	return (uint64_t)llrint(costs->ns[miss] * sim_costs_misses(costs, host->options.connections));
}

void sim_host_release(const struct sim_host_threads *host, struct ix_packet_queue *queue)
{
	struct ix_packet *packet;

	while ((packet = ix_packet_queue_pop(queue)))
		sim_pool_put(host->options.pool, packet);
}

void sim_host_dropped(const struct sim_host_threads *host, unsigned thread, const struct ix_packet *packet)
{
	sim_host_note(host, thread, SIM_TRACE_DROP, ix_rss_group(&host->nic.rss, packet->rss_hash));
	if (host->host.on_drop)
		host->host.on_drop(host->host.drop_context, packet);
}

void sim_host_add_times(const struct sim_host_threads *host, unsigned thread, const struct sim_processor *processor,
			struct sim_host_totals *totals)
{
	struct sim_processor_totals times = sim_processor_totals(processor);

	totals->kernel_ns += times.kernel_ns;
	totals->user_ns += times.user_ns;
	totals->idle_ns += times.idle_ns;
	totals->doorbells += host->nic.queue[thread].doorbells;
}

void sim_host_sum_totals(const struct sim_host *host, struct sim_host_totals *totals)
{
	memset(totals, 0, sizeof(*totals));
	for (unsigned i = 0; i < host->nic->queues; i++) {
		struct sim_host_totals one;

		host->kind->thread_totals(host, i, &one);
		totals->kernel_ns += one.kernel_ns;
		totals->user_ns += one.user_ns;
		totals->idle_ns += one.idle_ns;
		totals->cycles += one.cycles;
		totals->processed += one.processed;
		totals->backlog_sum += one.backlog_sum;
		totals->timers += one.timers;
		totals->steals += one.steals;
		totals->interrupts += one.interrupts;
		totals->doorbells += one.doorbells;
	}
}

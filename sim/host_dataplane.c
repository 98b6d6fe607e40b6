/* The dataplanes as hosts: a machine (sim/machine.h) with the stack and the application of sim/server.h. */
#include "sim/host_threads.h"
#include "sim/server.h"

#include <stdlib.h>

#define GROUPS    128u /* RETA entries of the 82599 */
#define SEED_STEP 0x9e3779b97f4a7c15ull

struct dataplane_host {
	struct sim_host host;
	struct sim_machine machine;
	struct sim_server server;
};

static void on_drop(void *context, const struct ix_packet *packet)
{
	const struct sim_host *host = context;

	if (host->on_drop)
		host->on_drop(host->drop_context, packet);
}

static int start(struct dataplane_host *host, const struct sim_host_kind *kind, const struct sim_host_options *o)
{
	struct sim_machine_options m = {.core = ix_options_default,
					.threads_per_core = o->threads_per_core,
					.connections = o->connections,
					.costs = *o->costs,
					.user_is_wall_time = !o->service_is_compute};

	m.core.threads = o->threads;
	m.core.groups = GROUPS;
	m.core.batch_bound = o->batch_bound;
	m.core.transmit_order = o->transmit_order;
	m.core.scheduler = kind->scheduler;
	m.core.interrupt_spacing_ns = (uint64_t)llrint(o->costs->ns[SIM_COST_INTERRUPT_SPACING]);
	m.core.steal_seed = o->seed + o->replication * SEED_STEP;
	if (sim_server_init(&host->server, &host->machine, &m))
		return -1;
	if (sim_machine_init(&host->machine, o->engine, o->pool, o->wire, &m)) {
		sim_server_fini(&host->server);
		return -1;
	}
	return 0;
}

static struct sim_host *create(const struct sim_host_kind *kind, const struct sim_host_options *options)
{
	struct dataplane_host *host = calloc(1, sizeof(*host));

	if (host && start(host, kind, options)) {
		free(host);
		host = NULL;
	}
	if (!host)
		return NULL;
	host->host.kind = kind;
	host->host.nic = &host->machine.nic;
	host->machine.trace = &host->host.trace;
	host->machine.on_drop = on_drop;
	host->machine.drop_context = &host->host;
	return &host->host;
}

static void destroy(struct sim_host *host)
{
	struct dataplane_host *dataplane = SIM_CONTAINER(host, struct dataplane_host, host);

	sim_machine_fini(&dataplane->machine);
	sim_server_fini(&dataplane->server);
	free(dataplane);
}

static void thread_totals(const struct sim_host *host, unsigned thread, struct sim_host_totals *totals)
{
	const struct sim_machine *machine = &SIM_CONTAINER(host, const struct dataplane_host, host)->machine;
	struct sim_core_totals core = sim_machine_totals(machine, thread);

	*totals = (struct sim_host_totals){
	    .kernel_ns = core.kernel_ns,
	    .user_ns = core.user_ns,
	    .idle_ns = core.idle_ns,
	    .cycles = core.cycles,
	    .processed = core.processed,
	    .backlog_sum = core.backlog_sum,
	    .timers = core.timers,
	    .steals = core.steals,
	    .interrupts = core.interrupts,
	    .doorbells = machine->nic.queue[thread].doorbells,
	};
}

static uint64_t batches(const struct sim_host *host, unsigned packets)
{
	const struct sim_machine *machine = &SIM_CONTAINER(host, const struct dataplane_host, host)->machine;
	uint64_t cycles = 0;

	for (unsigned i = 0; i < machine->options.core.threads; i++)
		cycles += machine->dataplane->thread[i].batches[packets];
	return cycles;
}

static double least_ns(const struct sim_costs *costs, double received, double sent)
{
	const double *ns = costs->ns;

	return received * (ns[SIM_COST_POLL] + ns[SIM_COST_RECEIVE]) + ns[SIM_COST_EVENT] + 2 * ns[SIM_COST_CALL] +
	       sent * ns[SIM_COST_TRANSMIT];
}

#define KIND(kind_name, kind_scheduler)                                                                                \
	{                                                                                                              \
		.name = (kind_name), .costs = &sim_cost_names_dataplane, .least_ns = least_ns, .create = create,       \
		.destroy = destroy, .totals = sim_host_sum_totals, .thread_totals = thread_totals, .batches = batches, \
		.scheduler = (kind_scheduler)                                                                          \
	}

const struct sim_host_kind sim_host_ix = KIND("ix", &ix_scheduler_ix);
const struct sim_host_kind sim_host_zygos = KIND("zygos", &ix_scheduler_zygos);
const struct sim_host_kind sim_host_zygos_cooperative = KIND("zygos-cooperative", &ix_scheduler_zygos_cooperative);

#include "sim/machine_core.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE (2u << 20)

static void on_packet(void *context, unsigned queue, const struct ix_packet *packet, int dropped)
{
	struct sim_machine *machine = context;
	struct sim_core *core = &machine->core[queue];

	machine_note(core, packet->arrival_ns, dropped ? SIM_TRACE_DROP : SIM_TRACE_ARRIVE,
		     ix_rss_group(&machine->nic.rss, packet->rss_hash));
	if (dropped) {
		if (machine->on_drop)
			machine->on_drop(machine->drop_context, packet);
		return;
	}
	machine->rings |= 1ull << queue;
	machine_core_wake(core, machine->engine->now_ns);
	if (machine->shares && machine_core_in_user_phase(core))
		ix_notice_packets(machine->dataplane, queue);
}

/* The platform table of the core, in virtual time. */

static uint64_t clock_ns(void *context, unsigned thread)
{
	return ((struct sim_machine *)context)->engine->now_ns;
}

static unsigned receive(void *context, unsigned thread, struct ix_packet **packets, unsigned n)
{
	struct sim_machine *machine = context;
	unsigned taken;

	if (!(machine->rings >> thread & 1))
		return 0;
	taken = sim_nic_receive(&machine->nic, thread, packets, n);
	if (!sim_nic_waiting(&machine->nic, thread))
		machine->rings &= ~(1ull << thread);
	for (unsigned i = 0; i < taken; i++)
		packets[i]->user[0] = machine->engine->now_ns; /* sim_machine_polled_ns() */
	return taken;
}

static unsigned transmit(void *context, unsigned thread, struct ix_packet **packets, unsigned n)
{
	return sim_nic_transmit(&((struct sim_machine *)context)->nic, thread, packets, n);
}

static int steer(void *context, unsigned group, unsigned thread)
{
	return sim_nic_steer(&((struct sim_machine *)context)->nic, group, thread);
}

static int ring_waiting(void *context, unsigned thread)
{
	return ((struct sim_machine *)context)->rings >> thread & 1;
}

static uint64_t rings_waiting(void *context)
{
	return ((struct sim_machine *)context)->rings;
}

static uint64_t interrupts_pending(void *context)
{
	return ((struct sim_machine *)context)->interrupted;
}

/* Of a core: at the end of what it is doing, for only then is what others shall look at there. Of an idle one that has
 * noticed a packet: when it would have. */
static void kick(void *context, unsigned thread, int interrupt)
{
	struct sim_machine *machine = context;

	if (!machine->core)
		return;
	machine->kicked |= 1ull << thread;
	if (interrupt)
		machine->interrupted |= 1ull << thread;
	if (!machine->running)
		machine_pass_on_kicks(machine, machine->engine->now_ns + (interrupt ? machine->detect_ns : 0));
}

static struct ix_packet *packet_alloc(void *context, unsigned thread)
{
	return sim_pool_get(((struct sim_machine *)context)->pool);
}

static void packet_free(void *context, struct ix_packet *packet)
{
	sim_pool_put(((struct sim_machine *)context)->pool, packet);
}

/* What may be a huge page shall be one: connections by the hundred thousand are looked up at random. */
static void *allocate(void *context, size_t size, size_t align)
{
	size_t boundary = align < sizeof(void *) ? sizeof(void *) : align;
	size_t rounded = (size + boundary - 1) / boundary * boundary;
	void *memory = aligned_alloc(boundary, rounded ? rounded : boundary);

	if (memory && size >= HUGE_PAGE)
		madvise(memory, rounded, MADV_HUGEPAGE);
	if (memory)
		memset(memory, 0, rounded);
	return memory;
}

static void release(void *context, void *memory)
{
	free(memory);
}

static struct ix_platform platform_of(struct sim_machine *machine)
{
	struct ix_platform platform = {
	    .context = machine,
	    .clock_ns = clock_ns,
	    .receive = receive,
	    .transmit = transmit,
	    .steer = steer,
	    .kick = kick,
	    .ring_waiting = ring_waiting,
	    .rings_waiting = rings_waiting,
	    .interrupts_pending = interrupts_pending,
	    .packet_alloc = packet_alloc,
	    .packet_free = packet_free,
	    .data_room = machine->pool->room,
	    .allocate = allocate,
	    .release = release,
	    .pool_base = {machine->application_pool, machine->pool->base},
	    .pool_size = {machine->options.application_bytes, machine->pool->size},
	};

	return platform;
}

static int init_cores(struct sim_machine *machine)
{
	const struct sim_machine_options *o = &machine->options;
	unsigned cores = o->core.threads;

	machine->core = allocate(NULL, cores * sizeof(*machine->core), _Alignof(struct sim_core));
	if (!machine->core)
		return IX_ERR_NO_MEMORY;
	for (unsigned i = 0; i < cores; i++) {
		struct sim_core *core = &machine->core[i];

		core->machine = machine;
		core->thread = &machine->dataplane->thread[i];
		core->id = i;
		core->queue = &machine->nic.queue[i];
		if (o->threads_per_core == 2 && (i ^ 1u) < cores)
			core->sibling = &machine->core[i ^ 1u];
		machine_core_start(core);
	}
	return 0;
}

/* Memory that is never used is never touched, so it may be as large as the worst case. */
static uint8_t *map_pool(size_t bytes)
{
	void *memory =
	    mmap(NULL, bytes + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

int sim_machine_init(struct sim_machine *machine, struct sim_engine *engine, struct sim_pool *pool,
		     struct sim_wire *wire, const struct sim_machine_options *options)
{
	struct ix_platform platform;
	int error = IX_ERR_NO_MEMORY;

	memset(machine, 0, sizeof(*machine));
	machine->engine = engine;
	machine->pool = pool;
	machine->options = *options;
	machine->detect_ns = (uint64_t)llrint(options->costs.detect_ns);
	machine->interrupt_latency_ns = (uint64_t)llrint(options->costs.ns[SIM_COST_INTERRUPT_LATENCY]);
	machine->shares = options->core.scheduler->has_work != NULL;
	machine->shared_stretch = 2 / options->costs.hyperthread_speedup;
	machine->trace = &machine->own_trace;
	sim_charge_init(&machine->charge, &options->costs, options->connections);
	machine->application_pool = map_pool(options->application_bytes);
	platform = platform_of(machine);
	if (machine->application_pool &&
	    !sim_nic_init(&machine->nic, engine, pool, wire, options->core.rss_key, options->core.groups,
			  options->core.threads, (uint32_t)options->costs.rx_descriptors))
		error = ix_dataplane_create(&machine->dataplane, &options->core, &platform);
	machine->nic.notify = on_packet;
	machine->nic.context = machine;
	if (!error)
		error = init_cores(machine);
	if (error)
		sim_machine_fini(machine);
	return error;
}

void sim_machine_fini(struct sim_machine *machine)
{
	for (unsigned i = 0; machine->core && i < machine->options.core.threads; i++) {
		sim_cancel(machine->engine, &machine->core[i].event);
		sim_cancel(machine->engine, &machine->core[i].leave);
		sim_cancel(machine->engine, &machine->core[i].interrupt);
	}
	if (machine->dataplane)
		ix_dataplane_destroy(machine->dataplane);
	if (machine->nic.queue)
		sim_nic_fini(&machine->nic);
	free(machine->core);
	if (machine->application_pool)
		munmap(machine->application_pool, machine->options.application_bytes + 1);
	memset(machine, 0, sizeof(*machine));
}

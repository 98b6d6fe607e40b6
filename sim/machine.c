#include "sim/machine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LOOP_NS 100 /* of an idle turn of the polling loop */

enum core_state {
	CORE_IDLE,   /* waits; the event is its timer */
	CORE_WAKING, /* a packet or a kick came; as the next two, but not busy yet */
	CORE_OUTPUT, /* the event begins the output half */
	CORE_INPUT   /* the event ends the output half and begins the input half */
};

static void begin(struct sim_core *core, enum core_state state, uint64_t at_ns)
{
	core->state = state;
	sim_schedule(core->machine->engine, &core->event, at_ns);
}

static void note(const struct sim_core *core, uint64_t time_ns, enum sim_trace_what what, uint64_t who)
{
	const struct sim_machine *machine = core->machine;

	if (machine->trace)
		sim_trace_add(machine->trace, machine->engine->now_ns, time_ns, core->id, what, who);
}

static void flush(struct sim_core *core)
{
	struct sim_nic *nic = &core->machine->nic;

	if (!nic->queue[core->id].staged.head)
		return;
	note(core, core->machine->engine->now_ns, SIM_TRACE_SEND, nic->queue[core->id].staged.count);
	sim_nic_flush(nic, core->id);
}

static void on_leave(struct sim_event *event)
{
	flush(SIM_CONTAINER(event, struct sim_core, leave));
}

/* A cycle found nothing it could do: wait for a packet, a kick, or the time the thread names. A thread with work that
 * it cannot get on with (its transmit ring is full) goes round its loop. */
static void go_idle(struct sim_core *core)
{
	uint64_t now_ns = core->machine->engine->now_ns, until_ns = UINT64_MAX;

	if (ix_thread_has_work(core->thread, now_ns, &until_ns)) {
		core->totals.kernel_ns += LOOP_NS;
		core->kernel_until_ns = core->user_until_ns = now_ns + LOOP_NS;
		begin(core, CORE_OUTPUT, core->kernel_until_ns);
		return;
	}
	core->idle_since_ns = now_ns;
	note(core, now_ns, SIM_TRACE_IDLE, 0);
	begin(core, CORE_IDLE, until_ns);
}

static void count_batch(struct sim_core *core, const struct ix_work *work)
{
	if (!work->processed)
		return;
	core->totals.cycles++;
	core->totals.processed += work->processed;
	core->totals.backlog_sum += work->backlog;
}

static uint64_t user_phase(struct sim_core *core, uint64_t start_ns)
{
	struct sim_machine *machine = core->machine;
	uint64_t user_ns;

	core->results = core->asked = 0;
	if (core->thread->event_count)
		note(core, start_ns, SIM_TRACE_USER, core->thread->event_count);
	user_ns = machine->options.run(machine->options.context, core->thread, start_ns);
	if (machine->charge.user_scale != 1)
		user_ns = (uint64_t)llrint((double)user_ns * machine->charge.user_scale);
	return user_ns;
}

static void output_half(struct sim_core *core);

/* A cycle without costs is followed at once by the next, which sends what it has made; then others have their turn. */
static void input_half(struct sim_core *core)
{
	struct sim_machine *machine = core->machine;
	uint64_t now_ns = machine->engine->now_ns, cost_ns;
	struct ix_work work = {0};

	flush(core);
	note(core, now_ns, SIM_TRACE_INPUT, sim_nic_waiting(&machine->nic, core->id));
	ix_kernel_input(core->thread, &work);
	cost_ns = sim_charge_input_ns(&machine->charge, &work, sim_nic_doorbells(&machine->nic, core->id));
	count_batch(core, &work);
	core->kernel_until_ns = core->user_until_ns = now_ns + cost_ns;
	core->totals.kernel_ns += cost_ns;
	if (machine->nic.queue[core->id].staged.head) {
		if (cost_ns)
			sim_schedule(machine->engine, &core->leave, now_ns + cost_ns);
		else
			flush(core);
	}
	if (core->thread->event_count || core->results || core->asked) {
		uint64_t user_ns = user_phase(core, core->kernel_until_ns);

		core->user_until_ns += user_ns;
		core->totals.user_ns += user_ns;
	}
	if (!core->thread->event_count && !core->thread->call_count && core->user_until_ns == now_ns &&
	    !work.processed && !work.sent) {
		go_idle(core);
		return;
	}
	if (core->user_until_ns > now_ns || core->again) {
		begin(core, CORE_OUTPUT, core->user_until_ns);
		return;
	}
	core->again = 1;
	output_half(core);
	core->again = 0;
}

static void output_half(struct sim_core *core)
{
	struct sim_machine *machine = core->machine;
	uint64_t now_ns = machine->engine->now_ns, cost_ns;
	struct ix_work work = {0};

	note(core, now_ns, SIM_TRACE_OUTPUT, core->thread->call_count);
	core->results = core->thread->call_count != 0;
	ix_kernel_output(core->thread, &work);
	cost_ns = sim_charge_output_ns(&machine->charge, &work, sim_nic_doorbells(&machine->nic, core->id));
	core->totals.timers += work.timers;
	if (!cost_ns) {
		input_half(core);
		return;
	}
	core->kernel_until_ns = core->user_until_ns = now_ns + cost_ns;
	core->totals.kernel_ns += cost_ns;
	begin(core, CORE_INPUT, core->kernel_until_ns);
}

static void end_wait(struct sim_core *core)
{
	uint64_t idle_ns = core->machine->engine->now_ns - core->idle_since_ns;

	core->totals.idle_ns += idle_ns;
	core->thread->idle_ns += idle_ns;
}

static void on_step(struct sim_event *event)
{
	struct sim_core *core = SIM_CONTAINER(event, struct sim_core, event);

	switch (core->state) {
	case CORE_INPUT:
		input_half(core);
		break;
	case CORE_IDLE:
	case CORE_WAKING:
		end_wait(core);
		output_half(core);
		break;
	default:
		output_half(core);
	}
}

static void wake(struct sim_core *core)
{
	struct sim_machine *machine = core->machine;

	if (core->state != CORE_IDLE)
		return;
	begin(core, CORE_WAKING, machine->engine->now_ns + machine->detect_ns);
}

void sim_machine_wake(struct sim_machine *machine, unsigned id)
{
	machine->core[id].asked = 1;
	wake(&machine->core[id]);
}

static void on_packet(void *context, unsigned queue, const struct ix_packet *packet, int dropped)
{
	struct sim_machine *machine = context;
	struct sim_core *core = &machine->core[queue];

	note(core, packet->arrival_ns, dropped ? SIM_TRACE_DROP : SIM_TRACE_ARRIVE,
	     ix_rss_group(&machine->nic.rss, packet->rss_hash));
	if (!dropped)
		wake(core);
	else if (machine->on_drop)
		machine->on_drop(machine->drop_context, packet);
}

/* The platform table of the core, in virtual time. */

static uint64_t clock_ns(void *context, unsigned thread)
{
	return ((struct sim_machine *)context)->engine->now_ns;
}

static unsigned receive(void *context, unsigned thread, struct ix_packet **packets, unsigned n)
{
	return sim_nic_receive(&((struct sim_machine *)context)->nic, thread, packets, n);
}

static unsigned transmit(void *context, unsigned thread, struct ix_packet **packets, unsigned n)
{
	return sim_nic_transmit(&((struct sim_machine *)context)->nic, thread, packets, n);
}

static int steer(void *context, unsigned group, unsigned thread)
{
	return sim_nic_steer(&((struct sim_machine *)context)->nic, group, thread);
}

/* An interrupt during a user phase is not simulated yet: it is a hint, so a scheduler that needs none loses nothing. */
static void kick(void *context, unsigned thread, int interrupt)
{
	struct sim_machine *machine = context;

	if (machine->core)
		wake(&machine->core[thread]);
}

static struct ix_packet *packet_alloc(void *context, unsigned thread)
{
	return sim_pool_get(((struct sim_machine *)context)->pool);
}

static void packet_free(void *context, struct ix_packet *packet)
{
	sim_pool_put(((struct sim_machine *)context)->pool, packet);
}

static void *allocate(void *context, size_t size, size_t align)
{
	size_t boundary = align < sizeof(void *) ? sizeof(void *) : align;
	size_t rounded = (size + boundary - 1) / boundary * boundary;
	void *memory = aligned_alloc(boundary, rounded ? rounded : boundary);

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
	unsigned cores = machine->options.core.threads;

	machine->core = calloc(cores, sizeof(*machine->core));
	if (!machine->core)
		return IX_ERR_NO_MEMORY;
	for (unsigned i = 0; i < cores; i++) {
		struct sim_core *core = &machine->core[i];

		core->machine = machine;
		core->thread = &machine->dataplane->thread[i];
		core->id = i;
		core->event.fire = on_step;
		core->leave.fire = on_leave;
		core->idle_since_ns = machine->engine->now_ns;
		begin(core, CORE_WAKING, machine->engine->now_ns);
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
	sim_charge_init(&machine->charge, &options->costs);
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

static uint64_t left_of(uint64_t begin_ns, uint64_t end_ns, uint64_t now_ns)
{
	if (end_ns <= now_ns)
		return 0;
	return end_ns - (now_ns > begin_ns ? now_ns : begin_ns);
}

struct sim_core_totals sim_machine_totals(const struct sim_machine *machine, unsigned id)
{
	const struct sim_core *core = &machine->core[id];
	struct sim_core_totals totals = core->totals;
	uint64_t now_ns = machine->engine->now_ns;

	/* Phases are entered in full when they begin; idle time when it ends. */
	totals.kernel_ns -= left_of(0, core->kernel_until_ns, now_ns);
	totals.user_ns -= left_of(core->kernel_until_ns, core->user_until_ns, now_ns);
	if (core->state == CORE_IDLE || core->state == CORE_WAKING)
		totals.idle_ns += now_ns - core->idle_since_ns;
	return totals;
}

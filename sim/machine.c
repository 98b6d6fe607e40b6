#include "sim/machine_core.h"

#define LOOP_NS 100 /* of an idle turn of the polling loop */

static void begin(struct sim_core *core, enum core_state state, uint64_t at_ns)
{
	core->state = state;
	sim_schedule(core->machine->engine, &core->event, at_ns);
}

static void send_staged(struct sim_core *core)
{
	const struct sim_machine_options *options = &core->machine->options;

	machine_note(core, core->machine->engine->now_ns, SIM_TRACE_SEND, core->queue->staged.count);
	if (options->leaving)
		options->leaving(options->context, &core->queue->staged, core->machine->engine->now_ns);
	sim_nic_flush(&core->machine->nic, core->id);
}

static inline void flush(struct sim_core *core)
{
	if (core->queue->staged.head)
		send_staged(core);
}

static void on_leave(struct sim_event *event)
{
	flush(SIM_CONTAINER(event, struct sim_core, leave));
}

static int has_work(struct sim_core *core, uint64_t now_ns, uint64_t *until_ns)
{
	if (core->machine->shares)
		ix_thread_idle(core->thread, 1);
	if (!ix_thread_has_work(core->thread, now_ns, until_ns))
		return 0;
	if (core->machine->shares)
		ix_thread_idle(core->thread, 0);
	return 1;
}

/* A cycle found nothing it could do: wait for a packet, a kick, or the time the thread names. A thread with work that
 * it cannot get on with (its transmit ring is full, others must be interrupted first) goes round its loop; what it has
 * to wait for may happen at this instant, so the first turns take no time. */
static void go_idle(struct sim_core *core)
{
	uint64_t now_ns = core->machine->engine->now_ns, until_ns = UINT64_MAX;

	if (has_work(core, now_ns, &until_ns)) {
		uint64_t turn_ns = core->turns++ < core->machine->options.core.threads ? 0 : LOOP_NS;

		core->totals.kernel_ns += turn_ns;
		core->kernel_until_ns = core->user_until_ns = now_ns + turn_ns;
		begin(core, CORE_OUTPUT, core->kernel_until_ns);
		return;
	}
	core->turns = 0;
	core->idle_since_ns = now_ns;
	machine_note(core, now_ns, SIM_TRACE_IDLE, 0);
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

/* A phase begins: does the other thread of the core slow it down? */
static void set_stretch(struct sim_core *core)
{
	const struct sim_core *sibling = core->sibling;
	int shared = sibling && sibling->state != CORE_IDLE && sibling->state != CORE_WAKING;

	core->stretch = shared ? core->machine->shared_stretch : 1;
}

static uint64_t stretched(const struct sim_core *core, uint64_t cost_ns)
{
	return core->stretch == 1 ? cost_ns : (uint64_t)llrint((double)cost_ns * core->stretch);
}

/* What a half, or an interrupt's handler, takes, by its report and what the application added to it. */
static inline uint64_t cost_ns(struct sim_core *core, struct ix_work *work,
			       uint64_t (*charge_ns)(const struct sim_charge *, const struct ix_work *,
						     unsigned doorbells))
{
	struct sim_machine *machine = core->machine;
	unsigned doorbells = sim_nic_doorbells(&machine->nic, core->id);

	if (machine->charge.free) {
		core->extra_received = core->extra_sent = 0;
		return 0;
	}
	work->polled += core->extra_received;
	work->processed += core->extra_received;
	work->sent += core->extra_sent;
	core->extra_received = core->extra_sent = 0;
	return stretched(core, charge_ns(&machine->charge, work, doorbells));
}

/* Runs a half or the handler of an interrupt. */
static inline void run_kernel(struct sim_core *core, struct ix_work *work,
			      void (*kernel)(struct ix_thread *thread, struct ix_work *work))
{
	set_stretch(core);
	core->machine->running = 1;
	kernel(core->thread, work);
	core->machine->running = 0;
}

void machine_pass_kicks(struct sim_machine *machine, uint64_t at_ns)
{
	for (; machine->kicked; machine->kicked &= machine->kicked - 1) {
		struct sim_core *core = &machine->core[__builtin_ctzll(machine->kicked)];

		machine_core_wake(core, at_ns);
		if ((machine->interrupted >> core->id & 1) && !sim_scheduled(&core->interrupt))
			sim_schedule(machine->engine, &core->interrupt, at_ns + machine->interrupt_latency_ns);
	}
}

/* A half that has stolen what its home thread is still processing waits for that, as for the lock. */
static uint64_t after_steal_ns(const struct sim_core *core, uint64_t took_ns)
{
	const struct sim_machine *machine = core->machine;
	uint64_t end_ns = machine->engine->now_ns + took_ns, ready_ns = end_ns;

	machine_note(core, end_ns, SIM_TRACE_STEAL, core->thread->counter_steals);
	if (machine->options.ready_ns)
		ready_ns = machine->options.ready_ns(machine->options.context, core->thread);
	return ready_ns > end_ns ? ready_ns - machine->engine->now_ns : took_ns;
}

static void input_ended(struct sim_core *core, uint64_t end_ns)
{
	const struct sim_machine_options *options = &core->machine->options;

	if (options->input_ended)
		options->input_ended(options->context, core->thread, end_ns);
}

static uint64_t user_phase(struct sim_core *core, uint64_t start_ns)
{
	const struct sim_machine *machine = core->machine;
	const struct sim_machine_options *options = &machine->options;

	core->results = core->asked = 0;
	core->user_scale = options->user_is_wall_time ? 1 : machine->charge.user_scale * core->stretch;
	if (core->thread->event_count)
		machine_note(core, start_ns, SIM_TRACE_USER, core->thread->event_count);
	return sim_core_user_ns(core, options->run(options->context, core->thread, start_ns));
}

static void output_half(struct sim_core *core);

/* A cycle without costs is followed at once by the next, which sends what it has made; then others have their turn. */
static void input_half(struct sim_core *core)
{
	struct sim_machine *machine = core->machine;
	uint64_t now_ns = machine->engine->now_ns, took_ns;
	struct ix_work work = {0};

	flush(core);
	machine_note(core, now_ns, SIM_TRACE_INPUT, core->queue->rx_count);
	run_kernel(core, &work, ix_kernel_input);
	count_batch(core, &work);
	took_ns = cost_ns(core, &work, sim_charge_input_ns);
	if (work.steals)
		took_ns = after_steal_ns(core, took_ns);
	core->kernel_until_ns = core->user_until_ns = now_ns + took_ns;
	input_ended(core, core->kernel_until_ns);
	machine_pass_on_kicks(machine, core->kernel_until_ns);
	core->totals.kernel_ns += took_ns;
	if (core->queue->staged.head) {
		if (took_ns)
			sim_schedule(machine->engine, &core->leave, now_ns + took_ns);
		else
			flush(core);
	}
	if (core->thread->event_count || core->results || core->asked) {
		uint64_t user_ns = user_phase(core, core->kernel_until_ns);

		core->user_until_ns += user_ns;
		core->totals.user_ns += user_ns;
	}
	if (!core->thread->event_count && !core->thread->call_count && core->user_until_ns == now_ns &&
	    !work.processed && !work.sent && !work.remote_calls) {
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
	uint64_t now_ns = machine->engine->now_ns, took_ns;
	struct ix_work work = {0};

	machine_note(core, now_ns, SIM_TRACE_OUTPUT, core->thread->call_count);
	core->results = core->thread->call_count != 0;
	run_kernel(core, &work, ix_kernel_output);
	took_ns = cost_ns(core, &work, sim_charge_output_ns);
	machine_pass_on_kicks(machine, now_ns + took_ns);
	core->totals.timers += work.timers;
	if (!took_ns) {
		input_half(core);
		return;
	}
	core->kernel_until_ns = core->user_until_ns = now_ns + took_ns;
	core->totals.kernel_ns += took_ns;
	begin(core, CORE_INPUT, core->kernel_until_ns);
}

static void end_wait(struct sim_core *core)
{
	uint64_t idle_ns = core->machine->engine->now_ns - core->idle_since_ns;

	if (core->machine->shares && core->state == CORE_IDLE)
		ix_thread_idle(core->thread, 0);
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

/* The handler runs in the user phase, which goes on afterwards. */
static void handle_interrupt(struct sim_core *core)
{
	struct sim_machine *machine = core->machine;
	const struct sim_machine_options *options = &machine->options;
	uint64_t now_ns = machine->engine->now_ns, took_ns;
	struct ix_work work = {0};

	flush(core); /* what an input half has sent may leave at this instant, too */
	run_kernel(core, &work, ix_kernel_interrupt);
	count_batch(core, &work);
	took_ns = cost_ns(core, &work, sim_charge_interrupt_ns);
	machine_pass_on_kicks(machine, now_ns + took_ns);
	core->totals.interrupts++;
	core->totals.kernel_ns += took_ns;
	core->handler_until_ns = now_ns + took_ns;
	input_ended(core, core->handler_until_ns);
	machine_note(core, now_ns, SIM_TRACE_INTERRUPT, work.processed + work.calls);
	if (!took_ns) {
		flush(core);
		return;
	}
	if (options->delayed)
		options->delayed(options->context, core->thread, now_ns, took_ns);
	core->user_until_ns += took_ns;
	sim_schedule(machine->engine, &core->leave, core->handler_until_ns);
	sim_schedule(machine->engine, &core->event, core->user_until_ns);
}

/* A user phase is interrupted at once; one that is to follow the kernel phase under way, when it begins, and one whose
 * last interrupt is still being handled, after that. Otherwise the next kernel phase will look anyway. */
static void on_interrupt(struct sim_event *event)
{
	struct sim_core *core = SIM_CONTAINER(event, struct sim_core, interrupt);
	struct sim_machine *machine = core->machine;
	uint64_t now_ns = machine->engine->now_ns, busy_ns = core->kernel_until_ns;

	if (core->handler_until_ns > busy_ns)
		busy_ns = core->handler_until_ns;
	if (core->state == CORE_OUTPUT && busy_ns > now_ns && busy_ns < core->user_until_ns) {
		sim_schedule(machine->engine, event, busy_ns);
		return;
	}
	machine->interrupted &= ~(1ull << core->id);
	if (core->state == CORE_OUTPUT && now_ns < core->user_until_ns && busy_ns <= now_ns)
		handle_interrupt(core);
}

void machine_core_wake(struct sim_core *core, uint64_t at_ns)
{
	if (core->state != CORE_IDLE)
		return;
	if (core->machine->shares)
		ix_thread_idle(core->thread, 0);
	begin(core, CORE_WAKING, at_ns + core->machine->detect_ns);
}

void machine_core_start(struct sim_core *core)
{
	core->event.fire = on_step;
	core->leave.fire = on_leave;
	core->interrupt.fire = on_interrupt;
	core->stretch = core->user_scale = 1;
	core->idle_since_ns = core->machine->engine->now_ns;
	begin(core, CORE_WAKING, core->idle_since_ns);
}

void sim_machine_wake(struct sim_machine *machine, unsigned id)
{
	machine->core[id].asked = 1;
	machine_core_wake(&machine->core[id], machine->engine->now_ns);
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
	uint64_t now_ns = machine->engine->now_ns, kernel_until_ns = core->kernel_until_ns;

	/* Phases are entered in full when they begin; idle time when it ends. */
	if (core->handler_until_ns > kernel_until_ns)
		kernel_until_ns = core->handler_until_ns;
	totals.kernel_ns -= left_of(0, kernel_until_ns, now_ns);
	totals.user_ns -= left_of(kernel_until_ns, core->user_until_ns, now_ns);
	if (core->state == CORE_IDLE || core->state == CORE_WAKING)
		totals.idle_ns += now_ns - core->idle_since_ns;
	totals.steals = core->thread->counter_steals;
	return totals;
}

#include "sim/processor.h"

#include <string.h>

static void account_work(struct sim_processor_totals *totals, const struct sim_processor *p, uint64_t from_ns,
			 uint64_t now_ns)
{
	for (unsigned i = 0; i < p->parts && from_ns < now_ns; i++) {
		uint64_t to_ns = p->end_ns[i] < now_ns ? p->end_ns[i] : now_ns;

		if (to_ns <= from_ns)
			continue;
		if (p->kind[i] & SIM_WORK_USER)
			totals->user_ns += to_ns - from_ns;
		else
			totals->kernel_ns += to_ns - from_ns;
		from_ns = to_ns;
	}
}

static inline void account_to(struct sim_processor_totals *totals, const struct sim_processor *p)
{
	uint64_t now_ns = p->engine->now_ns;

	if (p->in_interrupt)
		totals->kernel_ns += now_ns - p->since_ns;
	else if (p->parts)
		account_work(totals, p, p->since_ns, now_ns);
	else
		totals->idle_ns += now_ns - p->since_ns;
}

static inline void account(struct sim_processor *p)
{
	if (p->since_ns == p->engine->now_ns)
		return;
	account_to(&p->totals, p);
	p->since_ns = p->engine->now_ns;
}

struct sim_processor_totals sim_processor_totals(const struct sim_processor *processor)
{
	struct sim_processor_totals totals = processor->totals;

	account_to(&totals, processor);
	return totals;
}

static void on_work(struct sim_event *event)
{
	struct sim_processor *p = SIM_CONTAINER(event, struct sim_processor, work);

	if (p->in_interrupt) /* it is scheduled anew when it goes on */
		return;
	account(p);
	p->parts = 0;
	p->worked(p);
}

static void on_interrupt(struct sim_event *event)
{
	struct sim_processor *p = SIM_CONTAINER(event, struct sim_processor, interrupt);

	p->interrupted(p);
}

void sim_processor_init(struct sim_processor *processor, struct sim_engine *engine, struct sim_processor *sibling,
			double slowdown)
{
	memset(processor, 0, sizeof(*processor));
	processor->engine = engine;
	processor->sibling = sibling;
	processor->slowdown = slowdown;
	processor->work.fire = on_work;
	processor->interrupt.fire = on_interrupt;
	processor->since_ns = engine->now_ns;
}

void sim_processor_fini(struct sim_processor *processor)
{
	sim_cancel(processor->engine, &processor->work);
	sim_cancel(processor->engine, &processor->interrupt);
}

int sim_processor_begin(struct sim_processor *processor, const struct sim_part *part, unsigned parts)
{
	uint64_t now_ns = processor->engine->now_ns, end_ns = now_ns;

	account(processor);
	for (unsigned i = 0; i < parts; i++) {
		end_ns += part[i].work & SIM_WORK_CLOCK ? part[i].ns : sim_processor_stretch(processor, part[i].ns);
		processor->end_ns[i] = end_ns;
		processor->kind[i] = (uint8_t)part[i].work;
	}
	if (end_ns == now_ns)
		return 0;
	processor->parts = parts;
	sim_schedule(processor->engine, &processor->work, end_ns);
	return 1;
}

void sim_processor_enter(struct sim_processor *processor)
{
	account(processor);
	processor->in_interrupt = 1;
	processor->suspended_ns = processor->interrupt_end_ns = processor->engine->now_ns;
}

int sim_processor_spend(struct sim_processor *processor, uint64_t ns)
{
	if (!ns)
		return 0;
	processor->interrupt_end_ns = processor->engine->now_ns + sim_processor_stretch(processor, ns);
	sim_schedule(processor->engine, &processor->interrupt, processor->interrupt_end_ns);
	return 1;
}

void sim_processor_leave(struct sim_processor *processor)
{
	uint64_t shift_ns = processor->engine->now_ns - processor->suspended_ns;

	account(processor);
	processor->in_interrupt = 0;
	if (!processor->parts || (!shift_ns && sim_scheduled(&processor->work)))
		return;
	for (unsigned i = 0; i < processor->parts; i++)
		if (processor->end_ns[i] > processor->suspended_ns || i + 1 == processor->parts)
			processor->end_ns[i] += shift_ns;
	sim_schedule(processor->engine, &processor->work, processor->end_ns[processor->parts - 1]);
}

/* What is left of the parts after @from_ns takes @factor times as long from now on. */
static void rescale(struct sim_processor *p, uint64_t from_ns, double factor)
{
	uint64_t old_ns = from_ns, new_ns = from_ns;

	for (unsigned i = 0; i < p->parts; i++) {
		uint64_t left_ns;

		if (p->end_ns[i] <= from_ns)
			continue;
		left_ns = p->end_ns[i] - old_ns;
		old_ns = p->end_ns[i];
		new_ns += p->kind[i] & SIM_WORK_CLOCK ? left_ns : (uint64_t)((double)left_ns * factor + 0.5);
		p->end_ns[i] = new_ns;
	}
}

static void set_slow(struct sim_processor *p, int slow)
{
	uint64_t now_ns = p->engine->now_ns;
	double factor = slow ? p->slowdown : 1 / p->slowdown;

	p->slow = slow;
	account(p);
	if (p->parts)
		rescale(p, p->in_interrupt ? p->suspended_ns : now_ns, factor);
	if (p->parts && !p->in_interrupt)
		sim_schedule(p->engine, &p->work, p->end_ns[p->parts - 1]);
	if (p->in_interrupt && p->interrupt_end_ns > now_ns) {
		p->interrupt_end_ns = now_ns + (uint64_t)((double)(p->interrupt_end_ns - now_ns) * factor + 0.5);
		sim_schedule(p->engine, &p->interrupt, p->interrupt_end_ns);
	}
}

void sim_processor_tell_sibling(struct sim_processor *processor)
{
	int busy = processor->parts || processor->in_interrupt;

	if (busy == processor->busy)
		return;
	processor->busy = busy;
	set_slow(processor->sibling, busy);
}

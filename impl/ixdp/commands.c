/* Commands from the control page. The page is writable by whoever may open it: every field is copied and checked. */
#include "impl/ixdp/server.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MIGRATION_NS 2000000000ull  /* after so long it has failed */
#define FORGOTTEN_NS 10000000000ull /* a slot whose owner has gone */

__attribute__((format(printf, 3, 4))) static void answer(struct ixdp_command *command, int result, const char *format,
							 ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(command->text, sizeof(command->text), format, args);
	va_end(args);
	command->result = result;
	atomic_store_explicit(&command->state, IXDP_DONE, memory_order_release);
}

static void add_parts(struct ixdp_spread *part, const struct ix_migration_report *report)
{
	ixdp_spread_add(&part[IXDP_MIGRATION_PREPARE], report->prepare_ns);
	ixdp_spread_add(&part[IXDP_MIGRATION_WAIT], report->wait_ns);
	ixdp_spread_add(&part[IXDP_MIGRATION_RPC], report->rpc_ns);
	ixdp_spread_add(&part[IXDP_MIGRATION_DEFERRED], report->deferred_ns);
	ixdp_spread_add(&part[IXDP_MIGRATION_TOTAL], report->total_ns);
	ixdp_spread_add(&part[IXDP_MIGRATION_PACKETS], report->packets_deferred);
}

/* By the target, in its kernel phase. */
static void part_done(void *context, const struct ix_migration_report *report)
{
	struct ixdp_migration_job *job = context;

	pthread_mutex_lock(&job->lock);
	job->migrations++;
	job->groups += report->groups;
	job->packets_deferred += report->packets_deferred;
	job->fallbacks += report->by_fallback != 0;
	if (report->total_ns >= job->longest.total_ns)
		job->longest = *report;
	add_parts(job->part, report);
	pthread_mutex_unlock(&job->lock);
	atomic_fetch_sub(&job->in_flight, 1);
}

/* Groups of the command that @source owns and the target does not. */
static unsigned list_groups(const struct ix_dataplane *d, const struct ixdp_command *command, unsigned source,
			    unsigned *groups)
{
	unsigned n = 0;

	for (unsigned i = 0; i < d->options.groups; i++)
		if ((command->group[i / 64] >> i % 64 & 1) && atomic_load(&d->group[i].owner) == source)
			groups[n++] = i;
	return n;
}

static void finish_migration(struct ixdp_migration_job *job, int result, const char *text)
{
	struct ixdp_command *command = job->command;

	job->command = NULL;
	command->migrations = job->migrations;
	command->groups = job->groups;
	command->packets_deferred = job->packets_deferred;
	command->fallbacks = job->fallbacks;
	command->prepare_ns = job->longest.prepare_ns;
	command->wait_ns = job->longest.wait_ns;
	command->rpc_ns = job->longest.rpc_ns;
	command->deferred_ns = job->longest.deferred_ns;
	command->total_ns = job->longest.total_ns;
	answer(command, result, "%s", text);
}

/* Asks every source for what it has, until the target has it all. */
static void continue_migration(struct ixdp_migration_job *job, uint64_t now_ns)
{
	struct ix_dataplane *d = job->server->process->dataplane;
	unsigned groups[IX_RSS_GROUPS_MAX], to = job->command->thread, left = 0;

	if (atomic_load(&job->in_flight))
		return;
	for (unsigned from = 0; from < d->options.threads; from++) {
		unsigned n = from == to ? 0 : list_groups(d, job->command, from, groups);

		if (!n)
			continue;
		left += n;
		atomic_fetch_add(&job->in_flight, 1);
		if (ix_migrate(d, from, to, groups, n, part_done, job))
			atomic_fetch_sub(&job->in_flight, 1); /* busy: the next step tries again */
		else
			ixdp_wake(&job->server->process->thread[from]);
	}
	if (!left)
		finish_migration(job, 0, "done");
	else if (now_ns - job->begun_ns > MIGRATION_NS && !atomic_load(&job->in_flight))
		finish_migration(job, -1, "some groups could not be moved in time");
}

static void begin_migration(struct ixdp_server *s, struct ixdp_command *command, uint64_t now_ns)
{
	struct ixdp_migration_job *job = &s->job;

	job->command = command;
	job->begun_ns = now_ns;
	job->migrations = job->groups = job->packets_deferred = job->fallbacks = 0;
	memset(&job->longest, 0, sizeof(job->longest));
	continue_migration(job, now_ns);
}

static void park(struct ixdp_server *s, struct ixdp_command *command)
{
	struct ixdp_thread *t = &s->process->thread[command->thread];
	const struct ix_dataplane *d = s->process->dataplane;

	for (unsigned i = 0; command->type == IXDP_IDLE && i < d->options.groups; i++)
		if (atomic_load(&d->group[i].owner) == t->id) {
			answer(command, -1, "thread %u owns group %u; migrate its groups first", t->id, i);
			return;
		}
	atomic_store(&t->parked, command->type == IXDP_IDLE);
	ixdp_wake(t);
	answer(command, 0, "done");
}

/* A number of the core's options; threads read it anew in every cycle. */
static void set(struct ixdp_command *command, unsigned *option, uint64_t low, uint64_t high)
{
	uint64_t value = command->value;

	if (value < low || value > high) {
		answer(command, -1, "%llu is not allowed; %llu to %llu", (unsigned long long)value,
		       (unsigned long long)low, (unsigned long long)high);
		return;
	}
	__atomic_store_n(option, (unsigned)value, __ATOMIC_RELAXED);
	answer(command, 0, "done");
}

static void begin(struct ixdp_server *s, struct ixdp_command *command, uint64_t now_ns)
{
	struct ix_options *o = &s->process->dataplane->options;

	command->sequence = ++s->sequence;
	if (command->thread >= o->threads) {
		answer(command, -1, "there is no thread %u; 0 to %u", command->thread, o->threads - 1);
		return;
	}
	switch (command->type) {
	case IXDP_MIGRATE:
		begin_migration(s, command, now_ns);
		break;
	case IXDP_IDLE:
	case IXDP_WAKE:
		park(s, command);
		break;
	case IXDP_BATCH:
		set(command, &o->batch_bound, 1, IX_BATCH_MAX);
		break;
	case IXDP_CONNECTIONS:
		set(command, &o->connections_per_cycle, 1, 64);
		break;
	case IXDP_SPACING:
		if (command->value > 1000000000) {
			answer(command, -1, "0 to 1000000000 ns");
			break;
		}
		__atomic_store_n(&o->interrupt_spacing_ns, command->value, __ATOMIC_RELAXED);
		answer(command, 0, "done");
		break;
	default:
		answer(command, -1, "there is no command %u", command->type);
	}
}

/* A slot that stays claimed or done belongs to somebody who has gone. */
static void free_forgotten(struct ixdp_server *s, unsigned i, uint32_t state, uint64_t now_ns)
{
	if (state != IXDP_CLAIMED && state != IXDP_DONE)
		s->seen_ns[i] = 0;
	else if (!s->seen_ns[i])
		s->seen_ns[i] = now_ns;
	else if (now_ns - s->seen_ns[i] > FORGOTTEN_NS)
		atomic_compare_exchange_strong(&s->page->command[i].state, &state, IXDP_FREE);
}

void ixdp_commands_step(struct ixdp_server *s, uint64_t now_ns)
{
	if (s->job.command)
		continue_migration(&s->job, now_ns);
	for (unsigned i = 0; i < IXDP_COMMANDS; i++) {
		struct ixdp_command *command = &s->page->command[i];
		uint32_t state = atomic_load_explicit(&command->state, memory_order_acquire);

		free_forgotten(s, i, state, now_ns);
		if (state != IXDP_POSTED || command == s->job.command)
			continue;
		if (command->type == IXDP_MIGRATE && s->job.command)
			continue; /* one at a time */
		begin(s, command, now_ns);
	}
}

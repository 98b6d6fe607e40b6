/* What has happened, counted where it happens: frames at wires, switch, NICs and stacks. */
#include "sim/packet_world.h"

#include <malloc.h>
#include <math.h>
#include <stdlib.h>

const char *const sim_packet_step_name[SIM_PACKET_STEPS] = {"prepare", "wait", "rpc", "deferred", "total"};

static const struct sim_machine *machine_of(const struct sim_packet *world, unsigned host)
{
	return &world->network.host[host]->machine;
}

uint64_t packet_heap_bytes(void)
{
	struct mallinfo2 heap = mallinfo2();

	return heap.uordblks + heap.hblkhd;
}

static struct ix_tcp_live live_sum(const struct sim_packet *world)
{
	struct ix_tcp_live sum = {0};

	for (unsigned i = 0; i < world->network.hosts; i++) {
		struct ix_tcp_live live = ix_tcp_live(machine_of(world, i)->dataplane);

		sum.connections += live.connections;
		sum.lwip_objects += live.lwip_objects;
		sum.received_packets += live.received_packets;
		sum.waiting_packets += live.waiting_packets;
		sum.pcb_bytes = live.pcb_bytes;
	}
	return sum;
}

uint64_t packet_live_connections(const struct sim_packet *world)
{
	return (uint64_t)live_sum(world).connections;
}

void packet_measure_memory(struct sim_packet *world)
{
	struct ix_tcp_live live = live_sum(world);
	uint64_t heap = packet_heap_bytes();

	world->totals.pcb_bytes = (double)live.pcb_bytes;
	if (live.connections && heap > world->heap_before)
		world->totals.bytes_per_connection =
		    ((double)heap - (double)world->heap_before) / (double)live.connections - (double)live.pcb_bytes;
}

static uint64_t group_timers(const struct ix_flow_group *group)
{
	uint64_t n = 0;

	for (const struct ix_list *item = group->timers.next; item != &group->timers; item = item->next)
		n++;
	return n;
}

void packet_count_leaks(struct sim_packet *world)
{
	struct ix_tcp_live live = live_sum(world);
	struct sim_packet_totals totals;

	sim_packet_totals(world, &totals);
	world->totals.leaked_connections = (uint64_t)live.connections;
	world->totals.leaked_objects = (uint64_t)live.lwip_objects;
	world->totals.leaked_packets = world->pool.used - totals.frames.in_flight;
	for (unsigned h = 0; h < world->network.hosts; h++) {
		const struct ix_dataplane *dataplane = machine_of(world, h)->dataplane;

		for (unsigned i = 0; i < dataplane->options.groups; i++)
			world->totals.leaked_timers += group_timers(&dataplane->group[i]);
	}
}

static void add_wire(struct sim_packet_frames *frames, const struct sim_wire *wire)
{
	frames->lost += wire->totals.lost;
	frames->duplicated += wire->totals.duplicated;
	frames->dropped_switch += wire->totals.overflowed;
	frames->corrupted += wire->totals.corrupted;
	frames->reordered += wire->totals.reordered;
	frames->in_flight += sim_wire_in_flight(wire);
}

/* Packets of @machine between ring and stack. */
static uint64_t waiting(const struct sim_machine *machine)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < machine->options.core.threads; i++) {
		const struct ix_thread *thread = &machine->dataplane->thread[i];

		n += machine->nic.queue[i].rx_count + thread->backlog.count + thread->migration->remote.count +
		     thread->migration->local.count;
		for (const struct ix_packet *packet = atomic_load(&thread->handed_over); packet; packet = packet->next)
			n++;
	}
	return n;
}

static void add_host(const struct sim_packet *world, unsigned number, struct sim_packet_totals *totals)
{
	const struct sim_machine *machine = machine_of(world, number);
	struct sim_packet_frames *frames = &totals->frames;
	uint64_t accepted = 0;

	for (unsigned i = 0; i < machine->options.core.threads; i++) {
		const struct ix_thread *thread = &machine->dataplane->thread[i];
		const struct ix_tcp_counters *tcp = ix_tcp_counters(thread);

		accepted += machine->nic.queue[i].received;
		frames->dropped_ring += machine->nic.queue[i].dropped;
		frames->sent += machine->nic.queue[i].transmitted;
		totals->retransmits_timeout += tcp->retransmits_timeout;
		totals->retransmits_fast += tcp->retransmits_fast;
		totals->refused += tcp->bad_checksum + tcp->malformed + tcp->not_ours + tcp->unknown_protocol;
	}
	frames->processed += world->host[number].processed;
	frames->in_flight += waiting(machine);
	totals->reordered_by_migration += world->host[number].reordered;
	totals->dropped_by_migration += accepted - world->host[number].processed - waiting(machine);
	add_wire(frames, &world->network.host[number]->up);
	add_wire(frames, &world->network.host[number]->down);
}

static void add_server(const struct sim_packet *world, struct sim_packet_totals *totals)
{
	const struct sim_machine *machine = machine_of(world, 0);
	const struct ix_migration_totals *migrations = &machine->dataplane->migration_totals;

	for (unsigned i = 0; i < machine->options.core.threads; i++) {
		struct sim_core_totals core = sim_machine_totals(machine, i);

		totals->cores.kernel_ns += core.kernel_ns;
		totals->cores.user_ns += core.user_ns;
		totals->cores.idle_ns += core.idle_ns;
		totals->cores.cycles += core.cycles;
		totals->cores.processed += core.processed;
		totals->cores.backlog_sum += core.backlog_sum;
		totals->cores.timers += core.timers;
	}
	totals->migrations = atomic_load(&migrations->migrations);
	totals->groups_migrated = atomic_load(&migrations->groups);
	totals->deferred_packets = atomic_load(&migrations->packets_deferred);
	totals->fallbacks = atomic_load(&migrations->fallbacks);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void summarize_migrations(const struct sim_packet *world, struct sim_packet_totals *totals)
{
	size_t n = world->samples, at_p95 = (n * 95 + 99) / 100 - 1; /* of rank ceil(0.95 n) */
	uint64_t *value = n ? malloc(n * sizeof(*value)) : NULL;

	for (unsigned step = 0; step < SIM_PACKET_STEPS; step++) {
		double sum = 0;

		totals->step_mean_us[step] = totals->step_p95_us[step] = NAN;
		if (!value)
			continue;
		for (size_t i = 0; i < n; i++)
			sum += (double)(value[i] = world->sample[i].ns[step]);
		qsort(value, n, sizeof(*value), by_value);
		totals->step_mean_us[step] = sum / (double)n / 1e3;
		totals->step_p95_us[step] = (double)value[at_p95] / 1e3;
	}
	free(value);
	totals->packets_per_migration =
	    totals->migrations ? (double)totals->deferred_packets / (double)totals->migrations : NAN;
}

uint64_t sim_packet_messages(const struct sim_packet *world)
{
	return world->totals.messages;
}

void sim_packet_totals(const struct sim_packet *world, struct sim_packet_totals *totals)
{
	*totals = world->totals;
	totals->now_ns = world->engine.now_ns;
	if (world->phase <= SIM_PACKET_MESSAGES)
		totals->end_ns = totals->now_ns;
	if (world->sessions_lost > totals->connections_lost)
		totals->connections_lost = world->sessions_lost; /* seen by both ends, most of them */
	for (unsigned i = 0; i < world->network.hosts; i++)
		add_host(world, i, totals);
	totals->frames.damaged = world->network.damaged;
	totals->frames.copied = world->network.copied;
	totals->frames.unknown = world->network.unknown;
	totals->events = world->engine.fired;
	totals->assertions = atomic_load(&ix_tcp_assertions);
	add_server(world, totals);
	summarize_migrations(world, totals);
}

int64_t sim_packet_balance(const struct sim_packet_frames *f)
{
	return (int64_t)(f->sent + f->duplicated) + f->copied -
	       (int64_t)(f->processed + f->lost + f->dropped_switch + f->dropped_ring + f->damaged + f->unknown +
			 f->in_flight);
}

/* Random migrations: one to all of a core's flow groups, to another core. */
#include "sim/packet_world.h"

#include <stdlib.h>

#define SAMPLES_MAX 10000000u

/* The groups of @thread, at random places. */
static unsigned groups_of(struct sim_packet *world, unsigned thread, unsigned *groups)
{
	const struct ix_dataplane *dataplane = world->host[0].host->machine.dataplane;
	unsigned count = 0;

	for (unsigned i = 0; i < dataplane->options.groups; i++) {
		unsigned place;

		if (!ix_owns(&dataplane->thread[thread], &dataplane->group[i]))
			continue;
		place = rng_below(&world->migration_rng, ++count);
		groups[count - 1] = groups[place];
		groups[place] = i;
	}
	return count;
}

static void on_done(void *context, const struct ix_migration_report *report)
{
	struct sim_packet *world = context;

	if (!report->groups)
		return;
	if (world->samples == world->samples_room && world->samples < SAMPLES_MAX) {
		size_t room = world->samples_room ? 2 * world->samples_room : PACKET_CHUNK;
		struct packet_sample *sample = realloc(world->sample, room * sizeof(*sample));

		if (!sample) {
			packet_fail(world, "out of memory");
			return;
		}
		world->sample = sample;
		world->samples_room = room;
	}
	if (world->samples < world->samples_room)
		world->sample[world->samples++] = (struct packet_sample){
		    {report->prepare_ns, report->wait_ns, report->rpc_ns, report->deferred_ns, report->total_ns}};
}

void packet_on_migrate(struct sim_event *event)
{
	struct sim_packet *world = SIM_CONTAINER(event, struct sim_packet, migrate);
	struct ix_dataplane *dataplane = world->host[0].host->machine.dataplane;
	unsigned cores = world->options.cores, groups[IX_RSS_GROUPS_MAX];
	unsigned from = rng_below(&world->migration_rng, cores);
	unsigned to = (from + 1 + rng_below(&world->migration_rng, cores - 1)) % cores;
	unsigned owned = groups_of(world, from, groups);

	if (owned)
		ix_migrate(dataplane, from, to, groups, 1 + rng_below(&world->migration_rng, owned), on_done, world);
	sim_schedule(&world->engine, event, world->engine.now_ns + world->options.migrate_every_ns);
}

int packet_migrating(const struct sim_packet *world)
{
	const struct ix_dataplane *dataplane = world->host[0].host->machine.dataplane;

	for (unsigned i = 0; i < dataplane->options.threads; i++)
		if (atomic_load(&dataplane->thread[i].migration->references))
			return 1;
	return 0;
}

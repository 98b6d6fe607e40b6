#include "sim/clients.h"

#include "models/rng.h"

#include <stdlib.h>

#define SERVER_IP     0x0a000001u /* 10.0.0.1 */
#define SERVER_PORT   1234u
#define FIRST_HOST_IP 0x0a010001u /* 10.1.0.1, and up */
#define FIRST_PORT    1024u
#define PORTS         (65536u - FIRST_PORT)
#define HOSTS_MAX     4096u
#define HOSTS_RANDOM  64u /* times PORTS: four times SIM_CONNECTIONS_MAX */

static void set_tuple(struct sim_connection *connection, const struct ix_rss *rss, uint32_t host, uint32_t port)
{
	connection->client_ip = FIRST_HOST_IP + host;
	connection->client_port = (uint16_t)(FIRST_PORT + port);
	connection->hash =
	    ix_rss_hash_ipv4(rss, connection->client_ip, SERVER_IP, connection->client_port, SERVER_PORT);
}

/* How many connections each group is to have: dealt out to the cores in turn, and by each core to its groups in turn.
 */
static void deal(uint32_t *wanted, unsigned count, uint32_t groups, unsigned cores)
{
	for (uint32_t g = 0; g < groups; g++)
		wanted[g] = 0;
	for (unsigned i = 0; i < count; i++) {
		unsigned core = i % cores % groups; /* cores beyond the groups have none */
		unsigned own = (groups - core + cores - 1) / cores;

		wanted[core + cores * (i / cores % own)]++;
	}
}

static int place_evenly(struct sim_connection *connection, unsigned count, const struct ix_rss *rss, unsigned cores)
{
	uint32_t wanted[IX_RSS_GROUPS_MAX];
	unsigned placed = 0;

	if (!rss->groups || rss->groups > IX_RSS_GROUPS_MAX || !cores)
		return -1;
	deal(wanted, count, rss->groups, cores);
	for (uint64_t tuple = 0; placed < count; tuple++) {
		struct sim_connection *c = &connection[placed];

		if (tuple == (uint64_t)HOSTS_MAX * PORTS)
			return -1;
		set_tuple(c, rss, (uint32_t)(tuple / PORTS), (uint32_t)(tuple % PORTS));
		if (wanted[ix_rss_group(rss, c->hash)]) {
			wanted[ix_rss_group(rss, c->hash)]--;
			placed++;
		}
	}
	return 0;
}

static int place_randomly(struct sim_connection *connection, unsigned count, const struct ix_rss *rss, uint64_t seed,
			  uint32_t replication)
{
	uint8_t *taken = calloc(HOSTS_RANDOM, PORTS);
	struct rng rng;
	unsigned placed = 0;

	if (!taken)
		return -1;
	rng_init(&rng, seed, RNG_PLACEMENT, replication);
	while (placed < count) {
		uint32_t host = rng_below(&rng, HOSTS_RANDOM), port = rng_below(&rng, PORTS);

		if (taken[host * PORTS + port])
			continue;
		taken[host * PORTS + port] = 1;
		set_tuple(&connection[placed++], rss, host, port);
	}
	free(taken);
	return 0;
}

int sim_clients_place(struct sim_connection *connection, unsigned count, const struct ix_rss *rss, unsigned cores,
		      enum sim_placement placement, uint64_t seed, uint32_t replication)
{
	uint32_t members[IX_RSS_GROUPS_MAX] = {0};
	int error = placement == SIM_PLACEMENT_EVEN ? place_evenly(connection, count, rss, cores)
						    : place_randomly(connection, count, rss, seed, replication);

	for (unsigned i = 0; !error && i < count; i++)
		connection[i].number = members[ix_rss_group(rss, connection[i].hash)]++;
	return error;
}

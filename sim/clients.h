/*
 * Connections of the clients as the server's NIC sees them: 4-tuples, of which only the hash matters.
 *
 * Placed evenly, every core has the same number of connections (give or take one), and within a core every flow group:
 * client ports are chosen so, as testbeds do, because otherwise a core's share of the load is an accident of the ports.
 * Placed at random, addresses and ports are drawn, and cores have what they get.
 */
#ifndef IXLAB_SIM_CLIENTS_H
#define IXLAB_SIM_CLIENTS_H

#include "impl/core/rss.h"
#include <stddef.h>

#define SIM_CONNECTIONS_MAX 1000000u

enum sim_placement { SIM_PLACEMENT_EVEN, SIM_PLACEMENT_RANDOM };

struct sim_connection {
	uint32_t hash; /* Toeplitz, of the 4-tuple */
	uint32_t client_ip;
	uint16_t client_port;
	uint32_t number;         /* among the connections of its flow group, from 0 */
	uint32_t sent, expected; /* sequence numbers: of the next request, and at least of the next reply */
};

/*
 * Sets the 4-tuples of @count connections to a server whose flow group i is with core i mod @cores; all differ.
 * @seed and @replication are used for random placement only. 0, or -1 when memory is short or a
 * group cannot be reached.
 */
int sim_clients_place(struct sim_connection *connection, unsigned count, const struct ix_rss *rss, unsigned cores,
		      enum sim_placement placement, uint64_t seed, uint32_t replication);

#endif

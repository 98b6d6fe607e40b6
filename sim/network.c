#include "sim/network.h"

#include <stdlib.h>
#include <string.h>

#define ADDRESS_BYTES  6u
#define ETHERNET_BYTES 14u

/* Drops a damaged frame that nobody could recognize as such. */
static int drop_damaged(struct sim_network *network, struct ix_packet *frame)
{
	static const uint8_t ipv4[2] = {0x08, 0x00};

	if (!(frame->flags & SIM_WIRE_DAMAGED) ||
	    (frame->length >= ETHERNET_BYTES && !memcmp(frame->data + 2 * ADDRESS_BYTES, ipv4, sizeof(ipv4))))
		return 0;
	network->damaged++;
	sim_pool_put(network->pool, frame);
	return 1;
}

static void to_host(void *context, struct ix_packet *frame)
{
	struct sim_host *host = context;

	if (!drop_damaged(host->network, frame))
		sim_nic_frame(&host->machine.nic, frame);
}

/* A copy for everyone but the sender; as on a full switch, who cannot have one goes without. */
static void broadcast(struct sim_network *network, const struct sim_host *from, struct ix_packet *frame)
{
	for (unsigned i = 0; i < network->hosts; i++) {
		struct ix_packet *copy = network->host[i] == from ? NULL : sim_pool_get(network->pool);

		if (!copy)
			continue;
		memcpy(copy->data, frame->data, frame->length);
		copy->length = frame->length;
		network->forwarded++;
		network->copied++;
		sim_wire_send(&network->host[i]->down, copy);
	}
	network->copied--;
	sim_pool_put(network->pool, frame);
}

static void to_switch(void *context, struct ix_packet *frame)
{
	struct sim_host *from = context;
	struct sim_network *network = from->network;

	if (drop_damaged(network, frame))
		return;
	if (frame->length >= ADDRESS_BYTES && (frame->data[0] & 1)) {
		broadcast(network, from, frame);
		return;
	}
	for (unsigned i = 0; frame->length >= ADDRESS_BYTES && i < network->hosts; i++) {
		if (memcmp(frame->data, network->host[i]->mac, ADDRESS_BYTES) != 0)
			continue;
		network->forwarded++;
		sim_wire_send(&network->host[i]->down, frame);
		return;
	}
	network->unknown++;
	sim_pool_put(network->pool, frame);
}

void sim_network_init(struct sim_network *network, struct sim_engine *engine, struct sim_pool *pool)
{
	memset(network, 0, sizeof(*network));
	network->engine = engine;
	network->pool = pool;
}

void sim_network_fini(struct sim_network *network)
{
	for (unsigned i = 0; i < network->hosts; i++)
		sim_machine_fini(&network->host[i]->machine);
	for (unsigned i = 0; i < network->hosts; i++) {
		sim_wire_fini(&network->host[i]->up);
		sim_wire_fini(&network->host[i]->down);
		free(network->host[i]);
	}
	network->hosts = 0;
}

int sim_network_add(struct sim_network *network, const struct sim_machine_options *options, const uint8_t mac[6],
		    const struct sim_wire_options *wire, uint64_t seed, uint32_t replication, struct sim_host **host)
{
	struct sim_host *new = network->hosts < SIM_NETWORK_HOSTS_MAX ? calloc(1, sizeof(*new)) : NULL;
	struct sim_wire_options up = *wire;
	int error;

	if (!new)
		return IX_ERR_NO_MEMORY;
	new->network = network;
	memcpy(new->mac, mac, ADDRESS_BYTES);
	up.queue_bytes = 0;
	sim_wire_init(&new->up, network->engine, network->pool, &up, seed, replication, 2 * network->hosts);
	sim_wire_init(&new->down, network->engine, network->pool, wire, seed, replication, 2 * network->hosts + 1);
	new->up.deliver = to_switch;
	new->down.deliver = to_host;
	new->up.context = new->down.context = new;
	error = sim_machine_init(&new->machine, network->engine, network->pool, &new->up, options);
	if (error) {
		free(new);
		return error;
	}
	network->host[network->hosts++] = new;
	*host = new;
	return 0;
}

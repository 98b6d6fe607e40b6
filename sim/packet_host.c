/* The hosts: a machine with the stack `tcp`, linked to the switch, and one libix runtime for each of its threads. */
#include "sim/packet_world.h"

#include <string.h>

#define TIME_WAIT_NS       20000000ull
#define CHURN_KEEPALIVE_NS 100000000ull /* finds connections whose reset was lost */
#define CLIENT_RX          4096u
#define ARENA_SPARE        (2u << 20)
#define NS_PER_S           1000000000ull

static struct packet_host *host_of(const struct ix_thread *thread)
{
	const struct sim_machine *machine = thread->dataplane->platform.context;

	return machine->options.context;
}

/* Looks at what the NIC numbered, then lets the stack have it. */
static void receive(struct ix_thread *thread, struct ix_flow_group *group, struct ix_packet *packet)
{
	struct packet_host *host = host_of(thread);
	uint64_t number = sim_nic_number(packet);

	if (number < host->next_number[group->id])
		host->reordered++;
	else
		host->next_number[group->id] = number + 1;
	host->processed++;
	ix_stack_tcp.receive(thread, group, packet);
}

static uint64_t run(void *context, struct ix_thread *thread, uint64_t start_ns)
{
	struct packet_host *host = context;

	host->now_ns = start_ns;
	ix_runtime_run(host->runtime[thread->id]);
	return 0;
}

static unsigned connections_of(const struct sim_packet *world, unsigned number)
{
	unsigned n = world->options.connections;

	if (number)
		n = (n + world->options.clients - 1) / world->options.clients;
	return world->options.scenario == SIM_PACKET_CHURN ? 4 * n : n;
}

/* What may wait to be acknowledged on all connections if all of them are with one thread, in blocks of powers of two;
 * twice, since migration carries blocks from one arena to another. */
static size_t arena_bytes(const struct sim_packet *world, unsigned number)
{
	uint64_t most = PACKET_UNSENT_MAX + PACKET_PIECE,
		 asked = (uint64_t)world->options.message_bytes * world->options.depth;

	if (world->options.scenario != SIM_PACKET_STREAM && asked + PACKET_HELLO < most)
		most = asked + PACKET_HELLO;
	return (4 * most + 4096) * connections_of(world, number) + ARENA_SPARE;
}

static void set_tcp_options(const struct sim_packet *world, unsigned number, struct ix_tcp_options *tcp)
{
	*tcp = ix_tcp_options_default;
	tcp->ip = PACKET_SERVER_IP + number;
	tcp->mac[5] = (uint8_t)(number + 1);
	tcp->port_low = 1024;
	for (unsigned i = 0; !number && i < PACKET_PORTS; i++)
		tcp->listen_port[tcp->listen_ports++] = (uint16_t)(PACKET_PORT + i);
	tcp->half_open_max = tcp->backlog = 1u << 20;
	tcp->rto_min_ns = world->options.rto_min_ns;
	tcp->rto_initial_ns = 5 * tcp->rto_min_ns < NS_PER_S ? 5 * tcp->rto_min_ns : NS_PER_S;
	if (tcp->rto_initial_ns < tcp->rto_min_ns)
		tcp->rto_initial_ns = tcp->rto_min_ns;
	tcp->arp_retry_ns = tcp->rto_initial_ns; /* a lost request must not outlast the connections that wait for it */
	if (tcp->delayed_ack_ns > tcp->rto_min_ns / 4) /* else the peer takes a delayed one for lost */
		tcp->delayed_ack_ns = tcp->rto_min_ns / 4;
	tcp->time_wait_ns = TIME_WAIT_NS;
	if (world->options.scenario == SIM_PACKET_CHURN) {
		tcp->keepalive_idle_ns = CHURN_KEEPALIVE_NS;
		tcp->keepalive_interval_ns = CHURN_KEEPALIVE_NS / 4;
	}
	tcp->secret[0] = packet_key(world->options.seed, 4) + number;
	tcp->secret[1] = packet_key(world->options.seed, 5) + world->options.replication;
}

static void set_wire_options(const struct sim_packet *world, unsigned number, struct sim_wire_options *wire)
{
	const struct sim_packet_options *o = &world->options;
	double gbps = o->costs.wire_bandwidth_gbps, delay_ns = o->costs.wire_delay_ns;

	*wire = (struct sim_wire_options){
	    .bandwidth_bps = (uint64_t)((gbps > 0 ? gbps : SIM_PACKET_BANDWIDTH_GBPS) * 1e9),
	    .delay_ns = (uint64_t)((delay_ns > 0 ? delay_ns : SIM_PACKET_DELAY_NS) / 2),
	    .queue_bytes = o->buffer_bytes,
	};
	if (number)
		return;
	wire->loss = o->loss;
	wire->reorder = o->reorder;
	wire->reorder_ns = SIM_PACKET_LATE_NS;
	wire->duplicate = o->duplicate;
	wire->corrupt = o->corrupt;
}

static int start_runtimes(struct packet_host *host, size_t arena)
{
	const struct sim_machine *machine = &host->host->machine;
	struct ix_dataplane *dataplane = machine->dataplane;

	for (unsigned i = 0; i < dataplane->options.threads; i++) {
		struct ix_thread *thread = &dataplane->thread[i];
		struct ix_binding binding = {
		    .events = thread->events,
		    .event_count = &thread->event_count,
		    .calls = thread->calls,
		    .call_capacity = dataplane->options.calls,
		    .call_count = &thread->call_count,
		    .pool = {dataplane->platform.pool_base[0], dataplane->platform.pool_base[1]},
		    .pool_size = {dataplane->platform.pool_size[0], dataplane->platform.pool_size[1]},
		    .arena_offset = i * arena,
		    .arena_size = arena,
		};

		host->runtime[i] = ix_runtime_create(&binding);
		if (!host->runtime[i] || (!host->number && ix_listen(host->runtime[i], 0, packet_knock, host)))
			return IX_ERR_NO_MEMORY;
	}
	return 0;
}

int packet_add_host(struct sim_packet *world, unsigned number)
{
	const struct sim_packet_options *o = &world->options;
	struct packet_host *host = &world->host[number];
	struct sim_machine_options options = {.core = ix_options_default, .run = run, .context = host};
	size_t arena = arena_bytes(world, number);
	struct ix_tcp_options tcp;
	struct sim_wire_options wire;
	int error;

	host->world = world;
	host->number = number;
	host->next_flow = number - 1;
	host->stack = ix_stack_tcp;
	host->stack.receive = receive;
	set_tcp_options(world, number, &tcp);
	set_wire_options(world, number, &wire);
	options.core.stack = &host->stack;
	options.core.stack_options = &tcp;
	options.core.threads = number ? 1 : o->cores;
	if (!number)
		options.core.batch_bound = o->batch_bound;
	options.costs = number ? sim_costs_zero : o->costs;
	if (number)
		options.costs.rx_descriptors = CLIENT_RX;
	options.application_bytes = arena * options.core.threads;
	error = sim_network_add(&world->network, &options, tcp.mac, &wire, o->seed, o->replication, &host->host);
	return error ? error : start_runtimes(host, arena);
}

void packet_stop_host(struct packet_host *host)
{
	for (unsigned i = 0; i < SIM_NIC_QUEUES_MAX; i++)
		ix_runtime_destroy(host->runtime[i]);
}

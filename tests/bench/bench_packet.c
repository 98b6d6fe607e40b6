/*
 * What an echo of 64 bytes costs at the packet level: applications on libix, both stacks, NICs, wires and switch, every
 * byte filled in and checked, beside the floor of bench_lwip_bare, in turn; and how it grows with the number of
 * connections. Nanoseconds of processor time; each figure is the least of several rounds, since other work on the
 * machine only adds.
 *
 *	bench_packet
 */
#include "sim/packet.h"

#include <libgen.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS     7
#define MESSAGES   40000u /* of a round */
#define TURNS      3
#define BARE       "/bench_lwip_bare 200000"
#define MANY       250000u
#define RATE_RPS   2e6
#define GOAL_BARE  2.0
#define GOAL_MANY  4.0
#define GOAL_BYTES 1024.0

static double cpu_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

struct measured {
	double message_ns;                      /* of an echo */
	double connect_ns;                      /* of opening a connection */
	double bytes_per_connection, pcb_bytes; /* and end */
};

static struct sim_packet *create(const struct sim_packet_options *options)
{
	char error[128];
	struct sim_packet *packet = sim_packet_create(options, error, sizeof(error));

	if (!packet) {
		fprintf(stderr, "bench_packet: %s\n", error);
		exit(1);
	}
	return packet;
}

static void check(struct sim_packet *packet)
{
	struct sim_packet_totals totals;

	sim_packet_totals(packet, &totals);
	if (totals.connections_lost || totals.corrupted_bytes || sim_packet_error(packet)[0]) {
		fprintf(stderr, "bench_packet: %llu connections lost, %llu bytes corrupted; %s\n",
			(unsigned long long)totals.connections_lost, (unsigned long long)totals.corrupted_bytes,
			sim_packet_error(packet));
		exit(1);
	}
}

static struct measured measure(const struct sim_packet_options *options)
{
	struct sim_packet *packet = create(options);
	struct measured measured = {.message_ns = INFINITY};
	struct sim_packet_totals totals;
	double start_s = cpu_s();

	while (sim_packet_run(packet, 1, NULL, NULL) < SIM_PACKET_MESSAGES)
		continue;
	measured.connect_ns = (cpu_s() - start_s) * 1e9 / options->connections;
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t before = sim_packet_messages(packet);
		double ns;

		start_s = cpu_s();
		sim_packet_run(packet, MESSAGES, NULL, NULL);
		ns = (cpu_s() - start_s) * 1e9 / (double)(sim_packet_messages(packet) - before);
		measured.message_ns = ns < measured.message_ns ? ns : measured.message_ns;
	}
	check(packet);
	sim_packet_totals(packet, &totals);
	measured.bytes_per_connection = totals.bytes_per_connection;
	measured.pcb_bytes = totals.pcb_bytes;
	sim_packet_destroy(packet);
	return measured;
}

static double bare_ns(const char *self)
{
	char path[4096], line[64] = "";
	FILE *f;

	snprintf(path, sizeof(path) - sizeof(BARE), "%s", self);
	dirname(path);
	memcpy(path + strlen(path), BARE, sizeof(BARE));
	f = popen(path, "r");
	if (!f || !fgets(line, sizeof(line), f) || pclose(f)) {
		fprintf(stderr, "bench_packet: cannot run %s\n", path);
		exit(1);
	}
	return strtod(line, NULL);
}

static struct sim_packet_options options_of(unsigned connections)
{
	return (struct sim_packet_options){.scenario = SIM_PACKET_ECHO,
					   .connections = connections,
					   .clients = 1,
					   .cores = 1,
					   .batch_bound = 64,
					   .message_bytes = 64,
					   .requests = UINT64_MAX / 4,
					   .depth = 1,
					   .rto_min_ns = 200000000,
					   .costs = sim_costs_zero,
					   .seed = 1};
}

/* A server that takes its time, and wires that do not: packets come in batches at both ends, as they do in the memory of
 * the floor and in the rings of a loaded machine. */
static struct sim_packet_options batched_options_of(unsigned connections)
{
	struct sim_packet_options options = options_of(connections);

	options.costs.ns[SIM_COST_CYCLE] = 500;
	options.costs.ns[SIM_COST_RECEIVE] = 430;
	options.costs.ns[SIM_COST_TRANSMIT] = 350;
	options.costs.rx_descriptors = 512;
	options.costs.wire_bandwidth_gbps = 1e6;
	return options;
}

static void print(const char *what, double ns, double bare)
{
	printf("packet: 64-byte echo, %-44s %8.0f ns  %.2f x bare (goal %.1f)\n", what, ns, ns / bare, GOAL_BARE);
}

static void compare_with_bare(const char *self)
{
	struct sim_packet_options one = options_of(1), many = options_of(64), batched = batched_options_of(64);
	double bare = INFINITY, one_ns = INFINITY, many_ns = INFINITY, batched_ns = INFINITY;

	for (int i = 0; i < TURNS; i++) {
		bare = fmin(bare, bare_ns(self));
		one_ns = fmin(one_ns, measure(&one).message_ns);
		many_ns = fmin(many_ns, measure(&many).message_ns);
		batched_ns = fmin(batched_ns, measure(&batched).message_ns);
	}
	printf("packet: 64-byte echo, bare lwIP in memory:                          %8.0f ns\n", bare);
	print("one at a time:", one_ns, bare);
	print("64 under way, each in a cycle of its own:", many_ns, bare);
	print("64 under way, in batches:", batched_ns, bare);
}

static void compare_with_many(void)
{
	struct sim_packet_options few = options_of(1000), many = options_of(MANY), connect = options_of(MANY);
	struct measured at_few, at_many, at_connect;

	few.rate_rps = many.rate_rps = RATE_RPS;
	at_few = measure(&few);
	at_many = measure(&many);
	printf("packet: echoes on connections drawn at random, of 1,000:            %8.0f ns\n", at_few.message_ns);
	printf("packet: and of 250,000:                                             %8.0f ns  %.2f x of 1,000 (goal "
	       "%.1f)\n",
	       at_many.message_ns, at_many.message_ns / at_few.message_ns, GOAL_MANY);
	connect.scenario = SIM_PACKET_CONNECT;
	at_connect = measure(&connect);
	printf("packet: 250,000 connections opened, one echo on each:               %8.0f ns each; then %.0f bytes per "
	       "connection and end (goal %.0f) beside lwIP's %.0f\n",
	       at_connect.connect_ns, at_connect.bytes_per_connection, GOAL_BYTES, at_connect.pcb_bytes);
}

int main(int argc, char **argv)
{
	compare_with_bare(argv[0]);
	compare_with_many();
	return 0;
}

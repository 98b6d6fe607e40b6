/*
 * The packet level: real TCP (impl/tcp, lwIP) at both ends over simulated NICs, wires and a switch. The server is a
 * dataplane of elastic threads on simulated cores; each client host is a dataplane too, on one core that costs nothing.
 * The applications at both ends are written to libix.
 *
 * Every byte is checked where it is delivered: what stands at a position of a direction of a connection is a hash of
 * all three, so a byte that is lost, doubled, displaced, flipped or given to another connection shows. A connection
 * begins with 8 bytes that say which one it is; positions, and all that is counted, start behind them.
 *
 * Impairments hit the server's link, independently in each direction. Packets are numbered per flow group as they enter
 * the receive rings, and looked at again when the stack gets them: what migration drops or reorders is measured so.
 *
 *	echo     the server answers each message with as many bytes
 *	stream   clients send, as fast as they are let; a message is done when its last byte is delivered
 *	churn    as echo; after 1 to 8 messages a connection is closed (one in three with a reset) and the next is
 *opened incast   the server asks all connections at once, and all answer with a message; again when all are there
 *	connect  each connection sends one message when it opens, then stays idle until all have
 */
#ifndef IXLAB_SIM_PACKET_H
#define IXLAB_SIM_PACKET_H

#include "impl/tcp/tcp.h"
#include "sim/machine.h"

enum sim_packet_scenario {
	SIM_PACKET_ECHO,
	SIM_PACKET_STREAM,
	SIM_PACKET_CHURN,
	SIM_PACKET_INCAST,
	SIM_PACKET_CONNECT,
	SIM_PACKET_SCENARIOS
};

extern const char *const sim_packet_scenario_name[SIM_PACKET_SCENARIOS]; /* "echo", ... */

#define SIM_PACKET_CONNECTIONS_MAX 1000000u
#define SIM_PACKET_PER_CLIENT_MAX  500000u /* connections of one client host: bounded by its ports */
#define SIM_PACKET_CLIENTS_MAX     63u
#define SIM_PACKET_MESSAGE_MAX     (1u << 20)
#define SIM_PACKET_DEPTH_MAX       1024u
#define SIM_PACKET_BANDWIDTH_GBPS  10.0   /* of all wires where the cost model has no limit: without one nothing */
#define SIM_PACKET_DELAY_NS        4000.0 /* takes time, so nothing would ever be under way; and one way, likewise */
#define SIM_PACKET_LATE_NS         30000u /* of a packet held back by reordering */

struct sim_packet_options {
	enum sim_packet_scenario scenario;
	unsigned connections;   /* at once, 1 .. SIM_PACKET_CONNECTIONS_MAX, dealt out to the clients */
	unsigned clients;       /* hosts, 1 .. SIM_PACKET_CLIENTS_MAX, each with SIM_PACKET_PER_CLIENT_MAX at most */
	unsigned cores;         /* of the server, 1 .. SIM_NIC_QUEUES_MAX */
	unsigned batch_bound;   /* of the server, 1 .. IX_BATCH_MAX */
	uint32_t message_bytes; /* 1 .. SIM_PACKET_MESSAGE_MAX */
	uint64_t requests;      /* messages in all; connect: one for each connection */
	unsigned depth;         /* messages of a connection under way at most, 1 .. SIM_PACKET_DEPTH_MAX */
	double rate_rps;        /* open loop, Poisson, on connections drawn at random; 0: closed loop. echo only */
	double loss, reorder, duplicate, corrupt; /* probabilities per frame, 0 .. 1 */
	/* Random flow groups between random cores; 0: never. Not with incast, where the server writes without an event,
	 * hence without knowing where the connection is. */
	uint64_t migrate_every_ns;
	uint64_t rto_min_ns;    /* 16 us .. 60 s */
	uint64_t buffer_bytes;  /* of each switch port; more than that is dropped; 0: no bound */
	struct sim_costs costs; /* of the server, and the wires */
	uint64_t seed;
	uint32_t replication;
};

enum sim_packet_phase {
	SIM_PACKET_CONNECTING,
	SIM_PACKET_QUIET,    /* all are open: a moment until nothing is under way */
	SIM_PACKET_MESSAGES, /* what the scenario is about */
	SIM_PACKET_CLOSING,
	SIM_PACKET_DRAINING, /* until the last TIME_WAIT is over */
	SIM_PACKET_FINISHED,
	SIM_PACKET_FAILED
};

/* The steps of migrations as thesis table 2.5 has them. */
enum sim_packet_step {
	SIM_PACKET_PREPARE,
	SIM_PACKET_WAIT,
	SIM_PACKET_RPC,
	SIM_PACKET_DEFERRED,
	SIM_PACKET_TOTAL,
	SIM_PACKET_STEPS
};

extern const char *const sim_packet_step_name[SIM_PACKET_STEPS]; /* "prepare", ... */

/* Frames, all of a run. Each leaves a place as often as it came: see sim_packet_balance(). */
struct sim_packet_frames {
	uint64_t sent;       /* by NICs */
	int64_t copied;      /* by the switch: copies of broadcasts, less the frames copied */
	uint64_t duplicated; /* by impairment */
	uint64_t processed;  /* by stacks */
	uint64_t lost;       /* by impairment */
	uint64_t dropped_switch, dropped_ring;
	uint64_t damaged;              /* not IPv4, and dropped for a flipped bit */
	uint64_t unknown;              /* of no address the switch knows */
	uint64_t in_flight;            /* on wires, in rings and in software queues */
	uint64_t corrupted, reordered; /* by impairment; they arrive */
};

struct sim_packet_totals {
	uint64_t now_ns;
	uint64_t begin_ns, end_ns; /* of the phase of messages; end_ns is now during it */
	uint64_t messages;         /* done */
	uint64_t abandoned;        /* of connections that were lost */
	uint64_t bytes_delivered;  /* at both ends */
	uint64_t corrupted_bytes, out_of_order_bytes;
	uint64_t connections_opened, connections_closed, connections_reset, connections_lost, connections_peak;
	uint64_t retransmits_timeout, retransmits_fast;
	uint64_t refused;    /* frames that stacks refused, for bad checksums or as malformed */
	uint64_t assertions; /* of lwIP that failed */
	struct sim_packet_frames frames;

	uint64_t migrations, groups_migrated, deferred_packets, fallbacks;
	uint64_t dropped_by_migration, reordered_by_migration;
	double step_mean_us[SIM_PACKET_STEPS], step_p95_us[SIM_PACKET_STEPS], packets_per_migration;

	/* Of an idle connection and end, once all are open (or have echoed): heap in use, without lwIP's PCB; and the
	 * PCB. NAN where that was not measured (churn) or the heap cannot tell (sanitizers). */
	double bytes_per_connection, pcb_bytes;

	/* What is left when the run has finished: all 0, or there is a leak. */
	uint64_t leaked_connections, leaked_objects, leaked_packets, leaked_timers;

	struct sim_core_totals cores; /* of the server, summed over them */
	uint64_t events;              /* of the engine */
};

struct sim_packet;

/* NULL with @error when memory is short. The options must be in range. */
struct sim_packet *sim_packet_create(const struct sim_packet_options *options, char *error, size_t error_size);
void sim_packet_destroy(struct sim_packet *packet);

/* What the server's cores do goes to @trace (borrowed). */
void sim_packet_trace(struct sim_packet *packet, struct sim_trace *trace);

/*
 * Runs until about @messages more are done or the phase changes; returns the phase. Latencies in microseconds, from the
 * intended send to the delivery of the last byte awaited, go to @take in blocks, in the order in which they came; where
 * it returns non-zero the run has failed.
 */
enum sim_packet_phase sim_packet_run(struct sim_packet *packet, uint64_t messages,
				     int (*take)(void *context, const double *latency_us, size_t n), void *context);

/* Why it failed. */
const char *sim_packet_error(const struct sim_packet *packet);

void sim_packet_totals(const struct sim_packet *packet, struct sim_packet_totals *totals);

/* Messages done so far. */
uint64_t sim_packet_messages(const struct sim_packet *packet);

/* Frames that came into being less those that ended or are under way: 0. */
int64_t sim_packet_balance(const struct sim_packet_frames *frames);

#endif

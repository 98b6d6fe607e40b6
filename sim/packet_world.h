/* The parts of the packet level, for its files. */
#ifndef IXLAB_SIM_PACKET_WORLD_H
#define IXLAB_SIM_PACKET_WORLD_H

#include "impl/libix/libix.h"
#include "sim/network.h"
#include "sim/packet.h"

#define PACKET_SERVER_IP   0x0a000001u
#define PACKET_PORT        4000u
#define PACKET_PORTS       16u
#define PACKET_HELLO       8u
#define PACKET_QUESTION    64u    /* bytes of what the server asks in incast */
#define PACKET_UNSENT_MAX  65536u /* of a connection: what is handed to libix ahead of the peer's acknowledgement */
#define PACKET_PIECE       16368u /* fills a block of libix */
#define PACKET_OPENING_MAX 128u   /* connections of a host being opened, or closed, at once */
#define PACKET_CHUNK       1024u
#define PACKET_LATENCIES   4096u

/* One end of a connection. Positions are bytes behind the hello. */
struct packet_end {
	struct ix_connection *connection;
	uint64_t out_key, in_key;
	uint64_t allowed, sent, received; /* allowed: that may have been sent by now */
};

struct packet_message {
	struct packet_message *next;
	uint64_t intended_ns;
};

enum packet_flow_state { FLOW_CLOSED, FLOW_OPENING, FLOW_OPEN, FLOW_CLOSING };

/* A connection as its client sees it. */
struct packet_flow {
	struct packet_end end;
	struct packet_host *host;
	struct packet_session *session;      /* the server's side, once its hello has come */
	uint64_t id;                         /* grows by the number of connections when it is opened again */
	struct packet_message *first, *last; /* under way, then waiting */
	uint64_t counted;                    /* units received */
	uint64_t left;                       /* messages to come (of this connection's life, in churn) */
	unsigned under_way, waiting;
	enum packet_flow_state state;
};

/* The server's side of a connection. */
struct packet_session {
	struct packet_end end;
	struct packet_host *host;
	struct packet_flow *flow; /* NULL until the hello is there */
	uint64_t id, counted;
	uint8_t hello[PACKET_HELLO];
	unsigned hello_bytes;
	int closing;
	struct packet_session *next;
};

struct packet_host {
	struct sim_packet *world;
	struct sim_host *host;
	struct ix_runtime *runtime[SIM_NIC_QUEUES_MAX];
	struct ix_stack stack; /* tcp, but for the order that is looked at */
	uint64_t now_ns;       /* of the user phase that runs */
	uint64_t next_number[IX_RSS_GROUPS_MAX], processed, reordered;
	unsigned number;           /* 0: the server */
	unsigned next_flow;        /* to be opened or closed */
	unsigned dialing, closing; /* connections that are being opened, and closed */
};

struct packet_sample {
	uint64_t ns[SIM_PACKET_STEPS];
};

struct sim_packet {
	struct sim_packet_options options;
	struct sim_engine engine;
	struct sim_pool pool;
	struct sim_network network;
	struct packet_host host[1 + SIM_PACKET_CLIENTS_MAX];
	struct packet_flow *flow;
	uint32_t up_bytes, down_bytes; /* of a unit in each direction: message, question, or 0 */
	enum sim_packet_phase phase;
	uint64_t quiet_until_ns, drain_until_ns, progress_ns;
	char error[128];

	struct packet_message *free_message;
	struct packet_session *free_session;
	struct packet_chunk *chunks;
	uint8_t scratch[PACKET_PIECE];

	unsigned open, settled; /* connections; settled: opened, or failed to */
	unsigned sessions;      /* open at the server */
	uint64_t sessions_lost; /* as the server sees it */
	uint64_t issued;        /* open loop: arrivals */
	uint64_t round_left;
	struct sim_event arrival, round, migrate;
	struct rng arrival_rng, assignment_rng, migration_rng;
	double arrival_ns;

	double latency_us[PACKET_LATENCIES];
	unsigned latencies;
	uint64_t stop_at; /* messages */
	int (*take)(void *context, const double *latency_us, size_t n);
	void *take_context;

	struct packet_sample *sample;
	size_t samples, samples_room;
	uint64_t heap_before;
	unsigned displaced_looked;       /* searches for where wrong bytes come from */
	struct sim_packet_totals totals; /* those that are counted as things happen */
};

/* packet.c */
void packet_fail(struct sim_packet *world, const char *text);
void packet_stop(struct sim_packet *world); /* the phase may be over */
void *packet_take_chunk(struct sim_packet *world, size_t size);

/* packet_end.c */
uint64_t packet_key(uint64_t id, int direction);
void packet_fill(uint64_t key, uint64_t position, uint8_t *bytes, size_t n);
size_t packet_wrong(uint64_t key, uint64_t position, const uint8_t *bytes, size_t n);
void packet_pump(struct sim_packet *world, struct packet_end *end);
void packet_verify(struct sim_packet *world, struct packet_end *end, const uint8_t *bytes, size_t n);

/* packet_client.c */
int packet_is_aborting(const struct sim_packet *world, uint64_t id);
void packet_open_more(struct packet_host *host);
void packet_close_more(struct packet_host *host);
void packet_start_messages(struct sim_packet *world);
struct packet_message *packet_issue(struct packet_flow *flow, uint64_t intended_ns);
void packet_complete(struct packet_flow *flow, uint64_t now_ns);
void packet_give_latencies(struct sim_packet *world);

/* packet_server.c */
const struct ix_handler *packet_knock(void *policy_context, uint32_t ip, uint16_t port, void **context);
void packet_on_round(struct sim_event *event);
int packet_reserve_sessions(struct sim_packet *world, unsigned count);

/* packet_host.c */
int packet_add_host(struct sim_packet *world, unsigned number);
void packet_stop_host(struct packet_host *host);

/* packet_migrate.c */
void packet_on_migrate(struct sim_event *event);
int packet_migrating(const struct sim_packet *world);

/* packet_totals.c */
void packet_measure_memory(struct sim_packet *world);
uint64_t packet_heap_bytes(void);
void packet_count_leaks(struct sim_packet *world);
uint64_t packet_live_connections(const struct sim_packet *world);

#endif

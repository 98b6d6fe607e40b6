/*
 * Two hosts with the stack `tcp` on one wire, in virtual time, in memory. Host 0 is 10.0.0.1, host 1 is 10.0.0.2 and
 * listens on PAIR_PORT. A small application at each end sends what it is told, echoes if asked, and checks every byte.
 * Time jumps from event to event; nothing depends on the machine's clock.
 */
#ifndef IX_TESTS_TCP_PAIR_H
#define IX_TESTS_TCP_PAIR_H

#include "impl/tcp/tcp.h"

#include <stdbool.h>

#define PAIR_PORT       7000
#define PAIR_THREADS    8
#define PAIR_IP(host)   (0x0a000001u + (host))
#define US              1000ull
#define MS              1000000ull
#define SEC             1000000000ull
#define PAIR_FRAME_ROOM 2048

struct pair;

/* An application's side of a connection. */
struct pair_end {
	struct pair_host *host;
	unsigned thread; /* where its last event came */
	ix_handle handle;
	ix_cookie cookie;
	bool passive, connected, accepted, eof, dead, closed, sending;
	bool echo; /* send back what comes */
	bool hold; /* do not RECV_DONE */
	bool close_at_eof;
	int status, reason;
	int64_t last_result;
	uint8_t *out; /* in the application pool */
	uint64_t out_size, out_total, out_taken, out_acked;
	uint64_t in_total, corrupted;
	uint64_t check_from; /* the pattern expected; UINT64_MAX: none */
	uint32_t last_window;
	unsigned recvs, sents;
	struct held {
		ix_buffer buffer;
		uint32_t length;
	} * held;
	unsigned held_count, held_capacity;
	uint16_t port;
};

struct pair_host {
	struct pair *pair;
	unsigned index;
	struct ix_dataplane *dataplane;
	struct ix_packet_queue ring[PAIR_THREADS];
	unsigned reta[IX_RSS_GROUPS_MAX];
	struct pair_end **end;
	unsigned ends, ends_capacity, submitted[PAIR_THREADS];
	uint8_t *memory; /* application pool */
	uint64_t memory_used;
	bool accept, echo, hold, close_at_eof; /* what ends of arriving connections do */
	bool wait;                             /* neither accept nor close them: pair_end_accept() does */
	unsigned knocks, udp_received, udp_sent;
	struct ix_event last_udp;
	unsigned kicks;
};

enum pair_verdict { PAIR_PASS, PAIR_DROP, PAIR_DUPLICATE, PAIR_DELAY };

struct pair {
	struct pair_host host[2];
	uint64_t now_ns, delay_ns;
	struct ix_packet_queue wire; /* in order of arrival_ns */
	struct ix_packet *pool;
	uint8_t *data;
	struct ix_packet *free_packets;
	int64_t packets_in_use;
	unsigned fail_packets; /* every so many allocations fail; 0: none */
	uint64_t allocations;
	/* Asked for every frame sent; may change it. PAIR_DELAY adds extra_delay_ns. */
	enum pair_verdict (*filter)(struct pair *pair, unsigned from, struct ix_packet *packet);
	uint64_t extra_delay_ns;
	void *user;
	uint64_t frames[2]; /* sent by each */
	uint64_t random;
};

struct pair_config {
	unsigned threads[2];
	unsigned groups, events;
	unsigned packets; /* of the pool; 0: 16384 */
	unsigned calls;   /* of a thread; 0: as many as by default */
	uint64_t delay_ns;
	struct ix_tcp_options tcp[2];
};

/* 1 thread, 16 groups, 10 us one way, RTO at least 1 ms. */
struct pair_config pair_config_default(void);
void pair_open(struct pair *pair, const struct pair_config *config);
/* Ends both hosts and checks that no packet is missing. @quiet: also that before it nothing was alive at all. */
void pair_close(struct pair *pair, bool quiet);

/* Runs until @condition holds or @limit_ns of virtual time has passed; returns whether it holds. */
bool pair_run(struct pair *pair, bool (*condition)(struct pair *, void *), void *context, uint64_t limit_ns);
void pair_run_for(struct pair *pair, uint64_t ns);

/* A connection from @thread of host 0 (or 1), with @send bytes of pattern to send once it is open. */
struct pair_end *pair_connect(struct pair_host *host, unsigned thread, uint16_t port, uint64_t send);
struct pair_end *pair_peer(struct pair_end *end);     /* the other side, once it was accepted */
void pair_send(struct pair_end *end, uint64_t bytes); /* so many more */
void pair_end_accept(struct pair_end *end);
void pair_end_close(struct pair_end *end);
void pair_end_abort(struct pair_end *end);
void pair_done_all(struct pair_end *end); /* RECV_DONE of what is held */
struct ix_call *pair_call(struct pair_host *host, unsigned thread);
void pair_inject(struct pair *pair, unsigned to, const uint8_t *frame, unsigned length);
struct ix_tcp_counters pair_counters(const struct pair_host *host);

bool pair_all_dead(struct pair *pair, void *unused);
bool pair_end_got(struct pair *pair, void *end_expecting);
struct pair_expect {
	struct pair_end *end;
	uint64_t bytes;
};

/* Fields of a TCP frame. */
struct pair_tcp {
	uint32_t src, dst, seq, ack;
	uint16_t sport, dport, window, payload;
	uint8_t flags;
	bool is_tcp;
};
enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };
struct pair_tcp pair_parse(const struct ix_packet *packet);
uint8_t pair_pattern(uint64_t position);
uint64_t pair_random(struct pair *pair);

#endif

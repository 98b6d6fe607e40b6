/*
 * Load client: an application on libix that sends requests over many connections and measures how long replies take.
 *
 *	open loop	requests are due at the times of a Poisson process, whatever the server does; one that finds all
 *			connections full waits, and that wait counts: latency is from when it was due
 *	closed loop	each connection has `depth` requests in flight, and sends the next when a reply is there
 *
 * Each thread has its share of connections, rate and requests, and its own streams of random numbers.
 */
#ifndef IXLAB_HARNESS_LOAD_H
#define IXLAB_HARNESS_LOAD_H

#include "analysis/estimate.h"
#include "impl/apps/app.h"
#include "models/dist.h"
#include <stdatomic.h>
#include <stdbool.h>

#define LOAD_CONFIDENCE 0.95
#define LOAD_DEPTH_MAX  1024
#define LOAD_SIZE_MAX   (1u << 20)
#define LOAD_LINE_MAX   256 /* of a reply in text */
#define LOAD_LATENCIES  64

struct load_config {
	const struct load_protocol *protocol;
	uint32_t address; /* host byte order */
	uint16_t port;
	uint64_t ports; /* from port on; connections take them in turn */
	uint64_t connections, depth;
	double rate_rps;   /* of all threads; 0: closed loop */
	uint64_t requests; /* of all threads; 0: as many as fit in duration_s */
	double duration_s; /* behind the warm-up */
	double warmup_s;   /* requests due in it are not counted */
	double timeout_s;  /* to open all connections, and to wait for the last replies */
	uint64_t size;     /* bytes: of an echo, of a spin request, of a value */
	bool verify;       /* replies byte by byte */
	uint64_t seed;
	bool carried;        /* spin: requests carry their service time */
	struct dist service; /* in us */
	uint64_t keys;
	double get_fraction;
	const char *path; /* http */
};

/* One in flight, or one that is due. */
struct load_request {
	uint64_t due_ns;
	uint64_t key; /* what its bytes are made from */
	uint32_t kind;
	bool counted;
};

struct load_client;

struct load_connection {
	struct load_client *client;
	struct ix_connection *connection; /* NULL: not open (any more) */
	struct load_request *in_flight;   /* a ring of depth */
	uint32_t first, count;
	/* The reply in progress. */
	size_t taken; /* bytes of it, or of its body */
	size_t body;  /* bytes that its body has */
	uint32_t phase, line_length;
	char line[LOAD_LINE_MAX];
};

enum load_phase { LOAD_CONNECT, LOAD_PREPARE, LOAD_RUN, LOAD_DRAIN, LOAD_DONE };

struct load_client {
	struct load_shared *shared;
	struct ix_runtime *runtime;
	unsigned thread;
	enum load_phase phase;
	struct load_connection *connection;
	uint32_t connections, dialed, open, settled; /* settled: open or failed */
	uint32_t next;                               /* connection to look at first when the one drawn is full */
	struct load_request *due;                    /* a ring of those that wait for room */
	uint64_t due_first, due_count, due_capacity;
	uint64_t sent;                   /* in flight on all connections */
	uint64_t quota, issued, replied; /* quota 0: none */
	uint64_t seen;                   /* replies when last asked whether there are more */
	uint64_t prepare_next;           /* key to be set before the run */
	uint64_t start_ns, measure_ns, end_ns, last_reply_ns;
	uint64_t next_due_ns;
	double gap_ns; /* between requests; 0: closed loop */
	struct rng arrival, assignment, service, mix;
	struct ix_timeout arrival_timer, phase_timer;
	uint8_t *scratch;                  /* a request */
	struct estimator *latency, *lag;   /* us: from due to reply; in an open loop, from due to sent */
	double latency_us[LOAD_LATENCIES]; /* on their way to the estimator */
	unsigned latencies;
	struct estimate latency_result, lag_result;
	uint64_t counted, failed_connections, wrong, errors, lost, misses;
	bool prepared;
	_Atomic uint64_t progress;
	_Atomic bool done;
};

struct load_shared {
	struct load_config config;
	unsigned threads;
	struct load_client **client; /* by thread */
	_Atomic unsigned prepared;   /* threads that are ready to run; all start together */
	char service_text[128];
};

struct load_protocol {
	const char *name;
	/* Writes the next request at @out (room for size + 512 bytes), and in @request what is needed to check its reply.
	 * Returns its bytes. */
	size_t (*request)(struct load_client *client, struct load_request *request, uint8_t *out);
	/* Takes in bytes of the reply to @request: how many; *done: it is complete. -1: it is wrong. */
	ptrdiff_t (*reply)(struct load_connection *lc, const struct load_request *request, const uint8_t *data,
			   size_t length, bool *done);
	/* What is sent before the run: a request as above, or 0 when there is nothing (left). NULL: nothing. */
	size_t (*prepare)(struct load_client *client, struct load_request *request, uint8_t *out);
};

extern const struct ix_app ix_app_load;

extern const struct load_protocol load_echo, load_spin, load_kv, load_http;
extern const struct load_protocol *const load_protocols[]; /* NULL at the end */

/* Options to *config. 0, or -1 with *error. */
int load_config_read(struct load_config *config, const struct ix_app_options *options, struct ix_app_error *error);
extern const char load_options_help[];

/* One thread's client, dialing; NULL when memory is short. */
struct load_client *load_client_create(struct load_shared *shared, struct ix_runtime *runtime, unsigned thread);
void load_client_flush(struct load_client *client); /* before its estimators are read */
void load_client_destroy(struct load_client *client);

/* The result of all threads as one line of JSON, to be freed (NULL: memory is short); *failed: with connections that
 * failed, replies that were wrong or missing. */
char *load_result(struct load_shared *shared, bool *failed);

uint64_t load_now_ns(void);

/* Bytes @offset .. of the endless text of @key: what is sent, and what must come back. */
void load_text_fill(uint64_t key, uint64_t offset, uint8_t *out, size_t length);
bool load_text_equal(uint64_t key, uint64_t offset, const uint8_t *data, size_t length);

/* Collects a line into lc->line, without its end: bytes taken; *done when it is there. -1: it is too long. */
ptrdiff_t load_line(struct load_connection *lc, const uint8_t *data, size_t length, bool *done);

#endif

/*
 * Queueing models of thesis section 3.2: Poisson arrivals, n servers, four disciplines. Exact recursions, no events:
 * centralized FCFS by a heap of next-free times (Kiefer and Wolfowitz 1955), partitioned FCFS by Lindley's recursion
 * per queue with uniformly random assignment, processor sharing by virtual time (each job gets min(1, n/k) of a server
 * when k share n; partitioned: n independent single servers). Time is in multiples of the mean service time S.
 */
#ifndef IXLAB_MODELS_QUEUEING_H
#define IXLAB_MODELS_QUEUEING_H

#include "models/dist.h"

#define QUEUE_SERVERS_MAX 1024

enum queue_discipline {
	QUEUE_CENTRALIZED_FCFS,
	QUEUE_PARTITIONED_FCFS,
	QUEUE_CENTRALIZED_PS,
	QUEUE_PARTITIONED_PS,
	QUEUE_DISCIPLINE_COUNT
};

struct queue_params {
	enum queue_discipline discipline;
	unsigned servers;           /* 1 .. QUEUE_SERVERS_MAX */
	double load;                /* offered load per server, > 0; 1 or more never reaches a steady state */
	const struct dist *service; /* any mean; rescaled to 1 inside. Borrowed for the model's life */
	uint64_t seed;
	uint32_t replication;
};

/*
 * What conservation laws speak of; all since the model was created, times and work in S. None is computed from the
 * sojourn times handed out. FCFS hands a request out as it arrives and keeps no jobs: departures = arrivals, in_system
 * = 0, and the two sums below are NAN. Partitioned processor sharing looks at a queue when a request arrives there; its
 * sums speak of each queue at that moment.
 */
struct queue_totals {
	uint64_t arrivals, departures, in_system;
	double now;                /* time of the last arrival */
	double work_offered;       /* of the arrived */
	double work_done;          /* FCFS: server time less idle time; processor sharing: integral of busy servers */
	double work_left;          /* of those in the system */
	double age_sum;            /* time since arrival, over those in the system */
	double in_system_integral; /* of the number in system over time: the sojourns of all departed plus age_sum */
};

struct queue_model;

/* NULL with @error when a parameter is out of range or memory is short. */
struct queue_model *queue_create(const struct queue_params *params, char *error, size_t error_size);
void queue_destroy(struct queue_model *model);

/*
 * The sojourn times (response times) of the next @n requests: in order of arrival for FCFS, of departure for processor
 * sharing. Never allocates for FCFS; for processor sharing only when more jobs are present than ever before.
 * Returns 0, or -1 when memory is short.
 */
int queue_step(struct queue_model *model, double *sojourn, size_t n);

/* Totals so far; takes time in proportion to the servers and, for processor sharing, to the jobs present. */
void queue_totals(const struct queue_model *model, struct queue_totals *totals);

const char *queue_discipline_name(enum queue_discipline discipline); /* "centralized-fcfs", ... */
int queue_discipline_parse(const char *name);                        /* -1 if unknown */

/*
 * Requests to discard so that the empty start no longer shows. The relaxation time of the reflected Brownian motion
 * that approximates the queue is 2 rho (1 + cv^2) / (k (1 - rho)^2) with k = n pooled servers or 1 (Asmussen, "Applied
 * Probability and Queues", 2003); ten of them, plus ten mean residual services, times the arrival rate. Infinite
 * variance: returns 0 and the caller discards a fixed share.
 */
double queue_warmup_requests(const struct queue_params *params);

#endif

/*
 * The queue models' common state: internal to models. Requests are made in blocks (gaps, services and assignments are
 * each drawn in a tight loop), then a discipline consumes them.
 *
 * Times are relative to an origin that moves up whenever the clock has passed QUEUE_REBASE, so however long the run, no
 * time is larger than QUEUE_REBASE, the span of a block and the largest sojourn together: below 2^17 S, times are
 * multiples of 2^-36 S at the coarsest, and an addition is off by half of that.
 */
#ifndef IXLAB_MODELS_QUEUE_MODEL_H
#define IXLAB_MODELS_QUEUE_MODEL_H

#include "models/ps_queue.h"
#include "models/queueing.h"

#define QUEUE_BLOCK  512
#define QUEUE_REBASE 0x1p16

struct queue_model {
	enum queue_discipline discipline;
	unsigned servers;
	double gap_mean;
	struct dist service; /* of mean 1; shares the caller's empirical table */
	struct rng arrival_rng, service_rng, assignment_rng;

	/* The current block; its requests from next on are still to come. */
	size_t next;
	double arrival[QUEUE_BLOCK], work[QUEUE_BLOCK];
	uint32_t assignment[QUEUE_BLOCK]; /* zero in pooled systems */
	uint64_t blocks;
	long double origin; /* the time that all others are relative to */

	/* FCFS: when each server is free again; pooled: a heap (queue_fcfs.c), padded with INFINITY to a power of two.
	 */
	double *free_at;
	unsigned free_slots;
	/* Processor sharing: one queue, or one per server. */
	struct ps_queue *ps;
	unsigned ps_queues;

	/* Sums before the current block, and what this block adds (small, so nothing is lost). */
	long double work_offered;
	long double idle, work_done, job_time;
	double block_idle, block_work_done, block_job_time;
	uint64_t departures;
};

/* Makes the next block; all of the current one was consumed. */
void queue_refill(struct queue_model *model);

/* Per discipline family: take memory (-1 if short), produce, move the origin up by @shift, report. */
int queue_fcfs_create(struct queue_model *model);
void queue_fcfs_step(struct queue_model *model, double *sojourn, size_t n);
void queue_fcfs_rebase(struct queue_model *model, double shift);
void queue_fcfs_totals(const struct queue_model *model, struct queue_totals *totals);

int queue_ps_create(struct queue_model *model);
void queue_ps_destroy(struct queue_model *model);
int queue_ps_step(struct queue_model *model, double *sojourn, size_t n);
void queue_ps_rebase(struct queue_model *model, double shift);
void queue_ps_totals(const struct queue_model *model, struct queue_totals *totals);

#endif

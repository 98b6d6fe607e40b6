/*
 * Processor sharing by virtual time: it advances at the rate of service that each job present receives, min(1, n/k) of
 * k jobs on n servers, so a job is done when it has grown by the job's work since arrival, and the heap's top is next.
 */
#include "models/queue_model.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define JOBS_AT_FIRST 64

int queue_ps_create(struct queue_model *model)
{
	model->ps_queues = model->discipline == QUEUE_CENTRALIZED_PS ? 1 : model->servers;
	model->ps = calloc(model->ps_queues, sizeof(*model->ps));
	return model->ps ? 0 : -1;
}

void queue_ps_destroy(struct queue_model *model)
{
	for (unsigned i = 0; model->ps && i < model->ps_queues; i++)
		free(model->ps[i].job);
	free(model->ps);
}

static int queue_push(struct ps_queue *queue, struct ps_job job)
{
	size_t i = queue->jobs;

	if (i == queue->capacity) {
		size_t capacity = queue->capacity ? 2 * queue->capacity : JOBS_AT_FIRST;
		struct ps_job *grown = reallocarray(queue->job, capacity, sizeof(*grown));

		if (!grown)
			return -1;
		queue->job = grown;
		queue->capacity = capacity;
	}
	queue->jobs++;
	while (i > 0 && queue->job[(i - 1) / 2].tag > job.tag) {
		queue->job[i] = queue->job[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	queue->job[i] = job;
	return 0;
}

/* Removes the top: the hole sinks to the bottom, and the last job, which belongs near there, rises from it. */
static void queue_pop(struct ps_queue *queue)
{
	struct ps_job *job = queue->job, last = job[--queue->jobs];
	size_t n = queue->jobs, i = 0;

	while (2 * i + 2 < n) {
		size_t child = 2 * i + 1;

		child += job[child + 1].tag < job[child].tag;
		job[i] = job[child];
		i = child;
	}
	if (2 * i + 1 < n) {
		job[i] = job[2 * i + 1];
		i = 2 * i + 1;
	}
	while (i > 0 && job[(i - 1) / 2].tag > last.tag) {
		job[i] = job[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	job[i] = last;
}

/* Lets @elapsed time pass, during which each job receives @service. */
static inline void account(struct queue_model *model, double jobs, double elapsed, double service)
{
	model->block_job_time += jobs * elapsed;
	model->block_work_done += jobs * service;
}

/* The time by which the top job is done if nobody arrives before. */
static inline double next_departure(const struct ps_queue *queue, double inverse_servers)
{
	double crowding = (double)queue->jobs * inverse_servers;
	double needed = queue->job[0].tag - queue->virtual_time;

	/* Rounding may have carried the virtual time past the tag. */
	return queue->time + (needed > 0 ? needed : 0) * (crowding > 1 ? crowding : 1);
}

int queue_ps_step(struct queue_model *model, double *sojourn, size_t n)
{
	double servers = model->discipline == QUEUE_CENTRALIZED_PS ? model->servers : 1;
	double inverse_servers = 1 / servers;
	size_t made = 0;

	while (made < n) {
		if (model->next == QUEUE_BLOCK)
			queue_refill(model);
		struct ps_queue *queue = &model->ps[model->assignment[model->next]];
		double arrival = model->arrival[model->next], work = model->work[model->next];

		while (queue->jobs > 0) {
			double departure = next_departure(queue, inverse_servers);

			if (departure > arrival)
				break;
			if (made == n)
				goto out;
			account(model, (double)queue->jobs, departure - queue->time,
				queue->job[0].tag - queue->virtual_time);
			queue->time = departure;
			queue->virtual_time = queue->job[0].tag;
			sojourn[made++] = departure - queue->job[0].arrival;
			queue_pop(queue);
		}
		if (queue->jobs == 0) {
			queue->virtual_time = 0;
		} else {
			double jobs = (double)queue->jobs, elapsed = arrival - queue->time;
			double service = jobs > servers ? elapsed * servers / jobs : elapsed;

			account(model, jobs, elapsed, service);
			queue->virtual_time += service;
		}
		queue->time = arrival;
		if (queue_push(queue, (struct ps_job){queue->virtual_time + work, arrival}))
			return -1;
		model->next++;
	}
out:
	model->departures += made;
	return 0;
}

void queue_ps_rebase(struct queue_model *model, double shift)
{
	for (unsigned q = 0; q < model->ps_queues; q++) {
		struct ps_queue *queue = &model->ps[q];

		for (size_t i = 0; i < queue->jobs; i++) {
			queue->job[i].tag -= queue->virtual_time;
			queue->job[i].arrival -= shift;
		}
		queue->virtual_time = 0;
		queue->time -= shift;
	}
}

void queue_ps_totals(const struct queue_model *model, struct queue_totals *totals)
{
	double left = 0, age = 0;

	totals->in_system = 0;
	for (unsigned q = 0; q < model->ps_queues; q++) {
		const struct ps_queue *queue = &model->ps[q];

		for (size_t i = 0; i < queue->jobs; i++) {
			left += queue->job[i].tag - queue->virtual_time;
			age += queue->time - queue->job[i].arrival;
		}
		totals->in_system += queue->jobs;
	}
	totals->departures = model->departures;
	totals->age_sum = age;
	totals->in_system_integral = (double)(model->job_time + model->block_job_time);
	totals->work_left = left;
	totals->work_done = (double)(model->work_done + model->block_work_done);
}

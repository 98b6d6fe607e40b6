/*
 * Processor sharing by virtual time: it advances at the rate of service that each job present receives, min(1, n/k) of
 * k jobs on n servers, so a job is done when it has grown by the job's work since arrival.
 */
#include "models/queue_model.h"
#include <math.h>
#include <stdlib.h>

int queue_ps_create(struct queue_model *model)
{
	model->ps_queues = model->discipline == QUEUE_CENTRALIZED_PS ? 1 : model->servers;
	model->ps = calloc(model->ps_queues, sizeof(*model->ps));
	for (unsigned i = 0; model->ps && i < model->ps_queues; i++)
		if (ps_queue_create(&model->ps[i]))
			return -1;
	return model->ps ? 0 : -1;
}

void queue_ps_destroy(struct queue_model *model)
{
	for (unsigned i = 0; model->ps && i < model->ps_queues; i++)
		ps_queue_destroy(&model->ps[i]);
	free(model->ps);
}

static inline double greatest(double a, double b)
{
	return a > b ? a : b;
}

/* A stretch of requests: where their sojourns go, and what passes meanwhile. */
struct progress {
	double *sojourn;
	size_t made, wanted;
	double work_done, job_time;
};

/*
 * Brings @queue, of @servers, up to @arrival. Returns false if it had to stop before, as enough requests had departed.
 * Rounding may carry the virtual time past a tag; time itself never goes back. No branch on whether servers are idle:
 * at high load it would be a toss-up.
 */
static inline __attribute__((always_inline)) bool
advance(struct ps_queue *queue, double servers, double inverse_servers, double arrival, struct progress *progress)
{
	double time = queue->time, virtual_time = queue->virtual_time;
	double jobs = (double)ps_queue_jobs(queue);

	while (jobs > 0) {
		const struct ps_job *first = ps_queue_first(queue);
		double service = greatest(first->tag - virtual_time, 0);
		double departure = time + service * (greatest(jobs, servers) * inverse_servers);

		if (departure > arrival)
			break;
		if (progress->made == progress->wanted) {
			queue->time = time;
			queue->virtual_time = virtual_time;
			return false;
		}
		progress->job_time += jobs * (departure - time);
		progress->work_done += jobs * service;
		time = departure;
		virtual_time = first->tag; /* not += service: that would have to wait for it */
		progress->sojourn[progress->made++] = departure - first->arrival;
		ps_queue_remove_first(queue);
		jobs--;
	}
	double elapsed = arrival - time;
	double service = elapsed * (servers / greatest(jobs, servers));

	progress->job_time += jobs * elapsed;
	progress->work_done += jobs * service;
	queue->time = arrival;
	queue->virtual_time = jobs > 0 ? virtual_time + service : 0;
	return true;
}

/*
 * Serves requests of the current block until it ends or enough have departed. Inlined twice: a pooled queue is kept in
 * registers throughout. Returns -1 when memory is short.
 */
static inline __attribute__((always_inline)) int serve_block(struct queue_model *model, struct progress *progress,
							     double servers, bool pooled)
{
	double inverse_servers = 1 / servers;
	struct ps_queue queue = model->ps[0];
	size_t next = model->next;
	int result = 0;

	for (; next < QUEUE_BLOCK && progress->made < progress->wanted && result == 0; next++) {
		double arrival = model->arrival[next];

		if (!pooled)
			queue = model->ps[model->assignment[next]];
		bool arrived = advance(&queue, servers, inverse_servers, arrival, progress);

		if (arrived)
			result = ps_queue_add(&queue, (struct ps_job){queue.virtual_time + model->work[next], arrival});
		if (!pooled)
			model->ps[model->assignment[next]] = queue;
		if (!arrived)
			break;
	}
	if (pooled)
		model->ps[0] = queue;
	model->next = next;
	return result;
}

int queue_ps_step(struct queue_model *model, double *sojourn, size_t n)
{
	struct progress progress = {.sojourn = sojourn, .wanted = n};
	int result = 0;

	while (progress.made < n && result == 0) {
		if (model->next == QUEUE_BLOCK)
			queue_refill(model);
		if (model->discipline == QUEUE_CENTRALIZED_PS)
			result = serve_block(model, &progress, model->servers, true);
		else
			result = serve_block(model, &progress, 1, false);
	}
	model->departures += progress.made;
	model->block_work_done += progress.work_done;
	model->block_job_time += progress.job_time;
	return result;
}

static void shift_jobs(struct ps_job *job, size_t n, double tag_shift, double time_shift)
{
	for (size_t i = 0; i < n; i++) {
		job[i].tag -= tag_shift;
		job[i].arrival -= time_shift;
	}
}

void queue_ps_rebase(struct queue_model *model, double shift)
{
	for (unsigned q = 0; q < model->ps_queues; q++) {
		struct ps_queue *queue = &model->ps[q];

		shift_jobs(queue->front + 1, queue->fronts, queue->virtual_time, shift);
		shift_jobs(queue->back, queue->backs, queue->virtual_time, shift);
		queue->virtual_time = 0;
		queue->time -= shift;
	}
}

static void add_jobs(const struct ps_queue *queue, const struct ps_job *job, size_t n, struct queue_totals *totals)
{
	for (size_t i = 0; i < n; i++) {
		totals->work_left += job[i].tag - queue->virtual_time;
		totals->age_sum += queue->time - job[i].arrival;
	}
	totals->in_system += n;
}

void queue_ps_totals(const struct queue_model *model, struct queue_totals *totals)
{
	for (unsigned q = 0; q < model->ps_queues; q++) {
		add_jobs(&model->ps[q], model->ps[q].front + 1, model->ps[q].fronts, totals);
		add_jobs(&model->ps[q], model->ps[q].back, model->ps[q].backs, totals);
	}
	totals->departures = model->departures;
	totals->in_system_integral = (double)(model->job_time + model->block_job_time);
	totals->work_done = (double)(model->work_done + model->block_work_done);
}

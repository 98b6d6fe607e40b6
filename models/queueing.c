#include "models/queue_model.h"
#include "models/ziggurat.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const discipline_names[QUEUE_DISCIPLINE_COUNT] = {
    [QUEUE_CENTRALIZED_FCFS] = "centralized-fcfs",
    [QUEUE_PARTITIONED_FCFS] = "partitioned-fcfs",
    [QUEUE_CENTRALIZED_PS] = "centralized-ps",
    [QUEUE_PARTITIONED_PS] = "partitioned-ps",
};

const char *queue_discipline_name(enum queue_discipline discipline)
{
	return (unsigned)discipline < QUEUE_DISCIPLINE_COUNT ? discipline_names[discipline] : "unknown";
}

int queue_discipline_parse(const char *name)
{
	for (int i = 0; i < QUEUE_DISCIPLINE_COUNT; i++)
		if (strcmp(name, discipline_names[i]) == 0)
			return i;
	return -1;
}

static bool is_pooled(enum queue_discipline discipline)
{
	return discipline == QUEUE_CENTRALIZED_FCFS || discipline == QUEUE_CENTRALIZED_PS;
}

static bool is_fcfs(enum queue_discipline discipline)
{
	return discipline == QUEUE_CENTRALIZED_FCFS || discipline == QUEUE_PARTITIONED_FCFS;
}

static int check(const struct queue_params *params, struct dist *service, char *error, size_t error_size)
{
	if ((unsigned)params->discipline >= QUEUE_DISCIPLINE_COUNT) {
		snprintf(error, error_size, "discipline %d; allowed: 0 to %d", (int)params->discipline,
			 QUEUE_DISCIPLINE_COUNT - 1);
		return -1;
	}
	if (params->servers < 1 || params->servers > QUEUE_SERVERS_MAX) {
		snprintf(error, error_size, "%u servers; allowed: 1 to %d", params->servers, QUEUE_SERVERS_MAX);
		return -1;
	}
	if (!(params->load > 0) || !isfinite(params->load)) {
		snprintf(error, error_size, "load %g; allowed: above 0 and finite", params->load);
		return -1;
	}
	*service = *params->service;
	if (dist_set_mean(service, 1)) {
		snprintf(error, error_size, "the mean service time is %g; allowed: above 0 and finite",
			 dist_mean(params->service));
		return -1;
	}
	return 0;
}

struct queue_model *queue_create(const struct queue_params *params, char *error, size_t error_size)
{
	struct dist service;

	if (check(params, &service, error, error_size))
		return NULL;
	struct queue_model *model = calloc(1, sizeof(*model));

	if (!model)
		goto short_of_memory;
	model->discipline = params->discipline;
	model->servers = params->servers;
	model->gap_mean = 1 / (params->load * params->servers);
	model->service = service;
	rng_init(&model->arrival_rng, params->seed, RNG_ARRIVAL, params->replication);
	rng_init(&model->service_rng, params->seed, RNG_SERVICE, params->replication);
	rng_init(&model->assignment_rng, params->seed, RNG_ASSIGNMENT, params->replication);
	model->next = QUEUE_BLOCK;
	if (is_fcfs(model->discipline) ? queue_fcfs_create(model) : queue_ps_create(model))
		goto short_of_memory;
	return model;

short_of_memory:
	snprintf(error, error_size, "not enough memory for a queue of %u servers", params->servers);
	queue_destroy(model);
	return NULL;
}

void queue_destroy(struct queue_model *model)
{
	if (!model)
		return;
	free(model->free_at);
	queue_ps_destroy(model);
	free(model);
}

/* Sum of @n values; four partial sums, as one addition would have to wait for the last. */
static double sum_of(const double *value, size_t n)
{
	double sum[4] = {0, 0, 0, 0};
	size_t i = 0;

	for (; i + 4 <= n; i += 4)
		for (size_t k = 0; k < 4; k++)
			sum[k] += value[i + k];
	for (; i < n; i++)
		sum[0] += value[i];
	return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

static void fill_arrivals(struct queue_model *model, double time)
{
	struct rng rng = model->arrival_rng;
	double gap_mean = model->gap_mean;

	for (size_t i = 0; i < QUEUE_BLOCK; i++) {
		time += gap_mean * ziggurat_exponential(&rng);
		model->arrival[i] = time;
	}
	model->arrival_rng = rng;
}

/*
 * Uniform over the queues: the digits, in base n, of a random fraction; four from each draw. A queue's share is off by
 * less than n^4 2^-64 <= 2^-24 of itself.
 */
static void fill_assignments(struct queue_model *model)
{
	struct rng rng = model->assignment_rng;
	uint64_t queues = model->servers;

	for (size_t i = 0; i < QUEUE_BLOCK; i += 4) {
		uint64_t fraction = rng_next(&rng);

		for (size_t k = 0; k < 4; k++) {
			unsigned __int128 product = (unsigned __int128)fraction * queues;

			model->assignment[i + k] = (uint32_t)(product >> 64);
			fraction = (uint64_t)product;
		}
	}
	model->assignment_rng = rng;
}

/* Adds the block that ends to the sums, and moves the origin up to the clock when that is due. */
static void close_block(struct queue_model *model)
{
	double now = model->arrival[QUEUE_BLOCK - 1];

	model->work_offered += sum_of(model->work, QUEUE_BLOCK);
	model->idle += model->block_idle;
	model->work_done += model->block_work_done;
	model->job_time += model->block_job_time;
	model->block_idle = model->block_work_done = model->block_job_time = 0;
	if (now < QUEUE_REBASE)
		return;
	model->origin += now;
	if (is_fcfs(model->discipline))
		queue_fcfs_rebase(model, now);
	else
		queue_ps_rebase(model, now);
	model->arrival[QUEUE_BLOCK - 1] = 0;
}

void queue_refill(struct queue_model *model)
{
	if (model->blocks > 0)
		close_block(model);
	fill_arrivals(model, model->blocks > 0 ? model->arrival[QUEUE_BLOCK - 1] : 0);
	dist_fill(&model->service, &model->service_rng, model->work, QUEUE_BLOCK);
	if (!is_pooled(model->discipline) && model->servers > 1)
		fill_assignments(model);
	model->blocks++;
	model->next = 0;
}

int queue_step(struct queue_model *model, double *sojourn, size_t n)
{
	if (!is_fcfs(model->discipline))
		return queue_ps_step(model, sojourn, n);
	queue_fcfs_step(model, sojourn, n);
	return 0;
}

void queue_totals(const struct queue_model *model, struct queue_totals *totals)
{
	double now = model->blocks > 0 && model->next > 0 ? model->arrival[model->next - 1] : 0;

	*totals = (struct queue_totals){0};
	if (model->blocks == 0)
		return;
	totals->arrivals = (model->blocks - 1) * QUEUE_BLOCK + model->next;
	totals->now = (double)(model->origin + now);
	totals->work_offered = (double)(model->work_offered + sum_of(model->work, model->next));
	if (is_fcfs(model->discipline))
		queue_fcfs_totals(model, totals);
	else
		queue_ps_totals(model, totals);
}

double queue_warmup_requests(const struct queue_params *params)
{
	double mean = dist_mean(params->service);
	double cv2 = dist_variance(params->service) / (mean * mean);
	double pooled = is_pooled(params->discipline) ? params->servers : 1;
	double idle_share = 1 - params->load;

	if (!isfinite(cv2))
		return 0;
	double relaxation = 2 * params->load * (1 + cv2) / (pooled * idle_share * idle_share);
	double residual = (1 + cv2) / 2;

	return ceil(10 * (relaxation + residual) * params->servers * params->load);
}

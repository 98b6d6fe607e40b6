#include "models/ps_queue.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_AT_FIRST 64

int ps_queue_create(struct ps_queue *queue)
{
	*queue = (struct ps_queue){.front = calloc(PS_FRONT + 1, sizeof(*queue->front))};
	if (!queue->front)
		return -1;
	queue->front[0].tag = INFINITY;
	return 0;
}

void ps_queue_destroy(struct ps_queue *queue)
{
	free(queue->front);
	free(queue->back);
}

int ps_queue_push_back(struct ps_queue *queue, struct ps_job job)
{
	size_t i = queue->backs;

	if (i == queue->capacity) {
		size_t capacity = queue->capacity ? 2 * queue->capacity : CAPACITY_AT_FIRST;
		struct ps_job *grown = reallocarray(queue->back, capacity, sizeof(*grown));

		if (!grown)
			return -1;
		queue->back = grown;
		queue->capacity = capacity;
	}
	queue->backs++;
	while (i > 0 && queue->back[(i - 1) / 2].tag > job.tag) {
		queue->back[i] = queue->back[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	queue->back[i] = job;
	return 0;
}

/* Removes the heap's top: the hole sinks to the bottom, and the last job, which belongs near there, rises from it. */
static struct ps_job pop_back(struct ps_queue *queue)
{
	struct ps_job *job = queue->back, top = job[0], last = job[--queue->backs];
	size_t n = queue->backs, i = 0;

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
	return top;
}

/* Moves the half that finishes last to the heap. */
int ps_queue_make_room(struct ps_queue *queue)
{
	size_t kept = PS_FRONT / 2;

	for (size_t i = 1; i <= PS_FRONT - kept; i++)
		if (ps_queue_push_back(queue, queue->front[i]))
			return -1;
	memmove(queue->front + 1, queue->front + 1 + PS_FRONT - kept, kept * sizeof(queue->front[0]));
	queue->fronts = kept;
	return 0;
}

void ps_queue_refill(struct ps_queue *queue)
{
	size_t n = queue->backs < PS_FRONT / 2 ? queue->backs : PS_FRONT / 2;

	for (size_t i = n; i > 0; i--)
		queue->front[i] = pop_back(queue);
	queue->fronts = n;
}

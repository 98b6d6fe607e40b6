/*
 * The jobs of a processor-sharing queue in order of their tags: internal to models. The next ones to finish, up to
 * PS_FRONT of them, stand in a sorted array, which is faster than a heap as long as it is short; the others wait in a
 * heap behind it. No tag of the array is above any of the heap, and the array is empty only if the heap is.
 */
#ifndef IXLAB_MODELS_PS_QUEUE_H
#define IXLAB_MODELS_PS_QUEUE_H

#include <stddef.h>

#define PS_FRONT 64

struct ps_job {
	double tag; /* virtual time at which it is done */
	double arrival;
};

struct ps_queue {
	double virtual_time; /* service that a job present since the last empty moment has received */
	double time;         /* when virtual_time held */
	size_t fronts, backs, capacity;
	struct ps_job *front; /* from 1 on; falling, so the next to finish is the last; front[0] has an infinite tag */
	struct ps_job *back;  /* heap */
};

/* An empty queue. Returns -1 when memory is short. Destroying one that is all zero is allowed. */
int ps_queue_create(struct ps_queue *queue);
void ps_queue_destroy(struct ps_queue *queue);

/* The uncommon cases: the front is full, or ran empty before the heap did, or the job belongs in the heap (-1: memory).
 */
int ps_queue_make_room(struct ps_queue *queue);
void ps_queue_refill(struct ps_queue *queue);
int ps_queue_push_back(struct ps_queue *queue, struct ps_job job);

/*
 * The functions below hand only copies to those above, so that a caller's struct ps_queue, whose address then never
 * leaves the caller, can stay in registers.
 */
static inline size_t ps_queue_jobs(const struct ps_queue *queue)
{
	return queue->fronts + queue->backs;
}

/* The next to finish; the queue is not empty. */
static inline const struct ps_job *ps_queue_first(const struct ps_queue *queue)
{
	return &queue->front[queue->fronts];
}

static inline void ps_queue_remove_first(struct ps_queue *queue)
{
	queue->fronts--;
	if (__builtin_expect(queue->fronts == 0 && queue->backs > 0, 0)) {
		struct ps_queue copy = *queue;

		ps_queue_refill(&copy);
		*queue = copy;
	}
}

/* Adds a job. Returns -1 when memory is short. */
static inline int ps_queue_add(struct ps_queue *queue, struct ps_job job)
{
	if (__builtin_expect(queue->fronts == PS_FRONT, 0)) {
		struct ps_queue copy = *queue;
		int result = ps_queue_make_room(&copy);

		*queue = copy;
		if (result)
			return result;
	}
	if (queue->backs > 0 && job.tag >= queue->front[1].tag) {
		struct ps_queue copy = *queue;
		int result = ps_queue_push_back(&copy, job);

		*queue = copy;
		return result;
	}
	struct ps_job *place = &queue->front[++queue->fronts];

	for (; place[-1].tag < job.tag; place--)
		place[0] = place[-1];
	*place = job;
	return 0;
}

#endif

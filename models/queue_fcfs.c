/* FCFS: partitioned by Lindley's recursion per queue, centralized by the heap of next-free times. */
#include "models/queue_model.h"
#include <math.h>
#include <stdlib.h>

#define SORTED_SERVERS_MAX 16 /* measured: with more the heap is faster */
#define SORTED_UNROLL      8

/* Slots for the sorted array: whole strides of its loop and one more, read but never least; for the heap: full levels.
 */
static unsigned slots_for(unsigned servers)
{
	unsigned slots = 1;

	if (servers <= SORTED_SERVERS_MAX)
		return (servers + SORTED_UNROLL - 1) / SORTED_UNROLL * SORTED_UNROLL + 1;
	while (slots < servers)
		slots *= 2;
	return slots;
}

int queue_fcfs_create(struct queue_model *model)
{
	unsigned slots = slots_for(model->servers);

	model->free_at = calloc(slots, sizeof(*model->free_at));
	if (!model->free_at)
		return -1;
	model->free_slots = slots;
	for (unsigned i = model->servers; i < slots; i++)
		model->free_at[i] = INFINITY;
	return 0;
}

static inline double least(double a, double b)
{
	return a < b ? a : b;
}

static inline double greatest(double a, double b)
{
	return a > b ? a : b;
}

static void partitioned_step(struct queue_model *model, double *restrict sojourn, size_t n)
{
	const double *arrival = model->arrival + model->next, *work = model->work + model->next;
	const uint32_t *assignment = model->assignment + model->next;
	double *free_at = model->free_at, idle = 0;

	for (size_t i = 0; i < n; i++) {
		double free = free_at[assignment[i]];
		double start = greatest(arrival[i], free);
		double end = start + work[i];

		idle += start - free;
		free_at[assignment[i]] = end;
		sojourn[i] = end - arrival[i];
	}
	model->block_idle += idle;
}

/*
 * Replaces the least entry, heap[0], by @value. heap[0] has one child, heap[1]; heap[i] has heap[2i] and heap[2i+1], so
 * a power of two of entries fills the last level. Walks all @levels without a branch that depends on values: a
 * processor then overlaps this request's lower levels with the next request's upper ones.
 */
static inline void replace_least(double *heap, unsigned levels, double value)
{
	size_t i = 1;
	double child = heap[1];

	heap[0] = least(child, value);
	value = greatest(child, value);
	for (unsigned level = 1; level < levels; level++) {
		double left = heap[2 * i], right = heap[2 * i + 1];
		size_t at = 2 * i + (right < left);

		child = least(left, right);
		heap[i] = least(child, value);
		value = greatest(child, value);
		i = at;
	}
	heap[i] = value;
}

/*
 * The same on a sorted array with INFINITY behind it, which is faster for few servers: entry j becomes the middle one
 * of
 * @value and its old neighbours j and j + 1, as all below @value move down by one.
 */
static inline void replace_first(double *sorted, unsigned slots, double value)
{
	double entry = sorted[0];

	for (unsigned j = 0; j + 1 < slots; j += SORTED_UNROLL) {
#pragma GCC unroll 8
		for (unsigned k = j; k < j + SORTED_UNROLL; k++) {
			double next = sorted[k + 1];

			sorted[k] = least(next, greatest(entry, value));
			entry = next;
		}
	}
}

/* Inlined twice, so that neither loop asks which way to keep the times. */
static inline __attribute__((always_inline)) void centralized_step(struct queue_model *model, double *restrict sojourn,
								   size_t n, bool sorted)
{
	const double *arrival = model->arrival + model->next, *work = model->work + model->next;
	double *free_at = model->free_at, idle = 0;
	unsigned slots = model->free_slots, levels = (unsigned)__builtin_ctz(slots);

	for (size_t i = 0; i < n; i++) {
		double free = free_at[0];
		double start = greatest(arrival[i], free);
		double end = start + work[i];

		idle += start - free;
		sojourn[i] = end - arrival[i];
		if (sorted)
			replace_first(free_at, slots, end);
		else
			replace_least(free_at, levels, end);
	}
	model->block_idle += idle;
}

void queue_fcfs_step(struct queue_model *model, double *sojourn, size_t n)
{
	while (n > 0) {
		if (model->next == QUEUE_BLOCK)
			queue_refill(model);
		size_t count = QUEUE_BLOCK - model->next < n ? QUEUE_BLOCK - model->next : n;

		if (model->discipline == QUEUE_PARTITIONED_FCFS || model->servers == 1)
			partitioned_step(model, sojourn, count);
		else if (model->servers <= SORTED_SERVERS_MAX)
			centralized_step(model, sojourn, count, true);
		else
			centralized_step(model, sojourn, count, false);
		model->next += count;
		sojourn += count;
		n -= count;
	}
}

void queue_fcfs_rebase(struct queue_model *model, double shift)
{
	/* Subtraction keeps the heap's order, and INFINITY. */
	for (unsigned i = 0; i < model->free_slots; i++)
		model->free_at[i] -= shift;
}

/* Work done is server time less idle time, so that it does not come from the work offered. */
void queue_fcfs_totals(const struct queue_model *model, struct queue_totals *totals)
{
	double now = model->next > 0 ? model->arrival[model->next - 1] : 0;
	long double idle = model->idle + model->block_idle;
	double left = 0;

	for (unsigned i = 0; i < model->free_slots; i++) {
		double ahead = model->free_at[i] - now;

		if (ahead < 0)
			idle -= ahead;
		else if (isfinite(ahead))
			left += ahead;
	}
	totals->departures = totals->arrivals;
	totals->in_system = 0;
	totals->age_sum = NAN;
	totals->in_system_integral = NAN;
	totals->work_left = left;
	totals->work_done = (double)(model->servers * (model->origin + now) - idle);
}

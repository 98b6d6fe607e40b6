/*
 * A queue simulated event by event in the plainest way, as the reference of the tests: a list of jobs, each with the
 * work it still needs; at every event all are brought up to date. Time in S.
 */
#ifndef IXLAB_TESTS_NAIVE_QUEUE_H
#define IXLAB_TESTS_NAIVE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

struct naive_job {
	double arrival, work;
	double departure; /* result */
};

/* Serves jobs 0 .. n-1, in order of arrival, until all have left. Returns the integral of their number over time. */
double naive_queue_run(struct naive_job *job, size_t n, unsigned servers, bool sharing);

#endif

/*
 * Time per request of the queueing models on one core: 16 servers, load 0.9, exponential service, both random variates
 * and the histogram included; beside it the floor, a loop that draws two exponential variates and records one value, in
 * the same blocks. All take turns, several rounds; times are each one's fastest, ratios the medians over the rounds.
 * Then the memory that many requests take. Argument: how many (100000000 unless given).
 */
#include "analysis/histogram.h"
#include "models/queueing.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#define BLOCK          512
#define REQUESTS       (BLOCK * 8000L)
#define ROUNDS         9
#define MEMORY_MAX_MIB 30.0

static const struct {
	enum queue_discipline discipline;
	double bound_ns, bound_ratio; /* 0: none is required */
} contest[] = {
    {QUEUE_PARTITIONED_FCFS, 15, 1.5},
    {QUEUE_CENTRALIZED_FCFS, 30, 3},
    {QUEUE_CENTRALIZED_PS, 100, 10},
    {QUEUE_PARTITIONED_PS, 0, 0},
};

#define CONTESTANTS (sizeof(contest) / sizeof(contest[0]))

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double time_floor(struct histogram *histogram)
{
	static double gap[BLOCK], service[BLOCK];
	struct rng arrivals, services;
	double start;

	rng_init(&arrivals, 1, RNG_ARRIVAL, 0);
	rng_init(&services, 1, RNG_SERVICE, 0);
	histogram_clear(histogram);
	start = cpu_seconds();
	for (long done = 0; done < REQUESTS; done += BLOCK) {
		rng_fill_exponential(&arrivals, gap, BLOCK);
		rng_fill_exponential(&services, service, BLOCK);
		for (int i = 0; i < BLOCK; i++)
			gap[i] += service[i];
		histogram_record(histogram, gap, BLOCK);
	}
	return (cpu_seconds() - start) * 1e9 / (double)REQUESTS;
}

/* Runs @requests; returns ns per request, or -1 with a line on stderr. */
static double time_model(enum queue_discipline discipline, long requests, struct histogram *histogram)
{
	static double sojourn[BLOCK];
	struct dist service;
	char error[200];

	if (dist_parse(&service, "exp", error, sizeof(error)))
		return -1;
	struct queue_params params = {discipline, 16, 0.9, &service, 1, 0};
	struct queue_model *model = queue_create(&params, error, sizeof(error));

	if (!model) {
		fprintf(stderr, "bench_queue: %s\n", error);
		return -1;
	}
	histogram_clear(histogram);
	double start = cpu_seconds();

	for (long done = 0; done < requests; done += BLOCK) {
		if (queue_step(model, sojourn, BLOCK)) {
			fprintf(stderr, "bench_queue: not enough memory\n");
			queue_destroy(model);
			return -1;
		}
		histogram_record(histogram, sojourn, BLOCK);
	}
	double elapsed = cpu_seconds() - start;

	queue_destroy(model);
	return elapsed * 1e9 / (double)requests;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double least(double *value)
{
	qsort(value, ROUNDS, sizeof(*value), compare_doubles);
	return value[0];
}

static double median(double *value)
{
	qsort(value, ROUNDS, sizeof(*value), compare_doubles);
	return value[ROUNDS / 2];
}

static const char *verdict(double value, double bound)
{
	return value <= bound ? "met" : "MISSED";
}

static int bench_time(struct histogram *histogram)
{
	double floor_ns[ROUNDS], ns[CONTESTANTS][ROUNDS], ratio[CONTESTANTS][ROUNDS];

	for (int round = 0; round < ROUNDS; round++) {
		floor_ns[round] = time_floor(histogram);
		for (size_t c = 0; c < CONTESTANTS; c++) {
			ns[c][round] = time_model(contest[c].discipline, REQUESTS, histogram);
			if (ns[c][round] < 0)
				return 1;
			ratio[c][round] = ns[c][round] / floor_ns[round];
		}
	}
	printf("queueing models, n = 16, load 0.9, exponential service, one core, %d rounds of %ld requests\n", ROUNDS,
	       REQUESTS);
	printf("%-18s %8.2f ns/request\n", "floor", least(floor_ns));
	for (size_t c = 0; c < CONTESTANTS; c++) {
		double best = least(ns[c]), middle = median(ratio[c]);

		printf("%-18s %8.2f ns/request, %5.2f x floor", queue_discipline_name(contest[c].discipline), best,
		       middle);
		if (contest[c].bound_ns > 0)
			printf("; required <= %g ns: %s, <= %g x: %s", contest[c].bound_ns,
			       verdict(best, contest[c].bound_ns), contest[c].bound_ratio,
			       verdict(middle, contest[c].bound_ratio));
		printf("\n");
	}
	return 0;
}

/* Peak resident memory of the whole process, after FCFS runs of @requests. */
static int bench_memory(struct histogram *histogram, long requests)
{
	struct rusage usage;

	if (time_model(QUEUE_CENTRALIZED_FCFS, requests, histogram) < 0 ||
	    time_model(QUEUE_PARTITIONED_FCFS, requests, histogram) < 0)
		return 1;
	getrusage(RUSAGE_SELF, &usage);
	double mib = (double)usage.ru_maxrss / 1024;

	printf("%-18s %8.2f MiB peak after %ld requests of each FCFS; required < %g: %s\n", "memory", mib, requests,
	       MEMORY_MAX_MIB, mib < MEMORY_MAX_MIB ? "met" : "MISSED");
	return 0;
}

int main(int argc, char **argv)
{
	char *end = NULL;
	long requests = argc > 1 ? strtol(argv[1], &end, 10) : 100000000;
	struct histogram *histogram = histogram_create();

	if (argc > 2 || (end && (*end || end == argv[1])) || requests < 1) {
		fprintf(stderr, "usage: bench_queue [REQUESTS of the memory check, at least 1]\n");
		histogram_destroy(histogram);
		return 2;
	}
	int result = !histogram || bench_time(histogram) || bench_memory(histogram, requests);

	histogram_destroy(histogram);
	return result;
}

/*
 * How often the 95% intervals of one run cover the truth: M/M/1 from its stationary state, whose response time is
 * exponential with mean 1 / (1 - load). Prints the table of analysis/README.md (about two minutes).
 */
#include "analysis/estimate.h"
#include "models/rng.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK 1000

static const struct setting {
	double load;
	unsigned requests, runs;
} settings[] = {
    {0.5, 30000, 2000}, {0.5, 100000, 2000}, {0.5, 300000, 1000}, {0.5, 1000000, 500},
    {0.8, 30000, 2000}, {0.8, 100000, 2000}, {0.8, 300000, 1000}, {0.8, 1000000, 500},
    {0.9, 30000, 2000}, {0.9, 100000, 2000}, {0.9, 300000, 1000}, {0.9, 1000000, 500},
};

/* p50, p99, p999, mean */
#define COLUMNS 4

struct tally {
	unsigned known, covering;
	double half_widths; /* sum, relative to the truth */
};

static void count(struct tally *tally, const struct interval *interval, double truth)
{
	if (isnan(interval->low))
		return;
	tally->known++;
	tally->covering += interval->low <= truth && truth <= interval->high;
	tally->half_widths += (interval->high - interval->low) / 2 / truth;
}

/* Lindley's recursion from the stationary waiting time: 0 with probability 1 - load, else exponential. */
static int run(const struct setting *s, unsigned number, struct estimate *result)
{
	struct estimator *e = estimator_create(0, 0.95);
	double gap[BLOCK], service[BLOCK], waiting = 0, first[2];
	struct rng arrival, services;

	if (!e)
		return -1;
	rng_init(&arrival, 1, RNG_ARRIVAL, number);
	rng_init(&services, 1, RNG_SERVICE, number);
	rng_fill_exponential(&arrival, first, 2);
	if (rng_uniform(&arrival) < s->load)
		waiting = first[0] / (1 - s->load);
	for (unsigned done = 0; done < s->requests; done += BLOCK) {
		rng_fill_exponential(&arrival, gap, BLOCK);
		rng_fill_exponential(&services, service, BLOCK);
		for (unsigned i = 0; i < BLOCK; i++) {
			service[i] += waiting;
			waiting = fmax(0, service[i] - gap[i] / s->load);
		}
		if (estimator_add(e, service, BLOCK))
			break;
	}
	estimator_result(e, result);
	estimator_destroy(e);
	return result->count == s->requests ? 0 : -1;
}

static void print_cell(const struct tally *tally, unsigned runs)
{
	double unknown = 1 - (double)tally->known / runs;

	printf(" |");
	if (tally->known)
		printf(" %.1f%%, ± %.2f%%", 100.0 * tally->covering / tally->known,
		       100 * tally->half_widths / tally->known);
	if (unknown >= 0.005)
		printf(" (%.0f%%)", 100 * unknown);
}

static int tabulate(const struct setting *s)
{
	static const int quantile[] = {ESTIMATE_P50, ESTIMATE_P99, ESTIMATE_P999};
	struct tally tally[COLUMNS] = {0};
	double mean = 1 / (1 - s->load);

	for (unsigned i = 0; i < s->runs; i++) {
		struct estimate result;

		if (run(s, i, &result))
			return -1;
		for (unsigned q = 0; q < COLUMNS - 1; q++)
			count(&tally[q], &result.quantile[quantile[q]],
			      -mean * log1p(-estimate_probability[quantile[q]]));
		count(&tally[COLUMNS - 1], &result.mean, mean);
	}
	printf("| %.1f | %u | %u", s->load, s->requests, s->runs);
	for (unsigned q = 0; q < COLUMNS; q++)
		print_cell(&tally[q], s->runs);
	printf(" |\n");
	fflush(stdout);
	return 0;
}

int main(void)
{
	printf("| load | requests | runs | p50 | p99 | p999 | mean |\n|---|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (tabulate(&settings[i])) {
			fprintf(stderr, "coverage: out of memory\n");
			return EXIT_FAILURE;
		}
	return EXIT_SUCCESS;
}

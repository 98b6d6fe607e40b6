/*
 * Simulated p99 against theory, through the estimator that every command uses: n in {1,2,16,64} x seven loads for
 * M/M/n, and the other disciplines where a form is known.
 *
 * What is asserted. Each point has its 99% confidence interval. Were all of them exact, the number of the 28 that miss
 * the truth would be binomial(28, 0.01): more than 2 with probability 0.0027. So at most 2 may miss, and none by more
 * than 5 standard errors. So that an interval cannot pass by being wide, its half-width is bounded as well. The seed is
 * fixed: the outcome is the same each time.
 */
#include "analysis/estimate.h"
#include "models/closed_form.h"
#include "tests/unit/models/cmocka_all.h"
#include <stdio.h>

#define CHUNK      4096
#define CONFIDENCE 0.99

/* RELAXATIONS: length of a run in relaxation times of the queue; HALF_WIDTH_MAX: of an interval, of its value. */
#ifdef __SANITIZE_ADDRESS__ /* shorter, as this is about memory then */
#define RELAXATIONS    4000
#define REQUESTS_LEAST 2000000
#define HALF_WIDTH_MAX 0.50
#else
#define RELAXATIONS    10000
#define REQUESTS_LEAST 6000000
#define HALF_WIDTH_MAX 0.10
#endif

struct tally {
	unsigned points, missed;
};

static void simulate(const struct queue_params *params, struct estimate *estimate)
{
	static double sojourn[CHUNK];
	char error[200];
	double warmup = queue_warmup_requests(params); /* ten relaxation times and some */
	uint64_t requests = (uint64_t)(warmup + fmax(warmup / 10 * RELAXATIONS, REQUESTS_LEAST));
	struct queue_model *model = queue_create(params, error, sizeof(error));
	struct estimator *estimator = estimator_create((uint64_t)warmup, CONFIDENCE);

	if (!model)
		fail_msg("%s", error);
	assert_non_null(estimator);
	for (uint64_t done = 0; done < requests; done += CHUNK) {
		assert_int_equal(queue_step(model, sojourn, CHUNK), 0);
		assert_int_equal(estimator_add(estimator, sojourn, CHUNK), 0);
	}
	estimator_result(estimator, estimate);
	estimator_destroy(estimator);
	queue_destroy(model);
}

static void check_point(const struct queue_params *params, struct tally *tally)
{
	static const double p99 = 0.99;
	double exact, mean;
	struct estimate estimate;

	assert_non_null(queue_exact(params, &p99, &exact, 1, &mean));
	simulate(params, &estimate);
	const struct interval *found = &estimate.quantile[ESTIMATE_P99];
	bool missed = !(found->low <= exact && exact <= found->high);

	print_message("%-16s n=%-3u load %.2f: p99 %9.4f in [%9.4f, %9.4f], exact %9.4f, off by %+.1f s.e.%s\n",
		      queue_discipline_name(params->discipline), params->servers, params->load, found->value,
		      found->low, found->high, exact, (found->value - exact) / found->std_error,
		      missed ? "  MISSED" : "");
	tally->points++;
	tally->missed += missed;
	assert_near(found->value, exact, 5 * found->std_error);
	assert_true((found->high - found->low) / 2 <= HALF_WIDTH_MAX * found->value);
	/* The mean is exact too; looser, as its interval counts towards no tally. */
	assert_near(estimate.mean.value, mean, 5 * estimate.mean.std_error);
}

static void mmn_sweep(void **state)
{
	static const unsigned servers[] = {1, 2, 16, 64};
	static const double load[] = {.1, .5, .7, .8, .9, .95, .99};
	struct tally tally = {0, 0};
	struct dist service;
	char error[200];

	assert_int_equal(dist_parse(&service, "exp", error, sizeof(error)), 0);
	for (size_t i = 0; i < 4; i++)
		for (size_t l = 0; l < 7; l++)
			check_point(&(struct queue_params){QUEUE_CENTRALIZED_FCFS, servers[i], load[l], &service, 42,
							   (uint32_t)(7 * i + l)},
				    &tally);
	assert_int_equal(tally.points, 28);
	assert_in_range(tally.missed, 0, 2);
}

/* Partitioned queues, processor sharing, deterministic service: 12 points, more than 1 miss with probability 0.006. */
static void other_disciplines(void **state)
{
	static const struct {
		enum queue_discipline discipline;
		unsigned servers;
		const char *service;
	} model[] = {
	    {QUEUE_PARTITIONED_FCFS, 16, "exp"}, {QUEUE_PARTITIONED_FCFS, 16, "det"},
	    {QUEUE_CENTRALIZED_FCFS, 1, "det"},  {QUEUE_CENTRALIZED_PS, 1, "exp"},
	    {QUEUE_CENTRALIZED_PS, 16, "exp"},   {QUEUE_PARTITIONED_PS, 4, "exp"},
	};
	struct tally tally = {0, 0};
	struct dist service;
	char error[200];

	for (size_t i = 0; i < sizeof(model) / sizeof(model[0]); i++) {
		assert_int_equal(dist_parse(&service, model[i].service, error, sizeof(error)), 0);
		for (int high = 0; high < 2; high++)
			check_point(&(struct queue_params){model[i].discipline, model[i].servers, high ? 0.9 : 0.5,
							   &service, 43, (uint32_t)i},
				    &tally);
	}
	assert_in_range(tally.missed, 0, 1);
}

/* Means that hold whatever the service distribution: insensitivity of sharing, and Pollaczek and Khinchine's. */
static void means_of_general_service(void **state)
{
	static const char *const text[] = {"bimodal1", "lognormal:1.5", "det", "tpcc"};
	struct dist service;
	char error[200];

	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		assert_int_equal(dist_parse(&service, text[i], error, sizeof(error)), 0);
		for (int discipline = 0; discipline < QUEUE_DISCIPLINE_COUNT; discipline++) {
			struct queue_params params = {discipline, 1, 0.8, &service, 44, (uint32_t)i};
			struct estimate estimate;
			double mean;

			params.servers = discipline == QUEUE_CENTRALIZED_FCFS ? 1 : 4;
			assert_non_null(queue_exact(&params, NULL, NULL, 0, &mean));
			simulate(&params, &estimate);
			print_message("%-16s n=%u %-14s mean %.4f, exact %.4f, off by %+.1f s.e.\n",
				      queue_discipline_name(discipline), params.servers, text[i], estimate.mean.value,
				      mean, (estimate.mean.value - mean) / estimate.mean.std_error);
			assert_near(estimate.mean.value, mean, 4 * estimate.mean.std_error);
			assert_true(estimate.mean.std_error < HALF_WIDTH_MAX / 4 * mean);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(mmn_sweep),
	    cmocka_unit_test(other_disciplines),
	    cmocka_unit_test(means_of_general_service),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

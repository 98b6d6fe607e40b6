/* The four queueing models against a naive simulation of the same requests, conservation laws, precision, bad input. */
#include "models/closed_form.h"
#include "models/queueing.h"
#include "tests/unit/models/cmocka_all.h"
#include "tests/unit/models/naive_queue.h"
#include <stdlib.h>
#include <string.h>

static struct dist parsed(const char *text)
{
	struct dist dist;
	char error[200];

	if (dist_parse(&dist, text, error, sizeof(error)))
		fail_msg("%s", error);
	return dist;
}

static struct queue_model *created(const struct queue_params *params)
{
	char error[200];
	struct queue_model *model = queue_create(params, error, sizeof(error));

	if (!model)
		fail_msg("%s", error);
	return model;
}

static bool is_partitioned(enum queue_discipline discipline)
{
	return discipline == QUEUE_PARTITIONED_FCFS || discipline == QUEUE_PARTITIONED_PS;
}

static bool is_sharing(enum queue_discipline discipline)
{
	return discipline == QUEUE_CENTRALIZED_PS || discipline == QUEUE_PARTITIONED_PS;
}

/* A request as the streams of @params define it, and what the reference finds. */
struct request {
	struct naive_job job;
	uint32_t queue;
	size_t id, noticed; /* noticed: the arrival, at the same queue, by which the departure is known */
};

/* Draws what the model draws: gaps, services, and assignments as base-n digits, four from each 64 bits. */
static void draw_requests(const struct queue_params *params, struct request *request, size_t n)
{
	struct dist service = *params->service;
	struct rng arrivals, services, assignments;
	double time = 0;
	uint64_t fraction = 0;

	dist_set_mean(&service, 1);
	rng_init(&arrivals, params->seed, RNG_ARRIVAL, params->replication);
	rng_init(&services, params->seed, RNG_SERVICE, params->replication);
	rng_init(&assignments, params->seed, RNG_ASSIGNMENT, params->replication);
	for (size_t i = 0; i < n; i++) {
		time += rng_exponential(&arrivals) / (params->load * params->servers);
		request[i] = (struct request){.id = i, .noticed = SIZE_MAX};
		request[i].job = (struct naive_job){time, dist_sample(&service, &services), 0};
		if (!is_partitioned(params->discipline))
			continue;
		if (i % 4 == 0)
			fraction = rng_next(&assignments);
		unsigned __int128 product = (unsigned __int128)fraction * params->servers;

		request[i].queue = (uint32_t)(product >> 64);
		fraction = (uint64_t)product;
	}
}

/* Runs the reference on the requests of @queue. Returns the integral of their number over time. */
static double serve_queue(const struct queue_params *params, struct request *request, size_t n, uint32_t queue)
{
	struct naive_job *job = calloc(n, sizeof(*job));
	unsigned servers = is_partitioned(params->discipline) ? 1 : params->servers;
	size_t jobs = 0, later = 0;

	assert_non_null(job);
	for (size_t i = 0; i < n; i++)
		if (request[i].queue == queue)
			job[jobs++] = request[i].job;
	double integral = naive_queue_run(job, jobs, servers, is_sharing(params->discipline));

	jobs = 0;
	for (size_t i = 0; i < n; i++) {
		if (request[i].queue != queue)
			continue;
		request[i].job = job[jobs++];
		for (later = i; later < n; later++)
			if (request[later].queue == queue && request[later].job.arrival >= request[i].job.departure)
				break;
		request[i].noticed = later;
	}
	free(job);
	return integral;
}

static int by_notice(const void *a, const void *b)
{
	const struct request *x = a, *y = b;

	if (x->noticed != y->noticed)
		return x->noticed < y->noticed ? -1 : 1;
	return (x->job.departure > y->job.departure) - (x->job.departure < y->job.departure);
}

/* The reference's requests in the order in which the model hands them out, and the integral of the number present. */
static double reference(const struct queue_params *params, struct request *request, size_t n)
{
	double integral = 0;

	draw_requests(params, request, n);
	for (uint32_t queue = 0; queue < (is_partitioned(params->discipline) ? params->servers : 1); queue++)
		integral += serve_queue(params, request, n, queue);
	if (is_sharing(params->discipline))
		qsort(request, n, sizeof(*request), by_notice);
	return integral;
}

static void check_conservation(const struct queue_model *model, double sojourn_sum)
{
	struct queue_totals totals;

	queue_totals(model, &totals);
	assert_int_equal(totals.arrivals, totals.departures + totals.in_system);
	assert_near_relative(totals.work_done + totals.work_left, totals.work_offered, 1e-10);
	if (!isnan(totals.in_system_integral))
		assert_near_relative(sojourn_sum + totals.age_sum, totals.in_system_integral, 1e-10);
}

static void check_against_reference(const struct queue_params *params, size_t n)
{
	struct request *request = calloc(n, sizeof(*request));
	double *sojourn = calloc(n, sizeof(*sojourn)), sum = 0;
	struct queue_model *model = created(params);

	assert_true(request && sojourn);
	double integral = reference(params, request, n);
	size_t known = n;

	/* At the end, processor sharing of more requests than the reference has would differ: leave those out. */
	while (is_sharing(params->discipline) && known > 0 && request[known - 1].noticed >= n)
		known--;
	assert_true(known > n / 5);
	assert_int_equal(queue_step(model, sojourn, known), 0);
	for (size_t i = 0; i < known; i++) {
		double expected = request[i].job.departure - request[i].job.arrival;

		if (!(fabs(sojourn[i] - expected) <= 1e-9 * (1 + expected)))
			fail_msg("%s n=%u load %g: request %zu stays %.12g, not %.12g",
				 queue_discipline_name(params->discipline), params->servers, params->load, i,
				 sojourn[i], expected);
		sum += sojourn[i];
	}
	check_conservation(model, sum);
	/* Little's law where the model keeps no count of jobs: against the reference's count, all having left. */
	if (!is_sharing(params->discipline))
		assert_near_relative(sum, integral, 1e-10);
	queue_destroy(model);
	free(request);
	free(sojourn);
}

static void models_match_the_reference(void **state)
{
	static const unsigned servers[] = {1, 2, 3, 8, 9, 16, 17, 40};
	static const double load[] = {0.3, 0.9, 1.3};
	static const char *const service[] = {"exp", "bimodal1", "det"};

	for (int discipline = 0; discipline < QUEUE_DISCIPLINE_COUNT; discipline++) {
		for (size_t s = 0; s < sizeof(service) / sizeof(service[0]); s++) {
			struct dist dist = parsed(service[s]);

			dist_set_mean(&dist, 1 + (double)s); /* must not matter */
			for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++)
				for (size_t l = 0; l < sizeof(load) / sizeof(load[0]); l++)
					check_against_reference(&(struct queue_params){discipline, servers[i], load[l],
										       &dist, 17, (uint32_t)s},
								1200);
		}
	}
}

/* However the requests are asked for, they are the same. */
static void steps_may_be_of_any_size(void **state)
{
	enum { N = 5000 };
	static double whole[N], parts[N];
	struct dist dist = parsed("exp");

	for (int discipline = 0; discipline < QUEUE_DISCIPLINE_COUNT; discipline++) {
		struct queue_params params = {discipline, 5, 0.9, &dist, 3, 1};
		struct queue_model *model = created(&params);

		assert_int_equal(queue_step(model, whole, N), 0);
		queue_destroy(model);
		model = created(&params);
		for (size_t done = 0, step = 1; done < N; done += step, step = step * 7 % 1013) {
			step = step < N - done ? step : N - done;
			assert_int_equal(queue_step(model, parts + done, step), 0);
		}
		queue_destroy(model);
		assert_memory_equal(whole, parts, sizeof(whole));
	}
}

static void seeds_and_replications_differ(void **state)
{
	double a[10], b[10], c[10], d[10];
	struct dist dist = parsed("exp");
	struct queue_params params = {QUEUE_PARTITIONED_FCFS, 4, 0.5, &dist, 1, 0};
	double *out[] = {a, b, c, d};

	for (int i = 0; i < 4; i++) {
		params.seed = i == 1 ? 2 : 1;
		params.replication = i == 2;
		struct queue_model *model = created(&params);

		assert_int_equal(queue_step(model, out[i], 10), 0);
		queue_destroy(model);
	}
	assert_memory_not_equal(a, b, sizeof(a));
	assert_memory_not_equal(a, c, sizeof(a));
	assert_memory_equal(a, d, sizeof(a));
}

/*
 * Precision does not decay with time. Lindley's recursion W' = max(0, W + S - A) in long double knows no absolute time;
 * over 2 million requests, 4 million S and some 60 moves of the origin the model stays within 1e-8 S of it: an addition
 * is off by up to 2^-37 S, and over a busy period these errors add up like a random walk.
 */
static void precision_does_not_decay(void **state)
{
	enum { CHUNK = 1000, CHUNKS = 2000 };
	static double sojourn[CHUNK];
	static const double load[] = {0.5, 0.98};
	struct dist dist = parsed("exp");

	for (size_t l = 0; l < 2; l++) {
		struct queue_params params = {QUEUE_CENTRALIZED_FCFS, 1, load[l], &dist, 5, 0};
		struct queue_model *model = created(&params);
		struct rng arrivals, services;
		long double wait = 0, last_service = 0;
		double worst = 0;

		rng_init(&arrivals, 5, RNG_ARRIVAL, 0);
		rng_init(&services, 5, RNG_SERVICE, 0);
		for (int c = 0; c < CHUNKS; c++) {
			assert_int_equal(queue_step(model, sojourn, CHUNK), 0);
			for (int i = 0; i < CHUNK; i++) {
				double gap = rng_exponential(&arrivals) * (1 / load[l]);

				wait = fmaxl(0, wait + last_service - gap);
				last_service = dist_sample(&dist, &services);
				worst = fmax(worst, fabs(sojourn[i] - (double)(wait + last_service)));
			}
		}
		queue_destroy(model);
		assert_near(worst, 0, 1e-8);
	}
}

/* Conservation over long runs, at loads near 1 and above, with many servers, also with few large jobs among small. */
static void conservation_holds_on_long_runs(void **state)
{
	static const unsigned servers[] = {1, 16, 1024};
	static const double load[] = {0.01, 0.8, 0.999, 1.01};
	static double sojourn[1000];
	struct dist dist = parsed("bimodal2");

	for (int discipline = 0; discipline < QUEUE_DISCIPLINE_COUNT; discipline++) {
		for (size_t i = 0; i < 12; i++) {
			struct queue_params params = {discipline, servers[i % 3], load[i / 3], &dist, 21, 0};
			struct queue_model *model = created(&params);
			double sum = 0;

			for (int c = 0; c < 100; c++) {
				assert_int_equal(queue_step(model, sojourn, 1000), 0);
				for (int k = 0; k < 1000; k++)
					sum += sojourn[k];
			}
			check_conservation(model, sum);
			queue_destroy(model);
		}
	}
}

static void nothing_asked_nothing_counted(void **state)
{
	struct dist dist = parsed("exp");

	for (int discipline = 0; discipline < QUEUE_DISCIPLINE_COUNT; discipline++) {
		struct queue_params params = {discipline, 2, 0.5, &dist, 1, 0};
		struct queue_model *model = created(&params);
		struct queue_totals totals;
		double unused;

		assert_int_equal(queue_step(model, &unused, 0), 0);
		queue_totals(model, &totals);
		assert_int_equal(totals.arrivals, 0);
		assert_true(totals.now == 0 && totals.work_offered == 0);
		queue_destroy(model);
	}
}

/*
 * The mean of the first 500 requests kept, over 300 replications at load 0.95, is the stationary mean within 3.3
 * standard errors, where without the warm-up it is not.
 */
static void warmup_leaves_no_bias(void **state)
{
	enum { KEPT = 500, REPLICATIONS = 300 };
	static const unsigned servers[] = {1, 16};
	struct dist dist = parsed("exp");

	for (size_t s = 0; s < 2; s++) {
		struct queue_params params = {QUEUE_CENTRALIZED_FCFS, servers[s], 0.95, &dist, 31, 0};
		size_t warmup = (size_t)queue_warmup_requests(&params);
		double *sojourn = calloc(warmup + KEPT, sizeof(*sojourn));
		double sum = 0, squares = 0, early = 0, exact;

		assert_non_null(sojourn);
		for (uint32_t r = 0; r < REPLICATIONS; r++) {
			double mean = 0;

			params.replication = r;
			struct queue_model *model = created(&params);

			assert_int_equal(queue_step(model, sojourn, warmup + KEPT), 0);
			queue_destroy(model);
			for (size_t i = 0; i < KEPT; i++) {
				mean += sojourn[warmup + i] / KEPT;
				early += sojourn[i] / KEPT / REPLICATIONS;
			}
			sum += mean;
			squares += mean * mean;
		}
		double mean = sum / REPLICATIONS;
		double error = sqrt((squares / REPLICATIONS - mean * mean) / REPLICATIONS);

		assert_non_null(queue_exact(&params, NULL, NULL, 0, &exact));
		assert_near(mean, exact, 3.3 * error);
		assert_true(early < exact - 3.3 * error);
		free(sojourn);
	}
}

static void warmup_of_infinite_variance(void **state)
{
	struct dist dist = parsed("pareto:1.5");
	struct queue_params params = {QUEUE_CENTRALIZED_FCFS, 1, 0.5, &dist, 1, 0};

	assert_true(queue_warmup_requests(&params) == 0);
}

static void bad_parameters_are_refused(void **state)
{
	struct dist good = parsed("exp"), zero = parsed("bimodal:0.5,0,0");
	const struct {
		struct queue_params params;
		const char *message;
	} bad[] = {
	    {{QUEUE_CENTRALIZED_FCFS, 0, 0.5, &good, 1, 0}, "0 servers; allowed: 1 to 1024"},
	    {{QUEUE_CENTRALIZED_FCFS, 1025, 0.5, &good, 1, 0}, "1025 servers; allowed: 1 to 1024"},
	    {{QUEUE_PARTITIONED_PS, 1, 0, &good, 1, 0}, "load 0; allowed: above 0"},
	    {{QUEUE_PARTITIONED_PS, 1, -1, &good, 1, 0}, "load -1; allowed: above 0"},
	    {{QUEUE_PARTITIONED_PS, 1, NAN, &good, 1, 0}, "allowed: above 0"},
	    {{QUEUE_PARTITIONED_PS, 1, INFINITY, &good, 1, 0}, "load inf; allowed: above 0"},
	    {{QUEUE_PARTITIONED_PS, 1, 0.5, &zero, 1, 0}, "mean service time is 0"},
	    {{QUEUE_DISCIPLINE_COUNT, 1, 0.5, &good, 1, 0}, "discipline 4"},
	};
	char error[200];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_null(queue_create(&bad[i].params, error, sizeof(error)));
		if (!strstr(error, bad[i].message))
			fail_msg("expected '%s' in: %s", bad[i].message, error);
	}
	queue_destroy(NULL);
}

static void names_are_read_back(void **state)
{
	for (int i = 0; i < QUEUE_DISCIPLINE_COUNT; i++)
		assert_int_equal(queue_discipline_parse(queue_discipline_name(i)), i);
	assert_int_equal(queue_discipline_parse("fcfs"), -1);
	assert_int_equal(queue_discipline_parse(""), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(models_match_the_reference),      cmocka_unit_test(steps_may_be_of_any_size),
	    cmocka_unit_test(seeds_and_replications_differ),   cmocka_unit_test(precision_does_not_decay),
	    cmocka_unit_test(conservation_holds_on_long_runs), cmocka_unit_test(nothing_asked_nothing_counted),
	    cmocka_unit_test(warmup_leaves_no_bias),           cmocka_unit_test(warmup_of_infinite_variance),
	    cmocka_unit_test(bad_parameters_are_refused),      cmocka_unit_test(names_are_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

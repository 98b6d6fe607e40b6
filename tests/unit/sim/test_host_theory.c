/*
 * With every overhead taken away, linux-partitioned is n queues first come first served, linux-floating one queue of
 * connections for n servers, and no request may be a nanosecond off: recursions in whole nanoseconds are the yardstick
 * here, and the closed form of M/M/n.
 */
#include "analysis/estimate.h"
#include "models/closed_form.h"
#include "models/queueing.h"
#include "sim/host_linux.h"
#include "tests/unit/sim/host_run.h"

#define MEAN_NS 1e9 /* two things hardly ever happen in the same nanosecond */
#define SPARE   10000u
#define NONE    UINT64_MAX

struct seen {
	uint64_t arrival_ns, service_ns, reply_ns;
	uint32_t connection;
	unsigned queue;
};

/* Requests in order of arrival. */
struct log {
	struct seen *seen;
	size_t count, capacity;
};

static void take(struct host_run *run, const struct sim_request *request)
{
	struct log *log = run->context;
	const struct sim_nic *nic = run->host->nic;

	assert_true(host_run_number(request) < log->capacity);
	log->count++;
	log->seen[host_run_number(request)] =
	    (struct seen){request->intended_ns, request->service_ns, run->engine.now_ns, request->connection,
			  nic->reta[ix_rss_group(&nic->rss, run->connection[request->connection].hash)]};
}

/* Runs until @requests are answered, and then until all that are under way. */
static void run_and_log(struct log *log, const struct sim_host_kind *kind, unsigned threads, unsigned connections,
			double load, const char *text, size_t requests)
{
	struct host_run run = {.kind = kind,
			       .costs = sim_costs_zero,
			       .threads = threads,
			       .threads_per_core = 1,
			       .connections = connections,
			       .seed = 7,
			       .on_reply = take,
			       .context = log};
	struct dist service;
	char error[128];

	log->count = 0;
	log->capacity = requests + SPARE;
	log->seen = calloc(log->capacity, sizeof(*log->seen));
	assert_non_null(log->seen);
	assert_int_equal(dist_parse(&service, text, error, sizeof(error)), 0);
	host_run_start(&run);
	host_run_load(&run, &service, load, MEAN_NS, requests);
	host_run_finish(&run);
	assert_int_equal(log->count, run.arrivals);
	assert_int_equal(run.out_of_order, 0);
	host_run_stop(&run);
	dist_destroy(&service);
}

static void assert_reply(const struct seen *seen, size_t number, uint64_t expected_ns)
{
	if (seen->reply_ns != expected_ns)
		fail_msg("request %zu, connection %u, arrival %llu ns: reply after %llu ns, theory %llu", number,
			 seen->connection, (unsigned long long)seen->arrival_ns,
			 (unsigned long long)(seen->reply_ns - seen->arrival_ns),
			 (unsigned long long)(expected_ns - seen->arrival_ns));
}

static uint64_t later(uint64_t a_ns, uint64_t b_ns)
{
	return a_ns > b_ns ? a_ns : b_ns;
}

/* Lindley's recursion for each queue. */
static void check_partitioned(const struct log *log)
{
	uint64_t free_ns[64] = {0};

	for (size_t i = 0; i < log->count; i++) {
		const struct seen *seen = &log->seen[i];

		free_ns[seen->queue] = later(free_ns[seen->queue], seen->arrival_ns) + seen->service_ns;
		assert_reply(seen, i, free_ns[seen->queue]);
	}
}

static const char *const services[] = {"exp", "bimodal2", "lognormal:2", "det"};

static void test_partitioned_is_a_queue_for_each_thread(void **state)
{
	static const unsigned threads[] = {1, 3, 16};
	struct log log;

	for (size_t t = 0; t < sizeof(threads) / sizeof(threads[0]); t++)
		for (size_t s = 0; s < sizeof(services) / sizeof(services[0]); s++) {
			run_and_log(&log, &sim_host_linux_partitioned, threads[t], 128 * threads[t], 0.8, services[s],
				    30000);
			check_partitioned(&log);
			free(log.seen);
		}
}

/* A queue of connections that are ready, each executed by one server at a time, one request at a time, in plain text. */
struct oracle {
	const struct log *log;
	unsigned servers;
	uint64_t until_ns[64]; /* NONE: idle */
	size_t executes[64];
	size_t first[64], last[64]; /* requests of each connection, by next[] */
	size_t *next;
	int taken[64];
	unsigned ready[64], ready_count; /* connections, each at most once */
};

static void oracle_dispatch(struct oracle *o, uint64_t now_ns)
{
	for (unsigned s = 0; s < o->servers && o->ready_count; s++) {
		unsigned c = o->ready[0];

		if (o->until_ns[s] != NONE)
			continue;
		memmove(o->ready, o->ready + 1, --o->ready_count * sizeof(o->ready[0]));
		o->taken[c] = 1;
		o->executes[s] = o->first[c];
		o->until_ns[s] = now_ns + o->log->seen[o->first[c]].service_ns;
		o->first[c] = o->next[o->first[c]];
	}
}

static void oracle_arrive(struct oracle *o, size_t i)
{
	unsigned c = o->log->seen[i].connection;

	o->next[i] = SIZE_MAX;
	if (o->first[c] != SIZE_MAX) {
		o->next[o->last[c]] = i;
	} else {
		o->first[c] = i;
		if (!o->taken[c])
			o->ready[o->ready_count++] = c;
	}
	o->last[c] = i;
	oracle_dispatch(o, o->log->seen[i].arrival_ns);
}

static void oracle_complete(struct oracle *o, unsigned s)
{
	size_t i = o->executes[s];
	uint64_t now_ns = o->until_ns[s];
	unsigned c = o->log->seen[i].connection;

	assert_reply(&o->log->seen[i], i, now_ns);
	o->until_ns[s] = NONE;
	o->taken[c] = 0;
	if (o->first[c] != SIZE_MAX)
		o->ready[o->ready_count++] = c;
	oracle_dispatch(o, now_ns);
}

static void check_floating(const struct log *log, unsigned servers)
{
	struct oracle o = {.log = log, .servers = servers, .next = calloc(log->count, sizeof(*o.next))};
	size_t arrived = 0;

	assert_non_null(o.next);
	for (unsigned i = 0; i < 64; i++) {
		o.until_ns[i] = NONE;
		o.first[i] = SIZE_MAX;
	}
	for (;;) {
		uint64_t arrival_ns = arrived < log->count ? log->seen[arrived].arrival_ns : NONE;
		unsigned soonest = 0;

		for (unsigned s = 1; s < servers; s++)
			if (o.until_ns[s] < o.until_ns[soonest])
				soonest = s;
		if (o.until_ns[soonest] == NONE && arrival_ns == NONE)
			break;
		if (o.until_ns[soonest] <= arrival_ns)
			oracle_complete(&o, soonest);
		else
			oracle_arrive(&o, arrived++);
	}
	free(o.next);
}

/* Few connections, so that requests often wait for one another's connection while threads are idle. */
static void test_floating_is_one_queue_of_connections(void **state)
{
	static const struct {
		unsigned threads, connections;
	} cases[] = {{1, 5}, {4, 6}, {4, 4}, {16, 60}};
	struct log log;

	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++)
		for (size_t s = 0; s < sizeof(services) / sizeof(services[0]); s++) {
			run_and_log(&log, &sim_host_linux_floating, cases[c].threads, cases[c].connections, 0.6,
				    services[s], 30000);
			check_floating(&log, cases[c].threads);
			free(log.seen);
		}
}

static void add(struct host_run *run, const struct sim_request *request)
{
	double latency_s = (double)run->last_latency_ns / MEAN_NS;

	assert_int_equal(estimator_add(run->context, &latency_s, 1), 0);
}

/* Many connections, so that none has two requests at once: M/M/n, M/D/1. */
static void check_closed_form(const struct sim_host_kind *kind, enum queue_discipline discipline, unsigned threads,
			      double load, const char *text)
{
	struct dist service;
	struct host_run run = {.kind = kind,
			       .costs = sim_costs_zero,
			       .threads = threads,
			       .threads_per_core = 1,
			       .connections = 10000,
			       .seed = 3,
			       .on_reply = add};
	struct queue_params params = {discipline, threads, load, &service, 0, 0};
	double p = 0.99, p99, mean;
	struct estimate estimate;
	uint64_t warmup;
	char error[128];

	assert_int_equal(dist_parse(&service, text, error, sizeof(error)), 0);
	queue_exact(&params, &p, &p99, 1, &mean);
	assert_true(isfinite(p99) && isfinite(mean));
	warmup = (uint64_t)queue_warmup_requests(&params) + 1000;
	run.context = estimator_create(warmup, 0.999);
	assert_non_null(run.context);
	host_run_start(&run);
	host_run_load(&run, &service, load, MEAN_NS, 300000 + warmup);
	estimator_result(run.context, &estimate);
	estimator_destroy(run.context);
	host_run_stop(&run);
	assert_false(estimate.correlated);
	/* A bucket of the histogram is 0.1 % wide. */
	if (!(estimate.quantile[ESTIMATE_P99].low <= 1.001 * p99 &&
	      estimate.quantile[ESTIMATE_P99].high >= 0.999 * p99))
		fail_msg("%s, %u threads: p99 %g to %g, theory %g S", kind->name, threads,
			 estimate.quantile[ESTIMATE_P99].low, estimate.quantile[ESTIMATE_P99].high, p99);
	if (!(estimate.mean.low <= mean && estimate.mean.high >= mean))
		fail_msg("%s, %u threads: mean %g to %g, theory %g S", kind->name, threads, estimate.mean.low,
			 estimate.mean.high, mean);
	dist_destroy(&service);
}

static void test_closed_forms(void **state)
{
	check_closed_form(&sim_host_linux_floating, QUEUE_CENTRALIZED_FCFS, 16, 0.7, "exp");
	check_closed_form(&sim_host_linux_floating, QUEUE_CENTRALIZED_FCFS, 3, 0.8, "exp");
	check_closed_form(&sim_host_linux_partitioned, QUEUE_PARTITIONED_FCFS, 16, 0.7, "exp");
	check_closed_form(&sim_host_linux_partitioned, QUEUE_PARTITIONED_FCFS, 16, 0.7, "det");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_partitioned_is_a_queue_for_each_thread),
	    cmocka_unit_test(test_floating_is_one_queue_of_connections),
	    cmocka_unit_test(test_closed_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The pool of workers: results come back bit for bit, crashes cost what they must and nothing else. */
#include "harness/pool.h"
#include "harness/pool_message.h"

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define TASKS 60

/* What a task's seed tells the computation below to do. */
enum { GOOD, CRASHES = 1000, COMPLAINS, CRASHES_ONCE };

static char mark_path[64]; /* exists once CRASHES_ONCE has crashed */

/* Dies as a crash would, but leaves no core file and no sanitizer report behind. */
static void crash(void)
{
	raise(SIGKILL);
}

static int compute(const struct pool_task *task, struct point_result *result, char *error, size_t error_size)
{
	if (task->seed == CRASHES)
		crash();
	if (task->seed == COMPLAINS) {
		snprintf(error, error_size, "the file vanished");
		return 1;
	}
	if (task->seed == CRASHES_ONCE && access(mark_path, F_OK)) {
		FILE *mark = fopen(mark_path, "w");

		if (mark)
			fclose(mark);
		crash();
	}
	point_add(result, "a third", (double)task->replication / 3);
	point_add(result, "not a number", NAN);
	result->wall_s = 0.25;
	result->histogram_size = 300000; /* more than a socket takes at once */
	result->histogram = malloc(result->histogram_size);
	if (!result->histogram)
		return 1;
	memset(result->histogram, (int)task->replication, result->histogram_size);
	return 0;
}

struct record {
	unsigned finished[TASKS], retried[TASKS], given_up[TASKS];
	char reason[128];
	size_t total;
	size_t stop_after;
	const struct pool_task *task;
};

static int note_finished(void *context, size_t task, const struct point_result *result)
{
	struct record *record = context;

	assert_int_equal(result->metric_count, 2);
	assert_string_equal(result->metric[0].name, "a third");
	assert_true(result->metric[0].value == (double)record->task[task].replication / 3);
	assert_true(isnan(result->metric[0].low) && isnan(result->metric[1].value));
	assert_true(result->wall_s == 0.25);
	assert_int_equal(result->histogram_size, 300000);
	for (size_t i = 0; i < result->histogram_size; i += 1000)
		assert_int_equal(result->histogram[i], record->task[task].replication);
	record->finished[task]++;
	return ++record->total == record->stop_after;
}

static void note_lost(void *context, size_t task, enum pool_loss loss, const char *reason)
{
	struct record *record = context;

	if (loss == POOL_RETRIED)
		record->retried[task]++;
	else
		record->given_up[task]++;
	snprintf(record->reason, sizeof(record->reason), "%s", reason);
}

static struct pool_task tasks[TASKS];

/* Tasks that are all good but the one at @odd, which has seed @seed. */
static struct pool_job make_job(struct record *record, size_t odd, uint64_t seed, unsigned workers)
{
	for (unsigned i = 0; i < TASKS; i++)
		tasks[i] = (struct pool_task){"kind", "{\"key\":\"value\"}", i == odd ? seed : GOOD, i};
	*record = (struct record){.task = tasks};
	return (struct pool_job){
	    .task = tasks,
	    .task_count = TASKS,
	    .workers = workers,
	    .compute = compute,
	    .finished = note_finished,
	    .lost = note_lost,
	    .context = record,
	};
}

static void assert_no_children(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void assert_others_finished(const struct record *record, size_t odd)
{
	for (size_t i = 0; i < TASKS; i++)
		if (i != odd) {
			assert_int_equal(record->finished[i], 1);
			assert_int_equal(record->retried[i] + record->given_up[i], 0);
		}
}

static void test_every_task_comes_back_once(void **state)
{
	for (unsigned workers = 1; workers <= 5; workers += 2) {
		struct record record;
		struct pool_job job = make_job(&record, TASKS, GOOD, workers);
		char error[128];

		assert_int_equal(pool_run(&job, error, sizeof(error)), POOL_ALL_DONE);
		assert_others_finished(&record, TASKS);
		assert_no_children();
	}
}

static void test_a_crash_is_tried_once_more_then_given_up(void **state)
{
	for (unsigned workers = 1; workers <= 3; workers++) {
		struct record record;
		struct pool_job job = make_job(&record, 7, CRASHES, workers);
		char error[128];

		assert_int_equal(pool_run(&job, error, sizeof(error)), POOL_ALL_DONE);
		assert_others_finished(&record, 7);
		assert_int_equal(record.retried[7], 1);
		assert_int_equal(record.given_up[7], 1);
		assert_int_equal(record.finished[7], 0);
		assert_string_equal(record.reason, "the worker was killed by signal 9 (Killed)");
		assert_no_children();
	}
}

static void test_a_crash_that_does_not_repeat_is_made_good(void **state)
{
	struct record record;
	struct pool_job job = make_job(&record, TASKS - 1, CRASHES_ONCE, 2);
	char error[128], folder[] = "/tmp/test_pool.XXXXXX";

	assert_non_null(mkdtemp(folder));
	snprintf(mark_path, sizeof(mark_path), "%s/mark", folder);
	assert_int_equal(pool_run(&job, error, sizeof(error)), POOL_ALL_DONE);
	assert_others_finished(&record, TASKS - 1);
	assert_int_equal(record.retried[TASKS - 1], 1);
	assert_int_equal(record.finished[TASKS - 1], 1);
	unlink(mark_path);
	rmdir(folder);
}

static void test_an_error_is_reported_and_not_repeated(void **state)
{
	struct record record;
	struct pool_job job = make_job(&record, 0, COMPLAINS, 2);
	char error[128];

	assert_int_equal(pool_run(&job, error, sizeof(error)), POOL_ALL_DONE);
	assert_others_finished(&record, 0);
	assert_int_equal(record.retried[0], 0);
	assert_int_equal(record.given_up[0], 1);
	assert_string_equal(record.reason, "the file vanished");
}

static void test_stops_when_told(void **state)
{
	struct record record;
	struct pool_job job = make_job(&record, TASKS, GOOD, 3);
	char error[128];

	record.stop_after = 5;
	assert_int_equal(pool_run(&job, error, sizeof(error)), POOL_STOPPED);
	assert_int_equal(record.total, 5);
	assert_no_children();
}

static int always(void)
{
	return 1;
}

static void test_stops_when_interrupted(void **state)
{
	struct record record;
	struct pool_job job = make_job(&record, TASKS, GOOD, 3);
	char error[128];

	job.interrupted = always;
	assert_int_equal(pool_run(&job, error, sizeof(error)), POOL_STOPPED);
	assert_int_equal(record.total, 0);
	assert_no_children();
}

static void test_says_why_there_is_no_worker(void **state)
{
	struct record record;
	struct pool_job job = make_job(&record, TASKS, GOOD, 0);
	struct rlimit old, none;
	char error[128] = "";

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = (struct rlimit){3, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	job.workers = 2;
	enum pool_end end = pool_run(&job, error, sizeof(error));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(end, POOL_NO_WORKERS);
	assert_string_equal(error, "cannot start a worker: Too many open files");
}

static void test_a_broken_message_is_recognized(void **state)
{
	struct message_buffer buffer = {0};
	struct message message;
	struct point_result result = {.metric_count = 0};
	const char *text;

	point_add(&result, "p99", 1);
	message_result(&buffer, &result);
	for (size_t size = 0; size < buffer.size; size++) {
		struct message_buffer part = {.data = buffer.data, .size = size};

		assert_int_equal(message_next(&part, &message), 0);
	}
	assert_int_equal(message_next(&buffer, &message), 1);
	assert_int_equal(message_read_text(&message, &text), -1);
	for (; message.size > 0; message.size--) {
		struct message shorter = message;

		shorter.size--;
		assert_int_equal(message_read_result(&shorter, &result), -1);
	}
	memset(buffer.data, 0xff, 8);
	assert_int_equal(message_next(&buffer, &message), -1);
	message_buffer_free(&buffer);
}

int main(void)
{
	const struct CMUnitTest all[] = {
	    cmocka_unit_test(test_every_task_comes_back_once),
	    cmocka_unit_test(test_a_crash_is_tried_once_more_then_given_up),
	    cmocka_unit_test(test_a_crash_that_does_not_repeat_is_made_good),
	    cmocka_unit_test(test_an_error_is_reported_and_not_repeated),
	    cmocka_unit_test(test_stops_when_told),
	    cmocka_unit_test(test_stops_when_interrupted),
	    cmocka_unit_test(test_says_why_there_is_no_worker),
	    cmocka_unit_test(test_a_broken_message_is_recognized),
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}

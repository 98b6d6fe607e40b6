/*
 * The shuffle layer and the shipments of calls, by themselves: the state machine in random steps against a plain model
 * of it, the pool of events to its end, the validator against broken structures.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "impl/core/shuffle.h"
#include <stdlib.h>
#include <string.h>

#define EVENTS      64
#define CONNECTIONS 16
#define HOME        3
#define SHOWN       4u /* our bit */
#define OTHERS      8u /* another queue's */

static struct ix_shuffle shuffle;
static _Atomic uint64_t shown;
static struct ix_shuffle_event pool[EVENTS];
static struct ix_shuffle_connection connection[CONNECTIONS];

static int set_up(void **state)
{
	shown = OTHERS;
	ix_shuffle_init(&shuffle, pool, EVENTS, &shown, SHOWN);
	for (unsigned i = 0; i < CONNECTIONS; i++)
		ix_shuffle_connection_init(&connection[i], 100 + i);
	return 0;
}

static int append(unsigned c, uint32_t number)
{
	return ix_shuffle_append(&shuffle, &connection[c], HOME,
				 &(struct ix_event){.type = IX_EVENT_RECV, .handle = 100 + c, .length = number});
}

static void check(void)
{
	const char *wrong = ix_shuffle_validate(&shuffle);

	if (wrong)
		fail_msg("%s", wrong);
}

static struct ix_shuffle_connection *take(struct ix_event *events, unsigned *count)
{
	return ix_shuffle_take(&shuffle, events, EVENTS, count);
}

static void test_states(void **state)
{
	struct ix_event events[EVENTS];
	unsigned n;

	assert_null(take(events, &n));
	assert_int_equal(append(0, 1), 1);
	assert_int_equal(append(1, 2), 1);
	assert_int_equal(append(0, 3), 0); /* in the queue already */
	assert_int_equal(ix_shuffle_ready(&shuffle), 2);
	check();
	assert_ptr_equal(ix_shuffle_steal(&shuffle, events, EVENTS, &n), &connection[0]);
	assert_int_equal(n, 2);
	assert_int_equal(events[0].length, 1);
	assert_int_equal(events[1].length, 3);
	assert_int_equal(connection[0].home, HOME);
	assert_int_equal(append(0, 4), 0); /* busy: waits in the connection */
	assert_int_equal(ix_shuffle_ready(&shuffle), 1);
	assert_ptr_equal(take(events, &n), &connection[1]);
	assert_null(take(events, &n));
	assert_int_equal(ix_shuffle_release(&shuffle, &connection[1]), 0);
	assert_int_equal(connection[1].state, IX_CONNECTION_IDLE);
	assert_int_equal(ix_shuffle_release(&shuffle, &connection[0]), 1);
	check();
	assert_ptr_equal(take(events, &n), &connection[0]);
	assert_int_equal(n, 1);
	assert_int_equal(events[0].length, 4);
	assert_int_equal(ix_shuffle_release(&shuffle, &connection[0]), 0);
	assert_int_equal(shuffle.free_count, EVENTS);
}

/* What is left is shown until the last has been taken; what has not been left is not. */
static void test_shown(void **state)
{
	struct ix_event events[EVENTS];
	unsigned n;

	ix_shuffle_show(&shuffle);
	append(0, 1);
	assert_int_equal(shown, OTHERS);
	assert_non_null(take(events, &n));
	append(1, 1);
	append(2, 1);
	assert_int_equal(shown, OTHERS);
	ix_shuffle_show(&shuffle);
	assert_int_equal(shown, OTHERS | SHOWN);
	check();
	assert_non_null(ix_shuffle_steal(&shuffle, events, EVENTS, &n));
	assert_int_equal(shown, OTHERS | SHOWN);
	assert_non_null(ix_shuffle_steal(&shuffle, events, EVENTS, &n));
	assert_int_equal(shown, OTHERS);
	check();
	ix_shuffle_show_now(&shuffle); /* a thief was faster */
	assert_int_equal(shown, OTHERS);
	append(3, 1);
	ix_shuffle_show(&shuffle);
	assert_int_equal(shown, OTHERS | SHOWN);
	assert_non_null(take(events, &n));
	assert_int_equal(shown, OTHERS);
	check();
}

/* A thief does not wait for the lock. */
static void test_trylock(void **state)
{
	struct ix_event events[EVENTS];
	unsigned n;

	append(0, 1);
	shuffle.lock = 1;
	assert_null(ix_shuffle_steal(&shuffle, events, EVENTS, &n));
	shuffle.lock = 0;
	assert_ptr_equal(ix_shuffle_steal(&shuffle, events, EVENTS, &n), &connection[0]);
}

/* More events than there is room for: the rest comes in its turn, in order. */
static void test_little_room(void **state)
{
	struct ix_event events[EVENTS];
	unsigned n, next = 0;

	for (uint32_t i = 0; i < EVENTS; i++)
		append(0, i);
	assert_int_equal(shuffle.free_count, 0);
	check();
	while (next < EVENTS) {
		assert_ptr_equal(ix_shuffle_take(&shuffle, events, 10, &n), &connection[0]);
		for (unsigned i = 0; i < n; i++)
			assert_int_equal(events[i].length, next++);
		assert_int_equal(ix_shuffle_release(&shuffle, &connection[0]), next < EVENTS);
		check();
	}
	assert_int_equal(shuffle.free_count, EVENTS);
}

/* Results stand before events, some at most; and wake an idle connection. */
static void test_results(void **state)
{
	struct ix_event events[EVENTS], result = {.type = IX_EVENT_RESULT, .cookie = 7};
	unsigned n;

	append(0, 1);
	take(events, &n);
	append(0, 2);
	for (unsigned i = 0; i < IX_RESULTS_MAX + 2; i++) {
		result.length = i;
		assert_int_equal(ix_shuffle_result(&shuffle, &connection[0], HOME, &result), 0);
	}
	connection[0].cookie = 9; /* accepted since the event was made */
	ix_shuffle_release(&shuffle, &connection[0]);
	take(events, &n);
	assert_int_equal(n, IX_RESULTS_MAX + 1);
	for (unsigned i = 0; i < IX_RESULTS_MAX; i++) {
		assert_int_equal(events[i].type, IX_EVENT_RESULT);
		assert_int_equal(events[i].length, i);
		assert_int_equal(events[i].cookie, 7);
	}
	assert_int_equal(events[IX_RESULTS_MAX].cookie, 9);
	assert_int_equal(ix_shuffle_release(&shuffle, &connection[0]), 0);
	assert_int_equal(ix_shuffle_result(&shuffle, &connection[0], HOME, &result), 1);
	check();
	assert_ptr_equal(take(events, &n), &connection[0]);
	assert_int_equal(n, 1);
}

/* Of a connection that was closed only its end is told. */
static void test_close(void **state)
{
	struct ix_event events[EVENTS], end = {.type = IX_EVENT_DEAD}, result = {.type = IX_EVENT_RESULT};
	unsigned n;

	append(0, 1);
	take(events, &n);
	append(0, 2);
	ix_shuffle_append(&shuffle, &connection[0], HOME, &end);
	append(0, 3);
	ix_shuffle_result(&shuffle, &connection[0], HOME, &result);
	ix_shuffle_close(&shuffle, &connection[0]);
	assert_int_equal(ix_shuffle_release(&shuffle, &connection[0]), 1);
	check();
	take(events, &n);
	assert_int_equal(n, 1);
	assert_int_equal(events[0].type, IX_EVENT_DEAD);
	append(0, 4);
	ix_shuffle_close(&shuffle, &connection[0]);
	assert_int_equal(ix_shuffle_release(&shuffle, &connection[0]), 0);
	assert_int_equal(shuffle.free_count, EVENTS);
}

static void test_local(void **state)
{
	struct ix_event events[EVENTS], timer = {.type = IX_EVENT_TIMER};

	for (uint32_t i = 0; i < 5; i++) {
		timer.cookie = i;
		ix_shuffle_put_local(&shuffle, &timer);
	}
	check();
	assert_int_equal(ix_shuffle_take_local(&shuffle, events, 3), 3);
	assert_int_equal(events[2].cookie, 2);
	assert_int_equal(ix_shuffle_take_local(&shuffle, events, 3), 2);
	assert_int_equal(events[1].cookie, 4);
	assert_int_equal(ix_shuffle_take_local(&shuffle, events, 3), 0);
	assert_int_equal(shuffle.free_count, EVENTS);
}

static uint32_t random_below(uint32_t n)
{
	static uint64_t seed = 88172645463325252ull;

	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 32) * n >> 32);
}

/* Random steps: each event is seen once, in its connection's order, by one worker; the queue is first in, first out,
 * and shown from when it is told to be until it is empty. */
static void test_random_steps(void **state)
{
	struct ix_event events[EVENTS];
	uint32_t made[CONNECTIONS] = {0}, seen[CONNECTIONS] = {0};
	uint64_t ready_since[CONNECTIONS] = {0};
	int busy[CONNECTIONS] = {0};
	unsigned n, i, free_events = EVENTS, is_shown = 0;

	for (uint64_t step = 1; step < 200000; step++) {
		unsigned c = random_below(CONNECTIONS), what = random_below(4);
		struct ix_shuffle_connection *taken;

		if (what == 0 && free_events) {
			int was_idle = !busy[c] && !ready_since[c];

			assert_int_equal(append(c, made[c]++), was_idle);
			free_events--;
			if (was_idle)
				ready_since[c] = step;
		} else if (what == 1 && busy[c]) {
			busy[c] = 0;
			if (ix_shuffle_release(&shuffle, &connection[c]))
				ready_since[c] = step;
			assert_int_equal(ready_since[c] != 0, made[c] != seen[c]);
		} else if (what == 2) {
			taken = ix_shuffle_steal(&shuffle, events, IX_RESULTS_MAX + 1 + random_below(4), &n);
			for (i = 0; !taken && i < CONNECTIONS; i++)
				assert_int_equal(ready_since[i], 0);
			if (!taken)
				continue;
			if (!ix_shuffle_ready(&shuffle))
				is_shown = 0;
			c = (unsigned)(taken - connection);
			assert_false(busy[c]);
			for (i = 0; i < CONNECTIONS; i++)
				assert_true(!ready_since[i] || ready_since[i] >= ready_since[c]);
			for (i = 0; i < n; i++)
				assert_int_equal(events[i].length, seen[c]++);
			busy[c] = 1;
			ready_since[c] = 0;
			free_events += n;
		} else if (what == 3) {
			ix_shuffle_show(&shuffle);
			is_shown = ix_shuffle_ready(&shuffle) != 0;
		}
		assert_int_equal(shown, is_shown ? OTHERS | SHOWN : OTHERS);
		assert_int_equal(shuffle.free_count, free_events);
		if (step % 64 == 0)
			check();
	}
}

static void expect_wrong(const char *what)
{
	const char *wrong = ix_shuffle_validate(&shuffle);

	assert_non_null(wrong);
	assert_string_equal(wrong, what);
	set_up(NULL);
}

static void test_validator(void **state)
{
	append(0, 1);
	connection[0].state = IX_CONNECTION_BUSY;
	expect_wrong("a connection in the queue is not ready");
	append(0, 1);
	connection[0].events.first = NULL;
	expect_wrong("a ready connection has no event");
	append(0, 1);
	append(1, 1);
	connection[1].next = &connection[0]; /* twice in the queue */
	expect_wrong("the queue is not as long as it says");
	append(0, 1);
	shuffle.ready = 2;
	expect_wrong("the queue is not as long as it says");
	append(0, 1);
	append(1, 1);
	shuffle.last = &connection[0];
	expect_wrong("the queue does not end with its last connection");
	append(0, 1);
	append(0, 2);
	connection[0].events.last = connection[0].events.first;
	expect_wrong("a list of events does not end with its last one");
	shuffle.free = shuffle.free->next;
	expect_wrong("there are not as many free events as it says");
	append(0, 1);
	connection[0].events.last->next = shuffle.free;
	expect_wrong("an event is both free and in use");
	append(0, 1);
	ix_shuffle_show(&shuffle);
	shown &= ~(uint64_t)SHOWN;
	expect_wrong("what the queue shows is not what it believes to show");
	shuffle.shown = 1;
	shown |= SHOWN;
	expect_wrong("the queue shows a connection that it does not have");
}

static void test_shipment(void **state)
{
	struct ix_shipment *shipment = &connection[0].shipment;
	struct ix_sg sg[IX_SG_MAX] = {{.buffer = 5, .length = 6}}, read[IX_SG_MAX];
	struct ix_call call = {.type = IX_CALL_SENDV, .count = 1, .cookie = 1};
	unsigned position = 0;

	ix_shipment_begin(shipment, &connection[0]);
	assert_int_equal(ix_shipment_add(shipment, &call, sg, 1), 0);
	call = (struct ix_call){.type = IX_CALL_RECV_DONE, .count = 3, .cookie = 2};
	assert_int_equal(ix_shipment_add(shipment, &call, sg, 0), 0);
	assert_int_equal(ix_shipment_add(shipment, &call, sg, 0), -1); /* full */
	assert_int_equal(ix_shipment_read(shipment, &position, &call, read), 0);
	assert_int_equal(call.cookie, 1);
	assert_memory_equal(read, sg, sizeof(sg[0]));
	assert_int_equal(ix_shipment_read(shipment, &position, &call, read), 0);
	assert_int_equal(call.cookie, 2);
	assert_int_equal(ix_shipment_read(shipment, &position, &call, read), -1);
}

static void test_shipment_queue(void **state)
{
	struct ix_shipment_queue queue = {NULL};
	struct ix_shipment shipment[5], *first;
	unsigned i;

	assert_null(ix_shipment_take_all(&queue));
	for (i = 0; i < 5; i++)
		assert_int_equal(ix_shipment_push(&queue, &shipment[i]), i == 0);
	assert_true(ix_shipment_waiting(&queue));
	for (i = 0, first = ix_shipment_take_all(&queue); first; first = first->next)
		assert_ptr_equal(first, &shipment[i++]);
	assert_int_equal(i, 5);
	assert_false(ix_shipment_waiting(&queue));
}

static int memory_left;

static void *allocate(void *context, size_t size, size_t align)
{
	return memory_left-- > 0 ? calloc(1, size) : NULL;
}

static void release(void *context, void *memory)
{
	free(memory);
}

/* The pool grows by need, and holds any call; what has come back is used before it grows. */
static void test_shipment_pool(void **state)
{
	const struct ix_platform platform = {.allocate = allocate, .release = release};
	struct ix_shipment_pool shipments = {0};
	struct ix_shipment *got[100];
	struct ix_sg sg[IX_SG_MAX] = {{0}};
	const struct ix_call call = {.type = IX_CALL_SENDV, .count = IX_SG_MAX};
	unsigned n = 0, i;

	memory_left = 2;
	while ((got[n] = ix_shipment_pool_get(&shipments, &platform))) {
		ix_shipment_begin(got[n], NULL);
		assert_int_equal(ix_shipment_add(got[n], &call, sg, IX_SG_MAX), 0);
		n++;
	}
	assert_int_equal(n, 64);
	ix_shipment_return(&connection[0].shipment); /* not the pool's: no-op */
	for (i = 0; i < n; i++)
		ix_shipment_return(got[i]);
	for (i = 0; i < n; i++)
		assert_non_null(ix_shipment_pool_get(&shipments, &platform));
	assert_null(ix_shipment_pool_get(&shipments, &platform));
	ix_shipment_pool_stop(&shipments, &platform);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_states, set_up),    cmocka_unit_test_setup(test_trylock, set_up),
	    cmocka_unit_test_setup(test_shown, set_up),     cmocka_unit_test_setup(test_little_room, set_up),
	    cmocka_unit_test_setup(test_results, set_up),   cmocka_unit_test_setup(test_close, set_up),
	    cmocka_unit_test_setup(test_local, set_up),     cmocka_unit_test_setup(test_random_steps, set_up),
	    cmocka_unit_test_setup(test_validator, set_up), cmocka_unit_test_setup(test_shipment, set_up),
	    cmocka_unit_test(test_shipment_queue),          cmocka_unit_test_setup(test_shipment_pool, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Results by event: what a SENDV offers counts as accepted until a RESULT says otherwise; a success costs no user
 * phase; what is not done in a user phase holds its connections for the next.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/libix/fake_kernel.h"
#include <stdio.h>

#define HANDLE 77

static struct fake fake;
static struct ix_connection *connection;
static ix_cookie cookie;
static char told[1024]; /* what handlers were told */
static const char *answer;

static void tell(const char *what, long number)
{
	snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s %ld;", what, number);
}

static void expect(const char *what)
{
	assert_string_equal(told, what);
	told[0] = 0;
}

static void opened(struct ix_connection *c, int status)
{
	connection = c;
	tell("opened", status);
}

static void received(struct ix_connection *c)
{
	char bytes[64];

	tell("received", (long)ix_read(c, bytes, sizeof(bytes)));
	if (answer)
		assert_int_equal(ix_write(c, answer, strlen(answer)), 0);
}

static void sent(struct ix_connection *c, uint32_t bytes)
{
	tell("sent", bytes);
}

static void closed(struct ix_connection *c, int reason)
{
	tell("closed", reason);
}

static const struct ix_handler told_of_all = {.opened = opened, .received = received, .sent = sent, .closed = closed};
static const struct ix_handler not_told_of_sent = {.opened = opened, .received = received, .closed = closed};

static const struct ix_handler *accept_all(void *policy_context, uint32_t ip, uint16_t port, void **context)
{
	return policy_context;
}

static int set_up(void **state)
{
	told[0] = 0;
	answer = NULL;
	fake_start_as(&fake, 0, 1, FAKE_POOL - FAKE_ARENA);
	ix_listen(fake.runtime, 80, accept_all, (void *)(uintptr_t)&told_of_all);
	fake_event(&fake, (struct ix_event){.type = IX_EVENT_KNOCK, .handle = HANDLE, .local_port = 80});
	fake_run(&fake);
	cookie = fake_call(&fake, 0, IX_CALL_ACCEPT, HANDLE)->cookie;
	expect("opened 0;");
	return 0;
}

static int tear_down(void **state)
{
	fake_stop(&fake);
	return 0;
}

static void set_up_messages(const struct ix_handler *handler)
{
	fake_stop(&fake);
	fake_start_as(&fake, 1, 1, FAKE_POOL - FAKE_ARENA);
	ix_listen(fake.runtime, 0, accept_all, (void *)(uintptr_t)handler);
}

static void result(enum ix_call_type call, int status, uint32_t length)
{
	fake_event(&fake, (struct ix_event){.type = IX_EVENT_RESULT,
					    .handle = HANDLE,
					    .cookie = cookie,
					    .call = call,
					    .status = status,
					    .length = length});
}

static void acknowledged(uint32_t length, uint32_t window)
{
	fake_event(&fake,
		   (struct ix_event){
		       .type = IX_EVENT_SENT, .handle = HANDLE, .cookie = cookie, .length = length, .window = window});
}

/* What stands in the array of the last user phase is no result. */
static void test_success_is_silent(void **state)
{
	ix_write(connection, "hello", 5);
	fake_run(&fake);
	assert_string_equal(fake_offered(&fake, fake_call(&fake, 0, IX_CALL_SENDV, HANDLE)), "hello");
	assert_int_equal(fake.hold, 0);
	fake.calls[0].result = -3;
	fake_run(&fake);
	assert_int_equal(fake.call_count, 0);
	assert_int_equal(ix_connection_unsent(connection), 5);
	acknowledged(5, 1000);
	fake_run(&fake);
	expect("sent 5;");
	assert_int_equal(ix_connection_unsent(connection), 0);
}

/* A short SENDV: what was not accepted goes again when the window opens, in order, and what was written since behind
 * it. */
static void test_roll_back(void **state)
{
	ix_write(connection, "0123456789", 10);
	fake_run(&fake);
	fake_call(&fake, 0, IX_CALL_SENDV, HANDLE);
	result(IX_CALL_SENDV, 0, 4);
	fake_run(&fake);
	assert_int_equal(fake.call_count, 0); /* the window is full */
	ix_write(connection, "abc", 3);
	acknowledged(4, 100);
	fake_run(&fake);
	expect("sent 4;");
	assert_string_equal(fake_offered(&fake, fake_call(&fake, 0, IX_CALL_SENDV, HANDLE)), "456789abc");
	/* RESULT stands before events of the same user phase that are older than it. */
	result(IX_CALL_SENDV, 0, 0);
	acknowledged(0, 50);
	fake_run(&fake);
	assert_string_equal(fake_offered(&fake, fake_call(&fake, 0, IX_CALL_SENDV, HANDLE)), "456789abc");
	acknowledged(9, 100);
	fake_run(&fake);
	expect("sent 9;");
	assert_int_equal(ix_connection_unsent(connection), 0);
}

static void test_roll_back_over_pieces(void **state)
{
	static char piece[3][20000];
	uint32_t i;

	for (i = 0; i < 3; i++) {
		memset(piece[i], 'a' + (int)i, sizeof(piece[i]));
		ix_write(connection, piece[i], sizeof(piece[i]));
	}
	fake_run(&fake);
	assert_int_equal(strlen(fake_offered(&fake, fake_call(&fake, 0, IX_CALL_SENDV, HANDLE))), 60000);
	result(IX_CALL_SENDV, 0, 25000);
	acknowledged(0, 60000);
	fake_run(&fake);
	{
		const char *offered = fake_offered(&fake, fake_call(&fake, 0, IX_CALL_SENDV, HANDLE));

		assert_int_equal(strlen(offered), 35000);
		assert_int_equal(strspn(offered, "b"), 15000);
		assert_int_equal(strspn(offered + 15000, "c"), 20000);
	}
	acknowledged(60000, 60000);
	fake_run(&fake);
	expect("sent 60000;");
}

static void test_failures(void **state)
{
	ix_write(connection, "hello", 5);
	fake_run(&fake);
	result(IX_CALL_SENDV, IX_ERR_NO_MEMORY, 0);
	fake_run(&fake);
	assert_string_equal(fake_offered(&fake, fake_call(&fake, 0, IX_CALL_SENDV, HANDLE)), "hello");
	result(IX_CALL_SENDV, IX_ERR_BAD_LENGTH, 0);
	fake_run(&fake);
	fake_call(&fake, 0, IX_CALL_ABORT, HANDLE);
	fake_event(&fake, (struct ix_event){.type = IX_EVENT_DEAD, .handle = HANDLE, .cookie = cookie, .status = 2});
	fake_run(&fake);
	expect("closed -4;");
}

static void test_accept_too_late(void **state)
{
	result(IX_CALL_ACCEPT, IX_ERR_BAD_HANDLE, 0);
	fake_run(&fake);
	expect("closed 2;");
}

/* Only when it is sure that all has been accepted. */
static void test_close(void **state)
{
	ix_write(connection, "hello", 5);
	ix_close(connection);
	fake_run(&fake);
	assert_int_equal(fake.call_count, 1);
	fake_call(&fake, 0, IX_CALL_SENDV, HANDLE);
	result(IX_CALL_SENDV, 0, 2);
	acknowledged(2, 10);
	fake_run(&fake);
	assert_int_equal(fake.call_count, 1);
	assert_string_equal(fake_offered(&fake, fake_call(&fake, 0, IX_CALL_SENDV, HANDLE)), "llo");
	acknowledged(3, 10);
	fake_run(&fake);
	assert_int_equal(fake.call_count, 1);
	fake_call(&fake, 0, IX_CALL_CLOSE, HANDLE);
	fake_event(&fake, (struct ix_event){.type = IX_EVENT_DEAD, .handle = HANDLE, .cookie = cookie, .status = 1});
	fake_run(&fake);
	expect("sent 2;sent 3;closed 1;");
}

/* Calls that find no room hold the connections; a SENDV that has left is not followed by another while its result is
 * not known. */
static void test_hold(void **state)
{
	unsigned i;

	for (i = 0; i < FAKE_CALLS + 3; i++)
		fake_receive(&fake, HANDLE, cookie, 100 + i, "x");
	answer = "y";
	fake_run(&fake);
	expect("received 11;");
	assert_int_equal(fake.call_count, FAKE_CALLS);
	assert_int_equal(fake.hold, 1);
	fake_run(&fake);
	assert_int_equal(fake.call_count, 4); /* three RECV_DONE, one SENDV */
	fake_call(&fake, 3, IX_CALL_SENDV, HANDLE);
	assert_int_equal(fake.hold, 0);
	ix_write(connection, "z", 1); /* against the contract, but no hole must come of it */
	fake_run(&fake);
	assert_int_equal(fake.call_count, 0);
	acknowledged(1, 100);
	fake_run(&fake);
	assert_string_equal(fake_offered(&fake, fake_call(&fake, 0, IX_CALL_SENDV, HANDLE)), "z");
}

static void message(ix_cookie of, const char *bytes)
{
	fake_receive(&fake, HANDLE, of, 5, bytes);
}

/* All messages of a user phase leave in it; who is not told of them needs no further one. */
static void test_messages(void **state)
{
	set_up_messages(&not_told_of_sent);
	answer = "pong";
	message(0, "ping");
	fake_run(&fake);
	expect("opened 0;received 4;");
	cookie = fake_call(&fake, 0, IX_CALL_ACCEPT, HANDLE)->cookie;
	assert_int_equal(fake.call_count, 3);
	assert_string_equal(fake_offered(&fake, fake_call(&fake, 2, IX_CALL_SENDV, HANDLE)), "pong");
	assert_int_equal(fake.hold, 0);
	answer = NULL;
	message(cookie, "ping");
	ix_write(connection, "a", 1);
	ix_write(connection, "b", 1);
	fake_run(&fake);
	assert_int_equal(fake.call_count, 3);
	assert_string_equal(fake_offered(&fake, fake_call(&fake, 1, IX_CALL_SENDV, HANDLE)), "a");
	assert_string_equal(fake_offered(&fake, fake_call(&fake, 2, IX_CALL_SENDV, HANDLE)), "b");
	assert_int_equal(ix_connection_unsent(connection), 0);
	told[0] = 0;
	ix_close(connection);
	fake_run(&fake);
	fake_call(&fake, 0, IX_CALL_CLOSE, HANDLE);
	expect("closed 1;");
}

static int zero_copy_done;

static void done(void *context, int was_sent)
{
	zero_copy_done += was_sent ? 1 : -100;
}

static void test_messages_told(void **state)
{
	char *memory;

	set_up_messages(&told_of_all);
	message(0, "ping");
	fake_run(&fake);
	cookie = fake_call(&fake, 0, IX_CALL_ACCEPT, HANDLE)->cookie;
	told[0] = 0;
	ix_write(connection, "bye", 3);
	ix_close(connection);
	fake_run(&fake);
	assert_int_equal(fake.call_count, 1);
	fake_call(&fake, 0, IX_CALL_SENDV, HANDLE);
	assert_int_equal(fake.hold, 1);
	expect("");
	fake_run(&fake);
	fake_call(&fake, 0, IX_CALL_CLOSE, HANDLE);
	expect("sent 3;closed 1;");
	assert_int_equal(fake.hold, 0);

	set_up_messages(&not_told_of_sent);
	message(0, "ping");
	fake_run(&fake);
	memory = ix_memory_take(fake.runtime, 4);
	memset(memory, 'z', 4);
	assert_int_equal(ix_write_zero_copy(connection, memory, 4, done, NULL), 0);
	fake_run(&fake);
	assert_int_equal(zero_copy_done, 0); /* the kernel phase has not copied it yet */
	assert_int_equal(fake.hold, 1);
	fake_run(&fake);
	assert_int_equal(zero_copy_done, 1);
	ix_memory_give(fake.runtime, memory);
}

static void test_message_that_failed(void **state)
{
	set_up_messages(&not_told_of_sent);
	answer = "pong";
	message(0, "ping");
	fake_run(&fake);
	cookie = fake_call(&fake, 0, IX_CALL_ACCEPT, HANDLE)->cookie;
	told[0] = 0;
	result(IX_CALL_SENDV, IX_ERR_NO_MEMORY, 0);
	fake_run(&fake);
	fake_call(&fake, 0, IX_CALL_ABORT, HANDLE);
	expect("closed -6;");
}

/* A block that another runtime gives back is its owner's again. */
static void test_memory_returns(void **state)
{
	static struct fake other;
	void *block[2], *again;

	fake_start_as(&other, 0, 1, 1 << 14);
	block[0] = ix_memory_take(other.runtime, 8000);
	assert_non_null(block[0]);
	assert_null(ix_memory_take(other.runtime, 8200));
	block[1] = ix_memory_take(fake.runtime, 8000);
	ix_memory_give(fake.runtime, block[0]);
	again = ix_memory_take(fake.runtime, 8000);
	assert_ptr_not_equal(again, block[0]);
	assert_ptr_equal(ix_memory_take(other.runtime, 8000), block[0]);
	fake_stop(&other);
}

/* Results by event need the word that holds. */
static void test_binding(void **state)
{
	struct ix_binding binding = {
	    .events = fake.events,
	    .event_count = &fake.event_count,
	    .calls = fake.calls,
	    .call_capacity = FAKE_CALLS,
	    .call_count = &fake.call_count,
	    .pool = {fake.application, fake.packets},
	    .pool_size = {FAKE_POOL, FAKE_POOL},
	    .arena_size = FAKE_POOL,
	    .results_by_event = 1,
	};
	struct ix_runtime *runtime;

	assert_null(ix_runtime_create(&binding));
	binding.hold = &fake.hold;
	runtime = ix_runtime_create(&binding);
	assert_non_null(runtime);
	ix_runtime_destroy(runtime);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_success_is_silent, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_roll_back, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_roll_back_over_pieces, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_failures, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_accept_too_late, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_close, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_hold, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_messages, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_messages_told, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_message_that_failed, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_memory_returns, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_binding, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * A connection's life over a scripted kernel: knock and dial, received bytes, ends of all kinds, and the order of
 * handlers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/libix/fake_kernel.h"
#include <stdio.h>

#define PEER_IP   0x0a000002
#define PEER_PORT 40000
#define HANDLE    77

static struct fake fake;
static char trace[1024]; /* what the handlers did */
static struct ix_connection *connection;
static int close_in_opened, take_views;
static struct ix_view views[4];
static unsigned view_count;

#define note(...) snprintf(trace + strlen(trace), sizeof(trace) - strlen(trace), __VA_ARGS__)

static void opened(struct ix_connection *c, int status)
{
	connection = status ? NULL : c;
	note("opened %d;", status);
	if (close_in_opened)
		ix_close(c);
}

static void received(struct ix_connection *c)
{
	char bytes[64];
	size_t n;

	assert_ptr_equal(ix_connection_context(c), &fake);
	while (take_views && ix_read_take(c, &views[view_count]))
		view_count++;
	while ((n = ix_read(c, bytes, 5)))
		note("got %.*s;", (int)n, bytes);
}

static void sent(struct ix_connection *c, uint32_t bytes)
{
	note("sent %u;", bytes);
}

static void ended(struct ix_connection *c)
{
	note("ended;");
}

static void closed(struct ix_connection *c, int reason)
{
	note("closed %d;", reason);
	connection = NULL;
}

static const struct ix_handler handler = {opened, received, sent, ended, closed};

static const struct ix_handler *accept_all(void *policy_context, uint32_t ip, uint16_t port, void **context)
{
	note("knock %s;", (const char *)policy_context);
	assert_int_equal(ip, PEER_IP);
	assert_int_equal(port, PEER_PORT);
	*context = &fake;
	return &handler;
}

static const struct ix_handler *refuse_all(void *policy_context, uint32_t ip, uint16_t port, void **context)
{
	return NULL;
}

static void expect(const char *expected)
{
	assert_string_equal(trace, expected);
	trace[0] = 0;
}

static int set_up(void **state)
{
	fake_start(&fake);
	trace[0] = 0;
	connection = NULL;
	close_in_opened = take_views = 0;
	view_count = 0;
	ix_listen(fake.runtime, 0, accept_all, "any");
	return 0;
}

static int tear_down(void **state)
{
	fake_stop(&fake);
	return 0;
}

static void knock(uint16_t local_port)
{
	fake_event(
	    &fake,
	    (struct ix_event){
		.type = IX_EVENT_KNOCK, .handle = HANDLE, .ip = PEER_IP, .port = PEER_PORT, .local_port = local_port});
}

/* An accepted connection; its cookie. */
static ix_cookie open_one(void)
{
	ix_cookie cookie;

	knock(80);
	fake_run(&fake);
	cookie = fake_call(&fake, 0, IX_CALL_ACCEPT, HANDLE)->cookie;
	fake.calls[0].result = 0;
	trace[0] = 0;
	return cookie;
}

static void event(enum ix_event_type type, ix_cookie cookie, int status, uint32_t length, uint32_t window)
{
	fake_event(&fake, (struct ix_event){.type = type,
					    .handle = HANDLE,
					    .cookie = cookie,
					    .status = status,
					    .length = length,
					    .window = window});
}

static void test_knocks(void **state)
{
	uint32_t ip;
	uint16_t port;

	ix_listen(fake.runtime, 22, refuse_all, NULL);
	ix_listen(fake.runtime, 80, accept_all, "web");
	knock(80);
	knock(22);
	knock(443);
	fake_run(&fake);
	expect("knock web;opened 0;knock any;opened 0;");
	assert_int_equal(fake.call_count, 3);
	assert_int_not_equal(fake_call(&fake, 0, IX_CALL_ACCEPT, HANDLE)->cookie, 0);
	fake_call(&fake, 1, IX_CALL_CLOSE, HANDLE);
	fake_call(&fake, 2, IX_CALL_ACCEPT, HANDLE);
	ix_connection_peer(connection, &ip, &port);
	assert_int_equal(ip, PEER_IP);
	assert_int_equal(port, PEER_PORT);
	/* The refused one's end is nobody's business. */
	event(IX_EVENT_DEAD, 0, IX_DEAD_CLOSED, 0, 0);
	ix_listen(fake.runtime, 80, refuse_all, NULL);
	knock(80);
	fake_run(&fake);
	fake_call(&fake, 0, IX_CALL_CLOSE, HANDLE);
	expect("");
}

static void test_receive_copying(void **state)
{
	ix_cookie cookie = open_one();

	fake_receive(&fake, HANDLE, cookie, 100, "hello wo");
	fake_receive(&fake, HANDLE, cookie, 300, "rld");
	fake_run(&fake);
	expect("got hello;got  worl;got d;");
	/* Every byte is done, in pieces as they were copied. */
	assert_int_equal(fake.call_count, 4);
	assert_int_equal(fake_call(&fake, 0, IX_CALL_RECV_DONE, HANDLE)->buffer, 1ull << IX_POOL_SHIFT | 100);
	assert_int_equal(fake.calls[0].length, 5);
	assert_int_equal(fake.calls[1].buffer, 1ull << IX_POOL_SHIFT | 105);
	assert_int_equal(fake.calls[1].length, 3);
	assert_int_equal(fake.calls[2].buffer, 1ull << IX_POOL_SHIFT | 300);
	assert_int_equal(fake.calls[2].length, 2);
	assert_int_equal(fake.calls[3].length, 1);
}

static void test_receive_zero_copy(void **state)
{
	ix_cookie cookie = open_one();

	take_views = 1;
	fake_receive(&fake, HANDLE, cookie, 100, "one");
	fake_receive(&fake, HANDLE, cookie, 200, "two");
	fake_run(&fake);
	assert_int_equal(fake.call_count, 0);
	assert_int_equal(view_count, 2);
	assert_ptr_equal(views[0].data, fake.packets + 100);
	assert_memory_equal(views[1].data, "two", 3);
	assert_int_equal(ix_read_available(connection), 0);
	/* Held across cycles, given back in any order, between runs. */
	fake_run(&fake);
	ix_read_done(connection, &views[1]);
	ix_read_done(connection, &views[0]);
	fake_run(&fake);
	assert_int_equal(fake.call_count, 2);
	assert_int_equal(fake_call(&fake, 0, IX_CALL_RECV_DONE, HANDLE)->buffer, views[1].buffer);
	assert_int_equal(fake.calls[0].length, 3);
	assert_int_equal(fake.calls[1].buffer, views[0].buffer);
}

/* Handlers run in the order of what happened; closed is the last. */
static void test_order(void **state)
{
	ix_cookie cookie = open_one();

	fake_receive(&fake, HANDLE, cookie, 100, "last");
	event(IX_EVENT_EOF, cookie, 0, 0, 0);
	fake_run(&fake);
	expect("got last;ended;");
	fake_receive(&fake, HANDLE, cookie, 100, "more");
	event(IX_EVENT_DEAD, cookie, IX_DEAD_RESET, 0, 0);
	fake_run(&fake);
	expect("got more;closed 2;");
	fake_run(&fake);
	expect("");
}

static void test_dial(void **state)
{
	struct ix_connection *c = ix_dial(fake.runtime, PEER_IP, 80, &handler, &fake);
	ix_cookie cookie;

	assert_non_null(c);
	assert_int_equal(ix_write(c, "early", 5), 0);
	fake_run(&fake);
	assert_int_equal(fake.call_count, 1);
	cookie = fake_call(&fake, 0, IX_CALL_CONNECT, 0)->cookie;
	assert_int_equal(fake.calls[0].ip, PEER_IP);
	assert_int_equal(fake.calls[0].port, 80);
	fake.calls[0].result = HANDLE;
	fake_run(&fake);
	assert_int_equal(fake.call_count, 0);
	event(IX_EVENT_CONNECTED, cookie, 0, 0, 1000);
	fake_run(&fake);
	expect("opened 0;");
	assert_string_equal(fake_offered(&fake, fake_call(&fake, 0, IX_CALL_SENDV, HANDLE)), "early");
	fake.calls[0].result = 5;
	event(IX_EVENT_SENT, cookie, 0, 5, 1000);
	event(IX_EVENT_DEAD, cookie, IX_DEAD_CLOSED, 0, 0);
	fake_run(&fake);
	expect("sent 5;closed 1;");
}

static void test_dials_that_fail(void **state)
{
	ix_cookie cookie;

	/* At once. */
	ix_dial(fake.runtime, PEER_IP, 80, &handler, &fake);
	fake_run(&fake);
	fake.calls[0].result = IX_ERR_NO_PORT;
	fake_run(&fake);
	expect("opened -7;");
	/* Later. */
	ix_dial(fake.runtime, PEER_IP, 80, &handler, &fake);
	fake_run(&fake);
	cookie = fake.calls[0].cookie;
	fake.calls[0].result = HANDLE;
	event(IX_EVENT_CONNECTED, cookie, IX_ERR_STATE, 0, 0);
	event(IX_EVENT_DEAD, cookie, IX_DEAD_REFUSED, 0, 0);
	fake_run(&fake);
	expect("opened -5;");
	/* Given up before the kernel has even tried. */
	ix_abort(ix_dial(fake.runtime, PEER_IP, 80, &handler, &fake));
	fake_run(&fake);
	assert_int_equal(fake.call_count, 1);
	cookie = fake_call(&fake, 0, IX_CALL_CONNECT, 0)->cookie;
	fake.calls[0].result = HANDLE;
	fake_run(&fake);
	fake_call(&fake, 0, IX_CALL_ABORT, HANDLE);
	fake.calls[0].result = 0;
	event(IX_EVENT_CONNECTED, cookie, 0, 0, 1000);
	event(IX_EVENT_DEAD, cookie, IX_DEAD_CLOSED, 0, 0);
	fake_run(&fake);
	expect("opened -5;");
}

static void test_close(void **state)
{
	ix_cookie cookie = open_one();

	fake_receive(&fake, HANDLE, cookie, 100, "x");
	fake_run(&fake);
	ix_close(connection);
	assert_int_equal(ix_write(connection, "x", 1), IX_ERR_STATE);
	fake_run(&fake);
	fake_call(&fake, 0, IX_CALL_CLOSE, HANDLE);
	fake.calls[0].result = 0;
	trace[0] = 0;
	/* What still comes is given back unseen. */
	fake_receive(&fake, HANDLE, cookie, 100, "unread");
	event(IX_EVENT_EOF, cookie, 0, 0, 0);
	fake_run(&fake);
	assert_int_equal(fake.call_count, 1);
	assert_int_equal(fake_call(&fake, 0, IX_CALL_RECV_DONE, HANDLE)->length, 6);
	expect("");
	event(IX_EVENT_DEAD, cookie, IX_DEAD_CLOSED, 0, 0);
	fake_run(&fake);
	expect("closed 1;");
}

static void test_close_in_handler(void **state)
{
	close_in_opened = 1;
	knock(80);
	fake_run(&fake);
	assert_int_equal(fake.call_count, 2);
	fake_call(&fake, 0, IX_CALL_ACCEPT, HANDLE);
	fake_call(&fake, 1, IX_CALL_CLOSE, HANDLE);
}

/* DEAD crosses the calls of the same cycle: memory goes only when their results are in. */
static void test_dead_crosses_calls(void **state)
{
	ix_cookie cookie = open_one();

	ix_write(connection, "lost", 4);
	ix_abort(connection);
	event(IX_EVENT_DEAD, cookie, IX_DEAD_RESET, 0, 0);
	fake_run(&fake);
	expect("closed 2;");
	assert_int_equal(fake.call_count, 0);
	cookie = open_one();
	ix_abort(connection);
	fake_run(&fake);
	fake_call(&fake, 0, IX_CALL_ABORT, HANDLE);
	fake.calls[0].result = IX_ERR_BAD_HANDLE;
	event(IX_EVENT_DEAD, cookie, IX_DEAD_TIMEOUT, 0, 0);
	fake_run(&fake);
	expect("closed 3;");
}

/* It went between its knock and the answer. */
static void test_accept_too_late(void **state)
{
	open_one();
	fake.calls[0].result = IX_ERR_BAD_HANDLE;
	fake_run(&fake);
	expect("closed 2;");
}

/* More calls than the array holds wait, in order, for the next cycles. */
static void test_call_array_full(void **state)
{
	static const char *bytes[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9",
				      "a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
	ix_cookie cookie = open_one();
	unsigned i, next = 0;

	for (i = 0; i < 20; i++)
		fake_receive(&fake, HANDLE, cookie, 100 + i, bytes[i]);
	for (i = 0; i < 4; i++) {
		fake_run(&fake);
		assert_int_equal(fake.call_count, i < 2 ? 8 : i < 3 ? 4 : 0);
		assert_int_equal(ix_runtime_waiting(fake.runtime), i == 0 ? 12 : i == 1 ? 4 : 0);
		for (unsigned k = 0; k < fake.call_count; k++)
			assert_int_equal(fake_call(&fake, k, IX_CALL_RECV_DONE, HANDLE)->buffer,
					 1ull << IX_POOL_SHIFT | (100 + next++));
	}
	assert_int_equal(next, 20);
}

/* Over the message stack the first bytes are the knock, and CLOSE is the end. */
static void test_message_stack(void **state)
{
	ix_cookie cookie;

	fake_stop(&fake);
	fake_start_with(&fake, 1, FAKE_POOL - FAKE_ARENA);
	ix_listen(fake.runtime, 0, accept_all, "first");
	fake_event(&fake, (struct ix_event){.type = IX_EVENT_RECV,
					    .handle = HANDLE,
					    .ip = PEER_IP,
					    .port = PEER_PORT,
					    .buffer = 1ull << IX_POOL_SHIFT,
					    .length = 1});
	fake_event(&fake, fake.events[0]);
	fake.packets[0] = 'x';
	fake_run(&fake);
	expect("knock first;opened 0;got xx;");
	assert_int_equal(fake.call_count, 3);
	cookie = fake_call(&fake, 0, IX_CALL_ACCEPT, HANDLE)->cookie;
	fake_receive(&fake, HANDLE, cookie, 5, "y");
	fake_run(&fake);
	expect("got y;");
	ix_write(connection, "bye", 3);
	ix_close(connection);
	fake_run(&fake);
	assert_int_equal(fake.call_count, 1);
	fake_call(&fake, 0, IX_CALL_SENDV, HANDLE)->result = 3;
	fake_run(&fake);
	expect("sent 3;");
	fake_call(&fake, 0, IX_CALL_CLOSE, HANDLE)->result = 0;
	fake_run(&fake);
	expect("closed 1;");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(test_knocks),
	    TEST(test_receive_copying),
	    TEST(test_receive_zero_copy),
	    TEST(test_order),
	    TEST(test_dial),
	    TEST(test_dials_that_fail),
	    TEST(test_close),
	    TEST(test_close_in_handler),
	    TEST(test_dead_crosses_calls),
	    TEST(test_accept_too_late),
	    TEST(test_call_array_full),
	    TEST(test_message_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

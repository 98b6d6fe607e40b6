/*
 * Sending over a scripted kernel: writes of a cycle coalesce, what the window does not take waits in the library,
 * buffers come back when they are acknowledged, and nothing is lost when memory is short.
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
static uint32_t acknowledged;
static int closed_reason, done_sent[4];

static void opened(struct ix_connection *c, int status)
{
	connection = c;
}

static void sent(struct ix_connection *c, uint32_t bytes)
{
	acknowledged += bytes;
}

static void closed(struct ix_connection *c, int reason)
{
	closed_reason = reason;
}

static const struct ix_handler handler = {.opened = opened, .sent = sent, .closed = closed};

static const struct ix_handler *accept_all(void *policy_context, uint32_t ip, uint16_t port, void **context)
{
	return &handler;
}

static void done(void *context, int was_sent)
{
	*(int *)context = was_sent ? 1 : -1;
}

static void start(uint64_t arena_size)
{
	fake_start_with(&fake, 0, arena_size);
	acknowledged = 0;
	closed_reason = 0;
	memset(done_sent, 0, sizeof(done_sent));
	ix_listen(fake.runtime, 80, accept_all, NULL);
	fake_event(&fake, (struct ix_event){.type = IX_EVENT_KNOCK, .handle = HANDLE, .local_port = 80});
	fake_run(&fake);
	cookie = fake_call(&fake, 0, IX_CALL_ACCEPT, HANDLE)->cookie;
	fake.calls[0].result = 0;
}

static int set_up(void **state)
{
	start(FAKE_POOL - FAKE_ARENA);
	return 0;
}

static int tear_down(void **state)
{
	fake_stop(&fake);
	return 0;
}

static void acknowledge(uint32_t bytes, uint32_t window)
{
	fake_event(&fake,
		   (struct ix_event){
		       .type = IX_EVENT_SENT, .handle = HANDLE, .cookie = cookie, .length = bytes, .window = window});
}

/* The one call left is a SENDV that offers @bytes; the kernel accepts so many. */
static void expect_offer(const char *bytes, int64_t accepted)
{
	assert_int_equal(fake.call_count, 1);
	assert_string_equal(fake_offered(&fake, fake_call(&fake, 0, IX_CALL_SENDV, HANDLE)), bytes);
	fake.calls[0].result = accepted;
}

static void test_writes_coalesce(void **state)
{
	assert_int_equal(ix_write(connection, "one ", 4), 0);
	assert_int_equal(ix_write(connection, "two ", 4), 0);
	assert_int_equal(ix_write(connection, "three", 5), 0);
	assert_int_equal(ix_connection_unsent(connection), 13);
	fake_run(&fake);
	expect_offer("one two three", 13);
	assert_int_equal(fake.calls[0].count, 1);
	fake_run(&fake);
	assert_int_equal(fake.call_count, 0);
	acknowledge(13, 1000);
	fake_run(&fake);
	assert_int_equal(acknowledged, 13);
	assert_int_equal(ix_connection_unsent(connection), 0);
	assert_int_equal(fake.call_count, 0);
}

static void test_window(void **state)
{
	ix_write(connection, "abcdefgh", 8);
	fake_run(&fake);
	expect_offer("abcdefgh", 3);
	fake_run(&fake);
	assert_int_equal(fake.call_count, 0); /* full: until SENT says that it opens */
	acknowledge(2, 0);
	fake_run(&fake);
	assert_int_equal(fake.call_count, 0);
	ix_write(connection, "ij", 2);
	fake_run(&fake);
	assert_int_equal(fake.call_count, 0);
	acknowledge(0, 4);
	fake_run(&fake);
	expect_offer("defghij", 4);
	acknowledge(5, 100);
	fake_run(&fake);
	expect_offer("hij", 3);
	acknowledge(3, 100);
	fake_run(&fake);
	assert_int_equal(acknowledged, 10);
	assert_int_equal(ix_connection_unsent(connection), 0);
}

/* SENT and the result of a SENDV come in the same cycle: the result counts first. */
static void test_acknowledged_in_the_same_cycle(void **state)
{
	ix_write(connection, "abc", 3);
	fake_run(&fake);
	expect_offer("abc", 3);
	acknowledge(3, 50);
	fake_run(&fake);
	assert_int_equal(acknowledged, 3);
	assert_int_equal(ix_connection_unsent(connection), 0);
}

static void test_zero_copy(void **state)
{
	char *first = ix_memory_take(fake.runtime, 16), *second = ix_memory_take(fake.runtime, 16);

	snprintf(first, 16, "first---");
	snprintf(second, 16, "second--");
	ix_write(connection, "<", 1);
	assert_int_equal(ix_write_zero_copy(connection, first, 5, done, &done_sent[0]), 0);
	assert_int_equal(ix_write_zero_copy(connection, second, 6, done, &done_sent[1]), 0);
	ix_write(connection, ">", 1);
	fake_run(&fake);
	expect_offer("<firstsecond>", 13);
	assert_int_equal(fake.calls[0].count, 4);
	acknowledge(5, 100);
	fake_run(&fake);
	assert_int_equal(done_sent[0], 0);
	acknowledge(1, 100);
	fake_run(&fake);
	assert_int_equal(done_sent[0], 1);
	assert_int_equal(done_sent[1], 0);
	/* The rest ends with the connection. */
	fake_event(&fake, (struct ix_event){
			      .type = IX_EVENT_DEAD, .handle = HANDLE, .cookie = cookie, .status = IX_DEAD_RESET});
	fake_run(&fake);
	assert_int_equal(done_sent[1], -1);
	assert_int_equal(closed_reason, IX_DEAD_RESET);
	ix_memory_give(fake.runtime, first);
	ix_memory_give(fake.runtime, second);
}

static void test_zero_copy_refused(void **state)
{
	char outside[4] = "out";

	assert_int_equal(ix_write_zero_copy(connection, outside, 3, NULL, NULL), IX_ERR_BAD_BUFFER);
	assert_int_equal(ix_write_zero_copy(connection, fake.application + FAKE_POOL - 2, 3, NULL, NULL),
			 IX_ERR_BAD_BUFFER);
	assert_int_equal(ix_write_zero_copy(connection, fake.application - 1, 3, NULL, NULL), IX_ERR_BAD_BUFFER);
	assert_int_equal(ix_write_zero_copy(connection, fake.application, 0, NULL, NULL), IX_ERR_BAD_LENGTH);
	fake_run(&fake);
	assert_int_equal(fake.call_count, 0);
}

/* Many pieces: so many entries a SENDV, one SENDV a cycle. */
static void test_many_pieces(void **state)
{
	char *piece[40];
	unsigned i;

	for (i = 0; i < 40; i++) {
		piece[i] = ix_memory_take(fake.runtime, 1);
		piece[i][0] = (char)('A' + i);
		ix_write_zero_copy(connection, piece[i], 1, NULL, NULL);
	}
	fake_run(&fake);
	expect_offer("ABCDEFGHIJKLMNOP", 16);
	fake_run(&fake);
	expect_offer("QRSTUVWXYZ[\\]^_`", 16);
	fake_run(&fake);
	expect_offer("abcdefgh", 8);
	fake_run(&fake);
	assert_int_equal(fake.call_count, 0);
}

/* CLOSE follows when all has been accepted. */
static void test_close_after_pending(void **state)
{
	ix_write(connection, "abcdef", 6);
	ix_close(connection);
	fake_run(&fake);
	expect_offer("abcdef", 2);
	fake_run(&fake);
	assert_int_equal(fake.call_count, 0);
	acknowledge(2, 10);
	fake_run(&fake);
	expect_offer("cdef", 4);
	fake_run(&fake);
	assert_int_equal(fake.call_count, 1);
	fake_call(&fake, 0, IX_CALL_CLOSE, HANDLE)->result = 0;
	acknowledge(4, 10);
	fake_event(&fake, (struct ix_event){
			      .type = IX_EVENT_DEAD, .handle = HANDLE, .cookie = cookie, .status = IX_DEAD_CLOSED});
	fake_run(&fake);
	assert_int_equal(acknowledged, 6);
	assert_int_equal(closed_reason, IX_DEAD_CLOSED);
}

static void test_abort_drops_pending(void **state)
{
	ix_write(connection, "abcdef", 6);
	ix_abort(connection);
	fake_run(&fake);
	assert_int_equal(fake.call_count, 1);
	fake_call(&fake, 0, IX_CALL_ABORT, HANDLE);
}

static void test_errors_of_sendv(void **state)
{
	ix_write(connection, "abc", 3);
	fake_run(&fake);
	expect_offer("abc", IX_ERR_NO_MEMORY);
	fake_run(&fake);
	expect_offer("abc", IX_ERR_BAD_LENGTH); /* will never go: an end that says why */
	fake_run(&fake);
	assert_int_equal(fake.call_count, 1);
	fake_call(&fake, 0, IX_CALL_ABORT, HANDLE)->result = 0;
	fake_event(&fake, (struct ix_event){
			      .type = IX_EVENT_DEAD, .handle = HANDLE, .cookie = cookie, .status = IX_DEAD_CLOSED});
	fake_run(&fake);
	assert_int_equal(closed_reason, IX_ERR_BAD_LENGTH);
}

/* A long stream through a small arena: refused when full, and every byte once, in order, whatever is accepted when. */
static void test_stream(void **state)
{
	uint64_t seed = 42, written = 0, accepted = 0, confirmed = 0;
	uint32_t n;
	int refused = 0;

	fake_stop(&fake);
	start(16384);
	while (confirmed < 300000) {
		uint8_t bytes[3000];
		uint32_t length, i;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		length = (uint32_t)(seed >> 33) % sizeof(bytes);
		for (i = 0; i < length; i++)
			bytes[i] = (uint8_t)((written + i) % 251);
		if (ix_write(connection, bytes, length) == 0)
			written += length;
		else
			refused++;
		fake_run(&fake);
		assert_int_equal(acknowledged, confirmed);
		assert_int_equal(ix_connection_unsent(connection), written - confirmed);
		if (fake.call_count) {
			struct ix_call *call = fake_call(&fake, 0, IX_CALL_SENDV, HANDLE);
			const uint8_t *offered = (const uint8_t *)fake_offered(&fake, call);

			n = (uint32_t)(seed >> 20) % (uint32_t)(written - accepted + 1);
			for (i = 0; i < n && i < 1000; i++)
				assert_int_equal(offered[i], (accepted + i) % 251);
			call->result = n < 1000 ? n : 1000;
			accepted += (uint64_t)call->result;
		}
		n = (uint32_t)(seed >> 40) % (uint32_t)(accepted - confirmed + 1);
		acknowledge(n, 1);
		confirmed += n;
	}
	assert_true(refused > 10);
}

/* Many connections write in one cycle: those that find no place in the arrays go in the next ones. */
static void test_many_connections(void **state)
{
	struct ix_connection *many[20];
	unsigned i, offered = 0, cycles = 0;

	for (i = 0; i < 20; i++) {
		fake_event(&fake, (struct ix_event){.type = IX_EVENT_KNOCK, .handle = 100 + i, .local_port = 80});
		fake_run(&fake);
		fake.calls[0].result = 0;
		many[i] = connection;
	}
	fake_run(&fake);
	for (i = 0; i < 20; i++)
		ix_write(many[i], "x", 1);
	for (; offered < 20; cycles++) {
		fake_run(&fake);
		assert_true(fake.call_count > 0);
		for (i = 0; i < fake.call_count; i++) {
			fake_call(&fake, i, IX_CALL_SENDV, 100 + offered++);
			fake.calls[i].result = 1;
		}
	}
	assert_int_equal(cycles, 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(test_writes_coalesce),
	    TEST(test_window),
	    TEST(test_acknowledged_in_the_same_cycle),
	    TEST(test_zero_copy),
	    TEST(test_zero_copy_refused),
	    TEST(test_many_pieces),
	    TEST(test_close_after_pending),
	    TEST(test_abort_drops_pending),
	    TEST(test_errors_of_sendv),
	    TEST(test_stream),
	    TEST(test_many_connections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

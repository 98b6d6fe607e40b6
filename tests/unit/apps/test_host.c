/*
 * Applications on the kernel's sockets, in both modes: the worked example of the documentation, and the order of handlers
 * that libix.h promises, of a client and a server in one process.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "impl/host/host.h"
#include "tests/unit/apps/upper.h"
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void *run(void *context)
{
	struct ix_app_error error;

	return host_run(context, &error) ? context : NULL;
}

static struct host *create(enum host_mode mode, unsigned threads, const struct ix_app *app)
{
	struct host_config config = {.mode = mode, .threads = threads, .address = INADDR_LOOPBACK, .app = app};
	struct ix_app_error error;
	struct host *host = host_create(&config, &error);

	assert_non_null(host);
	return host;
}

static void destroy(struct host *host)
{
	struct ix_app_error error;
	char *text;

	assert_int_equal(host_destroy(host, &text, &error), 0);
	assert_null(text);
}

static void exchange(uint16_t port, const char *send, const char *expect)
{
	struct sockaddr_in peer = {
	    .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval bound = {20, 0};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char got[64] = "";

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof(bound));
	assert_int_equal(connect(fd, (struct sockaddr *)&peer, sizeof(peer)), 0);
	assert_int_equal(write(fd, send, strlen(send)), strlen(send));
	shutdown(fd, SHUT_WR);
	assert_int_equal(recv(fd, got, strlen(expect), MSG_WAITALL), strlen(expect));
	assert_string_equal(got, expect);
	assert_int_equal(recv(fd, got, 1, 0), 0); /* it closes after us */
	close(fd);
}

static void example(enum host_mode mode)
{
	struct host *host = create(mode, 2, &app_upper);
	pthread_t thread;
	void *failed;

	assert_int_equal(pthread_create(&thread, NULL, run, host), 0);
	for (int i = 0; i < 20; i++)
		exchange(host_port(host), "one line\nand another\n", "ONE LINE\nAND ANOTHER\n");
	host_stop(host);
	pthread_join(thread, &failed);
	assert_null(failed);
	destroy(host);
}

static void example_partitioned(void **state)
{
	example(HOST_PARTITIONED);
}

static void example_floating(void **state)
{
	example(HOST_FLOATING);
}

/* A client's and a server's handlers, and what they did; a thread serves both. */
static char client_trace[512], server_trace[512];
static int ends; /* of both connections: the server's, and the dial that is refused */
static struct ix_timeout dial_later;
static uint8_t *zero_copy;
static struct host *traced;

#define note(trace, ...) snprintf((trace) + strlen(trace), sizeof(trace) - strlen(trace), __VA_ARGS__)

static size_t drain(struct ix_connection *c)
{
	struct ix_view view;
	size_t n = 0;

	while (ix_read_take(c, &view)) {
		n += view.length;
		ix_read_done(c, &view);
	}
	return n;
}

static void server_opened(struct ix_connection *c, int status)
{
	note(server_trace, "opened %d;", status);
}

static void server_received(struct ix_connection *c)
{
	note(server_trace, "received %zu;", drain(c));
	assert_int_equal(ix_write(c, "pong", 4), 0);
}

static void server_sent(struct ix_connection *c, uint32_t bytes)
{
	note(server_trace, "sent %u;", bytes);
}

static void server_ended(struct ix_connection *c)
{
	note(server_trace, "ended;");
	assert_int_equal(ix_write(c, "bye", 3), 0); /* the other direction is still open */
	ix_close(c);
}

static void server_closed(struct ix_connection *c, int reason)
{
	note(server_trace, "closed %d;", reason);
	ends++;
}

static void client_opened(struct ix_connection *c, int status)
{
	note(client_trace, "opened %d;", status);
	assert_int_equal(ix_write(c, "ping", 4), 0);
}

static void zero_copy_done(void *context, int sent)
{
	struct ix_runtime *runtime = context;

	note(client_trace, "given back %d;", sent);
	ix_memory_give(runtime, zero_copy);
}

static void client_received(struct ix_connection *c)
{
	static int times;

	note(client_trace, "received %zu;", drain(c));
	if (++times % 2) {
		zero_copy = ix_memory_take(ix_connection_runtime(c), 5000);
		assert_non_null(zero_copy);
		memset(zero_copy, 1, 5000);
		assert_int_equal(ix_write_zero_copy(c, zero_copy, 5000, zero_copy_done, ix_connection_runtime(c)), 0);
	} else {
		ix_close(c);
		assert_int_equal(ix_write(c, "x", 1), IX_ERR_STATE);
	}
}

static void client_sent(struct ix_connection *c, uint32_t bytes)
{
	note(client_trace, "sent %u;", bytes);
}

static void client_ended(struct ix_connection *c)
{
	note(client_trace, "ended;");
}

static const struct ix_handler refused_handler;

/* Then one that cannot succeed: the server listens on another address only. */
static void client_closed(struct ix_connection *c, int reason)
{
	note(client_trace, "closed %d;", reason);
	assert_non_null(
	    ix_dial(ix_connection_runtime(c), INADDR_LOOPBACK + 1, host_port(traced), &refused_handler, NULL));
}

static void refused_opened(struct ix_connection *c, int status)
{
	note(client_trace, "refused %d;", status < 0);
	ends++;
}

static const struct ix_handler server_handler = {server_opened, server_received, server_sent, server_ended,
						 server_closed};
static const struct ix_handler client_handler = {client_opened, client_received, client_sent, client_ended,
						 client_closed};
static const struct ix_handler refused_handler = {.opened = refused_opened};

static const struct ix_handler *accept_all(void *context, uint32_t ip, uint16_t port, void **connection_context)
{
	assert_int_equal(ip, INADDR_LOOPBACK);
	return &server_handler;
}

static void dial(struct ix_timeout *timeout, struct ix_runtime *runtime)
{
	assert_non_null(ix_dial(runtime, INADDR_LOOPBACK, host_port(traced), &client_handler, NULL));
}

static int trace_start(struct ix_runtime *runtime, const struct ix_app_options *options, void **state,
		       struct ix_app_error *error)
{
	dial_later = (struct ix_timeout){.fire = dial};
	*state = NULL;
	return ix_listen(runtime, 0, accept_all, NULL) || ix_timeout_set(runtime, &dial_later, 1000);
}

static void trace_stop(void *state)
{
}

static int trace_finished(const void *state)
{
	return ends == 2;
}

static const struct ix_app trace_app = {
    .name = "trace", .start = trace_start, .stop = trace_stop, .finished = trace_finished};

static void order(enum host_mode mode)
{
	struct ix_app_error error;

	client_trace[0] = server_trace[0] = 0;
	ends = 0;
	traced = create(mode, 1, &trace_app);
	assert_int_equal(host_run(traced, &error), 0);
	/* The 5000 bytes come in one piece or in two; the rest is the same each time. */
	assert_non_null(strstr(server_trace, "opened 0;received 4;sent 4;received "));
	assert_non_null(strstr(server_trace, "ended;sent 3;closed 1;"));
	assert_string_equal(client_trace,
			    "opened 0;sent 4;received 4;given back 1;sent 5000;received 4;closed 1;refused 1;");
	destroy(traced);
}

static void order_partitioned(void **state)
{
	order(HOST_PARTITIONED);
}

static void order_floating(void **state)
{
	order(HOST_FLOATING);
}

static void refuses(void **state)
{
	struct host_config config = {.threads = 0, .address = INADDR_LOOPBACK, .app = &app_upper};
	struct ix_app_error error;

	assert_null(host_create(&config, &error));
	assert_string_equal(error.key, "threads");
	config.threads = 1;
	config.address = 0xc0000201; /* of no machine */
	assert_null(host_create(&config, &error));
	assert_string_equal(error.key, "address");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(example_partitioned),
	    cmocka_unit_test(example_floating),
	    cmocka_unit_test(order_partitioned),
	    cmocka_unit_test(order_floating),
	    cmocka_unit_test(refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

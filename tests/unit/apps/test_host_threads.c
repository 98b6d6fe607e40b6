/*
 * Floating threads on the kernel's sockets, for the thread sanitizer: every event of a connection may go to another
 * thread. What the application keeps of a connection is plain memory, so two threads that worked on one connection at a
 * time, or one after the other without an order, would be a race. Clients compare every byte; connections come and go,
 * some are reset. With kv, values that are sent from where they lie are replaced and freed by other threads meanwhile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "impl/host/host.h"
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The sanitizer takes a descriptor that is closed while another thread is still on its way out of epoll_ctl() for a race;
 * in the kernel, and for us, that call was over when it let the event through. */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
	return "race_top:epoll_ctl\n";
}

#define THREADS     3
#define CLIENTS     4
#define CONNECTIONS 6 /* of a client at a time */
#define ROUNDS      8 /* in each it opens them anew */
#define MESSAGES    30
#define MESSAGE_MAX 40000u
#define KEYS        12

/* What the server keeps of a connection: no locks, no atomics. */
struct session {
	uint64_t bytes;
	unsigned worked_on, moves;
	const struct ix_runtime *last;
};

static _Atomic uint64_t moves, sessions, bytes_served;
static _Atomic unsigned overlaps;

static void received(struct ix_connection *connection)
{
	struct session *session = ix_connection_context(connection);
	uint8_t bytes[1000];
	size_t n;

	if (session->worked_on++)
		atomic_fetch_add(&overlaps, 1);
	session->moves += session->last && session->last != ix_connection_runtime(connection);
	session->last = ix_connection_runtime(connection);
	while ((n = ix_read(connection, bytes, sizeof(bytes))) > 0) {
		session->bytes += n;
		if (ix_write(connection, bytes, n)) {
			ix_abort(connection);
			break;
		}
	}
	session->worked_on--;
}

static void ended(struct ix_connection *connection)
{
	ix_close(connection);
}

static void closed(struct ix_connection *connection, int reason)
{
	struct session *session = ix_connection_context(connection);

	atomic_fetch_add(&moves, session->moves);
	atomic_fetch_add(&bytes_served, session->bytes);
	atomic_fetch_sub(&sessions, 1);
	free(session);
}

static const struct ix_handler handler = {.received = received, .ended = ended, .closed = closed};

static const struct ix_handler *knock(void *context, uint32_t ip, uint16_t port, void **connection_context)
{
	*connection_context = calloc(1, sizeof(struct session));
	atomic_fetch_add(&sessions, *connection_context != NULL);
	return *connection_context ? &handler : NULL;
}

static int start(struct ix_runtime *runtime, const struct ix_app_options *options, void **state,
		 struct ix_app_error *error)
{
	*state = NULL;
	return ix_listen(runtime, 0, knock, NULL);
}

static void stop(void *state)
{
}

static const struct ix_app app = {.name = "sessions", .start = start, .stop = stop};

struct client {
	pthread_t thread;
	uint16_t port;
	uint64_t random, echoed;
	unsigned number, wrong;
	uint8_t message[MESSAGE_MAX], reply[MESSAGE_MAX + 200];
};

static uint32_t below(struct client *client, uint32_t n)
{
	client->random ^= client->random << 13;
	client->random ^= client->random >> 7;
	client->random ^= client->random << 17;
	return (uint32_t)((client->random >> 32) * n >> 32);
}

static int dial(struct client *client)
{
	struct sockaddr_in peer = {
	    .sin_family = AF_INET, .sin_port = htons(client->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval bound = {30, 0};
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof(bound));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof(bound));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* requests are sent in pieces */
	client->wrong += fd < 0 || connect(fd, (struct sockaddr *)&peer, sizeof(peer)) != 0;
	return fd;
}

static void send_all(struct client *client, int fd, const void *bytes, size_t length)
{
	client->wrong += send(fd, bytes, length, MSG_NOSIGNAL) != (ssize_t)length;
}

static void expect(struct client *client, int fd, const void *bytes, size_t length)
{
	client->wrong += recv(fd, client->reply, length, MSG_WAITALL) != (ssize_t)length ||
			 memcmp(client->reply, bytes, length) != 0;
}

/* It ends after us, unless it is to be reset. */
static void hang_up(struct client *client, int fd, int reset)
{
	struct linger at_once = {.l_onoff = 1, .l_linger = 0};
	char byte;

	if (reset) {
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	} else {
		shutdown(fd, SHUT_WR);
		client->wrong += recv(fd, &byte, 1, 0) != 0;
	}
	close(fd);
}

static void *echo_client(void *argument)
{
	struct client *client = argument;
	int fd[CONNECTIONS];
	uint32_t length;

	for (uint32_t i = 0; i < MESSAGE_MAX; i++)
		client->message[i] = (uint8_t)below(client, 256);
	for (unsigned round = 0; round < ROUNDS && !client->wrong; round++) {
		for (unsigned i = 0; i < CONNECTIONS; i++)
			fd[i] = dial(client);
		for (unsigned m = 0; m < MESSAGES && !client->wrong; m++) {
			length = 1 + below(client, below(client, 4) ? 100 : MESSAGE_MAX);
			for (unsigned i = 0; i < CONNECTIONS; i++)
				send_all(client, fd[i], client->message, length);
			for (unsigned i = 0; i < CONNECTIONS; i++)
				expect(client, fd[i], client->message, length);
			client->echoed += (uint64_t)CONNECTIONS * length;
		}
		for (unsigned i = 0; i < CONNECTIONS; i++)
			hang_up(client, fd[i], below(client, 4) == 0);
	}
	return NULL;
}

/* One or two pieces of a value whose bytes follow from its key. */
static void set(struct client *client, int fd, unsigned key)
{
	uint32_t length = below(client, 2) ? 1 + below(client, 500) : MESSAGE_MAX;
	char line[64];
	int n = snprintf(line, sizeof(line), "set key%u 0 0 %u\r\n", key, length);

	send_all(client, fd, line, (size_t)n);
	memset(client->message, (int)key, length);
	send_all(client, fd, client->message, length);
	send_all(client, fd, "\r\n", 2);
	expect(client, fd, "STORED\r\n", 8);
}

/* A line of a reply, without its end. */
static void read_line(struct client *client, int fd, char *line, size_t size)
{
	size_t n = 0;

	while (n + 1 < size && recv(fd, &line[n], 1, MSG_WAITALL) == 1 && line[n] != '\n')
		n++;
	line[n ? n - 1 : 0] = 0;
}

static void get(struct client *client, int fd, unsigned key)
{
	char line[64], wanted[64];
	int n = snprintf(line, sizeof(line), "get key%u\r\n", key);
	unsigned long length;

	send_all(client, fd, line, (size_t)n);
	read_line(client, fd, line, sizeof(line));
	if (!strcmp(line, "END"))
		return;
	n = snprintf(wanted, sizeof(wanted), "VALUE key%u 0 ", key);
	length = strncmp(line, wanted, (size_t)n) == 0 ? strtoul(line + n, NULL, 10) : 0;
	if (!length || length > MESSAGE_MAX) {
		client->wrong++;
		return;
	}
	memset(client->message, (int)key, length);
	expect(client, fd, client->message, length);
	expect(client, fd, "\r\nEND\r\n", 7);
}

static void remove_key(struct client *client, int fd, unsigned key)
{
	char line[64];
	int n = snprintf(line, sizeof(line), "delete key%u\r\n", key);

	send_all(client, fd, line, (size_t)n);
	read_line(client, fd, line, sizeof(line));
	client->wrong += strcmp(line, "DELETED") != 0 && strcmp(line, "NOT_FOUND") != 0;
}

static void *kv_client(void *argument)
{
	struct client *client = argument;

	for (unsigned round = 0; round < ROUNDS && !client->wrong; round++) {
		int fd = dial(client);

		for (unsigned m = 0; m < 10 * MESSAGES && !client->wrong; m++) {
			unsigned key = 1 + below(client, KEYS), what = below(client, 10);

			if (what < 5)
				get(client, fd, key);
			else if (what < 9)
				set(client, fd, key);
			else
				remove_key(client, fd, key);
		}
		hang_up(client, fd, 0);
	}
	return NULL;
}

static void *serve(void *context)
{
	struct ix_app_error error;

	return host_run(context, &error) ? context : NULL;
}

/* All clients against the application on floating threads; what they sent and got back. */
static uint64_t run(const struct ix_app *application, void *(*body)(void *))
{
	static struct client client[CLIENTS];
	struct host_config config = {
	    .mode = HOST_FLOATING, .threads = THREADS, .address = INADDR_LOOPBACK, .app = application};
	struct ix_app_error error;
	struct host *host = host_create(&config, &error);
	uint64_t echoed = 0;
	pthread_t server;
	void *failed;
	char *text;

	assert_non_null(host);
	memset(client, 0, sizeof(client));
	assert_int_equal(pthread_create(&server, NULL, serve, host), 0);
	for (unsigned i = 0; i < CLIENTS; i++) {
		client[i].port = host_port(host);
		client[i].random = 88172645463325252u + i;
		assert_int_equal(pthread_create(&client[i].thread, NULL, body, &client[i]), 0);
	}
	for (unsigned i = 0; i < CLIENTS; i++) {
		pthread_join(client[i].thread, NULL);
		echoed += client[i].echoed;
	}
	host_stop(host);
	pthread_join(server, &failed);
	assert_null(failed);
	assert_int_equal(host_destroy(host, &text, &error), 0);
	for (unsigned i = 0; i < CLIENTS; i++)
		assert_int_equal(client[i].wrong, 0);
	return echoed;
}

static void test_sessions(void **state)
{
	uint64_t echoed = run(&app, echo_client);

	printf("%lu bytes echoed, connections changed threads %lu times\n", (unsigned long)echoed,
	       (unsigned long)atomic_load(&moves));
	assert_int_equal(atomic_load(&overlaps), 0);
	assert_true(atomic_load(&moves) > 0);
	assert_int_equal(atomic_load(&bytes_served), echoed);
	assert_int_equal(atomic_load(&sessions), 0);
}

static void test_kv(void **state)
{
	run(ix_app_find("kv"), kv_client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_sessions), cmocka_unit_test(test_kv)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

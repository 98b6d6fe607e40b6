/*
 * http: a server of one page, at / and /index.html, over connections that stay open. A large page is sent from where it
 * lies, without a copy.
 */
#include "impl/apps/app.h"
#include "impl/apps/http_parse.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAGE_MAX      (1u << 20)
#define PIECE_MAX     65520u /* what the library's memory gives at a time */
#define PIECES_MAX    ((PAGE_MAX + PIECE_MAX - 1) / PIECE_MAX)
#define ZERO_COPY_MIN 4096u
#define UNSENT_MAX    (1u << 20)

struct http {
	_Atomic uint64_t requests, refused;
	struct ix_runtime *runtime;
	uint8_t *piece[PIECES_MAX]; /* of the page, in the library's memory */
	uint32_t size;
	time_t date_s; /* of the text below */
	char date[32];
};

struct session {
	struct http *http;
	size_t length; /* of a head that is not complete */
	bool closing;
	uint8_t head[HTTP_HEAD_MAX];
};

static const char *date(struct http *http)
{
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	if (now.tv_sec != http->date_s) {
		http->date_s = now.tv_sec;
		gmtime_r(&now.tv_sec, &tm);
		strftime(http->date, sizeof(http->date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	}
	return http->date;
}

static int write_page(struct ix_connection *connection, const struct http *http)
{
	for (uint32_t done = 0, i = 0; done < http->size; i++) {
		uint32_t n = http->size - done < PIECE_MAX ? http->size - done : PIECE_MAX;
		int failed = n < ZERO_COPY_MIN ? ix_write(connection, http->piece[i], n)
					       : ix_write_zero_copy(connection, http->piece[i], n, NULL, NULL);

		if (failed)
			return -1;
		done += n;
	}
	return 0;
}

static int write_head(struct ix_connection *connection, struct http *http, const char *status, size_t length,
		      bool keep_alive)
{
	char head[256];
	int n = snprintf(
	    head, sizeof(head),
	    "HTTP/1.1 %s\r\nServer: ixlab\r\nDate: %s\r\nContent-Type: text/html\r\nContent-Length: %zu\r\n%s\r\n",
	    status, date(http), length, keep_alive ? "" : "Connection: close\r\n");

	return ix_write(connection, head, (size_t)n);
}

static int refuse(struct ix_connection *connection, struct session *session, const char *status, bool with_body,
		  bool keep_alive)
{
	struct http *http = session->http;
	char body[64];
	int n = snprintf(body, sizeof(body), "%s\n", status);

	atomic_fetch_add_explicit(&http->refused, 1, memory_order_relaxed);
	if (!keep_alive)
		session->closing = true;
	return write_head(connection, http, status, (size_t)n, keep_alive) ||
	       (with_body && ix_write(connection, body, (size_t)n));
}

static bool is_page(const struct http_request *request)
{
	return (request->path_length == 1 && request->path[0] == '/') ||
	       (request->path_length == 11 && !memcmp(request->path, "/index.html", 11));
}

static int serve(struct ix_connection *connection, struct session *session, const struct http_request *request)
{
	struct http *http = session->http;

	if (request->has_body) /* where the next request begins is not known */
		return refuse(connection, session, "400 Bad Request", true, false);
	if (request->method == HTTP_OTHER)
		return refuse(connection, session, "501 Not Implemented", true, request->keep_alive);
	if (!is_page(request))
		return refuse(connection, session, "404 Not Found", request->method == HTTP_GET, request->keep_alive);
	atomic_fetch_add_explicit(&http->requests, 1, memory_order_relaxed);
	session->closing = !request->keep_alive;
	if (write_head(connection, http, "200 OK", http->size, request->keep_alive))
		return -1;
	return request->method == HTTP_GET ? write_page(connection, http) : 0;
}

/* Serves the requests that are complete; the rest of the bytes is moved to the front. */
static int serve_all(struct ix_connection *connection, struct session *session)
{
	size_t used = 0;
	ptrdiff_t n = 0;

	while (!session->closing && used < session->length) {
		struct http_request request;

		n = http_parse(session->head + used, session->length - used, &request);
		if (n == 0)
			break;
		if (n < 0 ? refuse(connection, session, "400 Bad Request", true, false)
			  : serve(connection, session, &request))
			return -1;
		used += n < 0 ? session->length - used : (size_t)n;
	}
	session->length -= used;
	memmove(session->head, session->head + used, session->length);
	if (session->length == HTTP_HEAD_MAX && !session->closing)
		return refuse(connection, session, "431 Request Header Fields Too Large", true, false);
	return 0;
}

static void received(struct ix_connection *connection)
{
	struct session *session = ix_connection_context(connection);

	while (!session->closing && ix_connection_unsent(connection) < UNSENT_MAX) {
		size_t n = ix_read(connection, session->head + session->length, HTTP_HEAD_MAX - session->length);

		if (!n)
			return;
		session->length += n;
		if (serve_all(connection, session)) {
			ix_abort(connection);
			return;
		}
	}
	if (session->closing)
		ix_close(connection);
}

static void sent(struct ix_connection *connection, uint32_t bytes)
{
	if (ix_read_available(connection))
		received(connection);
}

static void opened(struct ix_connection *connection, int status)
{
	struct session *session = malloc(sizeof(*session));

	if (session) {
		session->http = ix_connection_context(connection);
		session->length = 0;
		session->closing = false;
	}
	ix_connection_set_context(connection, session);
	if (!session)
		ix_abort(connection);
}

static void ended(struct ix_connection *connection)
{
	ix_close(connection);
}

static void closed(struct ix_connection *connection, int reason)
{
	free(ix_connection_context(connection));
}

static const struct ix_handler handler = {opened, received, sent, ended, closed};

static const struct ix_handler *knock(void *context, uint32_t ip, uint16_t port, void **connection_context)
{
	*connection_context = context;
	return &handler;
}

/* A page of exactly @size bytes. */
static void make_page(char *page, size_t size)
{
	static const char start_text[] = "<!DOCTYPE html>\n<html><head><title>ixlab</title></head><body><pre>\n";
	static const char end_text[] = "\n</pre></body></html>\n";
	size_t head = sizeof(start_text) - 1, tail = sizeof(end_text) - 1;

	for (size_t i = 0; i < size; i++)
		page[i] = i % 64 == 63 ? '\n' : (char)('a' + i / 64 % 26);
	if (size < head + tail)
		return;
	memcpy(page, start_text, head);
	memcpy(page + size - tail, end_text, tail);
}

static int fail(struct ix_app_error *error, const char *key, const char *text)
{
	error->key = key;
	snprintf(error->text, sizeof(error->text), "%s", text);
	return -1;
}

/* The page of option `file`, or one of `size` bytes; at most PAGE_MAX bytes at @page. */
static int read_page(const struct ix_app_options *options, char *page, uint32_t *size, struct ix_app_error *error)
{
	const char *file = ix_app_option(options, "file");
	uint64_t bytes = 1024;
	FILE *in;

	if (ix_app_option_number(options, "size", 0, PAGE_MAX, &bytes, error))
		return -1;
	*size = (uint32_t)bytes;
	if (!file) {
		make_page(page, bytes);
		return 0;
	}
	if (ix_app_option(options, "size"))
		return fail(error, "size", "either size or file");
	in = fopen(file, "rb");
	if (!in)
		return fail(error, "file", "a file that can be read");
	*size = (uint32_t)fread(page, 1, PAGE_MAX, in);
	bytes = (uint64_t)(getc(in) != EOF || ferror(in));
	(void)fclose(in);
	return bytes ? fail(error, "file", "a file of at most 1048576 bytes that can be read") : 0;
}

static void give_pieces(struct http *http)
{
	for (uint32_t i = 0; i < PIECES_MAX; i++)
		ix_memory_give(http->runtime, http->piece[i]);
}

static int take_pieces(struct http *http, const char *page, struct ix_app_error *error)
{
	for (uint32_t done = 0, i = 0; done < http->size; i++) {
		uint32_t n = http->size - done < PIECE_MAX ? http->size - done : PIECE_MAX;

		http->piece[i] = ix_memory_take(http->runtime, n);
		if (!http->piece[i])
			return fail(error, "size", "the dataplane's memory is too small for the page");
		memcpy(http->piece[i], page + done, n);
		done += n;
	}
	return 0;
}

static int start(struct ix_runtime *runtime, const struct ix_app_options *options, void **state,
		 struct ix_app_error *error)
{
	static const char *const known[] = {"port", "size", "file", NULL};
	struct http *http = calloc(1, sizeof(*http));
	char *page = malloc(PAGE_MAX);
	int result = -1;

	if (!http || !page) {
		fail(error, NULL, "memory is short");
	} else {
		http->runtime = runtime;
		result = ix_app_options_known(options, known, error) || read_page(options, page, &http->size, error) ||
				 take_pieces(http, page, error)
			     ? -1
			     : 0;
		if (!result && ix_listen(runtime, 0, knock, http))
			result = fail(error, NULL, "memory is short");
		if (result)
			give_pieces(http);
	}
	free(page);
	if (result)
		free(http);
	else
		*state = http;
	return result;
}

static void stop(void *state)
{
	give_pieces(state);
	free(state);
}

static unsigned counters(const void *state, struct ix_app_counter *counter, unsigned max)
{
	const struct http *http = state;

	if (max < 2)
		return 0;
	counter[0] = (struct ix_app_counter){"requests", atomic_load(&http->requests)};
	counter[1] = (struct ix_app_counter){"refused", atomic_load(&http->refused)};
	return 2;
}

const struct ix_app ix_app_http = {
    .name = "http",
    .summary = "serves one page, at / and /index.html",
    .options = "port  1 .. 65535    80    where it listens\n"
	       "size  0 .. 1048576  1024  bytes of a page that is made up\n"
	       "file  path          none  the page, at most 1048576 bytes\n",
    .tcp_port = 80,
    .start = start,
    .stop = stop,
    .counters = counters,
};

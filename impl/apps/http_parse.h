/* The head of an HTTP/1.x request (RFC 9112), as far as a server of one page needs it. */
#ifndef IX_APPS_HTTP_PARSE_H
#define IX_APPS_HTTP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_HEAD_MAX 8192 /* bytes; longer ones are refused */

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_OTHER };

struct http_request {
	enum http_method method;
	const char *path; /* in the head; up to '?' */
	size_t path_length;
	bool keep_alive;
	bool has_body; /* which nobody here reads */
};

/*
 * Reads a head at @data: its bytes, the empty line included, or 0 when it is not complete, or -1 when it is no HTTP
 * request. Bytes are only looked at, and none behind @length.
 */
ptrdiff_t http_parse(const uint8_t *data, size_t length, struct http_request *request);

#endif

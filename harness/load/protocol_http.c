/* Gets of one page over connections that stay open. */
#include "harness/load/load.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PHASE_STATUS, PHASE_HEADER, PHASE_BODY };

static size_t http_request(struct load_client *client, struct load_request *request, uint8_t *out)
{
	return (size_t)snprintf((char *)out, 512, "GET %.400s HTTP/1.1\r\nHost: ixload\r\n\r\n",
				client->shared->config.path);
}

static ptrdiff_t header_line(struct load_connection *lc, bool *done)
{
	static const char length[] = "content-length:";

	if (lc->phase == PHASE_STATUS) {
		if (strncmp(lc->line, "HTTP/1.1 ", 9) != 0)
			return -1;
		if (strncmp(lc->line + 9, "200", 3) != 0)
			lc->client->errors++;
		lc->phase = PHASE_HEADER;
		lc->body = SIZE_MAX;
	} else if (!strncasecmp(lc->line, length, sizeof(length) - 1)) {
		lc->body = strtoul(lc->line + sizeof(length) - 1, NULL, 10);
	} else if (!lc->line[0]) {
		if (lc->body == SIZE_MAX)
			return -1; /* its end would be unknown */
		lc->phase = PHASE_BODY;
		lc->taken = 0;
		*done = lc->body == 0;
	}
	return 0;
}

static ptrdiff_t http_reply(struct load_connection *lc, const struct load_request *request, const uint8_t *data,
			    size_t length, bool *done)
{
	bool line;
	ptrdiff_t n;

	if (lc->phase == PHASE_BODY) {
		size_t left = lc->body - lc->taken;

		n = (ptrdiff_t)(left < length ? left : length);
		lc->taken += (size_t)n;
		*done = lc->taken == lc->body;
		return n;
	}
	n = load_line(lc, data, length, &line);
	if (n < 0 || (line && header_line(lc, done)))
		return -1;
	return n;
}

const struct load_protocol load_http = {"http", http_request, http_reply, NULL};

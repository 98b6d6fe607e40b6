#include "impl/apps/http_parse.h"
#include <string.h>
#include <strings.h>

struct text {
	const char *at;
	size_t length;
};

static bool is(struct text text, const char *word)
{
	return text.length == strlen(word) && !strncasecmp(text.at, word, text.length);
}

static struct text trim(struct text text)
{
	while (text.length && (*text.at == ' ' || *text.at == '\t')) {
		text.at++;
		text.length--;
	}
	while (text.length && (text.at[text.length - 1] == ' ' || text.at[text.length - 1] == '\t'))
		text.length--;
	return text;
}

/* Up to @separator, which *rest begins behind; all of it when there is none. */
static struct text cut(struct text *rest, char separator)
{
	const char *end = memchr(rest->at, separator, rest->length);
	struct text first = {rest->at, end ? (size_t)(end - rest->at) : rest->length};
	size_t used = first.length + (end != NULL);

	rest->at += used;
	rest->length -= used;
	return first;
}

/* A line without its end; -1: none is complete. */
static int next_line(struct text *rest, struct text *line)
{
	if (!memchr(rest->at, '\n', rest->length))
		return -1;
	*line = cut(rest, '\n');
	if (line->length && line->at[line->length - 1] == '\r')
		line->length--;
	return 0;
}

static bool token_byte(unsigned char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(struct text text)
{
	for (size_t i = 0; i < text.length; i++)
		if (!token_byte((unsigned char)text.at[i]))
			return false;
	return text.length > 0;
}

static bool printable(struct text text)
{
	for (size_t i = 0; i < text.length; i++)
		if ((unsigned char)text.at[i] <= ' ' || text.at[i] == 127)
			return false;
	return text.length > 0;
}

static int request_line(struct text line, struct http_request *request)
{
	struct text method = cut(&line, ' '), target = cut(&line, ' '), path;

	if (!is_token(method) || !printable(target) || line.length != 8 || memcmp(line.at, "HTTP/1.", 7) != 0 ||
	    line.at[7] < '0' || line.at[7] > '9')
		return -1;
	/* Methods are case-sensitive. */
	request->method = method.length == 3 && !memcmp(method.at, "GET", 3)    ? HTTP_GET
			  : method.length == 4 && !memcmp(method.at, "HEAD", 4) ? HTTP_HEAD
										: HTTP_OTHER;
	request->keep_alive = line.at[7] != '0';
	path = cut(&target, '?');
	request->path = path.at;
	request->path_length = path.length;
	return 0;
}

static int header_line(struct text line, struct http_request *request)
{
	struct text value = line, name = cut(&value, ':'), word;

	if (name.length == line.length || !is_token(name))
		return -1;
	if (is(name, "connection")) {
		while (value.length) {
			word = trim(cut(&value, ','));
			if (is(word, "close"))
				request->keep_alive = false;
			else if (is(word, "keep-alive"))
				request->keep_alive = true;
		}
	} else if (is(name, "transfer-encoding")) {
		request->has_body = true;
	} else if (is(name, "content-length")) {
		value = trim(value);
		for (size_t i = 0; i < value.length; i++)
			if (value.at[i] < '0' || value.at[i] > '9')
				return -1;
		if (!value.length)
			return -1;
		request->has_body = request->has_body || strspn(value.at, "0") < value.length;
	}
	return 0;
}

ptrdiff_t http_parse(const uint8_t *data, size_t length, struct http_request *request)
{
	struct text rest = {(const char *)data, length}, line;
	bool first = true;

	memset(request, 0, sizeof(*request));
	while (!next_line(&rest, &line)) {
		if (first && !line.length)
			continue; /* an empty line before a request is to be let pass */
		if (first ? request_line(line, request) : line.length && header_line(line, request))
			return -1;
		if (!line.length)
			return rest.at - (const char *)data;
		first = false;
	}
	return 0;
}

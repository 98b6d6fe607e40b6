/* memcached's text protocol. A line is read where it lies; tokens point into it. */
#include "impl/apps/kv_session.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKENS_MAX  8
#define COMMAND_MAX 2048u /* bytes of a line that is not a get */

static const char bad_line[] = "CLIENT_ERROR bad command line format\r\n";

struct token {
	const uint8_t *at;
	size_t length;
};

struct line {
	struct token token[TOKENS_MAX];
	unsigned count;     /* of tokens, up to TOKENS_MAX */
	const uint8_t *end; /* of the line */
};

static bool next_token(const uint8_t **at, const uint8_t *end, struct token *token)
{
	while (*at < end && **at == ' ')
		(*at)++;
	token->at = *at;
	while (*at < end && **at != ' ')
		(*at)++;
	token->length = (size_t)(*at - token->at);
	return token->length > 0;
}

static bool is(const struct token *token, const char *word)
{
	return token->length == strlen(word) && !memcmp(token->at, word, token->length);
}

static bool read_number(const struct token *token, uint64_t high, uint64_t *number)
{
	char text[32], *end;

	if (token->length == 0 || token->length >= sizeof(text) || token->at[0] < '0' || token->at[0] > '9')
		return false;
	memcpy(text, token->at, token->length);
	text[token->length] = 0;
	errno = 0;
	*number = strtoull(text, &end, 10);
	return !*end && !errno && *number <= high;
}

static bool read_signed(const struct token *token, int64_t *number)
{
	struct token digits = *token;
	bool negative = token->length && token->at[0] == '-';
	uint64_t size;

	digits.at += negative;
	digits.length -= negative;
	if (!read_number(&digits, INT64_MAX, &size))
		return false;
	*number = negative ? -(int64_t)size : (int64_t)size;
	return true;
}

static bool read_key(const struct token *token, struct kv_key *key)
{
	*key = (struct kv_key){token->at, (uint8_t)token->length};
	return token->length > 0 && token->length <= KV_KEY_MAX;
}

/* A reply, unless the command asked for none. */
static void reply(struct kv_session *session, const char *text)
{
	if (!session->quiet)
		kv_reply_text(session, text);
}

static void reply_status(struct kv_session *session, enum kv_status status, const char *ok)
{
	static const char *const text[] = {
	    [KV_NOT_FOUND] = "NOT_FOUND\r\n",
	    [KV_EXISTS] = "EXISTS\r\n",
	    [KV_NOT_STORED] = "NOT_STORED\r\n",
	    [KV_TOO_LARGE] = "SERVER_ERROR object too large for cache\r\n",
	    [KV_NO_MEMORY] = "SERVER_ERROR out of memory storing object\r\n",
	    [KV_NOT_A_NUMBER] = "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n",
	};

	reply(session, status == KV_OK ? ok : text[status]);
}

static void reply_item(struct kv_session *session, struct kv_item *item, bool with_cas)
{
	struct kv_key key = kv_item_key(item);
	char text[64];

	kv_reply(session, "VALUE ", 6);
	kv_reply(session, key.bytes, key.length);
	if (with_cas)
		snprintf(text, sizeof(text), " %u %u %" PRIu64 "\r\n", item->flags, item->length, item->cas);
	else
		snprintf(text, sizeof(text), " %u %u\r\n", item->flags, item->length);
	kv_reply_text(session, text);
	kv_reply_value(session, item);
	kv_reply(session, "\r\n", 2);
}

/* Keys from @at on; @expires_s, if not NULL, is their new expiry. */
static void get_all(struct kv_session *session, const uint8_t *at, const uint8_t *end, bool with_cas,
		    const int64_t *expires_s)
{
	const uint8_t *first = at;
	struct token token;
	struct kv_key key;

	while (next_token(&at, end, &token))
		if (!read_key(&token, &key)) { /* no part of a reply before an error */
			kv_reply_text(session, bad_line);
			return;
		}
	for (at = first; next_token(&at, end, &token);) {
		struct kv_item *item;

		read_key(&token, &key);
		item = expires_s ? kv_touch(session->store, key, *expires_s) : kv_get(session->store, key);
		if (!item)
			continue;
		reply_item(session, item, with_cas);
		kv_item_release(session->store, item);
	}
	kv_reply_text(session, "END\r\n");
}

static void command_get(struct kv_session *session, const struct line *line)
{
	if (line->count < 2)
		kv_reply_text(session, "ERROR\r\n");
	else
		get_all(session, line->token[1].at, line->end, is(&line->token[0], "gets"), NULL);
}

static void command_gat(struct kv_session *session, const struct line *line)
{
	int64_t expiry, expires_s;

	if (line->count < 3) {
		kv_reply_text(session, "ERROR\r\n");
	} else if (!read_signed(&line->token[1], &expiry)) {
		kv_reply_text(session, "CLIENT_ERROR invalid exptime argument\r\n");
	} else {
		expires_s = kv_expires_s(expiry);
		get_all(session, line->token[2].at, line->end, is(&line->token[0], "gats"), &expires_s);
	}
}

static bool find_mode(const struct token *token, enum kv_mode *mode)
{
	static const char *const name[] = {[KV_SET] = "set",       [KV_ADD] = "add",         [KV_REPLACE] = "replace",
					   [KV_APPEND] = "append", [KV_PREPEND] = "prepend", [KV_CAS] = "cas"};

	for (unsigned i = 0; i < sizeof(name) / sizeof(name[0]); i++)
		if (is(token, name[i])) {
			*mode = (enum kv_mode)i;
			return true;
		}
	return false;
}

/* What is to be thrown away: a value that was refused, and its end of line. */
static void skip(struct kv_session *session, uint64_t bytes)
{
	session->value = true;
	session->item = NULL;
	session->left = bytes;
}

static void command_store(struct kv_session *session, const struct line *line, enum kv_mode mode)
{
	const struct token *token = line->token;
	unsigned words = mode == KV_CAS ? 6 : 5;
	uint64_t flags, bytes;
	int64_t expiry;
	enum kv_status status;
	struct kv_key key;

	session->cas = 0;
	if (line->count < words || line->count > words + 1) {
		kv_reply_text(session, "ERROR\r\n");
		return;
	}
	session->quiet = line->count > words && is(&token[words], "noreply");
	if (!read_key(&token[1], &key) || !read_number(&token[2], UINT32_MAX, &flags) ||
	    !read_signed(&token[3], &expiry) || !read_number(&token[4], INT32_MAX - 2, &bytes) ||
	    (mode == KV_CAS && !read_number(&token[5], UINT64_MAX, &session->cas))) {
		reply(session, bad_line);
		return;
	}
	session->item = kv_item_create(session->store, session->runtime, key, (uint32_t)flags, kv_expires_s(expiry),
				       bytes > KV_VALUE_MAX ? UINT32_MAX : (uint32_t)bytes, &status);
	if (!session->item) {
		reply_status(session, status, "");
		if (mode == KV_SET) /* rather nothing than what was to be replaced */
			kv_delete(session->store, key, 0);
		skip(session, bytes + 2);
		return;
	}
	session->value = true;
	session->mode = mode;
	session->left = bytes;
	session->tail_length = 0;
}

void kv_ascii_value(struct kv_session *session)
{
	enum kv_status status;
	uint64_t cas;

	if (session->tail[0] != '\r' || session->tail[1] != '\n') {
		kv_item_release(session->store, session->item);
		reply(session, "CLIENT_ERROR bad data chunk\r\n");
		if (session->tail[1] != '\n') { /* the rest of the line is none of ours */
			session->item = NULL;
			kv_keep(session, (const uint8_t *)"!", 1);
		}
	} else {
		status = kv_put(session->store, session->runtime, session->mode, session->item, session->cas, &cas);
		reply_status(session, status, "STORED\r\n");
	}
	session->item = NULL;
}

static void command_delete(struct kv_session *session, const struct line *line)
{
	struct kv_key key;
	bool noreply = line->count > 2 && is(&line->token[line->count - 1], "noreply");
	unsigned words = line->count - noreply;

	session->quiet = noreply;
	if (words > 3 || (words == 3 && !is(&line->token[2], "0")))
		reply(session, "CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]\r\n");
	else if (words < 2)
		kv_reply_text(session, "ERROR\r\n");
	else if (!read_key(&line->token[1], &key))
		reply(session, bad_line);
	else
		reply_status(session, kv_delete(session->store, key, 0), "DELETED\r\n");
}

static void command_number(struct kv_session *session, const struct line *line)
{
	uint64_t delta, value, cas;
	enum kv_status status;
	struct kv_key key;
	char text[32];

	if (line->count < 3 || line->count > 4) {
		kv_reply_text(session, "ERROR\r\n");
		return;
	}
	session->quiet = line->count > 3 && is(&line->token[3], "noreply");
	if (!read_key(&line->token[1], &key)) {
		reply(session, bad_line);
	} else if (!read_number(&line->token[2], UINT64_MAX, &delta)) {
		reply(session, "CLIENT_ERROR invalid numeric delta argument\r\n");
	} else {
		status = kv_add_number(session->store, session->runtime, key, is(&line->token[0], "decr"), delta, 0,
				       &value, &cas);
		snprintf(text, sizeof(text), "%" PRIu64 "\r\n", value);
		reply_status(session, status, text);
	}
}

static void command_touch(struct kv_session *session, const struct line *line)
{
	struct kv_item *item;
	struct kv_key key;
	int64_t expiry;

	if (line->count < 3 || line->count > 4) {
		kv_reply_text(session, "ERROR\r\n");
		return;
	}
	session->quiet = line->count > 3 && is(&line->token[3], "noreply");
	if (!read_key(&line->token[1], &key)) {
		reply(session, bad_line);
	} else if (!read_signed(&line->token[2], &expiry)) {
		reply(session, "CLIENT_ERROR invalid exptime argument\r\n");
	} else {
		item = kv_touch(session->store, key, kv_expires_s(expiry));
		reply_status(session, item ? KV_OK : KV_NOT_FOUND, "TOUCHED\r\n");
		if (item)
			kv_item_release(session->store, item);
	}
}

static void command_flush(struct kv_session *session, const struct line *line)
{
	bool noreply = line->count > 1 && is(&line->token[line->count - 1], "noreply");
	int64_t delay_s = 0;

	session->quiet = noreply;
	if (line->count - noreply > 2) {
		kv_reply_text(session, "ERROR\r\n");
	} else if (line->count - noreply == 2 && !read_signed(&line->token[1], &delay_s)) {
		reply(session, "CLIENT_ERROR invalid exptime argument\r\n");
	} else {
		session->store->flushes++;
		kv_flush(session->store, delay_s);
		reply(session, "OK\r\n");
	}
}

static void emit_stat(struct kv_session *session, const char *name, const char *value)
{
	kv_reply_text(session, "STAT ");
	kv_reply_text(session, name);
	kv_reply_text(session, " ");
	kv_reply_text(session, value);
	kv_reply_text(session, "\r\n");
}

static void command_stats(struct kv_session *session, const struct line *line)
{
	struct token kind = line->count > 1 ? line->token[1] : (struct token){NULL, 0};

	if (line->count > 1) /* "detail on" is one kind */
		kind.length = (size_t)(line->end - kind.at);
	if (kv_stats(session, kind.at, kind.length, emit_stat))
		kv_reply_text(session, "ERROR\r\n");
	else
		kv_reply_text(session, line->count > 1 && is(&kind, "reset") ? "RESET\r\n" : "END\r\n");
}

static void command_verbosity(struct kv_session *session, const struct line *line)
{
	bool noreply = line->count > 1 && is(&line->token[line->count - 1], "noreply");
	uint64_t level;

	session->quiet = noreply;
	if (line->count < 2 || line->count > 3)
		kv_reply_text(session, "ERROR\r\n");
	else if (line->count - noreply > 1 && !read_number(&line->token[1], UINT32_MAX, &level))
		reply(session, bad_line);
	else
		reply(session, "OK\r\n"); /* there is no log whose length it could set */
}

static bool is_http(const struct line *line)
{
	const struct token *last = &line->token[line->count - 1];

	return line->count >= 2 && last->length == 8 && !memcmp(last->at, "HTTP/1.", 7);
}

static void command(struct kv_session *session, const struct line *line)
{
	const struct token *name = &line->token[0];
	enum kv_mode mode;

	session->quiet = false;
	if (line->count == 0) {
		kv_reply_text(session, "ERROR\r\n");
		return;
	}
	if (is(name, "get") || is(name, "gets"))
		command_get(session, line);
	else if (find_mode(name, &mode))
		command_store(session, line, mode);
	else if (is(name, "gat") || is(name, "gats"))
		command_gat(session, line);
	else if (is(name, "delete"))
		command_delete(session, line);
	else if (is(name, "incr") || is(name, "decr"))
		command_number(session, line);
	else if (is(name, "touch"))
		command_touch(session, line);
	else if (is(name, "flush_all"))
		command_flush(session, line);
	else if (is(name, "stats"))
		command_stats(session, line);
	else if (is(name, "version"))
		kv_reply_text(session, "VERSION " KV_VERSION "\r\n");
	else if (is(name, "verbosity"))
		command_verbosity(session, line);
	else if (is(name, "quit") || is_http(line)) /* a browser may have been talked into sending commands */
		session->quit = true;
	else
		kv_reply_text(session, "ERROR\r\n");
}

static void run_line(struct kv_session *session, const uint8_t *at, size_t length)
{
	struct line line = {.end = at + length};

	if (length && at[length - 1] == '\r')
		line.end--;
	while (line.count < TOKENS_MAX && next_token(&at, line.end, &line.token[line.count]))
		line.count++;
	command(session, &line);
}

/* A line that does not end. */
static bool too_long(const struct kv_session *session)
{
	const uint8_t *p = session->partial;
	bool get = session->partial_length > 4 && (!memcmp(p, "get ", 4) || !memcmp(p, "gets", 4));

	return session->partial_length > (get ? KV_LINE_MAX : COMMAND_MAX);
}

size_t kv_ascii_command(struct kv_session *session, const uint8_t *data, size_t length)
{
	const uint8_t *newline = memchr(data, '\n', length);
	size_t n = newline ? (size_t)(newline - data) : length;

	if (newline && !session->partial_length) {
		run_line(session, data, n);
		return n + 1;
	}
	if (kv_keep(session, data, n))
		return length;
	if (too_long(session)) {
		kv_reply_text(session, "CLIENT_ERROR line too long\r\n");
		session->quit = true;
		return length;
	}
	if (!newline)
		return n;
	length = session->partial_length;
	session->partial_length = 0;
	run_line(session, session->partial, length);
	return n + 1;
}

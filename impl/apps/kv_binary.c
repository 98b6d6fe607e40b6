/* memcached's binary protocol: a header of 24 bytes, extras, key, value; numbers big-endian. */
#include "impl/apps/kv_session.h"
#include <stdio.h>
#include <string.h>

#define HEADER 24u

enum opcode {
	GET = 0x00,
	SET,
	ADD,
	REPLACE,
	DELETE,
	INCREMENT,
	DECREMENT,
	QUIT,
	FLUSH,
	GETQ,
	NOOP,
	VERSION,
	GETK,
	GETKQ,
	APPEND,
	PREPEND,
	STAT,
	SETQ,
	ADDQ,
	REPLACEQ,
	DELETEQ,
	INCREMENTQ,
	DECREMENTQ,
	QUITQ,
	FLUSHQ,
	APPENDQ,
	PREPENDQ,
	VERBOSITY,
	TOUCH,
	GAT,
	GATQ,
	GATK = 0x23,
	GATKQ = 0x24
};

enum status {
	OK = 0x00,
	NOT_FOUND = 0x01,
	EXISTS = 0x02,
	TOO_LARGE = 0x03,
	INVALID = 0x04,
	NOT_STORED = 0x05,
	NOT_A_NUMBER = 0x06,
	UNKNOWN = 0x81,
	NO_MEMORY = 0x82
};

struct request {
	uint8_t opcode, base; /* base: without its being quiet */
	bool quiet;
	uint8_t extras_length;
	const uint8_t *extras;
	struct kv_key key;
	uint32_t opaque, value_length;
	uint64_t cas;
};

static uint64_t get(const uint8_t *at, unsigned bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | *at++;
	return value;
}

static void put(uint8_t *at, uint64_t value, unsigned bytes)
{
	while (bytes--) {
		at[bytes] = (uint8_t)value;
		value >>= 8;
	}
}

static void head(struct kv_session *session, uint8_t opcode, uint32_t opaque, enum status status, uint32_t extras,
		 uint32_t key, uint64_t value, uint64_t cas)
{
	uint8_t header[HEADER] = {0x81, opcode};

	put(header + 2, key, 2);
	put(header + 4, extras, 1);
	put(header + 6, status, 2);
	put(header + 8, extras + key + value, 4);
	put(header + 12, opaque, 4);
	put(header + 16, cas, 8);
	kv_reply(session, header, HEADER);
}

static void fail(struct kv_session *session, uint8_t opcode, uint32_t opaque, enum status status)
{
	const char *text = status == NOT_FOUND      ? "Not found"
			   : status == EXISTS       ? "Data exists for key."
			   : status == TOO_LARGE    ? "Too large."
			   : status == INVALID      ? "Invalid arguments"
			   : status == NOT_STORED   ? "Not stored."
			   : status == NOT_A_NUMBER ? "Non-numeric server-side value for incr or decr"
			   : status == UNKNOWN      ? "Unknown command"
						    : "Out of memory";

	head(session, opcode, opaque, status, 0, 0, strlen(text), 0);
	kv_reply_text(session, text);
}

static enum status status_of(enum kv_status status)
{
	static const enum status table[] = {[KV_OK] = OK,
					    [KV_NOT_FOUND] = NOT_FOUND,
					    [KV_EXISTS] = EXISTS,
					    [KV_NOT_STORED] = NOT_STORED,
					    [KV_TOO_LARGE] = TOO_LARGE,
					    [KV_NO_MEMORY] = NO_MEMORY,
					    [KV_NOT_A_NUMBER] = NOT_A_NUMBER};

	return table[status];
}

static void done(struct kv_session *session, const struct request *request, uint64_t cas)
{
	if (!request->quiet)
		head(session, request->opcode, request->opaque, OK, 0, 0, 0, cas);
}

/* GET, GAT and TOUCH, which differ in what they change and in what they say. */
static void run_get(struct kv_session *session, const struct request *request)
{
	bool touching = request->base == TOUCH || request->base == GAT || request->base == GATK;
	bool with_key = request->base == GETK || request->base == GATK, with_value = request->base != TOUCH;
	uint8_t flags[4];
	struct kv_item *item;

	if (touching)
		item = kv_touch(session->store, request->key, kv_expires_s((int64_t)get(request->extras, 4)));
	else
		item = kv_get(session->store, request->key);
	if (item) {
		put(flags, item->flags, 4);
		head(session, request->opcode, request->opaque, OK, 4, with_key ? request->key.length : 0,
		     with_value ? item->length : 0, item->cas);
		kv_reply(session, flags, 4);
		if (with_key)
			kv_reply(session, request->key.bytes, request->key.length);
		if (with_value)
			kv_reply_value(session, item);
		kv_item_release(session->store, item);
	} else if (request->quiet) {
		return;
	} else if (with_key) {
		head(session, request->opcode, request->opaque, NOT_FOUND, 0, request->key.length, 0, 0);
		kv_reply(session, request->key.bytes, request->key.length);
	} else {
		fail(session, request->opcode, request->opaque, NOT_FOUND);
	}
}

/* An item is made for the value, which follows; returns the bytes of it that are to come. */
static void run_store(struct kv_session *session, const struct request *request)
{
	static const enum kv_mode mode[] = {
	    [SET] = KV_SET, [ADD] = KV_ADD, [REPLACE] = KV_REPLACE, [APPEND] = KV_APPEND, [PREPEND] = KV_PREPEND};
	bool extras = request->extras_length == 8;
	uint32_t flags = extras ? (uint32_t)get(request->extras, 4) : 0;
	int64_t expires_s = extras ? kv_expires_s((int32_t)get(request->extras + 4, 4)) : 0;
	enum kv_status status;

	session->mode = mode[request->base];
	session->cas = request->cas;
	session->quiet = request->quiet;
	session->opcode = request->opcode;
	session->opaque = request->opaque;
	session->item = kv_item_create(session->store, session->runtime, request->key, flags, expires_s,
				       request->value_length, &status);
	session->value = true;
	session->left = request->value_length;
	if (session->item)
		return;
	fail(session, request->opcode, request->opaque, status_of(status));
	if (session->mode == KV_SET)
		kv_delete(session->store, request->key, 0);
}

void kv_binary_value(struct kv_session *session)
{
	enum kv_mode mode = session->mode;
	enum kv_status status;
	uint64_t cas = 0;

	status = kv_put(session->store, session->runtime, mode, session->item, session->cas, &cas);
	session->item = NULL;
	if (status == KV_NOT_STORED && mode == KV_ADD)
		status = KV_EXISTS;
	else if (status == KV_NOT_STORED && mode == KV_REPLACE)
		status = KV_NOT_FOUND;
	if (status != KV_OK)
		fail(session, session->opcode, session->opaque, status_of(status));
	else if (!session->quiet)
		head(session, session->opcode, session->opaque, OK, 0, 0, 0, cas);
}

static void run_delete(struct kv_session *session, const struct request *request)
{
	enum kv_status status = kv_delete(session->store, request->key, request->cas);

	if (status == KV_OK)
		done(session, request, 0);
	else
		fail(session, request->opcode, request->opaque, status_of(status));
}

/* There is no number yet: the client's first. KV_NOT_STORED: another client has been faster. */
static enum kv_status first_number(struct kv_session *session, const struct request *request, uint64_t value,
				   uint64_t *cas)
{
	enum kv_status status;
	struct kv_item *item;
	char text[24];
	uint32_t n = (uint32_t)snprintf(text, sizeof(text), "%llu", (unsigned long long)value);

	item = kv_item_create(session->store, session->runtime, request->key, 0,
			      kv_expires_s((int64_t)get(request->extras + 16, 4)), n, &status);
	if (!item)
		return status;
	kv_item_write(item, 0, (const uint8_t *)text, n);
	return kv_put(session->store, session->runtime, KV_ADD, item, 0, cas);
}

static void run_number(struct kv_session *session, const struct request *request)
{
	uint64_t delta = get(request->extras, 8), initial = get(request->extras + 8, 8), value = 0, cas = 0;
	bool create = get(request->extras + 16, 4) != UINT32_MAX;
	enum kv_status status;
	uint8_t number[8];

	do {
		status = kv_add_number(session->store, session->runtime, request->key, request->base == DECREMENT,
				       delta, request->cas, &value, &cas);
		if (status == KV_NOT_FOUND && create) {
			value = initial;
			status = first_number(session, request, value, &cas);
		}
	} while (status == KV_NOT_STORED);
	if (status != KV_OK) {
		fail(session, request->opcode, request->opaque, status_of(status));
	} else if (!request->quiet) {
		put(number, value, 8);
		head(session, request->opcode, request->opaque, OK, 0, 0, 8, cas);
		kv_reply(session, number, 8);
	}
}

static void emit_stat(struct kv_session *session, const char *name, const char *value)
{
	head(session, STAT, session->opaque, OK, 0, (uint32_t)strlen(name), strlen(value), 0);
	kv_reply_text(session, name);
	kv_reply_text(session, value);
}

static void run_stat(struct kv_session *session, const struct request *request)
{
	session->opaque = request->opaque;
	if (kv_stats(session, request->key.bytes, request->key.length, emit_stat))
		fail(session, request->opcode, request->opaque, NOT_FOUND);
	else
		head(session, request->opcode, request->opaque, OK, 0, 0, 0, 0);
}

static void run_flush(struct kv_session *session, const struct request *request)
{
	session->store->flushes++;
	kv_flush(session->store, request->extras_length ? (int64_t)get(request->extras, 4) : 0);
	done(session, request, 0);
}

static void run(struct kv_session *session, const struct request *request)
{
	switch (request->base) {
	case GET:
	case GETK:
	case GAT:
	case GATK:
	case TOUCH:
		run_get(session, request);
		break;
	case SET:
	case ADD:
	case REPLACE:
	case APPEND:
	case PREPEND:
		run_store(session, request);
		break;
	case DELETE:
		run_delete(session, request);
		break;
	case INCREMENT:
	case DECREMENT:
		run_number(session, request);
		break;
	case QUIT:
		done(session, request, 0);
		session->quit = true;
		break;
	case FLUSH:
		run_flush(session, request);
		break;
	case NOOP:
	case VERBOSITY:
		done(session, request, 0);
		break;
	case VERSION:
		head(session, request->opcode, request->opaque, OK, 0, 0, strlen(KV_VERSION), 0);
		kv_reply_text(session, KV_VERSION);
		break;
	default: /* STAT */
		run_stat(session, request);
	}
}

/* What the opcode is without its being quiet, and how its request must look: 0, or -1 for one that is not known. */
static int describe(uint8_t opcode, uint8_t *base, bool *quiet, const char **shape)
{
	/* Two of: extras (0, 4, 8, 20, or f: 0 or 4), key (k: needed, -: none, ?: may be), value (v: may be, -: none). */
	static const struct {
		uint8_t opcode, quiet;
		const char *shape;
	} table[] = {{GET, GETQ, "0k-"},
		     {SET, SETQ, "8kv"},
		     {ADD, ADDQ, "8kv"},
		     {REPLACE, REPLACEQ, "8kv"},
		     {DELETE, DELETEQ, "0k-"},
		     {INCREMENT, INCREMENTQ, "2k-"},
		     {DECREMENT, DECREMENTQ, "2k-"},
		     {QUIT, QUITQ, "0--"},
		     {FLUSH, FLUSHQ, "f--"},
		     {NOOP, NOOP, "0--"},
		     {VERSION, VERSION, "0--"},
		     {GETK, GETKQ, "0k-"},
		     {APPEND, APPENDQ, "0kv"},
		     {PREPEND, PREPENDQ, "0kv"},
		     {STAT, STAT, "0?-"},
		     {VERBOSITY, VERBOSITY, "4--"},
		     {TOUCH, TOUCH, "4k-"},
		     {GAT, GATQ, "4k-"},
		     {GATK, GATKQ, "4k-"}};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (opcode == table[i].opcode || opcode == table[i].quiet) {
			*base = table[i].opcode;
			*quiet = opcode != table[i].opcode;
			*shape = table[i].shape;
			return 0;
		}
	return -1;
}

static bool fits(const char *shape, uint8_t extras, uint16_t key, uint32_t value)
{
	bool extras_fit = shape[0] == 'f'   ? extras == 0 || extras == 4
			  : shape[0] == '2' ? extras == 20
					    : extras == shape[0] - '0';

	return extras_fit && key <= KV_KEY_MAX && (shape[1] == '?' || (key > 0) == (shape[1] == 'k')) &&
	       (shape[2] == 'v' || value == 0);
}

/* Says no, and throws away what belongs to the request. */
static void refuse(struct kv_session *session, const uint8_t *header, enum status status)
{
	fail(session, header[1], (uint32_t)get(header + 12, 4), status);
	session->partial_length = 0;
	session->value = true;
	session->item = NULL;
	session->left = get(header + 8, 4);
	session->quit = status == INVALID; /* who writes such requests may not know where they end */
}

/* The header is there: how many bytes the command has without its value; 0: it was refused. */
static size_t command_length(struct kv_session *session, const uint8_t *header, struct request *request)
{
	uint16_t key = (uint16_t)get(header + 2, 2);
	uint32_t body = (uint32_t)get(header + 8, 4);
	const char *shape;

	*request = (struct request){.opcode = header[1],
				    .extras_length = header[4],
				    .opaque = (uint32_t)get(header + 12, 4),
				    .cas = get(header + 16, 8)};
	if (header[0] != 0x80) {
		session->quit = true;
		return 0;
	}
	if (describe(header[1], &request->base, &request->quiet, &shape)) {
		refuse(session, header, UNKNOWN);
		return 0;
	}
	if (body < header[4] + (uint32_t)key || !fits(shape, header[4], key, body - header[4] - key)) {
		refuse(session, header, INVALID);
		return 0;
	}
	request->key.length = (uint8_t)key;
	request->value_length = body - header[4] - key;
	return HEADER + header[4] + key;
}

size_t kv_binary_command(struct kv_session *session, const uint8_t *data, size_t length)
{
	size_t had = session->partial_length, n;
	const uint8_t *command = data;
	struct request request;
	size_t need;

	if (had + length < HEADER) {
		kv_keep(session, data, length);
		return length;
	}
	if (had) {
		n = had < HEADER ? HEADER - had : 0;
		if (kv_keep(session, data, n))
			return length;
		command = session->partial;
	} else {
		n = 0;
	}
	need = command_length(session, command, &request);
	if (!need)
		return had ? n : HEADER;
	if (had + length < need) {
		kv_keep(session, data + n, length - n);
		return length;
	}
	if (had) {
		size_t more = need - session->partial_length;

		if (kv_keep(session, data + n, more))
			return length;
		command = session->partial;
		n += more;
		session->partial_length = 0;
	} else {
		n = need;
	}
	request.extras = command + HEADER;
	request.key.bytes = command + HEADER + request.extras_length;
	run(session, &request);
	return n;
}

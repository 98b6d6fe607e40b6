#include "impl/apps/kv_session.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEEP_MIN 256u

int kv_keep(struct kv_session *session, const uint8_t *data, size_t length)
{
	size_t need = session->partial_length + length;

	if (need > session->partial_capacity) {
		size_t capacity = need < KEEP_MIN ? KEEP_MIN : 2 * need;
		uint8_t *partial = realloc(session->partial, capacity);

		if (!partial) {
			session->failed = true;
			return -1;
		}
		session->partial = partial;
		session->partial_capacity = (uint32_t)capacity;
	}
	memcpy(session->partial + session->partial_length, data, length);
	session->partial_length += (uint32_t)length;
	return 0;
}

/* Bytes of a value, then the end of its line; or bytes to throw away. */
static size_t take_value(struct kv_session *session, const uint8_t *data, size_t length)
{
	size_t n = session->left < length ? (size_t)session->left : length;

	if (session->item && n)
		kv_item_write(session->item, (uint32_t)(session->item->length - session->left), data, (uint32_t)n);
	session->left -= n;
	if (session->left)
		return n;
	if (session->protocol == KV_ASCII && session->item) {
		while (session->tail_length < 2 && n < length)
			session->tail[session->tail_length++] = data[n++];
		if (session->tail_length < 2)
			return n;
	}
	session->value = false;
	if (session->item && session->protocol == KV_ASCII)
		kv_ascii_value(session);
	else if (session->item)
		kv_binary_value(session);
	return n;
}

int kv_feed(struct kv_session *session, const uint8_t *data, size_t length)
{
	/* A value of no bytes is complete without any more of them. */
	while (!session->quit && !session->failed &&
	       (length || (session->value && !session->left && session->protocol == KV_BINARY))) {
		size_t n;

		if (session->protocol == KV_UNKNOWN)
			session->protocol = data[0] == 0x80 ? KV_BINARY : KV_ASCII;
		if (session->value)
			n = take_value(session, data, length);
		else if (session->protocol == KV_BINARY)
			n = kv_binary_command(session, data, length);
		else
			n = kv_ascii_command(session, data, length);
		data += n;
		length -= n;
	}
	return session->quit || session->failed;
}

void kv_reply_flush(struct kv_session *session)
{
	struct kv_output *output = session->output;

	if (output->used && !session->failed && ix_write(session->connection, output->bytes, output->used))
		session->failed = true;
	output->used = 0;
}

void kv_reply(struct kv_session *session, const void *data, size_t length)
{
	const uint8_t *from = data;

	while (length) {
		struct kv_output *output = session->output;
		size_t n = KV_OUTPUT - output->used;

		if (n > length)
			n = length;
		memcpy(output->bytes + output->used, from, n);
		output->used += (uint32_t)n;
		from += n;
		length -= n;
		if (output->used == KV_OUTPUT)
			kv_reply_flush(session);
	}
}

void kv_reply_text(struct kv_session *session, const char *text)
{
	kv_reply(session, text, strlen(text));
}

/* What a reply without a copy holds until it has been sent. */
struct sending {
	struct kv_store *store;
	struct kv_item *item;
};

static void sent(void *context, int sent_all)
{
	struct sending *sending = context;

	kv_item_release(sending->store, sending->item);
	free(sending);
}

static int send_piece(struct kv_session *session, struct kv_item *item, const uint8_t *data, uint32_t length)
{
	struct sending *sending = malloc(sizeof(*sending));

	if (!sending)
		return -1;
	*sending = (struct sending){session->store, item};
	kv_item_hold(item);
	if (!ix_write_zero_copy(session->connection, data, length, sent, sending))
		return 0;
	kv_item_release(session->store, item);
	free(sending);
	return -1;
}

void kv_reply_value(struct kv_session *session, struct kv_item *item)
{
	if (item->pieces)
		kv_reply_flush(session);
	for (uint32_t done = 0; done < item->length && !session->failed;) {
		uint32_t n;
		const uint8_t *data = kv_item_span(item, done, &n);

		if (!item->pieces)
			kv_reply(session, data, n);
		else if (send_piece(session, item, data, n))
			session->failed = true;
		done += n;
	}
}

static void emit_number(struct kv_session *session, kv_emit emit, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	emit(session, name, text);
}

static void stats_general(struct kv_session *session, kv_emit emit)
{
	struct kv_store *store = session->store;
	uint64_t count[KV_COUNTS];

	kv_counts(store, count);
	emit_number(session, emit, "pid", (uint64_t)getpid());
	emit_number(session, emit, "uptime", (uint64_t)(kv_now_s() - store->start_s));
	emit_number(session, emit, "time", (uint64_t)kv_now_s());
	emit(session, "version", KV_VERSION);
	emit_number(session, emit, "pointer_size", 8 * sizeof(void *));
	emit_number(session, emit, "curr_connections", store->connections);
	emit_number(session, emit, "total_connections", store->total_connections);
	emit_number(session, emit, "cmd_get", count[KV_GET_HITS] + count[KV_GET_MISSES]);
	emit_number(session, emit, "cmd_flush", store->flushes);
	emit_number(session, emit, "cmd_touch", count[KV_TOUCH_HITS] + count[KV_TOUCH_MISSES]);
	for (unsigned i = 0; i < KV_COUNTS; i++)
		emit_number(session, emit, kv_count_name[i], count[i]);
	emit_number(session, emit, "bytes", store->bytes);
	emit_number(session, emit, "limit_maxbytes", store->limit_bytes);
	emit_number(session, emit, "threads", store->threads);
}

int kv_stats(struct kv_session *session, const uint8_t *kind, size_t length, kv_emit emit)
{
	struct kv_store *store = session->store;

	if (length == 0) {
		stats_general(session, emit);
	} else if (length == 8 && !memcmp(kind, "settings", 8)) {
		emit_number(session, emit, "maxbytes", store->limit_bytes);
		emit_number(session, emit, "item_size_max", KV_VALUE_MAX);
		emit_number(session, emit, "num_threads", store->threads);
		emit(session, "evictions", "on");
		emit(session, "cas_enabled", "yes");
		emit(session, "flush_enabled", "yes");
	} else if (length == 5 && !memcmp(kind, "reset", 5)) {
		kv_counts_reset(store);
		store->flushes = 0;
	} else if (!(length == 5 && (!memcmp(kind, "items", 5) || !memcmp(kind, "slabs", 5))) &&
		   !(length > 7 && !memcmp(kind, "detail ", 7))) {
		return -1; /* there are no slab classes and no prefixes here: nothing to tell of these */
	}
	return 0;
}

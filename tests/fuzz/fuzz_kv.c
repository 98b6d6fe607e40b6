/*
 * kv's protocols on any bytes: the first says how they are cut into pieces, the rest comes from the client. The same bytes,
 * cut otherwise, must change the store in the same way.
 */
#include "impl/apps/kv_internal.h"
#include "impl/apps/kv_session.h"
#include "tests/fuzz/fake_libix.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run(const uint8_t *data, size_t size, size_t piece, uint64_t count[KV_COUNTS])
{
	struct kv_store *store = kv_store_create(1 << 20, 64);
	struct kv_session session = {.store = store};
	struct kv_output output;

	if (!store)
		return;
	output.used = 0;
	session.output = &output;
	for (size_t at = 0; at < size; at += piece) {
		size_t n = size - at < piece ? size - at : piece;
		/* A copy of its own: what is read behind its end shows. */
		uint8_t *bytes = malloc(n);

		memcpy(bytes, data + at, n);
		if (kv_feed(&session, bytes, n))
			at = size;
		free(bytes);
	}
	kv_reply_flush(&session);
	fake_libix_sent();
	if (session.item)
		kv_item_release(store, session.item);
	free(session.partial);
	kv_counts(store, count);
	kv_flush(store, 0);
	kv_collect(store, NULL);
	if (store->bytes)
		abort(); /* an item is lost */
	kv_store_destroy(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t whole[KV_COUNTS] = {0}, cut[KV_COUNTS] = {0};

	if (size < 2 || size > 4096)
		return 0;
	run(data + 1, size - 1, size, whole);
	run(data + 1, size - 1, 1 + data[0] % 32, cut);
	/* A line that is too long is refused as soon as that shows. */
	if (!memchr(data + 1, '\n', size - 1) || size > 2048)
		return 0;
	if (whole[KV_SETS] != cut[KV_SETS] || whole[KV_DELETE_HITS] != cut[KV_DELETE_HITS] ||
	    whole[KV_TOTAL_ITEMS] != cut[KV_TOTAL_ITEMS])
		abort();
	return 0;
}

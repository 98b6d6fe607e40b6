/* Memory of items. */
#include "impl/apps/kv_internal.h"
#include <stdlib.h>
#include <string.h>

#define EVICTIONS_MAX 1000 /* for one allocation */

static size_t item_size(uint32_t pieces, uint8_t key_length, uint32_t length)
{
	return sizeof(struct kv_item) + pieces * sizeof(uint8_t *) + key_length + (pieces ? 0 : length);
}

/* What the memory limit counts. */
static uint64_t charge(const struct kv_item *item)
{
	return sizeof(*item) + item->pieces * sizeof(uint8_t *) + item->key_length + item->length;
}

struct kv_key kv_item_key(const struct kv_item *item)
{
	return (struct kv_key){(const uint8_t *)&item->piece[item->pieces], item->key_length};
}

static uint32_t piece_length(const struct kv_item *item, uint32_t i)
{
	uint32_t left = item->length - i * KV_PIECE;

	return left < KV_PIECE ? left : KV_PIECE;
}

uint8_t *kv_item_span(const struct kv_item *item, uint32_t offset, uint32_t *length)
{
	uint32_t i = offset / KV_PIECE;

	if (!item->pieces) {
		*length = item->length - offset;
		return (uint8_t *)&item->piece[0] + item->key_length + offset;
	}
	*length = piece_length(item, i) - offset % KV_PIECE;
	return item->piece[i] + offset % KV_PIECE;
}

void kv_item_write(struct kv_item *item, uint32_t offset, const uint8_t *data, uint32_t length)
{
	while (length) {
		uint32_t room;
		uint8_t *to = kv_item_span(item, offset, &room);

		if (room > length)
			room = length;
		memcpy(to, data, room);
		data += room;
		offset += room;
		length -= room;
	}
}

static void give_pieces(struct ix_runtime *runtime, struct kv_item *item)
{
	for (uint32_t i = 0; i < item->pieces; i++)
		ix_memory_give(runtime, item->piece[i]);
}

void kv_collect(struct kv_store *store, struct ix_runtime *runtime)
{
	struct kv_item *item, *next;

	if (!atomic_load_explicit(&store->garbage, memory_order_relaxed))
		return;
	for (item = atomic_exchange_explicit(&store->garbage, NULL, memory_order_acquire); item; item = next) {
		next = item->chain;
		give_pieces(runtime, item);
		free(item);
	}
}

void kv_item_hold(struct kv_item *item)
{
	atomic_fetch_add_explicit(&item->holders, 1, memory_order_relaxed);
}

void kv_item_release(struct kv_store *store, struct kv_item *item)
{
	if (atomic_fetch_sub_explicit(&item->holders, 1, memory_order_acq_rel) != 1)
		return;
	atomic_fetch_sub_explicit(&store->bytes, charge(item), memory_order_relaxed);
	if (!item->pieces) {
		free(item);
		return;
	}
	item->chain = atomic_load_explicit(&store->garbage, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(&store->garbage, &item->chain, item, memory_order_release,
						      memory_order_relaxed))
		continue;
}

static void make_room(struct kv_store *store)
{
	for (unsigned i = 0;
	     i < EVICTIONS_MAX && atomic_load_explicit(&store->bytes, memory_order_relaxed) > store->limit_bytes; i++)
		if (kv_evict(store))
			return;
}

static int take_pieces(struct kv_store *store, struct ix_runtime *runtime, struct kv_item *item)
{
	for (uint32_t i = 0; i < item->pieces; i++) {
		item->piece[i] = ix_memory_take(runtime, piece_length(item, i));
		if (item->piece[i])
			continue;
		while (i-- > 0)
			ix_memory_give(runtime, item->piece[i]);
		return -1;
	}
	return 0;
}

static struct kv_item *with_pieces(struct kv_store *store, struct ix_runtime *runtime, uint8_t key_length,
				   uint32_t length)
{
	uint32_t pieces = (length + KV_PIECE - 1) / KV_PIECE;
	struct kv_item *item = malloc(item_size(pieces, key_length, length));

	if (!item)
		return NULL;
	item->pieces = pieces;
	item->length = length;
	if (take_pieces(store, runtime, item)) {
		free(item);
		return NULL;
	}
	return item;
}

struct kv_item *kv_item_create(struct kv_store *store, struct ix_runtime *runtime, struct kv_key key, uint32_t flags,
			       int64_t expires_s, uint32_t length, enum kv_status *status)
{
	struct kv_item *item = NULL;

	*status = KV_TOO_LARGE;
	if (length > KV_VALUE_MAX)
		return NULL;
	*status = KV_NO_MEMORY;
	kv_collect(store, runtime);
	if (length >= store->zero_copy_min)
		item = with_pieces(store, runtime, key.length, length);
	if (!item) { /* small, or the application pool is used up: then it will be copied when it is sent */
		item = malloc(item_size(0, key.length, length));
		if (!item)
			return NULL;
		item->pieces = 0;
	}
	item->holders = 1;
	item->length = length;
	item->flags = flags;
	item->expires_s = expires_s;
	item->key_length = key.length;
	memcpy(&item->piece[item->pieces], key.bytes, key.length);
	atomic_fetch_add_explicit(&store->bytes, charge(item), memory_order_relaxed);
	make_room(store);
	return item;
}

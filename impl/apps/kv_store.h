/*
 * The store of kv: items by key, shared by all threads. Locks are striped: a key's stripe has its part of the hash table,
 * its own order of use and its own counters. Items do not change once they are in the store (but for when they expire), so
 * that a reader needs the lock only to get hold of one; who holds one may read it until it is released, replaced or not.
 *
 * Large values lie in the application pool, in pieces, so that they can be sent without a copy. That memory belongs to the
 * runtime of a thread, and the last to release an item may not know one: such items are kept as garbage until a thread
 * that does comes by.
 */
#ifndef IX_APPS_KV_STORE_H
#define IX_APPS_KV_STORE_H

#include "impl/libix/libix.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#define KV_KEY_MAX   250
#define KV_VALUE_MAX (1u << 20)
#define KV_PIECE     65520u /* what the library's memory gives at a time */
#define KV_STRIPES   256

struct kv_item {
	struct kv_item *chain;         /* in its bucket; among the garbage */
	struct kv_item *newer, *older; /* by use, in its stripe */
	uint64_t hash, cas, used;      /* used: the count of uses at its last */
	_Atomic int64_t expires_s;     /* Unix time; 0: never */
	_Atomic uint32_t holders;
	uint32_t flags, length; /* of the value */
	uint32_t pieces;        /* 0: the value follows the key */
	uint8_t key_length;
	uint8_t *piece[]; /* then the key */
};

enum kv_count {
	KV_GET_HITS,
	KV_GET_MISSES,
	KV_SETS,
	KV_TOUCH_HITS,
	KV_TOUCH_MISSES,
	KV_DELETE_HITS,
	KV_DELETE_MISSES,
	KV_INCR_HITS,
	KV_INCR_MISSES,
	KV_DECR_HITS,
	KV_DECR_MISSES,
	KV_CAS_HITS,
	KV_CAS_MISSES,
	KV_CAS_BADVAL,
	KV_EVICTIONS,
	KV_EXPIRED,
	KV_TOTAL_ITEMS,
	KV_ITEMS,
	KV_COUNTS
};
extern const char *const kv_count_name[KV_COUNTS]; /* as memcached's `stats` names them */

struct kv_stripe {
	pthread_mutex_t lock;
	struct kv_item **bucket;
	uint32_t mask, items;
	struct kv_item *newest, *oldest;
	uint64_t count[KV_COUNTS];
};

struct kv_store {
	uint64_t limit_bytes;
	uint32_t zero_copy_min; /* values of so many bytes lie in the application pool */
	uint64_t hash_seed;
	_Atomic uint64_t bytes, cas, uses;
	_Atomic uint32_t hand;   /* stripe where the next search for something to evict starts */
	_Atomic int64_t flush_s; /* when all items go; 0: never */
	_Atomic(struct kv_item *) garbage;
	_Atomic uint64_t connections, total_connections, flushes;
	int64_t start_s;
	unsigned threads;
	struct kv_stripe stripe[KV_STRIPES];
};

enum kv_status { KV_OK, KV_NOT_FOUND, KV_EXISTS, KV_NOT_STORED, KV_TOO_LARGE, KV_NO_MEMORY, KV_NOT_A_NUMBER };
enum kv_mode { KV_SET, KV_ADD, KV_REPLACE, KV_APPEND, KV_PREPEND, KV_CAS };

struct kv_key {
	const uint8_t *bytes;
	uint8_t length;
};

struct kv_store *kv_store_create(uint64_t limit_bytes, uint32_t zero_copy_min); /* NULL when memory is short */
void kv_store_destroy(struct kv_store *store);                                  /* no item is held any more */

int64_t kv_now_s(void); /* Unix time */

/* Unix time of an expiry as clients write it: 0 never, below 0 at once, up to 30 days from now, otherwise Unix time. */
int64_t kv_expires_s(int64_t expiry);

/* An item that is not in the store yet, held once, its value not written; evicts until there is room. NULL with *status
 * KV_TOO_LARGE or KV_NO_MEMORY. @runtime: the calling thread's. */
struct kv_item *kv_item_create(struct kv_store *store, struct ix_runtime *runtime, struct kv_key key, uint32_t flags,
			       int64_t expires_s, uint32_t length, enum kv_status *status);
void kv_item_release(struct kv_store *store, struct kv_item *item);
void kv_item_hold(struct kv_item *item);

struct kv_key kv_item_key(const struct kv_item *item);
/* The contiguous bytes of the value from @offset on. */
uint8_t *kv_item_span(const struct kv_item *item, uint32_t offset, uint32_t *length);
void kv_item_write(struct kv_item *item, uint32_t offset, const uint8_t *data, uint32_t length);

/* Holds the item; NULL if there is none. */
struct kv_item *kv_get(struct kv_store *store, struct kv_key key);
/* The same, and it expires anew. */
struct kv_item *kv_touch(struct kv_store *store, struct kv_key key, int64_t expires_s);

/*
 * Puts @item, whose value is written, into the store and releases it. KV_CAS, or @cas not 0: only if the item there is that
 * one. *new_cas, where it is stored, becomes its number.
 */
enum kv_status kv_put(struct kv_store *store, struct ix_runtime *runtime, enum kv_mode mode, struct kv_item *item,
		      uint64_t cas, uint64_t *new_cas);

/* @cas 0: whichever is there. */
enum kv_status kv_delete(struct kv_store *store, struct kv_key key, uint64_t cas);

/* Adds or subtracts, not below 0. *value is the result, *new_cas its item's number. */
enum kv_status kv_add_number(struct kv_store *store, struct ix_runtime *runtime, struct kv_key key, bool subtract,
			     uint64_t delta, uint64_t cas, uint64_t *value, uint64_t *new_cas);

/* All items go, in @delay_s seconds (0: now). */
void kv_flush(struct kv_store *store, int64_t delay_s);

/* Sums over the stripes. */
void kv_counts(struct kv_store *store, uint64_t count[KV_COUNTS]);
void kv_counts_reset(struct kv_store *store);

#endif

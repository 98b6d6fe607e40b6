#include "impl/apps/kv_internal.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define FIRST_BUCKETS 64u
#define MONTH_S       (30 * 24 * 3600)
#define EVICT_SAMPLE  8
#define DIGITS_MAX    20 /* of 2^64 - 1 */

const char *const kv_count_name[KV_COUNTS] = {
    "get_hits",      "get_misses", "cmd_set",     "touch_hits", "touch_misses", "delete_hits",
    "delete_misses", "incr_hits",  "incr_misses", "decr_hits",  "decr_misses",  "cas_hits",
    "cas_misses",    "cas_badval", "evictions",   "expired",    "total_items",  "curr_items"};

int64_t kv_now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	return now.tv_sec;
}

int64_t kv_expires_s(int64_t expiry)
{
	if (expiry == 0)
		return 0;
	if (expiry < 0)
		return 1; /* long ago */
	return expiry <= MONTH_S ? kv_now_s() + expiry : expiry;
}

struct kv_store *kv_store_create(uint64_t limit_bytes, uint32_t zero_copy_min)
{
	struct kv_store *store = calloc(1, sizeof(*store));

	if (!store)
		return NULL;
	store->limit_bytes = limit_bytes;
	store->zero_copy_min = zero_copy_min;
	store->start_s = kv_now_s();
	if (getrandom(&store->hash_seed, sizeof(store->hash_seed), GRND_NONBLOCK) < 0)
		store->hash_seed = (uint64_t)store->start_s;
	for (unsigned i = 0; i < KV_STRIPES; i++) {
		struct kv_stripe *s = &store->stripe[i];

		pthread_mutex_init(&s->lock, NULL);
		s->bucket = calloc(FIRST_BUCKETS, sizeof(struct kv_item *));
		s->mask = FIRST_BUCKETS - 1;
		if (!s->bucket) {
			kv_store_destroy(store);
			return NULL;
		}
	}
	return store;
}

static uint64_t hash_of(const struct kv_store *store, struct kv_key key)
{
	uint64_t hash = store->hash_seed ^ key.length * 0x9e3779b97f4a7c15u, word;

	for (size_t i = 0; i < key.length; i += 8) {
		size_t n = key.length - i < 8 ? key.length - i : 8;

		word = 0;
		memcpy(&word, key.bytes + i, n);
		hash = (hash ^ word) * 0xd6e8feb86659fd93u;
		hash ^= hash >> 32;
	}
	hash *= 0xd6e8feb86659fd93u;
	return hash ^ hash >> 29;
}

static struct kv_stripe *stripe_of(struct kv_store *store, uint64_t hash)
{
	return &store->stripe[hash >> 56 & (KV_STRIPES - 1)];
}

static struct kv_item **find(struct kv_stripe *s, uint64_t hash, struct kv_key key)
{
	struct kv_item **at = &s->bucket[hash & s->mask];

	while (*at && ((*at)->hash != hash || (*at)->key_length != key.length ||
		       memcmp(kv_item_key(*at).bytes, key.bytes, key.length) != 0))
		at = &(*at)->chain;
	return at;
}

static void use_forget(struct kv_stripe *s, struct kv_item *item)
{
	*(item->newer ? &item->newer->older : &s->newest) = item->older;
	*(item->older ? &item->older->newer : &s->oldest) = item->newer;
}

static void use(struct kv_store *store, struct kv_stripe *s, struct kv_item *item)
{
	item->used = atomic_fetch_add_explicit(&store->uses, 1, memory_order_relaxed);
	item->newer = NULL;
	item->older = s->newest;
	*(s->newest ? &s->newest->newer : &s->oldest) = item;
	s->newest = item;
}

/* Out of the stripe; the caller releases it when the lock is given up. */
static struct kv_item *unlink_at(struct kv_stripe *s, struct kv_item **at)
{
	struct kv_item *item = *at;

	assert(item);
	*at = item->chain;
	use_forget(s, item);
	s->items--;
	return item;
}

static void grow(struct kv_stripe *s)
{
	uint32_t mask = 2 * s->mask + 1;
	struct kv_item **bucket = calloc((size_t)mask + 1, sizeof(struct kv_item *)), *item, *next;

	if (!bucket)
		return; /* chains get longer, which is all */
	for (uint32_t i = 0; i <= s->mask; i++)
		for (item = s->bucket[i]; item; item = next) {
			next = item->chain;
			item->chain = bucket[item->hash & mask];
			bucket[item->hash & mask] = item;
		}
	free(s->bucket);
	s->bucket = bucket;
	s->mask = mask;
}

static void link_new(struct kv_store *store, struct kv_stripe *s, struct kv_item *item, uint64_t hash)
{
	struct kv_item **bucket = &s->bucket[hash & s->mask];

	kv_item_hold(item);
	item->hash = hash;
	item->cas = 1 + atomic_fetch_add_explicit(&store->cas, 1, memory_order_relaxed);
	item->chain = *bucket;
	*bucket = item;
	use(store, s, item);
	s->count[KV_TOTAL_ITEMS]++;
	if (++s->items > s->mask)
		grow(s);
}

static int expired(const struct kv_item *item)
{
	return item->expires_s && item->expires_s <= kv_now_s();
}

/* A flush whose time has come. */
static void flush_if_due(struct kv_store *store)
{
	int64_t flush_s = atomic_load_explicit(&store->flush_s, memory_order_relaxed);

	if (flush_s && flush_s <= kv_now_s() && atomic_compare_exchange_strong(&store->flush_s, &flush_s, 0))
		kv_flush(store, 0);
}

/* Locks the key's stripe and finds its item: NULL if there is none; one that has expired goes into *gone. */
static struct kv_item *lock_and_find(struct kv_store *store, struct kv_key key, struct kv_stripe **stripe,
				     struct kv_item ***at, uint64_t *hash, struct kv_item **gone)
{
	flush_if_due(store);
	*hash = hash_of(store, key);
	*stripe = stripe_of(store, *hash);
	*gone = NULL;
	pthread_mutex_lock(&(*stripe)->lock);
	*at = find(*stripe, *hash, key);
	if (**at && expired(**at)) {
		(*stripe)->count[KV_EXPIRED]++;
		*gone = unlink_at(*stripe, *at);
		*at = find(*stripe, *hash, key);
	}
	return **at;
}

static void unlock(struct kv_store *store, struct kv_stripe *stripe, struct kv_item *gone)
{
	pthread_mutex_unlock(&stripe->lock);
	if (gone)
		kv_item_release(store, gone);
}

/* Holds what is there, and counts; @expires_s, if not NULL, is its new expiry. */
static struct kv_item *look_up(struct kv_store *store, struct kv_key key, const int64_t *expires_s, enum kv_count hit,
			       enum kv_count miss)
{
	struct kv_item **at, *gone, *item;
	struct kv_stripe *s;
	uint64_t hash;

	item = lock_and_find(store, key, &s, &at, &hash, &gone);
	s->count[item ? hit : miss]++;
	if (item) {
		kv_item_hold(item);
		use_forget(s, item);
		use(store, s, item);
		if (expires_s)
			item->expires_s = *expires_s;
	}
	unlock(store, s, gone);
	return item;
}

struct kv_item *kv_get(struct kv_store *store, struct kv_key key)
{
	return look_up(store, key, NULL, KV_GET_HITS, KV_GET_MISSES);
}

struct kv_item *kv_touch(struct kv_store *store, struct kv_key key, int64_t expires_s)
{
	return look_up(store, key, &expires_s, KV_TOUCH_HITS, KV_TOUCH_MISSES);
}

static enum kv_status allowed(struct kv_stripe *s, enum kv_mode mode, const struct kv_item *old, uint64_t cas)
{
	bool replacing = mode == KV_REPLACE && cas; /* the store's own: see join() and change_number() */

	s->count[KV_SETS] += !replacing;
	if (mode == KV_CAS)
		s->count[!old ? KV_CAS_MISSES : old->cas == cas ? KV_CAS_HITS : KV_CAS_BADVAL]++;
	if (mode == KV_CAS || replacing) {
		if (!old)
			return KV_NOT_FOUND;
		if (old->cas != cas)
			return KV_EXISTS;
	}
	if (mode == KV_ADD ? old != NULL : !old && mode != KV_SET)
		return KV_NOT_STORED;
	return KV_OK;
}

/* @item for what is there, on these conditions; it is released. */
static enum kv_status store_if(struct kv_store *store, enum kv_mode mode, struct kv_item *item, uint64_t cas,
			       uint64_t *new_cas)
{
	struct kv_item **at, *gone, *old;
	struct kv_stripe *s;
	enum kv_status status;
	uint64_t hash;

	old = lock_and_find(store, kv_item_key(item), &s, &at, &hash, &gone);
	status = allowed(s, mode, old, cas);
	if (status == KV_OK) {
		if (old)
			old = unlink_at(s, at);
		link_new(store, s, item, hash);
		*new_cas = item->cas;
	} else {
		if (old && status == KV_NOT_STORED) { /* asked for, hence used */
			use_forget(s, old);
			use(store, s, old);
		}
		old = NULL;
	}
	unlock(store, s, gone);
	if (old)
		kv_item_release(store, old);
	kv_item_release(store, item);
	return status;
}

static void copy_value(struct kv_item *to, uint32_t at, const struct kv_item *from)
{
	for (uint32_t done = 0; done < from->length;) {
		uint32_t n;
		const uint8_t *data = kv_item_span(from, done, &n);

		kv_item_write(to, at + done, data, n);
		done += n;
	}
}

/* Looks without counting a use. */
static struct kv_item *peek(struct kv_store *store, struct kv_key key)
{
	struct kv_item **at, *gone, *item;
	struct kv_stripe *s;
	uint64_t hash;

	item = lock_and_find(store, key, &s, &at, &hash, &gone);
	if (item)
		kv_item_hold(item);
	unlock(store, s, gone);
	return item;
}

/* Memory for the joined value is taken without a lock; if the item is another by then, all begins again. */
static enum kv_status join(struct kv_store *store, struct ix_runtime *runtime, enum kv_mode mode, struct kv_item *part,
			   uint64_t cas, uint64_t *new_cas)
{
	enum kv_status status = KV_EXISTS;
	bool again = true;

	while (again) {
		struct kv_item *old = peek(store, kv_item_key(part)), *joined;
		uint64_t seen;

		if (!old)
			return KV_NOT_STORED;
		if (cas && old->cas != cas) {
			kv_item_release(store, old);
			return KV_EXISTS;
		}
		joined = kv_item_create(store, runtime, kv_item_key(part), old->flags, old->expires_s,
					old->length + part->length, &status);
		seen = old->cas;
		if (joined) {
			copy_value(joined, mode == KV_APPEND ? 0 : part->length, old);
			copy_value(joined, mode == KV_APPEND ? old->length : 0, part);
			status = store_if(store, KV_REPLACE, joined, seen, new_cas);
		}
		kv_item_release(store, old);
		again = !cas && (status == KV_EXISTS || status == KV_NOT_FOUND);
	}
	return status;
}

enum kv_status kv_put(struct kv_store *store, struct ix_runtime *runtime, enum kv_mode mode, struct kv_item *item,
		      uint64_t cas, uint64_t *new_cas)
{
	enum kv_status status;

	if (cas && (mode == KV_SET || mode == KV_REPLACE))
		mode = KV_CAS;
	if (mode != KV_APPEND && mode != KV_PREPEND)
		return store_if(store, mode, item, cas, new_cas);
	status = join(store, runtime, mode, item, cas, new_cas);
	kv_item_release(store, item);
	return status;
}

enum kv_status kv_delete(struct kv_store *store, struct kv_key key, uint64_t cas)
{
	struct kv_item **at, *gone, *item;
	struct kv_stripe *s;
	enum kv_status status = KV_NOT_FOUND;
	uint64_t hash;

	item = lock_and_find(store, key, &s, &at, &hash, &gone);
	if (item && cas && item->cas != cas) {
		status = KV_EXISTS;
		item = NULL;
	} else if (item) {
		status = KV_OK;
		unlink_at(s, at);
	}
	s->count[status == KV_NOT_FOUND ? KV_DELETE_MISSES : KV_DELETE_HITS]++;
	unlock(store, s, gone);
	if (item)
		kv_item_release(store, item);
	return status;
}

/* The number that a value is: digits, and behind them nothing but spaces. */
static bool number_of(const struct kv_item *item, uint64_t *number)
{
	char text[DIGITS_MAX + 2], *end;
	uint32_t n;
	const uint8_t *bytes = kv_item_span(item, 0, &n);

	if (!item->length || item->length > DIGITS_MAX || bytes[0] < '0' || bytes[0] > '9')
		return false;
	memcpy(text, bytes, item->length);
	text[item->length] = 0;
	errno = 0;
	*number = strtoull(text, &end, 10);
	return !errno && end[strspn(end, " ")] == 0;
}

/* One attempt on @old; KV_EXISTS: it has been replaced meanwhile. */
static enum kv_status change_number(struct kv_store *store, struct ix_runtime *runtime, const struct kv_item *old,
				    bool subtract, uint64_t delta, uint64_t *value, uint64_t *new_cas)
{
	char text[DIGITS_MAX + 1];
	enum kv_status status;
	struct kv_item *item;
	uint32_t length;

	if (!number_of(old, value))
		return KV_NOT_A_NUMBER;
	if (subtract)
		*value = *value > delta ? *value - delta : 0;
	else
		*value += delta;
	length = (uint32_t)snprintf(text, sizeof(text), "%llu", (unsigned long long)*value);
	/* A value does not get shorter: clients that know memcached know the spaces. */
	item = kv_item_create(store, runtime, kv_item_key(old), old->flags, old->expires_s,
			      old->length > length ? old->length : length, &status);
	if (!item)
		return status;
	kv_item_write(item, 0, (const uint8_t *)"                     ", item->length);
	kv_item_write(item, 0, (const uint8_t *)text, length);
	return store_if(store, KV_REPLACE, item, old->cas, new_cas);
}

static void count_number(struct kv_store *store, struct kv_key key, enum kv_count what)
{
	struct kv_stripe *s = stripe_of(store, hash_of(store, key));

	pthread_mutex_lock(&s->lock);
	s->count[what]++;
	pthread_mutex_unlock(&s->lock);
}

enum kv_status kv_add_number(struct kv_store *store, struct ix_runtime *runtime, struct kv_key key, bool subtract,
			     uint64_t delta, uint64_t cas, uint64_t *value, uint64_t *new_cas)
{
	enum kv_status status;

	do {
		struct kv_item *old = peek(store, key);

		if (!old) {
			count_number(store, key, subtract ? KV_DECR_MISSES : KV_INCR_MISSES);
			return KV_NOT_FOUND;
		}
		if (cas && old->cas != cas)
			status = KV_EXISTS;
		else
			status = change_number(store, runtime, old, subtract, delta, value, new_cas);
		kv_item_release(store, old);
	} while (!cas && (status == KV_EXISTS || status == KV_NOT_FOUND));
	if (status == KV_OK)
		count_number(store, key, subtract ? KV_DECR_HITS : KV_INCR_HITS);
	return status;
}

int kv_evict(struct kv_store *store)
{
	uint32_t start = atomic_fetch_add_explicit(&store->hand, 1, memory_order_relaxed), looked = 0;
	struct kv_item *item = NULL;
	struct kv_stripe *best = NULL;
	uint64_t least = UINT64_MAX;

	/* The least recently used of some stripes: that of all would cost as many locks as there are. */
	for (uint32_t i = 0; i < KV_STRIPES && looked < EVICT_SAMPLE; i++) {
		struct kv_stripe *s = &store->stripe[(start * 37 + i) % KV_STRIPES];

		pthread_mutex_lock(&s->lock);
		if (s->oldest) {
			looked++;
			if (s->oldest->used < least) {
				least = s->oldest->used;
				best = s;
			}
		}
		pthread_mutex_unlock(&s->lock);
	}
	if (!best)
		return -1;
	pthread_mutex_lock(&best->lock);
	if (best->oldest) {
		item = unlink_at(best, find(best, best->oldest->hash, kv_item_key(best->oldest)));
		best->count[expired(item) ? KV_EXPIRED : KV_EVICTIONS]++;
	}
	pthread_mutex_unlock(&best->lock);
	if (item)
		kv_item_release(store, item);
	return 0;
}

void kv_flush(struct kv_store *store, int64_t delay_s)
{
	if (delay_s > 0) {
		store->flush_s = kv_expires_s(delay_s);
		return;
	}
	store->flush_s = 0;
	for (unsigned i = 0; i < KV_STRIPES; i++) {
		struct kv_stripe *s = &store->stripe[i];

		pthread_mutex_lock(&s->lock);
		while (s->oldest)
			kv_item_release(store, unlink_at(s, find(s, s->oldest->hash, kv_item_key(s->oldest))));
		pthread_mutex_unlock(&s->lock);
	}
}

void kv_counts(struct kv_store *store, uint64_t count[KV_COUNTS])
{
	flush_if_due(store);
	memset(count, 0, KV_COUNTS * sizeof(*count));
	for (unsigned i = 0; i < KV_STRIPES; i++) {
		struct kv_stripe *s = &store->stripe[i];

		pthread_mutex_lock(&s->lock);
		for (unsigned j = 0; j < KV_COUNTS; j++)
			count[j] += s->count[j];
		count[KV_ITEMS] += s->items;
		pthread_mutex_unlock(&s->lock);
	}
}

void kv_counts_reset(struct kv_store *store)
{
	for (unsigned i = 0; i < KV_STRIPES; i++) {
		struct kv_stripe *s = &store->stripe[i];

		pthread_mutex_lock(&s->lock);
		memset(s->count, 0, sizeof(s->count));
		pthread_mutex_unlock(&s->lock);
	}
}

void kv_store_destroy(struct kv_store *store)
{
	struct kv_item *item, *next;

	if (!store)
		return;
	kv_flush(store, 0);
	/* The pool that the pieces lie in ends with the runtimes. */
	for (item = store->garbage; item; item = next) {
		next = item->chain;
		free(item);
	}
	for (unsigned i = 0; i < KV_STRIPES; i++) {
		free(store->stripe[i].bucket);
		pthread_mutex_destroy(&store->stripe[i].lock);
	}
	free(store);
}

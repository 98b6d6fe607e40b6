/*
 * The store of kv with several threads, for the thread sanitizer: they get, set, append, add to, touch, delete, flush and
 * have items evicted by one another, small ones and such as lie in pieces in the application pool. A value says whose
 * it is and has a sum, so that one that was torn, or used after it was freed, is seen; numbers are added up by all
 * threads, and none may be lost; at the end the store's sums must be those of the items that are left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "impl/apps/kv_internal.h"
#include "tests/unit/libix/fake_kernel.h"
#include <stdio.h>

#define THREADS   4
#define STEPS     40000
#define KEYS      400
#define NUMBERS   8
#define PIECES    6000u   /* values from here on lie in pieces */
#define VALUE_MAX 140000u /* up to three of them */
#define LIMIT     600000u

struct worker {
	struct fake kernel;
	struct kv_store *store;
	pthread_t thread;
	uint64_t random, added[NUMBERS];
	unsigned wrong, got;
	uint8_t *value; /* scratch */
};

static uint32_t below(struct worker *w, uint32_t n)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (uint32_t)((w->random >> 32) * n >> 32);
}

static struct kv_key key_of(char *text, size_t size, const char *kind, uint32_t number)
{
	return (struct kv_key){(const uint8_t *)text, (uint8_t)snprintf(text, size, "%s-%u", kind, number)};
}

/* Blocks of eight: all the bytes of one are the same, and those of the key's number. */
static uint8_t mark(struct kv_key key)
{
	uint8_t sum = 0;

	for (unsigned i = 0; i < key.length; i++)
		sum = (uint8_t)(31 * sum + key.bytes[i]);
	return sum;
}

static void check_value(struct worker *w, const struct kv_item *item, struct kv_key key)
{
	uint8_t wanted = mark(key);
	struct kv_key own = kv_item_key(item);

	w->got++;
	w->wrong += own.length != key.length || memcmp(own.bytes, key.bytes, key.length) != 0;
	for (uint32_t at = 0, n; at < item->length; at += n) {
		const uint8_t *bytes = kv_item_span(item, at, &n);

		for (uint32_t i = 0; i < n; i += 97)
			w->wrong += bytes[i] != wanted;
		w->wrong += bytes[n - 1] != wanted;
	}
}

static void set(struct worker *w, struct kv_key key)
{
	static const enum kv_mode modes[] = {KV_SET, KV_SET, KV_SET, KV_ADD, KV_REPLACE, KV_APPEND, KV_PREPEND};
	enum kv_mode mode = modes[below(w, sizeof(modes) / sizeof(modes[0]))];
	uint32_t length = below(w, 16) ? below(w, 300) : below(w, VALUE_MAX);
	/* Some expire at once, some in a second. */
	int64_t expires_s = below(w, 8) ? 0 : kv_expires_s((int64_t)below(w, 3) - 1);
	enum kv_status status;
	struct kv_item *item;
	uint64_t cas;

	item = kv_item_create(w->store, w->kernel.runtime, key, 0, expires_s, length, &status);
	if (!item) {
		w->wrong++;
		return;
	}
	memset(w->value, mark(key), length);
	kv_item_write(item, 0, w->value, length);
	kv_put(w->store, w->kernel.runtime, mode, item, 0, &cas);
}

static void compare_and_swap(struct worker *w, struct kv_key key)
{
	struct kv_item *old = kv_get(w->store, key), *item;
	enum kv_status status;
	uint64_t cas;

	if (!old)
		return;
	check_value(w, old, key);
	item = kv_item_create(w->store, w->kernel.runtime, key, 1, 0, 10, &status);
	memset(w->value, mark(key), 10);
	kv_item_write(item, 0, w->value, 10);
	status = kv_put(w->store, w->kernel.runtime, KV_CAS, item, old->cas, &cas);
	w->wrong += status != KV_OK && status != KV_EXISTS && status != KV_NOT_FOUND;
	kv_item_release(w->store, old);
}

static void get(struct worker *w, struct kv_key key)
{
	struct kv_item *item = below(w, 4) ? kv_get(w->store, key) : kv_touch(w->store, key, 0);

	if (!item)
		return;
	if (below(w, 8) == 0)
		sched_yield(); /* others replace and evict it meanwhile */
	check_value(w, item, key);
	kv_item_release(w->store, item);
}

/* Each number has been set before, and nothing takes it away here. */
static void add(struct worker *w, uint32_t i)
{
	uint64_t value, cas, delta = 1 + below(w, 9);
	char text[32];
	struct kv_key key = key_of(text, sizeof(text), "number", i);

	w->wrong += kv_add_number(w->store, w->kernel.runtime, key, false, delta, 0, &value, &cas) != KV_OK;
	w->added[i] += delta;
}

static void step(struct worker *w, bool numbers)
{
	uint64_t count[KV_COUNTS];
	char text[32];
	struct kv_key key = key_of(text, sizeof(text), "key", below(w, KEYS));
	uint32_t what = below(w, 100);

	if (numbers)
		add(w, below(w, NUMBERS));
	else if (what < 45)
		get(w, key);
	else if (what < 80)
		set(w, key);
	else if (what < 85)
		compare_and_swap(w, key);
	else if (what < 97)
		kv_delete(w->store, key, 0);
	else if (what < 98)
		kv_counts(w->store, count);
	else if (below(w, 100) == 0)
		kv_flush(w->store, below(w, 2)); /* now, or in a second */
}

static void *churn(void *argument)
{
	struct worker *w = argument;

	for (unsigned i = 0; i < STEPS; i++)
		step(w, false);
	return NULL;
}

static void *count_up(void *argument)
{
	struct worker *w = argument;

	for (unsigned i = 0; i < STEPS; i++)
		step(w, true);
	return NULL;
}

static void start(struct worker *w, uint64_t limit_bytes)
{
	struct kv_store *store = kv_store_create(limit_bytes, PIECES);

	assert_non_null(store);
	memset(w, 0, THREADS * sizeof(*w));
	for (unsigned t = 0; t < THREADS; t++) {
		fake_start(&w[t].kernel);
		w[t].store = store;
		w[t].random = 88172645463325252u + t;
		w[t].value = malloc(VALUE_MAX);
		assert_non_null(w[t].value);
	}
}

static void run(struct worker *w, void *(*body)(void *))
{
	for (unsigned t = 0; t < THREADS; t++)
		assert_int_equal(pthread_create(&w[t].thread, NULL, body, &w[t]), 0);
	for (unsigned t = 0; t < THREADS; t++) {
		pthread_join(w[t].thread, NULL);
		assert_int_equal(w[t].wrong, 0);
	}
}

static void stop(struct worker *w)
{
	struct kv_store *store = w->store;

	kv_store_destroy(store);
	for (unsigned t = 0; t < THREADS; t++) {
		fake_stop(&w[t].kernel);
		free(w[t].value);
	}
}

/* What the memory limit counts of an item that is there. */
static uint64_t charged(struct worker *w, struct kv_key key, uint64_t *items)
{
	struct kv_item *item = kv_get(w->store, key);
	uint64_t bytes;

	if (!item)
		return 0;
	check_value(w, item, key);
	assert_int_equal(atomic_load(&item->holders), 2); /* the store, and we */
	bytes = sizeof(*item) + item->pieces * sizeof(uint8_t *) + item->key_length + item->length;
	kv_item_release(w->store, item);
	++*items;
	return bytes;
}

static void test_churn(void **state)
{
	static struct worker w[THREADS];
	uint64_t count[KV_COUNTS], items = 0, bytes = 0;
	unsigned got = 0;
	char text[32];

	start(w, LIMIT);
	run(w, churn);
	for (unsigned i = 0; i < KEYS; i++)
		bytes += charged(&w[0], key_of(text, sizeof(text), "key", i), &items);
	assert_int_equal(w[0].wrong, 0);
	kv_counts(w->store, count);
	assert_int_equal(count[KV_ITEMS], items);
	assert_int_equal(atomic_load(&w->store->bytes), bytes); /* nobody else holds anything */
	assert_true(count[KV_EVICTIONS] > 0 && count[KV_EXPIRED] > 0 && count[KV_GET_HITS] > 0);
	for (unsigned t = 0; t < THREADS; t++)
		got += w[t].got;
	printf("%u values right, %lu evicted, %lu expired, %lu left\n", got, (unsigned long)count[KV_EVICTIONS],
	       (unsigned long)count[KV_EXPIRED], (unsigned long)items);
	kv_flush(w->store, 0);
	kv_collect(w->store, w->kernel.runtime);
	kv_counts(w->store, count);
	assert_int_equal(count[KV_ITEMS], 0);
	assert_int_equal(atomic_load(&w->store->bytes), 0);
	stop(w);
}

static void test_numbers(void **state)
{
	static struct worker w[THREADS];
	enum kv_status status;
	uint64_t cas, sum;
	char text[32];

	start(w, LIMIT);
	for (unsigned i = 0; i < NUMBERS; i++) {
		struct kv_item *item = kv_item_create(w->store, w->kernel.runtime,
						      key_of(text, sizeof(text), "number", i), 0, 0, 1, &status);

		kv_item_write(item, 0, (const uint8_t *)"0", 1);
		assert_int_equal(kv_put(w->store, w->kernel.runtime, KV_SET, item, 0, &cas), KV_OK);
	}
	run(w, count_up);
	for (unsigned i = 0; i < NUMBERS; i++) {
		uint64_t value, added = 0;

		for (unsigned t = 0; t < THREADS; t++)
			added += w[t].added[i];
		assert_int_equal(kv_add_number(w->store, w->kernel.runtime, key_of(text, sizeof(text), "number", i),
					       false, 0, 0, &sum, &cas),
				 KV_OK);
		value = sum;
		assert_int_equal(value, added);
	}
	stop(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_churn), cmocka_unit_test(test_numbers)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

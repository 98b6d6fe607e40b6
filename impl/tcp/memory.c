/*
 * Memory of lwIP's objects and of connections: a handful of sizes that come and go with every segment, kept on lists per
 * thread and size, and cut from slabs. Slabs grow to the size of a huge page, which the platform may take for one: with
 * many connections a look-up of an address costs as much as a miss of the cache. A block begins where a line of the
 * cache does, or is within one. Slabs are the host's, as blocks change threads with their flow groups, and are given
 * back at its end. With the address sanitizer every object comes from malloc, so that it sees them.
 */
#include "impl/tcp/internal.h"

#include <stdlib.h>
#include <string.h>

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define KEEP 0
#else
#define KEEP 1
#endif

#define LINE         64u
#define SMALL        128u /* bytes of a block with its header that are within one or two lines */
#define SLAB_FIRST   (64u << 10)
#define SLAB_LARGEST (2u << 20)

/* A word before the memory names the size. */
struct block {
	uint64_t size_class;
	struct block *next; /* while it is free; the memory begins here */
};

struct slab {
	struct slab *next;
};

#define BLOCK_HEADER sizeof(uint64_t)

/* Classes 0 to 2: blocks of 32, 64 and 128 bytes with their header. From 3 on: memory of so many lines less 2, and a
 * line before it, at whose end the header is. */
static size_t class_of(size_t size)
{
	if (size + BLOCK_HEADER > SMALL)
		return (size + LINE - 1) / LINE + 2;
	return size + BLOCK_HEADER > LINE ? 2 : size + BLOCK_HEADER > LINE / 2;
}

static size_t class_bytes(size_t size_class)
{
	return size_class <= 2 ? (LINE / 2) << size_class : (size_class - 1) * LINE;
}

size_t tcp_block_bytes(size_t size)
{
	return class_bytes(class_of(size));
}

/* Slabs of a thread double, so that a host with few connections takes little. */
static int more(struct tcp_thread *t)
{
	struct tcp_host *h = t->host;
	const struct ix_platform *p = &h->dataplane->platform;
	size_t bytes = t->slab_bytes ? t->slab_bytes : SLAB_FIRST;
	struct slab *slab = p->allocate(p->context, bytes, bytes < SLAB_LARGEST ? LINE : SLAB_LARGEST);

	if (!slab)
		return -1;
	slab->next = atomic_load_explicit(&h->slabs, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(&h->slabs, &slab->next, slab, memory_order_release,
						      memory_order_relaxed))
		continue;
	t->fresh = (uint8_t *)slab + LINE;
	t->fresh_end = (uint8_t *)slab + bytes;
	t->slab_bytes = bytes < SLAB_LARGEST ? 2 * bytes : bytes;
	return 0;
}

static struct block *cut(struct tcp_thread *t, size_t size_class)
{
	size_t bytes = class_bytes(size_class), align = bytes < LINE ? bytes : LINE;
	uint8_t *at = t->fresh + (-(uintptr_t)t->fresh & (align - 1));

	if (!t->fresh || at + bytes > t->fresh_end) {
		if (more(t))
			return NULL;
		at = t->fresh;
	}
	t->fresh = at + bytes;
	return (struct block *)(void *)(size_class <= 2 ? at : at + LINE - BLOCK_HEADER);
}

void *tcp_block_take(struct tcp_thread *t, size_t size)
{
	size_t size_class = class_of(size);
	struct block *block;

	if (!KEEP || size_class >= TCP_SIZE_CLASSES) {
		block = malloc(size + BLOCK_HEADER);
	} else {
		block = t->free_block[size_class];
		if (block)
			t->free_block[size_class] = block->next;
		else
			block = cut(t, size_class);
	}
	if (!block) {
		t->counters.no_memory++;
		return NULL;
	}
	block->size_class = size_class;
	return &block->next;
}

void tcp_block_give(struct tcp_thread *t, void *memory)
{
	struct block *block = (struct block *)(void *)((char *)memory - BLOCK_HEADER);

	if (!KEEP || block->size_class >= TCP_SIZE_CLASSES) {
		free(block);
		return;
	}
	block->next = t->free_block[block->size_class];
	t->free_block[block->size_class] = block;
}

void tcp_free_slabs(struct tcp_host *h)
{
	const struct ix_platform *p = &h->dataplane->platform;
	struct slab *slab, *next;

	for (slab = atomic_load(&h->slabs); slab; slab = next) {
		next = slab->next;
		p->release(p->context, slab);
	}
}

void *ix_tcp_malloc(size_t size)
{
	void *memory = tcp_block_take(tcp_current, size);

	if (memory)
		tcp_current->lwip_objects++;
	return memory;
}

void *ix_tcp_calloc(size_t count, size_t size)
{
	void *memory = ix_tcp_malloc(count * size);

	return memory ? memset(memory, 0, count * size) : NULL;
}

void ix_tcp_free(void *memory)
{
	if (!memory)
		return;
	tcp_current->lwip_objects--;
	tcp_block_give(tcp_current, memory);
}

/*
 * Memory of lwIP's objects and of connections: a handful of sizes that come and go with every segment, kept on lists per
 * thread and size, and cut from slabs. Slabs grow to the size of a huge page, so that the platform may make them such:
 * with many connections the translation of an address costs as much as a miss of the cache. A block begins where a line
 * of the cache does, or is within one. Slabs are the host's, as blocks change threads with their flow groups, and are given
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
#define SMALL        128u /* bytes of a block of lwIP's, with its header, that is not spread over more lines than need be */
#define SLAB_FIRST   (8u << 10)
#define SLAB_LARGEST (2u << 20)
#define SLAB_PART    8 /* of a thread's slabs the next one is, so that little is unused */

struct block {
	struct block *next; /* while it is free */
};

struct slab {
	struct slab *next;
};

/* Blocks of 32, 64 and 128 bytes and further multiples of 64. */
static size_t class_of(size_t size)
{
	if (size > SMALL)
		return (size + LINE - 1) / LINE;
	return size > LINE ? 2 : size > LINE / 2;
}

static size_t class_bytes(size_t size_class)
{
	return size_class <= 2 ? (LINE / 2) << size_class : size_class * LINE;
}

static int more(struct tcp_thread *t)
{
	struct tcp_host *h = t->host;
	const struct ix_platform *p = &h->dataplane->platform;
	size_t bytes = t->slab_bytes / SLAB_PART & ~(size_t)(SLAB_FIRST - 1);
	struct slab *slab;

	bytes = bytes < SLAB_FIRST ? SLAB_FIRST : bytes > SLAB_LARGEST ? SLAB_LARGEST : bytes;
	slab = p->allocate(p->context, bytes, bytes < SLAB_LARGEST ? LINE : SLAB_LARGEST);
	if (!slab)
		return -1;
	slab->next = atomic_load_explicit(&h->slabs, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(&h->slabs, &slab->next, slab, memory_order_release,
						      memory_order_relaxed))
		continue;
	t->fresh = (uint8_t *)slab + LINE;
	t->fresh_end = (uint8_t *)slab + bytes;
	t->slab_bytes += bytes;
	return 0;
}

static void *cut(struct tcp_thread *t, size_t size_class)
{
	size_t bytes = class_bytes(size_class), align = bytes < LINE ? bytes : LINE;
	uint8_t *at;

	if (!t->fresh && more(t))
		return NULL;
	at = t->fresh + (-(uintptr_t)t->fresh & (align - 1));
	if (at + bytes > t->fresh_end) {
		if (more(t))
			return NULL;
		at = t->fresh;
	}
	t->fresh = at + bytes;
	return at;
}

void *tcp_block_take(struct tcp_thread *t, size_t size)
{
	size_t size_class = class_of(size);
	struct block *block;

	if (!KEEP || size_class >= TCP_SIZE_CLASSES) {
		block = malloc(size);
	} else {
		block = t->free_block[size_class];
		if (block)
			t->free_block[size_class] = block->next;
		else
			block = cut(t, size_class);
	}
	if (!block)
		t->counters.no_memory++;
	return block;
}

void tcp_block_give(struct tcp_thread *t, void *memory, size_t size)
{
	size_t size_class = class_of(size);
	struct block *block = memory;

	if (!KEEP || size_class >= TCP_SIZE_CLASSES) {
		free(block);
		return;
	}
	block->next = t->free_block[size_class];
	t->free_block[size_class] = block;
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

/* lwIP frees without a size: a word before the memory has it. Larger objects begin with a line of their own, so the word
 * stands at the end of one before. */
struct header {
	uint64_t size; /* of the block */
};

static size_t before(size_t block_size)
{
	return block_size > SMALL ? LINE : sizeof(struct header);
}

static size_t block_size(size_t size)
{
	return size + sizeof(struct header) > SMALL ? size + LINE : size + sizeof(struct header);
}

size_t tcp_lwip_bytes(size_t size)
{
	return class_bytes(class_of(block_size(size)));
}

void *ix_tcp_malloc(size_t size)
{
	size_t bytes = block_size(size);
	uint8_t *block = tcp_block_take(tcp_current, bytes);
	struct header *header;

	if (!block)
		return NULL;
	header = (struct header *)(void *)(block + before(bytes)) - 1;
	header->size = bytes;
	tcp_current->lwip_objects++;
	return header + 1;
}

void *ix_tcp_calloc(size_t count, size_t size)
{
	void *memory = ix_tcp_malloc(count * size);

	return memory ? memset(memory, 0, count * size) : NULL;
}

void ix_tcp_free(void *memory)
{
	size_t bytes;

	if (!memory)
		return;
	bytes = ((struct header *)memory - 1)->size;
	tcp_current->lwip_objects--;
	tcp_block_give(tcp_current, (uint8_t *)memory - before(bytes), bytes);
}

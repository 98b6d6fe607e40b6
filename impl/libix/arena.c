#include "impl/libix/internal.h"

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(memory, size)   ((void)(memory))
#define ASAN_UNPOISON_MEMORY_REGION(memory, size) ((void)(memory))
#endif

#define HEADER     16
#define CACHE_LINE 64

struct arena_block {
	uint64_t class;
	union {
		struct arena_block *next; /* when free; the application's bytes begin behind HEADER */
		struct arena *owner;      /* else; connections change threads, and blocks with them */
	};
};

_Static_assert(sizeof(struct arena_block) <= HEADER, "a block's header keeps the alignment");

void arena_init(struct arena *arena, uint8_t *memory, uint64_t size)
{
	uint64_t skip = -(uintptr_t)memory & (CACHE_LINE - 1);

	*arena = (struct arena){.next = memory + (skip < size ? skip : size), .end = memory + size};
	arena->start = arena->next;
}

void arena_fini(struct arena *arena)
{
	ASAN_UNPOISON_MEMORY_REGION(arena->start, (size_t)(arena->next - arena->start));
}

static void put_free(struct arena *arena, struct arena_block *block)
{
	block->next = arena->free[block->class - ARENA_CLASS_FIRST];
	arena->free[block->class - ARENA_CLASS_FIRST] = block;
}

static void take_returned(struct arena *arena)
{
	struct arena_block *block, *next;

	if (!atomic_load_explicit(&arena->returned, memory_order_relaxed))
		return;
	block = atomic_exchange_explicit(&arena->returned, NULL, memory_order_acquire);
	for (; block; block = next) {
		next = block->next;
		put_free(arena, block);
	}
}

void *arena_take(struct arena *arena, uint32_t size)
{
	unsigned class = ARENA_CLASS_FIRST;
	struct arena_block *block;

	while (class <= ARENA_CLASS_LAST && (1ull << class) - HEADER < size)
		class ++;
	if (class > ARENA_CLASS_LAST)
		return NULL;
	if (!arena->free[class - ARENA_CLASS_FIRST])
		take_returned(arena);
	block = arena->free[class - ARENA_CLASS_FIRST];
	if (block) {
		arena->free[class - ARENA_CLASS_FIRST] = block->next;
	} else {
		if ((uint64_t)(arena->end - arena->next) < 1ull << class)
			return NULL;
		block = (struct arena_block *)arena->next;
		arena->next += 1ull << class;
	}
	block->class = class;
	block->owner = arena;
	ASAN_UNPOISON_MEMORY_REGION((uint8_t *)block + HEADER, (1ull << class) - HEADER);
	return (uint8_t *)block + HEADER;
}

static struct arena_block *block_of(const void *memory)
{
	return (struct arena_block *)((uintptr_t)memory - HEADER);
}

void arena_give(struct arena *arena, void *memory)
{
	struct arena_block *block = block_of(memory);
	struct arena *owner = block->owner;

	ASAN_POISON_MEMORY_REGION(memory, (1ull << block->class) - HEADER); /* the rest is not the application's */
	if (owner == arena) {
		put_free(arena, block);
		return;
	}
	block->next = atomic_load_explicit(&owner->returned, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(&owner->returned, &block->next, block, memory_order_release,
						      memory_order_relaxed))
		continue;
}

uint32_t arena_room(const void *memory)
{
	return (1u << block_of(memory)->class) - HEADER;
}

void *ix_memory_take(struct ix_runtime *runtime, uint32_t size)
{
	return arena_take(&runtime->arena, size);
}

void ix_memory_give(struct ix_runtime *runtime, void *memory)
{
	if (memory)
		arena_give(&runtime->arena, memory);
}

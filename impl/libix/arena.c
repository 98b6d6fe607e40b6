#include "impl/libix/internal.h"

#define HEADER 16

struct arena_block {
	uint64_t class;
	struct arena_block *next; /* when free; the application's bytes begin behind HEADER */
};

_Static_assert(sizeof(struct arena_block) <= HEADER, "a block's header keeps the alignment");

void arena_init(struct arena *arena, uint8_t *memory, uint64_t size)
{
	uint64_t skip = -(uintptr_t)memory & (HEADER - 1);

	*arena = (struct arena){.next = memory + (skip < size ? skip : size), .end = memory + size};
}

void *arena_take(struct arena *arena, uint32_t size)
{
	unsigned class = ARENA_CLASS_FIRST;
	struct arena_block *block;

	while (class <= ARENA_CLASS_LAST && (1ull << class) - HEADER < size)
		class ++;
	if (class > ARENA_CLASS_LAST)
		return NULL;
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
	return (uint8_t *)block + HEADER;
}

static struct arena_block *block_of(const void *memory)
{
	return (struct arena_block *)((uintptr_t)memory - HEADER);
}

void arena_give(struct arena *arena, void *memory)
{
	struct arena_block *block = block_of(memory);

	block->next = arena->free[block->class - ARENA_CLASS_FIRST];
	arena->free[block->class - ARENA_CLASS_FIRST] = block;
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

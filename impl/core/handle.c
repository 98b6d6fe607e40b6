#include "impl/core/handle.h"
#include <stdlib.h>
#include <string.h>

#define SLOT_MASK       ((1u << IX_HANDLE_SLOT_BITS) - 1)
#define GENERATION_BITS (63 - IX_HANDLE_SLOT_BITS - IX_HANDLE_GROUP_BITS) /* a handle is a result, hence positive */
#define GENERATION_MASK ((1u << GENERATION_BITS) - 1)
#define NO_SLOT         UINT32_MAX

struct ix_handle_slot {
	void *object;        /* NULL: free */
	uint32_t generation; /* of the living handle, or of the next one */
	uint32_t free_next;
};

void ix_handle_table_init(struct ix_handle_table *table, uint32_t group)
{
	*table = (struct ix_handle_table){.group = group, .free_head = NO_SLOT};
}

void ix_handle_table_fini(struct ix_handle_table *table)
{
	free(table->slot);
	free(table->attached);
	ix_handle_table_init(table, table->group);
}

static int grow_attached(struct ix_handle_table *table, uint32_t capacity)
{
	void **attached = realloc(table->attached, capacity * sizeof(*attached));

	if (!attached)
		return -1;
	memset(attached + table->capacity, 0, (capacity - table->capacity) * sizeof(*attached));
	table->attached = attached;
	return 0;
}

static int grow(struct ix_handle_table *table)
{
	uint32_t capacity = table->capacity ? table->capacity * 2 : 16, i;
	struct ix_handle_slot *slot;

	if (capacity > SLOT_MASK + 1 || (table->attaches && grow_attached(table, capacity)))
		return -1;
	slot = realloc(table->slot, capacity * sizeof(*slot));
	if (!slot)
		return -1;
	for (i = table->capacity; i < capacity; i++)
		slot[i] = (struct ix_handle_slot){NULL, 1, i + 1 < capacity ? i + 1 : NO_SLOT};
	table->free_head = table->capacity;
	table->slot = slot;
	table->capacity = capacity;
	return 0;
}

ix_handle ix_handle_new(struct ix_handle_table *table, void *object)
{
	struct ix_handle_slot *slot;
	uint32_t index;

	if (!object || (table->free_head == NO_SLOT && grow(table)))
		return 0;
	index = table->free_head;
	slot = &table->slot[index];
	table->free_head = slot->free_next;
	slot->object = object;
	table->used++;
	return (ix_handle)slot->generation << (IX_HANDLE_SLOT_BITS + IX_HANDLE_GROUP_BITS) |
	       (ix_handle)table->group << IX_HANDLE_SLOT_BITS | index;
}

static struct ix_handle_slot *slot_of(const struct ix_handle_table *table, ix_handle handle)
{
	uint32_t index = (uint32_t)handle & SLOT_MASK;
	struct ix_handle_slot *slot;

	if (index >= table->capacity || ix_handle_group(handle) != table->group)
		return NULL;
	slot = &table->slot[index];
	return slot->object && handle >> (IX_HANDLE_SLOT_BITS + IX_HANDLE_GROUP_BITS) == slot->generation ? slot : NULL;
}

void ix_handle_free(struct ix_handle_table *table, ix_handle handle)
{
	struct ix_handle_slot *slot = slot_of(table, handle);

	if (!slot)
		return;
	slot->object = NULL;
	slot->generation = (slot->generation + 1) & GENERATION_MASK;
	if (!slot->generation)
		slot->generation = 1;
	slot->free_next = table->free_head;
	table->free_head = (uint32_t)(slot - table->slot);
	table->used--;
}

void *ix_handle_find(const struct ix_handle_table *table, ix_handle handle)
{
	const struct ix_handle_slot *slot = slot_of(table, handle);

	return slot ? slot->object : NULL;
}

void ix_handle_prefetch(const struct ix_handle_table *table, ix_handle handle)
{
	uint32_t index = (uint32_t)handle & SLOT_MASK;

	if (index < table->capacity)
		__builtin_prefetch(&table->slot[index]);
}

void **ix_handle_attachment(struct ix_handle_table *table, ix_handle handle)
{
	uint32_t index = (uint32_t)handle & SLOT_MASK;

	return index < table->capacity ? &table->attached[index] : NULL;
}

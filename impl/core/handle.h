/*
 * Handles: numbers that name connections to the application, resolved and checked in O(1). A handle carries its flow
 * group (so any thread knows the owner), a slot in the group's table and a generation, so a stale one is recognized.
 */
#ifndef IX_HANDLE_H
#define IX_HANDLE_H

#include "impl/core/abi.h"

#define IX_HANDLE_SLOT_BITS  22
#define IX_HANDLE_GROUP_BITS 10

struct ix_handle_table {
	struct ix_handle_slot *slot; /* object and generation; freed slots are chained */
	void **attached;             /* of each slot, whichever handle lives there */
	uint32_t group;
	uint32_t capacity, used, free_head;
	int attaches; /* set before the first handle: slots have attachments */
};

void ix_handle_table_init(struct ix_handle_table *table, uint32_t group);
void ix_handle_table_fini(struct ix_handle_table *table);

/* A new handle for @object; 0 when memory is short. The table grows by doubling. */
ix_handle ix_handle_new(struct ix_handle_table *table, void *object);
void ix_handle_free(struct ix_handle_table *table, ix_handle handle);

/* The object, or NULL if the handle is none of this table's living ones. */
void *ix_handle_find(const struct ix_handle_table *table, ix_handle handle);

/* The attachment of the handle's slot (NULL at first), in a table that has them; NULL when there is no such slot. Valid
 * until the table grows. */
void **ix_handle_attachment(struct ix_handle_table *table, ix_handle handle);

/* Has the cache fetch what ix_handle_find() will look at. */
void ix_handle_prefetch(const struct ix_handle_table *table, ix_handle handle);

static inline uint32_t ix_handle_group(ix_handle handle)
{
	return (uint32_t)(handle >> IX_HANDLE_SLOT_BITS) & ((1u << IX_HANDLE_GROUP_BITS) - 1);
}

#endif

#ifndef IX_APPS_KV_INTERNAL_H
#define IX_APPS_KV_INTERNAL_H

#include "impl/apps/kv_store.h"

/* Drops an item that has not been used for long; -1: there is none. No lock is held. */
int kv_evict(struct kv_store *store);

/* Gives the memory of items that nobody holds back to the calling thread's runtime. */
void kv_collect(struct kv_store *store, struct ix_runtime *runtime);

#endif

/*
 * What a cache keeps of many connections' state. Messages come on connections drawn uniformly, so each touches state
 * drawn uniformly from @state_bytes, of which a cache of @cache_bytes keeps, by symmetry and whatever its replacement
 * policy, the share cache_bytes / state_bytes once the state has outgrown it (independent reference model with equal
 * probabilities).
 */
#ifndef IXLAB_MODELS_CACHE_H
#define IXLAB_MODELS_CACHE_H

/* Share of accesses that miss, 0 .. 1; both sizes >= 0. */
double cache_miss_share(double state_bytes, double cache_bytes);

/* Misses of a message: @few while the state is in the cache, up to @many when next to none of it is. */
double cache_misses_per_message(double few, double many, double state_bytes, double cache_bytes);

#endif

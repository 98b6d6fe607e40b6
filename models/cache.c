#include "models/cache.h"

double cache_miss_share(double state_bytes, double cache_bytes)
{
	return state_bytes > cache_bytes ? 1 - cache_bytes / state_bytes : 0;
}

double cache_misses_per_message(double few, double many, double state_bytes, double cache_bytes)
{
	return few + (many - few) * cache_miss_share(state_bytes, cache_bytes);
}

#include "sim/pool.h"

#include <string.h>
#include <sys/mman.h>

#define LINE 64u

int sim_pool_init(struct sim_pool *pool, uint32_t count, uint32_t room)
{
	void *memory;

	memset(pool, 0, sizeof(*pool));
	pool->room = (room + LINE - 1) / LINE * LINE;
	pool->count = count;
	pool->size = (size_t)count * (sizeof(struct ix_packet) + pool->room);
	memory = mmap(NULL, pool->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED) {
		memset(pool, 0, sizeof(*pool));
		return -1;
	}
	pool->base = memory;
	return 0;
}

void sim_pool_fini(struct sim_pool *pool)
{
	if (pool->base)
		munmap(pool->base, pool->size);
	memset(pool, 0, sizeof(*pool));
}

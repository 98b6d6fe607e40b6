#include "tests/fuzz/fake_libix.h"
#include <stdlib.h>

#define WAITING_MAX 256

static struct {
	void (*done)(void *context, int sent);
	void *context;
} waiting[WAITING_MAX];
static unsigned waiting_count;
static volatile uint8_t sum; /* so that every byte is read, and a sanitizer sees it */

uint64_t fake_libix_written;

static void look_at(const uint8_t *data, size_t length)
{
	uint8_t all = 0;

	for (size_t i = 0; i < length; i++)
		all ^= data[i];
	sum = all;
	fake_libix_written += length;
}

void fake_libix_sent(void)
{
	while (waiting_count > 0) {
		waiting_count--;
		waiting[waiting_count].done(waiting[waiting_count].context, 1);
	}
}

int ix_write(struct ix_connection *connection, const void *data, size_t length)
{
	look_at(data, length);
	return 0;
}

int ix_write_zero_copy(struct ix_connection *connection, const void *data, uint32_t length,
		       void (*done)(void *context, int sent), void *context)
{
	if (waiting_count == WAITING_MAX)
		return IX_ERR_NO_MEMORY;
	look_at(data, length);
	waiting[waiting_count].done = done;
	waiting[waiting_count++].context = context;
	return 0;
}

void *ix_memory_take(struct ix_runtime *runtime, uint32_t size)
{
	return malloc(size);
}

void ix_memory_give(struct ix_runtime *runtime, void *memory)
{
	free(memory);
}

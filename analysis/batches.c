#include "analysis/batches.h"

#include <stdlib.h>

int batches_init(struct batches *b)
{
	memset(b, 0, sizeof(*b));
	b->length = BATCH_FIRST_LENGTH;
	b->current = histogram_create();
	b->scratch = histogram_create();
	return b->current && b->scratch ? 0 : -1;
}

void batches_destroy(struct batches *b)
{
	for (unsigned i = 0; i < b->finished; i++)
		free(b->batch[i].bytes);
	histogram_destroy(b->current);
	histogram_destroy(b->scratch);
}

const struct histogram *batches_decode(const struct batches *b, unsigned i)
{
	histogram_decode(b->scratch, b->batch[i].bytes, b->batch[i].size);
	return b->scratch;
}

/* Merges each two neighbours; the histogram in use is the (empty) current one. */
static int merge_pairs(struct batches *b)
{
	for (unsigned i = 0; i < BATCHES_MAX / 2; i++) {
		struct batch merged;

		histogram_merge(b->current, batches_decode(b, 2 * i));
		histogram_merge(b->current, batches_decode(b, 2 * i + 1));
		merged.bytes = histogram_encode(b->current, &merged.size);
		histogram_clear(b->current);
		if (!merged.bytes)
			return -1;
		free(b->batch[2 * i].bytes);
		free(b->batch[2 * i + 1].bytes);
		b->batch[2 * i].bytes = b->batch[2 * i + 1].bytes = NULL;
		b->batch[i] = merged;
	}
	memset(b->batch + BATCHES_MAX / 2, 0, sizeof(b->batch) / 2);
	b->finished = BATCHES_MAX / 2;
	b->length *= 2;
	return 0;
}

static int finish_batch(struct batches *b)
{
	struct batch *batch = &b->batch[b->finished];

	batch->bytes = histogram_encode(b->current, &batch->size);
	if (!batch->bytes)
		return -1;
	b->finished++;
	histogram_clear(b->current);
	return b->finished == BATCHES_MAX ? merge_pairs(b) : 0;
}

int batches_add(struct batches *b, const double *values, size_t n)
{
	while (n > 0) {
		uint64_t room = b->length - b->current->count;
		size_t part = n < room ? n : (size_t)room;

		histogram_record(b->current, values, part);
		values += part;
		n -= part;
		if (b->current->count == b->length && finish_batch(b) != 0)
			return -1;
	}
	return 0;
}

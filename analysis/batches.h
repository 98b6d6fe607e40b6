/*
 * Keeps a sequence of values as fewer than 64 finished batches of equal length and one unfinished, in memory that does
 * not depend on the number of values: when the 64th is finished, neighbours are merged and the length doubles. Finished
 * batches are held as bytes (histogram_encode()). Private to analysis: see estimate.h.
 */
#ifndef IXLAB_ANALYSIS_BATCHES_H
#define IXLAB_ANALYSIS_BATCHES_H

#include "analysis/histogram.h"

enum { BATCHES_MAX = 64, BATCH_FIRST_LENGTH = 1024 };

struct batch {
	unsigned char *bytes;
	size_t size;
};

struct batches {
	uint64_t length; /* values per finished batch */
	unsigned finished;
	struct batch batch[BATCHES_MAX];
	struct histogram *current; /* the unfinished one */
	struct histogram *scratch;
};

/* -1 when memory is short; batches_destroy() is right either way. */
int batches_init(struct batches *b);
void batches_destroy(struct batches *b);

/* Adds @n values. -1 when memory is short: then only batches_destroy() may follow. */
int batches_add(struct batches *b, const double *values, size_t n);

/* Finished batch @i; valid until the next call of this or of batches_add(). */
const struct histogram *batches_decode(const struct batches *b, unsigned i);

#endif

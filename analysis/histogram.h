/*
 * Log-linear histogram of non-negative doubles: 512 equal buckets per power of two, so a value read back (the middle of
 * its bucket) is off by at most 2^-10 = 0.098% of itself. The bucket number is the top of the value's own bit pattern.
 * Constant memory; merging is exact for counts.
 */
#ifndef IXLAB_ANALYSIS_HISTOGRAM_H
#define IXLAB_ANALYSIS_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HISTOGRAM_SUB_BITS     9
#define HISTOGRAM_MIN_EXPONENT (-20) /* values below 2^-20 are counted as 0 */
#define HISTOGRAM_MAX_EXPONENT 44    /* values from 2^44 up are counted in the last bucket; max stays exact */
#define HISTOGRAM_BUCKETS                                                                                              \
	((size_t)(HISTOGRAM_MAX_EXPONENT - HISTOGRAM_MIN_EXPONENT) << HISTOGRAM_SUB_BITS) /* bucket 0 also holds 0 */

struct histogram {
	uint64_t count; /* all values */
	double sum, sum_squares, min, max;
	size_t first, last; /* no bucket outside first..last is in use; first > last when empty */
	uint64_t bucket[HISTOGRAM_BUCKETS];
};

struct histogram *histogram_create(void); /* NULL when memory is short */
void histogram_destroy(struct histogram *h);
void histogram_clear(struct histogram *h);

/* Adds @n values (>= 0; NaN and negatives count as 0). */
void histogram_record(struct histogram *h, const double *values, size_t n);

/* Adds @from to @to. */
void histogram_merge(struct histogram *to, const struct histogram *from);

/* Smallest representable x with at least ceil(p * count) values <= x, 0 < p <= 1; NAN when empty. */
double histogram_quantile(const struct histogram *h, double p);
double histogram_mean(const struct histogram *h);
double histogram_variance(const struct histogram *h); /* sample variance, n - 1 */

/* Portable byte string for the store (sparse, varint); *size is set, free() it. NULL when memory is short. */
unsigned char *histogram_encode(const struct histogram *h, size_t *size);

/* The reverse, adding to nothing: @h is overwritten. Returns -1 if the bytes are not a histogram. */
int histogram_decode(struct histogram *h, const unsigned char *bytes, size_t size);

#endif

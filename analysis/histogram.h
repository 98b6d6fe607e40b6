/*
 * Log-linear histogram of non-negative doubles: 1024 equal buckets per power of two. A quantile is interpolated within
 * its bucket by rank, so it is off by at most a bucket's width, 2^-10 = 0.098% of itself, and far less where the values
 * are spread smoothly. The bucket number is the top of the value's own bit pattern. Constant memory; merging is exact
 * for counts.
 */
#ifndef IXLAB_ANALYSIS_HISTOGRAM_H
#define IXLAB_ANALYSIS_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HISTOGRAM_SUB_BITS     10
#define HISTOGRAM_MIN_EXPONENT (-20) /* values below 2^-20 are in bucket 0 and read back as 0 */
#define HISTOGRAM_MAX_EXPONENT 44    /* values from 2^44 up are in the last bucket and read back as the maximum */
#define HISTOGRAM_BUCKETS      (2 + ((size_t)(HISTOGRAM_MAX_EXPONENT - HISTOGRAM_MIN_EXPONENT) << HISTOGRAM_SUB_BITS))

struct histogram {
	uint64_t count; /* all values */
	double sum, sum_squares;
	double min, max;    /* exact; INFINITY and 0 when empty */
	size_t first, last; /* the lowest and highest bucket in use; first > last when empty */
	uint64_t bucket[HISTOGRAM_BUCKETS];
};

struct histogram *histogram_create(void); /* NULL when memory is short */
void histogram_destroy(struct histogram *h);
void histogram_clear(struct histogram *h);

/* The bucket @value (>= 0) is counted in. */
size_t histogram_bucket(double value);

/* Adds @n values (>= 0; NaN and negatives count as 0). */
void histogram_record(struct histogram *h, const double *values, size_t n);

/* Adds @from to @to. */
void histogram_merge(struct histogram *to, const struct histogram *from);

/* The value of rank ceil(p * count) in ascending order, 0 < p <= 1, within the error above; NAN when empty. */
double histogram_quantile(const struct histogram *h, double p);

/* The share of values <= x, interpolated likewise: the inverse of histogram_quantile() but for ties; NAN when empty. */
double histogram_cdf(const struct histogram *h, double x);

/* The edges of the bucket @value is in: nothing is known of values between them. 0 and INFINITY at the ends. */
void histogram_bounds(double value, double *low, double *high);

double histogram_mean(const struct histogram *h);     /* exact but for rounding; NAN when empty */
double histogram_variance(const struct histogram *h); /* sample variance, n - 1; NAN below two values */

/* Portable byte string for the store (sparse, varint); *size is set, free() it. NULL when memory is short. */
unsigned char *histogram_encode(const struct histogram *h, size_t *size);

/* The reverse: @h is overwritten. Returns -1, and leaves @h empty, if the bytes are not a histogram. */
int histogram_decode(struct histogram *h, const unsigned char *bytes, size_t size);

#endif

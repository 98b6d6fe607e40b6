#include "analysis/histogram.h"

#include <math.h>
#include <stdlib.h>

enum { MANTISSA_BITS = 52, EXPONENT_BIAS = 1023, SHIFT = MANTISSA_BITS - HISTOGRAM_SUB_BITS };

/* What the top bits of 2^MIN_EXPONENT read, less one: bucket 0 is for everything smaller. */
#define BUCKET_OFFSET ((((int64_t)EXPONENT_BIAS + HISTOGRAM_MIN_EXPONENT) << HISTOGRAM_SUB_BITS) - 1)

static inline size_t bucket_of(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	int64_t bucket = (int64_t)(bits >> SHIFT) - BUCKET_OFFSET;

	if (bucket < 0)
		bucket = 0;
	if (bucket > (int64_t)HISTOGRAM_BUCKETS - 1)
		bucket = (int64_t)HISTOGRAM_BUCKETS - 1;
	return (size_t)bucket;
}

size_t histogram_bucket(double value)
{
	return bucket_of(value);
}

/* The lower edge of @bucket, which is also the upper edge of the one before; not for bucket 0. */
static double bucket_edge(size_t bucket)
{
	uint64_t bits = (uint64_t)((int64_t)bucket + BUCKET_OFFSET) << SHIFT;
	double edge;

	memcpy(&edge, &bits, sizeof(edge));
	return edge;
}

static void set_empty(struct histogram *h)
{
	h->count = 0;
	h->sum = h->sum_squares = 0;
	h->min = INFINITY;
	h->max = 0;
	h->first = HISTOGRAM_BUCKETS;
	h->last = 0;
}

struct histogram *histogram_create(void)
{
	struct histogram *h = calloc(1, sizeof(*h));

	if (h)
		set_empty(h);
	return h;
}

void histogram_destroy(struct histogram *h)
{
	free(h);
}

void histogram_clear(struct histogram *h)
{
	if (h->first <= h->last)
		memset(h->bucket + h->first, 0, (h->last - h->first + 1) * sizeof(h->bucket[0]));
	set_empty(h);
}

/* What a block of values adds to everything but the buckets; lanes keep the additions independent of one another. */
enum { LANES = 4 };
struct lane {
	double sum, sum_squares, min, max;
};

static inline void lane_add(struct lane *lane, uint64_t *buckets, double value)
{
	double x = value > 0 ? value : 0; /* also where it is NaN */

	lane->sum += x;
	lane->sum_squares += x * x;
	lane->min = x < lane->min ? x : lane->min;
	lane->max = x > lane->max ? x : lane->max;
	buckets[bucket_of(x)]++;
}

void histogram_record(struct histogram *h, const double *values, size_t n)
{
	struct lane a = {0, 0, INFINITY, 0}, b = a, c = a, d = a;
	size_t i = 0;

	if (n == 0)
		return;
	for (; i + LANES <= n; i += LANES) {
		lane_add(&a, h->bucket, values[i]);
		lane_add(&b, h->bucket, values[i + 1]);
		lane_add(&c, h->bucket, values[i + 2]);
		lane_add(&d, h->bucket, values[i + 3]);
	}
	for (; i < n; i++)
		lane_add(&a, h->bucket, values[i]);

	h->count += n;
	h->sum += (a.sum + b.sum) + (c.sum + d.sum);
	h->sum_squares += (a.sum_squares + b.sum_squares) + (c.sum_squares + d.sum_squares);
	h->min = fmin(h->min, fmin(fmin(a.min, b.min), fmin(c.min, d.min)));
	h->max = fmax(h->max, fmax(fmax(a.max, b.max), fmax(c.max, d.max)));
	h->first = bucket_of(h->min);
	h->last = bucket_of(h->max);
}

void histogram_merge(struct histogram *to, const struct histogram *from)
{
	if (from->count == 0)
		return;
	for (size_t i = from->first; i <= from->last; i++)
		to->bucket[i] += from->bucket[i];
	to->count += from->count;
	to->sum += from->sum;
	to->sum_squares += from->sum_squares;
	to->min = fmin(to->min, from->min);
	to->max = fmax(to->max, from->max);
	to->first = bucket_of(to->min);
	to->last = bucket_of(to->max);
}

/* The value of the one with @rank (1 ..) among the bucket's own, taken to lie evenly spread. */
static double interpolate(const struct histogram *h, size_t bucket, uint64_t rank)
{
	if (bucket == HISTOGRAM_BUCKETS - 1)
		return h->max;
	if (bucket == 0)
		return 0;

	double low = bucket_edge(bucket), high = bucket_edge(bucket + 1);
	double value = low + (high - low) * ((double)rank - 0.5) / (double)h->bucket[bucket];

	return fmin(fmax(value, h->min), h->max);
}

double histogram_quantile(const struct histogram *h, double p)
{
	if (h->count == 0)
		return NAN;

	double wanted = ceil(p * (double)h->count);
	uint64_t rank = wanted < 1 ? 1 : (uint64_t)wanted;

	if (rank >= h->count)
		return h->max;
	/* From the top: the quantiles asked for are high ones, and the tail has few values, not few buckets. */
	uint64_t above = h->count - rank;
	size_t i = h->last;

	while (h->bucket[i] <= above)
		above -= h->bucket[i--];
	return interpolate(h, i, h->bucket[i] - above);
}

double histogram_cdf(const struct histogram *h, double x)
{
	if (h->count == 0)
		return NAN;
	if (x < h->min)
		return 0;
	if (x >= h->max)
		return 1;

	size_t bucket = bucket_of(x);
	double above = 0;

	for (size_t i = h->last; i > bucket; i--)
		above += (double)h->bucket[i];
	if (bucket > 0 && bucket < HISTOGRAM_BUCKETS - 1) {
		double low = bucket_edge(bucket), high = bucket_edge(bucket + 1);

		above += (double)h->bucket[bucket] * (high - x) / (high - low);
	}
	return 1 - above / (double)h->count;
}

void histogram_bounds(double value, double *low, double *high)
{
	size_t bucket = bucket_of(value);

	*low = bucket > 0 ? bucket_edge(bucket) : 0;
	*high = bucket < HISTOGRAM_BUCKETS - 1 ? bucket_edge(bucket + 1) : INFINITY;
}

double histogram_mean(const struct histogram *h)
{
	return h->count ? h->sum / (double)h->count : NAN;
}

double histogram_variance(const struct histogram *h)
{
	double n = (double)h->count;

	if (h->count < 2)
		return NAN;
	return fmax(0, h->sum_squares - h->sum * (h->sum / n)) / (n - 1);
}

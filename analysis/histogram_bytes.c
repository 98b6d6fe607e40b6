/*
 * A histogram as bytes: version, sum, sum of squares, minimum and maximum (IEEE 754, little endian), then for each
 * bucket in use, ascending, the distance from the one before and its count, both as LEB128 variable-length integers.
 */
#include "analysis/histogram.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

enum { VERSION = 1, HEADER = 1 + 4 * 8, VARINT_MAX = 10 };

static unsigned char *put_double(unsigned char *at, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	for (int i = 0; i < 8; i++)
		*at++ = (unsigned char)(bits >> (8 * i));
	return at;
}

static const unsigned char *get_double(const unsigned char *at, double *value)
{
	uint64_t bits = 0;

	for (int i = 0; i < 8; i++)
		bits |= (uint64_t)*at++ << (8 * i);
	memcpy(value, &bits, sizeof(*value));
	return at;
}

static unsigned char *put_varint(unsigned char *at, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*at++ = (unsigned char)(value | 0x80);
	*at++ = (unsigned char)value;
	return at;
}

/* NULL when the bytes end within the number, or it is longer than it need be, or than 64 bits. */
static const unsigned char *get_varint(const unsigned char *at, const unsigned char *end, uint64_t *value)
{
	*value = 0;
	for (unsigned shift = 0; at < end && shift < 64; shift += 7) {
		unsigned char byte = *at++;

		if (shift == 63 && byte > 1)
			return NULL;
		*value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return byte == 0 && shift > 0 ? NULL : at;
	}
	return NULL;
}

static size_t buckets_in_use(const struct histogram *h)
{
	size_t used = 0;

	for (size_t i = h->first; i <= h->last; i++)
		used += h->bucket[i] != 0;
	return used;
}

unsigned char *histogram_encode(const struct histogram *h, size_t *size)
{
	unsigned char *bytes = malloc(HEADER + buckets_in_use(h) * 2 * VARINT_MAX);
	unsigned char *at = bytes;
	size_t next = 0;

	if (!bytes)
		return NULL;
	*at++ = VERSION;
	at = put_double(at, h->sum);
	at = put_double(at, h->sum_squares);
	at = put_double(at, h->min);
	at = put_double(at, h->max);
	for (size_t i = h->first; i <= h->last; i++) {
		if (h->bucket[i] == 0)
			continue;
		at = put_varint(at, i - next);
		at = put_varint(at, h->bucket[i]);
		next = i + 1;
	}
	*size = (size_t)(at - bytes);

	unsigned char *fitted = realloc(bytes, *size);

	return fitted ? fitted : bytes;
}

static bool decode_buckets(struct histogram *h, const unsigned char *at, const unsigned char *end)
{
	size_t next = 0;
	uint64_t gap, count;

	while (at < end) {
		at = get_varint(at, end, &gap);
		if (!at || gap >= HISTOGRAM_BUCKETS - next)
			return false;
		at = get_varint(at, end, &count);
		if (!at || count == 0 || count > UINT64_MAX - h->count)
			return false;
		next += (size_t)gap;
		if (h->count == 0)
			h->first = next;
		h->last = next;
		h->bucket[next++] = count;
		h->count += count;
	}
	return true;
}

/* Whether the header speaks of the same values as the buckets do. */
static bool consistent(const struct histogram *h)
{
	double n = (double)h->count, slack = 1 + 1e-6;

	if (h->count == 0)
		return h->sum == 0 && h->sum_squares == 0 && h->min == INFINITY && h->max == 0;
	return h->min >= 0 && h->min <= h->max && histogram_bucket(h->min) == h->first &&
	       histogram_bucket(h->max) == h->last && h->sum * slack >= n * h->min && h->sum <= n * h->max * slack &&
	       h->sum_squares >= 0;
}

int histogram_decode(struct histogram *h, const unsigned char *bytes, size_t size)
{
	const unsigned char *at = bytes;

	histogram_clear(h);
	if (size < HEADER || *at++ != VERSION)
		return -1;
	at = get_double(at, &h->sum);
	at = get_double(at, &h->sum_squares);
	at = get_double(at, &h->min);
	at = get_double(at, &h->max);
	if (!decode_buckets(h, at, bytes + size) || !consistent(h)) {
		histogram_clear(h);
		return -1;
	}
	return 0;
}

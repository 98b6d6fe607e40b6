/* What requests are made of, and lines of replies. */
#include "harness/load/load.h"
#include <string.h>
#include <time.h>

uint64_t load_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t word(uint64_t key, uint64_t index)
{
	uint64_t x = key ^ index * 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 32) * 0xd6e8feb86659fd93u;
	return x ^ x >> 32;
}

/* Bytes up to the end of the word that @offset is in; *bytes holds them. */
static size_t piece(uint64_t key, uint64_t offset, size_t length, uint64_t *bytes)
{
	size_t left = 8 - offset % 8;

	*bytes = word(key, offset / 8) >> (8 * (offset % 8));
	return length < left ? length : left;
}

void load_text_fill(uint64_t key, uint64_t offset, uint8_t *out, size_t length)
{
	while (length) {
		uint64_t bytes;
		size_t n = piece(key, offset, length, &bytes);

		memcpy(out, &bytes, n);
		out += n;
		offset += n;
		length -= n;
	}
}

bool load_text_equal(uint64_t key, uint64_t offset, const uint8_t *data, size_t length)
{
	while (length) {
		uint64_t bytes;
		size_t n = piece(key, offset, length, &bytes);

		if (memcmp(data, &bytes, n) != 0)
			return false;
		data += n;
		offset += n;
		length -= n;
	}
	return true;
}

ptrdiff_t load_line(struct load_connection *lc, const uint8_t *data, size_t length, bool *done)
{
	const uint8_t *end = memchr(data, '\n', length);
	size_t n = end ? (size_t)(end - data) : length;

	*done = end;
	if (lc->line_length + n >= LOAD_LINE_MAX)
		return -1;
	memcpy(lc->line + lc->line_length, data, n);
	lc->line_length += (uint32_t)n;
	if (!end)
		return (ptrdiff_t)n;
	if (lc->line_length && lc->line[lc->line_length - 1] == '\r')
		lc->line_length--;
	lc->line[lc->line_length] = 0;
	lc->line_length = 0;
	return (ptrdiff_t)n + 1;
}

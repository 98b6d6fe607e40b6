/* The Internet checksum (RFC 1071), in memory order: a sum of 16-bit words is the same in any byte order. */
#include "impl/tcp/internal.h"

#include <string.h>

static inline uint64_t add(uint64_t sum, const uint8_t *at)
{
	uint64_t word;

	memcpy(&word, at, 8);
	sum += word;
	return sum + (sum < word);
}

static inline uint64_t add4(uint64_t sum, const uint8_t *at)
{
	uint32_t word;

	memcpy(&word, at, 4);
	sum += word;
	return sum + (sum < word);
}

/* Adds the halves of the halves, each time with the carry added at the other end. */
static inline uint16_t fold(uint64_t sum)
{
	uint32_t half;

	sum += sum << 32 | sum >> 32;
	half = (uint32_t)(sum >> 32);
	half += half << 16 | half >> 16;
	return (uint16_t) ~(half >> 16);
}

/* Eight bytes at a time, four times in a turn. */
static uint16_t checksum(const uint8_t *at, uint32_t left, uint64_t sum)
{
	uint8_t rest[4] = {0};

	for (; left >= 32; left -= 32, at += 32)
		sum = add(add(add(add(sum, at), at + 8), at + 16), at + 24);
	for (; left >= 8; left -= 8, at += 8)
		sum = add(sum, at);
	if (left >= 4) {
		sum = add4(sum, at);
		left -= 4;
		at += 4;
	}
	if (left) { /* as if zeros followed */
		for (uint32_t i = 0; i < left; i++)
			rest[i] = at[i];
		sum = add4(sum, rest);
	}
	return fold(sum);
}

uint16_t ip_checksum(const void *data, uint32_t length)
{
	return checksum(data, length, 0);
}

uint16_t ip_checksum_header(const void *header)
{
	const uint8_t *at = header;

	return fold(add4(add(add(0, at), at + 8), at + 16));
}

uint16_t ip_checksum_pseudo(const void *data, uint16_t length, uint32_t src_be, uint32_t dst_be, uint8_t protocol)
{
	return checksum(data, length, (uint64_t)src_be + dst_be + lwip_htons(protocol) + lwip_htons(length));
}

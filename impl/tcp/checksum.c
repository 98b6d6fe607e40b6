/* The Internet checksum (RFC 1071), in memory order: a sum of 16-bit words is the same in any byte order. */
#include "impl/tcp/internal.h"

#include <string.h>

static uint64_t add(uint64_t sum, const uint8_t *at)
{
	uint64_t word, result;

	memcpy(&word, at, 8);
	return sum + word + __builtin_add_overflow(sum, word, &result);
}

static uint16_t fold(uint64_t sum)
{
	sum = (sum >> 32) + (sum & 0xffffffff);
	sum = (sum >> 32) + (sum & 0xffffffff);
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)~sum;
}

/* Eight bytes at a time, four times in a turn; @sum comes from words of 32 bits at most. */
static uint16_t checksum(const uint8_t *at, uint32_t left, uint64_t sum)
{
	uint8_t rest[8] = {0};

	for (; left >= 32; left -= 32, at += 32)
		sum = add(add(add(add(sum, at), at + 8), at + 16), at + 24);
	for (; left >= 8; left -= 8, at += 8)
		sum = add(sum, at);
	if (left) {
		memcpy(rest, at, left);
		sum = add(sum, rest);
	}
	return fold(sum);
}

uint16_t ip_checksum(const void *data, uint32_t length)
{
	return checksum(data, length, 0);
}

uint16_t ip_checksum_pseudo(const void *data, uint16_t length, uint32_t src_be, uint32_t dst_be, uint8_t protocol)
{
	return checksum(data, length, (uint64_t)src_be + dst_be + lwip_htons(protocol) + lwip_htons(length));
}

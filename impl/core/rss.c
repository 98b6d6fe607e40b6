#include "impl/core/rss.h"
#include <stddef.h>

const uint8_t ix_rss_key_default[IX_RSS_KEY_SIZE] = {
    0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
    0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
    0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

const uint8_t ix_rss_key_symmetric[IX_RSS_KEY_SIZE] = {
    0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a,
    0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a,
    0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a,
};

/* The 32 bits of the key that start at bit @bit; bits behind its end are 0. */
static uint32_t key_window(const uint8_t *key, unsigned bit)
{
	uint64_t bytes = 0;
	unsigned i;

	for (i = 0; i < 5; i++)
		bytes = bytes << 8 | (bit / 8 + i < IX_RSS_KEY_SIZE ? key[bit / 8 + i] : 0);
	return (uint32_t)(bytes >> (8 - bit % 8));
}

uint32_t ix_rss_hash_reference(const uint8_t *key, const uint8_t *input, unsigned length)
{
	uint32_t hash = 0;
	unsigned bit;

	for (bit = 0; bit < length * 8; bit++)
		if (input[bit / 8] & 0x80u >> bit % 8)
			hash ^= key_window(key, bit);
	return hash;
}

/* The hash is linear: that of a byte is that of the byte without its lowest bit, and of that bit. */
static void fill(uint32_t table[256], const uint8_t *key, unsigned first_bit)
{
	uint32_t window[8];
	unsigned bit, value;

	for (bit = 0; bit < 8; bit++)
		window[bit] = key_window(key, first_bit + 7 - bit);
	table[0] = 0;
	for (value = 1; value < 256; value++)
		table[value] = table[value & (value - 1)] ^ window[__builtin_ctz(value)];
}

int ix_rss_init(struct ix_rss *rss, const uint8_t key[IX_RSS_KEY_SIZE], uint32_t groups)
{
	unsigned byte;

	if (groups == 0 || groups > IX_RSS_GROUPS_MAX || (groups & (groups - 1)))
		return -1;
	rss->groups = groups;
	for (byte = 0; byte < 12; byte++)
		fill(rss->table[byte], key, byte * 8);
	return 0;
}

static uint32_t hash_32(const uint32_t (*table)[256], uint32_t word)
{
	return table[0][word >> 24] ^ table[1][word >> 16 & 255] ^ table[2][word >> 8 & 255] ^ table[3][word & 255];
}

uint32_t ix_rss_hash_ipv4(const struct ix_rss *rss, uint32_t src_ip, uint32_t dst_ip, uint16_t src_port,
			  uint16_t dst_port)
{
	return hash_32(rss->table, src_ip) ^ hash_32(rss->table + 4, dst_ip) ^
	       hash_32(rss->table + 8, (uint32_t)src_port << 16 | dst_port);
}

/*
 * Receive-side scaling: Toeplitz hash over the flow's addresses and ports, and the redirection table (RETA) from the
 * low bits of the hash to a flow group (Intel 82599: 128 entries; XL710: 512).
 */
#ifndef IX_RSS_H
#define IX_RSS_H

#include <stdint.h>

#define IX_RSS_KEY_SIZE   40
#define IX_RSS_GROUPS_MAX 512

extern const uint8_t ix_rss_key_default[IX_RSS_KEY_SIZE]; /* the key of Microsoft's RSS verification suite */
extern const uint8_t
    ix_rss_key_symmetric[IX_RSS_KEY_SIZE]; /* 0x6d5a repeated: both directions hash alike (Woo and Park) */

/* The hash by tables: 12 look-ups for IPv4 with ports. About 12 KB a key. */
struct ix_rss {
	uint32_t table[12][256];
	uint32_t groups; /* entries of the RETA, a power of two, 1 .. IX_RSS_GROUPS_MAX */
};

/* Returns -1 if @groups is not a power of two in range. */
int ix_rss_init(struct ix_rss *rss, const uint8_t key[IX_RSS_KEY_SIZE], uint32_t groups);

/* All arguments in host byte order. */
uint32_t ix_rss_hash_ipv4(const struct ix_rss *rss, uint32_t src_ip, uint32_t dst_ip, uint16_t src_port,
			  uint16_t dst_port);

/* The definition, bit by bit, over any input: the oracle of the tests. */
uint32_t ix_rss_hash_reference(const uint8_t *key, const uint8_t *input, unsigned length);

static inline uint32_t ix_rss_group(const struct ix_rss *rss, uint32_t hash)
{
	return hash & (rss->groups - 1);
}

#endif

/*
 * Toeplitz against Microsoft's published verification suite ("Verifying the RSS hash calculation"), the tables against
 * the definition, and the redirection table.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "impl/core/rss.h"
#include <string.h>

#define IP(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

static const struct {
	uint32_t dst_ip;
	uint16_t dst_port;
	uint32_t src_ip;
	uint16_t src_port;
	uint32_t hash_addresses, hash_ports;
} ipv4[] = {
    {IP(161, 142, 100, 80), 1766, IP(66, 9, 149, 187), 2794, 0x323e8fc2, 0x51ccc178},
    {IP(65, 69, 140, 83), 4739, IP(199, 92, 111, 2), 14230, 0xd718262a, 0xc626b0ea},
    {IP(12, 22, 207, 184), 38024, IP(24, 19, 198, 95), 12898, 0xd2d0a5de, 0x5c2b394a},
    {IP(209, 142, 163, 6), 2217, IP(38, 27, 205, 30), 48228, 0x82989176, 0xafc7327f},
    {IP(202, 188, 127, 2), 1303, IP(153, 39, 163, 191), 44251, 0x5d1809c5, 0x10e828a2},
};

/* Source, destination, source port, destination port, as the hash takes them. */
static const struct {
	uint8_t input[36];
	uint32_t hash_addresses, hash_ports;
} ipv6[] = {
    {{0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0x1f, 0xff, 0, 0, 0, 0, 0, 0, 0,         7,          0x3f,      0xfe,
      0x25, 0x01, 0x02, 0x00, 0x00, 0x03, 0,    0,    0, 0, 0, 0, 0, 1, 2794 >> 8, 2794 & 255, 1766 >> 8, 1766 & 255},
     0x2cc18cd5,
     0x40207d3d},
    {{0x3f, 0xfe, 0x05, 0x01, 0x00, 0x08, 0, 0, 0x02,       0x60,        0x97,      0xff,
      0xfe, 0x40, 0xef, 0xab, 0xff, 0x02, 0, 0, 0,          0,           0,         0,
      0,    0,    0,    0,    0,    0,    0, 1, 14230 >> 8, 14230 & 255, 4739 >> 8, 4739 & 255},
     0x0f0c461c,
     0xdde51bbf},
    {{0x3f, 0xfe, 0x19, 0x00, 0x45, 0x45, 0x00, 0x03, 0x02,       0x00,        0xf8,       0xff,
      0xfe, 0x21, 0x67, 0xcf, 0xfe, 0x80, 0,    0,    0,          0,           0,          0,
      0x02, 0x00, 0xf8, 0xff, 0xfe, 0x21, 0x67, 0xcf, 44251 >> 8, 44251 & 255, 38024 >> 8, 38024 & 255},
     0x4b61e985,
     0x02d1feef},
};

static void put_32(uint8_t *bytes, uint32_t word)
{
	bytes[0] = (uint8_t)(word >> 24);
	bytes[1] = (uint8_t)(word >> 16);
	bytes[2] = (uint8_t)(word >> 8);
	bytes[3] = (uint8_t)word;
}

static uint32_t reference_ipv4(const uint8_t *key, uint32_t src_ip, uint32_t dst_ip, uint16_t src_port,
			       uint16_t dst_port, unsigned length)
{
	uint8_t input[12];

	put_32(input, src_ip);
	put_32(input + 4, dst_ip);
	put_32(input + 8, (uint32_t)src_port << 16 | dst_port);
	return ix_rss_hash_reference(key, input, length);
}

static void test_published_vectors(void **state)
{
	struct ix_rss rss;
	size_t i;

	assert_int_equal(ix_rss_init(&rss, ix_rss_key_default, 128), 0);
	for (i = 0; i < sizeof(ipv4) / sizeof(*ipv4); i++) {
		assert_int_equal(reference_ipv4(ix_rss_key_default, ipv4[i].src_ip, ipv4[i].dst_ip, 0, 0, 8),
				 ipv4[i].hash_addresses);
		assert_int_equal(reference_ipv4(ix_rss_key_default, ipv4[i].src_ip, ipv4[i].dst_ip, ipv4[i].src_port,
						ipv4[i].dst_port, 12),
				 ipv4[i].hash_ports);
		assert_int_equal(
		    ix_rss_hash_ipv4(&rss, ipv4[i].src_ip, ipv4[i].dst_ip, ipv4[i].src_port, ipv4[i].dst_port),
		    ipv4[i].hash_ports);
	}
	for (i = 0; i < sizeof(ipv6) / sizeof(*ipv6); i++) {
		assert_int_equal(ix_rss_hash_reference(ix_rss_key_default, ipv6[i].input, 32), ipv6[i].hash_addresses);
		assert_int_equal(ix_rss_hash_reference(ix_rss_key_default, ipv6[i].input, 36), ipv6[i].hash_ports);
	}
}

static uint64_t next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	return *seed ^= *seed << 17;
}

static void test_any_key(void **state)
{
	uint64_t seed = 1;
	int round, i;

	for (round = 0; round < 20; round++) {
		uint8_t key[IX_RSS_KEY_SIZE];
		struct ix_rss rss;

		for (i = 0; i < IX_RSS_KEY_SIZE; i++)
			key[i] = (uint8_t)next(&seed);
		assert_int_equal(ix_rss_init(&rss, key, 128), 0);
		for (i = 0; i < 1000; i++) {
			uint32_t src = (uint32_t)next(&seed), dst = (uint32_t)next(&seed);
			uint16_t from = (uint16_t)next(&seed), to = (uint16_t)next(&seed);

			assert_int_equal(ix_rss_hash_ipv4(&rss, src, dst, from, to),
					 reference_ipv4(key, src, dst, from, to, 12));
		}
	}
}

static void test_symmetric_key(void **state)
{
	uint64_t seed = 2;
	struct ix_rss rss;
	int i, differing = 0;

	assert_int_equal(ix_rss_init(&rss, ix_rss_key_symmetric, 128), 0);
	for (i = 0; i < 10000; i++) {
		uint32_t src = (uint32_t)next(&seed), dst = (uint32_t)next(&seed);
		uint16_t from = (uint16_t)next(&seed), to = (uint16_t)next(&seed);

		assert_int_equal(ix_rss_hash_ipv4(&rss, src, dst, from, to),
				 ix_rss_hash_ipv4(&rss, dst, src, to, from));
	}
	assert_int_equal(ix_rss_init(&rss, ix_rss_key_default, 128), 0);
	for (i = 0; i < 5; i++)
		differing +=
		    ix_rss_hash_ipv4(&rss, ipv4[i].src_ip, ipv4[i].dst_ip, ipv4[i].src_port, ipv4[i].dst_port) !=
		    ix_rss_hash_ipv4(&rss, ipv4[i].dst_ip, ipv4[i].src_ip, ipv4[i].dst_port, ipv4[i].src_port);
	assert_int_equal(differing, 5);
}

static void test_groups(void **state)
{
	struct ix_rss rss;

	assert_int_equal(ix_rss_init(&rss, ix_rss_key_default, 128), 0);
	assert_int_equal(ix_rss_group(&rss, 0x51ccc178), 0x78);
	assert_int_equal(ix_rss_init(&rss, ix_rss_key_default, 512), 0);
	assert_int_equal(ix_rss_group(&rss, 0x51ccc178), 0x178);
	assert_int_equal(ix_rss_init(&rss, ix_rss_key_default, 0), -1);
	assert_int_equal(ix_rss_init(&rss, ix_rss_key_default, 100), -1);
	assert_int_equal(ix_rss_init(&rss, ix_rss_key_default, 1024), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_published_vectors),
	    cmocka_unit_test(test_any_key),
	    cmocka_unit_test(test_symmetric_key),
	    cmocka_unit_test(test_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

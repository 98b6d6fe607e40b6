/* Receive-side hashing as NICs do it, in software. */
#include "impl/nic/internal.h"
#include <string.h>

#define ETHER_HEADER 14

static uint32_t read32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint16_t read16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

uint32_t nic_hash(const struct ix_rss *rss, const uint8_t *frame, uint32_t length)
{
	const uint8_t *ip = frame + ETHER_HEADER, *ports;
	uint16_t src_port = 0, dst_port = 0;

	if (length < ETHER_HEADER + 20 || frame[12] != 0x08 || frame[13] != 0x00 || ip[0] >> 4 != 4)
		return 0;
	ports = ip + 4u * (ip[0] & 15);
	/* Ports of 0 leave the hash over the addresses alone. Fragments have none. */
	if ((ip[9] == 6 || ip[9] == 17) && !(read16(ip + 6) & 0x3fff) && ports + 4 <= frame + length) {
		src_port = read16(ports);
		dst_port = read16(ports + 2);
	}
	return ix_rss_hash_ipv4(rss, read32(ip + 12), read32(ip + 16), src_port, dst_port);
}

unsigned nic_test_frame(const struct nic *nic, unsigned group, uint8_t *frame)
{
	static const uint8_t header[] = {
	    0,    0,  0,   0,  0, 0, 0x02, 0, 0, 0, 0, 0xfe, 0x08, 0x00,       /* Ethernet */
	    0x45, 0,  0,   40, 0, 0, 0x40, 0, 1, 6, 0, 0,    192,  0,    2, 1, /* IPv4, documentation addresses */
	    198,  51, 100, 1,
	};
	unsigned port;

	memset(frame, 0, NIC_TEST_FRAME);
	memcpy(frame, header, sizeof(header));
	memcpy(frame, nic->facts.mac, 6);
	frame[36] = 0;
	frame[37] = 9; /* discard */
	for (port = 1; port < 65535; port++) {
		frame[34] = (uint8_t)(port >> 8);
		frame[35] = (uint8_t)port;
		if (ix_rss_group(&nic->rss, nic_hash(&nic->rss, frame, NIC_TEST_FRAME)) == group)
			break;
	}
	return NIC_TEST_FRAME;
}

/* Packets of scripts as frames on the wire, and back. */
#ifndef IX_TESTS_PACKET_FRAME_H
#define IX_TESTS_PACKET_FRAME_H

#include "tests/packet/script.h"

#define FRAME_MAX 2048u

/* Both ends of a flow; local is the device under test. */
struct ends {
	uint32_t local_ip, remote_ip;
	uint16_t local_port, remote_port;
	uint8_t local_mac[6];
	uint32_t local_isn, peer_isn; /* what sequence number 0 of either is on the wire */
};

extern const uint8_t peer_mac[6];

/* Bytes of streams and datagrams by their position. A stream's byte 0 has sequence number 1. */
uint8_t device_byte(uint32_t position);
uint8_t peer_byte(uint32_t position, bool alt);

/* The frame that the peer sends; returns its length. */
unsigned frame_build(uint8_t frame[FRAME_MAX], const struct packet *p, const struct ends *ends);

/* A frame that the device has sent. Sequence numbers of @p are as on the wire. NULL, or what is wrong with the frame:
 * nothing that the device sends may have a bad checksum, length or address. */
struct decoded {
	struct packet packet;
	uint32_t dst_ip;
	uint16_t src_port, dst_port;
	const uint8_t *payload;
};
const char *frame_decode(struct decoded *d, const uint8_t *frame, unsigned length,
			 const struct ix_tcp_options *options);

/* How @got differs from what is @expected: names of fields, or "" if it does not. */
void packet_difference(char *text, size_t size, const struct packet *expected, const struct packet *got,
		       const struct ends *ends);

#endif

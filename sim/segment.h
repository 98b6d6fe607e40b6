/*
 * Messages as TCP segments over IPv4 and Ethernet: how many packets they are, and how many bytes of wire time those
 * take. No TCP options but in a SYN; the maximum segment size is that of an MTU of 1,500 bytes.
 */
#ifndef IXLAB_SIM_SEGMENT_H
#define IXLAB_SIM_SEGMENT_H

#include "sim/wire.h"

#define SIM_SEGMENT_MAX_BYTES    1460u
#define SIM_SEGMENT_HEADER_BYTES 54u /* Ethernet 14, IPv4 20, TCP 20 */

/* Of a SYN, as Linux sends it: maximum segment size, selective acknowledgements, time stamps, window scale. */
#define SIM_SEGMENT_SYN_OPTION_BYTES 20u

/* Segments of a message of @bytes, at least 1. */
static inline uint32_t sim_segments(uint32_t bytes)
{
	return bytes ? (bytes - 1) / SIM_SEGMENT_MAX_BYTES + 1 : 1;
}

/* On the wire, of one segment with @payload bytes: with padding, preamble, check sequence and gap. */
static inline uint32_t sim_segment_wire_bytes(uint32_t payload)
{
	uint32_t frame = payload + SIM_SEGMENT_HEADER_BYTES;

	return (frame < SIM_ETHERNET_MIN_BYTES ? SIM_ETHERNET_MIN_BYTES : frame) + SIM_ETHERNET_OVERHEAD_BYTES;
}

/* Of all segments of a message of @bytes: as full as can be, then the rest. */
static inline uint32_t sim_message_wire_bytes(uint32_t bytes)
{
	uint32_t full = sim_segments(bytes) - 1;

	return full * sim_segment_wire_bytes(SIM_SEGMENT_MAX_BYTES) +
	       sim_segment_wire_bytes(bytes - full * SIM_SEGMENT_MAX_BYTES);
}

#endif

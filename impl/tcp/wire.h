/* Headers as they are on the wire (network byte order), for reading and writing by memcpy. */
#ifndef IX_TCP_WIRE_H
#define IX_TCP_WIRE_H

#include <stdint.h>

enum { ETH_TYPE_IP = 0x0800, ETH_TYPE_ARP = 0x0806 };
enum { IP_PROTOCOL_ICMP = 1, IP_PROTOCOL_TCP = 6, IP_PROTOCOL_UDP = 17 };
enum { ICMP_ECHO_ASKED = 8, IP_DONT_FRAGMENT = 0x4000 };
enum { ARP_REQUEST = 1, ARP_REPLY = 2, ARP_LENGTH = 28, UDP_HEADER = 8, TCP_CHECKSUM_AT = 16 };

struct ip_header {
	uint8_t version_length, tos;
	uint16_t total_length, id, fragment;
	uint8_t ttl, protocol;
	uint16_t checksum;
	uint32_t src, dst;
};

struct udp_header {
	uint16_t src, dst, length, checksum;
};

struct arp_message {
	uint16_t hardware, protocol;
	uint8_t hardware_length, protocol_length;
	uint16_t operation;
	uint8_t sender_mac[6], sender_ip[4], target_mac[6], target_ip[4];
};

_Static_assert(sizeof(struct ip_header) == 20, "no padding");
_Static_assert(sizeof(struct arp_message) == ARP_LENGTH, "no padding");

#endif

/*
 * A packet script: what a peer sends to a TCP stack and what the stack must answer, line by line in virtual time.
 * README.md describes the language. Scripts are read from memory, so that they can be fuzzed.
 */
#ifndef IX_TESTS_PACKET_SCRIPT_H
#define IX_TESTS_PACKET_SCRIPT_H

#include "impl/core/abi.h"
#include "impl/tcp/tcp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCRIPT_FLOWS_MAX  32
#define SCRIPT_RAW_MAX    256
#define SCRIPT_STREAM_MAX (64u << 10) /* bytes that a flow may send in one direction */

/* A number of a script. Not given, or given as '*': not under test. */
struct number {
	uint64_t value;
	bool given, any;
	bool absolute; /* sequence numbers: as on the wire ('@') */
};

enum packet_kind { PACKET_TCP, PACKET_UDP, PACKET_ICMP, PACKET_ARP, PACKET_RAW };
enum tcp_flag { FLAG_F = 1, FLAG_S = 2, FLAG_R = 4, FLAG_P = 8, FLAG_A = 16, FLAG_U = 32, FLAG_E = 64, FLAG_C = 128 };

/* In brackets behind a packet; script_packet.c has their names. */
enum modifier {
	MOD_IPSUM,
	MOD_SUM,
	MOD_IPLEN,
	MOD_IHL,
	MOD_VERSION,
	MOD_DOFF,
	MOD_UDPLEN,
	MOD_FRAGMENT,
	MOD_TTL,
	MOD_TOS,
	MOD_PROTO,
	MOD_ETHERTYPE,
	MOD_CUT,
	MOD_PAD,
	MOD_SRC,
	MOD_DST,
	MOD_ETHDST,
	MOD_ALT,
	MOD_NEWISN,
	MOD_COUNT
};
enum { SUM_BAD = 1, SUM_ZERO = 2 };
enum { ETHDST_BROADCAST = 1, ETHDST_OTHER = 2 };

/* As written in a script (numbers relative to the flow's first ones), or as found on the wire (absolute). */
struct packet {
	enum packet_kind kind;
	int flow; /* -1: none that the script knows */
	uint8_t flags;
	struct number seq, ack, win, urg, length;
	uint8_t options[40];
	unsigned option_bytes;
	bool options_any;
	struct number icmp_type, icmp_code, icmp_id, icmp_seq;
	unsigned arp_operation;
	uint32_t arp_target, arp_sender;
	uint8_t raw[SCRIPT_RAW_MAX];
	unsigned raw_bytes;
	struct number modifier[MOD_COUNT];
};

enum line_kind { LINE_INJECT, LINE_EXPECT, LINE_CALL, LINE_EVENT, LINE_COUNT, LINE_QUIET };

struct call_line {
	enum ix_call_type type;
	int flow;
	uint32_t length[IX_SG_MAX];
	unsigned lengths;
	uint16_t port; /* of UDP_SEND, if not the flow's */
	bool result_given;
	int64_t result;
};

struct event_line {
	enum ix_event_type type;
	int flow;
	struct number length, window;
	bool status_given, alt;
	int status;
};

struct line {
	unsigned number;
	enum line_kind kind;
	bool relative; /* to the line before */
	uint64_t time_ns;
	union {
		struct packet packet;
		struct call_line call;
		struct event_line event;
		struct {
			char name[32];
			int64_t value;
		} count;
	};
};

struct flow {
	char name[16];
	uint32_t remote_ip;
	uint16_t remote_port, local_port; /* 0: whatever the stack chooses */
	uint32_t isn;                     /* what the peer's sequence number 0 is on the wire */
};

struct script {
	char name[256];
	struct ix_tcp_options options;
	bool arp_manual; /* the script speaks ARP itself */
	struct flow flow[SCRIPT_FLOWS_MAX];
	unsigned flows;
	struct line *line;
	unsigned lines;
};

/* Reads @text. 0, or -1 with one line "NAME:LINE: what is wrong" in @error; @script is to be cleared in both cases. */
int script_read(struct script *script, const char *text, size_t length, const char *name, char *error,
		size_t error_size);
void script_clear(struct script *script);

/* Names, as in scripts; never NULL. */
const char *script_call_name(unsigned type);
const char *script_event_name(unsigned type);
const char *script_error_name(int64_t error);
const char *script_reason_name(int reason);
const char *script_modifier_name(enum modifier modifier);

/* The line as it would be written, without its time. */
struct flow_view {
	const char *name;
	uint32_t local_isn, peer_isn;
};
void script_print_packet(char *text, size_t size, const struct packet *packet, const struct flow_view *absolute);

#endif

/*
 * The protocol stack `tcp`: lwIP's TCP state machine in flow groups, with addresses, ARP, IP, ICMP echo, UDP,
 * connection look-up, ports and timers of our own. One dataplane is one host with one address; every thread of it is
 * the same host.
 *
 * What the application sees (impl/core/abi.h), beyond what stands there:
 * - KNOCK comes when the handshake is complete; data that arrives before ACCEPT waits. CLOSE or ABORT of a knock
 *   resets the connection.
 * - Every handle the application has learned of (KNOCK, CONNECT) ends with exactly one DEAD, also after CLOSE and
 * ABORT. A failed CONNECT gives CONNECTED with a negative status, then DEAD with the reason.
 * - DEAD after CLOSE comes when all that was sent has been acknowledged. DEAD returns every buffer given to SENDV.
 * - Every RECV must be answered by RECV_DONE for all of its bytes, also after DEAD: for that alone a handle outlives
 * it.
 * - SENT with length 0 says that the window has opened after SENDV had accepted less than it was given.
 */
#ifndef IX_TCP_H
#define IX_TCP_H

#include "impl/core/dataplane.h"

#define IX_TCP_PORTS_MAX 16

struct ix_tcp_options {
	uint32_t ip, netmask, gateway; /* host byte order; gateway 0: none */
	uint8_t mac[6];
	uint16_t mtu;                           /* 576 .. 1500; the MSS is 40 less */
	uint16_t listen_port[IX_TCP_PORTS_MAX]; /* the first listen_ports of them */
	unsigned listen_ports;
	uint16_t udp_port[IX_TCP_PORTS_MAX];
	unsigned udp_ports;
	uint16_t port_low, port_high; /* local ports of CONNECT and of UDP_SEND without one */

	unsigned half_open_max; /* per flow group; the oldest makes room for the next */
	unsigned backlog;       /* established and not yet accepted, per flow group: further SYNs are ignored */

	uint32_t window_bytes;    /* receive window, 2 * MSS .. 65535 << 7 */
	uint32_t send_bytes;      /* most in flight per connection, 2 * MSS .. 16 MiB */
	unsigned buckets;         /* of a flow group at the start, a power of two; grows */
	int generate_checksums;   /* 0: the NIC or nobody does (IP, TCP, UDP) */
	int check_checksums;      /* 0: the NIC has done it */
	uint64_t secret[2];       /* of initial sequence numbers and first ports */
	unsigned retries;         /* of data, before the connection is dead */
	unsigned syn_retries;     /* of SYN and of SYN with ACK */
	unsigned keepalive_count; /* unanswered probes before the connection is dead */

	/* RFC 6298: initial, least and greatest retransmission time-out; the least from 16 us on. */
	uint64_t rto_initial_ns, rto_min_ns, rto_max_ns;
	uint64_t delayed_ack_ns;                           /* up to 500 ms (RFC 1122) */
	uint64_t time_wait_ns;                             /* 2 MSL */
	uint64_t fin_wait_2_ns;                            /* of a closed connection whose peer does not close */
	uint64_t last_ack_ns;                              /* LAST_ACK and CLOSING at most */
	uint64_t keepalive_idle_ns, keepalive_interval_ns; /* idle 0: no keepalive */
	uint64_t arp_lifetime_ns, arp_retry_ns;
};

/* 10.0.0.1/24, MTU 1500, window 64 KiB - 1, RTO 1 s / 200 ms / 60 s, delayed ACK 1 ms, 2 MSL 60 s, no listeners. */
extern const struct ix_tcp_options ix_tcp_options_default;

/* 0, or -1 with *what naming the first field that is wrong and what is allowed. */
int ix_tcp_options_check(const struct ix_tcp_options *options, const char **what);

/* stack_options of the dataplane is a struct ix_tcp_options; it is copied. */
extern const struct ix_stack ix_stack_tcp;

/* What a thread has done; written by it alone. */
struct ix_tcp_counters {
	uint64_t segments_in, segments_out;
	uint64_t retransmits_timeout, retransmits_fast;
	uint64_t accepted, connected, reset, timed_out, refused_connections;
	uint64_t syn_dropped;       /* backlog full, or no memory */
	uint64_t half_open_dropped; /* oldest SYN_RCVD that made room */
	uint64_t no_memory;         /* packets or memory ran out */
	uint64_t
	    unacceptable; /* sequence or acknowledgement number outside of what the connection expects, or no ACK */
	uint64_t malformed, bad_checksum, not_ours, unknown_protocol;
	uint64_t arp_requests, arp_replies, arp_conflicts, arp_unresolved;
	uint64_t echo_replies, udp_in, udp_out;
	uint64_t window_probes, keepalives, delayed_acks;
};
const struct ix_tcp_counters *ix_tcp_counters(const struct ix_thread *thread);

/* What is alive on a dataplane, for leak checks. Connections count until TIME_WAIT is over. lwip_objects: PCBs,
 * segments, pbufs. */
struct ix_tcp_live {
	int64_t connections, lwip_objects, received_packets, waiting_packets;
	uint64_t pcb_bytes; /* memory of one lwIP PCB, as allocated */
};
struct ix_tcp_live ix_tcp_live(const struct ix_dataplane *dataplane);

/* Assertions of lwIP that failed (always 0, or there is a defect). With _abort they end the process: for tests. */
extern _Atomic uint64_t ix_tcp_assertions;
extern int ix_tcp_assertions_abort;

#endif

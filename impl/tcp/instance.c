/* The one lwIP of an operating-system thread serves any number of hosts in turn: what differs between them is here. */
#include "impl/tcp/internal.h"

#include <stdlib.h>
#include <string.h>

_Thread_local struct tcp_thread *tcp_current;
_Thread_local uint32_t ix_tcp_window_bytes, ix_tcp_send_bytes, ix_tcp_ooseq_packets;
_Atomic uint64_t ix_tcp_assertions;
int ix_tcp_assertions_abort;

void tcp_set_current(struct tcp_thread *t)
{
	tcp_current = t;
	if (!t)
		return;
	arp_online();
	ix_tcp_window_bytes = t->host->options.window_bytes;
	ix_tcp_send_bytes = t->host->options.send_bytes;
	/* Full segments fill the window; small ones shall not pin more packets than twice that many. */
	ix_tcp_ooseq_packets = 16 + 2 * (ix_tcp_window_bytes / TCP_MSS);
}

/* lwIP's assertions; it goes on behind them as if compiled without. */
void ix_tcp_assertion(const char *text)
{
	(void)text;
	atomic_fetch_add(&ix_tcp_assertions, 1);
	if (ix_tcp_assertions_abort)
		abort();
}

static inline uint64_t rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void sip_rounds(uint64_t v[4], int rounds)
{
	while (rounds--) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] = rotate(v[2], 32);
	}
}

/* SipHash-2-4 (Aumasson and Bernstein, 2012) of two words. */
uint64_t tcp_keyed_hash(const uint64_t secret[2], uint64_t a, uint64_t b)
{
	uint64_t v[4] = {secret[0] ^ 0x736f6d6570736575, secret[1] ^ 0x646f72616e646f6d, secret[0] ^ 0x6c7967656e657261,
			 secret[1] ^ 0x7465646279746573};
	const uint64_t word[3] = {a, b, 16ull << 56};

	for (int i = 0; i < 3; i++) {
		v[3] ^= word[i];
		sip_rounds(v, 2);
		v[0] ^= word[i];
	}
	v[2] ^= 0xff;
	sip_rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* RFC 6528: a clock of 4 us plus a keyed hash of the four-tuple. */
uint32_t ix_tcp_isn(uint32_t local_ip, uint16_t local_port, uint32_t remote_ip, uint16_t remote_port)
{
	const struct tcp_thread *t = tcp_current;
	uint64_t hash = tcp_keyed_hash(t->host->options.secret, (uint64_t)local_ip << 32 | remote_ip,
				       (uint64_t)local_port << 16 | remote_port);

	return (uint32_t)hash + (uint32_t)(t->thread->now_ns / 4000);
}

const struct ix_tcp_counters *ix_tcp_counters(const struct ix_thread *thread)
{
	return &((const struct tcp_thread *)thread->stack_state)->counters;
}

struct ix_tcp_live ix_tcp_live(const struct ix_dataplane *dataplane)
{
	struct ix_tcp_live live = {.pcb_bytes = tcp_lwip_bytes(sizeof(struct tcp_pcb))};

	for (unsigned i = 0; i < dataplane->options.threads; i++) {
		const struct tcp_thread *t = dataplane->thread[i].stack_state;

		live.connections += t->connections;
		live.lwip_objects += t->lwip_objects;
		live.received_packets += t->received_packets;
		live.waiting_packets += t->arp_wait.count;
	}
	return live;
}

#include "tests/fuzz/mirror.h"

#include <stdlib.h>
#include <string.h>

enum { ETHERTYPE = 12, IP = 14, IP_SOURCE = 26, IP_DESTINATION = 30, TCP = 34, TCP_FLAGS = 47, TCP_WINDOW = 48 };
enum { ARP_OPERATION = 20, ARP_SENDER = 22, ARP_SENDER_IP = 28, ARP_TARGET = 32, ARP_TARGET_IP = 38, ARP_FRAME = 42 };

static uint16_t load16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t load32(const uint8_t *at)
{
	return (uint32_t)load16(at) << 16 | load16(at + 2);
}

static void store32(uint8_t *at, uint32_t x)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(x >> (24 - 8 * i));
}

static uint64_t clock_ns(void *context, unsigned thread)
{
	(void)thread;
	return ((struct mirror *)context)->now_ns;
}

static unsigned receive(void *context, unsigned thread, struct ix_packet **packets, unsigned n)
{
	struct mirror *m = context;
	unsigned i = 0;

	while (i < n && m->ring[thread].head)
		packets[i++] = ix_packet_queue_pop(&m->ring[thread]);
	return i;
}

static struct ix_packet *take_packet(struct mirror *m)
{
	struct ix_packet *packet = m->free_packets;

	if (!packet)
		return NULL;
	m->free_packets = packet->next;
	m->packets_in_use++;
	*packet = (struct ix_packet){.data = m->frames + (uint64_t)(packet - m->packet) * MIRROR_FRAME_ROOM};
	return packet;
}

static struct ix_packet *packet_alloc(void *context, unsigned thread)
{
	struct mirror *m = context;

	(void)thread;
	if (m->fail_allocations) {
		m->fail_allocations--;
		return NULL;
	}
	return take_packet(m);
}

static void packet_free(void *context, struct ix_packet *packet)
{
	struct mirror *m = context;

	packet->next = m->free_packets;
	m->free_packets = packet;
	m->packets_in_use--;
}

/* What a NIC does with a frame that arrives: hash, RETA, ring. */
static void arrive(struct mirror *m, struct ix_packet *packet, bool astray)
{
	const uint8_t *f = packet->data;
	const struct ix_rss *rss = &m->dataplane->rss;

	if (packet->length >= TCP + 4 && load16(f + ETHERTYPE) == 0x0800 && (f[IP + 9] == 6 || f[IP + 9] == 17))
		packet->rss_hash = ix_rss_hash_ipv4(rss, load32(f + IP_SOURCE), load32(f + IP_DESTINATION),
						    load16(f + TCP), load16(f + TCP + 2));
	packet->arrival_ns = m->now_ns;
	ix_packet_queue_push(&m->ring[m->reta[ix_rss_group(rss, packet->rss_hash)] ^ astray], packet);
}

/* A question for the peer's address becomes its answer. */
static bool reflect_arp(uint8_t *f)
{
	static const uint8_t peer_mac[6] = {2, 0, 0, 0, 0, 2};

	if (load16(f + ETHERTYPE) != 0x0806 || f[ARP_OPERATION + 1] != 1 || load32(f + ARP_TARGET_IP) != MIRROR_PEER)
		return false;
	f[ARP_OPERATION + 1] = 2;
	memcpy(f, f + 6, 6);
	memcpy(f + 6, peer_mac, 6);
	memcpy(f + ARP_TARGET, f + ARP_SENDER, 10);
	memcpy(f + ARP_SENDER, peer_mac, 6);
	store32(f + ARP_SENDER_IP, MIRROR_PEER);
	return true;
}

static bool reflect(uint8_t *f)
{
	static const uint8_t host_mac[6] = {2, 0, 0, 0, 0, 1};

	if (load16(f + ETHERTYPE) != 0x0800)
		return reflect_arp(f);
	memcpy(f, host_mac, 6);
	if (load32(f + IP_DESTINATION) == MIRROR_PEER) {
		store32(f + IP_SOURCE, MIRROR_PEER);
		store32(f + IP_DESTINATION, MIRROR_IP);
	}
	return load32(f + IP_DESTINATION) == MIRROR_IP;
}

static enum mirror_fate next_fate(struct mirror *m, const struct ix_packet *packet)
{
	if (!m->fated || load16(packet->data + ETHERTYPE) != 0x0800)
		return MIRROR_PASS;
	m->fated--;
	return m->fate;
}

static void repeat(struct mirror *m, const struct ix_packet *packet)
{
	struct ix_packet *copy = take_packet(m);

	if (!copy)
		return;
	memcpy(copy->data, packet->data, packet->length);
	copy->length = packet->length;
	arrive(m, copy, false);
}

static void travel(struct mirror *m, struct ix_packet *packet)
{
	enum mirror_fate fate = next_fate(m, packet);
	uint8_t *f = packet->data;

	if (fate == MIRROR_LOSE || !reflect(f)) {
		packet_free(m, packet);
		return;
	}
	if (fate == MIRROR_HOLD) {
		ix_packet_queue_push(&m->held, packet);
		return;
	}
	if (fate == MIRROR_REPEAT)
		repeat(m, packet);
	if (fate == MIRROR_FLAGS && f[IP + 9] == 6)
		f[TCP_FLAGS] ^= (uint8_t)m->value;
	if (fate == MIRROR_WINDOW && f[IP + 9] == 6) {
		f[TCP_WINDOW] = (uint8_t)(m->value >> 8);
		f[TCP_WINDOW + 1] = (uint8_t)m->value;
	}
	arrive(m, packet, fate == MIRROR_ASTRAY);
}

static unsigned transmit(void *context, unsigned thread, struct ix_packet **packets, unsigned n)
{
	struct mirror *m = context;

	(void)thread;
	if (m->ring_full) {
		m->ring_full--;
		return 0;
	}
	for (unsigned i = 0; i < n; i++)
		travel(m, packets[i]);
	return n;
}

void mirror_release(struct mirror *m)
{
	struct ix_packet *packet;

	while ((packet = ix_packet_queue_pop(&m->held)))
		arrive(m, packet, false);
}

static int steer(void *context, unsigned group, unsigned thread)
{
	((struct mirror *)context)->reta[group] = thread;
	return 0;
}

static void kick(void *context, unsigned thread, int interrupt)
{
	(void)context;
	(void)thread;
	(void)interrupt;
}

static void *allocate(void *context, size_t size, size_t align)
{
	void *memory = aligned_alloc(align, (size + align - 1) / align * align);

	(void)context;
	if (memory)
		memset(memory, 0, size);
	return memory;
}

static void release(void *context, void *memory)
{
	(void)context;
	free(memory);
}

static void renew(struct mirror *m)
{
	uint8_t *memory = m->memory, *frames = m->frames;

	memset(m, 0, sizeof(*m));
	m->memory = memory ? memory : malloc(MIRROR_POOL_BYTES);
	m->frames = frames ? frames : calloc(MIRROR_PACKETS, MIRROR_FRAME_ROOM);
	if (!m->memory || !m->frames)
		abort();
	m->now_ns = 1ull << 30;
	for (unsigned i = MIRROR_PACKETS; i--;) {
		m->packet[i].next = m->free_packets;
		m->free_packets = &m->packet[i];
	}
}

void mirror_open(struct mirror *m, const struct ix_options *wanted, struct ix_tcp_options *tcp)
{
	struct ix_options options = *wanted;
	struct ix_platform platform;

	renew(m);
	platform = (struct ix_platform){
	    .context = m,
	    .clock_ns = clock_ns,
	    .receive = receive,
	    .transmit = transmit,
	    .steer = steer,
	    .kick = kick,
	    .packet_alloc = packet_alloc,
	    .packet_free = packet_free,
	    .data_room = MIRROR_FRAME_ROOM,
	    .allocate = allocate,
	    .release = release,
	    .pool_base = {m->memory, m->frames},
	    .pool_size = {MIRROR_POOL_BYTES, MIRROR_PACKETS * MIRROR_FRAME_ROOM},
	};
	tcp->ip = MIRROR_IP;
	tcp->listen_port[0] = MIRROR_PORT;
	tcp->listen_ports = 1;
	tcp->udp_port[0] = MIRROR_UDP_PORT;
	tcp->udp_ports = 1;
	options.threads = MIRROR_THREADS;
	options.groups = MIRROR_GROUPS;
	options.stack = &ix_stack_tcp;
	options.stack_options = tcp;
	if (ix_dataplane_create(&m->dataplane, &options, &platform))
		abort();
}

void mirror_close(struct mirror *m)
{
	struct ix_packet *packet;

	ix_dataplane_destroy(m->dataplane);
	for (unsigned i = 0; i < MIRROR_THREADS; i++)
		while ((packet = ix_packet_queue_pop(&m->ring[i])))
			packet_free(m, packet);
	while ((packet = ix_packet_queue_pop(&m->held)))
		packet_free(m, packet);
}

#include "tests/unit/core/memory_nic.h"
#include "impl/core/stack_message.h"
#include <stdlib.h>
#include <string.h>

static uint64_t clock_ns(void *context, unsigned thread)
{
	return atomic_load(&((struct memory_nic *)context)->now_ns);
}

static unsigned receive(void *context, unsigned thread, struct ix_packet **packets, unsigned n)
{
	struct memory_nic *nic = context;
	unsigned i;

	pthread_mutex_lock(&nic->lock);
	for (i = 0; i < n && nic->ring[thread].head; i++)
		packets[i] = ix_packet_queue_pop(&nic->ring[thread]);
	pthread_mutex_unlock(&nic->lock);
	return i;
}

static unsigned transmit(void *context, unsigned thread, struct ix_packet **packets, unsigned n)
{
	struct memory_nic *nic = context;
	unsigned i;

	pthread_mutex_lock(&nic->lock);
	for (i = 0; i < n && i < nic->transmit_room; i++)
		ix_packet_queue_push(&nic->sent[thread], packets[i]);
	pthread_mutex_unlock(&nic->lock);
	return i;
}

static int steer(void *context, unsigned group, unsigned thread)
{
	struct memory_nic *nic = context;

	if (group == nic->unsteerable)
		return -1;
	pthread_mutex_lock(&nic->lock);
	nic->reta[group] = thread;
	pthread_mutex_unlock(&nic->lock);
	return 0;
}

static void kick(void *context, unsigned thread, int interrupt)
{
	struct memory_nic *nic = context;

	atomic_fetch_add(&nic->kicks[thread], 1);
	atomic_fetch_add(&nic->interrupts[thread], interrupt != 0);
}

static int ring_waiting(void *context, unsigned thread)
{
	struct memory_nic *nic = context;
	int waiting;

	pthread_mutex_lock(&nic->lock);
	waiting = nic->ring[thread].head != NULL;
	pthread_mutex_unlock(&nic->lock);
	return waiting;
}

static struct ix_packet *packet_alloc(void *context, unsigned thread)
{
	struct memory_nic *nic = context;
	struct ix_packet *packet;

	pthread_mutex_lock(&nic->lock);
	packet = ix_packet_queue_pop(&nic->free);
	pthread_mutex_unlock(&nic->lock);
	return packet;
}

static void packet_free(void *context, struct ix_packet *packet)
{
	memory_nic_free(context, packet);
}

void memory_nic_free(struct memory_nic *nic, struct ix_packet *packet)
{
	pthread_mutex_lock(&nic->lock);
	ix_packet_queue_push(&nic->free, packet);
	pthread_mutex_unlock(&nic->lock);
}

static void *allocate(void *context, size_t size, size_t align)
{
	size_t rounded = (size + align - 1) / align * align;
	void *memory = aligned_alloc(align, rounded);

	return memory ? memset(memory, 0, rounded) : NULL;
}

static void release(void *context, void *memory)
{
	free(memory);
}

struct memory_nic *memory_nic_create(unsigned threads, unsigned groups, unsigned ring_size, unsigned packets,
				     unsigned data_room)
{
	struct memory_nic *nic = calloc(1, sizeof(*nic));
	unsigned i;

	nic->threads = threads;
	nic->groups = nic->unsteerable = groups;
	nic->ring_size = ring_size;
	nic->transmit_room = ~0u;
	nic->packet_count = packets;
	pthread_mutex_init(&nic->lock, NULL);
	ix_rss_init(&nic->rss, ix_rss_key_default, groups);
	nic->packets = calloc(packets, sizeof(struct ix_packet));
	nic->platform = (struct ix_platform){
	    .context = nic,
	    .clock_ns = clock_ns,
	    .receive = receive,
	    .transmit = transmit,
	    .steer = steer,
	    .kick = kick,
	    .ring_waiting = ring_waiting,
	    .packet_alloc = packet_alloc,
	    .packet_free = packet_free,
	    .data_room = data_room,
	    .allocate = allocate,
	    .release = release,
	    .pool_base = {calloc(1, MEMORY_NIC_APPLICATION_POOL), calloc(packets, data_room)},
	    .pool_size = {MEMORY_NIC_APPLICATION_POOL, (uint64_t)packets * data_room},
	};
	for (i = 0; i < packets; i++) {
		nic->packets[i].data = nic->platform.pool_base[IX_POOL_PACKETS] + (size_t)i * data_room;
		ix_packet_queue_push(&nic->free, &nic->packets[i]);
	}
	return nic;
}

unsigned memory_nic_destroy(struct memory_nic *nic)
{
	unsigned leaked = nic->packet_count - nic->free.count, i;

	for (i = 0; i < nic->threads; i++)
		leaked -= nic->ring[i].count + nic->sent[i].count;
	free(nic->platform.pool_base[IX_POOL_APPLICATION]);
	free(nic->platform.pool_base[IX_POOL_PACKETS]);
	free(nic->packets);
	pthread_mutex_destroy(&nic->lock);
	free(nic);
	return leaked;
}

int memory_nic_arrive(struct memory_nic *nic, uint32_t rss_hash, uint32_t connection, const void *payload,
		      unsigned length)
{
	struct ix_packet_queue *ring;
	struct ix_packet *packet = NULL;

	pthread_mutex_lock(&nic->lock);
	ring = &nic->ring[nic->reta[rss_hash & (nic->groups - 1)]];
	if (ring->count < nic->ring_size)
		packet = ix_packet_queue_pop(&nic->free);
	if (packet) {
		memcpy(packet->data, &(struct ix_message_header){.connection = connection},
		       sizeof(struct ix_message_header));
		memcpy(packet->data + sizeof(struct ix_message_header), payload, length);
		packet->length = (uint16_t)(sizeof(struct ix_message_header) + length);
		packet->rss_hash = rss_hash;
		packet->arrival_ns = atomic_load(&nic->now_ns);
		ix_packet_queue_push(ring, packet);
	}
	pthread_mutex_unlock(&nic->lock);
	return packet ? 0 : -1;
}

struct ix_packet *memory_nic_sent(struct memory_nic *nic, unsigned thread)
{
	struct ix_packet *packet;

	pthread_mutex_lock(&nic->lock);
	packet = ix_packet_queue_pop(&nic->sent[thread]);
	pthread_mutex_unlock(&nic->lock);
	return packet;
}

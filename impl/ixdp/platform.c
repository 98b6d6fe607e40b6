/* What the core asks of the world (impl/core/platform.h), in real time. */
#include "impl/ixdp/interrupt.h"
#include "impl/ixdp/process.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

static uint64_t clock_ns(void *context, unsigned thread)
{
	return ix_clock_ns(&((struct ixdp_process *)context)->clock);
}

static unsigned receive(void *context, unsigned thread, struct ix_packet **packets, unsigned n)
{
	struct ixdp_process *process = context;

	return nic_receive(process->nic, thread, packets, n, ix_clock_ns(&process->clock));
}

static unsigned transmit(void *context, unsigned thread, struct ix_packet **packets, unsigned n)
{
	return nic_transmit(((struct ixdp_process *)context)->nic, thread, packets, n);
}

static int steer(void *context, unsigned group, unsigned thread)
{
	return nic_steer(((struct ixdp_process *)context)->nic, group, thread);
}

static struct ix_packet *packet_alloc(void *context, unsigned thread)
{
	return nic_packet_alloc(((struct ixdp_process *)context)->nic);
}

static void packet_free(void *context, struct ix_packet *packet)
{
	nic_packet_free(packet);
}

static void packet_prefetch(void *context, const struct ix_packet *packet)
{
	nic_packet_prefetch(packet);
}

/* What may be a huge page shall be one. */
static void *allocate(void *context, size_t size, size_t align)
{
	size_t boundary = size < IXDP_HUGE_PAGE ? align : IXDP_HUGE_PAGE;
	size_t rounded = (size + boundary - 1) / boundary * boundary;
	void *memory = aligned_alloc(boundary, rounded);

	if (memory && size >= IXDP_HUGE_PAGE)
		madvise(memory, rounded, MADV_HUGEPAGE);
	return memory ? memset(memory, 0, rounded) : NULL;
}

static void release(void *context, void *memory)
{
	free(memory);
}

int ixdp_wake(struct ixdp_thread *thread)
{
	/* The sleeper sets the flag and then looks for work once more, so one of the two sees the other. */
	atomic_thread_fence(memory_order_seq_cst);
	if (!atomic_load_explicit(&thread->sleeping, memory_order_relaxed))
		return 0;
	eventfd_write(thread->event_fd, 1);
	return 1;
}

static void kick(void *context, unsigned thread, int interrupt)
{
	struct ixdp_thread *t = &((struct ixdp_process *)context)->thread[thread];

	if (!ixdp_wake(t) && interrupt)
		ixdp_interrupt(t);
}

static int ring_waiting(void *context, unsigned thread)
{
	return nic_waiting(((struct ixdp_process *)context)->nic, thread);
}

/* Packets for a thread that is busy: one that sleeps may take over, if the scheduler lets it. */
static void dealt(void *context, unsigned thread)
{
	struct ixdp_process *process = context;

	if (!ixdp_wake(&process->thread[thread]) && process->dataplane &&
	    process->dataplane->options.scheduler->has_work)
		ix_wake_idle(process->dataplane, 1);
}

void ixdp_platform_fill(struct ixdp_process *process)
{
	process->platform = (struct ix_platform){
	    .context = process,
	    .clock_ns = clock_ns,
	    .receive = receive,
	    .transmit = transmit,
	    .steer = steer,
	    .kick = kick,
	    .ring_waiting = ring_waiting,
	    .packet_alloc = packet_alloc,
	    .packet_free = packet_free,
	    .packet_prefetch = packet_prefetch,
	    .data_room = NIC_DATA_ROOM,
	    .allocate = allocate,
	    .release = release,
	    .pool_base = {process->memory, NULL},
	    .pool_size = {process->memory_bytes, 0},
	};
	nic_memory(process->nic, &process->platform.pool_base[IX_POOL_PACKETS],
		   &process->platform.pool_size[IX_POOL_PACKETS]);
	nic_on_dealt(process->nic, dealt, process);
}

/* A kernel tap with one queue per thread; a program in the kernel hashes and looks the queue up (steering.c). */
#include "impl/nic/internal.h"
#include "impl/nic/steering.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_NS 200000000ll /* of the self-test, for one frame */

static int start(struct nic *nic, struct nic_error *error)
{
	nic->steering = tap_steering_start(nic->options.name, &nic->rss);
	if (!nic->steering)
		return nic_fail(error, -1, "type",
				"no steering program for the tap: %s; run as root on Linux 5.5 or later",
				strerror(errno));
	for (unsigned group = 0; group < nic->options.groups; group++)
		tap_steering_set(nic->steering, group, atomic_load(&nic->reta[group]));
	return 0;
}

static void stop(struct nic *nic)
{
	if (nic->steering)
		tap_steering_stop(nic->steering);
}

static unsigned receive(struct nic *nic, unsigned thread, struct rte_mbuf **mbufs, unsigned n)
{
	unsigned got = rte_eth_rx_burst(nic->port, (uint16_t)thread, mbufs, (uint16_t)n);

	for (unsigned i = 0; i < got; i++)
		mbufs[i]->hash.rss = nic_hash(&nic->rss, rte_pktmbuf_mtod(mbufs[i], uint8_t *), mbufs[i]->data_len);
	return got;
}

static int steer(struct nic *nic, unsigned group, unsigned thread)
{
	atomic_store_explicit(&nic->reta[group], (uint8_t)thread, memory_order_relaxed);
	tap_steering_set(nic->steering, group, thread);
	return 0;
}

static int open_kernel_side(const char *interface)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(interface)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Did @frame come in at @queue? Others that the kernel sends by itself are thrown away. */
static int arrived(struct nic *nic, unsigned queue, const uint8_t *frame, unsigned length)
{
	struct rte_mbuf *mbufs[NIC_BURST];
	unsigned n = rte_eth_rx_burst(nic->port, (uint16_t)queue, mbufs, NIC_BURST);
	int found = 0;

	for (unsigned i = 0; i < n; i++) {
		found |= mbufs[i]->data_len == length && !memcmp(rte_pktmbuf_mtod(mbufs[i], void *), frame, length);
		rte_pktmbuf_free(mbufs[i]);
	}
	return found;
}

static int64_t time_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

/* The queue at which a frame of @group comes in; -1: none in time. */
static int queue_of(struct nic *nic, int kernel_side, unsigned group)
{
	uint8_t frame[NIC_TEST_FRAME];
	unsigned length = nic_test_frame(nic, group, frame);
	int64_t start_ns = time_ns();

	if (send(kernel_side, frame, length, 0) != (ssize_t)length)
		return -1;
	do
		for (unsigned queue = 0; queue < nic->facts.queues; queue++)
			if (arrived(nic, queue, frame, length))
				return (int)queue;
	while (time_ns() - start_ns < PATIENCE_NS);
	return -1;
}

/* A frame per group from the kernel's side, with the table as it is, and turned by one thread. */
static int self_test(struct nic *nic, struct nic_error *error)
{
	int kernel_side = open_kernel_side(nic->options.name), queue = 0;
	unsigned threads = nic->options.threads, groups = nic->options.groups, group, turn, wanted;

	if (kernel_side < 0)
		return nic_fail(error, -1, "interface", "self-test: %s", strerror(errno));
	for (turn = 0; turn < 2; turn++)
		for (group = 0; group < groups; group++) {
			wanted = (group + turn) % threads;
			steer(nic, group, wanted);
			queue = queue_of(nic, kernel_side, group);
			if (queue != (int)wanted)
				goto wrong;
		}
	for (group = 0; group < groups; group++)
		steer(nic, group, group % threads);
	close(kernel_side);
	snprintf(nic->facts.self_test, sizeof(nic->facts.self_test), "%u groups by frames from the kernel, twice",
		 groups);
	return 0;
wrong:
	close(kernel_side);
	if (queue < 0)
		return nic_fail(error, -1, "interface", "self-test: a frame of group %u does not come in", group);
	return nic_fail(error, -1, "interface", "the tap misroutes: group %u comes in at queue %d, not %u", group,
			queue, wanted);
}

const struct nic_back_end nic_tap = {
    .name = "tap", .start = start, .stop = stop, .receive = receive, .steer = steer, .self_test = self_test};

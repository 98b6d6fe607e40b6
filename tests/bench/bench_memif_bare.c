/*
 * The floor below a message of the dataplane: a frame of an echo of 64 bytes received from a memif port, its addresses
 * swapped, and sent back, on one processor; a generator with as many frames in flight as the echo has connections sits
 * on another, at the other end. Prints ticks of the time-stamp counter per frame (of rounds that had frames), frames per
 * second, and ticks per second.
 *
 *	bench_memif_bare FORWARDER_CPU GENERATOR_CPU [SECONDS]
 */
#include <rte_config.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BURST       64
#define WINDOW      64
#define INTERRUPTED 100000 /* ticks: a round that long had another process in it */
#define FRAME       118    /* Ethernet, IPv4, TCP, 64 bytes */

static struct rte_mempool *pool;
static uint16_t server, client;
static _Atomic int stop;
static _Atomic uint64_t forwarded, busy; /* frames; ticks of rounds that had some */

static int forward(void *unused)
{
	struct rte_mbuf *mbufs[BURST];
	struct rte_ether_addr address;
	uint64_t total = 0, ticks = 0;

	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		uint64_t start = rte_rdtsc(), round;
		uint16_t n = rte_eth_rx_burst(server, 0, mbufs, BURST), sent;

		for (uint16_t i = 0; i < n; i++) {
			struct rte_ether_hdr *ether = rte_pktmbuf_mtod(mbufs[i], struct rte_ether_hdr *);

			address = ether->dst_addr;
			ether->dst_addr = ether->src_addr;
			ether->src_addr = address;
		}
		for (sent = 0; sent < n && !atomic_load_explicit(&stop, memory_order_relaxed);)
			sent += rte_eth_tx_burst(server, 0, mbufs + sent, n - sent);
		round = rte_rdtsc() - start;
		if (!n || round > INTERRUPTED)
			continue;
		total += n;
		ticks += round;
		atomic_store_explicit(&forwarded, total, memory_order_relaxed);
		atomic_store_explicit(&busy, ticks, memory_order_relaxed);
	}
	return 0;
}

/* WINDOW frames go round. */
static int generate(void *unused)
{
	struct rte_mbuf *mbufs[BURST];
	unsigned i;

	for (i = 0; i < WINDOW; i++) {
		struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);

		memset(rte_pktmbuf_append(mbuf, FRAME), 0, FRAME);
		while (!rte_eth_tx_burst(client, 0, &mbuf, 1) && !atomic_load(&stop))
			continue;
	}
	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		uint16_t n = rte_eth_rx_burst(client, 0, mbufs, BURST), sent;

		for (sent = 0; sent < n && !atomic_load_explicit(&stop, memory_order_relaxed);)
			sent += rte_eth_tx_burst(client, 0, mbufs + sent, n - sent);
	}
	return 0;
}

static int start_port(const char *name, const char *arguments, uint16_t *port)
{
	struct rte_eth_conf conf = {0};

	return rte_eal_hotplug_add("vdev", name, arguments) || rte_eth_dev_get_port_by_name(name, port) ||
	       rte_eth_dev_configure(*port, 1, 1, &conf) ||
	       rte_eth_rx_queue_setup(*port, 0, 512, SOCKET_ID_ANY, NULL, pool) ||
	       rte_eth_tx_queue_setup(*port, 0, 512, SOCKET_ID_ANY, NULL) || rte_eth_dev_start(*port);
}

static int wait_for_link(void)
{
	struct rte_eth_link link = {0};

	for (int tries = 0; tries < 1000 && link.link_status != RTE_ETH_LINK_UP; tries++) {
		usleep(10000);
		rte_eth_link_get_nowait(client, &link);
	}
	return link.link_status == RTE_ETH_LINK_UP ? 0 : -1;
}

static void measure(double seconds)
{
	uint64_t frames, ticks, start;
	double wall_s, hz = (double)rte_get_tsc_hz();

	usleep(200000);
	start = rte_rdtsc();
	frames = atomic_load(&forwarded);
	ticks = atomic_load(&busy);
	usleep((useconds_t)(seconds * 1e6));
	frames = atomic_load(&forwarded) - frames;
	ticks = atomic_load(&busy) - ticks;
	wall_s = (double)(rte_rdtsc() - start) / hz;
	printf("%.1f %.0f %.0f\n", (double)ticks / (double)frames, (double)frames / wall_s, hz);
}

int main(int argc, char **argv)
{
	char lcores[64], socket[64], arguments[160], prefix[32];
	double seconds = argc > 3 ? strtod(argv[3], NULL) : 1;
	char *eal[] = {argv[0],       "--lcores",    lcores,           "--no-huge",   "-m",
		       "128",         "--no-pci",    "--no-telemetry", "--no-shconf", "--single-file-segments",
		       "--log-level", "*:emergency", "--file-prefix",  prefix,        NULL};

	if (argc < 3) {
		fprintf(stderr, "bench_memif_bare: FORWARDER_CPU GENERATOR_CPU [SECONDS]\n");
		return 2;
	}
	snprintf(lcores, sizeof(lcores), "0@%s,1@%s,2@%s", argv[1], argv[1], argv[2]);
	snprintf(socket, sizeof(socket), "/tmp/bench-memif-%d", (int)getpid());
	snprintf(prefix, sizeof(prefix), "bench-%d", (int)getpid());
	if (rte_eal_init((int)(sizeof(eal) / sizeof(eal[0])) - 1, eal) < 0)
		return 1;
	pool = rte_pktmbuf_pool_create("frames", 8192, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	snprintf(arguments, sizeof(arguments), "role=server,socket=%s,socket-abstract=no", socket);
	if (!pool || start_port("net_memif0", arguments, &server))
		return 1;
	snprintf(arguments, sizeof(arguments), "role=client,socket=%s,socket-abstract=no,zero-copy=yes", socket);
	if (start_port("net_memif1", arguments, &client) || wait_for_link())
		return 1;
	rte_eal_remote_launch(forward, NULL, 1);
	rte_eal_remote_launch(generate, NULL, 2);
	measure(seconds);
	atomic_store(&stop, 1);
	rte_eal_mp_wait_lcore();
	unlink(socket);
	return 0;
}

/*
 * The floor: what a 64-byte echo costs in lwIP itself. Both ends live in one lwIP as it comes, with one interface whose
 * output is its own input; frames are handed over as they are, one echo at a time, one connection. Checksums are made
 * and checked, as on our side. Prints nanoseconds per echo.
 *
 *	bench_lwip_bare [ECHOES]
 */
#include "tests/bench/bare/arch/cc.h"
#include "tests/bench/bare/lwipopts.h"

#include "netif/ethernet.h"
#include <lwip/etharp.h>
#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/tcp.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SIZE 64

static struct pbuf *queue[1024];
static unsigned queue_head, queue_tail;
static unsigned long echoes;
static const char message[SIZE];

void tcp_timer_needed(void)
{
}

u32_t sys_now(void)
{
	return 0;
}

/* A wire: one frame, copied once, as a NIC would. */
static err_t link_output(struct netif *netif, struct pbuf *p)
{
	struct pbuf *frame = pbuf_alloc(PBUF_RAW, p->tot_len, PBUF_RAM);

	if (!frame)
		return ERR_MEM;
	pbuf_copy(frame, p);
	queue[queue_tail++ % 1024] = frame;
	return ERR_OK;
}

static err_t init(struct netif *netif)
{
	static const u8_t mac[6] = {2, 0, 0, 0, 0, 1};

	memcpy(netif->hwaddr, mac, 6);
	netif->hwaddr_len = 6;
	netif->mtu = 1500;
	netif->output = etharp_output;
	netif->linkoutput = link_output;
	netif->flags = NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_BROADCAST | NETIF_FLAG_LINK_UP;
	return ERR_OK;
}

static err_t server_receive(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
	if (!p)
		return ERR_OK;
	tcp_write(pcb, p->payload, p->len, TCP_WRITE_FLAG_COPY);
	tcp_recved(pcb, p->tot_len);
	pbuf_free(p);
	return ERR_OK;
}

static err_t client_receive(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
	if (!p)
		return ERR_OK;
	tcp_recved(pcb, p->tot_len);
	pbuf_free(p);
	echoes++;
	tcp_write(pcb, message, SIZE, TCP_WRITE_FLAG_COPY);
	return ERR_OK;
}

static err_t accepted(void *arg, struct tcp_pcb *pcb, err_t error)
{
	tcp_nagle_disable(pcb);
	tcp_recv(pcb, server_receive);
	return ERR_OK;
}

static err_t connected(void *arg, struct tcp_pcb *pcb, err_t error)
{
	tcp_nagle_disable(pcb);
	tcp_recv(pcb, client_receive);
	return tcp_write(pcb, message, SIZE, TCP_WRITE_FLAG_COPY);
}

static void run(struct netif *netif, unsigned long until)
{
	while (echoes < until) {
		if (queue_head == queue_tail) {
			fprintf(stderr, "bench_lwip_bare: the echo has stopped\n");
			exit(1);
		}
		netif->input(queue[queue_head++ % 1024], netif);
	}
}

int main(int argc, char **argv)
{
	unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
	struct netif netif;
	ip4_addr_t ip, mask, gateway = {0};
	struct tcp_pcb *listener, *client;
	struct timespec from, to;

	lwip_init();
	IP4_ADDR(&ip, 10, 0, 0, 1);
	IP4_ADDR(&mask, 255, 255, 255, 0);
	netif_add(&netif, &ip, &mask, &gateway, NULL, init, ethernet_input);
	netif_set_default(&netif);
	netif_set_up(&netif);
	listener = tcp_new();
	tcp_bind(listener, IP_ADDR_ANY, 7);
	listener = tcp_listen(listener);
	tcp_accept(listener, accepted);
	client = tcp_new();
	tcp_connect(client, &ip, 7, connected);
	run(&netif, n / 10);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	run(&netif, n / 10 + n);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	printf("%.1f\n", ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / (double)n);
	return 0;
}

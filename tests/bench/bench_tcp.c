/*
 * What TCP costs: 64-byte echoes through two dataplanes with the stack `tcp`, an in-memory NIC and a wire without time,
 * beside the floor of bench_lwip_bare, in turn, in processor time, the best of
 * several rounds (other work on the machine only adds).
 * Packets change hands by pointer; the Toeplitz hash that a NIC would compute is part of the cost. The clock is a
 * counter, so reading time is not.
 *
 *	bench_tcp
 *	bench_tcp --child CONNECTIONS UNDER_WAY ECHOES	one population only: ns, bytes per connection and end
 */
#include "impl/tcp/tcp.h"

#include <libgen.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SIZE     64
#define PACKETS  8192
#define ROOM     2048
#define FLIGHT   64
#define ROUNDS   5
#define PORTS    8
#define APP_POOL (64ull << 20)

struct host {
	struct ix_dataplane *dataplane;
	struct ix_packet_queue ring;
	unsigned index;
	uint8_t *memory;
};

static struct host host[2];
static struct ix_packet *packet_pool, *packet_free_list;
static uint8_t *packet_data;
static uint64_t now_ns = 1000000000;
static uint64_t echoes;
static ix_handle *client_handle;
static unsigned connected, dead;

static uint64_t clock_ns(void *context, unsigned thread)
{
	return now_ns;
}

static unsigned receive(void *context, unsigned thread, struct ix_packet **packets, unsigned n)
{
	struct host *h = context;
	unsigned i = 0;

	while (i < n && h->ring.head)
		packets[i++] = ix_packet_queue_pop(&h->ring);
	return i;
}

static uint32_t load32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static unsigned transmit(void *context, unsigned thread, struct ix_packet **packets, unsigned n)
{
	const struct host *from = context;
	struct host *to = &host[!from->index];

	for (unsigned i = 0; i < n; i++) {
		const uint8_t *ip = packets[i]->data + 14;
		uint32_t ports = load32(ip + 20);

		packets[i]->rss_hash = ix_rss_hash_ipv4(&to->dataplane->rss, load32(ip + 12), load32(ip + 16),
							(uint16_t)(ports >> 16), (uint16_t)ports);
		packets[i]->arrival_ns = now_ns;
		ix_packet_queue_push(&to->ring, packets[i]);
	}
	return n;
}

static int steer(void *context, unsigned group, unsigned thread)
{
	return 0;
}

static void kick(void *context, unsigned thread, int interrupt)
{
}

static struct ix_packet *packet_alloc(void *context, unsigned thread)
{
	struct ix_packet *packet = packet_free_list;

	if (packet)
		packet_free_list = packet->next;
	return packet;
}

static void packet_free(void *context, struct ix_packet *packet)
{
	packet->next = packet_free_list;
	packet_free_list = packet;
}

static void *allocate(void *context, size_t size, size_t align)
{
	void *memory = aligned_alloc(align, (size + align - 1) / align * align);

	if (memory)
		memset(memory, 0, size);
	return memory;
}

static void release(void *context, void *memory)
{
	free(memory);
}

static void start_host(unsigned index)
{
	struct host *h = &host[index];
	struct ix_tcp_options tcp = ix_tcp_options_default;
	struct ix_options options = ix_options_default;
	struct ix_platform platform = {
	    .context = h,
	    .clock_ns = clock_ns,
	    .receive = receive,
	    .transmit = transmit,
	    .steer = steer,
	    .kick = kick,
	    .packet_alloc = packet_alloc,
	    .packet_free = packet_free,
	    .data_room = ROOM,
	    .allocate = allocate,
	    .release = release,
	    .pool_base = {h->memory = malloc(APP_POOL), packet_data},
	    .pool_size = {APP_POOL, (uint64_t)PACKETS * ROOM},
	};

	h->index = index;
	tcp.ip += index;
	tcp.mac[5] = (uint8_t)(index + 1);
	tcp.port_low = 1024;
	tcp.half_open_max = 1u << 20;
	tcp.backlog = 1u << 20;
	for (unsigned i = 0; index && i < PORTS; i++)
		tcp.listen_port[tcp.listen_ports++] = (uint16_t)(100 + i);
	options.stack = &ix_stack_tcp;
	options.stack_options = &tcp;
	if (!h->memory || ix_dataplane_create(&h->dataplane, &options, &platform)) {
		fprintf(stderr, "bench_tcp: no dataplane\n");
		exit(1);
	}
}

static struct ix_call *new_call(struct host *h, unsigned type, ix_handle handle)
{
	struct ix_thread *t = &h->dataplane->thread[0];
	struct ix_call *call = &t->calls[t->call_count++];

	call->type = type;
	call->handle = handle;
	return call;
}

/* 64 bytes from this message's place in the application pool; it may be used again after 4,096 others. */
static void send_message(struct host *h, ix_handle handle, const uint8_t *from)
{
	static unsigned next[2];
	uint64_t at = (uint64_t)(next[h->index]++ % 4096) * 128;
	struct ix_sg sg = {.buffer = at + 64, .length = SIZE};
	struct ix_call *call = new_call(h, IX_CALL_SENDV, handle);

	if (from)
		memcpy(h->memory + at + 64, from, SIZE);
	memcpy(h->memory + at, &sg, sizeof(sg));
	call->buffer = at;
	call->count = 1;
}

static void done(struct host *h, const struct ix_event *event)
{
	struct ix_call *call = new_call(h, IX_CALL_RECV_DONE, event->handle);

	call->buffer = event->buffer;
	call->length = event->length;
}

static unsigned next_client, clients;

/* The client's next message goes to the connection whose turn it is: with many, none of it is in a cache. */
static void client_event(struct host *h, const struct ix_event *event)
{
	if (event->type == IX_EVENT_CONNECTED) {
		client_handle[event->cookie - 1] = event->handle;
		connected += !event->status;
	} else if (event->type == IX_EVENT_RECV) {
		done(h, event);
		echoes++;
		send_message(h, client_handle[next_client], NULL);
		next_client = next_client + 1 == clients ? 0 : next_client + 1;
	} else if (event->type == IX_EVENT_DEAD) {
		dead++;
	}
}

static void server_event(struct host *h, const struct ix_event *event)
{
	if (event->type == IX_EVENT_KNOCK) {
		new_call(h, IX_CALL_ACCEPT, event->handle)->cookie = 1;
	} else if (event->type == IX_EVENT_RECV) {
		send_message(h, event->handle, ix_buffer_memory(h->dataplane, event->buffer, event->length));
		done(h, event);
	}
}

static void cycle(unsigned index)
{
	struct host *h = &host[index];
	struct ix_thread *t = &h->dataplane->thread[0];
	struct ix_work work = {0};
	uint64_t until_ns;
	unsigned n;

	if (!h->ring.head && !ix_thread_has_work(t, now_ns, &until_ns))
		return; /* it would wait */
	n = ix_kernel_enter(t, &work);
	for (unsigned i = 0; i < n; i++)
		if (index)
			server_event(h, &t->events[i]);
		else
			client_event(h, &t->events[i]);
}

static void both(void)
{
	now_ns += 200;
	cycle(0);
	cycle(1);
}

static void connect_clients(unsigned n)
{
	unsigned asked = 0, idle = 0;

	client_handle = calloc(n, sizeof(*client_handle));
	while (connected < n && idle < 100000) {
		for (unsigned i = 0; i < FLIGHT && asked < n && asked < connected + 256; i++, asked++) {
			struct ix_call *call = new_call(&host[0], IX_CALL_CONNECT, 0);

			call->cookie = asked + 1;
			call->ip = 0x0a000002;
			call->port = (uint16_t)(100 + asked % PORTS);
		}
		both();
		idle = asked < n ? 0 : idle + 1;
	}
	if (connected < n) {
		fprintf(stderr, "bench_tcp: %u of %u connections\n", connected, n);
		exit(1);
	}
	clients = n;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double round_ns(uint64_t n)
{
	uint64_t until = echoes + n, begin = echoes;
	double from = seconds();

	while (echoes < until)
		both();
	return (seconds() - from) * 1e9 / (double)(echoes - begin);
}

/* Echoes with @flight of them under way; best of rounds. */
static double measure(unsigned flight, uint64_t n)
{
	double best = 1e18;

	for (unsigned i = 0; i < flight; i++) {
		send_message(&host[0], client_handle[next_client], NULL);
		next_client = (next_client + 1) % clients;
	}
	round_ns(clients + n / 10);
	for (unsigned i = 0; i < ROUNDS; i++) {
		double ns = round_ns(n);

		best = ns < best ? ns : best;
	}
	return best;
}

static double floor_ns(const char *self)
{
	char path[4096], line[64] = "";
	double best = 1e18;

	snprintf(path, sizeof(path), "%s", self);
	snprintf(path + strlen(dirname(path)), 32, "/bench_lwip_bare 300000");
	for (unsigned i = 0; i < ROUNDS; i++) {
		FILE *f = popen(path, "r");

		if (!f || !fgets(line, sizeof(line), f) || pclose(f)) {
			fprintf(stderr, "bench_tcp: cannot run %s\n", path);
			exit(1);
		}
		best = strtod(line, NULL) < best ? strtod(line, NULL) : best;
	}
	return best;
}

static void start_world(void)
{
	packet_pool = calloc(PACKETS, sizeof(*packet_pool));
	packet_data = malloc((uint64_t)PACKETS * ROOM);
	for (unsigned i = PACKETS; i--;) {
		packet_pool[i].data = packet_data + (uint64_t)i * ROOM;
		packet_free(NULL, &packet_pool[i]);
	}
	start_host(0);
	start_host(1);
	for (unsigned i = 0; i < 10; i++)
		both();
}

/* One population, in a process of its own: @connections, @flight under way. Prints ns and bytes per connection. */
static int child(unsigned connections, unsigned flight, uint64_t n)
{
	double ns;
	struct mallinfo2 before, after;

	start_world();
	before = mallinfo2();
	connect_clients(connections);
	after = mallinfo2();
	ns = measure(flight, n);
	printf("%.1f %.0f\n", ns,
	       (double)(after.uordblks + after.hblkhd - before.uordblks - before.hblkhd) / (2.0 * connections));
	return dead != 0;
}

static void population(const char *self, unsigned connections, unsigned flight, double *ns, double *bytes)
{
	char command[4200];
	FILE *f;

	snprintf(command, sizeof(command), "%s --child %u %u 300000", self, connections, flight);
	f = popen(command, "r");
	if (!f || fscanf(f, "%lf %lf", ns, bytes) != 2 || pclose(f)) {
		fprintf(stderr, "bench_tcp: %s failed\n", command);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	static const unsigned sizes[] = {1, 1000, 10000, 100000, 250000};
	double bare, ns, bytes, single, thousand = 0;

	if (argc == 5 && !strcmp(argv[1], "--child"))
		return child((unsigned)strtoul(argv[2], NULL, 10), (unsigned)strtoul(argv[3], NULL, 10),
			     strtoul(argv[4], NULL, 10));
	bare = floor_ns(argv[0]);
	population(argv[0], 1, 1, &single, &bytes);
	printf("tcp: 64-byte echo, bare lwIP, one at a time:            %8.0f ns\n", bare);
	printf("tcp: 64-byte echo, two dataplanes, one at a time:       %8.0f ns  %.2f x bare (goal 2.0)\n", single,
	       single / bare);
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		unsigned flight = sizes[i] < FLIGHT ? 1 : FLIGHT;

		if (sizes[i] == 1)
			continue;
		population(argv[0], sizes[i], flight, &ns, &bytes);
		thousand = sizes[i] == 1000 ? ns : thousand;
		printf("tcp: %6u connections in turn, %u under way:           %8.0f ns  %.2f x bare, %.2f x of 1,000 "
		       "(goal 4), %.0f bytes per connection and end\n",
		       sizes[i], flight, ns, ns / bare, ns / thousand, bytes);
	}
	return 0;
}

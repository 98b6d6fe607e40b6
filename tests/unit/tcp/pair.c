#include "tests/unit/tcp/pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define APP_POOL (1ull << 32)

uint8_t pair_pattern(uint64_t position)
{
	return (uint8_t)((position * 0x9e3779b97f4a7c15ull) >> 56);
}

uint64_t pair_random(struct pair *pair)
{
	pair->random ^= pair->random << 13;
	pair->random ^= pair->random >> 7;
	pair->random ^= pair->random << 17;
	return pair->random;
}

static uint32_t load32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint16_t load16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

struct pair_tcp pair_parse(const struct ix_packet *packet)
{
	const uint8_t *ip = packet->data + 14, *tcp = ip + 20;
	struct pair_tcp s = {0};

	if (packet->length < 54 || load16(packet->data + 12) != 0x0800 || ip[9] != 6)
		return s;
	s.is_tcp = true;
	s.src = load32(ip + 12);
	s.dst = load32(ip + 16);
	s.sport = load16(tcp);
	s.dport = load16(tcp + 2);
	s.seq = load32(tcp + 4);
	s.ack = load32(tcp + 8);
	s.flags = tcp[13];
	s.window = load16(tcp + 14);
	s.payload = (uint16_t)(load16(ip + 2) - 20 - (tcp[12] >> 4) * 4);
	return s;
}

/* ---- platform ---- */

static uint64_t clock_ns(void *context, unsigned thread)
{
	return ((struct pair_host *)context)->pair->now_ns;
}

static unsigned receive(void *context, unsigned thread, struct ix_packet **packets, unsigned n)
{
	struct pair_host *h = context;
	unsigned i = 0;

	while (i < n && h->ring[thread].head)
		packets[i++] = ix_packet_queue_pop(&h->ring[thread]);
	return i;
}

static struct ix_packet *pool_alloc(struct pair *pair)
{
	struct ix_packet *packet = pair->free_packets;

	if (!packet)
		return NULL;
	pair->free_packets = packet->next;
	pair->packets_in_use++;
	packet->next = NULL;
	packet->undone = packet->flags = 0;
	packet->data = pair->data + (uint64_t)(packet - pair->pool) * PAIR_FRAME_ROOM;
	return packet;
}

static struct ix_packet *packet_alloc(void *context, unsigned thread)
{
	struct pair *pair = ((struct pair_host *)context)->pair;

	pair->allocations++;
	if (pair->fail_packets && pair->allocations % pair->fail_packets == 0)
		return NULL;
	return pool_alloc(pair);
}

static void packet_free(void *context, struct ix_packet *packet)
{
	struct pair *pair = ((struct pair_host *)context)->pair;

	packet->next = pair->free_packets;
	pair->free_packets = packet;
	pair->packets_in_use--;
}

/* Keeps the wire in order of arrival; equal times stay first come, first served. */
static void wire_insert(struct pair *pair, struct ix_packet *packet, uint64_t at_ns)
{
	struct ix_packet **at = &pair->wire.head;

	packet->arrival_ns = at_ns;
	if (!pair->wire.head || pair->wire.tail->arrival_ns <= at_ns) {
		ix_packet_queue_push(&pair->wire, packet);
		return;
	}
	while (*at && (*at)->arrival_ns <= at_ns)
		at = &(*at)->next;
	packet->next = *at;
	*at = packet;
	pair->wire.count++;
}

static void put_on_wire(struct pair *pair, unsigned to, struct ix_packet *packet, uint64_t at_ns)
{
	packet->user[0] = to;
	wire_insert(pair, packet, at_ns);
}

static struct ix_packet *copy_of(struct pair *pair, const struct ix_packet *packet)
{
	struct ix_packet *copy = pool_alloc(pair);

	if (copy) {
		memcpy(copy->data, packet->data, packet->length);
		copy->length = packet->length;
	}
	return copy;
}

static unsigned transmit(void *context, unsigned thread, struct ix_packet **packets, unsigned n)
{
	struct pair_host *h = context;
	struct pair *pair = h->pair;

	for (unsigned i = 0; i < n; i++) {
		enum pair_verdict verdict = PAIR_PASS;
		struct ix_packet *copy;
		uint64_t at_ns = pair->now_ns + pair->delay_ns;

		pair->frames[h->index]++;
		if (pair->filter)
			verdict = pair->filter(pair, h->index, packets[i]);
		if (verdict == PAIR_DROP) {
			packet_free(h, packets[i]);
			continue;
		}
		if (verdict == PAIR_DUPLICATE && (copy = copy_of(pair, packets[i])))
			put_on_wire(pair, !h->index, copy, at_ns + 1 * US);
		put_on_wire(pair, !h->index, packets[i], at_ns + (verdict == PAIR_DELAY ? pair->extra_delay_ns : 0));
	}
	return n;
}

static int steer(void *context, unsigned group, unsigned thread)
{
	((struct pair_host *)context)->reta[group] = thread;
	return 0;
}

static void kick(void *context, unsigned thread, int interrupt)
{
	((struct pair_host *)context)->kicks |= 1u << thread;
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

static struct ix_platform platform_of(struct pair_host *h, unsigned packets)
{
	return (struct ix_platform){
	    .context = h,
	    .clock_ns = clock_ns,
	    .receive = receive,
	    .transmit = transmit,
	    .steer = steer,
	    .kick = kick,
	    .packet_alloc = packet_alloc,
	    .packet_free = packet_free,
	    .data_room = PAIR_FRAME_ROOM,
	    .allocate = allocate,
	    .release = release,
	    .pool_base = {h->memory, h->pair->data},
	    .pool_size = {APP_POOL, (uint64_t)packets * PAIR_FRAME_ROOM},
	};
}

/* What a NIC does with a frame that arrives: hash, RETA, ring. */
static void arrive(struct pair_host *h, struct ix_packet *packet)
{
	const uint8_t *ip = packet->data + 14;
	const struct ix_rss *rss = &h->dataplane->rss;

	packet->rss_hash = 0;
	if (packet->length >= 38 && load16(packet->data + 12) == 0x0800 && (ip[9] == 6 || ip[9] == 17))
		packet->rss_hash =
		    ix_rss_hash_ipv4(rss, load32(ip + 12), load32(ip + 16), load16(ip + 20), load16(ip + 22));
	ix_packet_queue_push(&h->ring[h->reta[ix_rss_group(rss, packet->rss_hash)]], packet);
}

void pair_inject(struct pair *pair, unsigned to, const uint8_t *frame, unsigned length)
{
	struct ix_packet *packet = pool_alloc(pair);

	if (!packet)
		return;
	if (length > PAIR_FRAME_ROOM)
		length = PAIR_FRAME_ROOM;
	memcpy(packet->data, frame, length);
	packet->length = (uint16_t)length;
	put_on_wire(pair, to, packet, pair->now_ns);
}

/* ---- beginning and end ---- */

struct pair_config pair_config_default(void)
{
	struct pair_config c = {.threads = {1, 1}, .groups = 16, .events = 256, .delay_ns = 10 * US};

	for (unsigned i = 0; i < 2; i++) {
		c.tcp[i] = ix_tcp_options_default;
		c.tcp[i].ip = PAIR_IP(i);
		c.tcp[i].mac[5] = (uint8_t)(i + 1);
		c.tcp[i].rto_min_ns = 1 * MS;
		c.tcp[i].rto_initial_ns = 10 * MS;
		c.tcp[i].time_wait_ns = 100 * MS;
		c.tcp[i].arp_lifetime_ns = 3600 * SEC;
	}
	c.tcp[1].listen_port[0] = PAIR_PORT;
	c.tcp[1].listen_ports = 1;
	return c;
}

void pair_open(struct pair *pair, const struct pair_config *config)
{
	unsigned packets = config->packets ? config->packets : 16384;

	ix_tcp_assertions_abort = 1;
	memset(pair, 0, sizeof(*pair));
	pair->delay_ns = config->delay_ns;
	pair->now_ns = 1 * SEC;
	pair->random = 88172645463325252ull;
	pair->pool = calloc(packets, sizeof(struct ix_packet));
	pair->data = calloc(packets, PAIR_FRAME_ROOM);
	for (unsigned i = packets; i--;) {
		pair->pool[i].next = pair->free_packets;
		pair->free_packets = &pair->pool[i];
	}
	for (unsigned i = 0; i < 2; i++) {
		struct pair_host *h = &pair->host[i];
		struct ix_options options = ix_options_default;
		struct ix_platform platform;

		h->pair = pair;
		h->index = i;
		h->accept = h->echo = true;
		h->close_at_eof = true;
		h->memory =
		    mmap(NULL, APP_POOL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		assert_ptr_not_equal(h->memory, MAP_FAILED);
		platform = platform_of(h, packets);
		options.threads = config->threads[i];
		options.groups = config->groups;
		options.events = config->events;
		options.calls = config->calls ? config->calls : options.calls;
		options.stack = &ix_stack_tcp;
		options.stack_options = &config->tcp[i];
		assert_int_equal(ix_dataplane_create(&h->dataplane, &options, &platform), 0);
	}
}

static void check_quiet(struct pair *pair)
{
	for (unsigned i = 0; i < 2; i++) {
		struct ix_dataplane *d = pair->host[i].dataplane;
		struct ix_tcp_live live = ix_tcp_live(d);

		assert_int_equal(live.connections, 0);
		assert_int_equal(live.lwip_objects, 0);
		assert_int_equal(live.received_packets, 0);
		assert_int_equal(live.waiting_packets, 0);
		for (unsigned t = 0; t < d->options.threads; t++)
			assert_int_equal(d->thread[t].wheel.armed, 0);
	}
	assert_int_equal(pair->packets_in_use, 0);
}

void pair_close(struct pair *pair, bool quiet)
{
	struct ix_packet *packet;

	if (quiet)
		check_quiet(pair);
	for (unsigned i = 0; i < 2; i++) {
		struct pair_host *h = &pair->host[i];

		for (unsigned t = 0; t < h->dataplane->options.threads; t++)
			while ((packet = ix_packet_queue_pop(&h->ring[t])))
				packet_free(h, packet);
		ix_dataplane_destroy(h->dataplane);
		for (unsigned e = 0; e < h->ends; e++) {
			free(h->end[e]->held);
			free(h->end[e]);
		}
		free(h->end);
		munmap(h->memory, APP_POOL);
	}
	while ((packet = ix_packet_queue_pop(&pair->wire)))
		packet_free(&pair->host[0], packet);
	assert_int_equal(pair->packets_in_use, 0);
	assert_int_equal(ix_tcp_assertions, 0);
	free(pair->pool);
	free(pair->data);
}

/* ---- the application ---- */

static struct pair_end *end_new(struct pair_host *h, unsigned thread)
{
	struct pair_end *e = calloc(1, sizeof(*e));

	if (h->ends == h->ends_capacity) {
		h->ends_capacity = h->ends_capacity ? 2 * h->ends_capacity : 16;
		h->end = realloc(h->end, h->ends_capacity * sizeof(struct pair_end *));
	}
	h->end[h->ends++] = e;
	e->host = h;
	e->thread = thread;
	e->cookie = h->ends;
	e->echo = h->echo;
	e->hold = h->hold;
	e->close_at_eof = h->close_at_eof;
	return e;
}

struct ix_call *pair_call(struct pair_host *h, unsigned thread)
{
	struct ix_thread *t = &h->dataplane->thread[thread];
	struct ix_call *call;

	assert_true(t->call_count < h->dataplane->options.calls);
	call = &t->calls[t->call_count++];
	memset(call, 0, sizeof(*call));
	return call;
}

static struct ix_call *call_of(struct pair_end *e, unsigned type)
{
	struct ix_call *call = pair_call(e->host, e->thread);

	call->type = type;
	call->handle = e->handle;
	call->cookie = e->cookie;
	return call;
}

static ix_buffer app_buffer(const struct pair_host *h, const uint8_t *memory)
{
	return (ix_buffer)IX_POOL_APPLICATION << IX_POOL_SHIFT | (uint64_t)(memory - h->memory);
}

static uint8_t *app_alloc(struct pair_host *h, uint64_t size)
{
	uint8_t *memory = h->memory + h->memory_used;

	h->memory_used += (size + 63) & ~63ull;
	assert_true(h->memory_used <= APP_POOL);
	return memory;
}

/* Offers what has not been taken yet, in one entry; one call at a time. */
static void offer(struct pair_end *e)
{
	struct ix_call *call;
	struct ix_sg *sg;

	if (e->sending || e->dead || e->closed || !e->handle || e->out_taken == e->out_total ||
	    !(e->connected || e->accepted))
		return;
	call = call_of(e, IX_CALL_SENDV);
	sg = (struct ix_sg *)(void *)app_alloc(e->host, 64);
	sg->buffer = app_buffer(e->host, e->out + e->out_taken);
	sg->length = (uint32_t)(e->out_total - e->out_taken < 1u << 20 ? e->out_total - e->out_taken : 1u << 20);
	call->buffer = app_buffer(e->host, (uint8_t *)sg);
	call->count = 1;
	call->length = sg->length;
	e->sending = true;
}

static void ensure_out(struct pair_end *e, uint64_t size)
{
	uint8_t *bigger;

	if (size <= e->out_size)
		return;
	size = size < 4096 ? 4096 : 4 * size;
	bigger = app_alloc(e->host, size);
	/* What is in flight keeps its place: sent bytes may not move. Old memory stays; both hold the same bytes. */
	if (e->out_total)
		memcpy(bigger, e->out, e->out_total);
	e->out = bigger;
	e->out_size = size;
}

void pair_send(struct pair_end *e, uint64_t bytes)
{
	ensure_out(e, e->out_total + bytes);
	for (uint64_t i = 0; i < bytes; i++)
		e->out[e->out_total + i] = pair_pattern(e->out_total + i);
	e->out_total += bytes;
	offer(e);
}

struct pair_end *pair_connect(struct pair_host *h, unsigned thread, uint16_t port, uint64_t send)
{
	struct pair_end *e = end_new(h, thread);
	struct ix_call *call;

	e->echo = false;
	e->close_at_eof = false;
	if (send)
		pair_send(e, send);
	call = call_of(e, IX_CALL_CONNECT);
	call->handle = 0;
	call->ip = PAIR_IP(!h->index);
	call->port = port;
	return e;
}

struct pair_end *pair_peer(struct pair_end *e)
{
	struct pair_host *other = &e->host->pair->host[!e->host->index];

	for (unsigned i = 0; i < other->ends; i++)
		if (other->end[i]->passive && other->end[i]->port == e->port)
			return other->end[i];
	return NULL;
}

void pair_end_accept(struct pair_end *e)
{
	call_of(e, IX_CALL_ACCEPT);
	e->accepted = true;
}

void pair_end_close(struct pair_end *e)
{
	call_of(e, IX_CALL_CLOSE);
	e->closed = true;
}

void pair_end_abort(struct pair_end *e)
{
	call_of(e, IX_CALL_ABORT);
	e->closed = true;
}

static void done(struct pair_end *e, ix_buffer buffer, uint32_t length)
{
	struct ix_call *call = call_of(e, IX_CALL_RECV_DONE);

	call->buffer = buffer;
	call->length = length;
}

void pair_done_all(struct pair_end *e)
{
	for (unsigned i = 0; i < e->held_count; i++)
		done(e, e->held[i].buffer, e->held[i].length);
	e->held_count = 0;
}

static void on_receive(struct pair_end *e, const struct ix_event *event)
{
	const uint8_t *data = ix_buffer_memory(e->host->dataplane, event->buffer, event->length);

	e->recvs++;
	assert_non_null(data);
	assert_false(e->closed && e->dead);
	for (uint32_t i = 0; i < event->length; i++)
		e->corrupted += data[i] != pair_pattern(e->in_total + i);
	e->in_total += event->length;
	if (e->echo) {
		ensure_out(e, e->out_total + event->length);
		memcpy(e->out + e->out_total, data, event->length);
		e->out_total += event->length;
		offer(e);
	}
	if (!e->hold) {
		done(e, event->buffer, event->length);
		return;
	}
	if (e->held_count == e->held_capacity) {
		e->held_capacity = e->held_capacity ? 2 * e->held_capacity : 64;
		e->held = realloc(e->held, e->held_capacity * sizeof(*e->held));
	}
	e->held[e->held_count++] = (struct held){event->buffer, event->length};
}

static void on_knock(struct pair_host *h, unsigned thread, const struct ix_event *event)
{
	struct pair_end *e = end_new(h, thread);

	h->knocks++;
	e->passive = true;
	e->handle = event->handle;
	e->port = event->port;
	if (h->wait)
		return;
	e->accepted = h->accept;
	call_of(e, h->accept ? IX_CALL_ACCEPT : IX_CALL_CLOSE);
	e->closed = !h->accept;
}

static void on_event(struct pair_host *h, unsigned thread, const struct ix_event *event)
{
	struct pair_end *e;

	if (event->type == IX_EVENT_KNOCK) {
		on_knock(h, thread, event);
		return;
	}
	if (event->type == IX_EVENT_UDP_RECV) {
		struct ix_call *call = pair_call(h, thread);

		h->udp_received++;
		h->last_udp = *event;
		call->type = IX_CALL_UDP_RECV_DONE;
		call->buffer = event->buffer;
		return;
	}
	if (event->type == IX_EVENT_UDP_SENT) {
		h->udp_sent++;
		return;
	}
	if (event->type == IX_EVENT_TIMER)
		return;
	if (!event->cookie) { /* a knock that was rejected */
		assert_int_equal(event->type, IX_EVENT_DEAD);
		for (unsigned i = 0; i < h->ends; i++)
			if (h->end[i]->handle == event->handle)
				h->end[i]->dead = true;
		return;
	}
	assert_true(event->cookie && event->cookie <= h->ends);
	e = h->end[event->cookie - 1];
	assert_false(e->dead); /* nothing follows DEAD */
	e->thread = thread;
	switch (event->type) {
	case IX_EVENT_CONNECTED:
		assert_false(e->connected);
		e->status = event->status;
		e->connected = !event->status;
		e->handle = event->handle;
		e->port = event->local_port;
		offer(e);
		break;
	case IX_EVENT_RECV:
		on_receive(e, event);
		break;
	case IX_EVENT_SENT:
		e->sents++;
		e->out_acked += event->length;
		e->last_window = event->window;
		assert_true(e->out_acked <= e->out_total);
		offer(e);
		break;
	case IX_EVENT_EOF:
		assert_false(e->eof);
		e->eof = true;
		break;
	case IX_EVENT_DEAD:
		e->dead = true;
		e->reason = event->status;
		break;
	default:
		fail_msg("event %u", event->type);
	}
}

/* An end that has echoed everything follows its peer's close. */
static void follow(struct pair_end *e)
{
	if (e->close_at_eof && e->eof && !e->closed && !e->dead && !e->sending && e->out_taken == e->out_total)
		pair_end_close(e);
}

static void on_result(struct pair_host *h, unsigned thread, const struct ix_call *call)
{
	struct pair_end *e = call->cookie && call->cookie <= h->ends ? h->end[call->cookie - 1] : NULL;

	if (!e)
		return;
	if (call->type == IX_CALL_SENDV) {
		e->sending = false;
		e->last_result = call->result;
		if (call->result > 0)
			e->out_taken += (uint64_t)call->result;
		if (call->result == call->length || call->result == IX_ERR_MOVED)
			offer(e);
	} else if (call->type == IX_CALL_CONNECT) {
		e->last_result = call->result;
		if (call->result > 0)
			e->handle = (ix_handle)call->result;
	} else if (call->type == IX_CALL_RECV_DONE || call->type == IX_CALL_ACCEPT) {
		assert_int_equal(call->result, 0);
	}
}

static void cycle(struct pair_host *h, unsigned thread)
{
	struct ix_thread *t = &h->dataplane->thread[thread];
	struct ix_work work = {0};
	unsigned calls = t->call_count, events;
	struct ix_call *results = calloc(calls + 1, sizeof(*results));

	events = ix_kernel_enter(t, &work);
	assert_true(events <= h->dataplane->options.events);
	memcpy(results, t->calls, calls * sizeof(*results));
	for (unsigned i = 0; i < calls; i++)
		on_result(h, thread, &results[i]);
	for (unsigned i = 0; i < events; i++)
		on_event(h, thread, &t->events[i]);
	for (unsigned i = 0; i < h->ends; i++)
		if (h->end[i]->thread == thread)
			follow(h->end[i]);
	free(results);
}

static bool run_threads(struct pair *pair, uint64_t *next_ns)
{
	bool worked = false;

	for (unsigned i = 0; i < 2; i++)
		for (unsigned t = 0; t < pair->host[i].dataplane->options.threads; t++) {
			struct pair_host *h = &pair->host[i];
			struct ix_thread *thread = &h->dataplane->thread[t];
			uint64_t until;
			bool work = ix_thread_has_work(thread, pair->now_ns, &until);

			if (work || h->ring[t].head || h->kicks >> t & 1) {
				h->kicks &= ~(1u << t);
				cycle(h, t);
				worked = true;
			} else if (until < *next_ns) {
				*next_ns = until;
			}
		}
	return worked;
}

static void deliver_frames(struct pair *pair)
{
	while (pair->wire.head && pair->wire.head->arrival_ns <= pair->now_ns) {
		struct ix_packet *packet = ix_packet_queue_pop(&pair->wire);

		arrive(&pair->host[packet->user[0]], packet);
	}
}

bool pair_run(struct pair *pair, bool (*condition)(struct pair *, void *), void *context, uint64_t limit_ns)
{
	uint64_t end_ns = pair->now_ns + limit_ns;

	for (;;) {
		uint64_t next_ns = end_ns;

		if (condition && condition(pair, context))
			return true;
		deliver_frames(pair);
		if (run_threads(pair, &next_ns))
			continue;
		if (pair->wire.head && pair->wire.head->arrival_ns < next_ns)
			next_ns = pair->wire.head->arrival_ns;
		if (pair->now_ns >= end_ns)
			return false;
		pair->now_ns = next_ns > pair->now_ns ? next_ns : pair->now_ns + 1;
	}
}

void pair_run_for(struct pair *pair, uint64_t ns)
{
	pair_run(pair, NULL, NULL, ns);
}

struct ix_tcp_counters pair_counters(const struct pair_host *h)
{
	struct ix_tcp_counters sum = {0};

	for (unsigned i = 0; i < h->dataplane->options.threads; i++) {
		const uint64_t *from = (const uint64_t *)ix_tcp_counters(&h->dataplane->thread[i]);

		for (unsigned w = 0; w < sizeof(sum) / 8; w++)
			((uint64_t *)&sum)[w] += from[w];
	}
	return sum;
}

bool pair_all_dead(struct pair *pair, void *unused)
{
	for (unsigned i = 0; i < 2; i++)
		for (unsigned e = 0; e < pair->host[i].ends; e++)
			if (!pair->host[i].end[e]->dead)
				return false;
	return true;
}

bool pair_end_got(struct pair *pair, void *context)
{
	const struct pair_expect *expect = context;

	return expect->end->in_total >= expect->bytes;
}

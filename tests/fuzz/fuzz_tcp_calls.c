/*
 * Batched calls as a hostile application would make them, on connections in all states: a host with the stack `tcp`
 * that talks to itself (mirror.h) over a wire that loses, holds, repeats and changes frames, with groups that migrate
 * and packets that run out. The input is a byte of options and a list of steps; the calls name handles, buffers, timers
 * and memory of all kinds, mostly real ones. A ledger (ledger.h) knows what the application may rely on; in the end
 * everything must have come back.
 */
#include "tests/fuzz/ledger.h"
#include "tests/fuzz/mirror.h"

#include <string.h>

#define STEPS_MAX   256u
#define CALLS       32u
#define SG_ARRAYS   64u /* places for entries at the start of the application pool */
#define SG_BYTES    (SG_ARRAYS * sizeof(struct ix_sg))
#define PATTERN     0x5au /* of the rest of it */
#define US          1000ull
#define MS          1000000ull
#define QUIET_STEPS 2000u
#define ROUNDS      8u
#define GIVEN_MAX   10000u

static struct mirror mirror;
static struct ledger ledger;

struct input {
	const uint8_t *at, *end;
};

static unsigned take8(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

static uint64_t take(struct input *in, unsigned bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | take8(in);
	return value;
}

/* ---- the host ---- */

static void cycle(unsigned thread)
{
	struct ix_thread *t = &mirror.dataplane->thread[thread];
	unsigned calls = t->call_count < CALLS ? t->call_count : CALLS;
	struct ix_work work = {0};

	LEDGER_CHECK(ix_kernel_enter(t, &work) == t->event_count && t->event_count <= mirror.dataplane->options.events);
	LEDGER_CHECK(work.calls == calls);
	for (unsigned i = 0; i < calls; i++)
		ledger_result(&ledger, thread, &t->calls[i]);
	for (unsigned i = 0; i < t->event_count; i++)
		ledger_event(&ledger, thread, &t->events[i]);
	LEDGER_CHECK(!ledger.dying);
}

/* A call to fill in; those that stand there are run first if there is no room. */
static struct ix_call *call_at(unsigned thread)
{
	struct ix_thread *t = &mirror.dataplane->thread[thread];

	if (t->call_count >= CALLS)
		cycle(thread);
	return &t->calls[t->call_count++];
}

static void cycle_all(unsigned times)
{
	while (times--)
		for (unsigned i = 0; i < MIRROR_THREADS; i++)
			cycle(i);
}

static unsigned home_of(ix_handle handle)
{
	return atomic_load(&mirror.dataplane->group[ix_handle_group(handle) % MIRROR_GROUPS].owner);
}

static void open_host(unsigned how)
{
	struct ix_options options = ix_options_default;
	struct ix_tcp_options tcp = ix_tcp_options_default;

	options.events = how & 1 ? IX_EVENTS_MIN : 256;
	options.calls = CALLS;
	options.batch_bound = how & 2 ? 1 : 16;
	options.backlog_packets = how & 2 ? 4 : 64;
	options.transmit_order = how & 4 ? IX_TRANSMIT_CODE : IX_TRANSMIT_PAPER;
	options.migration_fallback_ns = 100 * US;
	tcp.port_low = 10000;
	tcp.port_high = 10031;
	tcp.half_open_max = tcp.backlog = how & 8 ? 1 : 8;
	tcp.window_bytes = how & 16 ? 2920 : 16384;
	tcp.keepalive_idle_ns = how & 32 ? 50 * MS : 0;
	tcp.keepalive_interval_ns = 10 * MS;
	tcp.generate_checksums = tcp.check_checksums = 0;
	tcp.buckets = 1;
	tcp.retries = tcp.syn_retries = tcp.keepalive_count = 3;
	tcp.rto_initial_ns = tcp.rto_min_ns = 1 * MS;
	tcp.rto_max_ns = 50 * MS;
	tcp.time_wait_ns = tcp.fin_wait_2_ns = tcp.last_ack_ns = 20 * MS;
	tcp.arp_retry_ns = 10 * MS;
	mirror_open(&mirror, &options, &tcp);
	memset(mirror.memory, PATTERN, MIRROR_POOL_BYTES);
	ledger_begin(&ledger);
}

/* ---- the calls of the input ---- */

/* Mostly one of the newest connections; else one with a bit changed, a timer, or any number. */
static ix_handle choose_handle(struct input *in)
{
	unsigned how = take8(in), back = how % 16;
	ix_handle handle = 0;

	if (back < ledger.connections)
		handle = ledger.connection[ledger.connections - 1 - back].handle;
	if (how >= 248)
		return take(in, 8);
	if (how >= 240)
		return ledger.timers ? ledger.timer[back % ledger.timers].id : 0;
	return how >= 224 ? handle ^ 1ull << take8(in) % 64 : handle;
}

static uint32_t choose_length(struct input *in)
{
	static const uint32_t lengths[] = {0,
					   1,
					   2,
					   100,
					   536,
					   1460,
					   1461,
					   1472,
					   1473,
					   4096,
					   16384,
					   MIRROR_POOL_BYTES,
					   MIRROR_POOL_BYTES + 1,
					   0x7fffffff,
					   0xffffffff};

	return lengths[take8(in) % (sizeof(lengths) / sizeof(*lengths))];
}

/* Bytes to send: in the application pool behind the arrays, at its end, in a packet, or anywhere. */
static ix_buffer choose_memory(struct input *in)
{
	unsigned how = take8(in);

	if (how < 128)
		return SG_BYTES + how * 64u;
	if (how < 160)
		return MIRROR_POOL_BYTES - (how - 128);
	if (how < 224 && ledger.buffers)
		return ledger.buffer[how % ledger.buffers].buffer;
	return how < 240 ? take(in, 8) : (ix_buffer)IX_POOL_PACKETS << IX_POOL_SHIFT | take(in, 3);
}

/* Something held, done in whole, in part, or too far; or not held at all. */
static void choose_held(struct input *in, struct ix_call *call)
{
	unsigned how = take8(in);

	if (!ledger.buffers || how >= 224) {
		call->handle = choose_handle(in);
		call->buffer = choose_memory(in);
		call->length = choose_length(in);
		return;
	}
	const struct ledger_buffer *b = &ledger.buffer[how % ledger.buffers];

	call->handle = how & 64 ? choose_handle(in) : b->handle;
	call->buffer = b->buffer + (how & 32 ? take8(in) : 0);
	call->length = how & 16 ? choose_length(in) : b->undone;
}

static void choose_entries(struct input *in, struct ix_call *call)
{
	struct ix_sg *sg = (struct ix_sg *)(void *)mirror.memory;
	unsigned how = take8(in), at = how % SG_ARRAYS;

	call->count = how < 192 ? 1 + how / SG_ARRAYS : (uint32_t)take8(in) % (IX_SG_MAX + 2);
	for (unsigned i = at; i < at + call->count && i < SG_ARRAYS; i++)
		sg[i] = (struct ix_sg){choose_memory(in), choose_length(in), 0};
	call->buffer = at * sizeof(*sg);
	if (how == 255)
		call->buffer = choose_memory(in);
}

static void choose_peer(struct input *in, struct ix_call *call)
{
	static const uint32_t ips[] = {MIRROR_PEER, MIRROR_PEER, MIRROR_PEER, MIRROR_PEER, MIRROR_IP,  MIRROR_IP + 9,
				       0x0a0000ff,  0x08080808,  0,           0xe0000001,  0x7f000001, 0xffffffff};
	static const uint16_t ports[] = {
	    MIRROR_PORT, MIRROR_PORT, MIRROR_PORT, MIRROR_PORT, MIRROR_UDP_PORT, 10000, 10001, 9, 0};
	unsigned how = take8(in);

	call->ip = ips[how % (sizeof(ips) / sizeof(*ips))];
	call->port = ports[how / 16 % (sizeof(ports) / sizeof(*ports))];
}

static void choose_datagram(struct input *in, struct ix_call *call)
{
	choose_peer(in, call);
	if (take8(in) & 3)
		call->port = MIRROR_UDP_PORT;
	call->local_port = (uint16_t)(take8(in) & 1 ? MIRROR_UDP_PORT : 0);
	call->buffer = choose_memory(in);
	call->length = choose_length(in);
}

static void step_call(struct input *in)
{
	static const uint8_t types[] = {IX_CALL_CONNECT, IX_CALL_CONNECT,      IX_CALL_ACCEPT,    IX_CALL_ACCEPT,
					IX_CALL_SENDV,   IX_CALL_SENDV,        IX_CALL_RECV_DONE, IX_CALL_RECV_DONE,
					IX_CALL_CLOSE,   IX_CALL_ABORT,        IX_CALL_UDP_SEND,  IX_CALL_UDP_RECV_DONE,
					IX_CALL_TIMER,   IX_CALL_TIMER_CANCEL, IX_CALL_COUNT,     IX_CALL_CLOSE};
	unsigned how = take8(in), thread;
	struct ix_call call = {.type = types[how % 16], .cookie = take8(in)};

	if (call.type == IX_CALL_RECV_DONE || call.type == IX_CALL_UDP_RECV_DONE)
		choose_held(in, &call);
	else if (call.type == IX_CALL_SENDV || call.type >= IX_CALL_TIMER_CANCEL || call.type == IX_CALL_ACCEPT ||
		 call.type == IX_CALL_CLOSE || call.type == IX_CALL_ABORT)
		call.handle = choose_handle(in);
	if (call.type == IX_CALL_SENDV)
		choose_entries(in, &call);
	if (call.type == IX_CALL_CONNECT)
		choose_peer(in, &call);
	if (call.type == IX_CALL_UDP_SEND)
		choose_datagram(in, &call);
	if (call.type == IX_CALL_TIMER)
		call.delay_ns = 1ull << take8(in) % 64;
	if (call.type == IX_CALL_COUNT)
		call.type += take8(in) * 0x01010101u;
	thread = call.handle && !(call.handle & LEDGER_UDP) ? home_of(call.handle) : (unsigned)call.handle & 1;
	thread ^= how >> 4 & 7 ? 0 : 1; /* now and then the wrong one */
	*call_at(thread % MIRROR_THREADS) = call;
}

/* ---- the other steps ---- */

static void step_wire(struct input *in)
{
	unsigned how = take8(in);

	mirror_release(&mirror);
	mirror.fate = how % MIRROR_FATES;
	mirror.fated = how / MIRROR_FATES;
	mirror.value = (uint16_t)take(in, 2);
}

static void step_shortage(struct input *in)
{
	unsigned how = take8(in), thread = how & 1;

	if (how & 2)
		mirror.fail_allocations = how >> 3;
	else if (how & 4)
		mirror.ring_full = how >> 5;
	else /* the count is the application's memory too; calls that have run before run again */
		mirror.dataplane->thread[thread].call_count = how >> 7 ? ~0u : how >> 3;
}

static void step_migrate(struct input *in)
{
	unsigned how = take8(in), groups[3] = {how >> 1 & 3, how >> 3 & 3, how >> 1 & 3};

	ix_migrate(mirror.dataplane, how & 1, !(how & 1), groups, 1 + (how >> 5) % 3, NULL, NULL);
}

static void step(struct input *in)
{
	unsigned what = take8(in);

	switch (what % 16) {
	case 0:
	case 1:
		cycle(what >> 4 & 1);
		break;
	case 2:
	case 3:
		cycle_all(1 + what / 32);
		break;
	case 4:
		mirror.now_ns += 1ull << what / 16 * 2;
		cycle_all(1);
		break;
	case 5:
		step_wire(in);
		break;
	case 6:
		step_migrate(in);
		break;
	case 7:
		step_shortage(in);
		break;
	default:
		step_call(in);
	}
}

/* ---- the end ---- */

/* Time goes from timer to timer until nothing is left to do; a connection that came late may never end by itself. */
static bool run_until_quiet(void)
{
	for (unsigned i = 0; i < QUIET_STEPS; i++) {
		uint64_t next_ns = UINT64_MAX, until_ns;
		bool work = false, armed = false;

		for (unsigned t = 0; t < MIRROR_THREADS; t++) {
			struct ix_thread *thread = &mirror.dataplane->thread[t];

			armed |= thread->wheel.armed || atomic_load(&thread->migration->references);
			if (ix_thread_has_work(thread, mirror.now_ns, &until_ns) || mirror.ring[t].head) {
				cycle(t);
				work = true;
			}
			next_ns = until_ns < next_ns ? until_ns : next_ns;
		}
		if (!work && !armed)
			return true;
		if (!work)
			mirror.now_ns = next_ns;
	}
	return false;
}

static struct ix_call *last_call(unsigned thread, uint32_t type, ix_handle handle)
{
	struct ix_call *call = call_at(thread);

	*call = (struct ix_call){.type = type, .handle = handle};
	return call;
}

/* Resets what lives, by calls. */
static void give_up(void)
{
	for (unsigned i = 0; i < ledger.connections; i++)
		if (!ledger.connection[i].dead)
			last_call(home_of(ledger.connection[i].handle), IX_CALL_ABORT, ledger.connection[i].handle);
	for (unsigned i = 0; i < ledger.timers; i++)
		last_call(ledger.timer[i].thread, IX_CALL_TIMER_CANCEL, ledger.timer[i].id);
	cycle_all(1);
}

/* The ledger sees to it that each buffer is taken back; a cycle may bring new ones, but not for ever. */
static void give_back(void)
{
	for (unsigned given = 0; ledger.buffers; given++) {
		struct ledger_buffer b = ledger.buffer[0];
		struct ix_call *call;
		unsigned thread;

		thread = b.handle & LEDGER_UDP ? (unsigned)b.handle & 1 : home_of(b.handle);
		call = last_call(thread, b.handle & LEDGER_UDP ? IX_CALL_UDP_RECV_DONE : IX_CALL_RECV_DONE, b.handle);
		call->buffer = b.buffer;
		call->length = b.undone;
		cycle(thread);
		LEDGER_CHECK(given < GIVEN_MAX);
	}
}

/* Something came late: a knock, a datagram. */
static bool lives(void)
{
	for (unsigned i = 0; i < ledger.connections; i++)
		if (!ledger.connection[i].dead && !ledger.connection[i].guessed)
			return true;
	return ledger.buffers;
}

static void check_nothing_left(void)
{
	struct ix_tcp_live live = ix_tcp_live(mirror.dataplane);
	const uint8_t *rest = mirror.memory + SG_BYTES;

	for (unsigned i = 0; i < ledger.connections; i++)
		LEDGER_CHECK(ledger.connection[i].dead || ledger.connection[i].guessed);
	LEDGER_CHECK(ledger.udp_sents == ledger.udp_sends && !ledger.timers);
	LEDGER_CHECK(!live.connections && !live.lwip_objects && !live.received_packets && !live.waiting_packets);
	LEDGER_CHECK(!mirror.packets_in_use);
	for (unsigned i = 0; i < MIRROR_GROUPS; i++)
		LEDGER_CHECK(!mirror.dataplane->group[i].handles.used);
	LEDGER_CHECK(rest[0] == PATTERN && !memcmp(rest, rest + 1, MIRROR_POOL_BYTES - SG_BYTES - 1));
	LEDGER_CHECK(!atomic_load(&ix_tcp_assertions));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};
	bool quiet = false;

	ix_tcp_assertions_abort = 1;
	open_host(take8(&in));
	for (unsigned steps = 0; steps < STEPS_MAX && in.at < in.end; steps++)
		step(&in);
	mirror.fated = mirror.fail_allocations = mirror.ring_full = 0;
	mirror_release(&mirror);
	cycle_all(1);
	for (unsigned i = 0; i < ROUNDS && (!quiet || lives()); i++) {
		give_up();
		run_until_quiet();
		give_back();
		quiet = run_until_quiet();
	}
	LEDGER_CHECK(quiet);
	check_nothing_left();
	mirror_close(&mirror);
	LEDGER_CHECK(!mirror.packets_in_use);
	return 0;
}

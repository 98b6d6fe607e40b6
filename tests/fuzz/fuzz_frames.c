/*
 * Ethernet frames into the stack `tcp`, with a listener and one established connection. The input is a list of steps:
 *
 *	0 LENGTH16 BYTES	a frame as it is (checksums are not checked here)
 *	1 FLAGS SEQ16 ACK16 WINDOW16 PAYLOAD16	a segment of the connection; SEQ and ACK are offsets from what is next
 *	2 FLAGS PORT SEQ16 OPTIONS8 BYTES	a segment to the listener from another port, with options
 *	3 MS8			time passes
 *	4 WHAT8 AMOUNT16	the application sends, closes, aborts, gives buffers back, or connects
 *
 * Whatever comes in, no assertion of lwIP fails, nothing is lost at the end, and the sanitizers are content.
 */
#include "tests/unit/tcp/raw.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct input {
	const uint8_t *at;
	size_t left;
};

static unsigned take8(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++;
}

static unsigned take16(struct input *in)
{
	unsigned high = take8(in);

	return high << 8 | take8(in);
}

static void step_frame(struct input *in, struct pair *pair)
{
	size_t length = take16(in) & 0x7ff;

	if (length > in->left)
		length = in->left;
	pair_inject(pair, 1, in->at, (unsigned)length);
	in->at += length;
	in->left -= length;
}

static void inject_segment(struct raw *raw, uint8_t flags, unsigned payload)
{
	uint8_t frame[PAIR_FRAME_ROOM];

	pair_inject(raw->pair, 1, frame, raw_frame(raw, flags, payload, frame));
}

static void step_segment(struct input *in, struct raw *raw)
{
	struct raw segment = *raw;
	uint8_t flags = (uint8_t)take8(in);
	unsigned payload;

	segment.seq += (uint32_t)(int16_t)take16(in);
	segment.ack += (uint32_t)(int16_t)take16(in);
	segment.window = (uint16_t)take16(in);
	payload = take16(in) % 1461;
	inject_segment(&segment, flags, payload);
}

static void step_listener(struct input *in, struct raw *raw)
{
	struct raw segment = *raw;
	uint8_t flags = (uint8_t)take8(in);

	segment.sport = (uint16_t)(50000 + take8(in) % 8);
	segment.seq = take16(in);
	segment.options_length = (uint8_t)(take8(in) % 41 & ~3u);
	for (unsigned i = 0; i < segment.options_length; i++)
		segment.options[i] = (uint8_t)take8(in);
	inject_segment(&segment, flags, 0);
}

static void step_application(struct input *in, struct pair *pair, struct pair_end *end)
{
	unsigned what = take8(in), amount = take16(in);

	if (what % 5 == 4 && pair->host[1].ends < 16) {
		struct pair_end *e = pair_connect(&pair->host[1], 0, (uint16_t)(amount | 1), 0);
		struct ix_thread *t = &pair->host[1].dataplane->thread[0];

		t->calls[t->call_count - 1].ip = RAW_IP;
		(void)e;
		return;
	}
	if (!end || end->dead || end->closed)
		return;
	switch (what % 5) {
	case 0:
		pair_send(end, amount);
		break;
	case 1:
		pair_end_close(end);
		break;
	case 2:
		pair_end_abort(end);
		break;
	default:
		pair_done_all(end);
	}
}

/* Keeps the raw peer's idea of what is next. */
static void follow(struct raw *raw)
{
	for (unsigned i = 0; i < raw->seen_count; i++) {
		const struct pair_tcp *s = &raw->seen[i];

		if (s->dport == raw->sport && s->flags & ACK) {
			raw->seq = s->ack;
			raw->ack = s->seq + s->payload + !!(s->flags & (SYN | FIN));
		}
	}
	raw->seen_count = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pair pair;
	static struct raw raw;
	struct input in = {data, size};
	struct pair_config config = pair_config_default();
	struct pair_end *end;

	config.packets = 256;
	config.groups = 1;
	config.events = IX_EVENTS_MIN;
	config.calls = 512;
	config.tcp[1].check_checksums = 0;
	config.tcp[1].half_open_max = 4;
	config.tcp[1].backlog = 4;
	config.tcp[1].keepalive_idle_ns = 1 * SEC;
	config.tcp[1].rto_max_ns = 1 * SEC;
	config.tcp[1].window_bytes = 16384;
	config.tcp[1].udp_port[0] = 53;
	config.tcp[1].udp_ports = 1;
	pair_open(&pair, &config);
	pair.host[1].echo = size & 1;
	pair.host[1].hold = size & 2;
	raw_start(&raw, &pair);
	raw_open(&raw);
	end = pair.host[1].end[0];
	for (unsigned steps = 0; in.left && steps < 200; steps++) {
		switch (take8(&in) % 5) {
		case 0:
			step_frame(&in, &pair);
			break;
		case 1:
			step_segment(&in, &raw);
			break;
		case 2:
			step_listener(&in, &raw);
			break;
		case 3:
			pair_run_for(&pair, take8(&in) * MS);
			break;
		default:
			step_application(&in, &pair, end);
		}
		pair_run_for(&pair, 10 * US);
		follow(&raw);
	}
	pair_close(&pair, false);
	return 0;
}

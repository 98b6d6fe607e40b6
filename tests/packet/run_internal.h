/* The state of a run, shared by the files of the interpreter. */
#ifndef IX_TESTS_PACKET_RUN_INTERNAL_H
#define IX_TESTS_PACKET_RUN_INTERNAL_H

#include "tests/packet/frame.h"
#include "tests/packet/run.h"

#include <stdio.h>

#define RUN_QUEUE 64u
#define RUN_HELD  256u

struct held {
	ix_buffer buffer;
	uint32_t length;
};

struct flow_state {
	struct ends ends;
	bool isn_known;
	ix_handle handle;
	uint32_t syn;      /* sequence number of the peer's last SYN: where its stream starts */
	uint32_t received; /* position of the next byte that the application gets */
	uint32_t sent;     /* bytes that SENDV has taken */
	struct held held[RUN_HELD];
	unsigned helds;
};

struct frame_item {
	uint64_t at_ns;
	unsigned length;
	uint8_t bytes[FRAME_MAX];
};

struct event_item {
	uint64_t at_ns;
	struct ix_event event;
};

struct run {
	const struct script *script;
	const struct device_ops *ops;
	struct device *device;
	struct run_result *result;
	FILE *trace;
	bool failed;
	const struct line *line;
	uint64_t origin_ns, last_ns;
	struct flow_state flow[SCRIPT_FLOWS_MAX];
	struct frame_item *frame; /* came out and not yet expected: RUN_QUEUE of each */
	struct event_item *event;
	unsigned frames, events;
};

/* "FILE:LINE: TEXT"; always false. Only the first counts. */
__attribute__((format(printf, 2, 3))) bool run_fail(struct run *r, const char *format, ...);
__attribute__((format(printf, 3, 4))) void run_trace(struct run *r, uint64_t at_ns, const char *format, ...);

/* run_packet.c */
bool run_collect_frames(struct run *r); /* answers ARP, if that is automatic */
bool run_inject(struct run *r, const struct packet *p);
bool run_match_frame(struct run *r, const struct packet *expected);
bool run_absorb_frame(struct run *r, const struct frame_item *item); /* takes what there is to learn from it */
void run_print_frame(struct run *r, const struct frame_item *item, char *text, size_t size);
void run_teach_neighbours(struct run *r);

/* run_application.c */
bool run_call(struct run *r, const struct call_line *call);
void run_call_freely(struct run *r, const struct call_line *call); /* whatever its result */
void run_absorb_event(struct run *r, const struct ix_event *event);
bool run_match_event(struct run *r, const struct event_line *expected);
void run_print_event(struct run *r, const struct ix_event *event, char *text, size_t size);

#endif

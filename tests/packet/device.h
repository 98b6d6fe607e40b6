/*
 * The device under test, as a table: one host that speaks TCP and has an application. Scripts know nothing else of it,
 * so that they can run over another dataplane. Time is in nanoseconds from any origin.
 */
#ifndef IX_TESTS_PACKET_DEVICE_H
#define IX_TESTS_PACKET_DEVICE_H

#include "impl/tcp/tcp.h"

#include <stdbool.h>

struct device;

struct device_ops {
	/* NULL when it cannot be started. */
	struct device *(*open)(const struct ix_tcp_options *options);
	/* Ends it. False if anything is missing or left over: packets, connections, memory. */
	bool (*close)(struct device *device);
	uint64_t (*now_ns)(const struct device *device);

	/* A frame arrives now. */
	void (*inject)(struct device *device, const uint8_t *frame, unsigned length);

	/* A call of the application, made now; returns its result. */
	int64_t (*call)(struct device *device, struct ix_call *call);

	/* Lets time pass until @until_ns, or less if a frame or an event comes out. False if there is no end to it. */
	bool (*advance)(struct device *device, uint64_t until_ns);

	/* The next frame or event that came out, and when; 0 if there is none. */
	unsigned (*next_frame)(struct device *device, uint8_t *frame, unsigned size, uint64_t *at_ns);
	bool (*next_event)(struct device *device, struct ix_event *event, uint64_t *at_ns);

	/* Memory of a buffer, the application's pool included; NULL if it is none. */
	uint8_t *(*memory)(struct device *device, ix_buffer buffer, uint32_t length);

	/* A number by its name: a field of struct ix_tcp_counters or struct ix_tcp_live. */
	bool (*count)(const struct device *device, const char *name, int64_t *value);
};

/* impl/core with impl/tcp on one thread, in virtual time, over the wire that is linked (wire.h). */
extern const struct device_ops device_under_test;
#define DEVICE_POOL_BYTES (128u << 10) /* of the application */
#define DEVICE_FRAME_ROOM 2048u

#endif

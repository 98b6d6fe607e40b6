/*
 * What an application may rely on, kept as a ledger of one dataplane with the stack `tcp`: which handles, buffers and
 * timers are its own, from the results of its calls and from events. Whatever contradicts it ends the process.
 */
#ifndef IX_TESTS_FUZZ_LEDGER_H
#define IX_TESTS_FUZZ_LEDGER_H

#include "impl/core/dataplane.h"

#include <stdbool.h>

struct ledger_connection {
	ix_handle handle;
	ix_cookie cookie;
	uint64_t taken, acked; /* bytes by SENDV; by SENT */
	bool passive, accepted, connected, eof, closed, dead;
	bool dying;   /* a call was too late: DEAD must be among the events of its cycle */
	bool guessed; /* a call hit it before the application had been told: nothing is known of it */
};

/* A packet in the application's hands; of a connection, or of UDP at a thread. */
struct ledger_buffer {
	ix_handle handle; /* LEDGER_UDP and the thread */
	ix_buffer buffer;
	uint32_t length, undone;
};
#define LEDGER_UDP (1ull << 63)

struct ledger_timer {
	ix_handle id;
	ix_cookie cookie;
	unsigned thread;
};

/* Arrays grow and are kept from ledger to ledger. */
struct ledger {
	struct ledger_connection *connection;
	struct ledger_buffer *buffer;
	struct ledger_timer *timer;
	unsigned connections, connection_room, buffers, buffer_room, timers, timer_room;
	unsigned dying; /* 0 between cycles */
	uint64_t udp_sends, udp_sents;
};

void ledger_begin(struct ledger *ledger);
/* The calls of the cycle that has ended, then its events. */
void ledger_result(struct ledger *ledger, unsigned thread, const struct ix_call *call);
void ledger_event(struct ledger *ledger, unsigned thread, const struct ix_event *event);

#define LEDGER_CHECK(x) ((x) ? (void)0 : ledger_broken(#x, __FILE__, __LINE__))
_Noreturn void ledger_broken(const char *what, const char *file, int line);

#endif

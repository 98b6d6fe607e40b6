/*
 * The application of the system level: every message is a request that says how long its service takes; the reply
 * carries the request back. Written to the call and event interface, like any application.
 */
#ifndef IXLAB_SIM_SERVER_H
#define IXLAB_SIM_SERVER_H

#include "sim/machine.h"

/* What travels as the message, both ways. */
struct sim_request {
	uint64_t intended_ns; /* when the client meant to send it */
	uint64_t service_ns;  /* at the nominal frequency */
	uint32_t connection;
	uint32_t sequence; /* within its connection */
};

#define SIM_SERVER_CALLS_PER_EVENT 2
#define SIM_SERVER_SLOT_BYTES      64 /* of the application's pool, per event of each thread */

struct sim_server {
	const struct sim_machine *machine; /* it runs on; for the trace */
	uint64_t served;
};

/* As sim_machine_options.run: @context is a struct sim_server. */
uint64_t sim_server_run(void *context, struct ix_thread *thread, uint64_t start_ns);

#endif

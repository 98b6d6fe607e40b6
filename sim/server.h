/*
 * The application of the system level: every message is a request that says how long its service takes; the reply
 * carries the request back. Written to the call and event interface, like any application; and what stamps the requests
 * on their way through a dataplane (enum sim_stage).
 */
#ifndef IXLAB_SIM_SERVER_H
#define IXLAB_SIM_SERVER_H

#include "sim/machine.h"
#include "sim/request.h"

#define SIM_SERVER_CALLS_PER_EVENT 2

struct sim_server {
	struct sim_machine *machine; /* it runs on */
	uint64_t served;
	struct ix_stack stack; /* `message`, stamping what it receives and sends, and noting requests' extra packets */
	struct sim_server_thread *thread;
};

/* Sets what the options of a machine need to run @server: stack, arrays, pool, functions. Threads and batch bound are
 * set already. 0, or -1 when memory is short. */
int sim_server_init(struct sim_server *server, struct sim_machine *machine, struct sim_machine_options *options);
void sim_server_fini(struct sim_server *server);

#endif

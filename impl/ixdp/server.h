/* The dataplane's end of the control page; all of it is the main thread's. */
#ifndef IXDP_SERVER_H
#define IXDP_SERVER_H

#include "impl/ixdp/control.h"
#include "impl/ixdp/process.h"
#include "impl/ixdp/spread.h"

struct ixdp_server;

/* A migration as the control page asks for it: one request of the core per source, and again what could not be done. */
struct ixdp_migration_job {
	struct ixdp_server *server;
	struct ixdp_command *command; /* NULL: none under way */
	uint64_t begun_ns;
	_Atomic unsigned in_flight; /* requests that the core works on */
	pthread_mutex_t lock;       /* of the report, which elastic threads add to */
	struct ix_migration_report longest;
	uint32_t migrations, groups, packets_deferred, fallbacks;
	struct ixdp_spread part[IXDP_MIGRATION_PARTS]; /* of all migrations so far */
	uint64_t shown;                                /* of these, on the control page */
};

struct ixdp_server {
	struct ixdp_process *process;
	struct ixdp_control *page;
	int fd;
	char path[IXDP_NAME_MAX + 16];
	uint64_t sequence, updated_ns;
	uint64_t seen_ns[IXDP_COMMANDS]; /* a slot that is claimed or done, since when; 0: neither */
	struct ixdp_migration_job job;
};

/* Makes the object; 0, or 2 with *error when it is another process's or cannot be made. */
int ixdp_server_start(struct ixdp_server *server, const struct ixdp_config *config, struct ixdp_error *error);
/* The process is set up: what never changes is written. */
void ixdp_server_attach(struct ixdp_server *server, struct ixdp_process *process);
/* Every ms: commands, and every 10 ms what is measured. */
void ixdp_server_step(struct ixdp_server *server);
/* Removes the object; nothing if it was not made. Elastic threads have ended. */
void ixdp_server_stop(struct ixdp_server *server);

/* The commands (commands.c). */
void ixdp_commands_step(struct ixdp_server *server, uint64_t now_ns);

#endif

#include "impl/ixdp/client.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_STEPS 10000
#define STEP_NS        500000

static const char *check(const struct ixdp_control *c, const struct stat *status)
{
	if (c->magic != IXDP_CONTROL_MAGIC)
		return "no control page, or its dataplane is still starting";
	if (c->version != IXDP_CONTROL_VERSION || c->bytes != sizeof(*c) || (size_t)status->st_size < sizeof(*c))
		return "of another version of ixdp";
	if (c->threads < 1 || c->threads > IXDP_CONTROL_THREADS || c->groups > IXDP_CONTROL_GROUPS)
		return "makes no sense";
	return NULL;
}

struct ixdp_control *ixdp_client_open(const char *name, char *error, size_t error_size)
{
	struct ixdp_control *c;
	const char *wrong;
	struct stat status;
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "/dev/shm/%s", name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status)) {
		snprintf(error, error_size, "%s: %s; is a dataplane of that name running?", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	if ((size_t)status.st_size < sizeof(*c)) {
		snprintf(error, error_size, "%s: no control page of this version of ixdp", path);
		close(fd);
		return NULL;
	}
	c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (c == MAP_FAILED) {
		snprintf(error, error_size, "%s: %s", path, strerror(errno));
		return NULL;
	}
	wrong = check(c, &status);
	if (!wrong)
		return c;
	snprintf(error, error_size, "%s: %s", path, wrong);
	ixdp_client_close(c);
	return NULL;
}

void ixdp_client_close(struct ixdp_control *control)
{
	munmap(control, sizeof(*control));
}

int ixdp_client_alive(const struct ixdp_control *control)
{
	return !kill((pid_t)control->pid, 0) || errno == EPERM;
}

/* The number of a slot that was free, or -1. */
static int claim(struct ixdp_control *control)
{
	for (int i = 0; i < IXDP_COMMANDS; i++) {
		uint32_t expected = IXDP_FREE;

		if (atomic_compare_exchange_strong(&control->command[i].state, &expected, IXDP_CLAIMED))
			return i;
	}
	return -1;
}

static void pause_a_step(void)
{
	nanosleep(&(struct timespec){.tv_nsec = STEP_NS}, NULL);
}

int ixdp_client_run(struct ixdp_control *control, struct ixdp_command *command)
{
	int claimed = claim(control);
	struct ixdp_command *slot;
	unsigned step;

	for (step = 0; claimed < 0 && step < PATIENCE_STEPS; step++) {
		pause_a_step();
		claimed = claim(control);
	}
	if (claimed < 0) {
		snprintf(command->text, sizeof(command->text), "no command slot is free");
		return -1;
	}
	slot = &control->command[claimed];
	slot->type = command->type;
	slot->thread = command->thread;
	slot->value = command->value;
	memcpy(slot->group, command->group, sizeof(slot->group));
	atomic_store_explicit(&slot->state, IXDP_POSTED, memory_order_release);
	for (step = 0; step < PATIENCE_STEPS && ixdp_client_alive(control); step++) {
		if (atomic_load_explicit(&slot->state, memory_order_acquire) == IXDP_DONE) {
			memcpy(command, slot, sizeof(*command));
			command->text[sizeof(command->text) - 1] = 0;
			atomic_store_explicit(&slot->state, IXDP_FREE, memory_order_release);
			return 0;
		}
		pause_a_step();
	}
	snprintf(command->text, sizeof(command->text), "the dataplane does not answer");
	return -1; /* the slot is the dataplane's to free */
}

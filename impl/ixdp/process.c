/* Setting the process up, and taking it down in the reverse order. */
#include "impl/ixdp/process.h"
#include "impl/ixdp/process_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

static int fail(struct ixdp_error *error, const char *what)
{
	snprintf(error->text, sizeof(error->text), "%s: %s", what, strerror(errno));
	return 1;
}

/* A key of the port's options is one of the group device, if there is one of that name, or of the file. */
static int open_nic(struct ixdp_process *p, struct ixdp_error *error)
{
	static const char *const of_file[] = {"threads", "groups", ""};
	struct nic_error refusal = {0};
	char key[64];
	int code = nic_open(&p->nic, &p->config->nic, &refusal);

	if (!code)
		return 0;
	snprintf(key, sizeof(key), "device.%s", refusal.key);
	for (size_t i = 0; i < sizeof(of_file) / sizeof(of_file[0]); i++)
		if (!strcmp(refusal.key, of_file[i]))
			snprintf(key, sizeof(key), "%s", refusal.key);
	ixdp_config_refuse(p->config, error, key, "%s", refusal.text);
	return code == -2 ? 2 : 1;
}

static int start_core(struct ixdp_process *p, struct ixdp_error *error)
{
	struct ix_options options = p->config->core_options;
	int code;

	p->memory_bytes = p->config->memory_mb * p->config->threads << 20;
	p->memory =
	    mmap(NULL, p->memory_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p->memory == MAP_FAILED) {
		p->memory = NULL;
		return fail(error, "memory of the application");
	}
	madvise(p->memory, p->memory_bytes, MADV_HUGEPAGE);
	if (!p->config->has_mac)
		memcpy(p->config->tcp.mac, nic_facts(p->nic)->mac, 6);
	else
		memcpy(p->config->tcp.mac, p->config->mac, 6);
	p->config->tcp.generate_checksums = p->config->tcp.check_checksums = !nic_facts(p->nic)->checksums;
	ixdp_platform_fill(p);
	/* Made for the largest batch bound, as it may be changed later. */
	options.batch_bound = IX_BATCH_MAX;
	code = ix_dataplane_create(&p->dataplane, &options, &p->platform);
	if (!code) {
		p->dataplane->options.batch_bound = p->config->core_options.batch_bound;
		return 0;
	}
	snprintf(error->text, sizeof(error->text), "the dataplane does not start: %s",
		 code == IX_ERR_NO_MEMORY ? "memory is short" : "its options are refused");
	return 1;
}

static int start_runtime(struct ixdp_process *p, unsigned id, struct ixdp_error *error)
{
	struct ixdp_thread *t = &p->thread[id];
	const struct ix_options *o = &p->dataplane->options;
	uint64_t share = p->config->memory_mb << 20;
	struct ix_binding binding = {
	    .pool = {p->platform.pool_base[0], p->platform.pool_base[1]},
	    .pool_size = {p->platform.pool_size[0], p->platform.pool_size[1]},
	    .arena_offset = id * share,
	    .arena_size = share,
	    .call_capacity = o->calls,
	};

	t->process = p;
	t->id = id;
	t->core = &p->dataplane->thread[id];
	binding.events = t->core->events;
	binding.event_count = &t->core->event_count;
	binding.calls = t->core->calls;
	binding.call_count = &t->core->call_count;
	if (o->scheduler != &ix_scheduler_ix) { /* any other steals */
		binding.results_by_event = 1;
		binding.hold = &t->core->hold;
	}
	t->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (t->event_fd < 0)
		return fail(error, "eventfd");
	t->runtime = ix_runtime_create(&binding);
	if (!t->runtime) {
		close(t->event_fd);
		return ixdp_config_refuse(p->config, error, "memory_mb", "too little for a thread");
	}
	return 0;
}

static int start_application(struct ixdp_process *p, unsigned id, struct ixdp_error *error)
{
	struct ix_app_options options = {.option = p->config->option,
					 .count = p->config->options,
					 .thread = id,
					 .threads = p->config->core_options.threads,
					 .shared = &p->shared};
	struct ix_app_error refusal = {0};
	char key[96];

	if (!p->config->app->start(p->thread[id].runtime, &options, &p->thread[id].application, &refusal))
		return 0;
	snprintf(key, sizeof(key), "application%s%s", refusal.key ? "." : "", refusal.key ? refusal.key : "");
	return ixdp_config_refuse(p->config, error, key, "%s", refusal.text);
}

int ixdp_process_start(struct ixdp_process *p, struct ixdp_config *config, struct ixdp_error *error)
{
	int code;

	memset(p, 0, sizeof(*p));
	p->config = config;
	code = open_nic(p, error);
	if (code)
		return code;
	ix_clock_start(&p->clock);
	code = start_core(p, error);
	for (unsigned id = 0; !code && id < config->threads; id++) {
		code = start_runtime(p, id, error);
		if (code)
			break;
		p->threads++;
		code = start_application(p, id, error);
		if (!code)
			p->applications++;
	}
	return code;
}

/* Everybody closes; those whose peers do not answer are given up after a while. */
static void close_connections(struct ixdp_process *p)
{
	uint64_t end_ns = ix_clock_kernel_ns() + IXDP_CLOSE_NS;
	unsigned left = 1, i;

	atomic_store(&p->stage, IXDP_CLOSING);
	while (atomic_load(&p->closed) < p->threads || (left && ix_clock_kernel_ns() < end_ns)) {
		for (left = i = 0; i < p->threads; i++) {
			ixdp_wake(&p->thread[i]);
			left += ix_runtime_connections(p->thread[i].runtime);
		}
		usleep(1000);
	}
}

int ixdp_process_stop(struct ixdp_process *p, int ran, struct ixdp_error *error)
{
	struct ix_app_error refusal = {0};
	char *text = NULL;
	int code = 0;

	if (ran) {
		close_connections(p);
		ixdp_threads_join(p);
	}
	for (unsigned i = 0; i < p->applications; i++)
		p->config->app->stop(p->thread[i].application);
	if (p->threads && p->config->app->finish)
		code = p->config->app->finish(p->shared, &text, &refusal);
	if (text)
		puts(text);
	free(text);
	if (code)
		snprintf(error->text, sizeof(error->text), "%s: %s", p->config->app->name, refusal.text);
	for (unsigned i = 0; i < p->threads; i++) {
		ix_runtime_destroy(p->thread[i].runtime);
		close(p->thread[i].event_fd);
	}
	ix_dataplane_destroy(p->dataplane);
	if (p->memory)
		munmap(p->memory, p->memory_bytes);
	if (p->nic)
		nic_close(p->nic);
	return code ? 1 : 0;
}

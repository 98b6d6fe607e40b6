/* The threads of an application on the kernel's sockets: what a dataplane's elastic thread does, done by a cycle here. */
#include "impl/host/internal.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

uint64_t host_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void expire_timers(struct host_thread *thread)
{
	uint64_t now_ns;
	ix_handle id;
	ix_cookie cookie;

	if (!thread->timers.count)
		return;
	now_ns = host_now_ns();
	while (thread->event_count < HOST_POLLED_EVENTS && host_timer_due(&thread->timers, now_ns, &id, &cookie))
		thread->events[thread->event_count++] =
		    (struct ix_event){.type = IX_EVENT_TIMER, .handle = id, .cookie = cookie};
}

/* User phases and the calls they leave, until there are none. A writer that never has enough waits for its socket. */
static void cycle(struct host_thread *thread)
{
	unsigned round = 0;

	expire_timers(thread);
	do {
		thread->call_count = 0;
		ix_runtime_run(thread->runtime);
		thread->event_count = 0;
		host_buffers_bury(thread);
		host_calls_run(thread, round++ < HOST_ROUNDS);
	} while (thread->call_count || thread->event_count);
	thread->host->poller->cycle_done(thread);
}

static void *serve(void *context)
{
	struct host_thread *thread = context;
	struct host *host = thread->host;
	const struct ix_app *app = host->config.app;

	prctl(PR_SET_TIMERSLACK, 1ul);
	cycle(thread); /* what start() has left */
	while (!host->stopping && !(app->finished && app->finished(thread->state))) {
		host->poller->wait(thread);
		if (thread->number == 0)
			host_linger_expire(host, host_now_ns());
		cycle(thread);
		if (host_listeners_open(thread)) {
			host->failed = true;
			host_stop(host);
		}
	}
	return NULL;
}

static void *address_space(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static int refuse(struct ix_app_error *error, const char *key, const char *text)
{
	error->key = key;
	snprintf(error->text, sizeof(error->text), "%s", text);
	return -1;
}

static int raise_descriptors(struct host *host)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return -1;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur > 1 << 20)
		limit.rlim_cur = 1 << 20;
	host->table_size = (int)limit.rlim_cur;
	return 0;
}

static int pools_open(struct host *host)
{
	host->table = address_space((size_t)host->table_size * sizeof(*host->table));
	host->packets = address_space((size_t)HOST_BUFFERS * HOST_BUFFER);
	host->application = address_space(host->config.threads * HOST_ARENA);
	return host->table && host->packets && host->application && !host_buffers_init(host) ? 0 : -1;
}

static int thread_open(struct host *host, unsigned number, struct ix_app_error *error)
{
	struct host_thread *thread = calloc(1, sizeof(*thread));
	struct ix_binding binding;

	if (!thread)
		return refuse(error, NULL, "memory is short");
	host->threads[number] = thread;
	thread->host = host;
	thread->number = number;
	thread->dying = HOST_NO_BUFFER;
	binding = (struct ix_binding){
	    .events = thread->events,
	    .event_count = &thread->event_count,
	    .calls = thread->calls,
	    .call_capacity = HOST_CALLS,
	    .call_count = &thread->call_count,
	    .pool = {host->application, host->packets},
	    .pool_size = {host->config.threads * HOST_ARENA, (uint64_t)HOST_BUFFERS * HOST_BUFFER},
	    .arena_offset = number * HOST_ARENA,
	    .arena_size = HOST_ARENA,
	};
	thread->runtime = ix_runtime_create(&binding);
	if (!thread->runtime)
		return refuse(error, NULL, "memory is short");
	if (host->poller->open(thread))
		return refuse(error, NULL, "the kernel gives no event queue (too many open files?)");
	return 0;
}

static int thread_start(struct host *host, unsigned number, struct ix_app_error *error)
{
	struct ix_app_options options = {host->config.option, host->config.option_count, number, host->config.threads,
					 &host->shared};
	struct host_thread *thread = host->threads[number];

	if (host->config.app->start(thread->runtime, &options, &thread->state, error))
		return -1;
	host->started++;
	if (host_listeners_open(thread)) {
		*error = host->error;
		return -1;
	}
	return 0;
}

static int host_open(struct host *host, struct ix_app_error *error)
{
	if (raise_descriptors(host) || pools_open(host))
		return refuse(error, NULL, "memory is short");
	host->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (host->stop_fd < 0)
		return refuse(error, NULL, "the kernel gives no event counter");
	host->spare_fd = fcntl(host->stop_fd, F_DUPFD_CLOEXEC, 0);
	for (unsigned i = 0; i < host->config.threads; i++)
		if (thread_open(host, i, error))
			return -1;
	for (unsigned i = 0; i < host->config.threads; i++)
		if (thread_start(host, i, error))
			return -1;
	return 0;
}

struct host *host_create(const struct host_config *config, struct ix_app_error *error)
{
	struct host *host = calloc(1, sizeof(*host));
	char *text;

	memset(error, 0, sizeof(*error));
	if (!host) {
		refuse(error, NULL, "memory is short");
		return NULL;
	}
	host->config = *config;
	host->poller = config->mode == HOST_FLOATING ? &host_poller_floating : &host_poller_partitioned;
	host->stop_fd = host->epoll_fd = host->spare_fd = -1;
	host->linger_last = &host->linger_first;
	pthread_mutex_init(&host->buffer_lock, NULL);
	pthread_mutex_init(&host->listener_lock, NULL);
	pthread_mutex_init(&host->linger_lock, NULL);
	if (config->threads < 1 || config->threads > HOST_THREADS_MAX) {
		host->config.threads = 0;
		refuse(error, "threads", "a number from 1 to 256");
	} else if (!host_open(host, error)) {
		return host;
	}
	host_destroy(host, &text, &(struct ix_app_error){0});
	free(text);
	return NULL;
}

uint16_t host_port(const struct host *host)
{
	return host->port;
}

const void *host_state(const struct host *host, unsigned thread)
{
	return host->threads[thread]->state;
}

void host_stop(struct host *host)
{
	uint64_t one = 1;
	ssize_t written;

	host->stopping = true;
	written = write(host->stop_fd, &one, sizeof(one)); /* never read: it wakes every thread that will ever wait */
	(void)written;                                     /* the counter is full: as good */
}

int host_run(struct host *host, struct ix_app_error *error)
{
	unsigned running = 0;

	while (running < host->config.threads &&
	       !pthread_create(&host->threads[running]->pthread, NULL, serve, host->threads[running]))
		running++;
	if (running < host->config.threads) {
		host->failed = true;
		refuse(&host->error, "threads", "the kernel gives no more threads");
		host_stop(host);
	}
	for (unsigned i = 0; i < running; i++)
		pthread_join(host->threads[i]->pthread, NULL);
	*error = host->error;
	return host->failed ? -1 : 0;
}

static void close_sockets(struct host *host)
{
	for (int fd = 0; host->table && fd < host->table_size; fd++)
		if (host->table[fd].state != HOST_FREE)
			close(fd);
	host_listeners_close(host);
}

static void thread_close(struct host_thread *thread)
{
	thread->host->poller->close(thread);
	ix_runtime_destroy(thread->runtime);
	free(thread->timers.slot);
	free(thread->timers.heap);
	free(thread);
}

static void release(void *memory, size_t size)
{
	if (memory)
		munmap(memory, size);
}

int host_destroy(struct host *host, char **text, struct ix_app_error *error)
{
	const struct ix_app *app = host->config.app;
	int status = 0;

	*text = NULL;
	for (unsigned i = 0; i < host->started; i++)
		app->stop(host->threads[i]->state);
	if (app->finish)
		status = app->finish(host->shared, text, error);
	close_sockets(host);
	for (unsigned i = 0; i < host->config.threads; i++)
		if (host->threads[i])
			thread_close(host->threads[i]);
	if (host->stop_fd >= 0)
		close(host->stop_fd);
	if (host->spare_fd >= 0)
		close(host->spare_fd);
	release(host->table, (size_t)host->table_size * sizeof(*host->table));
	release(host->packets, (size_t)HOST_BUFFERS * HOST_BUFFER);
	release(host->application, host->config.threads * HOST_ARENA);
	free(host->buffers);
	free(host->free_buffers);
	free(host);
	return status;
}

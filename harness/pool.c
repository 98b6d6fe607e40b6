#include "harness/pool.h"
#include "harness/pool_message.h"
#include "harness/pool_worker.h"
#include "version.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRIES_MAX 2
#define IDLE      SIZE_MAX

struct worker {
	int fd;      /* -1: gone */
	pid_t pid;   /* 0: elsewhere */
	bool ready;  /* has greeted and computes nothing */
	size_t task; /* at hand, or IDLE */
	struct message_buffer in;
};

struct pool {
	const struct pool_job *job;
	struct worker *worker;
	struct pollfd *poll;
	size_t worker_count;
	unsigned char *tries; /* per task */
	size_t *again;        /* tasks to be tried once more */
	size_t again_count, next, closed;
	struct message_buffer out;
	sigset_t waiting; /* signals blocked while waiting: the caller's own mask */
	bool stopped;
	char trouble[192]; /* why a worker cannot be had */
};

static void worker_reset(struct worker *w)
{
	if (w->pid > 0)
		close(w->fd);
	message_buffer_free(&w->in);
	*w = (struct worker){.fd = -1, .task = IDLE};
}

static void start_worker(struct pool *p, struct worker *w)
{
	*w = (struct worker){.fd = -1, .task = IDLE};
	w->pid = pool_worker_start(p->job->compute, &w->fd);
	if (w->pid < 0) {
		snprintf(p->trouble, sizeof(p->trouble), "cannot start a worker: %s", strerror(errno));
		*w = (struct worker){.fd = -1, .task = IDLE};
	}
}

/* The task at hand of @w is lost because a process died: once more, or given up. */
static void lose_task(struct pool *p, struct worker *w, const char *reason)
{
	size_t task = w->task;

	w->task = IDLE;
	if (task == IDLE)
		return;
	if (p->tries[task] < TRIES_MAX) {
		p->again[p->again_count++] = task;
		p->job->lost(p->job->context, task, POOL_RETRIED, reason);
	} else {
		p->closed++;
		p->job->lost(p->job->context, task, POOL_GIVEN_UP, reason);
	}
}

static bool tasks_left(const struct pool *p)
{
	return p->again_count > 0 || p->next < p->job->task_count;
}

/* The worker's socket is closed or speaks nonsense. One of ours is replaced while there is work; one elsewhere is not.
 */
static void worker_gone(struct pool *p, struct worker *w)
{
	bool ours = w->pid > 0, greeted = w->ready || w->task != IDLE;
	char reason[128] = "the connection to the worker is lost";

	if (ours) {
		kill(w->pid, SIGKILL); /* where it lives on without making sense */
		pool_worker_reap(w->pid, reason, sizeof(reason));
	}
	lose_task(p, w, reason);
	snprintf(p->trouble, sizeof(p->trouble), "%s", reason);
	worker_reset(w);
	if (ours && greeted && tasks_left(p)) /* one that never greeted would die again and again */
		start_worker(p, w);
}

static void send_task(struct pool *p, struct worker *w)
{
	if (p->again_count > 0)
		w->task = p->again[--p->again_count];
	else
		w->task = p->next++;
	w->ready = false;
	p->tries[w->task]++;
	message_task(&p->out, &p->job->task[w->task]);
	message_number(&p->out, w->task);
	if (message_send(w->fd, &p->out))
		worker_gone(p, w);
}

static int take_hello(struct pool *p, struct worker *w, const struct message *message)
{
	const char *version;

	if (message_read_text(message, &version))
		return -1;
	if (strcmp(version, IXLAB_VERSION) != 0) {
		snprintf(p->trouble, sizeof(p->trouble), "a worker runs version %s of this program, not %s", version,
			 IXLAB_VERSION);
		worker_reset(w); /* only those elsewhere can differ */
		return 0;
	}
	w->ready = true;
	return 0;
}

static int take_result(struct pool *p, struct worker *w, const struct message *message)
{
	struct point_result result;

	if (w->task == IDLE || message_read_result(message, &result))
		return -1;
	p->closed++;
	if (p->job->finished(p->job->context, w->task, &result))
		p->stopped = true;
	w->task = IDLE;
	w->ready = true;
	return 0;
}

static int take_complaint(struct pool *p, struct worker *w, const struct message *message)
{
	const char *reason;

	if (message_read_text(message, &reason))
		return -1;
	if (message->type == MESSAGE_DIED) {
		lose_task(p, w, reason);
		w->ready = false; /* until the new one greets */
		return 0;
	}
	if (w->task == IDLE)
		return -1;
	p->closed++;
	p->job->lost(p->job->context, w->task, POOL_GIVEN_UP, reason);
	w->task = IDLE;
	w->ready = true;
	return 0;
}

/* Not the answer to a task that was lost with an earlier worker and reached the one in its place. */
static bool is_waited_for(const struct worker *w, const struct message *message)
{
	return w->task != IDLE && w->task == message->number;
}

static int take_message(struct pool *p, struct worker *w, const struct message *message)
{
	switch (message->type) {
	case MESSAGE_HELLO:
		return take_hello(p, w, message);
	case MESSAGE_RESULT:
		return is_waited_for(w, message) ? take_result(p, w, message) : 0;
	case MESSAGE_FAILED:
		return is_waited_for(w, message) ? take_complaint(p, w, message) : 0;
	case MESSAGE_DIED:
		return take_complaint(p, w, message);
	default:
		return -1;
	}
}

static void receive(struct pool *p, struct worker *w)
{
	struct message message;
	int status;

	if (message_receive(w->fd, &w->in) <= 0) {
		worker_gone(p, w);
		return;
	}
	while (!p->stopped && w->fd >= 0 && (status = message_next(&w->in, &message)) != 0) {
		if (status < 0 || take_message(p, w, &message)) {
			worker_gone(p, w);
			return;
		}
		if (w->fd >= 0)
			message_drop(&w->in, &message);
	}
}

/* Waits until a worker says something or a signal comes. */
static void wait_for_workers(struct pool *p)
{
	for (size_t i = 0; i < p->worker_count; i++)
		p->poll[i] = (struct pollfd){.fd = p->worker[i].fd, .events = POLLIN};
	if (ppoll(p->poll, p->worker_count, NULL, &p->waiting) < 0)
		return;
	for (size_t i = 0; i < p->worker_count && !p->stopped; i++)
		if (p->poll[i].revents && p->worker[i].fd >= 0)
			receive(p, &p->worker[i]);
}

static bool any_worker(const struct pool *p)
{
	for (size_t i = 0; i < p->worker_count; i++)
		if (p->worker[i].fd >= 0)
			return true;
	return false;
}

/* Takes signals that came since the last time, also where workers always have something to say. */
static void take_signals(const struct pool *p)
{
	sigset_t blocked;

	sigprocmask(SIG_SETMASK, &p->waiting, &blocked);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
}

static enum pool_end work(struct pool *p)
{
	for (;;) {
		take_signals(p);
		if (p->job->interrupted && p->job->interrupted())
			p->stopped = true;
		if (p->stopped)
			return POOL_STOPPED;
		if (p->closed == p->job->task_count)
			return POOL_ALL_DONE;
		if (!any_worker(p))
			return POOL_NO_WORKERS;
		for (size_t i = 0; i < p->worker_count; i++)
			if (p->worker[i].ready && tasks_left(p))
				send_task(p, &p->worker[i]);
		wait_for_workers(p);
	}
}

static void start_all(struct pool *p)
{
	const struct pool_job *job = p->job;

	for (size_t i = 0; i < job->remote_count; i++)
		p->worker[i] = (struct worker){.fd = job->remote[i], .task = IDLE};
	for (size_t i = job->remote_count; i < p->worker_count; i++)
		start_worker(p, &p->worker[i]);
}

static void end_all(struct pool *p)
{
	char reason[128];

	for (size_t i = 0; i < p->worker_count; i++) {
		if (p->worker[i].pid > 0) {
			kill(p->worker[i].pid, SIGKILL);
			pool_worker_reap(p->worker[i].pid, reason, sizeof(reason));
		}
		worker_reset(&p->worker[i]);
	}
}

static enum pool_end run_with_signals(struct pool *p)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, old_action;
	sigset_t stop_signals;
	enum pool_end end;

	sigemptyset(&stop_signals);
	sigaddset(&stop_signals, SIGINT);
	sigaddset(&stop_signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop_signals, &p->waiting);
	sigaction(SIGPIPE, &ignore, &old_action);
	start_all(p);
	end = work(p);
	end_all(p);
	sigaction(SIGPIPE, &old_action, NULL);
	sigprocmask(SIG_SETMASK, &p->waiting, NULL);
	return end;
}

enum pool_end pool_run(const struct pool_job *job, char *error, size_t error_size)
{
	struct pool p = {.job = job, .worker_count = job->workers + job->remote_count};
	enum pool_end end = POOL_NO_WORKERS;

	snprintf(p.trouble, sizeof(p.trouble), "memory is short");
	p.worker = calloc(p.worker_count + 1, sizeof(*p.worker));
	p.poll = calloc(p.worker_count + 1, sizeof(*p.poll));
	p.tries = calloc(job->task_count + 1, sizeof(*p.tries));
	p.again = calloc(job->task_count + 1, sizeof(*p.again));
	if (p.worker && p.poll && p.tries && p.again)
		end = run_with_signals(&p);
	if (end == POOL_NO_WORKERS)
		snprintf(error, error_size, "%s", p.trouble);
	message_buffer_free(&p.out);
	free(p.worker);
	free(p.poll);
	free(p.tries);
	free(p.again);
	return end;
}

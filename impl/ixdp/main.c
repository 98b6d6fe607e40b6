/* What the program does: reads its file, runs until it is told to stop, and meanwhile watches. */
#include "impl/ixdp/main.h"
#include "impl/ixdp/config_fields.h"
#include "impl/ixdp/process.h"
#include "impl/ixdp/process_parts.h"
#include "impl/ixdp/server.h"
#include "version.h"

#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#define WAKE_UPS  15 /* to measure what one takes */
#define STEP_NS   1000000
#define REPORT_NS 1000000000u

struct arguments {
	const char *path;
	int check;
};

const char *argp_program_version = "ixdp " IXLAB_VERSION;

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case 'c':
		arguments->path = value;
		return 0;
	case 'n':
		arguments->check = 1;
		return 0;
	case ARGP_KEY_ARG:
		argp_failure(state, 2, 0, "'%s' is not an option; see ixdp --help", value);
		return EINVAL;
	case ARGP_KEY_END:
		if (!arguments->path)
			argp_failure(state, 2, 0, "-c: is missing; a configuration file");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
    {"config", 'c', "FILE", 0, "Configuration, as below", 0},
    {"check", 'n', NULL, 0, "Only read the file and print what it comes to", 0},
    {0},
};

/* The keys of the file, from the table that reads them. */
static char *help(int key, const char *text, void *input)
{
	char *list = NULL;
	size_t size;
	FILE *out;

	if (key != ARGP_KEY_HELP_POST_DOC || !(out = open_memstream(&list, &size)))
		return (char *)(uintptr_t)text;
	fprintf(out, "%s\n\nKeys of FILE:\n", text);
	for (size_t i = 0; i < ixdp_field_count; i++) {
		const struct ixdp_field *f = &ixdp_fields[i];

		fprintf(out, "  %s%s%s: %s", f->group, *f->group ? "." : "", f->key, f->help);
		if (f->kind == IXDP_NUMBER)
			fprintf(out, " (%lld to %lld", f->low, f->high);
		for (unsigned n = 0; f->names && f->names[n]; n++)
			fprintf(out, "%s%s", n ? ", " : " (", f->names[n]);
		if (f->names && f->fallback >= 0)
			fprintf(out, "; default %s", f->names[f->fallback]);
		else if (f->kind == IXDP_NUMBER && f->fallback > 0)
			fprintf(out, "; default %lld", f->fallback);
		fprintf(out, "%s\n", f->kind == IXDP_NUMBER || f->names ? ")" : "");
	}
	fclose(out);
	return list;
}

static const struct argp argp = {options,
				 parse,
				 NULL,
				 "Run an application on the IX dataplane: run-to-completion threads, TCP and a port of "
				 "DPDK in one process.\v"
				 "Ends on SIGINT and SIGTERM: connections are closed and the device given back.\n"
				 "Exit codes: 0 done, 1 the run failed, 2 the input is wrong (one line on standard "
				 "error says what).",
				 NULL,
				 help,
				 NULL};

static int complain(const struct ixdp_error *error, int code)
{
	fprintf(stderr, "ixdp: %s\n", error->text);
	return code;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* How much later than asked a sleep ends here. */
static double wake_up_us(void)
{
	const struct timespec patience = {.tv_nsec = 50000};
	uint64_t late_ns[WAKE_UPS], middle_ns;

	prctl(PR_SET_TIMERSLACK, 1);
	for (unsigned i = 0; i < WAKE_UPS; i++) {
		uint64_t start_ns = ix_clock_kernel_ns();

		ppoll(NULL, 0, &patience, NULL);
		late_ns[i] = ix_clock_kernel_ns() - start_ns - (uint64_t)patience.tv_nsec;
	}
	qsort(late_ns, WAKE_UPS, sizeof(late_ns[0]), compare);
	middle_ns = late_ns[WAKE_UPS / 2];
	return (double)middle_ns / 1e3;
}

static void print_facts(const struct ixdp_process *p)
{
	const struct nic_facts *f = nic_facts(p->nic);

	printf("# device: %s, back end %s, %u receive and %u transmit queues, %02x:%02x:%02x:%02x:%02x:%02x\n",
	       f->driver, f->back_end, f->queues, f->transmit_queues, f->mac[0], f->mac[1], f->mac[2], f->mac[3],
	       f->mac[4], f->mac[5]);
	printf("# hardware: RETA %s, checksums %s, memory %s\n", f->reta_entries ? "of the NIC" : "ours",
	       f->checksums ? "by the NIC" : "ours", f->huge_pages ? "in huge pages" : "without huge pages");
	printf("# self-test: %s\n", f->self_test);
	if (p->config->idle == IXDP_SLEEP)
		printf("# idle: sleep; a packet waits up to %" PRIu64
		       " us, and a wake-up took %.1f us more (median of %d)\n",
		       p->config->idle_sleep_us, wake_up_us(), WAKE_UPS);
	else if (p->config->idle == IXDP_YIELD)
		printf("# idle: yield; threads poll, and offer their processors to others in between\n");
	else
		printf("# idle: poll; every thread keeps its processor busy\n");
	printf("# running\n");
	fflush(stdout);
}

/* Time on a processor: tells an application that computes from a thread that others keep waiting. */
static uint64_t processor_ns(pthread_t thread)
{
	struct timespec time;
	clockid_t clock;

	if (pthread_getcpuclockid(thread, &clock) || clock_gettime(clock, &time))
		return 0;
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void watch_thread(struct ixdp_thread *t, uint64_t now_ns)
{
	uint64_t since_ns = atomic_load_explicit(&t->user_since_ns, memory_order_acquire);

	if (since_ns != t->seen_ns) {
		t->seen_ns = since_ns;
		t->seen_processor_ns = since_ns ? processor_ns(t->pthread) : 0;
		t->seen_long = 0;
	}
	if (!since_ns || since_ns + IXDP_WATCHDOG_NS > now_ns || t->seen_long)
		return;
	t->seen_long = 1;
	t->unresponsive++;
	if (now_ns < t->reported_ns + REPORT_NS)
		return;
	t->reported_ns = now_ns;
	fprintf(stderr,
		"ixdp: thread %u has been in its application for %" PRIu64 " ms, %" PRIu64
		" ms of it on a processor (no. %" PRIu64 ")\n",
		t->id, (now_ns - since_ns) / 1000000, (processor_ns(t->pthread) - t->seen_processor_ns) / 1000000,
		t->unresponsive);
}

/* User phases that take too long: all are counted, one a second is reported. */
static void watch(struct ixdp_process *p)
{
	uint64_t now_ns = ix_clock_ns(&p->clock);

	for (unsigned i = 0; i < p->threads; i++)
		watch_thread(&p->thread[i], now_ns);
}

static int finished(const struct ixdp_process *p)
{
	if (!p->config->app->finished)
		return 0;
	for (unsigned i = 0; i < p->threads; i++)
		if (!p->config->app->finished(p->thread[i].application))
			return 0;
	return 1;
}

static int run(struct ixdp_process *p, struct ixdp_server *server, const sigset_t *signals, struct ixdp_error *error)
{
	const struct timespec step = {.tv_nsec = STEP_NS};

	if (ixdp_threads_start(p)) {
		snprintf(error->text, sizeof(error->text), "threads do not start: %s", strerror(errno));
		return 1;
	}
	print_facts(p);
	while (sigtimedwait(signals, NULL, &step) < 0 && !finished(p)) {
		watch(p);
		ixdp_server_step(server);
	}
	return 0;
}

int ixdp_main(int argc, char **argv, const struct ix_app *const *more)
{
	static struct ixdp_config config;
	static struct ixdp_process process;
	static struct ixdp_server server;
	struct arguments arguments = {0};
	struct ixdp_error error = {""};
	sigset_t signals;
	int code, stopped;

	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, &arguments);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL); /* before DPDK has threads */
	code = ixdp_config_read(&config, arguments.path, more, &error);
	if (code || arguments.check) {
		if (!code)
			ixdp_config_print(&config);
		ixdp_config_clear(&config);
		return code ? complain(&error, code) : 0;
	}
	ixdp_config_print(&config);
	code = ixdp_server_start(&server, &config, &error);
	if (!code)
		code = ixdp_process_start(&process, &config, &error);
	if (code) {
		struct ixdp_error ignored;

		ixdp_process_stop(&process, 0, &ignored);
		complain(&error, code);
	} else {
		ixdp_server_attach(&server, &process);
		code = run(&process, &server, &signals, &error);
		stopped = ixdp_process_stop(&process, !code, &error);
		if (code || stopped)
			code = complain(&error, 1);
	}
	ixdp_server_stop(&server);
	ixdp_config_clear(&config);
	return code;
}

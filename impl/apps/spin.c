/*
 * spin: the synthetic server of scheduling studies. A request of `size` bytes begins with its service time in ns (8 bytes,
 * little-endian; 0: drawn here from `service`); the processor is kept busy that long, then the request goes back. With
 * `wait` "yield" the time only passes, and the processor is offered to others meanwhile: more elastic threads than there
 * are processors can be studied.
 */
#include "impl/apps/app.h"
#include "impl/apps/clock.h"
#include "models/dist.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#define REQUEST_MAX 4096
#define YIELD_NS    2000        /* with less to go than a turn of others takes, the processor is kept */
#define SPIN_MAX_NS 1000000000u /* what a request may ask for */

struct spin {
	_Atomic uint64_t requests;
	size_t size;
	int yields;          /* the service time passes, and others may have the processor meanwhile */
	struct dist service; /* in us */
	struct rng rng;
};

/* One for all threads, and never the kernel's if the processor has one: where an interrupt of ZygOS finds a thread in
 * a library, or in the kernel's code for its clock, it is put off. */
static struct ix_clock watch;

static void start_watch(void)
{
	ix_clock_start(&watch);
}

/* sched_yield(), but not in the C library, for the same reason: a signal that comes meanwhile finds the thread here. */
static void offer_processor(void)
{
	long result = SYS_sched_yield;

	__asm__ volatile("syscall" : "+a"(result) : : "rcx", "r11", "memory");
}

static void spin_for(const struct spin *spin, uint64_t ns)
{
	uint64_t end_ns = ix_clock_ns(&watch) + ns, now_ns;

	while ((now_ns = ix_clock_ns(&watch)) < end_ns)
		if (spin->yields && end_ns - now_ns > YIELD_NS)
			offer_processor();
}

static uint64_t service_ns(struct spin *spin, const uint8_t *request)
{
	uint64_t ns = 0;

	for (unsigned i = 0; i < 8; i++)
		ns |= (uint64_t)request[i] << 8 * i;
	if (!ns)
		ns = (uint64_t)(1e3 * dist_sample(&spin->service, &spin->rng));
	return ns < SPIN_MAX_NS ? ns : SPIN_MAX_NS;
}

static void received(struct ix_connection *connection)
{
	struct spin *spin = ix_connection_context(connection);
	uint8_t request[REQUEST_MAX];

	while (ix_read_available(connection) >= spin->size) {
		ix_read(connection, request, spin->size);
		spin_for(spin, service_ns(spin, request));
		atomic_fetch_add_explicit(&spin->requests, 1, memory_order_relaxed);
		if (ix_write(connection, request, spin->size)) {
			ix_abort(connection);
			return;
		}
	}
}

static void ended(struct ix_connection *connection)
{
	ix_close(connection);
}

static const struct ix_handler handler = {.received = received, .ended = ended};

static const struct ix_handler *knock(void *context, uint32_t ip, uint16_t port, void **connection_context)
{
	*connection_context = context;
	return &handler;
}

static int refuse(struct ix_app_error *error, const char *key, const char *text)
{
	error->key = key;
	snprintf(error->text, sizeof(error->text), "%s", text);
	return -1;
}

static int read_service(struct spin *spin, const struct ix_app_options *options, struct ix_app_error *error)
{
	const char *service = ix_app_option(options, "service"), *mean = ix_app_option(options, "mean_us");
	double mean_us = 1;
	char *end;

	if (mean) {
		mean_us = strtod(mean, &end);
		if (end == mean || *end || !(mean_us > 0 && mean_us <= 1e6))
			return refuse(error, "mean_us", "a number above 0, up to 1000000");
	}
	error->key = "service";
	if (dist_parse(&spin->service, service ? service : "exp", error->text, sizeof(error->text)))
		return -1;
	if ((mean || !service) && dist_set_mean(&spin->service, mean_us)) {
		dist_destroy(&spin->service);
		return refuse(error, "mean_us", "the distribution has no mean that could be set");
	}
	return 0;
}

static int start(struct ix_runtime *runtime, const struct ix_app_options *options, void **state,
		 struct ix_app_error *error)
{
	static const char *const known[] = {"port", "size", "service", "mean_us", "seed", "wait", NULL};
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	const char *wait = ix_app_option(options, "wait");
	uint64_t size = 64, seed = 1;
	struct spin *spin;

	if (ix_app_options_known(options, known, error) ||
	    ix_app_option_number(options, "size", 8, REQUEST_MAX, &size, error) ||
	    ix_app_option_number(options, "seed", 0, 1ull << 53, &seed, error))
		return -1;
	if (wait && strcmp(wait, "burn") != 0 && strcmp(wait, "yield") != 0)
		return refuse(error, "wait", "burn, yield");
	spin = calloc(1, sizeof(*spin));
	if (!spin)
		return refuse(error, NULL, "memory is short");
	spin->size = size;
	spin->yields = wait && !strcmp(wait, "yield");
	rng_init(&spin->rng, seed, RNG_SERVICE, options->thread);
	if (read_service(spin, options, error)) {
		free(spin);
		return -1;
	}
	if (ix_listen(runtime, 0, knock, spin)) {
		dist_destroy(&spin->service);
		free(spin);
		return refuse(error, NULL, "memory is short");
	}
	pthread_once(&once, start_watch);
	*state = spin;
	return 0;
}

static void stop(void *state)
{
	struct spin *spin = state;

	dist_destroy(&spin->service);
	free(spin);
}

static unsigned counters(const void *state, struct ix_app_counter *counter, unsigned max)
{
	if (max < 1)
		return 0;
	counter[0] = (struct ix_app_counter){"requests", atomic_load(&((const struct spin *)state)->requests)};
	return 1;
}

const struct ix_app ix_app_spin = {
    .name = "spin",
    .summary = "keeps the processor busy for a service time, then replies",
    .options =
	"port     1 .. 65535     9000    where it listens\n"
	"size     8 .. 4096      64      bytes of a request and its reply; the first 8 say how long in ns, 0: drawn\n"
	"service  DIST           exp     what is drawn (ixlab queue --help lists them), in us\n"
	"mean_us  0 .. 1000000   1       its mean\n"
	"wait     burn, yield    burn    the time is burnt, or passes while the processor is offered to others\n"
	"seed     0 .. 2^53      1       of what is drawn\n",
    .tcp_port = 9000,
    .start = start,
    .stop = stop,
    .counters = counters,
};

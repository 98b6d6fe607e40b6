/* ixload: the load client on the kernel's sockets. */
#include "harness/command.h"
#include "harness/load/load.h"
#include "impl/host/host.h"
#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEY_JSON = 256, KEY_VERIFY, KEY_THREADS, KEY_FIRST };

static const struct argp_option argp_options[] = {
    {"address", KEY_FIRST, "IP", 0, "IPv4 address of the server (default: 127.0.0.1)", 1},
    {"port", KEY_FIRST + 1, "PORT", 0, "Its TCP port", 1},
    {"protocol", KEY_FIRST + 2, "NAME", 0, "echo, spin, kv or http (default: echo)", 1},
    {"connections", KEY_FIRST + 3, "N", 0, "Connections over all threads (default: one a thread)", 2},
    {"depth", KEY_FIRST + 4, "N", 0, "Requests in flight on a connection at most, 1 to 1024 (default: 1)", 2},
    {"rate", KEY_FIRST + 5, "RPS", 0,
     "Open loop: requests per second, due at the times of a Poisson process (default: closed loop)", 2},
    {"requests", KEY_FIRST + 6, "N", 0, "Requests to send, instead of a duration", 2},
    {"duration", KEY_FIRST + 7, "S", 0, "Seconds to measure (default: 1)", 2},
    {"warmup", KEY_FIRST + 8, "S", 0, "Seconds before that, which do not count (default: 0)", 2},
    {"timeout", KEY_FIRST + 9, "S", 0, "Seconds to connect, and to wait for the last replies (default: 10)", 2},
    {"size", KEY_FIRST + 10, "BYTES", 0, "Of an echo, a spin request or a value (default: 64)", 3},
    {"service", KEY_FIRST + 11, "DIST", 0, "spin: service times that the requests carry", 3},
    {"mean-us", KEY_FIRST + 12, "US", 0, "spin: their mean", 3},
    {"keys", KEY_FIRST + 13, "N", 0, "kv: keys, all set before the run (default: 10000)", 3},
    {"get-fraction", KEY_FIRST + 14, "X", 0, "kv: share of gets (default: 0.9)", 3},
    {"path", KEY_FIRST + 15, "PATH", 0, "http: what to get (default: /)", 3},
    {"seed", KEY_FIRST + 16, "N", 0, "Of all random numbers (default: 1)", 3},
    {"ports", KEY_FIRST + 17, "N", 0, "That many ports, from --port on, in turn, 1 to 16 (default: 1)", 1},
    {"verify", KEY_VERIFY, NULL, 0, "Compare replies byte by byte", 4},
    {"threads", KEY_THREADS, "N", 0, "Threads, 1 to 256 (default: 1)", 4},
    {"json", KEY_JSON, NULL, 0, "Print one line of JSON", 4},
    {0},
};

#define OPTIONS_MAX (sizeof(argp_options) / sizeof(argp_options[0]))

struct options {
	struct ix_app_option option[OPTIONS_MAX];
	char key[OPTIONS_MAX][32];
	unsigned count, threads;
	bool json;
};

/* The application's name of an option: mean-us is mean_us. */
static void add(struct options *options, int key, const char *value)
{
	const struct argp_option *o = argp_options;
	char name[sizeof(options->key[0])];
	unsigned i = 0;

	while (o->key != key)
		o++;
	snprintf(name, sizeof(name), "%s", o->name);
	for (char *c = name; *c; c++)
		if (*c == '-')
			*c = '_';
	while (i < options->count && strcmp(name, options->key[i]) != 0)
		i++;
	if (i == options->count)
		options->count++;
	memcpy(options->key[i], name, sizeof(name));
	options->option[i] = (struct ix_app_option){options->key[i], value};
}

static unsigned read_threads(const char *text)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || number < 1 || number > HOST_THREADS_MAX)
		command_reject("--threads '%s': allowed: a whole number from 1 to %d", text, HOST_THREADS_MAX);
	return (unsigned)number;
}

static error_t parse_option(int key, char *value, struct argp_state *state)
{
	struct options *options = state->input;

	if (key == KEY_JSON)
		options->json = true;
	else if (key == KEY_THREADS)
		options->threads = read_threads(value);
	else if (key == KEY_VERIFY)
		add(options, key, "1");
	else if (key >= KEY_FIRST && key < KEY_FIRST + 18)
		add(options, key, value);
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

static const struct argp argp = {
    argp_options,
    parse_option,
    NULL,
    "Send requests to a server over TCP and measure how long replies take. Latency counts from the time a request is "
    "due, "
    "not from when it could be sent."
    "\vExit codes: 0 done, 1 connections failed or replies were wrong or missing, 2 the input is wrong (one line on "
    "standard error says what).",
    NULL,
    NULL,
    NULL};

static struct host *host;

static void on_signal(int number)
{
	host_stop(host);
}

/* A line a second on a terminal, until told to end. */
struct progress {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool shown, end;
	unsigned threads;
};

static void show(const struct progress *progress, unsigned seconds)
{
	const struct ix_app *app = ix_app_find("load");
	uint64_t replies = 0;

	for (unsigned i = 0; i < progress->threads; i++) {
		struct ix_app_counter counter;

		if (app->counters(host_state(host, i), &counter, 1))
			replies += counter.value;
	}
	fprintf(stderr, "\r\033[Kixload: %u s, %llu replies", seconds, (unsigned long long)replies);
}

static void *progress_run(void *context)
{
	struct progress *progress = context;
	struct timespec until;
	unsigned seconds = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	pthread_mutex_lock(&progress->lock);
	while (!progress->end) {
		until.tv_sec++;
		while (!progress->end &&
		       pthread_cond_clockwait(&progress->ended, &progress->lock, CLOCK_MONOTONIC, &until) != ETIMEDOUT)
			continue;
		if (!progress->end)
			show(progress, ++seconds);
	}
	pthread_mutex_unlock(&progress->lock);
	if (seconds)
		fputs("\r\033[K", stderr);
	return NULL;
}

static void progress_begin(struct progress *progress, unsigned threads)
{
	*progress = (struct progress){.threads = threads};
	pthread_mutex_init(&progress->lock, NULL);
	pthread_cond_init(&progress->ended, NULL);
	progress->shown = isatty(STDERR_FILENO) && !pthread_create(&progress->thread, NULL, progress_run, progress);
}

static void progress_end(struct progress *progress)
{
	if (!progress->shown)
		return;
	pthread_mutex_lock(&progress->lock);
	progress->end = true;
	pthread_cond_signal(&progress->ended);
	pthread_mutex_unlock(&progress->lock);
	pthread_join(progress->thread, NULL);
}

static double number(const json_t *result, const char *key)
{
	return json_number_value(json_object_get(result, key));
}

static void print_result(const char *text)
{
	json_t *result = json_loads(text, 0, NULL);

	printf("%s, %s loop, %.0f connections: %.0f requests, %.1f per second\n",
	       json_string_value(json_object_get(result, "protocol")),
	       json_string_value(json_object_get(result, "loop")), number(result, "connections"),
	       number(result, "requests"), number(result, "throughput"));
	printf("latency in us: mean %.1f, p50 %.1f, p90 %.1f, p95 %.1f, p99 %.1f", number(result, "mean_us"),
	       number(result, "p50_us"), number(result, "p90_us"), number(result, "p95_us"), number(result, "p99_us"));
	if (json_is_number(json_object_get(result, "p99_low_us")))
		printf(" (95%% confidence: %.1f to %.1f)", number(result, "p99_low_us"), number(result, "p99_high_us"));
	printf(", p99.9 %.1f, maximum %.1f\n", number(result, "p999_us"), number(result, "max_us"));
	if (number(result, "misses") > 0)
		printf("note: %.0f gets found nothing\n", number(result, "misses"));
	if (number(result, "failed_connections") + number(result, "lost") + number(result, "wrong") +
		number(result, "errors") >
	    0)
		printf("failed: %.0f connections, %.0f replies missing, %.0f wrong, %.0f errors\n",
		       number(result, "failed_connections"), number(result, "lost"), number(result, "wrong"),
		       number(result, "errors"));
	json_decref(result);
}

static _Noreturn void reject(const struct options *options, const struct ix_app_error *error)
{
	const char *value = NULL;
	char name[32];

	if (!error->key)
		command_reject("%s", error->text);
	for (unsigned i = 0; i < options->count; i++)
		if (!strcmp(options->option[i].key, error->key))
			value = options->option[i].value;
	snprintf(name, sizeof(name), "%s", error->key);
	for (char *c = name; *c; c++)
		if (*c == '_')
			*c = '-';
	if (value)
		command_reject("--%s '%s': allowed: %s", name, value, error->text);
	command_reject("--%s %s", name, error->text);
}

int main(int argc, char **argv)
{
	struct options options = {.threads = 1};
	struct host_config config = {.mode = HOST_PARTITIONED, .app = ix_app_find("load")};
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
	struct ix_app_error error;
	struct progress progress;
	int status;
	char *text;

	argv[0] = "ixload";
	command_parse(&argp, argc, argv, &options);
	config.threads = options.threads;
	config.option = options.option;
	config.option_count = options.count;
	host = host_create(&config, &error);
	if (!host)
		reject(&options, &error);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	progress_begin(&progress, options.threads);
	if (host_run(host, &error))
		command_complain("%s", error.text);
	progress_end(&progress);
	status = host_destroy(host, &text, &error);
	if (text && options.json)
		puts(text);
	else if (text)
		print_result(text);
	free(text);
	if (status)
		command_complain("%s", error.text);
	return command_close_output(status);
}

#include "harness/options.h"
#include "harness/command.h"
#include "harness/json_text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	KEY_MODEL = 1 << 12,
	KEY_SERVERS,
	KEY_SERVICE,
	KEY_REQUESTS,
	KEY_CI,
	KEY_WARMUP,
	KEY_CONFIDENCE,
	KEY_SEED,
	KEY_EXACT,
	KEY_JSON
};

static const struct argp_option model_options[] = {
    {"model", KEY_MODEL, "MODEL", 0,
     "centralized-fcfs, partitioned-fcfs, centralized-ps or partitioned-ps: one queue for all servers or one for each, "
     "first come first served or processor sharing",
     1},
    {"servers", KEY_SERVERS, "N", 0, "Servers, 1 to 1024", 1},
    {"exact", KEY_EXACT, NULL, 0, "Print the exact values of theory too, where a closed form is known", 3},
    {0},
};

static const struct argp_option common[] = {
    {"service", KEY_SERVICE, "DIST", 0,
     "Distribution of the service time: det, exp, bimodal1, bimodal2, bimodal:P,A,B, lognormal:CV, pareto:ALPHA, "
     "gev:LOCATION,SCALE,SHAPE, gpareto:LOCATION,SCALE,SHAPE, tpcc, empirical:FILE (lines of VALUE WEIGHT). Any mean: "
     "it is the unit S, or set by --mean-us",
     1},
    {"requests", KEY_REQUESTS, "N", 0,
     "Requests to simulate, warm-up included (10000000), or with --ci at most (1000000000); also written 1e7", 2},
    {"ci", KEY_CI, "X", 0,
     "Simulate until the half-width of the p99 interval is at most X times p99, as in 0.02, or --requests is reached",
     2},
    {"warmup", KEY_WARMUP, "N", 0,
     "Requests to discard at the start. Without it: ten relaxation times of the queue (diffusion approximation) and "
     "ten "
     "mean residual services, but no more than half of the requests; a tenth of them where the service time's variance "
     "is infinite",
     2},
    {"confidence", KEY_CONFIDENCE, "C", 0, "Confidence level of the intervals (0.95)", 2},
    {"seed", KEY_SEED, "N", 0, "Seed of the random streams, 0 to 2^63-1 (1)", 2},
    {"json", KEY_JSON, NULL, 0, "Print one JSON object on one line", 3},
    {0},
};

uint64_t options_parse_seed(const char *text)
{
	unsigned long long seed;
	char *end;

	errno = 0;
	seed = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno || seed > INT64_MAX)
		command_reject("--seed: '%s' is not allowed; allowed: a whole number from 0 to 9223372036854775807",
			       text);
	return seed;
}

/* An option is called like its parameter, but for the hyphens. */
static _Noreturn void reject_value(const char *name, const char *text, const char *allowed)
{
	char option[64];

	snprintf(option, sizeof(option), "%s", name);
	for (char *c = option; *c; c++)
		if (*c == '_')
			*c = '-';
	command_reject("--%s: '%s' is not allowed; allowed: %s", option, text, allowed);
}

void options_set_number(json_t *params, const char *name, const char *text)
{
	char *end;
	double real;

	if (text[0] && strspn(text, "0123456789") == strlen(text) && strlen(text) < 19) {
		json_object_set_new(params, name, json_integer(strtoll(text, NULL, 10)));
		return;
	}
	real = strtod(text, &end);
	if (strspn(text, "0123456789+-.eE") != strlen(text) || end == text || *end || !isfinite(real))
		reject_value(name, text, "a number");
	/* 1e7 is shown as 10000000 where it is refused. */
	json_object_set_new(
	    params, name, real == floor(real) && fabs(real) < 1e15 ? json_integer((json_int_t)real) : json_real(real));
}

void options_set_text(json_t *params, const char *name, const char *text)
{
	json_t *value = json_string(text);

	if (!value)
		reject_value(name, "?", "text in UTF-8");
	json_object_set_new(params, name, value);
}

static error_t parse_model(int key, char *value, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case KEY_MODEL:
		options_set_text(options->params, "model", value);
		return 0;
	case KEY_SERVERS:
		options_set_number(options->params, "servers", value);
		return 0;
	case KEY_EXACT:
		options->exact = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp options_model_argp = {.options = model_options, .parser = parse_model};

static error_t parse_common(int key, char *value, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case KEY_SERVICE:
		options_set_text(options->params, "service", value);
		return 0;
	case KEY_REQUESTS:
		options_set_number(options->params, "requests", value);
		return 0;
	case KEY_CI:
		options_set_number(options->params, "ci", value);
		return 0;
	case KEY_CONFIDENCE:
		options_set_number(options->params, "confidence", value);
		return 0;
	case KEY_WARMUP:
		if (!strcmp(value, "auto"))
			options_set_text(options->params, "warmup", value);
		else
			options_set_number(options->params, "warmup", value);
		return 0;
	case KEY_SEED:
		options->seed = options_parse_seed(value);
		return 0;
	case KEY_JSON:
		options->json = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp options_argp = {.options = common, .parser = parse_common};

void options_normalize(const struct point_kind *kind, struct options *options)
{
	struct point_error error;

	if (!kind->normalize(options->params, &error))
		return;
	for (char *c = error.key; *c; c++)
		if (*c == '_')
			*c = '-';
	command_reject("--%s: %s", error.key, error.text);
}

/* Progress of the running point. */
struct progress {
	bool on_terminal, shown;
	double start_s, next_s;
};

static int show_progress(void *context, double share_done)
{
	struct progress *progress = context;
	double now_s;

	if (command_interrupted())
		return 1;
	if (!progress->on_terminal)
		return 0;
	now_s = point_seconds_now();
	if (now_s < progress->next_s || share_done <= 0)
		return 0;
	progress->next_s = now_s + 0.25;
	progress->shown = true;
	fprintf(stderr, "\r%3.0f%%, about %.0f s left \033[K", 100 * share_done,
		(now_s - progress->start_s) * (1 - share_done) / share_done);
	return 0;
}

int options_run_point(const struct point_kind *kind, const struct options *options, struct point_result *result)
{
	struct progress progress = {.on_terminal = isatty(STDERR_FILENO), .start_s = point_seconds_now()};
	struct point_error error = {0};
	int status;

	progress.next_s = progress.start_s + 2; /* short runs need none */
	command_catch_interrupts();
	point_set_watch(show_progress, &progress);
	status = kind->run(options->params, options->seed, 0, result, &error);
	point_set_watch(NULL, NULL);
	if (progress.shown)
		fputs("\r\033[K", stderr);
	if (status)
		command_complain("%s", error.text);
	return status;
}

int options_print_json(const json_t *object)
{
	char *text = json_flat_text(object, false);

	if (!text) {
		command_complain("out of memory");
		return EXIT_RUN_FAILED;
	}
	puts(text);
	free(text);
	return 0;
}

void options_json_metric(json_t *object, const char *name, const struct metric *metric)
{
	char key[64];

	json_set_real(object, name, metric->value);
	snprintf(key, sizeof(key), "%s_low", name);
	json_set_real(object, key, metric->low);
	snprintf(key, sizeof(key), "%s_high", name);
	json_set_real(object, key, metric->high);
}

void options_print_count(double count)
{
	char digits[32];
	int length = snprintf(digits, sizeof(digits), "%.0f", count);

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			putchar(',');
		putchar(digits[i]);
	}
}

double options_metric(const struct point_result *result, const char *name)
{
	const struct metric *metric = point_metric(result, name);

	return metric ? metric->value : NAN;
}

void options_note(const struct point_result *result, const char *metric, const char *text)
{
	if (options_metric(result, metric) > 0)
		printf("note: %s\n", text);
}

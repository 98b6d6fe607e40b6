/* ixlab explain: where the time of the requests around a quantile went. */
#include "harness/command.h"
#include "harness/explain.h"
#include "harness/json_text.h"
#include "harness/options.h"
#include "harness/system_params.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOADS_MAX 32

enum { KEY_QUANTILE = 1, KEY_LOADS, KEY_SVG, KEY_TIMELINE };

static const struct argp_option options[] = {
    {"loads", KEY_LOADS, "R,R,...", 0, "Instead of --load: up to 32 loads, one after the other", 1},
    {"quantile", KEY_QUANTILE, "Q", 0,
     "Look at the requests around this quantile of the latency, above 0 and below 1 (0.99): those between half-way to "
     "the nearer end on either side, but no further than 0.005; around 0.99 from p98.5 to p99.5",
     3},
    {"svg", KEY_SVG, "FILE", 0, "Draw the parts as a stacked bar for each load", 3},
    {"timeline", KEY_TIMELINE, "FILE", 0,
     "Draw idle time, steals and interrupts of each thread over time, at the last of the loads (SVG)", 3},
    {0},
};

struct explain_input {
	struct options common;
	double quantile;
	double load[LOADS_MAX];
	size_t loads; /* of --loads; 0: what --load and the like say */
	const char *svg, *timeline;
	struct explain explain[LOADS_MAX];
	size_t count;
};

static struct explain_input input = {.common.seed = 1, .quantile = 0.99};

static void parse_loads(const char *text)
{
	const char *at = text;
	char *end;

	input.loads = 0;
	do {
		double load = strtod(at, &end);

		if (end == at || !(load > 0 && load < 10) || (*end && *end != ',') || input.loads == LOADS_MAX)
			command_reject("--loads: '%s' is not allowed; allowed: up to %d numbers above 0 and below 10, "
				       "as in 0.2,0.5,0.8",
				       text, LOADS_MAX);
		input.load[input.loads++] = load;
		at = end + 1;
	} while (*end);
}

static void parse_quantile(const char *text)
{
	char *end;

	input.quantile = strtod(text, &end);
	if (end == text || *end || !(input.quantile > 0 && input.quantile < 1))
		command_reject("--quantile: '%s' is not allowed; allowed: a number above 0 and below 1, as in 0.99",
			       text);
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = state->child_inputs[1] = state->child_inputs[2] = &input.common;
		return 0;
	case KEY_LOADS:
		parse_loads(value);
		return 0;
	case KEY_QUANTILE:
		parse_quantile(value);
		return 0;
	case KEY_SVG:
		input.svg = value;
		return 0;
	case KEY_TIMELINE:
		input.timeline = value;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {
    {&options_load_argp, 0, NULL, 0}, {&options_system_argp, 0, NULL, 0}, {&options_argp, 0, NULL, 0}, {0}};
static const struct argp argp = {
    .options = options,
    .parser = parse,
    .children = children,
    .doc = "Say where the time of the requests around a quantile of the latency went: the mean of each part, from the "
	   "intended send to the reply's arrival, over the requests of a simulated run (as `ixlab system` makes it) "
	   "whose latencies lie there. The parts add up to the latency. Each load is run twice with the same random "
	   "numbers: once to find these latencies, once to look at the requests.\v"
	   "Example: ixlab explain --system ix --cores 16 --service exp --mean-us 10 --costs costs/ix.cfg "
	   "--loads 0.2,0.4,0.6 --svg parts.svg --timeline threads.svg",
};

/* One load after the other; stands for the run of kind "system". */
static int run(const json_t *params, uint64_t seed, unsigned replication, struct point_result *result,
	       struct point_error *error)
{
	size_t count = input.loads ? input.loads : 1;
	struct system_point point;
	int status = 0;

	*result = (struct point_result){0};
	if (system_point_read(&point, params, seed, replication, error))
		return 1;
	for (size_t i = 0; i < count && !status; i++) {
		double rate_rps = input.loads ? system_point_rate_rps(&point, input.load[i]) : point.options.rate_rps;

		status = explain_run(&point, rate_rps, input.quantile, (double)i / (double)count,
				     (double)(i + 1) / (double)count, &input.explain[i], error);
		input.count++;
	}
	system_point_clear(&point);
	return status;
}

static double mean_us(const struct explain *explain, uint64_t sum_ns)
{
	return explain->requests ? (double)sum_ns / 1e3 / (double)explain->requests : NAN;
}

static void print_value(double value)
{
	printf(" %10.4g", value);
}

static void print_parts(void)
{
	for (int part = 0; part < EXPLAIN_PARTS; part++) {
		printf("  %-30s", explain_part_title[part]);
		for (size_t i = 0; i < input.count; i++)
			print_value(mean_us(&input.explain[i], input.explain[i].part_ns[part]));
		putchar('\n');
	}
	printf("  %-30s", "sum: mean latency of these");
	for (size_t i = 0; i < input.count; i++)
		print_value(mean_us(&input.explain[i], input.explain[i].latency_ns));
	puts("\n");
}

/* A line with one number of each load, @offset bytes into struct explain. */
static void print_line(const char *title, size_t offset)
{
	printf("  %-30s", title);
	for (size_t i = 0; i < input.count; i++)
		print_value(*(const double *)(const void *)((const char *)&input.explain[i] + offset));
	putchar('\n');
}

static void print_table(void)
{
	const struct explain *first = &input.explain[0];
	const json_t *params = input.common.params;
	char title[32];

	printf(
	    "%s, %lld threads, service %s with mean %g us, costs %s; requests between p%g and p%g of the latency, in "
	    "microseconds\n\n",
	    json_string_value(json_object_get(params, "system")),
	    (long long)json_integer_value(json_object_get(params, "cores")),
	    json_string_value(json_object_get(params, "service")),
	    json_number_value(json_object_get(params, "mean_us")), json_string_value(json_object_get(params, "costs")),
	    100 * first->from_quantile, 100 * first->to_quantile);
	print_line("load", offsetof(struct explain, load));
	snprintf(title, sizeof(title), "p%g", 100 * first->quantile);
	print_line(title, offsetof(struct explain, value_us));
	putchar('\n');
	print_parts();
	print_line("steals per request", offsetof(struct explain, steals_per_request));
	print_line("interrupts per request", offsetof(struct explain, interrupts_per_request));
	print_line("idle share", offsetof(struct explain, idle_share));
	printf("  %-30s", "requests looked at");
	for (size_t i = 0; i < input.count; i++)
		printf(" %10llu", (unsigned long long)input.explain[i].requests);
	printf("\n\nseed %llu\n", (unsigned long long)input.common.seed);
}

static json_t *real_or_null(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

/* One of the timeline's numbers of a thread, @offset bytes into struct explain_interval. */
static json_t *timeline_json(const struct explain *explain, unsigned thread, size_t offset)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < explain->intervals; i++) {
		const struct explain_interval *interval = &explain->timeline[(size_t)thread * EXPLAIN_INTERVALS + i];

		json_array_append_new(list,
				      real_or_null(*(const double *)(const void *)((const char *)interval + offset)));
	}
	return list;
}

static json_t *threads_json(const struct explain *explain)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < explain->threads; i++) {
		json_t *thread = json_object();

		json_object_set_new(thread, "idle_share",
				    timeline_json(explain, i, offsetof(struct explain_interval, idle_share)));
		json_object_set_new(thread, "steals_per_s",
				    timeline_json(explain, i, offsetof(struct explain_interval, steals_per_s)));
		json_object_set_new(thread, "interrupts_per_s",
				    timeline_json(explain, i, offsetof(struct explain_interval, interrupts_per_s)));
		json_array_append_new(list, thread);
	}
	return list;
}

static json_t *explain_json(const struct explain *explain)
{
	json_t *out = json_object(), *parts = json_object(), *times = json_array();

	json_set_real(out, "load", explain->load);
	json_set_real(out, "rate", explain->rate_rps);
	json_set_real(out, "throughput", explain->throughput_rps);
	json_set_real(out, "quantile_us", explain->value_us);
	json_set_real(out, "from_us", explain->from_us);
	json_set_real(out, "to_us", explain->to_us);
	json_object_set_new(out, "measured", json_integer((json_int_t)explain->measured));
	json_object_set_new(out, "requests", json_integer((json_int_t)explain->requests));
	json_set_real(out, "mean_us", mean_us(explain, explain->latency_ns));
	for (int i = 0; i < EXPLAIN_PARTS; i++)
		json_set_real(parts, explain_part_key[i], mean_us(explain, explain->part_ns[i]));
	json_object_set_new(out, "parts_us", parts);
	json_set_real(out, "steals_per_request", explain->steals_per_request);
	json_set_real(out, "interrupts_per_request", explain->interrupts_per_request);
	json_set_real(out, "idle_share", explain->idle_share);
	for (unsigned i = 0; i <= explain->intervals; i++)
		json_array_append_new(times, json_real(explain->time_us[i]));
	json_object_set_new(out, "times_us", times);
	json_object_set_new(out, "threads", threads_json(explain));
	return out;
}

static int print_json(void)
{
	json_t *out = json_object(), *points = json_array();
	int status;

	for (size_t i = 0; system_params_echoed[i]; i++)
		json_object_set(out, system_params_echoed[i],
				json_object_get(input.common.params, system_params_echoed[i]));
	json_set_real(out, "service_mean_us", json_number_value(json_object_get(input.common.params, "mean_us")));
	json_set_real(out, "quantile", input.explain[0].quantile);
	json_set_real(out, "from_quantile", input.explain[0].from_quantile);
	json_set_real(out, "to_quantile", input.explain[0].to_quantile);
	json_object_set_new(out, "seed", json_integer((json_int_t)input.common.seed));
	for (size_t i = 0; i < input.count; i++)
		json_array_append_new(points, explain_json(&input.explain[i]));
	json_object_set_new(out, "points", points);
	status = options_print_json(out);
	json_decref(out);
	return status;
}

static int draw(void)
{
	if (input.svg && explain_svg_parts(input.explain, input.count, input.svg)) {
		command_complain("%s: %s", input.svg, strerror(errno));
		return EXIT_RUN_FAILED;
	}
	if (input.timeline && explain_svg_timeline(&input.explain[input.count - 1], input.timeline)) {
		command_complain("%s: %s", input.timeline, strerror(errno));
		return EXIT_RUN_FAILED;
	}
	return 0;
}

/* Each of --loads as if it were --load; the parameters keep the last. */
static void check_params(const struct point_kind *kind)
{
	static const char *const others[] = {"load", "rate", "closed"};

	for (size_t i = 0; input.loads && i < sizeof(others) / sizeof(others[0]); i++)
		if (json_object_get(input.common.params, others[i]))
			command_reject("--%s: given beside --loads; allowed: one of the two", others[i]);
	for (size_t i = 0; i < input.loads; i++) {
		json_object_set_new(input.common.params, "load", json_real(input.load[i]));
		options_normalize(kind, &input.common);
	}
	if (!input.loads)
		options_normalize(kind, &input.common);
}

int cmd_explain(int argc, char **argv)
{
	struct point_kind kind = point_kind_system;
	struct point_result result;
	int status;

	kind.run = run;
	input.common.params = json_object();
	command_parse(&argp, argc, argv, &input);
	check_params(&kind);
	status = options_run_point(&kind, &input.common, &result);
	if (!status)
		status = draw();
	if (!status && input.common.json)
		status = print_json();
	else if (!status)
		print_table();
	for (size_t i = 0; i < input.count; i++)
		explain_clear(&input.explain[i]);
	point_result_clear(&result);
	json_decref(input.common.params);
	return status;
}

/* ixlab system: the latency of a simulated machine at one load. */
#include "harness/command.h"
#include "harness/json_text.h"
#include "harness/options.h"
#include "harness/point_system.h"
#include "harness/system_params.h"
#include "harness/trace_file.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_TRACE = 1, KEY_TRACE_US };

static const struct argp_option options[] = {
    {"trace", KEY_TRACE, "FILE", 0,
     "Write what happens when: lines of TIME_NS CORE WHAT WHO, or a picture where FILE ends in .svg", 3},
    {"trace-us", KEY_TRACE_US, "START,LENGTH", 0,
     "Trace this window of simulated time only, in microseconds (all; a picture: 0,200)", 3},
    {0},
};

/* What the command adds to a point: a trace, and the batch histogram. */
struct extra {
	struct options common;
	const char *trace_path;
	double trace_start_us, trace_length_us;
};

static uint64_t batch_cycles[IX_BATCH_MAX + 1]; /* of the run */
static struct extra extra = {.common.seed = 1};

static void parse_window(const char *text)
{
	char *end, *last;

	extra.trace_start_us = strtod(text, &end);
	extra.trace_length_us = *end == ',' ? strtod(end + 1, &last) : 0;
	if (end == text || *end != ',' || *last || !(extra.trace_start_us >= 0 && extra.trace_start_us < 1e12) ||
	    !(extra.trace_length_us >= 0.001 && extra.trace_length_us < 1e12))
		command_reject("--trace-us: '%s' is not allowed; allowed: START,LENGTH in microseconds, as in 1000,200",
			       text);
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = state->child_inputs[1] = state->child_inputs[2] = &extra.common;
		return 0;
	case KEY_TRACE:
		extra.trace_path = value;
		return 0;
	case KEY_TRACE_US:
		parse_window(value);
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
    .doc = "Simulate clients and a server, one of the systems compared, and print the quantiles of the "
	   "latency from the intended send to the reply's arrival, in microseconds, with confidence intervals.\v"
	   "Example: ixlab system --system ix --cores 16 --service exp --mean-us 10 --load 0.7 --costs "
	   "costs/ix.cfg",
};

static int simulate(const struct system_point *point, struct trace_file *trace, struct point_result *result,
		    struct point_error *error)
{
	struct system_outcome *outcome = calloc(1, sizeof(*outcome));
	double start_s = point_seconds_now();
	int status;

	if (!outcome) {
		snprintf(error->text, sizeof(error->text), "out of memory");
		return 1;
	}
	status = system_point_simulate(point, point->options.rate_rps, false, trace ? &trace->trace : NULL, 0, 1,
				       outcome, error);
	if (!status) {
		system_point_metrics(point, point->options.rate_rps, outcome, result);
		result->wall_s = point_seconds_now() - start_s;
		memcpy(batch_cycles, outcome->batch, sizeof(batch_cycles));
	}
	free(outcome);
	return status;
}

/* The run of kind "system", with what the command adds. */
static int run(const json_t *params, uint64_t seed, unsigned replication, struct point_result *result,
	       struct point_error *error)
{
	struct trace_file trace;
	struct system_point point;
	int status;

	*result = (struct point_result){0};
	if (system_point_read(&point, params, seed, replication, error))
		return 1;
	if (extra.trace_path &&
	    trace_file_open(&trace, extra.trace_path, point.options.cores, extra.trace_start_us, extra.trace_length_us))
		command_reject("--trace: cannot write '%s': %s", extra.trace_path, strerror(errno));
	status = simulate(&point, extra.trace_path ? &trace : NULL, result, error);
	if (extra.trace_path && trace_file_close(&trace) && !status) {
		snprintf(error->text, sizeof(error->text), "%.120s: %s", extra.trace_path, strerror(errno));
		status = 1;
	}
	system_point_clear(&point);
	return status;
}

static void print_row(const char *label, const struct metric *metric)
{
	printf("  %-5s %12.5g", label, metric->value);
	if (isnan(metric->low))
		puts("   unknown");
	else
		printf("   %-11.5g to %-11.5g\n", metric->low, metric->high);
}

static void print_machine(const struct point_result *result)
{
	printf("\nthroughput %.6g of %.6g requests per second offered (load %.4g)\n",
	       options_metric(result, "throughput"), options_metric(result, "offered_rps"),
	       options_metric(result, "offered_load"));
	printf(
	    "cores: %.1f%% user, %.1f%% kernel, %.1f%% idle; batches of %.4g packets (largest %.0f), %.4g left behind "
	    "them; %.4g requests in the system\n",
	    100 * options_metric(result, "user_share"), 100 * options_metric(result, "kernel_share"),
	    100 * options_metric(result, "idle_share"), options_metric(result, "mean_batch"),
	    options_metric(result, "largest_batch"), options_metric(result, "backlog"),
	    options_metric(result, "in_system"));
	printf("%.4g steals and %.4g interrupts per request; wire %.1f%% busy\n",
	       options_metric(result, "steals_per_request"), options_metric(result, "interrupts_per_request"),
	       100 * options_metric(result, "wire_share"));
}

static void print_table(const struct system_point *point, const struct point_result *result)
{
	const json_t *params = extra.common.params;

	printf("%s, %u core%s, service %s with mean %g us, B = %u, %u connections, costs %s; in microseconds\n\n",
	       json_string_value(json_object_get(params, "system")), point->options.cores,
	       point->options.cores == 1 ? "" : "s", json_string_value(json_object_get(params, "service")),
	       point->options.mean_ns / 1e3, point->options.batch_bound, point->options.connections,
	       json_string_value(json_object_get(params, "costs")));
	printf("  %-5s %12s   %g%% interval\n", "", "latency", 100 * point->confidence);
	for (int i = 0; i < ESTIMATE_QUANTILES; i++)
		print_row(estimate_name[i], point_metric(result, system_quantile_name[i]));
	print_row("mean", point_metric(result, "mean_us"));
	print_machine(result);
	options_print_count(options_metric(result, "simulated"));
	printf(" requests in %.2f s, the first ", result->wall_s);
	options_print_count(options_metric(result, "warmup_used"));
	printf(" discarded (warm-up); %.0f batches; seed %llu\n", options_metric(result, "batches"),
	       (unsigned long long)extra.common.seed);
	if (options_metric(result, "dropped") > 0)
		printf("note: %.0f requests (%.3g%%) found their receive ring full and were dropped\n",
		       options_metric(result, "dropped"), 100 * options_metric(result, "drop_share"));
	if (options_metric(result, "resent") > 0)
		printf("note: %.0f requests found their receive ring full and were sent again 200 ms later\n",
		       options_metric(result, "resent"));
	options_note(result, "unstable",
		     "the cores cannot keep up: latencies say how long the queues are, not how fast "
		     "the machine is");
	options_note(result, "capped", "the precision asked for by --ci was not reached within --requests");
	options_note(
	    result, "warmup_limited",
	    "the warm-up rule asks for more than half of the requests, so the empty start may show: more --requests");
	options_note(result, "correlated",
		     "batches still depend on each other, so the intervals are too narrow: more --requests");
}

/* [packets, cycles] for each batch size that occurred. */
static json_t *batch_histogram(unsigned batch_bound)
{
	json_t *list = json_array();

	for (unsigned n = 1; n <= batch_bound; n++)
		if (batch_cycles[n])
			json_array_append_new(list, json_pack("[i,I]", (int)n, (json_int_t)batch_cycles[n]));
	return list;
}

static void add_echo(json_t *out)
{
	static const char *const of_load[] = {"closed", "think_us"};

	for (size_t i = 0; system_params_echoed[i]; i++)
		json_object_set(out, system_params_echoed[i],
				json_object_get(extra.common.params, system_params_echoed[i]));
	for (size_t i = 0; i < sizeof(of_load) / sizeof(of_load[0]); i++)
		if (json_object_get(extra.common.params, of_load[i]))
			json_object_set(out, of_load[i], json_object_get(extra.common.params, of_load[i]));
	json_set_real(out, "service_mean_us", json_number_value(json_object_get(extra.common.params, "mean_us")));
}

static int print_json(const struct system_point *point, const struct point_result *result)
{
	static const char *const plain[] = {"max_us",
					    "throughput",
					    "offered_rps",
					    "mean_batch",
					    "backlog",
					    "utilization",
					    "user_share",
					    "kernel_share",
					    "idle_share",
					    "in_system",
					    "drop_share",
					    "events_per_request",
					    "steals_per_request",
					    "interrupts_per_request",
					    "wire_share"};
	static const char *const counts[] = {"largest_batch", "dropped", "resent", "out_of_order", "batches"};
	static const char *const flags[] = {"warmup_limited", "capped", "correlated", "unstable"};
	double simulated = options_metric(result, "simulated");
	json_t *out = json_object();
	int status;

	add_echo(out);
	json_set_real(out, "load", options_metric(result, "offered_load"));
	for (int i = 0; i < ESTIMATE_QUANTILES; i++)
		options_json_metric(out, system_quantile_name[i], point_metric(result, system_quantile_name[i]));
	options_json_metric(out, "mean_us", point_metric(result, "mean_us"));
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		json_set_real(out, plain[i], options_metric(result, plain[i]));
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		json_object_set_new(out, counts[i], json_integer((json_int_t)options_metric(result, counts[i])));
	json_object_set_new(out, "batch_histogram", batch_histogram(point->options.batch_bound));
	json_object_set_new(out, "requests", json_integer((json_int_t)simulated));
	json_object_set_new(out, "warmup", json_integer((json_int_t)options_metric(result, "warmup_used")));
	json_set_real(out, "confidence", point->confidence);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		json_object_set_new(out, flags[i], json_boolean(options_metric(result, flags[i]) > 0));
	json_object_set_new(out, "seed", json_integer((json_int_t)extra.common.seed));
	json_set_real(out, "wall_s", result->wall_s);
	json_set_real(out, "requests_per_s", simulated / result->wall_s);
	status = options_print_json(out);
	json_decref(out);
	return status;
}

int cmd_system(int argc, char **argv)
{
	struct point_kind kind = point_kind_system;
	struct point_result result;
	struct point_error error = {0};
	struct system_point point;
	int status;

	kind.run = run;
	extra.common.params = json_object();
	command_parse(&argp, argc, argv, &extra);
	options_normalize(&kind, &extra.common);
	if (extra.trace_length_us > TRACE_SVG_MAX_US && extra.trace_path && strstr(extra.trace_path, ".svg"))
		command_reject("--trace-us: a picture shows at most %g us", TRACE_SVG_MAX_US);
	status = options_run_point(&kind, &extra.common, &result);
	if (!status && system_point_read(&point, extra.common.params, extra.common.seed, 0, &error)) {
		command_complain("%s", error.text);
		status = EXIT_RUN_FAILED;
	} else if (!status) {
		if (extra.common.json)
			status = print_json(&point, &result);
		else
			print_table(&point, &result);
		system_point_clear(&point);
	}
	point_result_clear(&result);
	json_decref(extra.common.params);
	return status;
}

/* ixlab slo: the maximum load of one queueing model, or of a simulated machine, at a limit of its p99. */
#include "harness/command.h"
#include "harness/json_text.h"
#include "harness/options.h"
#include "harness/point_queue.h"
#include "harness/slo.h"
#include "harness/slo_system.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { KEY_SLO = 1, KEY_TOLERANCE };

static const struct argp_option options[] = {
    {"slo", KEY_SLO, "LIMIT", 0,
     "Limit of the 99th percentile, in multiples of the mean service time: 10S; with --system also a time: 500us", 1},
    {"tolerance", KEY_TOLERANCE, "X", 0, "Narrow the load down to X (0.001)", 2},
    {0},
};

static const struct argp_child children[] = {
    {&options_model_argp, 0, NULL, 0}, {&options_system_argp, 0, NULL, 0}, {&options_argp, 0, NULL, 0}, {0}};

#define CHILDREN (sizeof(children) / sizeof(children[0]) - 1)

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct options *common = state->input;
	json_t *text;

	switch (key) {
	case ARGP_KEY_INIT:
		for (size_t i = 0; i < CHILDREN; i++)
			state->child_inputs[i] = common;
		return 0;
	case KEY_SLO:
		text = json_string(value);
		if (!text)
			command_reject("--slo: the value is not UTF-8");
		json_object_set_new(common->params, "slo", text);
		return 0;
	case KEY_TOLERANCE:
		options_set_number(common->params, "tolerance", value);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
    .options = options,
    .parser = parse,
    .children = children,
    .doc =
	"Search the maximum load at which the 99th percentile of the response time of a queueing model (--model) or a "
	"simulated machine (--system) stays within a limit. Every load tried faces the same random numbers; --requests "
	"and --ci apply to each. The interval "
	"holds the tolerance and the p99 interval, divided by the slope of p99 against load.\v"
	"Example: ixlab slo --model centralized-fcfs --servers 16 --service exp --slo 10S --exact\n"
	"         ixlab slo --system ix --cores 16 --service exp --mean-us 10 --costs costs/ix.cfg --slo "
	"500us",
};

static double find_exact(const struct queue_point *point, const struct options *common, const char **formula)
{
	struct queue_params params = {point->discipline, point->servers, SLO_LOAD_MIN,
				      &point->service,   common->seed,   0};

	*formula = NULL;
	return common->exact ? slo_exact(&params, point->slo, formula) : NAN;
}

static void print_text(const struct queue_point *point, const struct options *common, double exact, const char *formula,
		       const struct point_result *result)
{
	const struct metric *max_load = point_metric(result, "max_load");

	printf("%s, %u server%s, service %s: p99 within %g S up to\n\n", queue_discipline_name(point->discipline),
	       point->servers, point->servers == 1 ? "" : "s",
	       json_string_value(json_object_get(common->params, "service")), point->slo);
	printf("  load %.5f", max_load->value);
	if (!isnan(max_load->low))
		printf("   %g%% interval %.5f to %.5f", 100 * point->confidence, max_load->low, max_load->high);
	if (!isnan(exact))
		printf("   exact %.5f", exact);
	printf("\n\n%.0f loads tried, ", options_metric(result, "evaluations"));
	options_print_count(options_metric(result, "simulated"));
	printf(" requests in %.2f s; seed %llu\n", result->wall_s, (unsigned long long)common->seed);
	if (formula)
		printf("exact: %s\n", formula);
	else if (common->exact)
		puts("exact: no closed form is known");
	options_note(result, "violated_always", "p99 is above the limit even at load 0.001");
	options_note(result, "met_always", "p99 is within the limit even at load 0.9999, the highest tried");
	options_note(result, "capped",
		     "the precision asked for by --ci was not reached within --requests at some load");
	options_note(result, "warmup_limited",
		     "the warm-up rule asks for more than half of the requests at some load: more --requests");
	options_note(result, "correlated",
		     "batches still depend on each other at some load, so the interval is too narrow: more --requests");
}

static int print_json(const struct queue_point *point, const struct options *common, double exact, const char *formula,
		      const struct point_result *result)
{
	static const char *const flags[] = {"violated_always", "met_always", "warmup_limited", "capped", "correlated"};
	double simulated = options_metric(result, "simulated");
	json_t *out = json_object();
	int status;

	json_object_set_new(out, "model", json_string(queue_discipline_name(point->discipline)));
	json_object_set_new(out, "servers", json_integer(point->servers));
	json_object_set(out, "service", json_object_get(common->params, "service"));
	json_set_real(out, "slo", point->slo);
	json_set_real(out, "tolerance", point->tolerance);
	options_json_metric(out, "max_load", point_metric(result, "max_load"));
	json_object_set_new(out, "evaluations", json_integer((json_int_t)options_metric(result, "evaluations")));
	json_object_set_new(out, "requests", json_integer((json_int_t)simulated));
	json_set_real(out, "confidence", point->confidence);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		json_object_set_new(out, flags[i], json_boolean(options_metric(result, flags[i]) > 0));
	if (common->exact) {
		json_object_set_new(out, "exact", formula ? json_string(formula) : json_null());
		json_set_real(out, "max_load_exact", exact);
	}
	json_object_set_new(out, "seed", json_integer((json_int_t)common->seed));
	json_set_real(out, "wall_s", result->wall_s);
	json_set_real(out, "requests_per_s", simulated / result->wall_s);
	status = options_print_json(out);
	json_decref(out);
	return status;
}

int cmd_slo(int argc, char **argv)
{
	struct options common = {.params = json_object(), .seed = 1};
	struct point_result result;
	struct point_error error = {0};
	struct queue_point point;
	const char *formula;
	double exact;
	int status;

	command_parse(&argp, argc, argv, &common);
	if (json_object_get(common.params, "system"))
		return cmd_slo_system(&common);
	options_normalize(&point_kind_queue_slo, &common);
	status = options_run_point(&point_kind_queue_slo, &common, &result);
	if (!status && queue_point_read(&point, common.params, &error)) {
		command_complain("%s", error.text);
		status = EXIT_RUN_FAILED;
	} else if (!status) {
		exact = find_exact(&point, &common, &formula);
		if (common.json)
			status = print_json(&point, &common, exact, formula, &result);
		else
			print_text(&point, &common, exact, formula, &result);
		queue_point_clear(&point);
	}
	point_result_clear(&result);
	json_decref(common.params);
	return status;
}

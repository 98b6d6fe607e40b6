/* ixlab queue: the latency of one queueing model at one load. */
#include "harness/command.h"
#include "harness/json_text.h"
#include "harness/options.h"
#include "harness/point_queue.h"
#include "models/closed_form.h"

#include <math.h>
#include <stdio.h>

enum { KEY_LOAD = 1 };

static const struct argp_option options[] = {
    {"load", KEY_LOAD, "R", 0,
     "Offered load of each server, above 0 and below 1; from 1 up there is no steady state and --requests is needed",
     1},
    {0},
};

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct options *common = state->input;

	if (key == ARGP_KEY_INIT) {
		state->child_inputs[0] = state->child_inputs[1] = common;
		return 0;
	}
	if (key != KEY_LOAD)
		return ARGP_ERR_UNKNOWN;
	options_set_number(common->params, "load", value);
	return 0;
}

static const struct argp_child children[] = {{&options_model_argp, 0, NULL, 0}, {&options_argp, 0, NULL, 0}, {0}};
static const struct argp argp = {
    .options = options,
    .parser = parse,
    .children = children,
    .doc =
	"Simulate Poisson arrivals at one queueing model and print the quantiles of the response time, in multiples of "
	"the mean service time S, with confidence intervals.\v"
	"Example: ixlab queue --model centralized-fcfs --servers 16 --service exp --load 0.9 --exact",
};

/* What theory says; NAN where it says nothing. */
struct exact {
	const char *formula;
	double quantile[ESTIMATE_QUANTILES], mean;
};

static void find_exact(const struct queue_point *point, const struct options *common, struct exact *exact)
{
	struct queue_params params = {point->discipline, point->servers, point->load, &point->service, common->seed, 0};

	exact->formula = NULL;
	exact->mean = NAN;
	for (int i = 0; i < ESTIMATE_QUANTILES; i++)
		exact->quantile[i] = NAN;
	if (common->exact && point->load < 1)
		exact->formula =
		    queue_exact(&params, estimate_probability, exact->quantile, ESTIMATE_QUANTILES, &exact->mean);
}

static void print_row(const struct metric *metric, double exact, bool with_exact)
{
	printf("  %-5s %12.5g", metric->name, metric->value);
	if (isnan(metric->low))
		printf("   %-25s", "unknown");
	else
		printf("   %-11.5g to %-11.5g", metric->low, metric->high);
	if (with_exact && isnan(exact))
		printf(" %12s", "-");
	else if (with_exact)
		printf(" %12.5g", exact);
	putchar('\n');
}

static void print_notes(const struct point_result *result)
{
	options_note(result, "unstable", "load 1 or more: no steady state, the latencies grow with --requests");
	options_note(result, "capped", "the precision asked for by --ci was not reached within --requests");
	options_note(
	    result, "warmup_limited",
	    "the warm-up rule asks for more than half of the requests, so the empty start may show: more --requests");
	options_note(result, "correlated",
		     "batches still depend on each other, so the intervals are too narrow: more --requests");
}

static void print_table(const struct queue_point *point, const struct options *common, const struct exact *exact,
			const struct point_result *result)
{
	printf("%s, %u server%s, service %s, load %g; in multiples of the mean service time\n\n",
	       queue_discipline_name(point->discipline), point->servers, point->servers == 1 ? "" : "s",
	       json_string_value(json_object_get(common->params, "service")), point->load);
	printf("  %-5s %12s   %g%% interval%*s%s\n", "", "latency", 100 * point->confidence, 14, "",
	       exact->formula ? "    exact" : "");
	for (int i = 0; i < ESTIMATE_QUANTILES; i++)
		print_row(point_metric(result, estimate_name[i]), exact->quantile[i], exact->formula);
	print_row(point_metric(result, "mean"), exact->mean, exact->formula);
	printf("\nthroughput %.6g requests per S", options_metric(result, "throughput"));
	if (!isnan(options_metric(result, "in_system")))
		printf(", %.6g in the system on average", options_metric(result, "in_system"));
	putchar('\n');
	options_print_count(options_metric(result, "simulated"));
	printf(" requests in %.2f s, the first ", result->wall_s);
	options_print_count(options_metric(result, "warmup_used"));
	printf(" discarded (warm-up); %.0f batches; seed %llu\n", options_metric(result, "batches"),
	       (unsigned long long)common->seed);
	if (exact->formula)
		printf("exact: %s\n", exact->formula);
	else if (common->exact)
		puts("exact: no closed form is known");
	print_notes(result);
}

static int print_json(const struct queue_point *point, const struct options *common, const struct exact *exact,
		      const struct point_result *result)
{
	static const char *const flags[] = {"warmup_limited", "capped", "correlated", "unstable"};
	double simulated = options_metric(result, "simulated");
	json_t *out = json_object();
	char key[32];
	int status;

	json_object_set_new(out, "model", json_string(queue_discipline_name(point->discipline)));
	json_object_set_new(out, "servers", json_integer(point->servers));
	json_object_set(out, "service", json_object_get(common->params, "service"));
	json_set_real(out, "load", point->load);
	for (int i = 0; i < ESTIMATE_QUANTILES; i++)
		options_json_metric(out, estimate_name[i], point_metric(result, estimate_name[i]));
	options_json_metric(out, "mean", point_metric(result, "mean"));
	json_set_real(out, "max", options_metric(result, "max"));
	json_set_real(out, "throughput", options_metric(result, "throughput"));
	json_set_real(out, "in_system", options_metric(result, "in_system"));
	json_set_real(out, "utilization", options_metric(result, "utilization"));
	json_object_set_new(out, "requests", json_integer((json_int_t)simulated));
	json_object_set_new(out, "warmup", json_integer((json_int_t)options_metric(result, "warmup_used")));
	json_object_set_new(out, "batches", json_integer((json_int_t)options_metric(result, "batches")));
	json_set_real(out, "confidence", point->confidence);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		json_object_set_new(out, flags[i], json_boolean(options_metric(result, flags[i]) > 0));
	if (common->exact) {
		json_object_set_new(out, "exact", exact->formula ? json_string(exact->formula) : json_null());
		for (int i = 0; i < ESTIMATE_QUANTILES; i++) {
			snprintf(key, sizeof(key), "%s_exact", estimate_name[i]);
			json_set_real(out, key, exact->quantile[i]);
		}
		json_set_real(out, "mean_exact", exact->mean);
	}
	json_object_set_new(out, "seed", json_integer((json_int_t)common->seed));
	json_set_real(out, "wall_s", result->wall_s);
	json_set_real(out, "requests_per_s", simulated / result->wall_s);
	status = options_print_json(out);
	json_decref(out);
	return status;
}

int cmd_queue(int argc, char **argv)
{
	struct options common = {.params = json_object(), .seed = 1};
	struct point_result result;
	struct point_error error = {0};
	struct queue_point point;
	struct exact exact;
	int status;

	command_parse(&argp, argc, argv, &common);
	options_normalize(&point_kind_queue, &common);
	status = options_run_point(&point_kind_queue, &common, &result);
	if (!status && queue_point_read(&point, common.params, &error)) {
		command_complain("%s", error.text);
		status = EXIT_RUN_FAILED;
	} else if (!status) {
		find_exact(&point, &common, &exact);
		if (common.json)
			status = print_json(&point, &common, &exact, &result);
		else
			print_table(&point, &common, &exact, &result);
		queue_point_clear(&point);
	}
	point_result_clear(&result);
	json_decref(common.params);
	return status;
}

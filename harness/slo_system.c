#include "harness/slo_system.h"
#include "harness/command.h"
#include "harness/json_text.h"
#include "harness/point_system.h"
#include "harness/system_params.h"

#include <math.h>
#include <stdio.h>

static const char *text_of(const struct options *common, const char *key)
{
	return json_string_value(json_object_get(common->params, key));
}

static void print_text(const struct system_point *point, const struct options *common,
		       const struct point_result *result)
{
	const struct metric *max_load = point_metric(result, "max_load");

	printf("%s, %u core%s, service %s with mean %g us, B = %u, costs %s: p99 within %g us up to\n\n",
	       text_of(common, "system"), point->options.cores, point->options.cores == 1 ? "" : "s",
	       text_of(common, "service"), point->options.mean_ns / 1e3, point->options.batch_bound,
	       text_of(common, "costs"), point->slo_us);
	printf("  load %.5f", max_load->value);
	if (!isnan(max_load->low))
		printf("   %g%% interval %.5f to %.5f", 100 * point->confidence, max_load->low, max_load->high);
	printf(", which is %.6g requests per second\n", options_metric(result, "max_rate"));
	printf("\n%.0f loads tried, ", options_metric(result, "evaluations"));
	options_print_count(options_metric(result, "simulated"));
	printf(" requests in %.2f s; seed %llu\n", result->wall_s, (unsigned long long)common->seed);
	options_note(result, "violated_always", "p99 is above the limit even at load 0.001");
	options_note(result, "met_always", "p99 is within the limit even at load 0.9999, the highest tried");
	options_note(result, "capped",
		     "the precision asked for by --ci was not reached within --requests at some load");
	options_note(result, "warmup_limited",
		     "the warm-up rule asks for more than half of the requests at some load: more --requests");
	options_note(result, "correlated",
		     "batches still depend on each other at some load, so the interval is too narrow: more --requests");
}

static int print_json(const struct system_point *point, const struct options *common, const struct point_result *result)
{
	static const char *const flags[] = {"violated_always", "met_always", "warmup_limited", "capped", "correlated"};
	double simulated = options_metric(result, "simulated");
	json_t *out = json_object();
	int status;

	for (size_t i = 0; system_params_echoed[i]; i++)
		json_object_set(out, system_params_echoed[i], json_object_get(common->params, system_params_echoed[i]));
	json_object_set(out, "mean_us", json_object_get(common->params, "mean_us"));
	json_set_real(out, "slo_us", point->slo_us);
	json_set_real(out, "tolerance", point->tolerance);
	options_json_metric(out, "max_load", point_metric(result, "max_load"));
	json_set_real(out, "max_rate", options_metric(result, "max_rate"));
	json_object_set_new(out, "evaluations", json_integer((json_int_t)options_metric(result, "evaluations")));
	json_object_set_new(out, "requests", json_integer((json_int_t)simulated));
	json_set_real(out, "confidence", point->confidence);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		json_object_set_new(out, flags[i], json_boolean(options_metric(result, flags[i]) > 0));
	json_object_set_new(out, "seed", json_integer((json_int_t)common->seed));
	json_set_real(out, "wall_s", result->wall_s);
	json_set_real(out, "requests_per_s", simulated / result->wall_s);
	status = options_print_json(out);
	json_decref(out);
	return status;
}

int cmd_slo_system(struct options *common)
{
	struct point_result result;
	struct point_error error = {0};
	struct system_point point;
	int status;

	options_normalize(&point_kind_system_slo, common);
	status = options_run_point(&point_kind_system_slo, common, &result);
	if (!status && system_point_read(&point, common->params, common->seed, 0, &error)) {
		command_complain("%s", error.text);
		status = EXIT_RUN_FAILED;
	} else if (!status) {
		if (common->json)
			status = print_json(&point, common, &result);
		else
			print_text(&point, common, &result);
		system_point_clear(&point);
	}
	point_result_clear(&result);
	json_decref(common->params);
	return status;
}

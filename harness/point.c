#include "harness/point.h"
#include "harness/json_text.h"
#include "harness/measure.h"
#include "harness/point_packet.h"
#include "harness/point_system.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct point_kind *const kinds[] = {&point_kind_queue,      &point_kind_queue_slo, &point_kind_system,
						 &point_kind_system_slo, &point_kind_packet,    &point_kind_measure};

static point_watch_fn watch;
static void *watch_context;

const struct point_kind *point_kind_find(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i]->name, name))
			return kinds[i];
	return NULL;
}

void point_result_clear(struct point_result *result)
{
	free(result->histogram);
	memset(result, 0, sizeof(*result));
}

void point_add(struct point_result *result, const char *name, double value)
{
	struct interval none = {value, NAN, 0, NAN, NAN};

	point_add_interval(result, name, &none);
}

void point_add_interval(struct point_result *result, const char *name, const struct interval *interval)
{
	if (result->metric_count == POINT_METRICS_MAX)
		return;
	result->metric[result->metric_count++] =
	    (struct metric){name, interval->value, interval->low, interval->high, interval->std_error, interval->dof};
}

const struct metric *point_metric(const struct point_result *result, const char *name)
{
	for (size_t i = 0; i < result->metric_count; i++)
		if (!strcmp(result->metric[i].name, name))
			return &result->metric[i];
	return NULL;
}

char *point_params_text(const json_t *params)
{
	return json_flat_text(params, true);
}

void point_set_watch(point_watch_fn function, void *context)
{
	watch = function;
	watch_context = context;
}

int point_watch(double share_done)
{
	return watch ? watch(watch_context, share_done) : 0;
}

double point_seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

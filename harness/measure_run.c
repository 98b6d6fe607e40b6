#include "harness/measure_run.h"
#include "harness/experiment_values.h"
#include "harness/point_queue.h"
#include "harness/point_system.h"
#include "harness/slo.h"
#include "harness/workload_path.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DROPS_MAX  0.01 /* share of requests dropped from which p99 has no value */
#define EXCESS_MAX 3.0  /* logarithms are cut here, so that a far end does not spoil a step of false position */
#define STEPS_MAX  40
#define STEP_LEAST 0.1 /* of the bracket: no step is closer to an end, so that both ends move */

static const struct {
	int requests;
	double ci, tolerance, load_tolerance; /* of sizes, relative; of maximum loads */
} efforts[MEASURE_EFFORTS] = {[MEASURE_QUICK] = {60000, 0, 0.02, 0.001},
			      [MEASURE_FIT] = {600000, 0, 0.002, 0.0002},
			      [MEASURE_FULL] = {600000, 0.03, 0.01, 0.001}};

double measure_tolerance(const struct measuring *m)
{
	return efforts[m->effort].tolerance;
}

static int fail(struct measuring *m, const char *format, const char *what)
{
	snprintf(m->error->text, sizeof(m->error->text), format, what);
	return 1;
}

int measure_constant(struct measuring *m, const char *name, double *out)
{
	const char *file = m->costs[MEASURE_MEMCACHED];
	char *path = workload_path(file);
	config_t config;
	int found = 0, whole;

	config_init(&config);
	if (path && config_read_file(&config, path)) {
		found = config_lookup_float(&config, name, out);
		if (!found && config_lookup_int(&config, name, &whole)) {
			*out = whole;
			found = 1;
		}
		found = found && *out >= 0 && *out < 1e9;
	}
	if (!found)
		snprintf(m->error->text, sizeof(m->error->text),
			 "%.80s: key '%.40s' is missing or not a number from 0 to 1e9", file, name);
	config_destroy(&config);
	free(path);
	return !found;
}

static int set_value(struct measuring *m, json_t *params, const char *key, const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (*text == '@') {
		if (measure_constant(m, text + 1, &value))
			return 1;
	} else if (*end) {
		return json_object_set_new(params, key, json_string(text)) != 0;
	}
	if (value == floor(value) && fabs(value) < 1e15)
		return json_object_set_new(params, key, json_integer((json_int_t)value)) != 0;
	return json_object_set_new(params, key, json_real(value)) != 0;
}

/* The cost file of @system. */
static enum measure_costs costs_of(const char *system)
{
	if (!strncmp(system, "linux", 5))
		return MEASURE_LINUX;
	return !strcmp(system, "mtcp") ? MEASURE_MTCP : MEASURE_IX;
}

static void set_length(const struct measuring *m, json_t *params)
{
	point_set_default(params, "requests", json_integer(efforts[m->effort].requests));
	if (efforts[m->effort].ci > 0)
		point_set_default(params, "ci", json_real(efforts[m->effort].ci));
	if (json_object_get(params, "slo"))
		point_set_default(params, "tolerance", json_real(efforts[m->effort].load_tolerance));
}

json_t *measure_params(struct measuring *m, const char *setup)
{
	json_t *params = json_object();
	char *text = strdup(setup), *rest = text, *item;
	const char *system;
	int status = !params || !text;

	while (!status && (item = strsep(&rest, " "))) {
		char *value = strchr(item, '=');

		if (!*item)
			continue;
		if (!value) {
			status = fail(m, "'%.80s' is no key=value", item);
			break;
		}
		*value++ = '\0';
		status = set_value(m, params, item, value);
	}
	system = json_string_value(json_object_get(params, "system"));
	if (!status && system)
		point_set_default(params, "costs", json_string(m->costs[costs_of(system)]));
	if (!status)
		set_length(m, params);
	free(text);
	if (!status)
		return params;
	json_decref(params);
	return NULL;
}

int measure_point(struct measuring *m, const struct point_kind *kind, const json_t *params, struct point_result *result)
{
	json_t *normal = json_deep_copy(params);
	const struct metric *simulated;
	int status;

	*result = (struct point_result){0};
	m->error->key[0] = '\0';
	status = !normal || kind->normalize(normal, m->error);
	if (!status)
		status = kind->run(normal, m->seed, m->replication, result, m->error);
	json_decref(normal);
	simulated = status ? NULL : point_metric(result, "simulated");
	if (simulated)
		m->simulated += simulated->value;
	return status;
}

int measure_metric(struct measuring *m, const struct point_kind *kind, const json_t *params, const char *name,
		   struct interval *out)
{
	struct point_result result;
	int status = measure_point(m, kind, params, &result);
	const struct metric *found = status ? NULL : point_metric(&result, name);

	if (found)
		*out = (struct interval){found->value, found->std_error, found->dof, found->low, found->high};
	else if (!status)
		status = fail(m, "the point has no metric '%s'", name);
	point_result_clear(&result);
	return status;
}

int measure_p99(struct measuring *m, const json_t *params, struct interval *out)
{
	struct point_result result;
	int status = measure_point(m, &point_kind_system, params, &result);
	const struct metric *p99 = status ? NULL : point_metric(&result, "p99_us");
	const struct metric *drops = status ? NULL : point_metric(&result, "drop_share");

	if (p99)
		*out = (struct interval){p99->value, p99->std_error, p99->dof, p99->low, p99->high};
	else if (!status)
		status = fail(m, "the point has no metric '%s'", "p99_us");
	if (drops && drops->value > DROPS_MAX)
		*out = (struct interval){INFINITY, NAN, 0, NAN, NAN};
	point_result_clear(&result);
	return status;
}

/* The closed form of a queueing model's maximum load, NAN where there is none. */
static int exact_load(struct measuring *m, const json_t *params, double *out)
{
	json_t *normal = json_deep_copy(params);
	struct queue_point point;
	const char *formula;
	int status =
	    !normal || point_kind_queue_slo.normalize(normal, m->error) || queue_point_read(&point, normal, m->error);

	if (!status) {
		struct queue_params queue = {point.discipline, point.servers, SLO_LOAD_MIN, &point.service, 0, 0};

		*out = slo_exact(&queue, point.slo, &formula);
		queue_point_clear(&point);
	}
	json_decref(normal);
	return status;
}

static int queue_load(struct measuring *m, const json_t *params, struct interval *out)
{
	double exact;

	if (exact_load(m, params, &exact))
		return 1;
	if (isnan(exact))
		return measure_metric(m, &point_kind_queue_slo, params, "max_load", out);
	*out = measure_exactly(exact);
	return 0;
}

int measure_max_load(struct measuring *m, const char *setup, struct interval *out)
{
	json_t *params = measure_params(m, setup);
	int status = !params;

	if (!status && json_object_get(params, "model"))
		status = queue_load(m, params, out);
	else if (!status)
		status = measure_metric(m, &point_kind_system_slo, params, "max_load", out);
	json_decref(params);
	return status;
}

struct end {
	double x, excess, std_error; /* x is a logarithm */
};

static int look(measure_excess_fn excess, void *context, struct end *end)
{
	int status = excess(context, exp(end->x), &end->excess, &end->std_error);

	if (isnan(end->excess))
		end->excess = 0;
	end->excess = fmax(-EXCESS_MAX, fmin(EXCESS_MAX, end->excess));
	return status;
}

/* False position, kept away from the ends, and every third step in the middle. */
static double next_x(const struct end *a, const struct end *b, unsigned step)
{
	double share = step % 3 == 2 ? 0.5 : a->excess / (a->excess - b->excess);

	share = fmax(STEP_LEAST, fmin(1 - STEP_LEAST, share));
	return a->x + share * (b->x - a->x);
}

int measure_root(measure_excess_fn excess, void *context, double low, double high, double tolerance,
		 struct interval *out)
{
	struct end a = {log(low), 0, NAN}, b = {log(high), 0, NAN};
	double slope, root, std_error;
	int status = look(excess, context, &a);

	if (!status)
		status = look(excess, context, &b);
	if (status)
		return status;
	if ((a.excess > 0) == (b.excess > 0)) {
		root = exp(fabs(a.excess) < fabs(b.excess) ? a.x : b.x);
		*out = (struct interval){root, NAN, 0, NAN, NAN};
		return 0;
	}
	for (unsigned step = 0; step < STEPS_MAX && b.x - a.x > tolerance; step++) {
		struct end middle = {next_x(&a, &b, step), 0, NAN};

		status = look(excess, context, &middle);
		if (status)
			return status;
		if ((middle.excess > 0) == (a.excess > 0))
			a = middle;
		else
			b = middle;
	}
	slope = (b.excess - a.excess) / (b.x - a.x);
	root = a.x - a.excess / slope;
	std_error = (fabs(a.excess) < fabs(b.excess) ? a.std_error : b.std_error) / fabs(slope);
	if (isnan(std_error))
		std_error = 0;
	*out = (struct interval){exp(root), std_error * exp(root), 0, exp(root - 2 * std_error - tolerance),
				 exp(root + 2 * std_error + tolerance)};
	return 0;
}

struct interval measure_exactly(double value)
{
	return (struct interval){value, 0, INFINITY, value, value};
}

struct interval measure_scaled(const struct interval *a, double factor)
{
	return (struct interval){a->value * factor, a->std_error * factor, a->dof, a->low * factor, a->high * factor};
}

/* The two are independent but for common random numbers, which only make the ratio steadier. */
struct interval measure_ratio(const struct interval *a, const struct interval *b)
{
	double value = a->value / b->value;
	double below = hypot((a->value - a->low) / a->value, (b->high - b->value) / b->value);
	double above = hypot((a->high - a->value) / a->value, (b->value - b->low) / b->value);

	return (struct interval){value, value * hypot(a->std_error / a->value, b->std_error / b->value),
				 fmin(a->dof, b->dof), value * (1 - below), value * (1 + above)};
}

/* Measurements of throughput and of single messages: echoes, NetPIPE, unloaded latency. */
#include "harness/measure_metrics.h"
#include "harness/point_costs.h"
#include "harness/point_system.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define CORES            8
#define THREADS          2    /* of a core */
#define SIZE_LEAST       64.0 /* messages among which a goodput is looked for */
#define SIZE_MOST        1e6
#define BYTES_PER_S_GBPS (1e9 / 8)

static double scale_of(const struct measure *row)
{
	return row->scale > 0 ? row->scale : 1;
}

static int over_against(struct measuring *m, const struct measure *row, struct interval *out,
			int (*measure)(struct measuring *, const char *, struct interval *))
{
	struct interval other;
	int status = measure(m, row->setup, out);

	if (!status && row->against) {
		status = measure(m, row->against, &other);
		if (!status)
			*out = measure_ratio(out, &other);
	}
	*out = measure_scaled(out, scale_of(row));
	return status;
}

static int throughput(struct measuring *m, const char *setup, struct interval *out)
{
	json_t *params = measure_params(m, setup);
	int status = !params || measure_metric(m, &point_kind_system, params, "throughput", out);

	json_decref(params);
	return status;
}

int measure_throughput(struct measuring *m, const struct measure *row, struct interval *out)
{
	return over_against(m, row, out, throughput);
}

static int peak_throughput(struct measuring *m, const char *setup, struct interval *out)
{
	static const unsigned connections[] = {256, 1024, 2048, 4096, 16384};
	struct interval here;

	*out = measure_exactly(0);
	for (size_t i = 0; i < sizeof(connections) / sizeof(connections[0]); i++) {
		char text[512];

		snprintf(text, sizeof(text), "%s connections=%u closed=%u", setup, connections[i], connections[i]);
		if (throughput(m, text, &here))
			return 1;
		if (here.value > out->value)
			*out = here;
	}
	return 0;
}

int measure_peak_throughput(struct measuring *m, const struct measure *row, struct interval *out)
{
	return over_against(m, row, out, peak_throughput);
}

static int throughput_with(struct measuring *m, const struct measure *row, unsigned cores, double *out)
{
	struct interval found;
	char text[512];
	int status;

	snprintf(text, sizeof(text), "%s cores=%u threads_per_core=%d", row->setup, cores * THREADS, THREADS);
	status = throughput(m, text, &found);
	*out = found.value;
	return status;
}

int measure_cores_to_saturate(struct measuring *m, const struct measure *row, struct interval *out)
{
	double most, here;
	unsigned cores = 1;

	if (throughput_with(m, row, CORES, &most))
		return 1;
	for (; cores < CORES; cores++) {
		if (throughput_with(m, row, cores, &here))
			return 1;
		if (here >= row->level * most)
			break;
	}
	*out = measure_exactly(cores);
	return 0;
}

/* See measure_one_way(). */
static int one_way_us(struct measuring *m, json_t *params, uint32_t bytes, struct interval *out)
{
	json_object_set_new(params, "request_bytes", json_integer(bytes));
	json_object_set_new(params, "reply_bytes", json_integer(bytes));
	return measure_metric(m, &point_kind_system, params, "one_way_us", out);
}

int measure_one_way(struct measuring *m, const struct measure *row, struct interval *out)
{
	json_t *params = measure_params(m, row->setup);
	int status = !params || one_way_us(m, params, 64, out);

	*out = measure_scaled(out, scale_of(row));
	json_decref(params);
	return status;
}

struct at_size {
	struct measuring *m;
	json_t *params;
	double gbps;
};

static int size_excess(void *context, double bytes, double *excess, double *std_error)
{
	struct at_size *at = context;
	struct interval us;
	int status = one_way_us(at->m, at->params, (uint32_t)bytes, &us);

	/* In whole bytes; the root stays smooth as the excess is taken at the size asked for. */
	*excess = log(floor(bytes) / (us.value * 1e-6) / (at->gbps * BYTES_PER_S_GBPS));
	*std_error = NAN;
	return status;
}

int measure_size_for_goodput(struct measuring *m, const struct measure *row, struct interval *out)
{
	struct at_size at = {m, measure_params(m, row->setup), row->level};
	int status = !at.params || measure_root(size_excess, &at, SIZE_LEAST, SIZE_MOST, measure_tolerance(m), out);

	*out = measure_scaled(out, scale_of(row));
	json_decref(at.params);
	return status;
}

int measure_unloaded(struct measuring *m, const struct measure *row, struct interval *out)
{
	json_t *params = measure_params(m, row->setup);
	double client_us = 0, linux_us = 0;
	int status = !params || measure_constant(m, "client_us", &client_us) ||
		     (strstr(row->setup, "system=linux") && measure_constant(m, "linux_tail_us", &linux_us)) ||
		     measure_metric(m, &point_kind_system, params, "p99_us", out);

	out->value += client_us + linux_us;
	out->low += client_us + linux_us;
	out->high += client_us + linux_us;
	json_decref(params);
	return status;
}

int measure_cycles(struct measuring *m, const struct measure *row, struct interval *out)
{
	json_t *params = measure_params(m, row->setup);
	int status = !params || measure_metric(m, &point_kind_system, params, "cycles_per_message", out);

	json_decref(params);
	return status;
}

static int read_costs(struct measuring *m, const json_t *params, struct sim_costs *costs)
{
	const char *system = json_string_value(json_object_get(params, "system"));
	const struct sim_host_kind *kind = system ? sim_host_kind_find(system) : NULL;

	if (kind)
		return point_costs_read(costs, kind->costs, params, m->error);
	snprintf(m->error->text, sizeof(m->error->text), "no system is called '%.40s'", system ? system : "");
	return 1;
}

int measure_misses(struct measuring *m, const struct measure *row, struct interval *out)
{
	json_t *params = measure_params(m, row->setup);
	struct sim_costs costs;
	int status = !params || read_costs(m, params, &costs);

	if (!status)
		*out = measure_exactly(
		    sim_costs_misses(&costs, (unsigned)json_integer_value(json_object_get(params, "connections"))));
	json_decref(params);
	return status;
}

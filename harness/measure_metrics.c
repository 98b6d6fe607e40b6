#include "harness/measure_metrics.h"
#include "harness/dist_file.h"
#include "harness/point_queue.h"
#include "harness/point_system.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TASK_MIN_US 2.0 /* where tasks of a given share of the bound are looked for */
#define TASK_MAX_US 1000.0
#define SLO_S       10.0 /* of the figures of section 3: p99 in mean service times */
#define PEAK_STEPS  9    /* loads tried for a peak, */
#define PEAK_FROM   0.5  /* from here in even steps up to PEAK_TO, then around the highest */
#define PEAK_TO     0.98

static double scale_of(const struct measure *row)
{
	return row->scale > 0 ? row->scale : 1;
}

int measure_service_quantile(struct measuring *m, const struct measure *row, struct interval *out)
{
	json_t *params = measure_params(m, row->setup);
	const char *service = json_string_value(json_object_get(params, "service"));
	uint64_t hash;
	struct dist dist;
	int status = !service || dist_read(&dist, service, &hash, m->error->text, sizeof(m->error->text));

	if (!status) {
		*out = measure_exactly(scale_of(row) *
				       (row->level > 0 ? dist_quantile(&dist, row->level) : dist_mean(&dist)));
		dist_destroy(&dist);
	}
	json_decref(params);
	return status;
}

int measure_service_rate(struct measuring *m, const struct measure *row, struct interval *out)
{
	int status = measure_service_quantile(m, row, out);

	*out = measure_exactly(scale_of(row) * scale_of(row) / out->value);
	return status;
}

int measure_queue_p99(struct measuring *m, const struct measure *row, struct interval *out)
{
	json_t *params = measure_params(m, row->setup);
	int status = !params || measure_metric(m, &point_kind_queue, params, "p99", out);

	json_decref(params);
	return status;
}

int measure_slo_load(struct measuring *m, const struct measure *row, struct interval *out)
{
	struct interval other;
	int status = measure_max_load(m, row->setup, out);

	if (!status && row->against) {
		status = measure_max_load(m, row->against, &other);
		if (!status)
			*out = measure_ratio(out, &other);
	}
	*out = measure_scaled(out, scale_of(row));
	return status;
}

static int max_rate(struct measuring *m, const char *setup, struct interval *out)
{
	json_t *params = measure_params(m, setup);
	struct point_result result;
	const struct metric *load, *rate;
	int status = !params || measure_point(m, &point_kind_system_slo, params, &result);

	json_decref(params);
	if (status)
		return status;
	load = point_metric(&result, "max_load");
	rate = point_metric(&result, "max_rate");
	*out = (struct interval){load->value, load->std_error, load->dof, load->low, load->high};
	*out = measure_scaled(out, rate->value / load->value);
	point_result_clear(&result);
	return 0;
}

int measure_slo_rate(struct measuring *m, const struct measure *row, struct interval *out)
{
	struct interval other;
	int status = max_rate(m, row->setup, out);

	if (!status && row->against) {
		status = max_rate(m, row->against, &other);
		if (!status)
			*out = measure_ratio(out, &other);
	}
	*out = measure_scaled(out, scale_of(row));
	return status;
}

/* p99 against 10 S at a given load, by the mean task. */
struct at_task {
	struct measuring *m;
	const struct measure *row;
	json_t *params;
	double load; /* 0: the maximum load of row->against at this task */
};

static int set_task(json_t *params, double mean_us)
{
	return json_object_set_new(params, "mean_us", json_real(mean_us));
}

static int load_of_against(const struct at_task *t, double mean_us, double *load)
{
	struct interval found;
	json_t *params = measure_params(t->m, t->row->against);
	int status = !params || set_task(params, mean_us) ||
		     measure_metric(t->m, &point_kind_system_slo, params, "max_load", &found);

	json_decref(params);
	*load = found.value;
	return status;
}

static int task_excess(void *context, double mean_us, double *excess, double *std_error)
{
	struct at_task *t = context;
	struct interval p99;
	double load = t->load;

	if (!(load > 0) && load_of_against(t, mean_us, &load))
		return 1;
	if (set_task(t->params, mean_us) || json_object_set_new(t->params, "load", json_real(load)) ||
	    measure_p99(t->m, t->params, &p99))
		return 1;
	*excess = log(p99.value / (SLO_S * mean_us));
	*std_error = p99.std_error / p99.value;
	return 0;
}

static int find_task(struct measuring *m, const struct measure *row, double load, struct interval *out)
{
	struct at_task t = {m, row, measure_params(m, row->setup), load};
	int status = !t.params || measure_root(task_excess, &t, TASK_MIN_US, TASK_MAX_US, measure_tolerance(m), out);

	json_decref(t.params);
	return status;
}

int measure_smallest_task(struct measuring *m, const struct measure *row, struct interval *out)
{
	struct interval bound;

	return measure_max_load(m, row->against, &bound) || find_task(m, row, row->level * bound.value, out);
}

int measure_crossing_task(struct measuring *m, const struct measure *row, struct interval *out)
{
	return find_task(m, row, 0, out);
}

static int steals_at(struct measuring *m, json_t *params, double load, struct interval *out)
{
	return json_object_set_new(params, "load", json_real(load)) ||
	       measure_metric(m, &point_kind_system, params, "steals_per_request", out);
}

int measure_steal_peak(struct measuring *m, const struct measure *row, struct interval *out)
{
	json_t *params = measure_params(m, row->setup);
	double step = (PEAK_TO - PEAK_FROM) / (PEAK_STEPS - 1), best_load = PEAK_FROM;
	struct interval here;
	int status = !params;

	*out = measure_exactly(0);
	for (unsigned i = 0; !status && i < PEAK_STEPS; i++) {
		status = steals_at(m, params, PEAK_FROM + i * step, &here);
		if (!status && here.value > out->value) {
			*out = here;
			best_load = PEAK_FROM + i * step;
		}
	}
	for (int side = -1; !status && side <= 1; side += 2) {
		status = steals_at(m, params, best_load + side * step / 2, &here);
		if (!status && here.value > out->value)
			*out = here;
	}
	*out = measure_scaled(out, scale_of(row));
	json_decref(params);
	return status;
}

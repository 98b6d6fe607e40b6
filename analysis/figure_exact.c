/* Exact results of the queue level, at the parameters of a figure's curve. */
#include "analysis/figure.h"
#include "models/closed_form.h"

#include <math.h>
#include <string.h>

/* The metric's exact value in the queue that @params describe, at @load with @servers; NAN if none is known. */
static double queue_value(const json_t *params, const char *metric, double servers, double load)
{
	const char *model = json_string_value(json_object_get(params, "model"));
	const char *service = json_string_value(json_object_get(params, "service"));
	struct queue_params queue = {.servers = (unsigned)servers, .load = load};
	double p = 0.5, value = NAN, mean = NAN;
	struct dist dist;
	char error[160];
	int discipline = model ? queue_discipline_parse(model) : -1;

	if (discipline < 0 || !service || !(load > 0 && load < 1) || !(servers >= 1 && servers <= QUEUE_SERVERS_MAX) ||
	    dist_parse(&dist, service, error, sizeof(error)))
		return NAN;
	for (size_t i = 0; i < ESTIMATE_QUANTILES; i++)
		if (!strcmp(metric, estimate_name[i]))
			p = estimate_probability[i];
	queue.discipline = (enum queue_discipline)discipline;
	queue.service = &dist;
	if (!queue_exact(&queue, &p, &value, 1, &mean))
		value = mean = NAN;
	dist_destroy(&dist);
	return strcmp(metric, "mean") ? value : mean;
}

/* Largest load at which p99 is within @slo: p99 rises with the load, so bisection finds it. */
static double queue_slo_value(const json_t *params, double servers, double slo)
{
	double low = 1e-6, high = 1 - 1e-6;

	if (!(queue_value(params, "p99", servers, low) <= slo))
		return NAN;
	while (high - low > 1e-6) {
		double middle = (low + high) / 2;

		if (queue_value(params, "p99", servers, middle) <= slo)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

/* The parameter @name, which the x axis may vary. */
static double param_at(const struct figure *figure, const json_t *params, const char *name, double x)
{
	return strcmp(figure->x.name, name) ? json_number_value(json_object_get(params, name)) : x;
}

double figure_exact(const struct figure *figure, const json_t *params, double x)
{
	double servers = param_at(figure, params, "servers", x);

	switch (figure->theory) {
	case FIGURE_QUEUE_EXACT:
		return queue_value(params, figure->y.name, servers, param_at(figure, params, "load", x));
	case FIGURE_QUEUE_SLO_EXACT:
		return queue_slo_value(params, servers, param_at(figure, params, "slo", x));
	case FIGURE_NO_THEORY:
		break;
	}
	return NAN;
}

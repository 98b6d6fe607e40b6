/* From the store to the curves of a figure. */
#include "analysis/figure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_POINTS 200

static bool equal_values(const json_t *a, const json_t *b)
{
	if (json_is_number(a) && json_is_number(b)) {
		double x = json_number_value(a), y = json_number_value(b);

		return fabs(x - y) <= 1e-12 * fmax(fabs(x), fabs(y));
	}
	return json_equal(a, b);
}

bool figure_matches(const json_t *params, const json_t *where)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)where, key,
			    value) if (!equal_values(json_object_get(params, key), value)) return false;
	return true;
}

/* Whether the point belongs to choice @i. */
static bool in_choice(const struct figure_split *split, size_t i, const json_t *params)
{
	const struct figure_choice *choice = &split->choice[i];

	if (!split->param)
		return true;
	if (choice->where)
		return figure_matches(params, choice->where);
	return equal_values(json_object_get(params, split->param), choice->value);
}

static double scale_of(const struct figure_axis *axis)
{
	return axis->scale > 0 ? axis->scale : 1;
}

static const struct metric *find_metric(const struct point_summary *summary, const char *name)
{
	for (size_t i = 0; i < summary->metric_count; i++)
		if (!strcmp(summary->metrics[i].name, name))
			return &summary->metrics[i];
	return NULL;
}

struct collecting {
	const struct figure *figure;
	struct figure_data *data;
	bool out_of_memory;
};

/* Of a point computed from several seeds, the one with the most replications is shown; of equals, the first. */
static bool take_seed(struct figure_curve *curve, const struct figure_point *point)
{
	for (size_t k = 0; k < curve->count; k++) {
		if (curve->point[k].x != point->x)
			continue;
		if (point->replications > curve->point[k].replications)
			curve->point[k] = *point;
		return true;
	}
	return false;
}

static int append_point(struct figure_curve *curve, const json_t *params, const struct figure_point *point)
{
	struct figure_point *grown;

	if (take_seed(curve, point))
		return 0;
	grown = realloc(curve->point, (curve->count + 1) * sizeof(*grown));
	if (!grown)
		return -1;
	curve->point = grown;
	curve->point[curve->count++] = *point;
	if (!curve->params)
		curve->params = json_deep_copy(params);
	return curve->params ? 0 : -1;
}

/* The stored value of @name with its interval, at @params' x. False if the point has none. */
static bool read_point(const struct figure *figure, const struct point_summary *summary, const json_t *params,
		       const char *name, struct figure_point *point)
{
	const struct metric *y = find_metric(summary, name), *capped = find_metric(summary, "capped");
	const json_t *x = json_object_get(params, figure->x.name);

	if (!y || !isfinite(y->value) || !json_is_number(x))
		return false;
	*point = (struct figure_point){
	    .x = json_number_value(x) * scale_of(&figure->x),
	    .y = y->value,
	    .low = isfinite(y->low) ? y->low : y->value,
	    .high = isfinite(y->high) ? y->high : y->value,
	    .no_interval = !isfinite(y->low) || !isfinite(y->high),
	    .replications = summary->replications,
	    .capped = capped && capped->value > 0,
	};
	return true;
}

static void collect_published(struct collecting *c, const struct point_summary *summary, const json_t *params)
{
	for (size_t i = 0; i < c->figure->published_count; i++) {
		const struct figure_published *row = &c->figure->published[i];
		struct figure_point *best = &c->data->published[i], point;

		if (!figure_matches(params, row->where) ||
		    !read_point(c->figure, summary, params, row->metric, &point) ||
		    (!isnan(best->y) && best->x <= point.x))
			continue;
		point.y *= row->scale;
		point.low *= row->scale;
		point.high *= row->scale;
		*best = point;
	}
}

static const char *metric_of(const struct figure *figure, size_t panel, size_t series)
{
	if (figure->series.param && figure->series.choice[series].metric)
		return figure->series.choice[series].metric;
	if (figure->panels.param && figure->panels.choice[panel].metric)
		return figure->panels.choice[panel].metric;
	return figure->y.name;
}

static void collect_curve(struct collecting *c, const struct point_summary *summary, const json_t *params, size_t panel,
			  size_t series)
{
	const struct figure *figure = c->figure;
	double scale = scale_of(&figure->y);
	struct figure_point point;

	if (!in_choice(&figure->panels, panel, params) || !in_choice(&figure->series, series, params) ||
	    !read_point(figure, summary, params, metric_of(figure, panel, series), &point))
		return;
	point.y *= scale;
	point.low *= scale;
	point.high *= scale;
	if (append_point(&c->data->curve[panel][series], params, &point))
		c->out_of_memory = true;
	else if (json_is_number(json_object_get(params, "confidence")))
		c->data->confidence = json_number_value(json_object_get(params, "confidence"));
}

static void collect_params(struct collecting *c, const struct point_summary *summary, const json_t *params)
{
	collect_published(c, summary, params);
	if (!figure_matches(params, c->figure->where))
		return;
	for (size_t i = 0; i < c->figure->panels.count; i++)
		for (size_t j = 0; j < c->figure->series.count; j++)
			collect_curve(c, summary, params, i, j);
}

static void collect_point(const struct point_summary *summary, void *context)
{
	struct collecting *c = context;
	json_t *params = json_loads(summary->params, JSON_DECODE_ANY, NULL);

	if (!params)
		return; /* the store checks what it takes; a foreign row is no point of a figure */
	collect_params(c, summary, params);
	json_decref(params);
}

static int by_x(const void *a, const void *b)
{
	const struct figure_point *p = a, *q = b;

	return (p->x > q->x) - (p->x < q->x);
}

/* The @i-th of EXACT_POINTS values of x between the ends of the axis (or of the data). */
static double exact_x(const struct figure *figure, const struct figure_curve *curve, size_t i)
{
	double low = curve->point[0].x, high = curve->point[curve->count - 1].x;
	double share = (double)i / (EXACT_POINTS - 1);

	return figure->x.log_base ? low * pow(high / low, share) : low + (high - low) * share;
}

static int add_exact(const struct figure *figure, struct figure_curve *curve)
{
	if (figure->theory == FIGURE_NO_THEORY || !curve->count ||
	    isnan(figure_exact(figure, curve->params, curve->point[0].x)))
		return 0;
	curve->exact = malloc(EXACT_POINTS * sizeof(*curve->exact));
	if (!curve->exact)
		return -1;
	for (size_t i = 0; i < EXACT_POINTS; i++) {
		double x = exact_x(figure, curve, i), y;

		/* A number of servers is a whole number. */
		if (!strcmp(figure->x.name, "servers"))
			x = nearbyint(x);
		if (curve->exact_count && curve->exact[curve->exact_count - 1][0] == x)
			continue;
		y = figure_exact(figure, curve->params, x);
		if (isnan(y))
			continue;
		curve->exact[curve->exact_count][0] = x;
		curve->exact[curve->exact_count++][1] = y;
	}
	return 0;
}

static int finish_curves(const struct figure *figure, struct figure_data *data)
{
	for (size_t i = 0; i < figure->panels.count; i++)
		for (size_t j = 0; j < figure->series.count; j++) {
			struct figure_curve *curve = &data->curve[i][j];

			data->points += curve->count;
			for (size_t k = 0; k < curve->count; k++)
				data->capped += curve->point[k].capped;
			if (curve->count)
				qsort(curve->point, curve->count, sizeof(*curve->point), by_x);
			if (add_exact(figure, curve))
				return -1;
		}
	return 0;
}

static int collect(struct store *store, const struct figure *figure, const char *experiment, struct figure_data *data,
		   char *error, size_t error_size)
{
	struct collecting c = {.figure = figure, .data = data};
	int status;

	memset(data, 0, sizeof(*data));
	for (size_t i = 0; i < FIGURE_PUBLISHED_MAX; i++)
		data->published[i].y = NAN;
	status = store_each_point(store, experiment, collect_point, &c, error, error_size);
	if (!status)
		status = store_provenance(store, experiment, &data->provenance, error, error_size);
	if (status)
		return status;
	if (c.out_of_memory || finish_curves(figure, data)) {
		snprintf(error, error_size, "memory is short");
		return 1;
	}
	return 0;
}

int figure_collect(struct store *store, const struct figure *figure, struct figure_data *data, char *error,
		   size_t error_size)
{
	int status = collect(store, figure, figure->experiment, data, error, error_size);
	char quick[256];

	if (status || data->points)
		return status;
	figure_data_clear(data);
	snprintf(quick, sizeof(quick), "%s" FIGURE_QUICK, figure->experiment);
	status = collect(store, figure, quick, data, error, error_size);
	data->quick = data->points > 0;
	return status;
}

void figure_data_clear(struct figure_data *data)
{
	for (size_t i = 0; i < FIGURE_PANELS_MAX; i++)
		for (size_t j = 0; j < FIGURE_SERIES_MAX; j++) {
			free(data->curve[i][j].point);
			free(data->curve[i][j].exact);
			json_decref(data->curve[i][j].params);
		}
	memset(data, 0, sizeof(*data));
}

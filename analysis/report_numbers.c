/* The numbers behind a figure as tables: a row for each x, a column for each curve. */
#include "analysis/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The smallest x above @after of all curves of the panel; INFINITY at the end. */
static double next_x(const struct figure_curve *curve, size_t count, double after)
{
	double next = INFINITY;

	for (size_t j = 0; j < count; j++)
		for (size_t k = 0; k < curve[j].count; k++)
			if (curve[j].point[k].x > after && curve[j].point[k].x < next)
				next = curve[j].point[k].x;
	return next;
}

static const struct figure_point *point_at(const struct figure_curve *curve, double x)
{
	for (size_t k = 0; k < curve->count; k++)
		if (curve->point[k].x == x)
			return &curve->point[k];
	return NULL;
}

static void write_cell(FILE *out, const struct figure *figure, const struct figure_curve *curve, double x)
{
	const struct figure_point *point = point_at(curve, x);
	double exact;

	if (!point) {
		fprintf(out, "<td>&ndash;</td>");
		return;
	}
	fprintf(out, "<td>%.4g%s", point->y, point->capped ? "&dagger;" : "");
	if (point->no_interval)
		fprintf(out, " <small>no interval</small>");
	else
		fprintf(out, " <small>%.4g&ndash;%.4g</small>", point->low, point->high);
	exact = curve->exact_count ? figure_exact(figure, curve->params, x) : NAN;
	if (!isnan(exact))
		fprintf(out, "<br><small>exact %.4g</small>", exact);
	fprintf(out, "</td>");
}

static void write_table(FILE *out, const struct figure *figure, const struct figure_curve *curve)
{
	fprintf(out, "<div class=\"wide\"><table><thead><tr><th>");
	report_text(out, figure->x.label);
	fprintf(out, "</th>");
	for (size_t j = 0; j < figure->series.count; j++) {
		fprintf(out, "<th>");
		report_text(out, figure->series.param ? figure->series.choice[j].label : figure->y.label);
		fprintf(out, "</th>");
	}
	fprintf(out, "</tr></thead><tbody>\n");
	for (double x = next_x(curve, figure->series.count, -INFINITY); isfinite(x);
	     x = next_x(curve, figure->series.count, x)) {
		fprintf(out, "<tr><th>%.6g</th>", x);
		for (size_t j = 0; j < figure->series.count; j++)
			write_cell(out, figure, &curve[j], x);
		fprintf(out, "</tr>\n");
	}
	fprintf(out, "</tbody></table></div>\n");
}

void report_numbers(FILE *out, const struct figure *figure, const struct figure_data *data)
{
	for (size_t i = 0; i < figure->panels.count; i++) {
		fprintf(out, "<details><summary>Numbers");
		if (figure->panels.param) {
			fprintf(out, ": ");
			report_text(out, figure->panels.choice[i].label);
		}
		fprintf(out, "</summary>\n<p class=\"note\">");
		report_text(out, figure->y.label);
		if (data->confidence > 0)
			fprintf(out, ", with its %g%% interval", data->confidence * 100);
		fprintf(out, "%s.</p>\n",
			data->capped ? "; &dagger; marks a run stopped at its cap before the interval was as narrow as "
				       "asked for"
				     : "");
		write_table(out, figure, data->curve[i]);
		fprintf(out, "</details>\n");
	}
}

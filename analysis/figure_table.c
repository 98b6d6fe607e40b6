/* Figures that are tables: each cell is the one point of its panel and series. */
#include "analysis/figure_private.h"

#include <math.h>

#define HEAD_SHARE 0.4 /* of the width, for the names of the rows */

static void cell_text(const struct figure_curve *curve, char *text, size_t size)
{
	const struct figure_point *p = curve->point;

	if (!curve->count)
		snprintf(text, size, "-");
	else if (fabs(p->y) >= 1e3)
		snprintf(text, size, "%.0f", p->y);
	else if (p->no_interval)
		snprintf(text, size, "%.4g", p->y);
	else
		snprintf(text, size, "%.4g (%.4g to %.4g)", p->y, p->low, p->high);
}

static void write_rule(FILE *out, const struct layout *l, double y)
{
	fprintf(out,
		"set arrow from screen %.5f, screen %.5f to screen %.5f, screen %.5f nohead linecolor rgb '#444444' "
		"linewidth 0.8\n",
		FIGURE_LEFT / l->width, 1 - y / l->height, 1 - FIGURE_LEFT / l->width, 1 - y / l->height);
}

void figure_table(FILE *out, const struct figure *figure, const struct figure_data *data, const struct layout *l)
{
	double first = FIGURE_LEFT + HEAD_SHARE * (l->width - 2 * FIGURE_LEFT);
	double column = (l->width - FIGURE_LEFT - first) / (double)figure->series.count;
	double y = l->top + FIGURE_TABLE_ROW / 2;
	char text[96];

	for (size_t j = 0; figure->series.param && j < figure->series.count; j++)
		figure_label(out, l, first + column * (double)j, y, figure->series.choice[j].label, &figure_look_head);
	write_rule(out, l, l->top + FIGURE_TABLE_ROW);
	for (size_t i = 0; i < figure->panels.count; i++) {
		y += FIGURE_TABLE_ROW;
		figure_label(out, l, FIGURE_LEFT, y,
			     figure->panels.param ? figure->panels.choice[i].label : figure->y.label,
			     &figure_look_cell);
		for (size_t j = 0; j < figure->series.count; j++) {
			cell_text(&data->curve[i][j], text, sizeof(text));
			figure_label(out, l, first + column * (double)j, y, text, &figure_look_cell);
		}
	}
	write_rule(out, l, y + FIGURE_TABLE_ROW / 2);
	fprintf(out, "unset border\nunset tics\nunset key\nset xrange [0:1]\nset yrange [0:1]\nplot NaN notitle\n");
}

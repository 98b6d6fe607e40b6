/*
 * The gnuplot script of a figure. Texts are written in single quotes, where gnuplot expands nothing, and with enhanced
 * text off; data go in as blocks, so that the script stands alone.
 */
#include "analysis/figure_private.h"

#include <math.h>
#include <string.h>

/* Okabe and Ito's palette, which people with any of the common colour deficiencies tell apart, with the yellow left out
 * (too pale for a line on white) and grey in its place; dash and marker differ as well, for print without colour. */
static const struct {
	const char *colour, *dash;
	int marker, hollow;
} styles[FIGURE_SERIES_MAX] = {
    {"#0072B2", "solid", 7, 6},         {"#D55E00", "(9,4)", 5, 4},    {"#009E73", "(3,3)", 9, 8},
    {"#CC79A7", "(9,3,2,3)", 13, 12},   {"#E69F00", "(14,4)", 11, 10}, {"#56B4E9", "(2,2)", 15, 14},
    {"#000000", "(6,2,2,2,2,2)", 7, 6}, {"#7F7F7F", "(6,6)", 5, 4},
};

#define TEXT_LINE   15 /* height of a line of the caption */
#define LEGEND_LINE 19 /* and of the legend */
#define LEFT        FIGURE_LEFT
#define CHARACTER   6.6 /* mean width of a character of the legend, with room to spare */
#define LINE_SIZE   512

/* Length of the next line of @text, of at most @columns characters where it can be broken. */
static size_t line_length(const char *text, size_t columns)
{
	size_t length = strlen(text), cut = columns;

	if (length > columns) {
		while (cut > 1 && text[cut] != ' ')
			cut--;
		length = cut > 1 ? cut : columns;
	}
	return length < LINE_SIZE ? length : LINE_SIZE - 1;
}

static unsigned count_lines(const char *text, size_t columns)
{
	unsigned lines = 0;

	for (; *text; text += strspn(text, " "), lines++)
		text += line_length(text, columns);
	return lines;
}

static unsigned lay_out_legend(struct layout *l, const struct figure_split *series)
{
	unsigned columns;
	size_t longest = 0;

	for (size_t j = 0; series->param && j < series->count; j++)
		if (strlen(series->choice[j].label) > longest)
			longest = strlen(series->choice[j].label);
	l->legend_width = 56 + CHARACTER * (double)longest;
	columns = (unsigned)((l->width - LEFT) / l->legend_width);
	/* Four entries as two and two rather than three and one. */
	while (columns > 1 && series->count % columns == 1)
		columns--;
	l->legend_columns = columns > 1 ? columns : 1;
	return series->param ? (unsigned)(series->count - 1) / l->legend_columns + 1 : 0;
}

static struct layout layout_of(const struct figure *figure, const char *source, enum figure_format format)
{
	struct layout l = {.format = format, .left = 62, .right = 18, .gap_x = 44, .gap_y = 60};
	size_t panels = figure->panels.count;

	l.columns = panels == 1 ? 1 : panels <= 4 ? 2 : 3;
	l.rows = (unsigned)((panels + l.columns - 1) / l.columns);
	l.width = l.columns == 1 ? 720 : l.columns == 2 ? 860 : 1100;
	if (figure->style == FIGURE_TABLE)
		l.width = 720;
	l.text_columns = (size_t)(l.width / 5.4);
	l.top = 46 + LEGEND_LINE * lay_out_legend(&l, &figure->series) + (figure->panels.param ? 24 : 4);
	l.bottom =
	    62 + TEXT_LINE * (count_lines(figure->caption, l.text_columns) + count_lines(source, l.text_columns));
	if (figure->style == FIGURE_TABLE) {
		l.top = 46;
		l.height = l.top + l.bottom + FIGURE_TABLE_ROW * (double)(panels + 1);
		return l;
	}
	l.height = l.top + l.bottom + l.rows * (l.columns == 1 ? 360 : 230) + (l.rows - 1) * l.gap_y;
	return l;
}

static void write_text(FILE *out, const char *text)
{
	fputc('\'', out);
	for (; *text; text++) {
		if (*text == '\'')
			fputc('\'', out);
		if ((unsigned char)*text >= ' ')
			fputc(*text, out);
	}
	fputc('\'', out);
}

/* Fonts are given in pixels of the SVG; a page of the PDF has 100 of them to the inch, which has 72 points. */
static void write_font(FILE *out, const struct layout *l, double size, bool bold)
{
	fprintf(out, " font '%s,%.4g'", bold ? "Helvetica Bold" : "", l->format == FIGURE_SVG ? size : size * 0.72);
}

const struct look figure_look_cell = {13, false, "#222222", "left"};
const struct look figure_look_head = {13, true, "#222222", "left"};
static const struct look look_title = {16, true, "#111111", "left"};
static const struct look look_panel = {13, true, "#222222", "left"};
static const struct look look_legend = {13, false, "#222222", "left"};
static const struct look look_axis = {13, false, "#222222", "center"};
static const struct look look_caption = {11, false, "#333333", "left"};
static const struct look look_source = {11, false, "#666666", "left"};

void figure_label(FILE *out, const struct layout *l, double x, double y, const char *text, const struct look *look)
{
	fprintf(out, "set label ");
	write_text(out, text);
	fprintf(out, " at screen %.5f, screen %.5f %s textcolor rgb '%s'", x / l->width, 1 - y / l->height, look->align,
		look->colour);
	write_font(out, l, look->size, look->bold);
	fputc('\n', out);
}

/* Writes @text in lines from @y on; returns where the next paragraph starts. */
static double write_paragraph(FILE *out, const struct layout *l, double y, const char *text, const struct look *look)
{
	char line[LINE_SIZE];

	for (; *text; text += strspn(text, " "), y += TEXT_LINE) {
		size_t length = line_length(text, l->text_columns);

		memcpy(line, text, length);
		line[length] = '\0';
		figure_label(out, l, LEFT, y, line, look);
		text += length;
	}
	return y;
}

static void write_data(FILE *out, const struct figure *figure, const struct figure_data *data)
{
	for (size_t i = 0; i < figure->panels.count; i++)
		for (size_t j = 0; j < figure->series.count; j++) {
			const struct figure_curve *curve = &data->curve[i][j];

			if (curve->count)
				fprintf(out, "$points_%zu_%zu << EOD\n", i, j);
			for (size_t k = 0; k < curve->count; k++) {
				const struct figure_point *p = &curve->point[k];

				fprintf(out, "%.12g %.12g %.12g %.12g %d\n", p->x, p->y, p->low, p->high, p->capped);
			}
			if (curve->count)
				fprintf(out, "EOD\n");
			if (curve->exact_count)
				fprintf(out, "$exact_%zu_%zu << EOD\n", i, j);
			for (size_t k = 0; k < curve->exact_count; k++)
				fprintf(out, "%.12g %.12g\n", curve->exact[k][0], curve->exact[k][1]);
			if (curve->exact_count)
				fprintf(out, "EOD\n");
		}
}

/* Widens the range to @value. */
static void include(struct figure_axis *axis, double value)
{
	if (axis->log_base && !(value > 0))
		return;
	axis->low = value < axis->low ? value : axis->low;
	axis->high = value > axis->high ? value : axis->high;
}

/* An axis without a range gets that of all panels' data, with some room: panels can be compared, and none is empty. */
static struct figure_axis ranged_axis(const struct figure *figure, const struct figure_data *data, bool is_x)
{
	struct figure_axis axis = is_x ? figure->x : figure->y;

	if (axis.ranged)
		return axis;
	axis.low = axis.log_base || is_x ? INFINITY : 0;
	axis.high = -INFINITY;
	for (size_t i = 0; i < figure->panels.count; i++)
		for (size_t j = 0; j < figure->series.count; j++)
			for (size_t k = 0; k < data->curve[i][j].count; k++) {
				const struct figure_point *p = &data->curve[i][j].point[k];

				include(&axis, is_x ? p->x : p->low);
				include(&axis, is_x ? p->x : p->high);
			}
	if (!(axis.low < axis.high)) { /* one value, or none */
		axis.low = isfinite(axis.low) && axis.low > 0 ? axis.low / 2 : axis.log_base ? 0.1 : 0;
		axis.high = axis.high > 0 ? axis.high * 2 : 1;
	} else if (axis.log_base) {
		double room = pow(axis.high / axis.low, 0.03);

		axis.low /= room;
		axis.high *= room;
	} else {
		double room = (axis.high - axis.low) * 0.05;

		axis.low -= axis.low == 0 ? 0 : room;
		axis.high += room;
	}
	return axis;
}

static void write_axis(FILE *out, const char *letter, struct figure_axis axis)
{
	if (axis.log_base)
		fprintf(out, "set logscale %s %d\n", letter, axis.log_base);
	fprintf(out, "set %srange [%.12g:%.12g]\n", letter, axis.low, axis.high);
}

static void write_terminal(FILE *out, const struct layout *l, const char *path)
{
	if (l->format == FIGURE_SVG)
		fprintf(out,
			"set terminal svg size %.0f,%.0f dynamic noenhanced font 'Helvetica,Arial,sans-serif,13' "
			"background rgb 'white' linewidth 1\n",
			l->width, l->height);
	else
		fprintf(out,
			"set terminal pdfcairo size %.3fin,%.3fin noenhanced font 'Helvetica,9.4' "
			"background rgb 'white' linewidth 0.9 pointscale 0.8\n",
			l->width / 100, l->height / 100);
	fprintf(out, "set encoding utf8\nset output ");
	write_text(out, path);
	fprintf(out, "\n");
}

/* The legend stands above the panels, once for all of them. gnuplot's own belongs to one panel and would overlap
 * others. */
static void write_legend(FILE *out, const struct figure *figure, const struct layout *l)
{
	for (size_t j = 0; figure->series.param && j < figure->series.count; j++) {
		double x = LEFT + 2 + (double)(j % l->legend_columns) * l->legend_width;
		size_t row = j / l->legend_columns;
		double y = 46 + (double)row * LEGEND_LINE;

		fprintf(out,
			"set arrow from screen %.5f, screen %.5f to screen %.5f, screen %.5f nohead linestyle %zu\n",
			x / l->width, 1 - y / l->height, (x + 34) / l->width, 1 - y / l->height, j + 1);
		fprintf(out, "set label '' at screen %.5f, screen %.5f point linestyle %zu\n", (x + 17) / l->width,
			1 - y / l->height, j + 1);
		figure_label(out, l, x + 42, y, figure->series.choice[j].label, &look_legend);
	}
}

/* Title, caption and source. */
static void write_frame(FILE *out, const struct figure *figure, const struct layout *l, const char *source)
{
	char title[LINE_SIZE];
	double y = l->height - l->bottom + 68;

	snprintf(title, sizeof(title), "%s   %s", figure->id, figure->title);
	figure_label(out, l, LEFT, 20, title, &look_title);
	y = write_paragraph(out, l, y, figure->caption, &look_caption);
	write_paragraph(out, l, y, source, &look_source);
}

static void write_head(FILE *out, const struct figure *figure, const struct figure_data *data, const struct layout *l,
		       const char *source)
{
	fprintf(out, "set multiplot\nset border 3 linecolor rgb '#444444'\nset tics nomirror out scale 0.5\n"
		     "set tics textcolor rgb '#333333'\nset grid linecolor rgb '#dddddd' linetype 1 linewidth 0.6\n"
		     "unset key\n");
	if (l->format == FIGURE_SVG)
		fprintf(out, "set xtics offset 0, 0.4\n"); /* that terminal sets them lower */
	for (size_t j = 0; j < figure->series.count; j++)
		fprintf(out,
			"set style line %zu linecolor rgb '%s' dashtype %s linewidth 1.8 pointtype %d pointsize 0.7\n",
			j + 1, styles[j].colour, styles[j].dash, styles[j].marker);
	write_axis(out, "x", ranged_axis(figure, data, true));
	write_axis(out, "y", ranged_axis(figure, data, false));
	write_frame(out, figure, l, source);
	write_legend(out, figure, l);
}

static void write_hollow(FILE *out, size_t i, size_t j, const char *colour, int marker)
{
	fprintf(out,
		" $points_%zu_%zu using 1:($5 == 0 ? NaN : $2) with points linecolor rgb '%s' pointtype %d "
		"pointsize 0.8 notitle, \\\n",
		i, j, colour, marker);
}

static void write_curve(FILE *out, size_t i, size_t j, const struct figure_curve *curve)
{
	if (!curve->count)
		return;
	if (curve->exact_count)
		fprintf(out, " $exact_%zu_%zu using 1:2 with lines linestyle %zu notitle, \\\n", i, j, j + 1);
	else
		fprintf(out, " $points_%zu_%zu using 1:2 with lines linestyle %zu notitle, \\\n", i, j, j + 1);
	fprintf(out,
		" $points_%zu_%zu using 1:3:(0):($4 - $3) with vectors nohead linecolor rgb '%s' linewidth 1.2 "
		"notitle, \\\n",
		i, j, styles[j].colour);
	fprintf(out, " $points_%zu_%zu using 1:($5 == 0 ? $2 : NaN) with points linestyle %zu notitle, \\\n", i, j,
		j + 1);
	/* White below, so that no line shows through what is hollow. */
	write_hollow(out, i, j, "white", styles[j].marker);
	write_hollow(out, i, j, styles[j].colour, styles[j].hollow);
}

static void write_panel(FILE *out, const struct figure *figure, const struct figure_data *data, const struct layout *l,
			size_t i)
{
	unsigned column = (unsigned)i % l->columns, row = (unsigned)i / l->columns;
	double width = (l->width - l->left - l->right - (l->columns - 1) * l->gap_x) / l->columns;
	double height = (l->height - l->top - l->bottom - (l->rows - 1) * l->gap_y) / l->rows;
	double left = l->left + column * (width + l->gap_x), top = l->top + row * (height + l->gap_y);
	bool lowest = i + l->columns >= figure->panels.count;

	fprintf(out, "set lmargin at screen %.5f\nset rmargin at screen %.5f\n", left / l->width,
		(left + width) / l->width);
	fprintf(out, "set tmargin at screen %.5f\nset bmargin at screen %.5f\n", 1 - top / l->height,
		1 - (top + height) / l->height);
	if (lowest)
		figure_label(out, l, left + width / 2, top + height + 42, figure->x.label, &look_axis);
	fprintf(out, "set ylabel ");
	write_text(out, column ? "" : figure->y.label);
	fprintf(out, " offset 0.5, 0 textcolor rgb '#222222'\n");
	if (figure->panels.param)
		figure_label(out, l, left, top - 13, figure->panels.choice[i].label, &look_panel);
	fprintf(out, "plot \\\n");
	for (size_t j = 0; j < figure->series.count; j++)
		write_curve(out, i, j, &data->curve[i][j]);
	fprintf(out, " NaN notitle\nunset label\nunset arrow\n");
}

void figure_write_script(FILE *out, const struct figure *figure, const struct figure_data *data,
			 enum figure_format format, const char *path)
{
	char source[LINE_SIZE];
	struct layout layout;

	figure_source_line(figure, data, source, sizeof(source));
	layout = layout_of(figure, source, format);
	write_terminal(out, &layout, path);
	if (figure->style == FIGURE_TABLE) {
		write_frame(out, figure, &layout, source);
		figure_table(out, figure, data, &layout);
	} else {
		write_data(out, figure, data);
		write_head(out, figure, data, &layout, source);
	}
	for (size_t i = 0; figure->style == FIGURE_CURVES && i < figure->panels.count; i++)
		write_panel(out, figure, data, &layout, i);
	fprintf(out, "%sset output\n", figure->style == FIGURE_CURVES ? "unset multiplot\n" : "");
}

void figure_source_line(const struct figure *figure, const struct figure_data *data, char *line, size_t size)
{
	const struct store_provenance *from = &data->provenance;
	char seeds[64], points[64], interval[64] = "";
	bool exact = false;

	for (size_t i = 0; i < figure->panels.count; i++)
		for (size_t j = 0; j < figure->series.count; j++)
			exact = exact || data->curve[i][j].exact_count;
	if (from->seed_low == from->seed_high)
		snprintf(seeds, sizeof(seeds), "seed %llu", (unsigned long long)from->seed_low);
	else
		snprintf(seeds, sizeof(seeds), "seeds %llu to %llu", (unsigned long long)from->seed_low,
			 (unsigned long long)from->seed_high);
	if (from->points < figure->planned && !data->quick)
		snprintf(points, sizeof(points), "%u of %zu points", from->points, figure->planned);
	else
		snprintf(points, sizeof(points), "%zu points", data->points);
	if (data->confidence > 0)
		snprintf(interval, sizeof(interval), " Bars: %g%% intervals.", data->confidence * 100);
	snprintf(line, size, "%s%s%s%s Data: experiment %s, %s of %u runs, %s, ixlab %s.",
		 exact ? "Points: simulated; lines: exact where known." : "Points: simulated.",
		 data->quick ? " A quick run." : "", interval,
		 data->capped ? " Hollow: stopped at the cap, interval wider than asked for." : "", figure->experiment,
		 points, from->runs, seeds, from->versions);
}

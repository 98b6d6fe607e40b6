/* What the parts that write a figure's script share. Private to analysis: see figure.h. */
#ifndef IXLAB_ANALYSIS_FIGURE_PRIVATE_H
#define IXLAB_ANALYSIS_FIGURE_PRIVATE_H

#include "analysis/figure.h"

#define FIGURE_LEFT      14 /* of title, legend and caption */
#define FIGURE_TABLE_ROW 26.0

/* Sizes in points; the SVG has as many pixels. */
struct layout {
	double width, height;
	double left, right, top, bottom; /* around the panels */
	double gap_x, gap_y;             /* between panels */
	enum figure_format format;
	unsigned columns, rows;
	unsigned legend_columns;
	double legend_width; /* of a column */
	size_t text_columns; /* characters in a line of the caption */
};

struct look {
	double size;
	bool bold;
	const char *colour, *align;
};

extern const struct look figure_look_cell, figure_look_head;

/* A label at a place of the page given in points from its upper left corner. */
void figure_label(FILE *out, const struct layout *l, double x, double y, const char *text, const struct look *look);

/* The table: a row for each panel, a column for each series, all by labels; and an empty plot, for gnuplot to draw. */
void figure_table(FILE *out, const struct figure *figure, const struct figure_data *data, const struct layout *l);

#endif

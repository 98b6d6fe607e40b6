/*
 * The report: one HTML page that needs no network and no other file, with every figure that has data, the numbers
 * behind it, the published numbers beside the simulated ones, how to make each again, and where the data come from.
 */
#ifndef IXLAB_ANALYSIS_REPORT_H
#define IXLAB_ANALYSIS_REPORT_H

#include "analysis/comparison.h"
#include "analysis/figure.h"
#include "analysis/published.h"

struct report_entry {
	const struct figure *figure;
	const struct figure_data *data; /* data->points is 0 where there are none yet */
	char *svg;                      /* from report_svg(); NULL without data */
};

struct report {
	const char *version;  /* of the program writing it */
	const char *database; /* path, as the reader would type it */
	const struct published *published;
	const struct report_entry *entry;
	size_t count;
	long cores; /* of the machine the report is written on */
	/* What `ixlab compare` has measured of the published figures and of the orderings; NULL: nothing. */
	const struct comparison_row *comparison, *ordering;
	size_t comparisons, orderings;
};

/*
 * Draws the figure as an <svg> element for use within a page: identifiers unique to it, no XML prologue. free() it.
 * NULL with @error.
 */
char *report_svg(const struct figure *figure, const struct figure_data *data, char *error, size_t error_size);

/* Writes the page. Returns 0, or -1 (errno) if a write failed. */
int report_write(FILE *out, const struct report *report);

/* Writes @text with the characters special in HTML replaced; in anchors, other than letters and digits become dashes.
 */
void report_text(FILE *out, const char *text);
void report_anchor(FILE *out, const char *text);

/* The tables of numbers, a collapsible one for each panel. */
void report_numbers(FILE *out, const struct figure *figure, const struct figure_data *data);

extern const char report_style[]; /* the page's CSS */

#endif

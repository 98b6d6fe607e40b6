/*
 * Figures: what a figure shows is described by data (struct figure, read from an experiment file by
 * harness/figure_file.h), its points come from the store alone, and gnuplot draws it. A figure has one or more panels,
 * one for each value of a parameter, and in each a curve for each value of another.
 *
 * Curves of simulated points are lines through the points, unless an exact result is known and asked for: then the line
 * is the exact result and the points stand on it or do not. Intervals are drawn as bars. Points whose run was stopped
 * at its cap, so that the interval is wider than asked for, are hollow.
 */
#ifndef IXLAB_ANALYSIS_FIGURE_H
#define IXLAB_ANALYSIS_FIGURE_H

#include "analysis/store.h"
#include <jansson.h>
#include <stdio.h>

#define FIGURE_PANELS_MAX 12
#define FIGURE_SERIES_MAX 8 /* as many as can be told apart by colour, dash and marker */

/* One value of a parameter, or several parameters' values, and what a reader calls it. */
struct figure_choice {
	json_t *value; /* number, string or boolean; NULL: where tells */
	const char *label;
	json_t *where;      /* object of parameters; NULL: value tells */
	const char *metric; /* shown instead of the y axis's; NULL: that */
};

/* A parameter by whose values the points are told apart. */
struct figure_split {
	const char *param; /* NULL: no split, one choice without a label; "": each choice has its parameters */
	size_t count;      /* at least 1 */
	struct figure_choice choice[FIGURE_PANELS_MAX];
};

struct figure_axis {
	const char *name; /* x: a parameter that is a number; y: a metric */
	const char *label;
	int log_base; /* 0 (linear), 2 or 10 */
	bool ranged;  /* low and high are set; otherwise they follow from the data */
	double low, high;
	double scale; /* what is drawn, over what is stored; 0: 1 */
};

/* How a figure is drawn: curves, or a table with a row for each panel and a column for each series. */
enum figure_style { FIGURE_CURVES, FIGURE_TABLE };

enum figure_theory {
	FIGURE_NO_THEORY,
	FIGURE_QUEUE_EXACT,    /* quantiles and mean of kind "queue", where a closed form is known */
	FIGURE_QUEUE_SLO_EXACT /* the maximum load of kind "queue-slo", likewise */
};

/* A published number beside which a value of this figure's data stands. */
struct figure_published {
	const char *id;     /* in results/published.csv */
	const char *metric; /* the stored metric that corresponds */
	double scale;       /* value times scale is in the published unit */
	json_t *where;      /* parameters of the point; of several, the one with the lowest x is meant */
};

#define FIGURE_PUBLISHED_MAX 16

/* Strings and JSON values belong to whoever made the figure. */
struct figure {
	const char *id;         /* "3.2" */
	const char *title;      /* one line */
	const char *section;    /* of the thesis; "" if none */
	const char *caption;    /* what is shown, in a sentence or two; "" if nothing need be said */
	const char *experiment; /* whose points are drawn */
	const char *file;       /* the experiment file that makes them */
	size_t planned;         /* points of that file */
	json_t *where;          /* object: only points with these parameters; NULL: all */
	enum figure_style style;
	struct figure_split panels, series;
	struct figure_axis x, y;
	enum figure_theory theory;
	struct figure_published published[FIGURE_PUBLISHED_MAX];
	size_t published_count;
};

struct figure_point {
	double x, y;
	double low, high; /* confidence interval; both y where none is known (the run was too short) */
	unsigned replications;
	bool no_interval;
	bool capped; /* stopped at its cap before the interval was as narrow as asked for */
};

struct figure_curve {
	struct figure_point *point; /* by rising x */
	size_t count;
	double (*exact)[2]; /* x and y of the exact result, by rising x; NULL if none is known */
	size_t exact_count;
	json_t *params; /* of one of the points */
};

struct figure_data {
	struct figure_curve curve[FIGURE_PANELS_MAX][FIGURE_SERIES_MAX];
	size_t points, capped;
	struct figure_point
	    published[FIGURE_PUBLISHED_MAX]; /* beside figure->published, scaled; y is NAN without data */
	struct store_provenance provenance;  /* of the experiment */
	double confidence;                   /* of the intervals, as in 0.95; 0 if not stored */
	bool quick;                          /* of a quick run of the experiment, as there is no other */
};

#define FIGURE_QUICK ".quick" /* what the name of the experiment of a quick run ends in */

/*
 * Reads the figure's points from the store and computes its exact results. Returns 0, 1 or 2 (exit codes) with @error;
 * a store without points of this figure is no error: data->points is 0. Free with figure_data_clear() in any case.
 */
int figure_collect(struct store *store, const struct figure *figure, struct figure_data *data, char *error,
		   size_t error_size);
void figure_data_clear(struct figure_data *data);

/* Whether the point with parameters @params has all those of @where (NULL: yes). Numbers are compared as numbers. */
bool figure_matches(const json_t *params, const json_t *where);

/* The exact result for @params at @x, NAN if none is known. */
double figure_exact(const struct figure *figure, const json_t *params, double x);

enum figure_format { FIGURE_SVG, FIGURE_PDF };

/* Writes the gnuplot script that draws @data into @path. */
void figure_write_script(FILE *out, const struct figure *figure, const struct figure_data *data,
			 enum figure_format format, const char *path);

/*
 * Draws into @path, by way of a temporary file beside it: it appears whole or not at all. Returns 0, or 1 with @error
 * where gnuplot is missing or fails or the file cannot be written.
 */
int figure_draw(const struct figure *figure, const struct figure_data *data, enum figure_format format,
		const char *path, char *error, size_t error_size);

/* The line naming the data: experiment, points, replications, seed, version. */
void figure_source_line(const struct figure *figure, const struct figure_data *data, char *line, size_t size);

#endif

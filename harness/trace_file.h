/*
 * An event trace as a file: text, one line `TIME_NS CORE WHAT WHO` for each record (sim/trace.h says what they mean),
 * or, where the name ends in .svg, a picture of a window of time: a row for each core, time from left to right, kernel
 * and user phases in colours, arrivals and departures as ticks.
 */
#ifndef IXLAB_HARNESS_TRACE_FILE_H
#define IXLAB_HARNESS_TRACE_FILE_H

#include "sim/trace.h"
#include <stdio.h>

#define TRACE_SVG_LENGTH_US 200.0 /* of a picture, where no window is asked for */
#define TRACE_SVG_MAX_US    1e6   /* a longer one would be too large to look at */

struct trace_file {
	struct sim_trace trace; /* give it to the simulation */
	FILE *out;
	int is_svg;
	uint64_t start_ns, end_ns; /* records in [start, end) are written */
	unsigned cores;
	struct trace_row *row; /* of a picture: the state of each core */
	FILE *marks;           /* and its ticks, which come on top of the phases */
	char *marks_text;
	size_t marks_size;
};

/*
 * @start_us and @length_us bound what is written; a length of 0 means all of it, or TRACE_SVG_LENGTH_US for a picture.
 * Returns 0, or -1 with errno.
 */
int trace_file_open(struct trace_file *file, const char *path, unsigned cores, double start_us, double length_us);

/* Writes what is left. Returns 0, or -1 with errno where something could not be written. */
int trace_file_close(struct trace_file *file);

/* The picture's part: its beginning, a record, its end. */
int trace_svg_begin(struct trace_file *file);
void trace_svg_record(struct trace_file *file, const struct sim_trace_record *record);
void trace_svg_end(struct trace_file *file);

#endif

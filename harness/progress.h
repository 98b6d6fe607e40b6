/* Progress of a long job on standard error: one line redrawn on a terminal, plain lines at every tenth otherwise. */
#ifndef IXLAB_HARNESS_PROGRESS_H
#define IXLAB_HARNESS_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct progress {
	FILE *file; /* NULL: quiet */
	const char *name;
	bool terminal, drawn;
	size_t steps, steps_done;
	double weight, weight_done; /* of all steps: how long they are expected to take, in any unit */
	double start_s;             /* monotonic clock */
	int shown_tenths;
};

/* @name is borrowed. @file may be NULL for none. */
void progress_start(struct progress *progress, FILE *file, const char *name, size_t steps, double weight);

/* A step of @weight is over. */
void progress_step(struct progress *progress, double weight);

/* Removes the line from the terminal, so that something else can be written; the next step draws it again. */
void progress_hide(struct progress *progress);

/* Text for a remaining time, as in "2 min 05 s". */
void progress_duration(double seconds, char *text, size_t text_size);

#endif

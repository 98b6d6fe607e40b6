/*
 * Options of the commands that compute one point (`ixlab queue`, `ixlab system`, `ixlab slo`): each becomes a parameter
 * of the point, which its kind then checks, so that a command line and an experiment file obey the same rules.
 */
#ifndef IXLAB_HARNESS_OPTIONS_H
#define IXLAB_HARNESS_OPTIONS_H

#include "harness/point.h"
#include <argp.h>
#include <stdbool.h>

struct options {
	json_t *params; /* object; its owner frees it */
	uint64_t seed;
	bool exact, json;
};

/* To be children of the command's; the input of each is a struct options. */
extern const struct argp options_argp;        /* those common to all */
extern const struct argp options_model_argp;  /* of a queueing model */
extern const struct argp options_system_argp; /* of a simulated machine and the requests it faces */
extern const struct argp options_load_argp;   /* how often these come */

/* Sets the parameter called like the option @name to the number written in @text; ends the process where it is none. */
void options_set_number(json_t *params, const char *name, const char *text);
void options_set_text(json_t *params, const char *name, const char *text); /* likewise, where it is not UTF-8 */

/* The value of --seed; ends the process where it is none. */
uint64_t options_parse_seed(const char *text);

/* Checks the parameters by @kind; ends the process with what is wrong. */
void options_normalize(const struct point_kind *kind, struct options *options);

/*
 * Computes the point with progress on a terminal, stopping at SIGINT. 0, or 1 after the complaint. Clear @result in any
 * case.
 */
int options_run_point(const struct point_kind *kind, const struct options *options, struct point_result *result);

/* Prints @object on one line of standard output. 0, or 1 when memory is short. */
int options_print_json(const json_t *object);

/* Adds @name, and where there is an interval NAME_low and NAME_high. */
void options_json_metric(json_t *object, const char *name, const struct metric *metric);

/* Prints a number with a comma before every third digit: 10,000,000. */
void options_print_count(double count);

/* The named metric's value; NAN where there is none. */
double options_metric(const struct point_result *result, const char *name);

/* Prints "note: TEXT" if the named metric is above 0. */
void options_note(const struct point_result *result, const char *metric, const char *text);

#endif

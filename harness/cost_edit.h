/* Changes of cost files that leave everything else, comments above all, as it is. */
#ifndef IXLAB_HARNESS_COST_EDIT_H
#define IXLAB_HARNESS_COST_EDIT_H

#include <stddef.h>

/* The value of the line "KEY = NUMBER;" of @text, NAN where there is none. */
double cost_edit_get(const char *text, const char *key);

/* @text with the value of @key replaced. free() it; NULL where there is no such line or memory is short. */
char *cost_edit_set(const char *text, const char *key, double value);

/* @text with the lines "#: ...", which tell how its values came about, replaced by @lines on top, each of which must
 * start so. free() it; NULL when memory is short. */
char *cost_edit_provenance(const char *text, const char *lines);

/* The whole file; free() it. NULL (errno) where it cannot be read. */
char *cost_edit_read(const char *path);

/* Writes by way of a file beside it, so that it is there whole or not at all. 0 or -1 (errno). */
int cost_edit_write(const char *path, const char *text);

#endif

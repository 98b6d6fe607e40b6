/*
 * Text of JSON objects on one line, with reals in the shortest form that reads back the same, which jansson does not offer. A
 * real keeps its decimal point, so that it reads back as a real.
 */
#ifndef IXLAB_HARNESS_JSON_TEXT_H
#define IXLAB_HARNESS_JSON_TEXT_H

#include <jansson.h>
#include <stdbool.h>

/* One line, keys as inserted or sorted by bytes. free() it; NULL when memory is short. */
char *json_flat_text(const json_t *object, bool sorted);

/* The same for one value of any kind. */
char *json_value_text(const json_t *value);

/* Sets @key to the real @value, or to null where JSON has no number for it (NAN, infinities). */
void json_set_real(json_t *object, const char *key, double value);

#endif

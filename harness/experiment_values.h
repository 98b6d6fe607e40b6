/* Values of one parameter in an experiment file: a scalar, or in a sweep a list of scalars and ranges. */
#ifndef IXLAB_HARNESS_EXPERIMENT_VALUES_H
#define IXLAB_HARNESS_EXPERIMENT_VALUES_H

#include <jansson.h>
#include <libconfig.h>
#include <stddef.h>

#define EXPERIMENT_POINTS_MAX 20000

/* Where complaints about a file go. */
struct experiment_source {
	const char *name; /* of the file */
	char *error;      /* receives one line, without a newline */
	size_t error_size;
};

struct experiment_value {
	json_t *json; /* a string, an integer, a real or a boolean */
	unsigned line;
};

struct experiment_values {
	const char *key; /* borrowed from the setting */
	struct experiment_value *value;
	size_t count;
};

/* Writes "FILE:LINE: key 'KEY': TEXT" as the error, LINE and KEY being those of @setting. Returns 2. */
int experiment_reject(const struct experiment_source *source, const config_setting_t *setting, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Reads a scalar into @out. 0, 1 (memory is short) or 2 with the error; clear @out in any case. */
int experiment_values_scalar(const struct experiment_source *source, const config_setting_t *setting,
			     struct experiment_values *out);

/*
 * Reads what a sweep takes: a list of scalars and ranges, or one range,
 *   { from = A; to = B; step = C; }   or   { from = A; to = B; points = N; scale = "linear" or "log"; }
 * whose values are rounded to 12 significant digits, and are integers where both ends are and the value is one.
 * Returns as experiment_values_scalar() does.
 */
int experiment_values_sweep(const struct experiment_source *source, const config_setting_t *setting,
			    struct experiment_values *out);

void experiment_values_clear(struct experiment_values *values);

#endif

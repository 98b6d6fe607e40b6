#include "harness/experiment_values.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int experiment_reject(const struct experiment_source *source, const config_setting_t *setting, const char *format, ...)
{
	const char *key = NULL;
	va_list args;
	int used;

	/* An element of a list has no name: its list's is meant. */
	for (const config_setting_t *s = setting; !key && !config_setting_is_root(s); s = config_setting_parent(s))
		key = config_setting_name(s);
	used = snprintf(source->error, source->error_size, "%s:%u: key '%s': ", source->name,
			config_setting_source_line(setting), key ? key : "");
	if (used < 0 || (size_t)used >= source->error_size)
		return 2;
	va_start(args, format);
	vsnprintf(source->error + used, source->error_size - (size_t)used, format, args);
	va_end(args);
	return 2;
}

static int append(struct experiment_values *values, json_t *json, unsigned line)
{
	struct experiment_value *grown;

	if (!json)
		return 1;
	grown = realloc(values->value, (values->count + 1) * sizeof(*grown));
	if (!grown) {
		json_decref(json);
		return 1;
	}
	values->value = grown;
	values->value[values->count++] = (struct experiment_value){json, line};
	return 0;
}

static int append_text(const struct experiment_source *source, const config_setting_t *setting,
		       struct experiment_values *out)
{
	json_t *json = json_string(config_setting_get_string(setting));

	if (!json)
		return experiment_reject(source, setting, "not UTF-8 text");
	return append(out, json, config_setting_source_line(setting));
}

static int append_scalar(const struct experiment_source *source, const config_setting_t *setting,
			 struct experiment_values *out)
{
	unsigned line = config_setting_source_line(setting);
	double real;

	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return append(out, json_integer(config_setting_get_int64(setting)), line);
	case CONFIG_TYPE_FLOAT:
		real = config_setting_get_float(setting);
		if (!isfinite(real))
			return experiment_reject(source, setting, "%g: must be a finite number", real);
		return append(out, json_real(real), line);
	case CONFIG_TYPE_BOOL:
		return append(out, json_boolean(config_setting_get_bool(setting)), line);
	case CONFIG_TYPE_STRING:
		return append_text(source, setting, out);
	default:
		return experiment_reject(source, setting, "must be one number, text, or true or false");
	}
}

int experiment_values_scalar(const struct experiment_source *source, const config_setting_t *setting,
			     struct experiment_values *out)
{
	*out = (struct experiment_values){.key = config_setting_name(setting)};
	return append_scalar(source, setting, out);
}

struct range {
	double from, to, step;
	long long points;
	bool has_step, has_points, logarithmic, integers;
};

static bool is_number(const config_setting_t *setting)
{
	int type = config_setting_type(setting);

	return type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64 || type == CONFIG_TYPE_FLOAT;
}

static double number(const config_setting_t *setting)
{
	if (config_setting_type(setting) == CONFIG_TYPE_FLOAT)
		return config_setting_get_float(setting);
	return (double)config_setting_get_int64(setting);
}

/* One of from, to, step. */
static int read_bound(const struct experiment_source *source, const config_setting_t *setting, double *out)
{
	if (!is_number(setting) || !isfinite(number(setting)))
		return experiment_reject(source, setting, "must be a finite number");
	*out = number(setting);
	return 0;
}

static int read_points(const struct experiment_source *source, const config_setting_t *setting, struct range *range)
{
	if (!is_number(setting) || config_setting_type(setting) == CONFIG_TYPE_FLOAT)
		return experiment_reject(source, setting, "must be an integer from 2 to %d", EXPERIMENT_POINTS_MAX);
	range->points = config_setting_get_int64(setting);
	range->has_points = true;
	if (range->points < 2 || range->points > EXPERIMENT_POINTS_MAX)
		return experiment_reject(source, setting, "%lld: must be an integer from 2 to %d", range->points,
					 EXPERIMENT_POINTS_MAX);
	return 0;
}

static int read_scale(const struct experiment_source *source, const config_setting_t *setting, struct range *range)
{
	const char *text = config_setting_get_string(setting);

	if (!text || (strcmp(text, "linear") != 0 && strcmp(text, "log") != 0))
		return experiment_reject(source, setting, "%s: must be \"linear\" or \"log\"", text ? text : "no text");
	range->logarithmic = !strcmp(text, "log");
	return 0;
}

static int read_range_key(const struct experiment_source *source, const config_setting_t *setting, struct range *range)
{
	const char *key = config_setting_name(setting);

	if (!strcmp(key, "from"))
		return read_bound(source, setting, &range->from);
	if (!strcmp(key, "to"))
		return read_bound(source, setting, &range->to);
	if (!strcmp(key, "step")) {
		range->has_step = true;
		return read_bound(source, setting, &range->step);
	}
	if (!strcmp(key, "points"))
		return read_points(source, setting, range);
	if (!strcmp(key, "scale"))
		return read_scale(source, setting, range);
	return experiment_reject(source, setting, "unknown in a range: from, to, step, points and scale are allowed");
}

static bool is_integer(const config_setting_t *group, const char *key)
{
	return config_setting_type(config_setting_get_member(group, key)) != CONFIG_TYPE_FLOAT;
}

/* Checks what the keys say together and finds the number of points. */
static int complete_range(const struct experiment_source *source, const config_setting_t *setting, struct range *range)
{
	double steps;

	if (!config_setting_get_member(setting, "from") || !config_setting_get_member(setting, "to"))
		return experiment_reject(source, setting, "a range needs both from and to");
	if (range->has_step == range->has_points)
		return experiment_reject(source, setting, "a range needs either step or points");
	if (range->from > range->to)
		return experiment_reject(source, setting, "empty range: from %g must be at most to %g", range->from,
					 range->to);
	range->integers = is_integer(setting, "from") && is_integer(setting, "to");
	if (range->logarithmic && (range->has_step || range->from <= 0))
		return experiment_reject(source, setting, "scale \"log\" needs points, and from above 0");
	if (!range->has_step)
		return 0;
	if (!(range->step > 0))
		return experiment_reject(source, setting, "step %g: must be above 0", range->step);
	steps = floor((range->to - range->from) / range->step * (1 + 1e-12) + 1e-9);
	if (!(steps < EXPERIMENT_POINTS_MAX))
		return experiment_reject(source, setting, "step %g: more than %d values", range->step,
					 EXPERIMENT_POINTS_MAX);
	range->points = (long long)steps + 1;
	return 0;
}

/* Rounds to 12 significant digits, so that 0.05 + 2 * 0.05 is the 0.15 that a reader of the file means. */
static double rounded(double x)
{
	char text[32];

	snprintf(text, sizeof(text), "%.12g", x);
	return strtod(text, NULL);
}

static double range_value(const struct range *range, long long i)
{
	double share;

	if (range->has_step)
		return rounded(range->from + (double)i * range->step);
	if (i == 0 || i == range->points - 1)
		return i == 0 ? range->from : range->to;
	share = (double)i / (double)(range->points - 1);
	if (range->logarithmic)
		return rounded(range->from * pow(range->to / range->from, share));
	return rounded(range->from + share * (range->to - range->from));
}

static int append_range(const struct experiment_source *source, const config_setting_t *setting,
			struct experiment_values *out)
{
	unsigned line = config_setting_source_line(setting);
	struct range range = {0};
	int error = 0;

	for (int i = 0; i < config_setting_length(setting) && !error; i++)
		error = read_range_key(source, config_setting_get_elem(setting, (unsigned)i), &range);
	if (!error)
		error = complete_range(source, setting, &range);
	for (long long i = 0; i < range.points && !error; i++) {
		double value = range_value(&range, i);
		bool integer = range.integers && value == floor(value) && fabs(value) < 1e15;

		if (!isfinite(value))
			return experiment_reject(source, setting, "the range is too wide");
		error = append(out, integer ? json_integer((json_int_t)value) : json_real(value), line);
	}
	return error;
}

int experiment_values_sweep(const struct experiment_source *source, const config_setting_t *setting,
			    struct experiment_values *out)
{
	int error = 0;

	*out = (struct experiment_values){.key = config_setting_name(setting)};
	if (config_setting_is_group(setting))
		return append_range(source, setting, out);
	if (!config_setting_is_list(setting) && !config_setting_is_array(setting))
		return experiment_reject(source, setting,
					 "must be a list, as in [1, 2], or a range, as in "
					 "{ from = 1; to = 9; step = 2; }");
	if (config_setting_length(setting) == 0)
		return experiment_reject(source, setting, "empty: needs at least one value");
	for (int i = 0; i < config_setting_length(setting) && !error; i++) {
		const config_setting_t *element = config_setting_get_elem(setting, (unsigned)i);

		error = config_setting_is_group(element) ? append_range(source, element, out)
							 : append_scalar(source, element, out);
		if (!error && out->count > EXPERIMENT_POINTS_MAX)
			error = experiment_reject(source, setting, "more than %d values", EXPERIMENT_POINTS_MAX);
	}
	return error;
}

void experiment_values_clear(struct experiment_values *values)
{
	for (size_t i = 0; i < values->count; i++)
		json_decref(values->value[i].json);
	free(values->value);
	*values = (struct experiment_values){0};
}

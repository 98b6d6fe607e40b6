/* The group `figure` of an experiment file, read strictly. */
#include "harness/figure_file.h"
#include "harness/experiment.h"

#include <stdlib.h>
#include <string.h>

struct reading {
	struct experiment_source source;
	struct figure_file *file;
};

/* Whether @setting is a group of no other keys than @known (NULL at the end). 0 or 2. */
static int check_group(struct reading *r, const config_setting_t *setting, const char *const *known)
{
	char allowed[256] = "";

	for (size_t k = 0; known[k]; k++)
		snprintf(allowed + strlen(allowed), sizeof(allowed) - strlen(allowed), "%s%s", k ? ", " : "", known[k]);
	if (!config_setting_is_group(setting))
		return experiment_reject(&r->source, setting, "must be a group { ... } of %s", allowed);
	for (int i = 0; i < config_setting_length(setting); i++) {
		const config_setting_t *member = config_setting_get_elem(setting, (unsigned)i);
		size_t k = 0;

		while (known[k] && strcmp(known[k], config_setting_name(member)) != 0)
			k++;
		if (!known[k])
			return experiment_reject(&r->source, member, "unknown: %s are allowed", allowed);
	}
	return 0;
}

/* The text under @key into *@out, which keeps its value (the default) where there is none, unless it is NULL. 0 or 2.
 */
static int read_text(struct reading *r, const config_setting_t *group, const char *key, const char **out)
{
	const config_setting_t *setting = config_setting_get_member(group, key);
	const char *text = setting ? config_setting_get_string(setting) : NULL;

	if (!setting && *out)
		return 0;
	if (!setting)
		return experiment_reject(&r->source, group, "lacks the key '%s', a text", key);
	if (!text)
		return experiment_reject(&r->source, setting, "must be a text");
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < ' ')
			return experiment_reject(&r->source, setting, "must be one line of text");
	*out = text;
	return 0;
}

/* A scalar as JSON, owned by the file. 0, 1 or 2. */
static int read_value(struct reading *r, const config_setting_t *setting, json_t **out)
{
	struct experiment_values values = {0};
	int status = experiment_values_scalar(&r->source, setting, &values);

	if (!status) {
		*out = values.value[0].json;
		status = json_array_append(r->file->values, *out) ? 1 : 0;
	}
	experiment_values_clear(&values);
	return status;
}

/* A group of parameters and values as a JSON object, owned by the file. */
static int read_where(struct reading *r, const config_setting_t *group, json_t **out)
{
	const config_setting_t *setting = config_setting_get_member(group, "where");
	json_t *value = NULL;
	int status = 0;

	if (!setting)
		return 0;
	if (!config_setting_is_group(setting))
		return experiment_reject(&r->source, setting, "must be a group { parameter = value; ... }");
	*out = json_object();
	if (json_array_append_new(r->file->values, *out))
		return 1;
	for (int i = 0; !status && i < config_setting_length(setting); i++) {
		const config_setting_t *member = config_setting_get_elem(setting, (unsigned)i);

		status = read_value(r, member, &value);
		if (!status && json_object_set(*out, config_setting_name(member), value))
			status = 1;
	}
	return status;
}

static int read_choice(struct reading *r, const config_setting_t *setting, bool has_param, struct figure_choice *choice)
{
	static const char *const known[] = {"value", "label", "where", "metric", NULL};
	const config_setting_t *value;
	int status = check_group(r, setting, known);

	if (!status)
		status = read_text(r, setting, "label", &choice->label);
	if (!status && config_setting_get_member(setting, "metric"))
		status = read_text(r, setting, "metric", &choice->metric);
	if (!status)
		status = read_where(r, setting, &choice->where);
	if (status)
		return status;
	value = config_setting_get_member(setting, "value");
	if (value && choice->where)
		return experiment_reject(&r->source, value, "not beside 'where'");
	if (value && !has_param)
		return experiment_reject(&r->source, value, "without a 'param' whose value it is");
	if (!value && !choice->where)
		return experiment_reject(&r->source, setting, "lacks the key 'value', or 'where'");
	return value ? read_value(r, value, &choice->value) : 0;
}

static int read_split(struct reading *r, const config_setting_t *figure, const char *key, int max,
		      struct figure_split *split)
{
	static const char *const known[] = {"param", "values", NULL};
	const config_setting_t *group = config_setting_get_member(figure, key), *values;
	int status, count;

	split->count = 1;
	if (!group)
		return 0;
	status = check_group(r, group, known);
	split->param = "";
	if (!status)
		status = read_text(r, group, "param", &split->param);
	if (status)
		return status;
	values = config_setting_get_member(group, "values");
	count = values && config_setting_is_list(values) ? config_setting_length(values) : 0;
	if (count < 1 || count > max)
		return experiment_reject(&r->source, values ? values : group,
					 "values must be a list of 1 to %d groups ( { value = ...; label = ...; } )",
					 max);
	split->count = (size_t)count;
	for (int i = 0; !status && i < count; i++)
		status = read_choice(r, config_setting_get_elem(values, (unsigned)i), *split->param, &split->choice[i]);
	return status;
}

static int read_number(struct reading *r, const config_setting_t *setting, double *out)
{
	switch (setting ? config_setting_type(setting) : CONFIG_TYPE_NONE) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		*out = (double)config_setting_get_int64(setting);
		return 0;
	case CONFIG_TYPE_FLOAT:
		*out = config_setting_get_float(setting);
		return 0;
	default:
		return experiment_reject(&r->source, setting, "must be a number");
	}
}

/* range = [low, high] and log = 0, 2 or 10: both may be left out. */
static int read_scale(struct reading *r, const config_setting_t *group, struct figure_axis *axis)
{
	const config_setting_t *range = config_setting_get_member(group, "range");
	const config_setting_t *base = config_setting_get_member(group, "log");
	const config_setting_t *scale = config_setting_get_member(group, "scale");

	if (base) {
		axis->log_base = config_setting_type(base) == CONFIG_TYPE_INT ? config_setting_get_int(base) : -1;
		if (axis->log_base != 0 && axis->log_base != 2 && axis->log_base != 10)
			return experiment_reject(&r->source, base, "must be 0 (linear), 2 or 10, the base");
	}
	if (scale && (read_number(r, scale, &axis->scale) || !(axis->scale > 0)))
		return experiment_reject(&r->source, scale, "must be a number above 0");
	if (!range)
		return 0;
	axis->ranged = true;
	if (config_setting_length(range) != 2 || !config_setting_is_aggregate(range))
		return experiment_reject(&r->source, range, "must be two numbers [low, high]");
	if (read_number(r, config_setting_get_elem(range, 0), &axis->low) ||
	    read_number(r, config_setting_get_elem(range, 1), &axis->high))
		return 2;
	if (!(axis->low < axis->high) || (axis->log_base && !(axis->low > 0)))
		return experiment_reject(&r->source, range, "[%g, %g]: must rise%s", axis->low, axis->high,
					 axis->log_base ? " and be above 0 on a logarithmic axis" : "");
	return 0;
}

static int read_axis(struct reading *r, const config_setting_t *figure, const char *key, const char *name_key,
		     struct figure_axis *axis)
{
	const char *const known[] = {name_key, "label", "range", "log", "scale", NULL};
	const config_setting_t *group = config_setting_get_member(figure, key);
	int status;

	if (!group)
		return experiment_reject(&r->source, figure,
					 "lacks the key '%s', a group of %s, label, range, log, scale", key, name_key);
	status = check_group(r, group, known);
	if (!status)
		status = read_text(r, group, name_key, &axis->name);
	if (!status)
		status = read_text(r, group, "label", &axis->label);
	return status ? status : read_scale(r, group, axis);
}

static int read_published(struct reading *r, const config_setting_t *figure, struct figure *out)
{
	static const char *const known[] = {"id", "metric", "scale", "where", NULL};
	const config_setting_t *list = config_setting_get_member(figure, "published");
	int count = list && config_setting_is_list(list) ? config_setting_length(list) : 0, status = 0;

	if (!list)
		return 0;
	if (count < 1 || count > FIGURE_PUBLISHED_MAX)
		return experiment_reject(&r->source, list, "must be a list of 1 to %d groups ( { id = ...; } )",
					 FIGURE_PUBLISHED_MAX);
	for (int i = 0; !status && i < count; i++) {
		const config_setting_t *group = config_setting_get_elem(list, (unsigned)i), *scale;
		struct figure_published *row = &out->published[i];

		status = check_group(r, group, known);
		row->metric = out->y.name;
		row->scale = 1;
		if (!status)
			status = read_text(r, group, "id", &row->id);
		if (!status)
			status = read_text(r, group, "metric", &row->metric);
		scale = status ? NULL : config_setting_get_member(group, "scale");
		if (scale)
			status = read_number(r, scale, &row->scale);
		if (!status)
			status = read_where(r, group, &row->where);
	}
	out->published_count = (size_t)count;
	return status;
}

static int read_theory(struct reading *r, const config_setting_t *group, struct figure *figure)
{
	const config_setting_t *setting = config_setting_get_member(group, "theory");
	const char *name = "none";
	int status = read_text(r, group, "theory", &name);

	if (status)
		return status;
	if (!strcmp(name, "none"))
		figure->theory = FIGURE_NO_THEORY;
	else if (!strcmp(name, "queue-exact"))
		figure->theory = FIGURE_QUEUE_EXACT;
	else if (!strcmp(name, "queue-slo-exact"))
		figure->theory = FIGURE_QUEUE_SLO_EXACT;
	else
		return experiment_reject(&r->source, setting,
					 "'%s': must be \"none\", \"queue-exact\" or \"queue-slo-exact\"", name);
	if (figure->theory != FIGURE_NO_THEORY && (figure->x.scale > 0 || figure->y.scale > 0))
		return experiment_reject(&r->source, setting, "not with the scale of an axis");
	return 0;
}

static int read_style(struct reading *r, const config_setting_t *group, struct figure *figure)
{
	const char *name = "curves";
	int status = read_text(r, group, "style", &name);

	if (status)
		return status;
	figure->style = strcmp(name, "table") ? FIGURE_CURVES : FIGURE_TABLE;
	if (!strcmp(name, "curves") || !strcmp(name, "table"))
		return 0;
	return experiment_reject(&r->source, config_setting_get_member(group, "style"),
				 "'%s': must be \"curves\" or \"table\"", name);
}

static int check_id(struct reading *r, const config_setting_t *group, const char *id)
{
	/* It becomes part of file names. */
	if (*id && id[0] != '.' &&
	    strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == strlen(id))
		return 0;
	return experiment_reject(&r->source, config_setting_get_member(group, "id"),
				 "'%s': must be letters, digits, dots, dashes and underscores, not starting with a dot",
				 id);
}

static int read_figure(struct reading *r, const config_setting_t *group, struct figure *figure)
{
	static const char *const known[] = {"id", "title", "section", "caption",   "where", "panels", "series",
					    "x",  "y",     "theory",  "published", "style", NULL};
	int status = check_group(r, group, known);

	figure->caption = "";
	figure->section = "";
	if (!status)
		status = read_text(r, group, "id", &figure->id);
	if (!status)
		status = check_id(r, group, figure->id);
	if (!status)
		status = read_text(r, group, "title", &figure->title);
	if (!status)
		status = read_text(r, group, "section", &figure->section);
	if (!status)
		status = read_text(r, group, "caption", &figure->caption);
	if (!status)
		status = read_where(r, group, &figure->where);
	if (!status)
		status = read_style(r, group, figure);
	if (!status)
		status = read_split(r, group, "panels", FIGURE_PANELS_MAX, &figure->panels);
	if (!status)
		status = read_split(r, group, "series", FIGURE_SERIES_MAX, &figure->series);
	if (!status)
		status = read_axis(r, group, "x", "param", &figure->x);
	if (!status)
		status = read_axis(r, group, "y", "metric", &figure->y);
	if (!status)
		status = read_theory(r, group, figure);
	return status ? status : read_published(r, group, figure);
}

int figure_file_read(struct figure_file *file, const char *path, char *error, size_t error_size)
{
	struct reading r = {{path, error, error_size}, file};
	struct experiment experiment;
	const config_setting_t *group;
	int status;

	*file = (struct figure_file){.path = strdup(path), .values = json_array(), .config = malloc(sizeof(config_t))};
	if (file->config)
		config_init(file->config);
	status = experiment_read_file(&experiment, path, error, error_size);
	file->figure.planned = experiment.point_count;
	experiment_clear(&experiment);
	if (status)
		return status;
	if (!file->path || !file->values || !file->config)
		status = 1;
	else if (config_read_file(file->config, path) != CONFIG_TRUE)
		status = 2; /* it was read a moment ago */
	if (status) {
		snprintf(error, error_size, "%s: %s", path, status == 1 ? "memory is short" : "cannot be read again");
		return status;
	}
	group = config_lookup(file->config, "figure");
	if (!group)
		return 0;
	file->has_figure = true;
	file->figure.file = file->path;
	file->figure.experiment = config_setting_get_string(config_lookup(file->config, "experiment"));
	status = read_figure(&r, group, &file->figure);
	if (status == 1)
		snprintf(error, error_size, "%s: memory is short", path);
	return status;
}

void figure_file_clear(struct figure_file *file)
{
	if (file->config)
		config_destroy(file->config);
	free(file->config);
	json_decref(file->values);
	free(file->path);
	*file = (struct figure_file){0};
}

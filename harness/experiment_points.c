#include "harness/experiment_points.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AXES_MAX 48 /* parameters that one level of a file can name */

/* The parameters and the sweep of one level: of the whole file, or of one case. */
struct axes {
	struct experiment_values axis[AXES_MAX];
	size_t count;
};

/* A cross product being walked through. */
struct product {
	const struct experiment_values *axis[2 * AXES_MAX];
	size_t at[2 * AXES_MAX];
	size_t count;
	const config_setting_t *place; /* for complaints about a parameter that is not there */
};

struct build {
	struct experiment *experiment;
	const struct point_kind *kind; /* of the level being read */
	struct axes quick;             /* values that replace those of the levels; none unless experiment->quick */
	const struct experiment_source *source;
	json_t *seen; /* object: canonical texts of the points so far */
};

static void axes_clear(struct axes *axes)
{
	for (size_t i = 0; i < axes->count; i++)
		experiment_values_clear(&axes->axis[i]);
	axes->count = 0;
}

static const struct experiment_values *find_axis(const struct axes *axes, const char *key)
{
	for (size_t i = 0; i < axes->count; i++)
		if (!strcmp(axes->axis[i].key, key))
			return &axes->axis[i];
	return NULL;
}

int experiment_kind(const struct experiment_source *source, const config_setting_t *setting,
		    const struct point_kind **kind)
{
	const char *text = config_setting_get_string(setting);

	*kind = text ? point_kind_find(text) : NULL;
	if (*kind)
		return 0;
	return experiment_reject(source, setting,
				 "'%s': not a kind of experiment; queue, queue-slo, system, system-slo and packet are",
				 text ? text : "");
}

static bool knows(const struct point_kind *kind, const char *key)
{
	for (size_t i = 0; kind->keys[i]; i++)
		if (!strcmp(kind->keys[i], key))
			return true;
	return false;
}

static int check_parameter(const struct build *b, const config_setting_t *setting)
{
	const char *const *keys = b->kind->keys;
	char list[480] = "";

	for (size_t i = 0; keys[i]; i++) {
		size_t used = strlen(list);

		if (!strcmp(keys[i], config_setting_name(setting)))
			return 0;
		snprintf(list + used, sizeof(list) - used, " %s", keys[i]);
	}
	return experiment_reject(b->source, setting, "unknown: kind \"%s\" has the parameters%s", b->kind->name, list);
}

typedef int (*values_reader)(const struct experiment_source *, const config_setting_t *, struct experiment_values *);

/* Adds the values in @group, which may be missing, to @axes. */
static int read_group(const struct build *b, const config_setting_t *group, values_reader read, struct axes *axes)
{
	int error = 0;

	if (group && !config_setting_is_group(group))
		return experiment_reject(b->source, group, "must be a group, as in { servers = 16; }");
	for (int i = 0; group && i < config_setting_length(group) && !error; i++) {
		const config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);

		error = check_parameter(b, setting);
		if (error)
			return error;
		if (find_axis(axes, config_setting_name(setting)) || axes->count == AXES_MAX)
			return experiment_reject(b->source, setting,
						 "given twice: either under parameters or under sweep");
		error = read(b->source, setting, &axes->axis[axes->count++]);
	}
	return error;
}

/* Reads the members "parameters" and "sweep" of @level. */
static int read_level(const struct build *b, const config_setting_t *level, struct axes *axes)
{
	const config_setting_t *sweep = config_setting_get_member(level, "sweep");
	int error = read_group(b, config_setting_get_member(level, "parameters"), experiment_values_scalar, axes);

	if (!error)
		error = read_group(b, sweep, experiment_values_sweep, axes);
	if (!error && sweep && config_setting_length(sweep) == 0)
		return experiment_reject(b->source, sweep, "empty: needs at least one parameter with its values");
	return error;
}

/* Turns the kind's complaint into the file's: the line is that of the value complained about. */
static int reject_point(const struct build *b, const struct product *p, const struct point_error *error)
{
	unsigned line = config_setting_source_line(p->place);

	for (size_t i = 0; i < p->count; i++)
		if (!strcmp(p->axis[i]->key, error->key))
			line = p->axis[i]->value[p->at[i]].line;
	snprintf(b->source->error, b->source->error_size, "%s:%u: key '%s': %s", b->source->name, line ? line : 1,
		 error->key, error->text);
	return 2;
}

/* Keeps the point unless it is there already. Takes over @params. */
static int keep_point(const struct build *b, json_t *params)
{
	struct experiment *e = b->experiment;
	char *text = point_params_text(params);
	struct experiment_point *grown;

	if (text && json_object_get(b->seen, text)) { /* of whatever kind: no two share their parameters */
		free(text);
		json_decref(params);
		return 0;
	}
	grown = realloc(e->point, (e->point_count + 1) * sizeof(*grown));
	if (grown)
		e->point = grown;
	if (!text || !grown || json_object_set_new(b->seen, text, json_true())) {
		free(text);
		json_decref(params);
		return 1;
	}
	e->point[e->point_count++] = (struct experiment_point){b->kind, params, text};
	return 0;
}

static int add_point(const struct build *b, const struct product *p)
{
	struct point_error error = {0};
	json_t *params = json_object();
	int status = params ? 0 : 1;

	for (size_t i = 0; i < p->count && !status; i++)
		/* A copy: the kind may change what it is given. */
		status = json_object_set_new(params, p->axis[i]->key, json_copy(p->axis[i]->value[p->at[i]].json)) != 0;
	if (!status && b->kind->normalize(params, &error))
		status = reject_point(b, p, &error);
	if (!status)
		return keep_point(b, params);
	json_decref(params);
	return status;
}

/* Steps to the next combination, the last axis running fastest; false after the last one. */
static bool next_combination(struct product *p)
{
	for (size_t i = p->count; i-- > 0;) {
		if (++p->at[i] < p->axis[i]->count)
			return true;
		p->at[i] = 0;
	}
	return false;
}

/* What is in force for the axis @level has: the quick one, where there is one. */
static const struct experiment_values *in_force(const struct build *b, const struct experiment_values *level)
{
	const struct experiment_values *quick = find_axis(&b->quick, level->key);

	return quick ? quick : level;
}

/*
 * Every combination of @common and @own (may be NULL), where @own replaces what @common says of the same parameter. Of
 * @common, a case of another kind takes what its kind knows.
 */
static int add_product(const struct build *b, const config_setting_t *place, const struct axes *common,
		       const struct axes *own)
{
	struct product p = {.place = place};
	double points = 1;
	int error;

	for (size_t i = 0; i < common->count; i++)
		if ((!own || !find_axis(own, common->axis[i].key)) && knows(b->kind, common->axis[i].key))
			p.axis[p.count++] = in_force(b, &common->axis[i]);
	for (size_t i = 0; own && i < own->count; i++)
		p.axis[p.count++] = in_force(b, &own->axis[i]);
	for (size_t i = 0; i < p.count; i++)
		points *= (double)p.axis[i]->count;
	if (points + (double)b->experiment->point_count > EXPERIMENT_POINTS_MAX)
		return experiment_reject(b->source, place, "more than %d points", EXPERIMENT_POINTS_MAX);
	do
		error = add_point(b, &p);
	while (!error && next_combination(&p));
	return error;
}

static int add_case(struct build *b, const config_setting_t *setting, const struct axes *common)
{
	const config_setting_t *kind;
	struct axes own = {.count = 0};
	int error = 0;

	if (!config_setting_is_group(setting))
		return experiment_reject(b->source, setting,
					 "must be a list of groups, as in ( { parameters = ...; } )");
	for (int i = 0; i < config_setting_length(setting); i++) {
		const config_setting_t *member = config_setting_get_elem(setting, (unsigned)i);

		if (strcmp(config_setting_name(member), "parameters") != 0 &&
		    strcmp(config_setting_name(member), "sweep") != 0 &&
		    strcmp(config_setting_name(member), "kind") != 0)
			return experiment_reject(b->source, member,
						 "unknown in a case: kind, parameters and sweep are allowed");
	}
	kind = config_setting_get_member(setting, "kind");
	if (kind)
		error = experiment_kind(b->source, kind, &b->kind);
	if (!error)
		error = read_level(b, setting, &own);
	if (!error)
		error = add_product(b, setting, common, &own);
	axes_clear(&own);
	b->kind = b->experiment->kind;
	return error;
}

static int add_cases(struct build *b, const config_setting_t *cases, const struct axes *common)
{
	int error = 0;

	if (!config_setting_is_list(cases))
		return experiment_reject(b->source, cases, "must be a list of groups, as in ( { parameters = ...; } )");
	if (config_setting_length(cases) == 0)
		return experiment_reject(b->source, cases, "empty: needs at least one case");
	for (int i = 0; i < config_setting_length(cases) && !error; i++)
		error = add_case(b, config_setting_get_elem(cases, (unsigned)i), common);
	return error;
}

/* The group `quick` is checked in any case. */
static int read_quick(struct build *b, const config_setting_t *root)
{
	const config_setting_t *quick = config_setting_get_member(root, "quick");
	int error;

	if (!quick && !b->experiment->quick)
		return 0;
	if (!quick) {
		snprintf(b->source->error, b->source->error_size,
			 "%s: key 'quick': missing: what a quick run leaves out", b->source->name);
		return 2;
	}
	if (!config_setting_is_group(quick))
		return experiment_reject(b->source, quick, "must be a group of parameters and sweep");
	error = read_level(b, quick, &b->quick);
	if (!b->experiment->quick)
		axes_clear(&b->quick);
	return error;
}

int experiment_points_read(struct experiment *e, const struct experiment_source *source, const config_t *config)
{
	const config_setting_t *root = config_root_setting(config);
	const config_setting_t *cases = config_setting_get_member(root, "cases");
	const config_setting_t *sweep = config_setting_get_member(root, "sweep");
	struct build b = {.experiment = e, .kind = e->kind, .source = source, .seen = json_object()};
	struct axes common = {.count = 0};
	int error = b.seen ? read_quick(&b, root) : 1;

	if (!error)
		error = read_level(&b, root, &common);

	if (!error && cases)
		error = add_cases(&b, cases, &common);
	else if (!error)
		error = add_product(&b, sweep ? sweep : config_setting_get_member(root, "kind"), &common, NULL);
	axes_clear(&common);
	axes_clear(&b.quick);
	json_decref(b.seen);
	return error;
}

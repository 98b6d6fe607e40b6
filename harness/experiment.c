#include "harness/experiment.h"
#include "harness/experiment_points.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

static const config_setting_t *top(const config_t *config, const char *key)
{
	return config_setting_get_member(config_root_setting(config), key);
}

static int reject_file(const struct experiment_source *source, const char *text)
{
	snprintf(source->error, source->error_size, "%s: %s", source->name, text);
	return 2;
}

static int check_keys(const struct experiment_source *source, const config_t *config)
{
	static const char *const known[] = {"experiment", "kind",  "seed",  "replications", "parameters",
					    "sweep",      "cases", "quick", "figure"};
	const config_setting_t *root = config_root_setting(config);

	for (int i = 0; i < config_setting_length(root); i++) {
		const config_setting_t *setting = config_setting_get_elem(root, (unsigned)i);
		size_t k = 0;

		while (k < sizeof(known) / sizeof(known[0]) && strcmp(config_setting_name(setting), known[k]) != 0)
			k++;
		if (k == sizeof(known) / sizeof(known[0]))
			return experiment_reject(source, setting,
						 "unknown: experiment, kind, seed, replications, parameters, sweep, "
						 "cases, quick and figure are allowed");
	}
	return 0;
}

static int read_name(struct experiment *e, const struct experiment_source *source, const config_t *config)
{
	const config_setting_t *setting = top(config, "experiment");
	const char *text = setting ? config_setting_get_string(setting) : NULL;
	size_t length = text ? strlen(text) : 0;
	const size_t longest = sizeof(e->name) - sizeof(EXPERIMENT_QUICK);

	if (!setting)
		return reject_file(source, "key 'experiment': missing: the name under which results are stored");
	if (length == 0 || length > longest || strspn(text, NAME_CHARACTERS) != length)
		return experiment_reject(source, setting,
					 "'%s': must be text of 1 to %d letters, digits, dots, dashes and underscores",
					 text ? text : "", (int)longest);
	snprintf(e->name, sizeof(e->name), "%s%s", text, e->quick ? EXPERIMENT_QUICK : "");
	return 0;
}

static int read_kind(struct experiment *e, const struct experiment_source *source, const config_t *config)
{
	const config_setting_t *setting = top(config, "kind");

	if (!setting)
		return reject_file(source, "key 'kind': missing: what computes the points, as in kind = \"queue\"");
	return experiment_kind(source, setting, &e->kind);
}

/* An optional integer of the top level from @low to @high; *@out keeps its value where there is none. */
static int read_integer(const struct experiment_source *source, const config_t *config, const char *key, long long low,
			long long high, long long *out)
{
	const config_setting_t *setting = top(config, key);
	int type = setting ? config_setting_type(setting) : CONFIG_TYPE_NONE;

	if (!setting)
		return 0;
	if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
		return experiment_reject(source, setting, "must be an integer from %lld to %lld", low, high);
	*out = config_setting_get_int64(setting);
	if (*out < low || *out > high)
		return experiment_reject(source, setting, "%lld: must be an integer from %lld to %lld", *out, low,
					 high);
	return 0;
}

/* FNV-1a (Fowler, Noll, Vo), 64 bits. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
	do
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	while (*text++);
	return hash;
}

static void hash_experiment(struct experiment *e)
{
	uint64_t hash = hash_text(hash_text(UINT64_C(0xcbf29ce484222325), e->name), e->kind->name);

	for (size_t i = 0; i < e->point_count; i++) {
		if (e->point[i].kind != e->kind)
			hash = hash_text(hash, e->point[i].kind->name);
		hash = hash_text(hash, e->point[i].text);
	}
	snprintf(e->hash, sizeof(e->hash), "%016" PRIx64, hash);
}

static int read_settings(struct experiment *e, const struct experiment_source *source, const config_t *config)
{
	long long seed = 1, replications = 1;
	int error = check_keys(source, config);

	if (!error)
		error = read_name(e, source, config);
	if (!error)
		error = read_kind(e, source, config);
	if (!error)
		error = read_integer(source, config, "seed", 0, INT64_MAX, &seed);
	if (!error)
		error = read_integer(source, config, "replications", 1, EXPERIMENT_REPLICATIONS_MAX, &replications);
	e->seed = (uint64_t)seed;
	e->replications = (unsigned)replications;
	if (!error)
		error = experiment_points_read(e, source, config);
	if (!error)
		hash_experiment(e);
	return error;
}

/* Inclusion of other files is refused: a file is complete, and its lines are its own. */
static int refuse_include(const struct experiment_source *source, const char *text)
{
	const char *at = text;

	for (unsigned line = 1; at; line++) {
		at += strspn(at, " \t");
		if (!strncmp(at, "@include", strlen("@include"))) {
			snprintf(source->error, source->error_size, "%s:%u: @include is not allowed", source->name,
				 line);
			return 2;
		}
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	return 0;
}

/* A value may have anything in it; a complaint stays one line. */
static void flatten(char *line)
{
	for (; *line; line++)
		if ((unsigned char)*line < ' ' || *line == 0x7f)
			*line = '?';
}

static int read_text(struct experiment *experiment, bool quick, const char *text, const char *name, char *error,
		     size_t error_size)
{
	struct experiment_source source = {name, error, error_size};
	config_t config;
	int status;

	*experiment = (struct experiment){.quick = quick};
	config_init(&config);
	status = refuse_include(&source, text);
	if (!status && config_read_string(&config, text) != CONFIG_TRUE) {
		snprintf(error, error_size, "%s:%d: %s", name, config_error_line(&config), config_error_text(&config));
		status = 2;
	}
	if (!status)
		status = read_settings(experiment, &source, &config);
	config_destroy(&config);
	if (status == 1)
		snprintf(error, error_size, "%s: memory is short", name);
	if (status)
		flatten(error);
	return status;
}

int experiment_read_text(struct experiment *experiment, const char *text, const char *name, char *error,
			 size_t error_size)
{
	return read_text(experiment, false, text, name, error, error_size);
}

/* The whole file into @text, ending with a zero. 0, or 2 with the error. */
static int read_whole(const struct experiment_source *source, char *text)
{
	FILE *file = fopen(source->name, "re");
	size_t size;

	if (!file)
		return reject_file(source, strerror(errno));
	errno = 0;
	size = fread(text, 1, EXPERIMENT_BYTES_MAX, file);
	if (ferror(file)) {
		fclose(file);
		return reject_file(source, strerror(errno));
	}
	fclose(file);
	if (size == EXPERIMENT_BYTES_MAX)
		return reject_file(source, "too long: an experiment file has less than 1 MiB");
	text[size] = '\0';
	if (strlen(text) != size)
		return reject_file(source, "not a text file");
	return 0;
}

static int read_file(struct experiment *experiment, bool quick, const char *path, char *error, size_t error_size)
{
	struct experiment_source source = {path, error, error_size};
	char *text = malloc(EXPERIMENT_BYTES_MAX);
	int status;

	*experiment = (struct experiment){0};
	if (!text) {
		snprintf(error, error_size, "%s: memory is short", path);
		return 1;
	}
	status = read_whole(&source, text);
	if (!status)
		status = read_text(experiment, quick, text, path, error, error_size);
	free(text);
	return status;
}

int experiment_read_file(struct experiment *experiment, const char *path, char *error, size_t error_size)
{
	return read_file(experiment, false, path, error, error_size);
}

int experiment_read_quick(struct experiment *experiment, const char *path, char *error, size_t error_size)
{
	return read_file(experiment, true, path, error, error_size);
}

void experiment_clear(struct experiment *experiment)
{
	for (size_t i = 0; i < experiment->point_count; i++) {
		json_decref(experiment->point[i].params);
		free(experiment->point[i].text);
	}
	free(experiment->point);
	*experiment = (struct experiment){0};
}

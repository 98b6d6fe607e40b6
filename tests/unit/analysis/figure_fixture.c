#include "tests/unit/analysis/figure_fixture.h"

#include <ctype.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

json_t *figure_fixture_value(struct figure_fixture *fixture, json_t *value)
{
	assert_int_equal(json_array_append_new(fixture->values, value), 0);
	return value;
}

static void describe(struct figure_fixture *f)
{
	struct figure *figure = &f->figure;

	figure->id = "t.1";
	figure->title = "Two models";
	figure->section = "3.2";
	figure->caption = "A caption.";
	figure->experiment = "test";
	figure->file = "test.cfg";
	figure->planned = 12;
	figure->panels =
	    (struct figure_split){"service",
				  2,
				  {{figure_fixture_value(f, json_string("det")), "Deterministic", NULL, NULL},
				   {figure_fixture_value(f, json_string("exp")), "Exponential", NULL, NULL}}};
	figure->series = (struct figure_split){"model",
					       2,
					       {{figure_fixture_value(f, json_string("a")), "Model A", NULL, NULL},
						{figure_fixture_value(f, json_string("b")), "Model B", NULL, NULL}}};
	figure->x = (struct figure_axis){.name = "load", .label = "Load", .ranged = true, .low = 0, .high = 1};
	figure->y = (struct figure_axis){.name = "p99", .label = "p99 (S)"};
}

struct figure_fixture *figure_fixture_create(void)
{
	struct figure_fixture *f = calloc(1, sizeof(*f));
	const char *temporary = getenv("TMPDIR");
	char path[600], error[256];

	assert_non_null(f);
	f->seed = 7;
	f->values = json_array();
	snprintf(f->folder, sizeof(f->folder), "%s/figure-XXXXXX", temporary ? temporary : "/tmp");
	assert_non_null(mkdtemp(f->folder));
	snprintf(path, sizeof(path), "%s/results.db", f->folder);
	assert_int_equal(store_open(&f->store, path, STORE_WRITE, error, sizeof(error)), 0);
	describe(f);
	return f;
}

void figure_fixture_destroy(struct figure_fixture *fixture)
{
	static const char *const names[] = {"results.db", "results.db-wal", "results.db-shm", "out.svg", "out.pdf"};
	char path[600];

	store_close(fixture->store);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", fixture->folder, names[i]);
		unlink(path);
	}
	/* Whatever else is in the folder should not be there. */
	assert_int_equal(rmdir(fixture->folder), 0);
	json_decref(fixture->values);
	free(fixture);
}

void figure_fixture_put(struct figure_fixture *fixture, const char *experiment, const char *service, const char *model,
			double load, double y, double half, bool capped)
{
	double none = NAN, dof = isnan(half) ? 0 : 30;
	struct metric metrics[] = {
	    {"p99", y, y - half, y + half, isnan(half) ? none : half / 2, dof},
	    {"capped", capped, none, none, none, 0},
	};
	json_t *params = json_pack("{s:f, s:f, s:s, s:i, s:s}", "confidence", 0.95, "load", load, "model", model,
				   "servers", 16, "service", service);
	char *text = json_dumps(params, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(15)), error[256];
	struct run_row row = {.experiment = experiment,
			      .kind = "queue",
			      .params = text,
			      .seed = fixture->seed,
			      .version = "1.2.3+gabc",
			      .config_hash = "00112233",
			      .wall_s = 0.25,
			      .metrics = metrics,
			      .metric_count = 2};

	assert_non_null(text);
	assert_int_equal(store_put(fixture->store, &row, error, sizeof(error)), 0);
	free(text);
	json_decref(params);
}

void figure_fixture_fill(struct figure_fixture *fixture)
{
	static const char *const services[] = {"det", "exp"};

	for (int i = 0; i < 2; i++) {
		/* Not in the order of x. */
		figure_fixture_put(fixture, "test", services[i], "a", 0.8, 10 + i, 1, true);
		figure_fixture_put(fixture, "test", services[i], "a", 0.2, 1.25 + i, 0.1, false);
		figure_fixture_put(fixture, "test", services[i], "a", 0.5, 3 + i, 0.2, false);
		figure_fixture_put(fixture, "test", services[i], "b", 0.2, 2 + i, 0.1, false);
		figure_fixture_put(fixture, "test", services[i], "b", 0.5, 4 + i, NAN, false);
		figure_fixture_put(fixture, "test", services[i], "b", 0.8, 12 + i, 1, false);
	}
}

char *figure_fixture_read(const char *path)
{
	FILE *file = fopen(path, "re");
	size_t size = 1 << 22;
	char *text;

	if (!file)
		return NULL;
	text = malloc(size);
	assert_non_null(text);
	text[fread(text, 1, size - 1, file)] = '\0';
	fclose(file);
	return text;
}

size_t figure_fixture_count(const char *text, const char *part)
{
	size_t count = 0;

	for (const char *c = text; (c = strstr(c, part)); c += strlen(part))
		count++;
	return count;
}

static bool is_void(const char *name)
{
	return !strcmp(name, "meta") || !strcmp(name, "br");
}

/* Reads the tag at @c ("<..."): its name, and whether it closes itself. Returns what follows, NULL if it never ends. */
static const char *read_tag(const char *c, char *name, size_t size, bool *self_closed)
{
	size_t length = 0;
	char quote = '\0';

	for (c++; *c && !isspace((unsigned char)*c) && *c != '>' && (*c != '/' || !length); c++)
		if (length + 1 < size)
			name[length++] = *c;
	name[length] = '\0';
	for (; *c && (quote || *c != '>'); c++) {
		if (quote && *c == quote)
			quote = '\0';
		else if (!quote && (*c == '"' || *c == '\''))
			quote = *c;
		else if (*c == '<')
			return NULL;
	}
	if (!*c)
		return NULL;
	*self_closed = c[-1] == '/';
	return c + 1;
}

bool figure_fixture_well_formed(const char *text)
{
	char open[64][32], name[32];
	size_t depth = 0;
	bool self_closed;

	for (const char *c = strchr(text, '<'); c; c = strchr(c, '<')) {
		if (c[1] == '?' || c[1] == '!') {
			c = strchr(c, '>');
			if (!c)
				return false;
			continue;
		}
		c = read_tag(c, name, sizeof(name), &self_closed);
		if (!c)
			return false;
		if (name[0] == '/') {
			if (!depth || strcmp(open[--depth], name + 1) != 0)
				return false;
		} else if (!self_closed && !is_void(name)) {
			if (depth == 64)
				return false;
			memcpy(open[depth++], name, sizeof(name));
		}
	}
	return depth == 0;
}

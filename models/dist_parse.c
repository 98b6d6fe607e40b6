#include "models/dist.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char dist_syntax[] = "det, exp, bimodal1, bimodal2, bimodal:P,A,B, lognormal:CV, pareto:ALPHA, "
			   "gev:LOCATION,SCALE,SHAPE, gpareto:LOCATION,SCALE,SHAPE, etc-key, etc-value, etc-gap, tpcc, "
			   "empirical:FILE";

#define PARAMETERS_MAX 3

/* A kind with parameters: check() sets the distribution, or returns what is allowed. */
struct parametric {
	const char *name, *parameter_names;
	size_t count;
	const char *(*check)(struct dist *dist, const double *p);
};

static const char *check_bimodal(struct dist *dist, const double *p)
{
	if (p[0] < 0 || p[0] > 1)
		return "P is a probability, 0 to 1";
	if (p[1] < 0 || p[2] < 0)
		return "the values A and B are not negative";
	*dist = (struct dist){.kind = DIST_BIMODAL, .scale = 1, .a = p[0], .b = p[1], .c = p[2]};
	return NULL;
}

static const char *check_lognormal(struct dist *dist, const double *p)
{
	double sigma_squared = log1p(p[0] * p[0]);

	if (p[0] <= 0 || p[0] > 1e6)
		return "CV, standard deviation over mean, is above 0 and at most 1e6";
	*dist = (struct dist){.kind = DIST_LOGNORMAL, .scale = 1, .a = -sigma_squared / 2, .b = sqrt(sigma_squared)};
	return NULL;
}

static const char *check_pareto(struct dist *dist, const double *p)
{
	if (p[0] <= 1)
		return "ALPHA is above 1 (the mean is infinite otherwise)";
	*dist = (struct dist){.kind = DIST_PARETO, .scale = 1, .a = p[0], .b = (p[0] - 1) / p[0]};
	return NULL;
}

static const char *check_gev(struct dist *dist, const double *p)
{
	if (p[1] <= 0)
		return "SCALE is above 0";
	if (p[2] >= 1 || p[2] < -5)
		return "SHAPE is at least -5 and below 1 (the mean is infinite otherwise)";
	*dist = (struct dist){.kind = DIST_GEV, .scale = 1, .a = p[0], .b = p[1], .c = p[2]};
	return NULL;
}

static const char *check_gpareto(struct dist *dist, const double *p)
{
	if (p[0] < 0)
		return "LOCATION is not negative";
	if (p[1] <= 0)
		return "SCALE is above 0";
	if (p[2] >= 1)
		return "SHAPE is below 1 (the mean is infinite otherwise)";
	*dist = (struct dist){.kind = DIST_GPARETO, .scale = 1, .a = p[0], .b = p[1], .c = p[2]};
	return NULL;
}

static const struct parametric parametric[] = {
    {"bimodal", "P,A,B", 3, check_bimodal},
    {"lognormal", "CV", 1, check_lognormal},
    {"pareto", "ALPHA", 1, check_pareto},
    {"gev", "LOCATION,SCALE,SHAPE", 3, check_gev},
    {"gpareto", "LOCATION,SCALE,SHAPE", 3, check_gpareto},
};

static const struct {
	const char *name;
	struct dist dist;
} named[] = {
    {"det", {.kind = DIST_DET, .scale = 1}},
    {"exp", {.kind = DIST_EXP, .scale = 1}},
    {"bimodal1", {.kind = DIST_BIMODAL, .scale = 1, .a = 0.9, .b = 0.5, .c = 5.5}},
    {"bimodal2", {.kind = DIST_BIMODAL, .scale = 1, .a = 0.999, .b = 0.5, .c = 500.5}},
    {"etc-key", {.kind = DIST_GEV, .scale = 1, .a = 30.7984, .b = 8.20449, .c = 0.078688}},
    {"etc-value", {.kind = DIST_ETC_VALUE, .scale = 1}},
    {"etc-gap", {.kind = DIST_GPARETO, .scale = 1, .a = 0, .b = 16.0292, .c = 0.154971}},
    {"tpcc", {.kind = DIST_TPCC, .scale = 1}},
};

/* Reads exactly @count finite numbers, separated by commas, from @text to its end. Returns -1 if there is anything
 * else. */
static int parse_numbers(const char *text, double *out, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *end;

		/* strtod() would skip white space, and take hexadecimal numbers, "inf" and "nan". */
		if (strspn(text, "0123456789+-.eE,") != strlen(text))
			return -1;
		out[i] = strtod(text, &end);
		if (end == text || !isfinite(out[i]) || *end != (i + 1 < count ? ',' : '\0'))
			return -1;
		text = end + 1;
	}
	return 0;
}

static int parse_parametric(const struct parametric *kind, struct dist *dist, const char *text, const char *arguments,
			    char *error, size_t error_size)
{
	double p[PARAMETERS_MAX];
	const char *wrong;

	if (parse_numbers(arguments, p, kind->count)) {
		snprintf(error, error_size, "'%.60s': expected %s:%s with %zu finite number%s", text, kind->name,
			 kind->parameter_names, kind->count, kind->count > 1 ? "s" : "");
		return -1;
	}
	wrong = kind->check(dist, p);
	if (wrong) {
		snprintf(error, error_size, "'%.60s': %s", text, wrong);
		return -1;
	}
	return 0;
}

int dist_parse(struct dist *dist, const char *text, char *error, size_t error_size)
{
	size_t length = strcspn(text, ":");

	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		if (strcmp(text, named[i].name) == 0) {
			*dist = named[i].dist;
			return 0;
		}
	}
	for (size_t i = 0; i < sizeof(parametric) / sizeof(parametric[0]); i++) {
		const struct parametric *kind = &parametric[i];

		if (text[length] == ':' && strlen(kind->name) == length && memcmp(text, kind->name, length) == 0)
			return parse_parametric(kind, dist, text, text + length + 1, error, error_size);
	}
	snprintf(error, error_size, "'%.60s' is no distribution; allowed: %s", text, dist_syntax);
	return -1;
}

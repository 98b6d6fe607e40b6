/* A small store and a figure of it, for the tests of figures and of the report. */
#ifndef IXLAB_TESTS_FIGURE_FIXTURE_H
#define IXLAB_TESTS_FIGURE_FIXTURE_H

#include "analysis/figure.h"

struct figure_fixture {
	char folder[512]; /* temporary */
	struct store *store;
	struct figure figure; /* panels by service (det, exp), series by model (a, b), p99 against load */
	uint64_t seed;        /* of the runs put; 7 */
	json_t *values;       /* owns those of the figure */
};

/* Opens an empty store in a new folder. Fails the test on error. */
struct figure_fixture *figure_fixture_create(void);
void figure_fixture_destroy(struct figure_fixture *fixture);

/* Stores one run with p99 @y, interval +-@half (NAN: none), "capped" as given. */
void figure_fixture_put(struct figure_fixture *fixture, const char *experiment, const char *service, const char *model,
			double load, double y, double half, bool capped);

/* Puts the same six points for each service: model a at loads .2 .5 .8 (the last capped), b at .2 .5 .8. */
void figure_fixture_fill(struct figure_fixture *fixture);

/* The value, owned by the fixture. */
json_t *figure_fixture_value(struct figure_fixture *fixture, json_t *value);

/* Text of a whole file; free() it. NULL if it is not there. */
char *figure_fixture_read(const char *path);

/* How often @part occurs in @text. */
size_t figure_fixture_count(const char *text, const char *part);

/* Whether every start tag of @text has its end tag and attribute values are quoted: enough to tell broken markup. */
bool figure_fixture_well_formed(const char *text);

#endif

/* What gnuplot makes of a figure. */
#include "tests/unit/analysis/figure_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int set_up(void **state)
{
	struct figure_fixture *f = figure_fixture_create();

	figure_fixture_fill(f);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	figure_fixture_destroy(*state);
	return 0;
}

/* Draws into "out.svg" or "out.pdf" of the fixture's folder; returns the file's text, NULL with @error. */
static char *draw(struct figure_fixture *f, enum figure_format format, char *error, size_t error_size)
{
	struct figure_data *data = calloc(1, sizeof(*data));
	char path[600];
	int status;

	assert_non_null(data);
	assert_int_equal(figure_collect(f->store, &f->figure, data, error, error_size), 0);
	snprintf(path, sizeof(path), "%s/out.%s", f->folder, format == FIGURE_SVG ? "svg" : "pdf");
	status = figure_draw(&f->figure, data, format, path, error, error_size);
	figure_data_clear(data);
	free(data);
	assert_true(status == 0 || status == 1);
	return status ? NULL : figure_fixture_read(path);
}

static void test_svg_is_well_formed_and_has_every_point(void **state)
{
	char error[256], *svg = draw(*state, FIGURE_SVG, error, sizeof(error));

	assert_non_null(svg);
	assert_true(figure_fixture_well_formed(svg));
	/*
	 * Series 1 draws filled circles (the sixth marker of gnuplot's SVG) and, where capped, hollow ones over
	 * white ones; series 2 filled squares; one of each is the legend's.
	 */
	assert_int_equal(figure_fixture_count(svg, "<use xlink:href='#gpPt6' transform"), 2 * 3 + 1);
	assert_int_equal(figure_fixture_count(svg, "<use xlink:href='#gpPt5' transform"), 2);
	assert_int_equal(figure_fixture_count(svg, "<use xlink:href='#gpPt4' transform"), 2 * 3 + 1);
	assert_non_null(strstr(svg, "Deterministic"));
	assert_non_null(strstr(svg, "Model B"));
	assert_non_null(strstr(svg, "experiment test, 12 points"));
	free(svg);
}

static void test_pdf(void **state)
{
	char error[256], *pdf = draw(*state, FIGURE_PDF, error, sizeof(error));

	assert_non_null(pdf);
	assert_memory_equal(pdf, "%PDF-", 5);
	free(pdf);
}

static void test_twelve_panels_and_eight_series(void **state)
{
	struct figure_fixture *f = *state;
	char error[256], label[FIGURE_PANELS_MAX][32], *svg;

	for (size_t i = 0; i < FIGURE_PANELS_MAX; i++) {
		snprintf(label[i], sizeof(label[i]), "panel %zu of these", i);
		f->figure.panels.choice[i] =
		    (struct figure_choice){f->figure.panels.choice[i % 2].value, label[i], NULL, NULL};
		f->figure.series.choice[i] =
		    (struct figure_choice){f->figure.series.choice[i % 2].value, label[i], NULL, NULL};
	}
	f->figure.panels.count = FIGURE_PANELS_MAX;
	f->figure.series.count = FIGURE_SERIES_MAX;
	svg = draw(f, FIGURE_SVG, error, sizeof(error));
	if (!svg)
		fail_msg("%s", error);
	assert_true(figure_fixture_well_formed(svg));
	assert_int_equal(figure_fixture_count(svg, "panel 3 of these"), 2);
	assert_int_equal(figure_fixture_count(svg, "panel 11 of these"), 1);
	free(svg);
}

/* gnuplot would run what stands in backquotes, and end a string at a quote. */
static void test_texts_are_only_texts(void **state)
{
	struct figure_fixture *f = *state;
	char error[256], title[1400], path[600], *svg;

	snprintf(path, sizeof(path), "%s/made-by-title", f->folder);
	snprintf(title, sizeof(title), "it's `touch %s`, \"quoted\\n\" {/Bold a_b^c} & <b> %%s '; system('touch %s')",
		 path, path);
	f->figure.title = title;
	svg = draw(f, FIGURE_SVG, error, sizeof(error));
	assert_non_null(svg);
	assert_int_equal(access(path, F_OK), -1);
	assert_true(figure_fixture_well_formed(svg));
	assert_non_null(strstr(svg, "{/Bold a_b^c} &amp; &lt;b> %s"));
	free(svg);
}

static void test_missing_gnuplot_is_said(void **state)
{
	const char *path = getenv("PATH");
	char error[256], *before = strdup(path ? path : ""), *svg;

	setenv("PATH", "/nonexistent", 1);
	svg = draw(*state, FIGURE_SVG, error, sizeof(error));
	setenv("PATH", before, 1);
	free(before);
	assert_null(svg);
	assert_non_null(strstr(error, "gnuplot is not installed"));
}

/* The fixture's tear-down fails if a partial file is left. */
static void test_a_path_that_cannot_be_written(void **state)
{
	struct figure_fixture *f = *state;
	struct figure_data *data = calloc(1, sizeof(*data));
	char error[256] = "", path[600];

	assert_non_null(data);
	assert_int_equal(figure_collect(f->store, &f->figure, data, error, sizeof(error)), 0);
	snprintf(path, sizeof(path), "%s/no-folder/out.svg", f->folder);
	assert_int_equal(figure_draw(&f->figure, data, FIGURE_SVG, path, error, sizeof(error)), 1);
	assert_non_null(strstr(error, path));
	assert_null(strchr(error, '\n'));
	figure_data_clear(data);
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_svg_is_well_formed_and_has_every_point, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_pdf, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_twelve_panels_and_eight_series, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_texts_are_only_texts, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_missing_gnuplot_is_said, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_a_path_that_cannot_be_written, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("figure_draw", tests, NULL, NULL);
}

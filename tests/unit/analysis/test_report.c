/* The report's page. */
#include "analysis/report.h"
#include "tests/unit/analysis/figure_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char published_text[] = "# comment\n"
				     "id,section,figure,system,workload,metric,relation,value,unit,use,note\n"
				     "row-1,3.2,3.2,any,exponential,p99 at zero load,eq,2,S,predict,\n"
				     "row-2,3.2,3.2,any,other,p99 elsewhere,le,5,S,calibrate,n=16\n";

struct report_fixture {
	struct figure_fixture *figure;
	struct published published;
	struct figure_data *data;
	struct report_entry entry[2];
	struct report report;
};

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* Two figures of the same data, so that identifiers could collide; their titles need escaping. */
static int set_up(void **state)
{
	struct report_fixture *r = calloc(1, sizeof(*r));
	struct figure_fixture *f = figure_fixture_create();
	char path[600], error[256];

	assert_non_null(r);
	r->figure = f;
	figure_fixture_fill(f);
	f->figure.title = "Two <models> & \"more\"";
	f->figure.published_count = 2;
	f->figure.published[0] = (struct figure_published){
	    "row-1", "p99", 1, figure_fixture_value(f, json_pack("{s:s, s:s}", "model", "a", "service", "exp"))};
	f->figure.published[1] =
	    (struct figure_published){"row-2", "p99", 1, figure_fixture_value(f, json_pack("{s:s}", "model", "z"))};
	snprintf(path, sizeof(path), "%s/published.csv", f->folder);
	write_file(path, published_text);
	assert_int_equal(published_read(&r->published, path, error, sizeof(error)), 0);
	unlink(path);
	r->data = calloc(2, sizeof(*r->data));
	assert_non_null(r->data);
	for (int i = 0; i < 2; i++)
		assert_int_equal(figure_collect(f->store, &f->figure, &r->data[i], error, sizeof(error)), 0);
	r->report = (struct report){"9.9", "my.db", &r->published, r->entry, 2, 2, NULL, NULL, 0, 0};
	*state = r;
	return 0;
}

static int tear_down(void **state)
{
	struct report_fixture *r = *state;

	for (int i = 0; i < 2; i++) {
		figure_data_clear(&r->data[i]);
		free(r->entry[i].svg);
	}
	free(r->data);
	published_clear(&r->published);
	figure_fixture_destroy(r->figure);
	free(r);
	return 0;
}

static char *page_of(struct report_fixture *r)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(report_write(out, &r->report), 0);
	fclose(out);
	return text;
}

/* No identifier twice, or a marker of one figure would be drawn as another's. */
static void check_unique_ids(const char *page)
{
	for (const char *c = page; (c = strstr(c, " id=")); c += 4) {
		char id[80];
		size_t length = strcspn(c + 5, "\"'") + 6;

		assert_true(length < sizeof(id) - 1);
		memcpy(id, c, length);
		id[length] = '\0';
		assert_int_equal(figure_fixture_count(page, id), 1);
	}
}

static void test_page_is_whole(void **state)
{
	struct report_fixture *r = *state;
	struct figure second = r->figure->figure;
	char error[256], *page;

	second.id = "t.2";
	r->entry[0] = (struct report_entry){&r->figure->figure, &r->data[0],
					    report_svg(&r->figure->figure, &r->data[0], error, sizeof(error))};
	r->entry[1] =
	    (struct report_entry){&second, &r->data[1], report_svg(&second, &r->data[1], error, sizeof(error))};
	assert_non_null(r->entry[0].svg);
	assert_non_null(r->entry[1].svg);
	page = page_of(r);
	assert_true(figure_fixture_well_formed(page));
	assert_int_equal(figure_fixture_count(page, "<svg "), 2);
	check_unique_ids(page);
	/* Nothing is fetched: what looks like an address only names the SVG vocabulary. */
	assert_int_equal(figure_fixture_count(page, "http"), figure_fixture_count(page, "=\"http://www.w3.org/"));
	assert_int_equal(figure_fixture_count(page, " src="), 0);
	assert_null(strstr(page, "<models>"));
	assert_non_null(strstr(page, "Two &lt;models&gt; &amp; &quot;more&quot;"));
	assert_non_null(strstr(page, "ixlab run test.cfg --db my.db\nixlab figure t.2 --db my.db"));
	assert_non_null(strstr(page, "00112233"));
	assert_non_null(strstr(page, "<td>11&dagger;")); /* a, exp, load 0.8 */
	free(page);
}

static void test_published_numbers_stand_beside_simulated(void **state)
{
	struct report_fixture *r = *state;
	char *page;

	r->report.count = 1;
	r->entry[0] = (struct report_entry){&r->figure->figure, &r->data[0], NULL};
	page = page_of(r);
	assert_non_null(strstr(page, "p99 at zero load"));
	assert_non_null(strstr(page, "+12.5%")); /* 2.25 to 2 */
	assert_non_null(strstr(page, "&le; 5 S"));
	assert_int_equal(figure_fixture_count(page, "no data yet"), 1);
	free(page);
}

static void test_full_disk_is_an_error(void **state)
{
	struct report_fixture *r = *state;
	FILE *full = fopen("/dev/full", "we");

	r->report.count = 0;
	assert_non_null(full);
	assert_int_equal(report_write(full, &r->report), -1);
	fclose(full);
}

static void check_published_error(struct report_fixture *r, const char *text, const char *expected)
{
	struct published published;
	char path[600], error[512];

	snprintf(path, sizeof(path), "%s/wrong.csv", r->figure->folder);
	if (text)
		write_file(path, text);
	assert_int_equal(published_read(&published, path, error, sizeof(error)), 2);
	published_clear(&published);
	unlink(path);
	if (!strstr(error, expected))
		fail_msg("'%s' does not say '%s'", error, expected);
}

static void test_wrong_published_files(void **state)
{
	static const char header[] = "id,section,figure,system,workload,metric,relation,value,unit,use,note\n";
	char text[256];

	check_published_error(*state, NULL, "No such file");
	check_published_error(*state, "id,value\n", "wrong.csv:1: ");
	snprintf(text, sizeof(text), "%sa,b,c\n", header);
	check_published_error(*state, text, "wrong.csv:2: must have 11 fields");
	snprintf(text, sizeof(text), "%s\nrow,1,1,s,w,m,eq,many,S,predict,\n", header);
	check_published_error(*state, text, "wrong.csv:3: key 'value': 'many'");
	snprintf(text, sizeof(text), "%srow,1,1,s,w,m,like,1,S,predict,\n", header);
	check_published_error(*state, text, "key 'relation': 'like'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_page_is_whole, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_published_numbers_stand_beside_simulated, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_full_disk_is_an_error, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_wrong_published_files, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}

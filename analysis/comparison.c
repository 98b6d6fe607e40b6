#include "analysis/comparison.h"
#include "analysis/report.h"

#include <math.h>
#include <string.h>

double comparison_error(const struct comparison_row *row)
{
	return row->simulated / row->published->value - 1;
}

bool comparison_near(const struct comparison_row *row)
{
	double error = comparison_error(row);

	if (!strcmp(row->published->relation, "le"))
		return error <= COMPARISON_NEAR;
	if (!strcmp(row->published->relation, "ge"))
		return error >= -COMPARISON_NEAR;
	return fabs(error) <= COMPARISON_NEAR;
}

bool comparison_has_value(const struct comparison_row *row)
{
	return !isnan(row->simulated);
}

bool comparison_holds(const struct comparison_row *row)
{
	if (!strcmp(row->published->relation, "le"))
		return row->simulated <= row->published->value;
	if (!strcmp(row->published->relation, "ge"))
		return row->simulated >= row->published->value;
	return comparison_near(row);
}

bool comparison_calibrated(const struct comparison_row *row)
{
	return !strcmp(row->published->use, "calibrate");
}

/* Whether @section is @of or one of its subsections. */
static bool in_section(const char *section, const char *of)
{
	size_t length = strlen(of);

	return !strncmp(section, of, length) && (section[length] == '.' || !section[length]);
}

struct comparison_count comparison_count(const struct comparison_row *row, size_t count, const char *section)
{
	struct comparison_count counts = {0};

	for (size_t i = 0; i < count; i++) {
		if (comparison_calibrated(&row[i]) || (section && !in_section(row[i].published->section, section)))
			continue;
		counts.rows++;
		counts.simulated += !isnan(row[i].simulated);
		counts.near += comparison_near(&row[i]);
	}
	return counts;
}

static json_t *number(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

json_t *comparison_json(const struct comparison_row *row)
{
	json_t *object = json_object();

	json_object_set_new(object, "id", json_string(row->published->id));
	json_object_set_new(object, "use", json_string(row->published->use));
	json_object_set_new(object, "relation", json_string(row->published->relation));
	json_object_set_new(object, "unit", json_string(row->published->unit));
	json_object_set_new(object, "published", number(row->published->value));
	json_object_set_new(object, "simulated", number(row->simulated));
	json_object_set_new(object, "low", number(row->low));
	json_object_set_new(object, "high", number(row->high));
	json_object_set_new(object, "relative_error", number(comparison_error(row)));
	if (row->why_not)
		json_object_set_new(object, "reason", json_string(row->why_not));
	return object;
}

static const char *sign_of(const struct comparison_row *row)
{
	return !strcmp(row->published->relation, "le") ? "<= " : !strcmp(row->published->relation, "ge") ? ">= " : "";
}

static void print_row(FILE *out, const struct comparison_row *row)
{
	char published[48], interval[48] = "";

	snprintf(published, sizeof(published), "%s%g %s", sign_of(row), row->published->value, row->published->unit);
	fprintf(out, "%-28s %-7s %-14s ", row->published->id, comparison_calibrated(row) ? "fitted" : "predict",
		published);
	if (isnan(row->simulated)) {
		fprintf(out, "%10s   %s\n", "-", row->why_not ? row->why_not : "no value");
		return;
	}
	if (!isnan(row->low))
		snprintf(interval, sizeof(interval), "%.4g to %.4g", row->low, row->high);
	fprintf(out, "%10.4g   %-22s %+7.1f%% %s\n", row->simulated, interval, 100 * comparison_error(row),
		comparison_near(row) ? "" : "*");
}

void comparison_print(FILE *out, const struct comparison_row *row, size_t count)
{
	fprintf(out, "%-28s %-7s %-14s %10s   %-22s %8s\n", "row", "use", "published", "simulated", "interval",
		"error");
	for (size_t i = 0; i < count; i++)
		print_row(out, &row[i]);
}

static void html_row(FILE *out, const struct comparison_row *row)
{
	fprintf(out, "<tr><th>");
	report_text(out, row->published->metric);
	fprintf(out, "<br><small>");
	report_text(out, row->published->system);
	fprintf(out, ", ");
	report_text(out, row->published->workload);
	fprintf(out, "; section ");
	report_text(out, row->published->section);
	fprintf(out, "</small></th><td>");
	report_text(out, sign_of(row));
	fprintf(out, "%g ", row->published->value);
	report_text(out, row->published->unit);
	fprintf(out, "</td><td>%s</td>", comparison_calibrated(row) ? "fitted" : "predicted");
	if (isnan(row->simulated)) {
		fprintf(out, "<td colspan=\"2\">");
		report_text(out, row->why_not ? row->why_not : "no value");
		fprintf(out, "</td></tr>\n");
		return;
	}
	fprintf(out, "<td>%.4g", row->simulated);
	if (!isnan(row->low))
		fprintf(out, "<br><small>%.4g&ndash;%.4g</small>", row->low, row->high);
	fprintf(out, "</td><td>%+.1f%%%s</td></tr>\n", 100 * comparison_error(row), comparison_near(row) ? "" : " *");
}

static void html_table(FILE *out, const struct comparison_row *row, size_t count)
{
	fprintf(out, "<div class=\"wide\"><table class=\"wrap\"><thead><tr><th>Quantity</th><th>Published</th>"
		     "<th>Use</th><th>Simulated</th><th>Difference</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < count; i++)
		html_row(out, &row[i]);
	fprintf(out, "</tbody></table></div>\n</section>\n");
}

void comparison_html(FILE *out, const struct comparison_row *row, size_t count)
{
	static const char *const sections[] = {"3", "2.5"};

	fprintf(out,
		"<section>\n<h2 id=\"compared\">Published figures, measured one by one</h2>\n"
		"<p>Fitted rows may have set constants of the cost files, predicted ones never. A star marks what is "
		"off by more than 15%%. ");
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		struct comparison_count counts = comparison_count(row, count, sections[i]);

		fprintf(out, "Section %s: %u of %u predictions are within 15%%. ", sections[i], counts.near,
			counts.simulated);
	}
	fprintf(out, "</p>\n");
	html_table(out, row, count);
}

void comparison_html_orderings(FILE *out, const struct comparison_row *row, size_t count)
{
	unsigned known = 0, held = 0;

	for (size_t i = 0; i < count; i++) {
		known += comparison_has_value(&row[i]);
		held += comparison_holds(&row[i]);
	}
	fprintf(out,
		"<section>\n<h2 id=\"orderings\">Orderings</h2>\n<p>Which system holds more load, as the thesis states "
		"it: %u of %u hold. Values are ratios of maximum loads.</p>\n",
		held, known);
	html_table(out, row, count);
}

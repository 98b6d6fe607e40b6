/* The page itself: summary, comparison with what was published, and a section for each figure. */
#include "analysis/report.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

void report_text(FILE *out, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc(*text, out);
		}
}

void report_anchor(FILE *out, const char *text)
{
	for (; *text; text++)
		fputc(isalnum((unsigned char)*text) ? *text : '-', out);
}

static void write_duration(FILE *out, double seconds)
{
	if (seconds < 120)
		fprintf(out, "%.1f s", seconds);
	else if (seconds < 7200)
		fprintf(out, "%.1f min", seconds / 60);
	else
		fprintf(out, "%.1f h", seconds / 3600);
}

static void write_head(FILE *out, const struct report *report)
{
	size_t drawn = 0, points = 0, capped = 0;
	double wall_s = 0;

	for (size_t i = 0; i < report->count; i++) {
		drawn += report->entry[i].data->points > 0;
		points += report->entry[i].data->points;
		capped += report->entry[i].data->capped;
		wall_s += report->entry[i].data->provenance.wall_s;
	}
	fprintf(
	    out,
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	    "<meta name=\"color-scheme\" content=\"light dark\">\n<title>ixlab report</title>\n<style>\n%s</style>\n"
	    "</head>\n<body>\n<header>\n<h1>ixlab report</h1>\n<p>%zu of %zu figures have data: %zu points from ",
	    report_style, drawn, report->count, points);
	report_text(out, report->database);
	if (capped)
		fprintf(
		    out,
		    ", of which %zu stopped at their cap before their interval was as narrow as asked for (hollow in "
		    "the figures, &dagger; in the tables)",
		    capped);
	fprintf(out, ". They took ");
	write_duration(out, wall_s);
	fprintf(out,
		" of one core's time. Values stand with their confidence intervals; latencies of queueing models are "
		"in multiples of the mean service time S.</p>\n<nav><ul>\n");
	for (size_t i = 0; i < report->count; i++) {
		fprintf(out, "<li><a href=\"#figure-");
		report_anchor(out, report->entry[i].figure->id);
		fprintf(out, "\">Figure ");
		report_text(out, report->entry[i].figure->id);
		fprintf(out, "</a></li>\n");
	}
	fprintf(out, "</ul></nav>\n</header>\n<main>\n");
}

static void write_comparison(FILE *out, const struct published_row *row, const struct figure *figure,
			     const struct figure_point *point)
{
	const char *about = !strcmp(row->relation, "le") ? "&le; " : !strcmp(row->relation, "ge") ? "&ge; " : "";

	fprintf(out, "<tr><th>");
	report_text(out, row->metric);
	fprintf(out, "<br><small>");
	report_text(out, row->system);
	fprintf(out, ", ");
	report_text(out, row->workload);
	fprintf(out, "</small></th><td>%s%g ", about, row->value);
	report_text(out, row->unit);
	if (isnan(point->y)) {
		fprintf(out, "</td><td>no data yet</td><td></td>");
	} else {
		fprintf(out, "</td><td>%.4g<br><small>", point->y);
		if (!point->no_interval)
			fprintf(out, "%.4g&ndash;%.4g, ", point->low, point->high);
		report_text(out, figure->x.name);
		fprintf(out, " %g</small></td><td>%+.1f%%</td>", point->x, 100 * (point->y / row->value - 1));
	}
	fprintf(out, "<td><a href=\"#figure-");
	report_anchor(out, figure->id);
	fprintf(out, "\">");
	report_text(out, figure->id);
	fprintf(out, "</a></td></tr>\n");
}

static void write_comparisons(FILE *out, const struct report *report)
{
	bool any = false;

	for (size_t i = 0; i < report->count; i++)
		for (size_t j = 0; j < report->entry[i].figure->published_count; j++) {
			const struct figure *figure = report->entry[i].figure;
			const struct published_row *row = published_get(report->published, figure->published[j].id);

			if (!row)
				continue;
			if (!any)
				fprintf(
				    out,
				    "<section>\n<h2 id=\"published\">Published and simulated</h2>\n"
				    "<p>Numbers printed in the text and tables of the thesis <cite>Bridging the gap "
				    "between "
				    "dataplanes and commodity operating systems</cite> (EPFL thesis 8673, 2018), and "
				    "the "
				    "same quantity here.</p>\n<div class=\"wide\"><table "
				    "class=\"wrap\"><thead><tr><th>Quantity</th>"
				    "<th>Published</th><th>Simulated</th><th>Difference</th>"
				    "<th>Figure</th></tr></thead><tbody>\n");
			any = true;
			write_comparison(out, row, figure, &report->entry[i].data->published[j]);
		}
	if (any)
		fprintf(out, "</tbody></table></div>\n</section>\n");
}

static void write_commands(FILE *out, const struct figure *figure, const char *database)
{
	fprintf(out, "<pre>ixlab run ");
	report_text(out, figure->file);
	fprintf(out, " --db ");
	report_text(out, database);
	fprintf(out, "\nixlab figure ");
	report_text(out, figure->id);
	fprintf(out, " --db ");
	report_text(out, database);
	fprintf(out, "</pre>\n");
}

static void write_provenance(FILE *out, const struct figure *figure, const struct figure_data *data)
{
	const struct store_provenance *from = &data->provenance;

	fprintf(out, "<details><summary>Where the data come from</summary>\n<dl><dt>Experiment</dt><dd>");
	report_text(out, figure->experiment);
	fprintf(out, " (");
	report_text(out, figure->file);
	fprintf(out, ")</dd>\n<dt>Points</dt><dd>%u of %zu, %u runs</dd>\n<dt>Seed</dt><dd>%" PRIu64, from->points,
		figure->planned, from->runs, from->seed_low);
	if (from->seed_high != from->seed_low)
		fprintf(out, " to %" PRIu64, from->seed_high);
	fprintf(out, "</dd>\n<dt>Computed by</dt><dd>ixlab ");
	report_text(out, from->versions);
	fprintf(out, "</dd>\n<dt>Configuration hash</dt><dd><code>");
	report_text(out, from->config_hashes);
	fprintf(out, "</code></dd>\n<dt>Computing time</dt><dd>");
	write_duration(out, from->wall_s);
	fprintf(out, " on one core, summed over the runs</dd></dl>\n</details>\n");
}

static void write_entry(FILE *out, const struct report *report, const struct report_entry *entry)
{
	const struct figure *figure = entry->figure;

	fprintf(out, "<section>\n<h2 id=\"figure-");
	report_anchor(out, figure->id);
	fprintf(out, "\">Figure ");
	report_text(out, figure->id);
	fprintf(out, ": ");
	report_text(out, figure->title);
	fprintf(out, "</h2>\n");
	if (*figure->section) {
		fprintf(out, "<p class=\"note\">Thesis section ");
		report_text(out, figure->section);
		fprintf(out, "</p>\n");
	}
	if (entry->svg)
		fprintf(out, "<figure>\n%s</figure>\n", entry->svg);
	if (entry->svg) {
		report_numbers(out, figure, entry->data);
		write_provenance(out, figure, entry->data);
		fprintf(out, "<h3>How to make it again</h3>\n");
	} else {
		fprintf(out, "<p>");
		report_text(out, figure->caption);
		fprintf(out, "</p>\n<p>No data yet. These commands make them:</p>\n");
	}
	write_commands(out, figure, report->database);
	fprintf(out, "</section>\n");
}

int report_write(FILE *out, const struct report *report)
{
	write_head(out, report);
	if (report->comparison)
		comparison_html(out, report->comparison, report->comparisons);
	if (report->ordering)
		comparison_html_orderings(out, report->ordering, report->orderings);
	write_comparisons(out, report);
	for (size_t i = 0; i < report->count; i++)
		write_entry(out, report, &report->entry[i]);
	fprintf(out, "</main>\n<footer>\n<p class=\"note\">Written by ixlab ");
	report_text(out, report->version);
	fprintf(out, " on a machine with %ld cores, from the database ", report->cores);
	report_text(out, report->database);
	fprintf(out, ": <code>ixlab report --db ");
	report_text(out, report->database);
	fprintf(out, "</code></p>\n</footer>\n</body>\n</html>\n");
	return fflush(out) || ferror(out) ? -1 : 0;
}

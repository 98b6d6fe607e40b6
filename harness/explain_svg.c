/* Pictures of what explain.c finds. Colours can be told apart by the colour-blind (Okabe and Ito; greys for the wire). */
#include "harness/explain.h"

#include <math.h>
#include <stdio.h>

#define LEFT   80.0
#define TOP    60.0
#define BOTTOM 60.0
#define RIGHT  230.0 /* for the legend */

#define HEIGHT   420.0 /* of the bars */
#define BAR      34.0
#define BAR_STEP 56.0
#define TICKS    5

#define ROW         12.0 /* of a thread in the timeline */
#define TIME_WIDTH  800.0
#define PANEL_GAP   46.0
#define PANEL_COUNT 3

static const char *const color[EXPLAIN_PARTS] = {"#555555", "#bbbbbb", "#56b4e9", "#0072b2", "#f0e442",
						 "#009e73", "#cc79a7", "#d55e00", "#dddddd"};

static void begin(FILE *out, double width, double height)
{
	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" font-family=\"sans-serif\" "
		"font-size=\"12\">\n<style>.g{stroke:#ccc;stroke-width:.5;fill:none}</style>\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
		width, height);
}

static int end(FILE *out)
{
	int failed;

	fputs("</svg>\n", out);
	failed = ferror(out);
	return fclose(out) || failed ? -1 : 0;
}

/* The least of 1, 2 or 5 times a power of ten that @ticks of them reach @value. */
static double nice_step(double value, int ticks)
{
	double power = pow(10, floor(log10(value / ticks))), parts = value / ticks / power;

	return power * (parts <= 1 ? 1 : parts <= 2 ? 2 : parts <= 5 ? 5 : 10);
}

static double mean_us(const struct explain *explain, uint64_t sum_ns)
{
	return explain->requests ? (double)sum_ns / 1e3 / (double)explain->requests : 0;
}

static void write_legend(FILE *out, double x)
{
	for (int i = 0; i < EXPLAIN_PARTS; i++) {
		double y = TOP + 22 * (EXPLAIN_PARTS - 1 - i); /* in the order of the bars */

		fprintf(out,
			"<rect x=\"%.0f\" y=\"%.0f\" width=\"14\" height=\"14\" fill=\"%s\"/>"
			"<text x=\"%.0f\" y=\"%.0f\">%s</text>\n",
			x, y, color[i], x + 20, y + 12, explain_part_title[i]);
	}
}

static void write_axis(FILE *out, double step, int ticks, double scale, double width)
{
	for (int i = 0; i <= ticks; i++) {
		double y = TOP + HEIGHT - i * step * scale;

		fprintf(out,
			"<path class=\"g\" d=\"M%.0f %.1fH%.1f\"/><text x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">%g us"
			"</text>\n",
			LEFT, y, LEFT + width, LEFT - 6, y + 4, i * step);
	}
}

static void write_bar(FILE *out, const struct explain *explain, double x, double scale)
{
	double y = TOP + HEIGHT;

	for (int i = 0; i < EXPLAIN_PARTS; i++) {
		double us = mean_us(explain, explain->part_ns[i]);

		y -= us * scale;
		if (us > 0)
			fprintf(
			    out,
			    "<rect x=\"%.1f\" y=\"%.2f\" width=\"%.0f\" height=\"%.2f\" fill=\"%s\" stroke=\"#fff\" "
			    "stroke-width=\".5\"><title>%s: %.4g us</title></rect>\n",
			    x, y, BAR, us * scale, color[i], explain_part_title[i], us);
	}
	fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%.3g</text>\n", x + BAR / 2, TOP + HEIGHT + 18,
		explain->load);
}

int explain_svg_parts(const struct explain *explain, size_t count, const char *path)
{
	FILE *out = fopen(path, "we");
	double most_us = 0, width = BAR_STEP * (double)count + BAR_STEP / 2, step, scale;
	int ticks;

	if (!out)
		return -1;
	for (size_t i = 0; i < count; i++)
		most_us = fmax(most_us, mean_us(&explain[i], explain[i].latency_ns));
	step = nice_step(most_us > 0 ? most_us : 1, TICKS);
	ticks = (int)fmax(ceil(most_us / step), 1);
	scale = HEIGHT / (ticks * step);
	begin(out, LEFT + fmax(width, 200) + RIGHT, TOP + HEIGHT + BOTTOM);
	fprintf(out, "<text x=\"%.0f\" y=\"26\">Mean parts of latencies from p%g to p%g</text>\n", LEFT,
		100 * explain->from_quantile, 100 * explain->to_quantile);
	write_axis(out, step, ticks, scale, width);
	for (size_t i = 0; i < count; i++)
		write_bar(out, &explain[i], LEFT + BAR_STEP / 2 + BAR_STEP * (double)i, scale);
	fprintf(out, "<text x=\"%.1f\" y=\"%.0f\" text-anchor=\"middle\">load</text>\n", LEFT + width / 2,
		TOP + HEIGHT + 42);
	write_legend(out, LEFT + fmax(width, 200) + 20);
	return end(out);
}

static double value_of(const struct explain_interval *interval, int panel)
{
	return panel == 0 ? interval->idle_share : panel == 1 ? interval->steals_per_s : interval->interrupts_per_s;
}

static double most_in(const struct explain *explain, int panel)
{
	double most = 0;

	for (unsigned thread = 0; thread < explain->threads; thread++)
		for (unsigned i = 0; i < explain->intervals; i++)
			most = fmax(most, value_of(&explain->timeline[(size_t)thread * EXPLAIN_INTERVALS + i], panel));
	return most;
}

/* From white to dark blue: its lightness alone tells the value. */
static void write_cell(FILE *out, double x, double y, double width, double share)
{
	fprintf(out, "<rect x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%.0f\" fill=\"rgb(%.0f,%.0f,%.0f)\"/>\n", x,
		y, width, ROW - 1, 247 - 239 * share, 251 - 203 * share, 255 - 148 * share);
}

static void write_panel(FILE *out, const struct explain *explain, int panel, double top)
{
	static const char *const title[PANEL_COUNT] = {"idle share", "steals per second", "interrupts per second"};
	double most = panel == 0 ? 1 : most_in(explain, panel), end_us = explain->time_us[explain->intervals];

	if (most > 0)
		fprintf(out, "<text x=\"%.0f\" y=\"%.1f\">%s: white 0, dark %.4g</text>\n", LEFT, top - 6, title[panel],
			most);
	else
		fprintf(out, "<text x=\"%.0f\" y=\"%.1f\">%s: none</text>\n", LEFT, top - 6, title[panel]);
	for (unsigned thread = 0; thread < explain->threads; thread++) {
		double y = top + ROW * thread;

		fprintf(out, "<text x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\" font-size=\"9\">%u</text>\n", LEFT - 6,
			y + ROW - 3, thread);
		for (unsigned i = 0; i < explain->intervals; i++) {
			double from = TIME_WIDTH * explain->time_us[i] / end_us;
			double to = TIME_WIDTH * explain->time_us[i + 1] / end_us;
			const struct explain_interval *interval =
			    &explain->timeline[(size_t)thread * EXPLAIN_INTERVALS + i];

			write_cell(out, LEFT + from, y, to - from, most > 0 ? value_of(interval, panel) / most : 0);
		}
	}
}

int explain_svg_timeline(const struct explain *explain, const char *path)
{
	FILE *out = fopen(path, "we");
	double panel = ROW * explain->threads + PANEL_GAP, bottom = TOP + PANEL_COUNT * panel, end_us;

	if (!out)
		return -1;
	end_us = explain->time_us[explain->intervals];
	begin(out, LEFT + TIME_WIDTH + 40, bottom + BOTTOM - PANEL_GAP);
	fprintf(out, "<text x=\"%.0f\" y=\"20\">Threads over time at load %.4g</text>\n", LEFT, explain->load);
	for (int i = 0; i < PANEL_COUNT; i++)
		write_panel(out, explain, i, TOP + panel * i);
	for (int i = 0; i <= TICKS; i++)
		fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%.3g ms</text>\n",
			LEFT + TIME_WIDTH * i / TICKS, bottom - PANEL_GAP + 20, end_us * i / TICKS / 1e3);
	return end(out);
}

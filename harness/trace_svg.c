/* The picture of a trace: cores as rows, time as x. */
#include "harness/trace_file.h"

#include <math.h>
#include <stdlib.h>

#define WIDTH      1400.0 /* of the window */
#define LEFT       60.0
#define TOP        50.0
#define ROW        30.0
#define BAR        16.0 /* of a row's height, for its phases; ticks stand above and below */
#define TICK       6.0
#define BOTTOM     40.0
#define TICKS_TIME 10

enum { STATE_IDLE, STATE_KERNEL, STATE_USER, STATE_COUNT };
static const char *const state_name[STATE_COUNT] = {"idle", "kernel", "user"};
static const char *const state_class[STATE_COUNT] = {"i", "k", "u"};

struct trace_row {
	int state;
	uint64_t since_ns;
};

static double x_of(const struct trace_file *file, uint64_t time_ns)
{
	uint64_t at_ns = time_ns < file->start_ns ? file->start_ns : time_ns > file->end_ns ? file->end_ns : time_ns;

	return LEFT + WIDTH * (double)(at_ns - file->start_ns) / (double)(file->end_ns - file->start_ns);
}

static double y_of(unsigned core)
{
	return TOP + ROW * core + (ROW - BAR) / 2;
}

static void write_legend(FILE *out)
{
	double x = LEFT;

	for (int i = 0; i < STATE_COUNT; i++, x += 80)
		fprintf(out,
			"<rect class=\"%s\" x=\"%.0f\" y=\"14\" width=\"14\" height=\"14\"/>"
			"<text x=\"%.0f\" y=\"26\">%s</text>\n",
			state_class[i], x, x + 20, state_name[i]);
	fprintf(out,
		"<text x=\"%.0f\" y=\"26\">ticks above a row: packets arrive (red: dropped); below: replies leave; "
		"lines within user phases: the next request begins</text>\n",
		x);
}

static void write_axis(const struct trace_file *file)
{
	double y = TOP + ROW * file->cores;

	for (unsigned i = 0; i < file->cores; i++)
		fprintf(file->out, "<text x=\"6\" y=\"%.1f\">core %u</text>\n", y_of(i) + BAR - 4, i);
	for (int i = 0; i <= TICKS_TIME; i++) {
		double time_ns = (double)file->start_ns + (double)(file->end_ns - file->start_ns) * i / TICKS_TIME;
		double x = LEFT + WIDTH * i / TICKS_TIME;

		fprintf(
		    file->out,
		    "<path class=\"g\" d=\"M%.1f %.0fV%.1f\"/><text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%g "
		    "us</text>\n",
		    x, TOP, y, x, y + 18, time_ns / 1e3);
	}
}

int trace_svg_begin(struct trace_file *file)
{
	double height = TOP + ROW * file->cores + BOTTOM;

	file->row = calloc(file->cores, sizeof(*file->row));
	file->marks = file->row ? open_memstream(&file->marks_text, &file->marks_size) : NULL;
	if (!file->marks)
		return -1;
	fprintf(
	    file->out,
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" font-family=\"sans-serif\" "
	    "font-size=\"12\">\n"
	    "<style>.i{fill:#e8e8e8}.k{fill:#d55e00}.u{fill:#0072b2}.a{stroke:#000}.d{stroke:#e00}.s{stroke:#009e73}"
	    ".r{stroke:#fff;stroke-width:.7}.g{stroke:#ccc;stroke-width:.5}path{fill:none}</style>\n"
	    "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
	    LEFT + WIDTH + 30, height);
	write_legend(file->out);
	write_axis(file);
	return 0;
}

/* When the phase ends: then it is known where. */
static void write_phase(const struct trace_file *file, unsigned core, uint64_t until_ns)
{
	const struct trace_row *row = &file->row[core];
	double from = x_of(file, row->since_ns), to = x_of(file, until_ns);

	if (to > from)
		fprintf(file->out, "<rect class=\"%s\" x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%.0f\"/>\n",
			state_class[row->state], from, y_of(core), to - from, BAR);
}

static void set_state(struct trace_file *file, unsigned core, int state, uint64_t time_ns)
{
	if (file->row[core].state == state)
		return;
	write_phase(file, core, time_ns);
	file->row[core] = (struct trace_row){state, time_ns};
}

static void write_tick(const struct trace_file *file, const struct sim_trace_record *record, const char *class,
		       double from, double to)
{
	if (record->time_ns >= file->start_ns && record->time_ns < file->end_ns)
		fprintf(file->marks, "<path class=\"%s\" d=\"M%.2f %.1fV%.1f\"/>\n", class, x_of(file, record->time_ns),
			y_of(record->core) + from, y_of(record->core) + to);
}

void trace_svg_record(struct trace_file *file, const struct sim_trace_record *record)
{
	switch (record->what) {
	case SIM_TRACE_OUTPUT:
	case SIM_TRACE_INPUT:
		set_state(file, record->core, STATE_KERNEL, record->time_ns);
		break;
	case SIM_TRACE_USER:
		set_state(file, record->core, STATE_USER, record->time_ns);
		break;
	case SIM_TRACE_IDLE:
		set_state(file, record->core, STATE_IDLE, record->time_ns);
		break;
	case SIM_TRACE_ARRIVE:
		write_tick(file, record, "a", -TICK, 0);
		break;
	case SIM_TRACE_DROP:
		write_tick(file, record, "d", -TICK, 0);
		break;
	case SIM_TRACE_SEND:
		write_tick(file, record, "s", BAR, BAR + TICK);
		break;
	case SIM_TRACE_REQUEST:
		write_tick(file, record, "r", 0, BAR);
		break;
	default:
		break;
	}
}

void trace_svg_end(struct trace_file *file)
{
	for (unsigned i = 0; file->row && i < file->cores; i++)
		write_phase(file, i, file->end_ns);
	if (file->marks && !fclose(file->marks))
		fwrite(file->marks_text, 1, file->marks_size, file->out);
	free(file->marks_text);
	free(file->row);
	fputs("</svg>\n", file->out);
}

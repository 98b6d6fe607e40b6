#include "harness/progress.h"

#include <time.h>
#include <unistd.h>

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void progress_start(struct progress *progress, FILE *file, const char *name, size_t steps, double weight)
{
	*progress = (struct progress){.file = file,
				      .name = name,
				      .terminal = file && isatty(fileno(file)),
				      .steps = steps,
				      .weight = weight,
				      .start_s = now_s()};
}

void progress_duration(double seconds, char *text, size_t text_size)
{
	unsigned long whole = seconds < 1e9 ? (unsigned long)(seconds + 0.5) : 1000000000UL;

	if (whole < 60)
		snprintf(text, text_size, "%lu s", whole);
	else if (whole < 3600)
		snprintf(text, text_size, "%lu min %02lu s", whole / 60, whole % 60);
	else
		snprintf(text, text_size, "%lu h %02lu min", whole / 3600, whole % 3600 / 60);
}

static void draw(struct progress *progress, double share)
{
	char left[32];

	progress_duration((now_s() - progress->start_s) * (1 - share) / share, left, sizeof(left));
	fprintf(progress->file, "%s%s: %3.0f%%, %zu of %zu runs, about %s left%s", progress->terminal ? "\r\033[K" : "",
		progress->name, 100 * share, progress->steps_done, progress->steps, left,
		progress->terminal ? "" : "\n");
	fflush(progress->file);
	progress->drawn = progress->terminal;
}

void progress_step(struct progress *progress, double weight)
{
	double share;

	progress->steps_done++;
	progress->weight_done += weight;
	share = progress->weight_done / progress->weight;
	if (!progress->file || progress->steps_done == progress->steps)
		return; /* the end has its own line */
	if (!progress->terminal && (int)(10 * share) <= progress->shown_tenths)
		return;
	progress->shown_tenths = (int)(10 * share);
	draw(progress, share);
}

void progress_hide(struct progress *progress)
{
	if (progress->drawn)
		fputs("\r\033[K", progress->file);
	progress->drawn = false;
}

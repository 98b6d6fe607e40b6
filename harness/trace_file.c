#include "harness/trace_file.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static void write_record(void *context, const struct sim_trace_record *record)
{
	struct trace_file *file = context;

	if (file->is_svg) {
		trace_svg_record(file, record);
		return;
	}
	if (record->time_ns < file->start_ns || record->time_ns >= file->end_ns)
		return;
	fprintf(file->out, "%" PRIu64 " %u %s %" PRIu64 "\n", record->time_ns, record->core,
		sim_trace_name[record->what], record->who);
}

int trace_file_open(struct trace_file *file, const char *path, unsigned cores, double start_us, double length_us)
{
	const char *dot = strrchr(path, '.');

	*file = (struct trace_file){.cores = cores};
	file->is_svg = dot && !strcmp(dot, ".svg");
	if (file->is_svg && !(length_us > 0))
		length_us = TRACE_SVG_LENGTH_US;
	file->start_ns = (uint64_t)(start_us * 1e3);
	file->end_ns = length_us > 0 ? file->start_ns + (uint64_t)(length_us * 1e3) : UINT64_MAX;
	sim_trace_init(&file->trace, write_record, file);
	file->out = fopen(path, "we");
	if (!file->out)
		return -1;
	return file->is_svg ? trace_svg_begin(file) : 0;
}

int trace_file_close(struct trace_file *file)
{
	int failed = file->trace.failed;

	sim_trace_fini(&file->trace);
	if (file->is_svg)
		trace_svg_end(file);
	failed |= ferror(file->out);
	errno = 0;
	if (fclose(file->out) || failed) {
		errno = errno ? errno : EIO;
		return -1;
	}
	return 0;
}

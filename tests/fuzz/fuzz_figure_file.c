/* The reader of a file's figure: whatever the bytes, it ends with a status, and a complaint is one line. */
#include "harness/figure_file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An experiment that is right, so that the figure after it is reached; the input is what stands in its group. */
static const char head[] =
    "experiment = \"e\"; kind = \"queue\"; parameters = { model = \"partitioned-fcfs\"; servers = 1; "
    "service = \"exp\"; load = 0.5; };\nfigure = {\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("figure", MFD_CLOEXEC);
	struct figure_file file;
	char path[64], error[512] = "";
	int status;

	if (fd < 0 || write(fd, head, strlen(head)) < 0 || write(fd, data, size) < 0 || write(fd, "\n};\n", 4) < 0)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	status = figure_file_read(&file, path, error, sizeof(error));
	if (status != 0 && (!error[0] || strchr(error, '\n')))
		abort();
	if (status == 0 && file.has_figure &&
	    (!file.figure.panels.count || !file.figure.series.count || !file.figure.id[0]))
		abort();
	figure_file_clear(&file);
	close(fd);
	return 0;
}

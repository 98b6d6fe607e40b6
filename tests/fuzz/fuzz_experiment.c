/* The reader of experiment files, given any bytes. It must end with 0 or with one line of complaint. */
#include "harness/experiment.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_SIZE_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[TEXT_SIZE_MAX + 1], error[512] = "";
	struct experiment experiment;
	int status;

	if (size > TEXT_SIZE_MAX)
		return -1;
	memcpy(text, data, size);
	text[size] = '\0';
	status = experiment_read_text(&experiment, text, "FILE", error, sizeof(error));
	if (status == 0 && (experiment.point_count == 0 || !experiment.name[0] || !experiment.kind))
		abort();
	if (status != 0 && (strncmp(error, "FILE", 4) != 0 || strchr(error, '\n')))
		abort();
	experiment_clear(&experiment);
	return 0;
}

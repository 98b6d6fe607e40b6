/*
 * Packet scripts, given any bytes: reading one must end with 0 or with one line of complaint, and one that can be read
 * is run: whatever a peer and an application do to the stack, nothing breaks and nothing is left over.
 */
#include "tests/packet/run.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_SIZE_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool left_over(const struct run_result *result)
{
	return strstr(result->message, "left over") != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run_result result;
	struct script script;
	char error[256] = "";
	int status;

	if (size > TEXT_SIZE_MAX)
		return -1;
	status = script_read(&script, (const char *)data, size, "FILE", error, sizeof(error));
	if (status && (strncmp(error, "FILE:", 5) != 0 || strchr(error, '\n')))
		abort();
	if (!status) {
		run_script(&script, &device_core, &result);
		free(result.trace);
		if (left_over(&result))
			abort();
	}
	script_clear(&script);
	return 0;
}

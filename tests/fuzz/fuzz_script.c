/*
 * Packet scripts, given any bytes: reading one must end with 0 or with one line of complaint, and one that can be read
 * is run, as it is and freely: whatever a peer and an application do to the stack, it sends no broken packet, and
 * nothing breaks or is left over.
 */
#include "tests/packet/run.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_SIZE_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct run_result *result)
{
	free(result->trace);
	if (strstr(result->message, "left over") || strstr(result->message, "broken packet"))
		abort();
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
		run_script(&script, &device_under_test, &result);
		check(&result);
		run_freely(&script, &device_under_test, &result);
		check(&result);
	}
	script_clear(&script);
	return 0;
}

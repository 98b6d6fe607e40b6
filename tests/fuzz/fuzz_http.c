/* The head of an HTTP request on any bytes: what is complete stays complete, and nothing behind it is looked at. */
#include "impl/apps/http_parse.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size);
	struct http_request request, again;
	ptrdiff_t n;

	if (size)
		memcpy(copy, data, size);
	n = http_parse(copy, size, &request);
	if (n > (ptrdiff_t)size || n < -1)
		abort();
	if (n > 0) {
		const char *path = request.path;

		if (path < (char *)copy || path + request.path_length > (char *)copy + n)
			abort();
		if (http_parse(copy, (size_t)n, &again) != n || again.path != path ||
		    again.keep_alive != request.keep_alive || http_parse(copy, (size_t)n - 1, &again) > 0)
			abort();
	}
	free(copy);
	return 0;
}

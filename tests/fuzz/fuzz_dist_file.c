/* Any bytes as the file of an empirical distribution: accepted and then usable, or refused with a one-line message. */
#include "harness/dist_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[256] = "";
	struct dist dist;
	struct rng rng = {{1, 2, 3, 4}}; /* rng_init() would take most of the time */

	if (dist_file_parse(&dist, "fuzz", (const char *)data, size, error, sizeof(error))) {
		if (!error[0] || strchr(error, '\n'))
			abort();
		return 0;
	}
	for (int i = 0; i < 100; i++) {
		double value = dist_sample(&dist, &rng);

		if (!(value >= 0) || !(dist_cdf(&dist, value) > 0))
			abort();
	}
	if (!(dist_quantile(&dist, 0.5) >= 0) || isnan(dist_mean(&dist)) || isnan(dist_variance(&dist)))
		abort();
	dist_destroy(&dist);
	return 0;
}

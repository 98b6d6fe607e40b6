#include "harness/calibrate_kept.h"
#include "version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct value {
	char *key;
	double value;
};

/* All values are in memory, too: a calibration has some hundreds. */
struct calibrate_kept {
	struct store *store;
	struct value *value;
	size_t count;
	bool short_of_memory;
};

static void add_value(struct calibrate_kept *kept, const char *key, double value)
{
	struct value *grown = realloc(kept->value, (kept->count + 1) * sizeof(*grown));
	char *copy = grown ? strdup(key) : NULL;

	if (grown)
		kept->value = grown;
	if (copy)
		kept->value[kept->count++] = (struct value){copy, value};
	else
		kept->short_of_memory = true;
}

static void take_point(const struct point_summary *summary, void *context)
{
	for (size_t i = 0; i < summary->metric_count; i++)
		if (!strcmp(summary->metrics[i].name, "value"))
			add_value(context, summary->params, summary->metrics[i].value);
}

int calibrate_kept_open(struct calibrate_kept **out, const char *database, bool fresh, char *error, size_t error_size)
{
	struct calibrate_kept *kept = calloc(1, sizeof(*kept));
	int status = 1;

	*out = NULL;
	snprintf(error, error_size, "memory is short");
	if (!kept)
		return status;
	status = store_open(&kept->store, database, STORE_WRITE, error, error_size);
	if (!status && fresh)
		status = store_forget(kept->store, CALIBRATE_EXPERIMENT, error, error_size);
	if (!status)
		status = store_each_point(kept->store, CALIBRATE_EXPERIMENT, take_point, kept, error, error_size);
	if (!status && kept->short_of_memory) {
		snprintf(error, error_size, "memory is short");
		status = 1;
	}
	if (status)
		calibrate_kept_close(kept);
	else
		*out = kept;
	return status;
}

void calibrate_kept_close(struct calibrate_kept *kept)
{
	if (!kept)
		return;
	if (kept->store)
		store_close(kept->store);
	for (size_t i = 0; i < kept->count; i++)
		free(kept->value[i].key);
	free(kept->value);
	free(kept);
}

bool calibrate_kept_find(const struct calibrate_kept *kept, const char *key, double *value)
{
	for (size_t i = 0; kept && i < kept->count; i++)
		if (!strcmp(kept->value[i].key, key)) {
			*value = kept->value[i].value;
			return true;
		}
	return false;
}

int calibrate_kept_add(struct calibrate_kept *kept, const char *key, const struct point_result *result, char *error,
		       size_t error_size)
{
	struct run_row row = {.experiment = CALIBRATE_EXPERIMENT,
			      .kind = "measure",
			      .params = key,
			      .seed = 1,
			      .version = IXLAB_VERSION,
			      .config_hash = "",
			      .wall_s = result->wall_s,
			      .metrics = result->metric,
			      .metric_count = result->metric_count};

	return kept ? store_put(kept->store, &row, error, error_size) : 0;
}

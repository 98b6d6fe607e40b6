/* What all threads have measured, as one line of JSON. */
#include "harness/json_text.h"
#include "harness/load/load.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct sums {
	uint64_t issued, counted, failed_connections, wrong, errors, lost, misses;
	double throughput, wall_s;
};

/* All threads' latencies (or lags) as one estimate. */
static int pool(const struct load_shared *shared, int lag, struct estimate *out)
{
	struct histogram *all = histogram_create(), *part = histogram_create();
	struct estimate *parts = calloc(shared->threads, sizeof(*parts));
	size_t n = 0;
	int result = -1;

	if (all && part && parts) {
		for (unsigned i = 0; i < shared->threads; i++) {
			struct load_client *client = shared->client[i];
			const struct estimator *e = lag ? client->lag : client->latency;

			load_client_flush(client);
			estimator_histogram(e, part);
			if (!part->count)
				continue;
			histogram_merge(all, part);
			estimator_result(e, &parts[n++]);
		}
		estimate_pool(parts, n, all, LOAD_CONFIDENCE, out);
		result = 0;
	}
	histogram_destroy(all);
	histogram_destroy(part);
	free(parts);
	return result;
}

static void add_up(const struct load_shared *shared, struct sums *sums)
{
	for (unsigned i = 0; i < shared->threads; i++) {
		const struct load_client *c = shared->client[i];
		double measured_s = 1e-9 * (double)(c->last_reply_ns - c->measure_ns);
		double wall_s = 1e-9 * (double)(c->last_reply_ns - c->start_ns);

		sums->issued += c->issued;
		sums->counted += c->counted;
		sums->failed_connections += c->failed_connections;
		sums->wrong += c->wrong;
		sums->errors += c->errors;
		sums->lost += c->lost;
		sums->misses += c->misses;
		if (c->counted)
			sums->throughput += (double)c->counted / measured_s;
		sums->wall_s = fmax(sums->wall_s, wall_s);
	}
}

static void set_latency(json_t *object, const struct estimate *e)
{
	char key[32];

	for (unsigned i = 0; i < ESTIMATE_QUANTILES; i++) {
		snprintf(key, sizeof(key), "%s_us", estimate_name[i]);
		json_set_real(object, key, e->quantile[i].value);
	}
	json_set_real(object, "p99_low_us", e->quantile[ESTIMATE_P99].low);
	json_set_real(object, "p99_high_us", e->quantile[ESTIMATE_P99].high);
	json_set_real(object, "mean_us", e->mean.value);
	json_set_real(object, "max_us", e->max);
}

static void set_count(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

char *load_result(struct load_shared *shared, bool *failed)
{
	const struct load_config *config = &shared->config;
	json_t *object = json_object();
	struct estimate latency, lag;
	struct sums sums = {0};
	char *text = NULL;

	*failed = true;
	if (object && !pool(shared, 0, &latency) && !pool(shared, 1, &lag)) {
		add_up(shared, &sums);
		json_object_set_new(object, "protocol", json_string(config->protocol->name));
		json_object_set_new(object, "loop", json_string(config->rate_rps > 0 ? "open" : "closed"));
		set_latency(object, &latency);
		json_set_real(object, "throughput", sums.throughput);
		json_set_real(object, "rate", config->rate_rps > 0 ? config->rate_rps : NAN);
		set_count(object, "requests", sums.counted);
		set_count(object, "issued", sums.issued);
		set_count(object, "connections", config->connections);
		set_count(object, "depth", config->depth);
		set_count(object, "threads", shared->threads);
		set_count(object, "size", config->size);
		set_count(object, "seed", config->seed);
		set_count(object, "failed_connections", sums.failed_connections);
		set_count(object, "lost", sums.lost);
		set_count(object, "wrong", sums.wrong);
		set_count(object, "errors", sums.errors);
		set_count(object, "misses", sums.misses);
		json_set_real(object, "send_lag_p99_us", config->rate_rps > 0 ? lag.quantile[ESTIMATE_P99].value : NAN);
		json_set_real(object, "wall_s", sums.wall_s);
		text = json_flat_text(object, false);
		*failed = sums.failed_connections || sums.lost || sums.wrong || sums.errors;
	}
	json_decref(object);
	return text;
}

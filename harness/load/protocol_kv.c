/* Gets and sets of memcached's text protocol. A value is made from its key, so every hit can be checked. */
#include "harness/load/load.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KIND_GET, KIND_SET };
enum { PHASE_LINE, PHASE_VALUE, PHASE_VALUE_END, PHASE_END };

static size_t set_request(const struct load_config *config, uint64_t key, uint8_t *out)
{
	size_t n = (size_t)sprintf((char *)out, "set key-%012llu 0 0 %llu\r\n", (unsigned long long)key,
				   (unsigned long long)config->size);

	load_text_fill(key, 0, out + n, config->size);
	out[n + config->size] = '\r';
	out[n + config->size + 1] = '\n';
	return n + config->size + 2;
}

static size_t kv_request(struct load_client *client, struct load_request *request, uint8_t *out)
{
	const struct load_config *config = &client->shared->config;

	request->key = rng_below(&client->mix, (uint32_t)config->keys);
	request->kind = rng_uniform(&client->mix) < config->get_fraction ? KIND_GET : KIND_SET;
	if (request->kind == KIND_SET)
		return set_request(config, request->key, out);
	return (size_t)sprintf((char *)out, "get key-%012llu\r\n", (unsigned long long)request->key);
}

static size_t kv_prepare(struct load_client *client, struct load_request *request, uint8_t *out)
{
	const struct load_config *config = &client->shared->config;

	if (client->prepare_next >= config->keys)
		return 0;
	request->kind = KIND_SET;
	request->key = client->prepare_next;
	client->prepare_next += client->shared->threads;
	return set_request(config, request->key, out);
}

static ptrdiff_t first_line(struct load_connection *lc, const struct load_request *request, bool *done)
{
	struct load_client *client = lc->client;
	unsigned long long key, flags, bytes;

	*done = true;
	if (request->kind == KIND_SET) {
		if (strcmp(lc->line, "STORED") != 0)
			client->errors++;
		return 0;
	}
	if (!strcmp(lc->line, "END")) {
		client->misses++;
		return 0;
	}
	if (sscanf(lc->line, "VALUE key-%llu %llu %llu", &key, &flags, &bytes) != 3) {
		client->errors++;
		return 0;
	}
	if (key != request->key || bytes != client->shared->config.size)
		return -1;
	*done = false;
	lc->phase = PHASE_VALUE;
	lc->taken = 0;
	lc->body = (size_t)bytes;
	return 0;
}

static ptrdiff_t value_bytes(struct load_connection *lc, const struct load_request *request, const uint8_t *data,
			     size_t length)
{
	size_t n = lc->body - lc->taken;

	if (n > length)
		n = length;
	if (lc->client->shared->config.verify && !load_text_equal(request->key, lc->taken, data, n))
		return -1;
	lc->taken += n;
	if (lc->taken == lc->body)
		lc->phase = PHASE_VALUE_END;
	return (ptrdiff_t)n;
}

static ptrdiff_t kv_reply(struct load_connection *lc, const struct load_request *request, const uint8_t *data,
			  size_t length, bool *done)
{
	bool line;
	ptrdiff_t n;

	if (lc->phase == PHASE_VALUE)
		return value_bytes(lc, request, data, length);
	n = load_line(lc, data, length, &line);
	if (n < 0 || !line)
		return n;
	switch (lc->phase) {
	case PHASE_LINE:
		if (first_line(lc, request, done))
			return -1;
		break;
	case PHASE_VALUE_END:
		if (lc->line[0])
			return -1;
		lc->phase = PHASE_END;
		break;
	default:
		if (strcmp(lc->line, "END") != 0)
			return -1;
		*done = true;
	}
	return n;
}

const struct load_protocol load_kv = {"kv", kv_request, kv_reply, kv_prepare};

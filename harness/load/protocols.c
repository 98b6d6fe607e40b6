/* Requests and replies of the two protocols of fixed size: echo and spin. */
#include "harness/load/load.h"
#include <string.h>

const struct load_protocol *const load_protocols[] = {&load_echo, &load_spin, &load_kv, &load_http, NULL};

static size_t echo_request(struct load_client *client, struct load_request *request, uint8_t *out)
{
	const struct load_config *config = &client->shared->config;

	request->key = 0;
	if (config->verify) {
		request->key = (client->issued << 8 | client->thread) + config->seed;
		load_text_fill(request->key, 0, out, config->size);
	}
	return config->size;
}

static ptrdiff_t echo_reply(struct load_connection *lc, const struct load_request *request, const uint8_t *data,
			    size_t length, bool *done)
{
	const struct load_config *config = &lc->client->shared->config;
	size_t n = config->size - lc->taken;

	if (n > length)
		n = length;
	if (config->verify && !load_text_equal(request->key, lc->taken, data, n))
		return -1;
	lc->taken += n;
	*done = lc->taken == config->size;
	return (ptrdiff_t)n;
}

const struct load_protocol load_echo = {"echo", echo_request, echo_reply, NULL};

/* The first 8 bytes are the service time in ns, little-endian, 0: the server draws it; all of it comes back. */
static size_t spin_request(struct load_client *client, struct load_request *request, uint8_t *out)
{
	const struct load_config *config = &client->shared->config;
	uint64_t service_ns = config->carried ? (uint64_t)(1e3 * dist_sample(&config->service, &client->service)) : 0;

	memset(out, 0, config->size);
	for (unsigned i = 0; i < 8; i++)
		out[i] = (uint8_t)(service_ns >> 8 * i);
	request->key = service_ns;
	return config->size;
}

static ptrdiff_t spin_reply(struct load_connection *lc, const struct load_request *request, const uint8_t *data,
			    size_t length, bool *done)
{
	const struct load_config *config = &lc->client->shared->config;
	size_t n = config->size - lc->taken;

	if (n > length)
		n = length;
	for (size_t i = 0; config->verify && i < n; i++) {
		size_t at = lc->taken + i;

		if (data[i] != (at < 8 ? (uint8_t)(request->key >> 8 * at) : 0))
			return -1;
	}
	lc->taken += n;
	*done = lc->taken == config->size;
	return (ptrdiff_t)n;
}

const struct load_protocol load_spin = {"spin", spin_request, spin_reply, NULL};

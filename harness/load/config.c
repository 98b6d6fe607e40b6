/* Options of the load client. */
#include "harness/load/load.h"
#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char load_options_help[] =
    "address       IPv4         127.0.0.1  the server's\n"
    "port          1 .. 65535   required   the server's\n"
    "ports         1 .. 16      1          that many of its ports, from `port` on, in turn\n"
    "protocol      echo, spin, kv, http  echo\n"
    "connections   1 .. 1000000 1          over all threads\n"
    "depth         1 .. 1024    1          requests in flight on a connection\n"
    "rate          requests/s   0          open loop, Poisson; 0: closed loop\n"
    "requests      0 .. 10^15   0          to send; 0: for `duration`\n"
    "duration      s            1          of the measurement, without warm-up\n"
    "warmup        s            0          requests due in it do not count\n"
    "timeout       s            10         to connect; to wait for the last replies\n"
    "size          1 .. 1048576 64         bytes of an echo, a spin request (8 and more), a value\n"
    "verify        0, 1         0          compare replies byte by byte\n"
    "seed          0 .. 2^53    1          of all random numbers\n"
    "service       DIST         none       spin: service times that requests carry\n"
    "mean_us       us           1          spin: mean service time\n"
    "keys          1 .. 2^31    10000      kv: keys, all set before the run\n"
    "get_fraction  0 .. 1       0.9        kv: gets among requests\n"
    "path          text         /          http\n";

static const char *const known[] = {"address",  "port",     "ports",  "protocol",     "connections", "depth",  "rate",
				    "requests", "duration", "warmup", "timeout",      "size",        "verify", "seed",
				    "service",  "mean_us",  "keys",   "get_fraction", "path",        NULL};

static int refuse(struct ix_app_error *error, const char *key, const char *allowed)
{
	error->key = key;
	snprintf(error->text, sizeof(error->text), "%s", allowed);
	return -1;
}

static int read_real(const struct ix_app_options *options, const char *key, double low, double high, double *value,
		     struct ix_app_error *error)
{
	const char *text = ix_app_option(options, key);
	double number;
	char *end, allowed[64];

	if (!text)
		return 0;
	number = strtod(text, &end);
	if (end == text || *end || !(number >= low && number <= high)) {
		snprintf(allowed, sizeof(allowed), "a number from %g to %g", low, high);
		return refuse(error, key, allowed);
	}
	*value = number;
	return 0;
}

static int read_texts(struct load_config *config, const struct ix_app_options *options, struct ix_app_error *error)
{
	const char *protocol = ix_app_option(options, "protocol"), *address = ix_app_option(options, "address");
	const char *path = ix_app_option(options, "path");
	const struct load_protocol *const *p = load_protocols;
	struct in_addr in = {htonl(INADDR_LOOPBACK)};

	while (*p && strcmp((*p)->name, protocol ? protocol : "echo") != 0)
		p++;
	if (!*p)
		return refuse(error, "protocol", "echo, spin, kv, http");
	config->protocol = *p;
	if (address && inet_pton(AF_INET, address, &in) != 1)
		return refuse(error, "address", "an IPv4 address as 127.0.0.1");
	config->address = ntohl(in.s_addr);
	config->path = path ? path : "/";
	if (config->path[0] != '/' || strlen(config->path) > 400 || strpbrk(config->path, " \t\r\n"))
		return refuse(error, "path", "a text from '/' on, without spaces, of at most 400 bytes");
	return 0;
}

static int read_numbers(struct load_config *config, const struct ix_app_options *options, struct ix_app_error *error)
{
	uint64_t port = 0, verify = 0;

	if (ix_app_option_number(options, "port", 1, 65535, &port, error) ||
	    ix_app_option_number(options, "ports", 1, 16, &config->ports, error) ||
	    ix_app_option_number(options, "connections", options->threads, 1000000, &config->connections, error) ||
	    ix_app_option_number(options, "depth", 1, LOAD_DEPTH_MAX, &config->depth, error) ||
	    ix_app_option_number(options, "requests", 0, 1000000000000000, &config->requests, error) ||
	    ix_app_option_number(options, "size", config->protocol == &load_spin ? 8 : 1, LOAD_SIZE_MAX, &config->size,
				 error) ||
	    ix_app_option_number(options, "verify", 0, 1, &verify, error) ||
	    ix_app_option_number(options, "seed", 0, 1ull << 53, &config->seed, error) ||
	    ix_app_option_number(options, "keys", 1, 1ull << 31, &config->keys, error) ||
	    read_real(options, "rate", 0, 1e9, &config->rate_rps, error) ||
	    read_real(options, "duration", 0.001, 1e6, &config->duration_s, error) ||
	    read_real(options, "warmup", 0, 1e6, &config->warmup_s, error) ||
	    read_real(options, "timeout", 0.001, 1e6, &config->timeout_s, error) ||
	    read_real(options, "get_fraction", 0, 1, &config->get_fraction, error))
		return -1;
	if (!port)
		return refuse(error, "port", "is needed: that of the server, 1 to 65535");
	if (config->connections < options->threads)
		return refuse(error, "connections", "at least one a thread");
	if (config->requests && config->requests < options->threads)
		return refuse(error, "requests", "at least one a thread");
	if (port + config->ports > 65536)
		return refuse(error, "ports", "the last one is above 65535");
	config->port = (uint16_t)port;
	config->verify = verify;
	return 0;
}

static int read_service(struct load_config *config, const struct ix_app_options *options, struct ix_app_error *error)
{
	const char *service = ix_app_option(options, "service");
	double mean_us = 0;

	if (read_real(options, "mean_us", 0.001, 1e6, &mean_us, error))
		return -1;
	if (!service)
		return mean_us > 0 ? refuse(error, "mean_us", "only with service") : 0;
	error->key = "service";
	if (dist_parse(&config->service, service, error->text, sizeof(error->text)))
		return -1;
	config->carried = true;
	if (mean_us > 0 && dist_set_mean(&config->service, mean_us)) {
		dist_destroy(&config->service);
		return refuse(error, "mean_us", "the distribution has no mean that could be set");
	}
	return 0;
}

int load_config_read(struct load_config *config, const struct ix_app_options *options, struct ix_app_error *error)
{
	*config = (struct load_config){.connections = options->threads,
				       .ports = 1,
				       .depth = 1,
				       .duration_s = 1,
				       .timeout_s = 10,
				       .size = 64,
				       .seed = 1,
				       .keys = 10000,
				       .get_fraction = 0.9};
	if (ix_app_options_known(options, known, error) || read_texts(config, options, error) ||
	    read_numbers(config, options, error) || read_service(config, options, error))
		return -1;
	return 0;
}

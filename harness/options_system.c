/* Options that describe a simulated machine and the requests it faces. Each is the parameter of its name, with _ for -.
 */
#include "harness/options.h"

#include <string.h>

#define KEY_FIRST (1 << 13)

/* What an option's value becomes. */
enum value_type { NUMBER, TEXT };

enum {
	KEY_SYSTEM = KEY_FIRST,
	KEY_CORES,
	KEY_THREADS_PER_CORE,
	KEY_MEAN_US,
	KEY_SERVICE_KIND,
	KEY_CONNECTIONS,
	KEY_PLACEMENT,
	KEY_IN_FLIGHT,
	KEY_REQUEST_BYTES,
	KEY_REPLY_BYTES,
	KEY_ACKS,
	KEY_MESSAGES_PER_CONNECTION,
	KEY_WIRE_LINKS,
	KEY_BATCH,
	KEY_COSTS,
	KEY_TRANSMIT_ORDER,
	KEY_END
};

static const struct argp_option options[] = {
    {"system", KEY_SYSTEM, "SYSTEM", 0,
     "What serves the requests: ix (run to completion, one queue of flow groups for each core), zygos (which steals, "
     "and "
     "interrupts user phases), zygos-cooperative (without interrupts), linux-partitioned, linux-floating, mtcp",
     1},
    {"cores", KEY_CORES, "N", 0, "Hardware threads of the machine, one elastic thread each, 1 to 64", 1},
    {"threads-per-core", KEY_THREADS_PER_CORE, "N", 0,
     "1 (default): each of them is a processor core; 2: two of them share one, as hyperthreads", 1},
    {"mean-us", KEY_MEAN_US, "X", 0, "Mean service time in microseconds", 1},
    {"service-kind", KEY_SERVICE_KIND, "KIND", 0,
     "compute (default): service times are work, which takes longer at a lower frequency and beside a busy "
     "hyperthread; "
     "spin: they are wall time",
     1},
    {"connections", KEY_CONNECTIONS, "N", 0,
     "Connections, 1 to 1000000 (2752, rounded up to a multiple of the cores); each request takes one at random", 2},
    {"placement", KEY_PLACEMENT, "HOW", 0,
     "even (default): client ports are chosen so that each core has as many connections as any other, as testbeds do; "
     "random: ports are random, and some cores get more than others",
     2},
    {"in-flight", KEY_IN_FLIGHT, "N", 0,
     "Requests of a connection that may be in flight (0: any number); further ones wait at the client, and their "
     "latency counts from when they were meant to be sent",
     2},
    {"request-bytes", KEY_REQUEST_BYTES, "N", 0, "Payload of a request, 1 to 16777216 (64); in segments of 1460", 2},
    {"reply-bytes", KEY_REPLY_BYTES, "N", 0, "Payload of a reply, likewise (64)", 2},
    {"acks", KEY_ACKS, "X", 0, "Pure acknowledgements each way per request, 0 to 16 (0)", 2},
    {"messages-per-connection", KEY_MESSAGES_PER_CONNECTION, "N", 0,
     "Requests after which a connection is reset and opened anew (0: never): SYN, SYN with ACK, ACK, the client's ACK "
     "of the first reply and RST take wire "
     "and processor time",
     2},
    {"wire-links", KEY_WIRE_LINKS, "N", 0,
     "Links of the server, 1 to 16 (1), each of the bandwidth in the cost model; a connection uses one of them", 2},
    {"batch", KEY_BATCH, "B", 0, "Batch bound, 1 to 1024 (64): packets processed in one cycle at most", 2},
    {"costs", KEY_COSTS, "FILE", 0,
     "Cost model: zero (default) takes every overhead away, for comparison with theory; or a file such as "
     "costs/ix.cfg (looked for in the folders of the experiments, too)",
     2},
    {"transmit-order", KEY_TRANSMIT_ORDER, "ORDER", 0,
     "paper (default): replies leave before the next receive batch; code: after it, as in the released code", 2},
    {0},
};

static enum value_type type_of(int key)
{
	switch (key) {
	case KEY_SYSTEM:
	case KEY_SERVICE_KIND:
	case KEY_PLACEMENT:
	case KEY_COSTS:
	case KEY_TRANSMIT_ORDER:
		return TEXT;
	default:
		return NUMBER;
	}
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	json_t *params = ((struct options *)state->input)->params;
	char name[64];

	if (key < KEY_FIRST || key >= KEY_END)
		return ARGP_ERR_UNKNOWN;
	snprintf(name, sizeof(name), "%s", options[key - KEY_FIRST].name);
	for (char *c = name; *c; c++)
		if (*c == '-')
			*c = '_';
	if (type_of(key) == TEXT)
		options_set_text(params, name, value);
	else
		options_set_number(params, name, value);
	return 0;
}

const struct argp options_system_argp = {.options = options, .parser = parse};

enum { KEY_LOAD = KEY_END, KEY_RATE, KEY_CLOSED, KEY_THINK_US };

static const struct argp_option load_options[] = {
    {"load", KEY_LOAD, "R", 0,
     "Offered load of each core, above 0 and below 10: what the service times alone ask for; overheads come on top", 1},
    {"rate", KEY_RATE, "RPS", 0, "Instead of --load: requests per second", 1},
    {"closed", KEY_CLOSED, "N", OPTION_ARG_OPTIONAL,
     "Instead of --load: a closed loop of N clients (one for each connection), each of which sends its next request "
     "when "
     "the last one is answered",
     1},
    {"think-us", KEY_THINK_US, "X", 0, "Of a closed loop: microseconds from reply to next request (0)", 1},
    {0},
};

static error_t parse_load(int key, char *value, struct argp_state *state)
{
	json_t *params = ((struct options *)state->input)->params;

	switch (key) {
	case KEY_LOAD:
		options_set_number(params, "load", value);
		return 0;
	case KEY_RATE:
		options_set_number(params, "rate", value);
		return 0;
	case KEY_CLOSED:
		if (value)
			options_set_number(params, "closed", value);
		else
			json_object_set_new(params, "closed", json_true());
		return 0;
	case KEY_THINK_US:
		options_set_number(params, "think_us", value);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp options_load_argp = {.options = load_options, .parser = parse_load};

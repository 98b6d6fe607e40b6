/* ixlab packet: real TCP between simulated hosts. */
#include "harness/command.h"
#include "harness/json_text.h"
#include "harness/options.h"
#include "harness/point_packet.h"
#include "harness/point_system.h"
#include "harness/trace_file.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
	KEY_SCENARIO = 1 << 14,
	KEY_CONNECTIONS,
	KEY_CLIENTS,
	KEY_CORES,
	KEY_BATCH,
	KEY_MESSAGE,
	KEY_REQUESTS,
	KEY_DEPTH,
	KEY_RATE,
	KEY_LOSS,
	KEY_REORDER,
	KEY_DUPLICATE,
	KEY_CORRUPT,
	KEY_MIGRATE_EVERY,
	KEY_COSTS,
	KEY_RTO_MIN_US,
	KEY_BUFFER,
	KEY_WARMUP,
	KEY_CONFIDENCE,
	KEY_TRACE,
	KEY_SEED,
	KEY_JSON
};

static const struct argp_option options[] = {
    {"scenario", KEY_SCENARIO, "SCENARIO", 0,
     "echo: the server answers each message with as many bytes; stream: clients send one way; churn: as echo, and "
     "connections are closed (one in three with a reset) and opened all the time; incast: the server asks all "
     "connections at once, and all answer with a message; connect: each connection sends one message when it opens, "
     "then stays idle until all have",
     1},
    {"connections", KEY_CONNECTIONS, "N", 0, "Connections at once, 1 to 1000000 (100)", 1},
    {"cores", KEY_CORES, "N", 0, "Cores of the server, one elastic thread each, 1 to 64 (1)", 1},
    {"clients", KEY_CLIENTS, "N", 0,
     "Client hosts that share the connections, 1 to 63 (1; incast: one for each connection, at most 63)", 1},
    {"message", KEY_MESSAGE, "BYTES", 0, "Bytes of a message, 1 to 1048576 (64)", 1},
    {"requests", KEY_REQUESTS, "N", 0, "Messages in all (100000; connect: one for each connection)", 1},
    {"depth", KEY_DEPTH, "N", 0, "Messages of a connection under way at most, 1 to 1024 (1)", 1},
    {"rate", KEY_RATE, "RPS", 0,
     "Open loop: messages per second, a Poisson process over all connections (echo only). Without it each answer "
     "makes the next message",
     1},
    {"loss", KEY_LOSS, "P", 0, "Probability that a frame is lost on the server's link, in each direction (0)", 2},
    {"reorder", KEY_REORDER, "P", 0, "That it is held back by 30 us, so that others overtake it (0)", 2},
    {"duplicate", KEY_DUPLICATE, "P", 0, "That it comes twice (0)", 2},
    {"corrupt", KEY_CORRUPT, "P", 0, "That one of its bits is flipped (0)", 2},
    {"buffer", KEY_BUFFER, "BYTES", 0,
     "Of each switch port; what does not fit is dropped (0: no bound; incast: 262144)", 2},
    {"migrate-every", KEY_MIGRATE_EVERY, "MS", 0,
     "Migrate one to all flow groups of a random core to another, every so many milliseconds (0: never)", 2},
    {"batch", KEY_BATCH, "B", 0, "Batch bound of the server, 1 to 1024 (64)", 2},
    {"costs", KEY_COSTS, "FILE", 0,
     "Cost model of the server and the wires: zero (default; wires have 10 Gb/s and 4 us one way), or a file such as "
     "costs/ix.cfg (looked for in the folders of the experiments, too). Clients cost nothing",
     2},
    {"rto-min-us", KEY_RTO_MIN_US, "X", 0, "Least retransmission time-out, 16 us to 60 s (200000)", 2},
    {"warmup", KEY_WARMUP, "N", 0, "Latencies to discard at the start (a tenth of the messages)", 3},
    {"confidence", KEY_CONFIDENCE, "C", 0, "Confidence level of the intervals (0.95)", 3},
    {"trace", KEY_TRACE, "FILE", 0,
     "Write what the server's cores do when: lines of TIME_NS CORE WHAT WHO, or where FILE ends in .svg a picture of "
     "the first 200 us",
     3},
    {"seed", KEY_SEED, "N", 0, "Seed of the random streams, 0 to 2^63-1 (1)", 3},
    {"json", KEY_JSON, NULL, 0, "Print one JSON object on one line", 3},
    {0},
};

static struct options common = {.seed = 1};
static const char *trace_path;
static struct packet_outcome outcome;
static struct trace_file trace;

static error_t parse(int key, char *value, struct argp_state *state)
{
	static const char *const name[] = {"scenario",   "connections", "clients", "cores",         "batch",
					   "message",    "requests",    "depth",   "rate",          "loss",
					   "reorder",    "duplicate",   "corrupt", "migrate_every", "costs",
					   "rto_min_us", "buffer",      "warmup",  "confidence"};

	(void)state;
	if (key == KEY_TRACE)
		trace_path = value;
	else if (key == KEY_SEED)
		common.seed = options_parse_seed(value);
	else if (key == KEY_JSON)
		common.json = true;
	else if (key == KEY_SCENARIO || key == KEY_COSTS)
		options_set_text(common.params, name[key - KEY_SCENARIO], value);
	else if (key > KEY_SCENARIO && key < KEY_TRACE)
		options_set_number(common.params, name[key - KEY_SCENARIO], value);
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

static const struct argp argp = {
    .options = options,
    .parser = parse,
    .doc =
	"Move real TCP between simulated hosts: the shared core with lwIP at both ends, over NICs, wires and a switch. "
	"Every byte is checked when it is delivered. Prints the quantiles of the latency from the intended send of a "
	"message to the last byte awaited for it, in microseconds, and what became of connections and frames.\v"
	"Example: ixlab packet --scenario echo --connections 1000 --cores 4 --message 4096 --requests 100000 --loss "
	"0.02 --reorder 0.02 --migrate-every 1",
};

/* The run of kind "packet", with what the command adds. */
static int run(const json_t *params, uint64_t seed, unsigned replication, struct point_result *result,
	       struct point_error *error)
{
	struct packet_point point;
	int status;

	*result = (struct point_result){0};
	if (packet_point_read(&point, params, seed, replication, error))
		return 1;
	if (trace_path && trace_file_open(&trace, trace_path, point.options.cores, 0, 0))
		command_reject("--trace: cannot write '%s': %s", trace_path, strerror(errno));
	status = packet_point_simulate(&point, false, trace_path ? &trace.trace : NULL, &outcome, error);
	if (trace_path && trace_file_close(&trace) && !status) {
		snprintf(error->text, sizeof(error->text), "%.120s: %s", trace_path, strerror(errno));
		status = 1;
	}
	if (!status) {
		packet_point_metrics(&outcome, result);
		point_add(result, "bytes_per_connection", outcome.totals.bytes_per_connection);
		result->wall_s = outcome.wall_s;
	}
	return status;
}

static void print_row(const char *label, const struct metric *metric)
{
	printf("  %-5s %12.5g", label, metric->value);
	if (isnan(metric->low))
		puts("   unknown");
	else
		printf("   %-11.5g to %-11.5g\n", metric->low, metric->high);
}

static void print_latencies(const struct point_result *result)
{
	printf("  %-5s %12s   %g%% interval\n", "", "latency",
	       100 * json_number_value(json_object_get(common.params, "confidence")));
	for (int i = 0; i < ESTIMATE_QUANTILES; i++)
		print_row(estimate_name[i], point_metric(result, system_quantile_name[i]));
	print_row("mean", point_metric(result, "mean_us"));
}

static void print_migrations(const struct sim_packet_totals *t)
{
	if (!t->migrations)
		return;
	printf(
	    "\n%llu migrations of %llu flow groups, %llu by the fallback timer; dropped by it: %llu, reordered by it: "
	    "%llu\n\n  %-9s %10s %10s   in microseconds\n",
	    (unsigned long long)t->migrations, (unsigned long long)t->groups_migrated, (unsigned long long)t->fallbacks,
	    (unsigned long long)t->dropped_by_migration, (unsigned long long)t->reordered_by_migration, "step", "mean",
	    "p95");
	for (int i = 0; i < SIM_PACKET_STEPS; i++)
		printf("  %-9s %10.4g %10.4g\n", sim_packet_step_name[i], t->step_mean_us[i], t->step_p95_us[i]);
	printf("  %.4g packets were deferred by each\n", t->packets_per_migration);
}

static void print_totals(const struct point_result *result)
{
	const struct sim_packet_totals *t = &outcome.totals;
	const struct sim_packet_frames *f = &t->frames;
	uint64_t retransmits = t->retransmits_timeout + t->retransmits_fast;

	printf("\nthroughput %.6g messages per second, goodput %.4g Gb/s\n", options_metric(result, "throughput"),
	       options_metric(result, "goodput_gbps"));
	printf("bytes: ");
	options_print_count((double)t->bytes_delivered);
	printf(" delivered, %llu of them corrupted, %llu out of order\n", (unsigned long long)t->corrupted_bytes,
	       (unsigned long long)t->out_of_order_bytes);
	printf("connections: %llu at once, %llu opened, %llu closed, %llu reset, %llu lost",
	       (unsigned long long)t->connections_peak, (unsigned long long)t->connections_opened,
	       (unsigned long long)t->connections_closed, (unsigned long long)t->connections_reset,
	       (unsigned long long)t->connections_lost);
	if (!isnan(t->bytes_per_connection))
		printf("; %.0f bytes each and end, and lwIP's %.0f", t->bytes_per_connection, t->pcb_bytes);
	printf("\nframes: ");
	options_print_count((double)f->sent);
	printf(
	    " sent, %llu lost, %llu corrupted, %llu duplicated, %llu held back, %llu dropped by rings and %llu by the "
	    "switch; %llu retransmitted\n",
	    (unsigned long long)f->lost, (unsigned long long)f->corrupted, (unsigned long long)f->duplicated,
	    (unsigned long long)f->reordered, (unsigned long long)f->dropped_ring,
	    (unsigned long long)f->dropped_switch, (unsigned long long)retransmits);
	print_migrations(t);
	options_print_count((double)t->messages);
	printf(" messages, %.4g s simulated in %.2f s; seed %llu\n", (double)t->now_ns / 1e9, outcome.wall_s,
	       (unsigned long long)common.seed);
}

static void print_notes(const struct point_result *result)
{
	if (outcome.totals.leaked_connections || outcome.totals.leaked_objects || outcome.totals.leaked_packets ||
	    outcome.totals.leaked_timers)
		printf(
		    "note: at the end %llu connections, %llu objects of lwIP, %llu packets and %llu timers were left\n",
		    (unsigned long long)outcome.totals.leaked_connections,
		    (unsigned long long)outcome.totals.leaked_objects,
		    (unsigned long long)outcome.totals.leaked_packets,
		    (unsigned long long)outcome.totals.leaked_timers);
	options_note(result, "abandoned", "messages were given up with the connections that were lost");
	options_note(result, "frames_missing", "frames are unaccounted for");
	options_note(result, "correlated",
		     "batches still depend on each other, so the intervals are too narrow: more --requests");
}

static const char *text_of(const char *key)
{
	return json_string_value(json_object_get(common.params, key));
}

static json_int_t integer_of(const char *key)
{
	return json_integer_value(json_object_get(common.params, key));
}

static void print_table(const struct point_result *result)
{
	printf("%s, %lld connections of %lld client host%s, %lld core%s, messages of %lld bytes, costs %s; in "
	       "microseconds\n\n",
	       text_of("scenario"), (long long)integer_of("connections"), (long long)integer_of("clients"),
	       integer_of("clients") == 1 ? "" : "s", (long long)integer_of("cores"),
	       integer_of("cores") == 1 ? "" : "s", (long long)integer_of("message"), text_of("costs"));
	print_latencies(result);
	print_totals(result);
	print_notes(result);
}

static int is_real(const char *name)
{
	size_t length = strlen(name);

	return !strcmp(name, "throughput") || !strcmp(name, "goodput_gbps") || !strcmp(name, "mean_batch") ||
	       !strcmp(name, "simulated_s") || !strcmp(name, "bytes_per_connection") || !strcmp(name, "pcb_bytes") ||
	       !strcmp(name, "migration_packets") || (length > 3 && !strcmp(name + length - 3, "_us"));
}

/* All metrics in their order: those with an interval are quantiles and mean. */
static void add_metrics(json_t *out, const struct point_result *result)
{
	for (size_t i = 0; i < result->metric_count; i++) {
		const struct metric *metric = &result->metric[i];

		if (i <= ESTIMATE_QUANTILES)
			options_json_metric(out, metric->name, metric);
		else if (!strcmp(metric->name, "simulated"))
			continue;
		else if (!strcmp(metric->name, "correlated"))
			json_object_set_new(out, metric->name, json_boolean(metric->value > 0));
		else if (is_real(metric->name))
			json_set_real(out, metric->name, metric->value);
		else
			json_object_set_new(out, metric->name, json_integer((json_int_t)metric->value));
	}
}

static int print_json(const struct point_result *result)
{
	static const char *const echoed[] = {"scenario",  "connections", "clients",       "cores", "batch",
					     "message",   "depth",       "rate",          "loss",  "reorder",
					     "duplicate", "corrupt",     "migrate_every", "costs", "rto_min_us",
					     "buffer",    "warmup",      "confidence"};
	double messages = (double)outcome.totals.messages;
	json_t *out = json_object();
	int status;

	for (size_t i = 0; i < sizeof(echoed) / sizeof(echoed[0]); i++)
		json_object_set(out, echoed[i], json_object_get(common.params, echoed[i]));
	add_metrics(out, result);
	json_object_set_new(out, "requests", json_integer((json_int_t)messages));
	json_object_set_new(out, "seed", json_integer((json_int_t)common.seed));
	json_set_real(out, "wall_s", outcome.wall_s);
	json_set_real(out, "requests_per_s", messages / outcome.wall_s);
	json_set_real(out, "wall_ns_per_message", outcome.messages_wall_s * 1e9 / messages);
	status = options_print_json(out);
	json_decref(out);
	return status;
}

int cmd_packet(int argc, char **argv)
{
	struct point_kind kind = point_kind_packet;
	struct point_result result;
	int status;

	kind.run = run;
	common.params = json_object();
	command_parse(&argp, argc, argv, NULL);
	options_normalize(&kind, &common);
	status = options_run_point(&kind, &common, &result);
	if (!status && common.json)
		status = print_json(&result);
	else if (!status)
		print_table(&result);
	point_result_clear(&result);
	json_decref(common.params);
	return status;
}

/* The control page as a table and as JSON. */
#include "impl/ixdp/stat_print.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void stat_look(const struct ixdp_control *control, struct stat_picture *picture)
{
	struct timespec now;

	memcpy(&picture->page, control, sizeof(*control));
	clock_gettime(CLOCK_MONOTONIC, &now);
	picture->time_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static double rate(const struct stat_picture *now, const struct stat_picture *before, uint64_t a, uint64_t b)
{
	return now->time_ns > before->time_ns ? (double)(a - b) * 1e9 / (double)(now->time_ns - before->time_ns) : 0;
}

static const char *const part_name[IXDP_MIGRATION_PARTS] = {"prepare", "wait", "rpc", "deferred", "total", "packets"};

/* Times in us. */
static double in_unit(int part, double value)
{
	return part == IXDP_MIGRATION_PACKETS ? value : value / 1e3;
}

static void print_migrations(const struct ixdp_control *p)
{
	printf("each, mean (p95):");
	for (int i = 0; i < IXDP_MIGRATION_PARTS; i++)
		printf("%s %s %.4g (%.4g)%s", i ? "," : "", part_name[i], in_unit(i, p->migration[i].mean),
		       in_unit(i, p->migration[i].p95), i < IXDP_MIGRATION_PACKETS ? " us" : "");
	printf("\n");
}

void stat_print_table(const struct stat_picture *now, const struct stat_picture *before)
{
	const struct ixdp_control *p = &now->page, *q = &before->page;

	printf("%s on %s, scheduler %s, batch bound %u, link %s, packets %u of %u in use", p->application, p->device,
	       p->scheduler, p->batch_bound, p->link_up ? "up" : "down", p->packets_in_use, p->packets);
	if (p->watts >= 0)
		printf(", %.1f W", p->watts);
	printf("\nmigrations %" PRIu64 ": groups %" PRIu64 ", packets deferred %" PRIu64 ", by fallback %" PRIu64 "\n",
	       p->migrations, p->migrated_groups, p->packets_deferred, p->fallbacks);
	if (p->migrations)
		print_migrations(p);
	printf("\n");
	printf("thread cpu groups   conns    rx/s    tx/s  idle  queue batch delay_us cycle_us  retx   drop  steals\n");
	for (unsigned i = 0; i < p->threads; i++) {
		const struct ixdp_control_thread *t = &p->thread[i], *u = &q->thread[i];

		printf("%5u%c %3u %6u %7u %7.0f %7.0f %4.0f%% %6.1f %5.1f %8.1f %8.1f %5" PRIu64 " %6" PRIu64
		       " %7" PRIu64 "\n",
		       i, t->parked ? 'z' : ' ', t->cpu, t->groups, t->connections,
		       rate(now, before, t->received, u->received), rate(now, before, t->sent, u->sent),
		       100 * t->idle_fraction[0], t->queue_packets[0], t->batch_packets, t->queuing_delay_ns / 1e3,
		       t->cycle_ns / 1e3, t->retransmits, t->dropped + t->refused, t->steals);
	}
	for (unsigned i = 0; i < IXDP_CONTROL_APP && p->counter[i].name[0]; i++)
		printf("%s%s %" PRIu64 " (%.0f/s)", i ? ", " : "\n", p->counter[i].name, p->counter[i].value,
		       rate(now, before, p->counter[i].value, q->counter[i].value));
	printf("\n");
}

static json_t *averages(const _Atomic double *value)
{
	json_t *array = json_array();

	for (int i = 0; i < 3; i++)
		json_array_append_new(array, json_real(value[i]));
	return array;
}

static void put(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

static void put_counters(json_t *o, const struct ixdp_control_thread *t)
{
	put(o, "cycles", t->cycles);
	put(o, "sleeps", t->sleeps);
	put(o, "short_ns", t->short_ns);
	put(o, "short_packets", t->short_packets);
	put(o, "received", t->received);
	put(o, "sent", t->sent);
	put(o, "received_bytes", t->received_bytes);
	put(o, "sent_bytes", t->sent_bytes);
	put(o, "misrouted", t->misrouted);
	put(o, "dropped", t->dropped);
	put(o, "refused", t->refused);
	put(o, "transmit_full", t->transmit_full);
	put(o, "handed_over", t->handed_over);
	put(o, "calls_failed", t->calls_failed);
	put(o, "taken", t->taken);
	put(o, "steals", t->steals);
	put(o, "shipped", t->shipped);
	put(o, "remote_calls", t->remote_calls);
	put(o, "interrupts_sent", t->interrupts_sent);
	put(o, "interrupts_run", t->interrupts_run);
	put(o, "interrupts_put_off", t->interrupts_put_off);
	put(o, "retransmits", t->retransmits);
	put(o, "accepted", t->accepted);
	put(o, "connected", t->connected);
	put(o, "reset", t->reset);
	put(o, "timed_out", t->timed_out);
	put(o, "no_memory", t->no_memory);
	put(o, "malformed", t->malformed);
	put(o, "bad_checksum", t->bad_checksum);
	put(o, "not_ours", t->not_ours);
	put(o, "unknown_protocol", t->unknown_protocol);
	put(o, "unacceptable", t->unacceptable);
	put(o, "refused_connections", t->refused_connections);
	put(o, "syn_dropped", t->syn_dropped);
	put(o, "half_open_dropped", t->half_open_dropped);
	put(o, "arp_conflicts", t->arp_conflicts);
	put(o, "unresponsive", t->unresponsive);
}

static json_t *thread_json(const struct stat_picture *now, const struct stat_picture *before, unsigned i)
{
	const struct ixdp_control_thread *t = &now->page.thread[i], *u = &before->page.thread[i];
	json_t *o = json_object();

	put(o, "thread", i);
	put(o, "cpu", t->cpu);
	json_object_set_new(o, "parked", json_boolean(t->parked));
	put(o, "groups", t->groups);
	put(o, "connections", t->connections);
	json_object_set_new(o, "queue_packets", averages(t->queue_packets));
	json_object_set_new(o, "idle_fraction", averages(t->idle_fraction));
	json_object_set_new(o, "queuing_delay_ns", json_real(t->queuing_delay_ns));
	json_object_set_new(o, "batch_packets", json_real(t->batch_packets));
	json_object_set_new(o, "cycle_ns", json_real(t->cycle_ns));
	json_object_set_new(o, "tail_delay_ns", json_real(t->tail_delay_ns));
	json_object_set_new(o, "frequency_hz", json_real(t->frequency_hz));
	json_object_set_new(o, "received_per_s", json_real(rate(now, before, t->received, u->received)));
	json_object_set_new(o, "sent_per_s", json_real(rate(now, before, t->sent, u->sent)));
	put_counters(o, t);
	return o;
}

/* Times in us, as the keys of `ixlab packet` say. */
static json_t *migrations_json(const struct ixdp_control *p)
{
	json_t *o = json_object();
	char key[40];

	for (int i = 0; i < IXDP_MIGRATION_PARTS; i++) {
		const char *unit = i == IXDP_MIGRATION_PACKETS ? "" : "_us";

		snprintf(key, sizeof(key), "%s%s", part_name[i], unit);
		json_object_set_new(o, key, json_real(in_unit(i, p->migration[i].mean)));
		snprintf(key, sizeof(key), "%s_p95%s", part_name[i], unit);
		json_object_set_new(o, key, json_real(in_unit(i, p->migration[i].p95)));
	}
	return o;
}

static void print_and_free(json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(9));

	if (text)
		puts(text);
	free(text);
	json_decref(o);
}

void stat_print_json(const struct stat_picture *now, const struct stat_picture *before)
{
	const struct ixdp_control *p = &now->page;
	json_t *o = json_object(), *threads = json_array(), *owners = json_array(), *counters = json_object();

	json_object_set_new(o, "application", json_string(p->application));
	json_object_set_new(o, "device", json_string(p->device));
	json_object_set_new(o, "scheduler", json_string(p->scheduler));
	put(o, "pid", p->pid);
	put(o, "updates", p->updates);
	put(o, "batch_bound", p->batch_bound);
	put(o, "connections_per_cycle", p->connections_per_cycle);
	put(o, "interrupt_spacing_ns", p->interrupt_spacing_ns);
	json_object_set_new(o, "link_up", json_boolean(p->link_up));
	put(o, "packets_in_use", p->packets_in_use);
	put(o, "pcbs", (uint64_t)p->pcbs);
	put(o, "stack_objects", (uint64_t)p->stack_objects);
	put(o, "timers", (uint64_t)p->timers);
	put(o, "packets", p->packets);
	json_object_set_new(o, "watts", json_real(p->watts));
	put(o, "migrations", p->migrations);
	put(o, "migrated_groups", p->migrated_groups);
	put(o, "packets_deferred", p->packets_deferred);
	put(o, "fallbacks", p->fallbacks);
	json_object_set_new(o, "each_migration", migrations_json(p));
	for (unsigned i = 0; i < p->threads; i++)
		json_array_append_new(threads, thread_json(now, before, i));
	for (unsigned i = 0; i < p->groups; i++)
		json_array_append_new(owners, json_integer(p->owner[i]));
	for (unsigned i = 0; i < IXDP_CONTROL_APP && p->counter[i].name[0]; i++)
		put(counters, p->counter[i].name, p->counter[i].value);
	json_object_set_new(o, "threads", threads);
	json_object_set_new(o, "owners", owners);
	json_object_set_new(o, "application_counters", counters);
	print_and_free(o);
}

void stat_print_answer(const struct ixdp_command *c, int json)
{
	json_t *o;

	if (!json) {
		if (c->type == IXDP_MIGRATE)
			printf(
			    "%u groups in %u migrations, %u packets deferred; the longest took %.1f us (prepare %.1f, "
			    "wait %.1f, rpc %.1f, deferred %.1f)\n",
			    c->groups, c->migrations, c->packets_deferred, (double)c->total_ns / 1e3,
			    (double)c->prepare_ns / 1e3, (double)c->wait_ns / 1e3, (double)c->rpc_ns / 1e3,
			    (double)c->deferred_ns / 1e3);
		return;
	}
	o = json_object();
	put(o, "sequence", c->sequence);
	json_object_set_new(o, "result", json_integer(c->result));
	if (c->type == IXDP_MIGRATE) {
		put(o, "groups", c->groups);
		put(o, "migrations", c->migrations);
		put(o, "packets_deferred", c->packets_deferred);
		put(o, "fallbacks", c->fallbacks);
		put(o, "prepare_ns", c->prepare_ns);
		put(o, "wait_ns", c->wait_ns);
		put(o, "rpc_ns", c->rpc_ns);
		put(o, "deferred_ns", c->deferred_ns);
		put(o, "total_ns", c->total_ns);
	}
	print_and_free(o);
}

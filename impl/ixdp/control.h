/*
 * The control page: one shared-memory object per dataplane, /dev/shm/NAME, through which the control plane and tools read
 * what threads measure of themselves and ask for changes. Words are written by the dataplane's main thread every
 * 10 ms, unless said otherwise, and may be read at any time. Reading needs no lock; the dataplane holds a lock (flock) on
 * the object as long as it lives.
 *
 * A command: take a slot that is FREE by setting it to CLAIMED (compare and swap), fill it in, set it to POSTED; the
 * dataplane sets it to DONE when it has come to an end, usually within a few ms; read result and text, set it to FREE.
 * A slot that somebody claimed or left DONE for 10 s is freed by the dataplane.
 */
#ifndef IXDP_CONTROL_H
#define IXDP_CONTROL_H

#include <stdatomic.h>
#include <stdint.h>

#define IXDP_CONTROL_MAGIC   0x49584450u /* "IXDP" */
#define IXDP_CONTROL_VERSION 3u          /* changes with the layout */
#define IXDP_CONTROL_NS      10000000ull
#define IXDP_CONTROL_THREADS 64
#define IXDP_CONTROL_GROUPS  512
#define IXDP_CONTROL_APP     16
#define IXDP_COMMANDS        8

struct ixdp_control_thread {
	_Atomic uint32_t cpu, parked;
	_Atomic uint32_t groups, connections; /* owned; opened on it and not gone */
	/* The core's metrics (impl/core/metrics.h): averages over intervals of 10 ms. */
	_Atomic double queue_packets[3], idle_fraction[3]; /* alpha 0.5, 0.25, 0.125 */
	_Atomic double queuing_delay_ns, batch_packets, cycle_ns, tail_delay_ns;
	_Atomic uint64_t intervals;
	/* Counters since the start. */
	_Atomic uint64_t cycles, sleeps;
	_Atomic uint64_t short_ns,
	    short_packets; /* of cycles that did anything and took up to 100 us: what a packet costs */
	_Atomic uint64_t received, sent, received_bytes, sent_bytes, misrouted, dropped; /* of its queues */
	_Atomic uint64_t refused, transmit_full, handed_over, calls_failed;
	_Atomic uint64_t taken, steals, shipped, remote_calls; /* connections taken, of these stolen; calls */
	_Atomic uint64_t interrupts_sent, interrupts_run, interrupts_put_off;
	_Atomic uint64_t retransmits, accepted, connected, reset, timed_out, no_memory;
	_Atomic uint64_t malformed, bad_checksum, not_ours, unknown_protocol, unacceptable;  /* packets refused */
	_Atomic uint64_t refused_connections, syn_dropped, half_open_dropped, arp_conflicts; /* impl/tcp/tcp.h */
	_Atomic uint64_t unresponsive;  /* user phases over 10 ms */
	_Atomic uint64_t user_since_ns; /* how long it has been in the present one; 0: it is not */
	_Atomic double frequency_hz;    /* -1: not known */
};

/* What is known of each migration (thesis table 2.5; impl/core/migration.h): times in ns, and packets. */
enum ixdp_migration_part {
	IXDP_MIGRATION_PREPARE,
	IXDP_MIGRATION_WAIT,
	IXDP_MIGRATION_RPC,
	IXDP_MIGRATION_DEFERRED,
	IXDP_MIGRATION_TOTAL,
	IXDP_MIGRATION_PACKETS, /* deferred */
	IXDP_MIGRATION_PARTS
};

struct ixdp_control_spread {
	_Atomic double mean, p95; /* p95 to 1/64 */
};

struct ixdp_control_counter {
	char name[24];
	_Atomic uint64_t value; /* of all threads */
};

enum ixdp_command_type {
	IXDP_MIGRATE = 1, /* groups -> thread */
	IXDP_IDLE,        /* thread; it must own no group */
	IXDP_WAKE,        /* thread */
	IXDP_BATCH,       /* value: the batch bound, 1 .. batch_bound_max */
	IXDP_CONNECTIONS, /* value: connections a cycle takes (zygos), 1 .. 64 */
	IXDP_SPACING,     /* value: ns between interrupts of a thread (zygos) */
	IXDP_COMMAND_TYPES
};

enum ixdp_slot { IXDP_FREE, IXDP_CLAIMED, IXDP_POSTED, IXDP_DONE };

struct ixdp_command {
	_Atomic uint32_t state; /* enum ixdp_slot */
	uint32_t type;          /* enum ixdp_command_type */
	uint32_t thread, reserved;
	uint64_t value;
	uint64_t group[IXDP_CONTROL_GROUPS / 64]; /* a bit each */

	/* The answer. */
	uint64_t sequence; /* in the order in which commands were begun, from 1 */
	int32_t result;    /* 0, or -1: text says why not */
	char text[100];
	/* Of a migration (thesis table 2.5): the longest of its parts, one per source. */
	uint32_t migrations, groups, packets_deferred, fallbacks;
	uint64_t prepare_ns, wait_ns, rpc_ns, deferred_ns, total_ns;
};

struct ixdp_control {
	uint32_t magic, version, bytes, pid; /* written once, magic last */
	char scheduler[24], application[24], device[24];
	uint32_t threads, groups, batch_bound_max;
	int32_t numa_node;                    /* -1: not known */
	_Atomic uint64_t updates, updated_ns; /* times written; CLOCK_MONOTONIC */
	_Atomic uint32_t batch_bound, connections_per_cycle;
	_Atomic uint64_t interrupt_spacing_ns;
	_Atomic uint32_t link_up, packets_in_use, packets;
	_Atomic int64_t pcbs, stack_objects,
	    timers;           /* alive: TCP connections with those in TIME_WAIT, lwIP's objects, armed */
	_Atomic double watts; /* -1: not known */
	_Atomic uint64_t migrations, migrated_groups, packets_deferred, fallbacks;
	struct ixdp_control_spread migration[IXDP_MIGRATION_PARTS];
	struct ixdp_control_thread thread[IXDP_CONTROL_THREADS];
	_Atomic uint8_t owner[IXDP_CONTROL_GROUPS]; /* thread of a flow group */
	struct ixdp_control_counter counter[IXDP_CONTROL_APP];
	struct ixdp_command command[IXDP_COMMANDS];
};

#endif

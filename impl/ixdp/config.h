/*
 * The configuration file of ixdp (libconfig): what it may say, checked, with the line of everything for whoever finds
 * later that a value does not do.
 */
#ifndef IXDP_CONFIG_H
#define IXDP_CONFIG_H

#include "impl/apps/app.h"
#include "impl/core/dataplane.h"
#include "impl/nic/nic.h"
#include "impl/tcp/tcp.h"

#include <libconfig.h>

#define IXDP_OPTIONS_MAX 32 /* of the application */
#define IXDP_NAME_MAX    48 /* of the control page */

enum ixdp_idle { IXDP_POLL, IXDP_SLEEP, IXDP_YIELD };

struct ixdp_error {
	char text[512]; /* one line: file, line, key, value, what is allowed */
};

struct ixdp_config {
	config_t file;
	const char *path;

	/* As read; strings belong to file. */
	uint64_t address, prefix, gateway;
	uint64_t threads, batch_bound, transmit_order, groups, idle, idle_sleep_us, memory_mb;
	uint64_t scheduler, connections_per_cycle, interrupt_spacing_us;
	uint64_t device_type, device_role, device_queues, device_descriptors, device_packets;
	uint64_t device_huge_pages, device_checksums;
	uint64_t mss, window_bytes, send_bytes, half_open_max, backlog, retries, syn_retries, port_low, port_high;
	uint64_t listen_ports;
	uint64_t rto_initial_us, rto_min_us, rto_max_us, delayed_ack_us, time_wait_ms, fin_wait_2_ms;
	uint64_t keepalive_idle_ms, keepalive_interval_ms, keepalive_count;
	const char *control, *device_interface, *device_socket, *device_pci, *application;
	uint8_t mac[6];
	int has_mac;
	unsigned core[IX_THREADS_MAX];
	unsigned cores;
	struct ix_app_option option[IXDP_OPTIONS_MAX];
	char option_text[IXDP_OPTIONS_MAX][64]; /* of numbers */
	unsigned options;

	/* What follows from it. */
	const struct ix_app *app;
	struct nic_options nic;
	struct ix_options core_options;
	struct ix_tcp_options tcp;
};

/* @more: applications beside those of impl/apps, then NULL. 0, or 2 with *error. Clear it in any case. */
int ixdp_config_read(struct ixdp_config *config, const char *path, const struct ix_app *const *more,
		     struct ixdp_error *error);
void ixdp_config_clear(struct ixdp_config *config);

/* "FILE:LINE: key 'PATH': VALUE is not allowed: " and the text, for a key such as "device.interface"; of a key that is
 * not there, the line of its group. Returns 2. */
__attribute__((format(printf, 4, 5))) int ixdp_config_refuse(const struct ixdp_config *config, struct ixdp_error *error,
							     const char *key, const char *format, ...);

/* Prints the effective configuration, as a file that says the same. */
void ixdp_config_print(const struct ixdp_config *config);

#endif

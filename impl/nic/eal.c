/* DPDK's environment: memory, and where its words go. */
#include "impl/nic/internal.h"

#include <rte_eal.h>
#include <rte_log.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* With the pool's header, and what it adds to spread packets over the channels of the memory. */
#define MBUF_BYTES (sizeof(struct rte_mbuf) + sizeof(struct ix_packet) + RTE_PKTMBUF_HEADROOM + NIC_DATA_ROOM + 128)
#define PAGE_BYTES 4096 /* of a card without huge pages: no packet lies across two, so each has one */
#define SPARE_MB   48   /* rings, descriptors, the drivers' own */

/* The last error or warning of DPDK's libraries and drivers; they say a cause nowhere else. */
static char complaint[160];

static ssize_t hear(void *cookie, const char *text, size_t size)
{
	size_t length = size < sizeof(complaint) - 1 ? size : sizeof(complaint) - 1;

	(void)cookie;
	if (rte_log_cur_msg_loglevel() > (int)RTE_LOG_ERR)
		return (ssize_t)size;
	memcpy(complaint, text, length);
	complaint[length] = 0;
	complaint[strcspn(complaint, "\n")] = 0;
	return (ssize_t)size;
}

const char *nic_eal_complaint(void)
{
	return complaint;
}

/* Megabytes in free huge pages of the default size. */
static unsigned long free_huge_mb(void)
{
	unsigned long pages = 0, kb = 0;
	char line[128];
	FILE *file = fopen("/proc/meminfo", "re");

	while (file && fgets(line, sizeof(line), file)) {
		if (!strncmp(line, "HugePages_Free:", 15))
			pages = strtoul(line + 15, NULL, 10);
		if (!strncmp(line, "Hugepagesize:", 13))
			kb = strtoul(line + 13, NULL, 10);
	}
	if (file)
		fclose(file);
	return pages * kb / 1024;
}

static unsigned long memory_mb(const struct nic_options *options, unsigned long packet_bytes)
{
	return (options->packets * packet_bytes >> 20) + SPARE_MB;
}

static int choose_memory(const struct nic_options *options, unsigned long mb, struct nic_facts *facts,
			 struct nic_error *error)
{
	unsigned long there = options->huge_pages == NIC_NO ? 0 : free_huge_mb();

	facts->huge_pages = there >= mb;
	if (options->huge_pages == NIC_YES && there < mb)
		return nic_fail(error, -2, "huge_pages",
				"%lu MB are needed and %lu MB are free; raise /proc/sys/vm/nr_hugepages, or say "
				"huge_pages = \"auto\"",
				mb, there);
	return 0;
}

int nic_start_eal(const struct nic_options *options, struct nic_facts *facts, struct nic_error *error)
{
	static const cookie_io_functions_t ears = {.write = hear};
	unsigned long mb = memory_mb(options, MBUF_BYTES);
	char memory[24], lcores[24], prefix[32];
	char *arg[20];
	int n = 0, code = choose_memory(options, mb, facts, error);
	FILE *log;

	if (code)
		return code;
	log = fopencookie(NULL, "w", ears);
	if (log) {
		setvbuf(log, NULL, _IONBF, 0);
		rte_openlog_stream(log);
	}
	if (!facts->huge_pages && options->type == NIC_ETHDEV)
		mb = memory_mb(options, PAGE_BYTES);
	snprintf(memory, sizeof(memory), "%lu", mb);
	snprintf(lcores, sizeof(lcores), "0@%u", options->main_cpu);
	snprintf(prefix, sizeof(prefix), "ixdp-%d", (int)getpid());
	arg[n++] = (char *)(uintptr_t) "ixdp";
	arg[n++] = (char *)(uintptr_t) "--lcores";
	arg[n++] = lcores;
	arg[n++] = (char *)(uintptr_t) "--no-telemetry";
	arg[n++] = (char *)(uintptr_t) "--file-prefix";
	arg[n++] = prefix;
	arg[n++] = (char *)(uintptr_t) "-m";
	arg[n++] = memory;
	arg[n++] = (char *)(uintptr_t)(facts->huge_pages ? "--in-memory" : "--no-huge");
	if (!facts->huge_pages)
		arg[n++] = (char *)(uintptr_t) "--no-shconf";
	if (options->type == NIC_MEMIF)
		arg[n++] = (char *)(uintptr_t) "--single-file-segments"; /* zero-copy on the client's side */
	if (options->type == NIC_ETHDEV) {
		arg[n++] = (char *)(uintptr_t) "-a";
		arg[n++] = (char *)(uintptr_t)options->name;
	} else {
		arg[n++] = (char *)(uintptr_t) "--no-pci";
	}
	arg[n] = NULL;
	if (rte_eal_init(n, arg) < 0)
		return nic_fail(error, -1, "", "DPDK does not start: %s (%s)", strerror(errno), complaint);
	return 0;
}

/* What the processor and the kernel offer. */
#include "harness/doctor.h"

#include <dirent.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The first line of the text file @path that starts with @key; false if there is none. */
static bool file_line(const char *path, const char *key, char *line, size_t size)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t capacity = 0;
	bool found = false;

	if (!file)
		return false;
	while (!found && getline(&text, &capacity, file) > 0)
		found = !strncmp(text, key, strlen(key));
	if (found) {
		text[strcspn(text, "\n")] = '\0';
		snprintf(line, size, "%s", text);
	}
	free(text);
	fclose(file);
	return found;
}

static enum doctor_status look_cores(const struct doctor_check *check, char *detail)
{
	cpu_set_t set;
	int cores = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);

	snprintf(detail, DOCTOR_DETAIL_BYTES, "%d", cores);
	return cores > 1 ? DOCTOR_OK : DOCTOR_LIMITED;
}

static enum doctor_status look_tsc(const struct doctor_check *check, char *detail)
{
	char flags[8192] = "";

	if (!file_line("/proc/cpuinfo", "flags", flags, sizeof(flags)) || !strstr(flags, " tsc ")) {
		snprintf(detail, DOCTOR_DETAIL_BYTES, "none");
		return DOCTOR_MISSING;
	}
	if (strstr(flags, " constant_tsc") && strstr(flags, " nonstop_tsc")) {
		snprintf(detail, DOCTOR_DETAIL_BYTES, "constant and never stops");
		return DOCTOR_OK;
	}
	snprintf(detail, DOCTOR_DETAIL_BYTES, "changes with the frequency or stops");
	return DOCTOR_LIMITED;
}

static enum doctor_status look_hugepages(const struct doctor_check *check, char *detail)
{
	char line[128] = "";
	long pages = 0;

	if (file_line("/proc/meminfo", "HugePages_Total:", line, sizeof(line)))
		pages = strtol(line + strlen("HugePages_Total:"), NULL, 10);
	snprintf(detail, DOCTOR_DETAIL_BYTES, "%ld reserved", pages);
	return pages > 0 ? DOCTOR_OK : DOCTOR_LIMITED;
}

static enum doctor_status look_kvm(const struct doctor_check *check, char *detail)
{
	if (!access("/dev/kvm", R_OK | W_OK)) {
		snprintf(detail, DOCTOR_DETAIL_BYTES, "/dev/kvm");
		return DOCTOR_OK;
	}
	snprintf(detail, DOCTOR_DETAIL_BYTES, "/dev/kvm: %s", strerror(errno));
	return errno == EACCES ? DOCTOR_LIMITED : DOCTOR_MISSING;
}

/* Whether a child process may enter new namespaces. */
static bool may_unshare(int flags)
{
	pid_t child = fork();
	int status = -1;

	if (!child)
		_exit(unshare(flags) ? 1 : 0);
	return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static enum doctor_status look_namespaces(const struct doctor_check *check, char *detail)
{
	if (may_unshare(CLONE_NEWNET)) {
		snprintf(detail, DOCTOR_DETAIL_BYTES, "may be made");
		return DOCTOR_OK;
	}
	if (may_unshare(CLONE_NEWUSER | CLONE_NEWNET)) {
		snprintf(detail, DOCTOR_DETAIL_BYTES, "only within a user namespace");
		return DOCTOR_LIMITED;
	}
	snprintf(detail, DOCTOR_DETAIL_BYTES, "not permitted");
	return DOCTOR_MISSING;
}

static enum doctor_status look_tun(const struct doctor_check *check, char *detail)
{
	if (!access("/dev/net/tun", R_OK | W_OK)) {
		snprintf(detail, DOCTOR_DETAIL_BYTES, "/dev/net/tun");
		return DOCTOR_OK;
	}
	snprintf(detail, DOCTOR_DETAIL_BYTES, "/dev/net/tun: %s", strerror(errno));
	return DOCTOR_MISSING;
}

/* What vfio-pci needs to give a card to a program that cannot then write to any memory. */
static enum doctor_status look_iommu(const struct doctor_check *check, char *detail)
{
	DIR *groups = opendir("/sys/kernel/iommu_groups");
	const struct dirent *entry;
	unsigned count = 0;

	while (groups && (entry = readdir(groups)))
		count += entry->d_name[0] != '.';
	if (groups)
		closedir(groups);
	snprintf(detail, DOCTOR_DETAIL_BYTES, count ? "%u groups of devices" : "none in use", count);
	return count ? DOCTOR_OK : DOCTOR_MISSING;
}

static enum doctor_status look_cpufreq(const struct doctor_check *check, char *detail)
{
	const char *governor = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor";
	char line[64] = "";

	if (!file_line(governor, "", line, sizeof(line))) {
		snprintf(detail, DOCTOR_DETAIL_BYTES, "not offered by the kernel");
		return DOCTOR_MISSING;
	}
	snprintf(detail, DOCTOR_DETAIL_BYTES, "governor %s", line);
	return access(governor, W_OK) ? DOCTOR_LIMITED : DOCTOR_OK;
}

static enum doctor_status look_rapl(const struct doctor_check *check, char *detail)
{
	const char *energy = "/sys/class/powercap/intel-rapl:0/energy_uj";

	if (!access(energy, R_OK)) {
		snprintf(detail, DOCTOR_DETAIL_BYTES, "energy of package 0 can be read");
		return DOCTOR_OK;
	}
	if (!access(energy, F_OK)) {
		snprintf(detail, DOCTOR_DETAIL_BYTES, "there, but only root may read it");
		return DOCTOR_LIMITED;
	}
	snprintf(detail, DOCTOR_DETAIL_BYTES, "not offered by the kernel");
	return DOCTOR_MISSING;
}

static enum doctor_status look_counters(const struct doctor_check *check, char *detail)
{
	struct perf_event_attr attr = {
	    .type = PERF_TYPE_HARDWARE, .size = sizeof(attr), .config = PERF_COUNT_HW_CPU_CYCLES, .exclude_kernel = 1};
	long event = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);

	if (event >= 0) {
		close((int)event);
		snprintf(detail, DOCTOR_DETAIL_BYTES, "cycles can be counted");
		return DOCTOR_OK;
	}
	if (errno == EACCES || errno == EPERM) {
		snprintf(detail, DOCTOR_DETAIL_BYTES, "not permitted");
		return DOCTOR_LIMITED;
	}
	snprintf(detail, DOCTOR_DETAIL_BYTES, "not offered by the kernel");
	return DOCTOR_MISSING;
}

const struct doctor_check doctor_machine[] = {
    {"processors", "parallel sweeps", "a machine with two cores or more", false, look_cores, NULL},
    {"time-stamp counter", "clock of the dataplane", "a processor with an invariant TSC", false, look_tsc, NULL},
    {"huge pages", "speed of the dataplane", "sysctl -w vm.nr_hugepages=512", false, look_hugepages, NULL},
    {"KVM", "faster virtual machines",
     "nested virtualization or bare metal, and membership in group kvm (usermod -aG kvm USER)", false, look_kvm, NULL},
    {"network namespaces", "testbed on one machine", "run as root, or sysctl -w kernel.unprivileged_userns_clone=1",
     false, look_namespaces, NULL},
    {"tap", "taps of the dataplane, check-vm", "modprobe tun; in a container, --device /dev/net/tun", false, look_tun,
     NULL},
    {"IOMMU", "network cards by vfio-pci", "VT-d in the BIOS, intel_iommu=on iommu=pt for the kernel", false,
     look_iommu, NULL},
    {"cpufreq", "frequency in policies on real cores", "bare metal with a cpufreq driver, and root", false,
     look_cpufreq, NULL},
    {"RAPL", "energy in policies on real cores", "bare metal with intel_rapl_msr (modprobe intel_rapl_msr), and root",
     false, look_rapl, NULL},
    {"hardware counters", "profiles of the hot paths",
     "bare metal or a virtual PMU, and sysctl -w kernel.perf_event_paranoid=1", false, look_counters, NULL},
    {0},
};

/* Compilers, tools and libraries. */
#include "harness/doctor.h"

#include <gsl/gsl_version.h>
#include <jansson.h>
#include <libconfig.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first line that @command prints; false if it prints none or fails. */
static bool command_line(const char *command, char *line)
{
	FILE *pipe = popen(command, "r");
	bool found;

	if (!pipe)
		return false;
	found = fgets(line, DOCTOR_DETAIL_BYTES, pipe) != NULL;
	while (fgetc(pipe) != EOF)
		; /* so that the command does not meet a closed pipe */
	line[found ? strcspn(line, "\n") : 0] = '\0';
	return pclose(pipe) == 0 && found;
}

/* A shell command whose first line of output is the version. */
static enum doctor_status look_command(const struct doctor_check *check, char *detail)
{
	return command_line(check->argument, detail) ? DOCTOR_OK : DOCTOR_MISSING;
}

static enum doctor_status look_package(const struct doctor_check *check, char *detail)
{
	char command[128];

	snprintf(command, sizeof(command), "pkg-config --modversion %s 2>/dev/null", check->argument);
	return command_line(command, detail) ? DOCTOR_OK : DOCTOR_MISSING;
}

/* Libraries this program is linked with: it would not run without them. */
static enum doctor_status look_linked(const struct doctor_check *check, char *detail)
{
	if (!strcmp(check->argument, "gsl"))
		snprintf(detail, DOCTOR_DETAIL_BYTES, "%s", gsl_version);
	else if (!strcmp(check->argument, "sqlite3"))
		snprintf(detail, DOCTOR_DETAIL_BYTES, "%s", sqlite3_libversion());
	else if (!strcmp(check->argument, "libconfig"))
		snprintf(detail, DOCTOR_DETAIL_BYTES, "%d.%d.%d", LIBCONFIG_VER_MAJOR, LIBCONFIG_VER_MINOR,
			 LIBCONFIG_VER_REVISION);
	else
		snprintf(detail, DOCTOR_DETAIL_BYTES, "%s", jansson_version_str());
	return DOCTOR_OK;
}

static enum doctor_status look_gnuplot(const struct doctor_check *check, char *detail)
{
	char terminals[DOCTOR_DETAIL_BYTES];

	if (!command_line("gnuplot --version 2>/dev/null", detail))
		return DOCTOR_MISSING;
	/* One word of output for each of the two terminals. */
	if (command_line(
		"gnuplot -e 'print GPVAL_TERMINALS' 2>&1 | tr ' ' '\\n' | grep -xE 'svg|pdfcairo' | tr '\\n' ' '",
		terminals) &&
	    strstr(terminals, "svg") && strstr(terminals, "pdfcairo")) {
		strncat(detail, ", svg and pdf", DOCTOR_DETAIL_BYTES - 1 - strlen(detail));
		return DOCTOR_OK;
	}
	strncat(detail, ", without svg or pdf", DOCTOR_DETAIL_BYTES - 1 - strlen(detail));
	return DOCTOR_MISSING;
}

static enum doctor_status look_fuzzer(const struct doctor_check *check, char *detail)
{
	if (!command_line("clang --version 2>/dev/null", detail))
		return DOCTOR_MISSING;
	if (command_line("ls \"$(clang -print-resource-dir)\"/lib/linux/libclang_rt.fuzzer-* 2>/dev/null",
			 (char[DOCTOR_DETAIL_BYTES]){0}))
		return DOCTOR_OK;
	strncat(detail, ", without libFuzzer", DOCTOR_DETAIL_BYTES - 1 - strlen(detail));
	return DOCTOR_MISSING;
}

const struct doctor_check doctor_software[] = {
    {"gcc", "compiles everything", "apt-get install gcc libc6-dev", true, look_command, "gcc --version 2>/dev/null"},
    {"clang", "second compiler, fuzzers", "apt-get install clang libclang-rt-14-dev", true, look_fuzzer, NULL},
    {"make", "builds", "apt-get install make", true, look_command, "make --version 2>/dev/null"},
    {"pkg-config", "finds the libraries", "apt-get install pkg-config", true, look_command,
     "pkg-config --version 2>/dev/null"},
    {"GSL", "distributions, root finding", "apt-get install libgsl-dev", true, look_linked, "gsl"},
    {"SQLite", "store of results", "apt-get install libsqlite3-dev", true, look_linked, "sqlite3"},
    {"libconfig", "experiment files", "apt-get install libconfig-dev", true, look_linked, "libconfig"},
    {"jansson", "JSON", "apt-get install libjansson-dev", true, look_linked, "jansson"},
    {"cmocka", "unit tests", "apt-get install libcmocka-dev", true, look_package, "cmocka"},
    {"sqlite3", "queries to the store", "apt-get install sqlite3", true, look_command,
     "sqlite3 --version 2>/dev/null | cut -d' ' -f1 | grep ."},
    {"gnuplot", "figures", "apt-get install gnuplot-nox", true, look_gnuplot, NULL},
    {"Open MPI", "sweeps across machines", "apt-get install libopenmpi-dev openmpi-bin", true, look_command,
     "mpirun --version 2>/dev/null"},
    {"help2man", "manual pages", "apt-get install help2man", true, look_command, "help2man --version 2>/dev/null"},
    {"clang-format", "layout check of make lint", "apt-get install clang-format", false, look_command,
     "clang-format --version 2>/dev/null"},
    {"clang-tidy", "static analysis of make lint", "apt-get install clang-tidy", false, look_command,
     "clang-tidy --version 2>/dev/null | grep version"},
    {"cppcheck", "static analysis of make lint", "apt-get install cppcheck", false, look_command,
     "cppcheck --version 2>/dev/null"},
    {"DPDK", "ports of the dataplane", "apt-get install libdpdk-dev", true, look_package, "libdpdk"},
    {"libevent", "Linux baselines", "apt-get install libevent-dev", true, look_package, "libevent"},
    {"liburcu", "ARP table of the dataplane", "apt-get install liburcu-dev", true, look_package, "liburcu-qsbr"},
    {"ip", "testbed on one machine", "apt-get install iproute2", true, look_command, "ip -V 2>/dev/null"},
    {"ethtool", "testbed on one machine", "apt-get install ethtool", true, look_command,
     "ethtool --version 2>/dev/null"},
    {"scapy", "malformed frames of the tests", "apt-get install python3-scapy", false, look_command,
     "/usr/bin/python3 -c 'import scapy; print(scapy.__version__)' 2>/dev/null"},
    {"chromium", "tests with a browser", "apt-get install chromium", false, look_command,
     "chromium --version 2>/dev/null"},
    {"QEMU", "make check-vm", "apt-get install qemu-system-x86", false, look_command,
     "qemu-system-x86_64 --version 2>/dev/null"},
    {0},
};

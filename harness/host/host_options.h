/* Options of ixhost: from the command line, or from a file (libconfig) with the same names, which the line overrides. */
#ifndef IXLAB_HARNESS_HOST_OPTIONS_H
#define IXLAB_HARNESS_HOST_OPTIONS_H

#include "harness/command.h"
#include "impl/host/host.h"

#define HOST_OPTIONS_MAX 64

struct host_options {
	struct host_config config;
	const char *file; /* NULL: none */
	struct ix_app_option option[HOST_OPTIONS_MAX];
	unsigned option_line[HOST_OPTIONS_MAX]; /* in the file; 0: of the command line */
	char *texts[3 * HOST_OPTIONS_MAX + 2];  /* what option points to */
	unsigned text_count;
};

/* Ends the process with one line where something is wrong. */
void host_options_parse(struct host_options *options, int argc, char **argv);
void host_options_free(struct host_options *options);

/* Says why the host refused, and where the key was given; ends the process. */
_Noreturn void host_options_reject(const struct host_options *options, const struct ix_app_error *error);

/* A copy that lives as long as @options; only host_options_add(), and app and mode, may keep any. */
char *host_options_keep(struct host_options *options, const char *text);

/* The number that @text is, from @low to @high; ends the process where it is none. */
unsigned host_options_number(const char *name, const char *text, unsigned low, unsigned high);
/* The IPv4 address likewise, in host byte order. */
uint32_t host_options_address(const char *name, const char *text);
/* Adds an option of the application; @line 0: of the command line, which has the last word. */
void host_options_add(struct host_options *options, const char *key, const char *value, unsigned line);

/* host_file.c: reads options->file. */
void host_file_read(struct host_options *options, const char **app, const char **mode);

#endif

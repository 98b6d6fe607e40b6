/*
 * An application as the dataplane's process and the programs on the kernel's sockets start it: found by name, started
 * once per elastic thread on that thread's runtime, with options as text. It sees libix only.
 */
#ifndef IX_APP_H
#define IX_APP_H

#include "impl/libix/libix.h"
#include <stddef.h>

/* One option as the user wrote it, in the order of the file or command line; numbers in decimal. */
struct ix_app_option {
	const char *key, *value;
};

struct ix_app_options {
	const struct ix_app_option *option;
	unsigned count;
	unsigned thread, threads; /* this is the start of thread 0 .. threads - 1 */
	void **shared;            /* one pointer for all threads, NULL at the start of thread 0; the application's */
};

/* Why start refused: the key (of an option, or one that is missing; NULL: none) and what is allowed or lacking. */
struct ix_app_error {
	const char *key;
	char text[128];
};

struct ix_app_counter {
	const char *name;
	uint64_t value;
};

struct ix_app {
	const char *name;
	const char *summary; /* one line */
	const char *options; /* a line each: key, range, default, meaning; "" if there are none */
	uint16_t tcp_port;   /* where it listens unless the option `port` says otherwise; 0: it does not */
	uint16_t udp_port;   /* alike */

	/*
	 * Starts of all threads come one after the other, in order, before any thread runs; so do stops, after all have
	 * ended and before the runtimes are destroyed. 0, or -1 with *error: then stop is called for the threads
	 * started before, not for this one. *state is this thread's.
	 */
	int (*start)(struct ix_runtime *runtime, const struct ix_app_options *options, void **state,
		     struct ix_app_error *error);
	void (*stop)(void *state);

	/* Writes at most @max counters of this thread, returns how many; any thread may call it between start and
	 * stop, so they are atomic words. May be NULL. */
	unsigned (*counters)(const void *state, struct ix_app_counter *counter, unsigned max);
	/* Has it done what it was started for (a client)? Then the program ends. May be NULL: it serves for ever. */
	int (*finished)(const void *state);
	/* Once, after all stops, or after a start that refused: frees what *shared points to. *text, if not NULL after it,
	 * is a line for standard output, which the caller frees. Returns the program's exit code: 0, or 1 with *error
	 * when the run failed. May be NULL. */
	int (*finish)(void *shared, char **text, struct ix_app_error *error);
};

extern const struct ix_app *const ix_apps[]; /* ends with NULL */

/* NULL if there is none of that name. */
const struct ix_app *ix_app_find(const char *name);

/* The value of @key, or NULL. */
const char *ix_app_option(const struct ix_app_options *options, const char *key);

/* Writes a number in @low .. @high to *@value if @key is there. 0, or -1 with *error. */
int ix_app_option_number(const struct ix_app_options *options, const char *key, uint64_t low, uint64_t high,
			 uint64_t *value, struct ix_app_error *error);

/* 0 if every key is one of @known (which ends with NULL); otherwise -1 with *error. */
int ix_app_options_known(const struct ix_app_options *options, const char *const *known, struct ix_app_error *error);

#endif

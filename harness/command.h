/*
 * A command of ixlab: `ixlab NAME ...`. Each lives in its own file, cmd_NAME.c, and has one line in the table of
 * ixlab.c.
 */
#ifndef IXLAB_HARNESS_COMMAND_H
#define IXLAB_HARNESS_COMMAND_H

#include <argp.h>
#include <stdint.h>

enum { EXIT_DONE = 0, EXIT_RUN_FAILED = 1, EXIT_WRONG_INPUT = 2 };

struct command {
	const char *name;                  /* as typed */
	const char *summary;               /* one line for `ixlab --help` */
	int (*run)(int argc, char **argv); /* argv[0] is "ixlab NAME"; returns one of the exit codes above */
};

int cmd_calibrate(int argc, char **argv);
int cmd_compare(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_figure(int argc, char **argv);
int cmd_packet(int argc, char **argv);
int cmd_queue(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_slo(int argc, char **argv);
int cmd_system(int argc, char **argv);
int cmd_testbed(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_merge(int argc, char **argv);

/*
 * Reads the options of a command into @input, as argp_parse() does, but with every complaint on one line. Adds --help
 * and
 * --version. Ends the process on those two (exit code 0) and on options or arguments that @argp does not know (2).
 */
void command_parse(const struct argp *argp, int argc, char **argv, void *input);

/* Prints "ixlab NAME: text" and a newline on stderr. */
void command_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* command_complain(), then ends the process with EXIT_WRONG_INPUT. */
_Noreturn void command_reject(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Closes standard output. Output that never reached its destination (a full disk, a closed pipe) makes a run that was
 * done a failed one, with a complaint. Returns the exit code.
 */
int command_close_output(int status);

/* The whole number that is the value @text of @option ("-j", "--seed"), from @low to @high; rejects another. */
uint64_t command_number(const char *option, const char *text, uint64_t low, uint64_t high);

/* Worker processes: what -j says, or with NULL one for each core. */
unsigned command_jobs(const char *text);

/* The entry of @names (NULL at the end) most like @name, or NULL when none is near: for "did you mean". */
const char *command_nearest(const char *name, const char *const *names);

/*
 * From here on the first SIGINT or SIGTERM only makes command_interrupted() return non-zero, so that the command can
 * stop at the next safe place; the second of either ends the process.
 */
void command_catch_interrupts(void);
int command_interrupted(void);

#endif

#include "harness/host/host_options.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_LIST = 256 };

struct parse {
	struct host_options *options;
	const char *app, *mode, *threads, *address, *port;
	struct ix_app_option option[HOST_OPTIONS_MAX];
	unsigned option_count;
};

static const struct argp_option argp_options[] = {
    {"config", 'c', "FILE", 0, "Read the options from FILE (names as here, options = { key = value; })", 0},
    {"app", 'a', "NAME", 0, "Application to run; --list names them", 0},
    {"mode", 'm', "MODE", 0,
     "partitioned: each thread has its own connections; floating: any thread takes the next that is ready "
     "(default: partitioned)",
     0},
    {"threads", 't', "N", 0, "Threads, 1 to 256 (default: 1)", 0},
    {"address", 'A', "IP", 0, "IPv4 address to listen on (default: 127.0.0.1; 0.0.0.0: all)", 0},
    {"port", 'p', "PORT", 0, "TCP port to listen on, 0: the kernel chooses (default: the application's)", 0},
    {"option", 'o', "KEY=VALUE", 0, "Option of the application; may be repeated", 0},
    {"list", KEY_LIST, NULL, 0, "Print the applications and their options", 0},
    {0},
};

static void print_list(void)
{
	for (const struct ix_app *const *app = ix_apps; *app; app++) {
		const char *line = (*app)->options;

		printf("%-6s  %s\n", (*app)->name, (*app)->summary);
		for (; *line; line += strcspn(line, "\n") + 1)
			printf("        %.*s\n", (int)strcspn(line, "\n"), line);
	}
	exit(command_close_output(EXIT_DONE));
}

static void add_option(struct parse *parse, char *text)
{
	char *equals = strchr(text, '=');

	if (!equals || equals == text)
		command_reject("option '%s': allowed: KEY=VALUE", text);
	if (parse->option_count == HOST_OPTIONS_MAX)
		command_reject("option '%s': more than %d options", text, HOST_OPTIONS_MAX);
	*equals = 0;
	for (unsigned i = 0; i < parse->option_count; i++)
		if (!strcmp(parse->option[i].key, text))
			command_reject("option '%s': given twice", text);
	parse->option[parse->option_count++] = (struct ix_app_option){text, equals + 1};
}

static error_t parse_option(int key, char *value, struct argp_state *state)
{
	struct parse *parse = state->input;

	switch (key) {
	case 'c':
		parse->options->file = value;
		return 0;
	case 'a':
		parse->app = value;
		return 0;
	case 'm':
		parse->mode = value;
		return 0;
	case 't':
		parse->threads = value;
		return 0;
	case 'A':
		parse->address = value;
		return 0;
	case 'p':
		parse->port = value;
		return 0;
	case 'o':
		add_option(parse, value);
		return 0;
	case KEY_LIST:
		print_list();
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
    argp_options,
    parse_option,
    NULL,
    "Run an application of ixlab on the kernel's sockets: the Linux baseline of the dataplane, from the same objects."
    "\vExit codes: 0 done, 1 the run failed, 2 the input is wrong (one line on standard error says what).",
    NULL,
    NULL,
    NULL};

unsigned host_options_number(const char *name, const char *text, unsigned low, unsigned high)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || number < low || number > high)
		command_reject("%s '%s': allowed: a whole number from %u to %u", name, text, low, high);
	return (unsigned)number;
}

uint32_t host_options_address(const char *name, const char *text)
{
	struct in_addr in;

	if (inet_pton(AF_INET, text, &in) != 1)
		command_reject("%s '%s': allowed: an IPv4 address as 127.0.0.1", name, text);
	return ntohl(in.s_addr);
}

char *host_options_keep(struct host_options *options, const char *text)
{
	char **kept = &options->texts[options->text_count++];

	*kept = strdup(text);
	if (!*kept)
		command_reject("memory is short");
	return *kept;
}

void host_options_add(struct host_options *options, const char *key, const char *value, unsigned line)
{
	unsigned i = 0;

	while (i < options->config.option_count && strcmp(options->option[i].key, key) != 0)
		i++;
	if (i == HOST_OPTIONS_MAX)
		command_reject("option '%s': more than %d options", key, HOST_OPTIONS_MAX);
	if (i == options->config.option_count) {
		options->config.option_count++;
		options->option[i].key = host_options_keep(options, key);
	}
	options->option[i].value =
	    options->text_count < 2 * HOST_OPTIONS_MAX ? host_options_keep(options, value) : value;
	options->option_line[i] = line;
}

static const struct ix_app *find_app(const char *name)
{
	const char *names[32] = {NULL}, *nearest;
	const struct ix_app *app = name ? ix_app_find(name) : NULL;

	if (app)
		return app;
	for (size_t i = 0; i < 31 && ix_apps[i]; i++)
		names[i] = ix_apps[i]->name;
	if (!name)
		command_reject("an application is needed: --app NAME; --list names them");
	nearest = command_nearest(name, names);
	if (nearest)
		command_reject("app '%s': no such application; did you mean '%s'?", name, nearest);
	command_reject("app '%s': no such application; --list names them", name);
}

static enum host_mode find_mode(const char *text)
{
	if (!strcmp(text, "partitioned"))
		return HOST_PARTITIONED;
	if (!strcmp(text, "floating"))
		return HOST_FLOATING;
	command_reject("mode '%s': allowed: partitioned, floating", text);
}

void host_options_parse(struct host_options *options, int argc, char **argv)
{
	struct parse parse = {.options = options};
	struct host_config *config = &options->config;
	const char *port;

	memset(options, 0, sizeof(*options));
	config->threads = 1;
	config->address = INADDR_LOOPBACK;
	config->port = UINT16_MAX; /* not given */
	config->option = options->option;
	command_parse(&argp, argc, argv, &parse);
	host_file_read(options, &parse.app, &parse.mode);
	config->app = find_app(parse.app);
	if (parse.mode)
		config->mode = find_mode(parse.mode);
	if (parse.threads)
		config->threads = host_options_number("threads", parse.threads, 1, HOST_THREADS_MAX);
	if (parse.address)
		config->address = host_options_address("address", parse.address);
	for (unsigned i = 0; i < parse.option_count; i++)
		host_options_add(options, parse.option[i].key, parse.option[i].value, 0);
	port = parse.port;
	if (port)
		config->port = (uint16_t)host_options_number("port", port, 0, 65534);
	else if (config->port == UINT16_MAX)
		config->port = config->app->tcp_port;
}

void host_options_free(struct host_options *options)
{
	for (unsigned i = 0; i < options->text_count; i++)
		free(options->texts[i]);
}

_Noreturn void host_options_reject(const struct host_options *options, const struct ix_app_error *error)
{
	if (!error->key)
		command_reject("%s", error->text);
	for (unsigned i = 0; i < options->config.option_count; i++) {
		const struct ix_app_option *o = &options->option[i];

		if (strcmp(o->key, error->key) != 0)
			continue;
		if (options->option_line[i])
			command_reject("%s:%u: option %s = '%s': %s", options->file, options->option_line[i], o->key,
				       o->value, error->text);
		command_reject("option %s = '%s': %s", o->key, o->value, error->text);
	}
	command_reject("%s: %s", error->key, error->text);
}

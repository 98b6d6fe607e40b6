/* ixhost: an application of impl/apps on the kernel's sockets. */
#include "harness/host/host_options.h"
#include "impl/host/host.h"
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct host *host;

static void on_signal(int number)
{
	host_stop(host);
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void print_start(const struct host_options *options)
{
	char address[INET_ADDRSTRLEN];
	struct in_addr in = {htonl(options->config.address)};

	if (host_port(host))
		printf("ixhost: %s on %s:%u, %u thread%s, %s\n", options->config.app->name,
		       inet_ntop(AF_INET, &in, address, sizeof(address)), host_port(host), options->config.threads,
		       options->config.threads == 1 ? "" : "s",
		       options->config.mode == HOST_FLOATING ? "floating" : "partitioned");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct host_options options;
	struct ix_app_error error;
	int status = EXIT_DONE, finish;
	char *text;

	argv[0] = "ixhost";
	host_options_parse(&options, argc, argv);
	host = host_create(&options.config, &error);
	if (!host)
		host_options_reject(&options, &error);
	catch_signals();
	print_start(&options);
	if (host_run(host, &error)) {
		command_complain("%s", error.text);
		status = EXIT_RUN_FAILED;
	}
	finish = host_destroy(host, &text, &error);
	if (finish) {
		command_complain("%s", error.text);
		status = finish;
	}
	if (text)
		puts(text);
	free(text);
	host_options_free(&options);
	return command_close_output(status);
}

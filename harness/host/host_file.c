/* The file of ixhost: app, mode, threads, address, port, and a group `options` of the application's. */
#include "harness/host/host_options.h"
#include <errno.h>
#include <libconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A value as text: an application reads its numbers itself. */
static const char *text_of(const config_setting_t *setting, char *buffer, size_t size)
{
	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		snprintf(buffer, size, "%lld", config_setting_get_int64(setting));
		return buffer;
	case CONFIG_TYPE_FLOAT:
		snprintf(buffer, size, "%.17g", config_setting_get_float(setting));
		return buffer;
	case CONFIG_TYPE_BOOL:
		return config_setting_get_bool(setting) ? "1" : "0";
	case CONFIG_TYPE_STRING:
		return config_setting_get_string(setting);
	default:
		return NULL;
	}
}

static void read_options(struct host_options *options, const config_setting_t *group)
{
	char buffer[64];

	if (!config_setting_is_group(group))
		command_reject("%s:%u: options: allowed: { key = value; ... }", options->file,
			       config_setting_source_line(group));
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
		const char *text = text_of(setting, buffer, sizeof(buffer));

		if (text)
			host_options_add(options, config_setting_name(setting), text,
					 config_setting_source_line(setting));
		else
			command_reject("%s:%u: option %s: allowed: a number or a text", options->file,
				       config_setting_source_line(setting), config_setting_name(setting));
	}
}

static void read_setting(struct host_options *options, const config_setting_t *setting, const char **app,
			 const char **mode)
{
	const char *key = config_setting_name(setting), *text;
	char buffer[64], name[512];

	if (!strcmp(key, "options")) {
		read_options(options, setting);
		return;
	}
	snprintf(name, sizeof(name), "%s:%u: %s", options->file, config_setting_source_line(setting), key);
	text = text_of(setting, buffer, sizeof(buffer));
	if (!text)
		command_reject("%s: allowed: a number or a text", name);
	if (!strcmp(key, "threads")) {
		options->config.threads = host_options_number(name, text, 1, HOST_THREADS_MAX);
	} else if (!strcmp(key, "address")) {
		options->config.address = host_options_address(name, text);
	} else if (!strcmp(key, "port")) {
		options->config.port = (uint16_t)host_options_number(name, text, 0, 65534);
	} else if (!strcmp(key, "app") || !strcmp(key, "mode")) {
		const char **where = *key == 'a' ? app : mode;

		if (*where) /* the command line has the last word */
			return;
		*where = host_options_keep(options, text);
	} else {
		command_reject("%s: unknown; allowed: app, mode, threads, address, port, options", name);
	}
}

void host_file_read(struct host_options *options, const char **app, const char **mode)
{
	const config_setting_t *root;
	config_t config;

	if (!options->file)
		return;
	config_init(&config);
	errno = 0;
	if (!config_read_file(&config, options->file)) {
		if (config_error_type(&config) == CONFIG_ERR_FILE_IO)
			command_reject("cannot read '%s': %s", options->file, strerror(errno ? errno : EIO));
		command_reject("%s:%d: %s", options->file, config_error_line(&config), config_error_text(&config));
	}
	root = config_root_setting(&config);
	for (int i = 0; i < config_setting_length(root); i++)
		read_setting(options, config_setting_get_elem(root, (unsigned)i), app, mode);
	config_destroy(&config);
}

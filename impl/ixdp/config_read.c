/* From settings to fields: names, types, ranges. */
#include "impl/ixdp/config_read.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static const char *path_of(const struct ixdp_field *field, char *path, size_t size)
{
	snprintf(path, size, "%s%s%s", field->group, *field->group ? "." : "", field->key);
	return path;
}

static int read_number(struct ixdp_config *c, const struct ixdp_field *field, const config_setting_t *setting,
		       const char *path, struct ixdp_error *error)
{
	int type = config_setting_type(setting);
	long long value = config_setting_get_int64(setting);

	if ((type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64) || value < field->low || value > field->high)
		return ixdp_config_refuse(c, error, path, "allowed: %lld to %lld", field->low, field->high);
	*(uint64_t *)(void *)((char *)c + field->at) = (uint64_t)value;
	return 0;
}

static int read_choice(struct ixdp_config *c, const struct ixdp_field *field, const config_setting_t *setting,
		       const char *path, struct ixdp_error *error)
{
	const char *text = config_setting_get_string(setting);
	char list[200] = "";

	for (unsigned i = 0; field->names[i]; i++) {
		if (text && !strcmp(text, field->names[i])) {
			*(uint64_t *)(void *)((char *)c + field->at) = i;
			return 0;
		}
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s\"%s\"", i ? ", " : "", field->names[i]);
	}
	return ixdp_config_refuse(c, error, path, "allowed: %s", list);
}

static int read_address(struct ixdp_config *c, const struct ixdp_field *field, const config_setting_t *setting,
			const char *path, struct ixdp_error *error)
{
	const char *text = config_setting_get_string(setting);
	struct in_addr address;

	if (!text || inet_pton(AF_INET, text, &address) != 1)
		return ixdp_config_refuse(c, error, path, "allowed: an IPv4 address, like \"10.0.0.1\"");
	*(uint64_t *)(void *)((char *)c + field->at) = ntohl(address.s_addr);
	return 0;
}

static int read_mac(struct ixdp_config *c, const config_setting_t *setting, const char *path, struct ixdp_error *error)
{
	const char *text = config_setting_get_string(setting);
	unsigned byte[6];
	char rest;
	int n = text ? sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &byte[0], &byte[1], &byte[2], &byte[3], &byte[4],
			      &byte[5], &rest)
		     : 0;

	if (n != 6 || (byte[0] & 1))
		return ixdp_config_refuse(c, error, path, "allowed: a unicast address, like \"02:00:00:00:00:01\"");
	for (n = 0; n < 6; n++)
		c->mac[n] = (uint8_t)byte[n];
	c->has_mac = 1;
	return 0;
}

static int read_text(struct ixdp_config *c, const struct ixdp_field *field, const config_setting_t *setting,
		     const char *path, struct ixdp_error *error)
{
	const char *text = config_setting_get_string(setting);

	if (!text || !*text)
		return ixdp_config_refuse(c, error, path, "allowed: a text");
	*(const char **)(void *)((char *)c + field->at) = text;
	return 0;
}

static int read_cores(struct ixdp_config *c, const config_setting_t *setting, const char *path,
		      struct ixdp_error *error)
{
	int n = config_setting_length(setting);

	if ((!config_setting_is_array(setting) && !config_setting_is_list(setting)) || n < 1 || n > IX_THREADS_MAX)
		return ixdp_config_refuse(c, error, path, "allowed: an array of processors, like [0, 1]");
	for (int i = 0; i < n; i++) {
		const config_setting_t *element = config_setting_get_elem(setting, (unsigned)i);
		int value = config_setting_get_int(element);

		if (config_setting_type(element) != CONFIG_TYPE_INT || value < 0 || value > 1023)
			return ixdp_config_refuse(c, error, path, "element %d; allowed: 0 to 1023", i);
		c->core[i] = (unsigned)value;
	}
	c->cores = (unsigned)n;
	return 0;
}

static int read_field(struct ixdp_config *c, const struct ixdp_field *field, const config_setting_t *setting,
		      struct ixdp_error *error)
{
	char path[64];

	path_of(field, path, sizeof(path));
	switch (field->kind) {
	case IXDP_NUMBER:
		return read_number(c, field, setting, path, error);
	case IXDP_CHOICE:
		return read_choice(c, field, setting, path, error);
	case IXDP_ADDRESS:
		return read_address(c, field, setting, path, error);
	case IXDP_MAC:
		return read_mac(c, setting, path, error);
	case IXDP_CORES:
		return read_cores(c, setting, path, error);
	default:
		return read_text(c, field, setting, path, error);
	}
}

/* An option of the application: any scalar, as text. */
static int read_option(struct ixdp_config *c, const config_setting_t *setting, struct ixdp_error *error)
{
	char path[96], *text = c->option_text[c->options < IXDP_OPTIONS_MAX ? c->options : 0];
	struct ix_app_option *option = &c->option[c->options];

	snprintf(path, sizeof(path), "application.%s", config_setting_name(setting));
	if (c->options == IXDP_OPTIONS_MAX)
		return ixdp_config_refuse(c, error, path, "at most %d options", IXDP_OPTIONS_MAX);
	option->key = config_setting_name(setting);
	option->value = text;
	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_STRING:
		option->value = config_setting_get_string(setting);
		break;
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		snprintf(text, sizeof(c->option_text[0]), "%lld", config_setting_get_int64(setting));
		break;
	case CONFIG_TYPE_FLOAT:
		snprintf(text, sizeof(c->option_text[0]), "%.17g", config_setting_get_float(setting));
		break;
	case CONFIG_TYPE_BOOL:
		snprintf(text, sizeof(c->option_text[0]), "%s", config_setting_get_bool(setting) ? "true" : "false");
		break;
	default:
		return ixdp_config_refuse(c, error, path, "allowed: a number, a text, true or false");
	}
	c->options++;
	return 0;
}

static const struct ixdp_field *find_field(const char *group, const char *key)
{
	for (size_t i = 0; i < ixdp_field_count; i++)
		if (!strcmp(ixdp_fields[i].group, group) && !strcmp(ixdp_fields[i].key, key))
			return &ixdp_fields[i];
	return NULL;
}

static int refuse_unknown(const struct ixdp_config *c, const char *group, const char *key, struct ixdp_error *error)
{
	char path[128], list[400] = "";

	snprintf(path, sizeof(path), "%s%s%s", group, *group ? "." : "", key);
	for (size_t i = 0; i < ixdp_field_count; i++)
		if (!strcmp(ixdp_fields[i].group, group))
			snprintf(list + strlen(list), sizeof(list) - strlen(list), " %s", ixdp_fields[i].key);
	return ixdp_config_refuse(c, error, path, "allowed keys:%s%s", list, *group ? "" : " device tcp application");
}

static int read_group(struct ixdp_config *c, const char *group, const config_setting_t *settings,
		      struct ixdp_error *error)
{
	int code = 0;

	for (unsigned i = 0; !code && i < (unsigned)config_setting_length(settings); i++) {
		const config_setting_t *setting = config_setting_get_elem(settings, i);
		const char *key = config_setting_name(setting);
		const struct ixdp_field *field = find_field(group, key);

		if (field)
			code = read_field(c, field, setting, error);
		else if (!strcmp(group, "application"))
			code = read_option(c, setting, error);
		else if (!*group && config_setting_is_group(setting) &&
			 (!strcmp(key, "device") || !strcmp(key, "tcp") || !strcmp(key, "application")))
			code = read_group(c, key, setting, error);
		else
			code = refuse_unknown(c, group, key, error);
	}
	return code;
}

static int require(const struct ixdp_config *c, struct ixdp_error *error)
{
	static const char *const needed[] = {"address", "device.type", "application.name"};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!config_lookup(&c->file, needed[i]))
			return ixdp_config_refuse(c, error, needed[i], "it has to be there");
	return 0;
}

int ixdp_config_read_fields(struct ixdp_config *c, struct ixdp_error *error)
{
	int code;

	for (size_t i = 0; i < ixdp_field_count; i++)
		if (ixdp_fields[i].fallback >= 0)
			*(uint64_t *)(void *)((char *)c + ixdp_fields[i].at) = (uint64_t)ixdp_fields[i].fallback;
	code = read_group(c, "", config_root_setting(&c->file), error);
	return code ? code : require(c, error);
}

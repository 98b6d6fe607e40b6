#include "impl/ixdp/config.h"
#include "impl/ixdp/config_read.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* The setting as it would be written, if it is a scalar. */
static void write_value(const config_setting_t *setting, char *text, size_t size)
{
	text[0] = 0;
	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_STRING:
		snprintf(text, size, ": \"%.80s\" is not allowed", config_setting_get_string(setting));
		break;
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		snprintf(text, size, ": %lld is not allowed", config_setting_get_int64(setting));
		break;
	case CONFIG_TYPE_FLOAT:
		snprintf(text, size, ": %g is not allowed", config_setting_get_float(setting));
		break;
	case CONFIG_TYPE_BOOL:
		snprintf(text, size, ": %s is not allowed", config_setting_get_bool(setting) ? "true" : "false");
		break;
	default:
		break;
	}
}

/* The line of the key, or of the group in which it is missing. */
static unsigned line_of(const struct ixdp_config *config, const char *key, const config_setting_t **found)
{
	char group[64];
	const char *point = strchr(key, '.');
	const config_setting_t *setting = *key ? config_lookup(&config->file, key) : NULL;

	*found = setting;
	if (!setting && point) {
		snprintf(group, sizeof(group), "%.*s", (int)(point - key), key);
		setting = config_lookup(&config->file, group);
	}
	return setting && config_setting_source_line(setting) ? config_setting_source_line(setting) : 1;
}

int ixdp_config_refuse(const struct ixdp_config *config, struct ixdp_error *error, const char *key, const char *format,
		       ...)
{
	const config_setting_t *setting;
	unsigned line = line_of(config, key, &setting);
	char value[128] = " is missing";
	va_list args;
	int used;

	if (setting)
		write_value(setting, value, sizeof(value));
	used = snprintf(error->text, sizeof(error->text), *key ? "%s:%u: key '%s'%s; " : "%s: ", config->path, line,
			key, value);
	va_start(args, format);
	vsnprintf(error->text + used, sizeof(error->text) - (size_t)used, format, args);
	va_end(args);
	return 2;
}

static int choose_device_name(struct ixdp_config *c, struct ixdp_error *error)
{
	static const char *const key[NIC_TYPES] = {"device.socket",    "device.interface", "device.interface", "",
						   "device.interface", "device.pci"};
	const char *names[] = {c->device_socket,    c->device_interface, c->device_interface, "",
			       c->device_interface, c->device_pci};

	c->nic.name = names[c->device_type];
	if (!c->nic.name)
		return ixdp_config_refuse(c, error, key[c->device_type], "a device of type \"%s\" has one",
					  nic_type_name[c->device_type]);
	return 0;
}

static int choose_cores(struct ixdp_config *c, struct ixdp_error *error)
{
	cpu_set_t allowed;
	unsigned cpu = 0, i;

	CPU_ZERO(&allowed);
	sched_getaffinity(0, sizeof(allowed), &allowed);
	for (i = 0; i < c->cores; i++)
		if (!CPU_ISSET(c->core[i], &allowed))
			return ixdp_config_refuse(c, error, "cores",
						  "processor %u is not there, or not for this process", c->core[i]);
	if (c->cores && c->cores != c->threads)
		return ixdp_config_refuse(c, error, "cores", "allowed: one per thread (%u)", (unsigned)c->threads);
	/* More threads than processors take turns. */
	for (i = c->cores; i < c->threads; cpu = (cpu + 1) % CPU_SETSIZE)
		if (CPU_ISSET(cpu, &allowed))
			c->core[i++] = cpu;
	c->cores = (unsigned)c->threads;
	return 0;
}

static int choose_ports(struct ixdp_config *c, struct ixdp_error *error)
{
	unsigned long port = c->app->tcp_port;
	char *end = NULL;

	for (unsigned i = 0; i < c->options; i++)
		if (!strcmp(c->option[i].key, "port")) {
			port = strtoul(c->option[i].value, &end, 10);
			if (*end || port < 1 || port > 65535)
				return ixdp_config_refuse(c, error, "application.port", "allowed: 1 to 65535");
		}
	if (c->app->tcp_port) {
		if (port + c->listen_ports > 65536)
			return ixdp_config_refuse(c, error, "tcp.listen_ports", "the last one is above 65535");
		for (unsigned i = 0; i < c->listen_ports; i++)
			c->tcp.listen_port[i] = (uint16_t)(port + i);
		c->tcp.listen_ports = (unsigned)c->listen_ports;
	}
	if (c->app->udp_port) {
		c->tcp.udp_port[0] = end ? (uint16_t)port : c->app->udp_port;
		c->tcp.udp_ports = 1;
	}
	return 0;
}

static const struct ix_app *find_among(const struct ix_app *const *apps, const char *name)
{
	while (*apps && strcmp((*apps)->name, name) != 0)
		apps++;
	return *apps;
}

static void list_names(const struct ix_app *const *apps, char *list, size_t size)
{
	for (; *apps; apps++)
		snprintf(list + strlen(list), size - strlen(list), "%s\"%s\"", *list ? ", " : "", (*apps)->name);
}

static int choose_app(struct ixdp_config *c, const struct ix_app *const *more, struct ixdp_error *error)
{
	char list[256] = "";

	c->app = find_among(ix_apps, c->application);
	if (!c->app)
		c->app = find_among(more, c->application);
	if (c->app)
		return choose_ports(c, error);
	list_names(ix_apps, list, sizeof(list));
	list_names(more, list, sizeof(list));
	return ixdp_config_refuse(c, error, "application.name", "allowed: %s", list);
}

static void fill_tcp(struct ixdp_config *c)
{
	struct ix_tcp_options *o = &c->tcp;

	o->ip = (uint32_t)c->address;
	o->netmask = ~0u << (32 - c->prefix);
	o->gateway = (uint32_t)c->gateway;
	o->mtu = (uint16_t)(c->mss + 40);
	o->window_bytes = (uint32_t)c->window_bytes;
	o->send_bytes = (uint32_t)c->send_bytes;
	o->half_open_max = (unsigned)c->half_open_max;
	o->backlog = (unsigned)c->backlog;
	o->retries = (unsigned)c->retries;
	o->syn_retries = (unsigned)c->syn_retries;
	o->port_low = (uint16_t)c->port_low;
	o->port_high = (uint16_t)c->port_high;
	o->rto_initial_ns = c->rto_initial_us * 1000;
	o->rto_min_ns = c->rto_min_us * 1000;
	o->rto_max_ns = c->rto_max_us * 1000;
	o->delayed_ack_ns = c->delayed_ack_us * 1000;
	o->time_wait_ns = c->time_wait_ms * 1000000;
	o->fin_wait_2_ns = c->fin_wait_2_ms * 1000000;
	o->keepalive_idle_ns = c->keepalive_idle_ms * 1000000;
	o->keepalive_interval_ns = c->keepalive_interval_ms * 1000000;
	o->keepalive_count = (unsigned)c->keepalive_count;
}

static int check_tcp(struct ixdp_config *c, struct ixdp_error *error)
{
	const char *what;

	if (c->gateway && ((c->gateway ^ c->address) & c->tcp.netmask))
		return ixdp_config_refuse(c, error, "gateway", "allowed: an address of the own network");
	if (c->port_low > c->port_high)
		return ixdp_config_refuse(c, error, "tcp.port_low", "allowed: at most port_high, %u",
					  (unsigned)c->port_high);
	if (c->rto_min_us > c->rto_max_us)
		return ixdp_config_refuse(c, error, "tcp.rto_min_us", "allowed: at most rto_max_us, %llu",
					  (unsigned long long)c->rto_max_us);
	if (c->rto_initial_us > c->rto_max_us)
		return ixdp_config_refuse(c, error, "tcp.rto_initial_us", "allowed: at most rto_max_us, %llu",
					  (unsigned long long)c->rto_max_us);
	if (ix_tcp_options_check(&c->tcp, &what))
		return ixdp_config_refuse(c, error, strncmp(what, "ip:", 3) ? "tcp" : "address", "allowed: %s", what);
	return 0;
}

static void fill_rest(struct ixdp_config *c)
{
	c->nic.type = (enum nic_type)c->device_type;
	c->nic.memif_server = c->device_role == 1;
	c->nic.queues = (unsigned)c->device_queues;
	c->nic.descriptors = (unsigned)c->device_descriptors;
	c->nic.packets = (unsigned)c->device_packets;
	c->nic.threads = (unsigned)c->threads;
	c->nic.groups = (unsigned)c->groups;
	c->nic.rss_key = ix_rss_key_default;
	c->nic.mac = c->has_mac ? c->mac : NULL;
	c->nic.main_cpu = c->core[0];
	c->nic.huge_pages = (enum nic_choice)c->device_huge_pages;
	c->nic.checksums = (enum nic_choice)c->device_checksums;
	c->core_options.threads = (unsigned)c->threads;
	c->core_options.groups = (unsigned)c->groups;
	c->core_options.batch_bound = (unsigned)c->batch_bound;
	c->core_options.transmit_order = (enum ix_transmit_order)c->transmit_order;
	c->core_options.rss_key = ix_rss_key_default;
	c->core_options.scheduler = ix_scheduler_find(ixdp_scheduler_names[c->scheduler]);
	c->core_options.connections_per_cycle = (unsigned)c->connections_per_cycle;
	c->core_options.interrupt_spacing_ns = c->interrupt_spacing_us * 1000;
	c->core_options.stack = &ix_stack_tcp;
	c->core_options.stack_options = &c->tcp;
}

static int check(struct ixdp_config *c, const struct ix_app *const *more, struct ixdp_error *error)
{
	int code = choose_device_name(c, error);

	if (c->groups & (c->groups - 1))
		return ixdp_config_refuse(c, error, "groups", "allowed: a power of two, 1 to %d", IX_RSS_GROUPS_MAX);
	if (c->device_descriptors & (c->device_descriptors - 1))
		return ixdp_config_refuse(c, error, "device.descriptors", "allowed: a power of two, 64 to 4096");
	if (strlen(c->control) >= IXDP_NAME_MAX || strchr(c->control, '/'))
		return ixdp_config_refuse(c, error, "control", "allowed: a name of at most %d characters without '/'",
					  IXDP_NAME_MAX - 1);
	c->core_options = ix_options_default;
	c->tcp = ix_tcp_options_default;
	if (getrandom(c->tcp.secret, sizeof(c->tcp.secret), 0) != sizeof(c->tcp.secret))
		return ixdp_config_refuse(c, error, "", "no random numbers: %s", strerror(errno));
	if (!code)
		code = choose_cores(c, error);
	if (!code)
		code = choose_app(c, more, error);
	fill_tcp(c);
	if (!code)
		code = check_tcp(c, error);
	fill_rest(c);
	return code;
}

int ixdp_config_read(struct ixdp_config *c, const char *path, const struct ix_app *const *more,
		     struct ixdp_error *error)
{
	FILE *file;
	int code = 0;

	memset(c, 0, sizeof(*c));
	c->path = path;
	c->control = "ixdp";
	config_init(&c->file);
	file = fopen(path, "re");
	if (!file) {
		snprintf(error->text, sizeof(error->text), "%s: %s", path, strerror(errno));
		return 2;
	}
	if (!config_read(&c->file, file)) {
		snprintf(error->text, sizeof(error->text), "%s:%d: %s", path, config_error_line(&c->file),
			 config_error_text(&c->file));
		code = 2;
	}
	fclose(file);
	if (!code)
		code = ixdp_config_read_fields(c, error);
	return code ? code : check(c, more, error);
}

void ixdp_config_clear(struct ixdp_config *c)
{
	config_destroy(&c->file);
}

#include "harness/cost_file.h"
#include "harness/experiment_values.h"
#include "harness/workload_path.h"
#include "sim/nic.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GHZ_MIN       0.01
#define GHZ_MAX       100.0
#define BANDWIDTH_MAX 10000.0
#define MISSES_MAX    1e4
#define BYTES_MAX     1e12

/* A key, where its value goes, and what is allowed. */
struct known {
	char key[64];
	double *value;
	double low, high;
	int cycles; /* to be divided by the nominal frequency */
	const config_setting_t *setting;
};

/* The keys of a file: first those that all systems have, then two for each constant, _ns and _cycles. */
struct keys {
	const struct sim_cost_names *names;
	struct known known[2 * SIM_COSTS_MAX + 16];
	size_t single, count;
};

static void list_known(struct keys *keys, const struct sim_cost_names *names, struct sim_costs *costs)
{
	const struct known others[] = {
	    {"nominal_ghz", &costs->nominal_ghz, GHZ_MIN, GHZ_MAX, 0, NULL},
	    {"frequency_ghz", &costs->frequency_ghz, GHZ_MIN, GHZ_MAX, 0, NULL},
	    {"detect_ns", &costs->detect_ns, 0, SIM_COST_MAX_NS, 0, NULL},
	    {"wire_delay_ns", &costs->wire_delay_ns, 0, SIM_COST_MAX_NS, 0, NULL},
	    {"wire_bandwidth_gbps", &costs->wire_bandwidth_gbps, 0, BANDWIDTH_MAX, 0, NULL},
	    {"rx_descriptors", &costs->rx_descriptors, 2 * SIM_NIC_RETURN_BATCH, SIM_NIC_RX_MAX, 0, NULL},
	    {"hyperthread_speedup", &costs->hyperthread_speedup, 1, 2, 0, NULL},
	    {"misses_few", &costs->misses_few, 0, MISSES_MAX, 0, NULL},
	    {"misses_many", &costs->misses_many, 0, MISSES_MAX, 0, NULL},
	    {"connection_bytes", &costs->connection_bytes, 0, BYTES_MAX, 0, NULL},
	    {"llc_bytes", &costs->llc_bytes, 0, BYTES_MAX, 0, NULL},
	};
	struct known *known = keys->known;

	keys->names = names;
	keys->single = sizeof(others) / sizeof(others[0]);
	keys->count = keys->single + (size_t)2 * names->count;
	memcpy(known, others, sizeof(others));
	known += keys->single;
	for (unsigned i = 0; i < names->count; i++, known += 2) {
		known[0] = (struct known){"", &costs->ns[i], 0, SIM_COST_MAX_NS, 0, NULL};
		known[1] = (struct known){"", &costs->ns[i], 0, SIM_COST_MAX_NS, 1, NULL};
		snprintf(known[0].key, sizeof(known[0].key), "%s_ns", names->name[i]);
		snprintf(known[1].key, sizeof(known[1].key), "%s_cycles", names->name[i]);
	}
}

static int read_number(const struct experiment_source *source, struct known *known, const config_setting_t *setting)
{
	int type = config_setting_type(setting);
	double value;

	if (type == CONFIG_TYPE_FLOAT)
		value = config_setting_get_float(setting);
	else if (type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64)
		value = (double)config_setting_get_int64(setting);
	else
		return experiment_reject(source, setting, "not a number; allowed: a number from %g to %g", known->low,
					 known->high);
	if (!(value >= known->low && value <= known->high))
		return experiment_reject(source, setting, "%g is not allowed; allowed: a number from %g to %g", value,
					 known->low, known->high);
	*known->value = value;
	known->setting = setting;
	return 0;
}

static int is_power_of_two(double value)
{
	uint32_t whole = (uint32_t)value;

	return whole == value && !(whole & (whole - 1));
}

static int reject_unknown(const struct keys *keys, const struct experiment_source *source,
			  const config_setting_t *setting)
{
	char allowed[1024] = "system";
	size_t at = strlen(allowed);

	for (size_t k = 0; k < keys->single; k++)
		at += (size_t)snprintf(allowed + at, sizeof(allowed) - at, ", %s", keys->known[k].key);
	at += (size_t)snprintf(allowed + at, sizeof(allowed) - at, ", and _ns or _cycles of ");
	for (unsigned i = 0; i < keys->names->count && at < sizeof(allowed); i++)
		at += (size_t)snprintf(allowed + at, sizeof(allowed) - at, "%s%s", i ? ", " : "", keys->names->name[i]);
	return experiment_reject(source, setting, "unknown; allowed: %s", allowed);
}

static int read_setting(struct keys *keys, const struct experiment_source *source, const config_setting_t *setting)
{
	size_t k = 0;

	while (k < keys->count && strcmp(config_setting_name(setting), keys->known[k].key) != 0)
		k++;
	if (k == keys->count)
		return reject_unknown(keys, source, setting);
	if (read_number(source, &keys->known[k], setting))
		return 2;
	if (!strcmp(keys->known[k].key, "rx_descriptors") && !is_power_of_two(*keys->known[k].value))
		return experiment_reject(source, setting, "%g is not allowed; allowed: a power of two from %u to %u",
					 *keys->known[k].value, 2 * SIM_NIC_RETURN_BATCH, SIM_NIC_RX_MAX);
	return 0;
}

/* First of all, for what is known depends on it. */
static int check_system(const struct keys *keys, const struct experiment_source *source, const config_t *config)
{
	const config_setting_t *setting = config_lookup(config, "system");
	const char *system = setting ? config_setting_get_string(setting) : NULL;

	if (!setting) {
		snprintf(source->error, source->error_size, "%s: key 'system' is missing; allowed: \"%s\"",
			 source->name, keys->names->system);
		return 2;
	}
	if (!system)
		return experiment_reject(source, setting, "not a text; allowed: \"%s\"", keys->names->system);
	if (strcmp(system, keys->names->system) != 0)
		return experiment_reject(source, setting, "\"%s\" is not allowed for this system; allowed: \"%s\"",
					 system, keys->names->system);
	return 0;
}

static int read_settings(struct keys *keys, const struct experiment_source *source, const config_t *config)
{
	const config_setting_t *root = config_root_setting(config);

	if (check_system(keys, source, config))
		return 2;
	for (int i = 0; i < config_setting_length(root); i++) {
		const config_setting_t *setting = config_setting_get_elem(root, (unsigned)i);

		if (strcmp(config_setting_name(setting), "system") != 0 && read_setting(keys, source, setting))
			return 2;
	}
	return 0;
}

/* Every constant once, in one of its two forms; cycles become nanoseconds. */
static int complete(struct keys *keys, const struct experiment_source *source, const struct sim_costs *costs)
{
	struct known *known = keys->known;

	for (size_t k = 0; k < keys->count; k += k < keys->single ? 1 : 2) {
		int pair = k >= keys->single;

		if (pair && known[k].setting && known[k + 1].setting)
			return experiment_reject(source, known[k + 1].setting,
						 "given beside '%s'; allowed: one of the two", known[k].key);
		if (!known[k].setting && !(pair && known[k + 1].setting)) {
			snprintf(source->error, source->error_size, "%s: key '%s'%s%s%s is missing", source->name,
				 known[k].key, pair ? " or '" : "", pair ? known[k + 1].key : "", pair ? "'" : "");
			return 2;
		}
		if (pair && known[k + 1].setting)
			*known[k + 1].value /= costs->nominal_ghz;
	}
	return 0;
}

int costs_read_text(struct sim_costs *costs, const struct sim_cost_names *names, const char *text, const char *name,
		    char *error, size_t error_size)
{
	const struct experiment_source source = {name, error, error_size};
	struct keys keys = {0};
	config_t config;
	int status = 0;

	*costs = sim_costs_zero;
	list_known(&keys, names, costs);
	if (strstr(text, "@include")) {
		snprintf(error, error_size, "%s: @include is not allowed", name);
		return -1;
	}
	config_init(&config);
	if (!config_read_string(&config, text)) {
		snprintf(error, error_size, "%s:%d: %s", name, config_error_line(&config), config_error_text(&config));
		status = 2;
	}
	if (!status)
		status = read_settings(&keys, &source, &config);
	if (!status)
		status = complete(&keys, &source, costs);
	config_destroy(&config);
	return status ? -1 : 0;
}

/* FNV-1a (Fowler, Noll, Vo), 64 bits, over the constants: comments do not count. */
static uint64_t hash_of(const struct sim_costs *costs)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	const unsigned char *bytes = (const unsigned char *)costs;

	for (size_t i = 0; i < sizeof(*costs); i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	return hash;
}

int costs_read(struct sim_costs *costs, const struct sim_cost_names *names, const char *name, uint64_t *file_hash,
	       char *error, size_t error_size)
{
	char *text = NULL, *path;
	size_t size = 0;
	FILE *file;
	int status = -1;

	if (file_hash)
		*file_hash = 0;
	*costs = sim_costs_zero;
	if (!strcmp(name, "zero"))
		return 0;
	path = workload_path(name);
	file = path ? fopen(path, "re") : NULL;
	if (file)
		text = calloc(1, COST_FILE_BYTES_MAX + 1);
	if (text)
		size = fread(text, 1, COST_FILE_BYTES_MAX + 1, file);
	if (!file || (text && ferror(file)))
		snprintf(error, error_size, "%s: %s; allowed: zero, or a cost file", name, strerror(errno));
	else if (!text)
		snprintf(error, error_size, "out of memory");
	else if (size > COST_FILE_BYTES_MAX || memchr(text, '\0', size))
		snprintf(error, error_size, "%s: not a cost file: text of at most %d bytes", name, COST_FILE_BYTES_MAX);
	else
		status = costs_read_text(costs, names, text, name, error, error_size);
	if (!status && file_hash)
		*file_hash = hash_of(costs);
	if (file)
		fclose(file);
	free(path);
	free(text);
	return status;
}

_Static_assert(sizeof(struct sim_costs) == (SIM_COSTS_MAX + 11) * sizeof(double), "no padding takes part in the hash");

/* What may stand in a configuration file. */
#ifndef IXDP_CONFIG_FIELDS_H
#define IXDP_CONFIG_FIELDS_H

#include <stddef.h>
#include <stdint.h>

enum ixdp_kind { IXDP_NUMBER, IXDP_CHOICE, IXDP_ADDRESS, IXDP_MAC, IXDP_TEXT, IXDP_CORES };

struct ixdp_field {
	const char *group, *key; /* group "" for the file itself */
	enum ixdp_kind kind;
	size_t at; /* in struct ixdp_config */
	long long low, high;
	const char *const *names; /* of a choice; ends with NULL */
	long long fallback;       /* -1: none, the key has to be there, or means something by its absence */
	const char *help;
};

extern const struct ixdp_field ixdp_fields[];
extern const size_t ixdp_field_count;
extern const char *const ixdp_scheduler_names[]; /* ends with NULL */

#endif

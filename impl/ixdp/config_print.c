/* The effective configuration, written so that it can be read again. */
#include "impl/ixdp/config.h"
#include "impl/ixdp/config_fields.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static uint64_t number_of(const struct ixdp_config *c, const struct ixdp_field *field)
{
	return *(const uint64_t *)(const void *)((const char *)c + field->at);
}

/* Is there something to be said? */
static int is_set(const struct ixdp_config *c, const struct ixdp_field *field)
{
	switch (field->kind) {
	case IXDP_TEXT:
		return *(const char *const *)(const void *)((const char *)c + field->at) != NULL;
	case IXDP_ADDRESS:
		return number_of(c, field) != 0;
	case IXDP_MAC:
		return c->has_mac;
	case IXDP_NUMBER:
		return number_of(c, field) != 0 || field->low == 0;
	default:
		return 1;
	}
}

static void print_field(const struct ixdp_config *c, const struct ixdp_field *field)
{
	uint64_t n = field->kind == IXDP_CORES || field->kind == IXDP_MAC ? 0 : number_of(c, field);

	printf("%s%s = ", *field->group ? "\t" : "", field->key);
	switch (field->kind) {
	case IXDP_NUMBER:
		printf("%" PRIu64, n);
		break;
	case IXDP_CHOICE:
		printf("\"%s\"", field->names[n]);
		break;
	case IXDP_ADDRESS:
		printf("\"%u.%u.%u.%u\"", (unsigned)(n >> 24), (unsigned)(n >> 16 & 255), (unsigned)(n >> 8 & 255),
		       (unsigned)(n & 255));
		break;
	case IXDP_MAC:
		for (int i = 0; i < 6; i++)
			printf("%s%02x", i ? ":" : "\"", c->mac[i]);
		printf("\"");
		break;
	case IXDP_CORES:
		for (unsigned i = 0; i < c->cores; i++)
			printf("%s%u", i ? ", " : "[", c->core[i]);
		printf("]");
		break;
	default:
		printf("\"%s\"", *(const char *const *)(const void *)((const char *)c + field->at));
	}
	printf(";\n");
}

void ixdp_config_print(const struct ixdp_config *c)
{
	const char *group = "";

	for (size_t i = 0; i < ixdp_field_count; i++) {
		const struct ixdp_field *field = &ixdp_fields[i];

		if (strcmp(field->group, group) != 0) {
			printf("%s%s = {\n", *group ? "};\n" : "", field->group);
			group = field->group;
		}
		if (is_set(c, field))
			print_field(c, field);
	}
	for (unsigned i = 0; i < c->options; i++)
		printf("\t%s = \"%s\";\n", c->option[i].key, c->option[i].value);
	printf("};\n");
	fflush(stdout);
}

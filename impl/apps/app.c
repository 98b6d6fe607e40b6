#include "impl/apps/app.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct ix_app ix_app_echo, ix_app_spin, ix_app_kv, ix_app_http;
extern const struct ix_app ix_app_load; /* of harness/load */

const struct ix_app *const ix_apps[] = {&ix_app_echo, &ix_app_spin, &ix_app_kv, &ix_app_http, &ix_app_load, NULL};

const struct ix_app *ix_app_find(const char *name)
{
	for (const struct ix_app *const *app = ix_apps; *app; app++)
		if (!strcmp((*app)->name, name))
			return *app;
	return NULL;
}

const char *ix_app_option(const struct ix_app_options *options, const char *key)
{
	for (unsigned i = 0; i < options->count; i++)
		if (!strcmp(options->option[i].key, key))
			return options->option[i].value;
	return NULL;
}

int ix_app_option_number(const struct ix_app_options *options, const char *key, uint64_t low, uint64_t high,
			 uint64_t *value, struct ix_app_error *error)
{
	const char *text = ix_app_option(options, key);
	unsigned long long number;
	char *end;

	if (!text)
		return 0;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || number < low || number > high) {
		error->key = key;
		snprintf(error->text, sizeof(error->text), "a number from %" PRIu64 " to %" PRIu64, low, high);
		return -1;
	}
	*value = number;
	return 0;
}

int ix_app_options_known(const struct ix_app_options *options, const char *const *known, struct ix_app_error *error)
{
	for (unsigned i = 0; i < options->count; i++) {
		const char *const *k = known;

		while (*k && strcmp(*k, options->option[i].key) != 0)
			k++;
		if (*k)
			continue;
		error->key = options->option[i].key;
		snprintf(error->text, sizeof(error->text), "%s", *known ? "allowed:" : "this application has none");
		for (k = known; *k; k++)
			snprintf(error->text + strlen(error->text), sizeof(error->text) - strlen(error->text), " %s",
				 *k);
		return -1;
	}
	return 0;
}

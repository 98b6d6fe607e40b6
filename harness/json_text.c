#include "harness/json_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_real(FILE *out, double value)
{
	char text[40];

	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	fprintf(out, strpbrk(text, ".e") ? "%s" : "%s.0", text);
}

static int write_value(FILE *out, const json_t *value);

static int write_array(FILE *out, const json_t *array)
{
	int failed = 0;

	fputc('[', out);
	for (size_t i = 0; i < json_array_size(array); i++) {
		fputs(i ? "," : "", out);
		failed |= write_value(out, json_array_get(array, i));
	}
	fputc(']', out);
	return failed;
}

static int write_object(FILE *out, const json_t *object)
{
	char *text = json_flat_text(object, false);

	if (!text)
		return -1;
	fputs(text, out);
	free(text);
	return 0;
}

static int write_value(FILE *out, const json_t *value)
{
	char *text;

	if (json_is_real(value)) {
		write_real(out, json_real_value(value));
		return 0;
	}
	if (json_is_array(value))
		return write_array(out, value);
	if (json_is_object(value))
		return write_object(out, value);
	text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	if (!text)
		return -1;
	fputs(text, out);
	free(text);
	return 0;
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char *json_flat_text(const json_t *object, bool sorted)
{
	size_t count = json_object_size(object), size, i = 0;
	const char **keys = calloc(count + 1, sizeof(*keys));
	char *text = NULL;
	FILE *out = keys ? open_memstream(&text, &size) : NULL;
	int failed = 0;

	if (!out) {
		free(keys);
		return NULL;
	}
	for (void *at = json_object_iter((json_t *)object); at; at = json_object_iter_next((json_t *)object, at))
		keys[i++] = json_object_iter_key(at);
	if (sorted)
		qsort(keys, count, sizeof(*keys), compare_keys);
	fputc('{', out);
	for (i = 0; i < count; i++) {
		fprintf(out, sorted ? "%s\"%s\":" : "%s\"%s\": ", !i ? "" : sorted ? "," : ", ", keys[i]);
		failed |= write_value(out, json_object_get(object, keys[i]));
	}
	fputc('}', out);
	free(keys);
	if (fclose(out) || failed) {
		free(text);
		return NULL;
	}
	return text;
}

char *json_value_text(const json_t *value)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int failed;

	if (!out)
		return NULL;
	failed = write_value(out, value);
	if (fclose(out) || failed) {
		free(text);
		return NULL;
	}
	return text;
}

void json_set_real(json_t *object, const char *key, double value)
{
	json_object_set_new(object, key, isfinite(value) ? json_real(value) : json_null());
}

#include "harness/dist_file.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 128 /* two numbers and blanks; comments are cut off before */

static const char empirical_prefix[] = "empirical:";

struct values {
	double *value, *weight;
	size_t count, capacity;
};

static int values_append(struct values *values, double value, double weight)
{
	if (values->count == values->capacity) {
		size_t capacity = values->capacity ? 2 * values->capacity : 256;
		double *value_grown = realloc(values->value, capacity * sizeof(double)), *weight_grown;

		if (!value_grown)
			return -1;
		values->value = value_grown;
		weight_grown = realloc(values->weight, capacity * sizeof(double));
		if (!weight_grown)
			return -1;
		values->weight = weight_grown;
		values->capacity = capacity;
	}
	values->value[values->count] = value;
	values->weight[values->count++] = weight;
	return 0;
}

/* The next word of *text as a number; moves *text behind it. NULL, or what is wrong with it. */
static const char *read_number(char **text, double *number, char **word)
{
	size_t length;

	*text += strspn(*text, " \t\r");
	*word = *text;
	length = strcspn(*text, " \t\r");
	*text += length;
	if (**text)
		*(*text)++ = '\0';
	/* strtod() alone would also take hexadecimal digits, infinities and nan. */
	if (strspn(*word, "0123456789+-.eE") != length)
		return "is not a decimal number";
	char *end;
	*number = strtod(*word, &end);
	if (end == *word || *end)
		return "is not a decimal number";
	if (!isfinite(*number))
		return "is too large";
	return NULL;
}

/* One line without its comment. 1 if it held a value, 0 if blank, -1 with @error. */
static int parse_line(char *line, double *value, double *weight, char *error, size_t error_size)
{
	const char *wrong;
	char *word = line;

	if (!line[strspn(line, " \t\r")])
		return 0;
	*weight = 1;
	wrong = read_number(&line, value, &word);
	if (!wrong && *value < 0)
		wrong = "is negative";
	if (!wrong && line[strspn(line, " \t\r")]) {
		wrong = read_number(&line, weight, &word);
		if (!wrong && *weight <= 0)
			wrong = "is not a weight above 0";
		if (!wrong && line[strspn(line, " \t\r")]) {
			word = line + strspn(line, " \t\r");
			wrong = "follows value and weight";
		}
	}
	if (!wrong)
		return 1;
	snprintf(error, error_size, "'%.40s' %s; a line is VALUE (0 or more), then WEIGHT (above 0) or nothing", word,
		 wrong);
	return -1;
}

static int parse_lines(struct values *values, const char *name, const char *content, size_t size, char *error,
		       size_t error_size)
{
	const char *at = content, *end = content + size;

	for (size_t number = 1; at < end; number++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline ? newline : end;
		const char *comment = memchr(at, '#', (size_t)(stop - at));
		size_t length = (size_t)((comment ? comment : stop) - at);
		char line[LINE_MAX_BYTES + 1], wrong[192] = "";
		double value = 0, weight = 1;
		int found = -1;

		if (memchr(at, '\0', length)) {
			snprintf(wrong, sizeof(wrong), "holds a zero byte; this is a text file of VALUE WEIGHT lines");
		} else if (length > LINE_MAX_BYTES) {
			snprintf(wrong, sizeof(wrong), "the line is longer than %d bytes", LINE_MAX_BYTES);
		} else {
			memcpy(line, at, length);
			line[length] = '\0';
			found = parse_line(line, &value, &weight, wrong, sizeof(wrong));
		}
		if (found < 0) {
			snprintf(error, error_size, "%s:%zu: %s", name, number, wrong);
			return -1;
		}
		if (found > 0 && values_append(values, value, weight)) {
			snprintf(error, error_size, "%s: out of memory", name);
			return -1;
		}
		at = stop + 1;
	}
	if (values->count)
		return 0;
	snprintf(error, error_size, "%s: holds no values; a line is VALUE or VALUE WEIGHT", name);
	return -1;
}

int dist_file_parse(struct dist *dist, const char *name, const char *content, size_t size, char *error,
		    size_t error_size)
{
	struct values values = {0};
	char wrong[160];
	int status = parse_lines(&values, name, content, size, error, error_size);

	if (!status) {
		status = dist_from_values(dist, values.value, values.weight, values.count, wrong, sizeof(wrong));
		if (status)
			snprintf(error, error_size, "%s: %s", name, wrong);
	}
	free(values.value);
	free(values.weight);
	return status;
}

/* The file's content, to be freed; NULL with @error. */
static char *read_file(const char *path, size_t *size, char *error, size_t error_size)
{
	FILE *file = fopen(path, "rb");
	size_t capacity = 0, length = 0;
	char *content = NULL;

	if (!file) {
		snprintf(error, error_size, "cannot read '%s': %s", path, strerror(errno));
		return NULL;
	}
	do {
		char *grown;

		capacity = capacity ? 4 * capacity : 65536;
		grown = realloc(content, capacity);
		if (!grown) {
			snprintf(error, error_size, "cannot read '%s': out of memory", path);
			goto fail;
		}
		content = grown;
		length += fread(content + length, 1, capacity - length, file);
		if (ferror(file)) {
			snprintf(error, error_size, "cannot read '%s': %s", path, strerror(errno));
			goto fail;
		}
		if (length > DIST_FILE_BYTES_MAX) {
			snprintf(error, error_size, "'%s' is larger than %zu MiB", path, DIST_FILE_BYTES_MAX >> 20);
			goto fail;
		}
	} while (length == capacity);
	fclose(file);
	*size = length;
	return content;
fail:
	free(content);
	fclose(file);
	return NULL;
}

/* FNV-1a (Fowler, Noll and Vo): tells a changed file from an unchanged one, nothing more. */
static uint64_t content_hash(const char *content, size_t size)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (unsigned char)content[i]) * UINT64_C(0x100000001b3);
	return hash;
}

int dist_read(struct dist *dist, const char *text, uint64_t *file_hash, char *error, size_t error_size)
{
	const char *path = text + sizeof(empirical_prefix) - 1;
	char *content;
	size_t size;
	int status;

	if (file_hash)
		*file_hash = 0;
	if (strncmp(text, empirical_prefix, sizeof(empirical_prefix) - 1) != 0)
		return dist_parse(dist, text, error, error_size);
	if (!*path) {
		snprintf(error, error_size, "'%s' names no file; allowed: empirical:FILE", text);
		return -1;
	}
	content = read_file(path, &size, error, error_size);
	if (!content)
		return -1;
	status = dist_file_parse(dist, path, content, size, error, error_size);
	if (!status && file_hash)
		*file_hash = content_hash(content, size);
	free(content);
	return status;
}

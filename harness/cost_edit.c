#include "harness/cost_edit.h"
#include "harness/cost_file.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where the number of "KEY = NUMBER" starts, at the start of a line; NULL if nowhere. */
static const char *find_value(const char *text, const char *key)
{
	size_t length = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		const char *at;

		line += *line == '\n';
		at = line + strspn(line, " \t");
		if (strncmp(at, key, length) != 0)
			continue;
		at += length;
		at += strspn(at, " \t");
		if (*at == '=')
			return at + 1 + strspn(at + 1, " \t");
	}
	return NULL;
}

double cost_edit_get(const char *text, const char *key)
{
	const char *at = find_value(text, key);
	char *end = NULL;
	double value = at ? strtod(at, &end) : NAN;

	return end == at ? NAN : value;
}

char *cost_edit_set(const char *text, const char *key, double value)
{
	const char *at = find_value(text, key), *rest;
	char *out = NULL, number[32];
	int whole;

	if (!at)
		return NULL;
	rest = at + strcspn(at, "; \t\n");
	/* Four digits: more than any fit is worth. A real keeps its point. */
	snprintf(number, sizeof(number), "%.4g", value);
	whole = !strpbrk(number, ".e");
	return asprintf(&out, "%.*s%s%s%s", (int)(at - text), text, number, whole ? ".0" : "", rest) < 0 ? NULL : out;
}

char *cost_edit_provenance(const char *text, const char *lines)
{
	char *out = malloc(strlen(lines) + strlen(text) + 1), *end;

	if (!out)
		return NULL;
	end = stpcpy(out, lines);
	while (*text) {
		size_t length = strcspn(text, "\n");

		length += text[length] == '\n';
		if (strncmp(text, "#:", 2) != 0)
			end = mempcpy(end, text, length);
		text += length;
	}
	*end = '\0';
	return out;
}

char *cost_edit_read(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = file ? calloc(1, COST_FILE_BYTES_MAX + 1) : NULL;

	if (text && fread(text, 1, COST_FILE_BYTES_MAX, file) == COST_FILE_BYTES_MAX) {
		free(text);
		text = NULL;
		errno = EFBIG;
	}
	if (file)
		fclose(file);
	return text;
}

int cost_edit_write(const char *path, const char *text)
{
	char partial[4096];
	FILE *file;
	int failed;

	snprintf(partial, sizeof(partial), "%s.part-%ld", path, (long)getpid());
	file = fopen(partial, "we");
	if (!file)
		return -1;
	failed = fputs(text, file) < 0;
	failed |= fclose(file) != 0;
	if (!failed && !rename(partial, path))
		return 0;
	unlink(partial);
	return -1;
}

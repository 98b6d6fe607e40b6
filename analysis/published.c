#include "analysis/published.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PUBLISHED_BYTES_MAX (1 << 20)
#define COLUMNS             11

static const char header[] = "id,section,figure,system,workload,metric,relation,value,unit,use,note";

/* The whole file, ending with a zero; NULL with *status and @error. */
static char *read_whole(const char *path, int *status, char *error, size_t error_size)
{
	char *text = malloc(PUBLISHED_BYTES_MAX);
	FILE *file = text ? fopen(path, "re") : NULL;
	size_t size = file ? fread(text, 1, PUBLISHED_BYTES_MAX, file) : 0;

	*status = 2;
	if (!text) {
		*status = 1;
		snprintf(error, error_size, "%s: memory is short", path);
	} else if (!file || ferror(file)) {
		snprintf(error, error_size, "%s: %s", path, strerror(errno));
	} else if (size == PUBLISHED_BYTES_MAX) {
		snprintf(error, error_size, "%s: too long: at most 1 MiB is read", path);
	} else {
		text[size] = '\0';
		*status = 0;
	}
	if (file)
		fclose(file);
	if (!*status)
		return text;
	free(text);
	return NULL;
}

/* Cuts @line at its commas. -1 unless it has COLUMNS fields. */
static int split(char *line, const char *field[COLUMNS])
{
	for (size_t i = 0; i < COLUMNS; i++) {
		field[i] = strsep(&line, ",");
		if (!field[i])
			return -1;
	}
	return line ? -1 : 0;
}

static int read_row(struct published_row *row, char *line, char *text, size_t size)
{
	const char *field[COLUMNS];
	char *end;

	if (split(line, field)) {
		snprintf(text, size, "must have %d fields: %s", COLUMNS, header);
		return 2;
	}
	*row = (struct published_row){field[0], field[1], field[2], field[3], field[4],  field[5],
				      field[6], 0,        field[8], field[9], field[10], 0};
	row->value = strtod(field[7], &end);
	if (end == field[7] || *end || !isfinite(row->value)) {
		snprintf(text, size, "key 'value': '%.60s': must be a number", field[7]);
		return 2;
	}
	if (strcmp(row->relation, "eq") != 0 && strcmp(row->relation, "le") != 0 && strcmp(row->relation, "ge") != 0) {
		snprintf(text, size, "key 'relation': '%.60s': must be eq, le or ge", row->relation);
		return 2;
	}
	if (strcmp(row->use, "calibrate") != 0 && strcmp(row->use, "predict") != 0) {
		snprintf(text, size, "key 'use': '%.60s': must be calibrate or predict", row->use);
		return 2;
	}
	if (!*row->id) {
		snprintf(text, size, "key 'id': must not be empty");
		return 2;
	}
	return 0;
}

static int read_rows(struct published *published, const char *path, char *error, size_t error_size)
{
	char *rest = published->text, *line, text[256];
	size_t lines = 1;
	int seen_header = 0;

	for (const char *c = published->text; *c; c++)
		lines += *c == '\n';
	published->row = calloc(lines, sizeof(*published->row));
	if (!published->row) {
		snprintf(error, error_size, "%s: memory is short", path);
		return 1;
	}
	for (unsigned number = 1; (line = strsep(&rest, "\n")); number++) {
		line[strcspn(line, "\r")] = '\0';
		if (!*line || *line == '#')
			continue;
		if (!seen_header++) {
			if (!strcmp(line, header))
				continue;
			snprintf(error, error_size, "%s:%u: the first line must be '%s'", path, number, header);
			return 2;
		}
		if (read_row(&published->row[published->count], line, text, sizeof(text))) {
			snprintf(error, error_size, "%s:%u: %s", path, number, text);
			return 2;
		}
		if (published_get(published, published->row[published->count].id)) {
			snprintf(error, error_size, "%s:%u: key 'id': '%.80s' is there already", path, number,
				 published->row[published->count].id);
			return 2;
		}
		published->row[published->count].line = number;
		published->count++;
	}
	return 0;
}

int published_read(struct published *published, const char *path, char *error, size_t error_size)
{
	int status;

	*published = (struct published){0};
	published->text = read_whole(path, &status, error, error_size);
	return status ? status : read_rows(published, path, error, error_size);
}

void published_clear(struct published *published)
{
	free(published->row);
	free(published->text);
	*published = (struct published){0};
}

const struct published_row *published_get(const struct published *published, const char *id)
{
	for (size_t i = 0; i < published->count; i++)
		if (!strcmp(published->row[i].id, id))
			return &published->row[i];
	return NULL;
}

#include "tests/packet/corpus.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (1u << 20)

int corpus_list(struct corpus *corpus, const char *folder)
{
	char pattern[512];
	glob_t found;

	*corpus = (struct corpus){0};
	snprintf(pattern, sizeof(pattern), "%s/*.pkt", folder);
	if (glob(pattern, 0, NULL, &found))
		return -1;
	corpus->file = calloc(found.gl_pathc, sizeof(*corpus->file));
	for (size_t i = 0; corpus->file && i < found.gl_pathc; i++)
		corpus->file[corpus->files++] = strdup(found.gl_pathv[i]);
	globfree(&found);
	return corpus->files ? 0 : -1;
}

void corpus_free(struct corpus *corpus)
{
	for (unsigned i = 0; i < corpus->files; i++)
		free(corpus->file[i]);
	free(corpus->file);
}

int corpus_read(struct script *script, const char *file, char *error, size_t error_size)
{
	FILE *f = fopen(file, "rb");
	char *text = malloc(FILE_MAX);
	size_t n;
	int status;

	memset(script, 0, sizeof(*script));
	if (!f || !text) {
		snprintf(error, error_size, "%s: %s", file, strerror(errno));
		free(text);
		if (f)
			fclose(f);
		return -1;
	}
	n = fread(text, 1, FILE_MAX, f);
	fclose(f);
	status = script_read(script, text, n, file, error, error_size);
	free(text);
	return status;
}

/* All figures: the experiment files of the search path. */
#include "harness/figure_file.h"
#include "harness/workload_path.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

/* Version order, so that 3.10 comes after 3.9. */
static int by_id(const void *a, const void *b)
{
	const struct figure_file *p = a, *q = b;

	return strverscmp(p->figure.id, q->figure.id);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool seen(const glob_t *found, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(base_name(found->gl_pathv[i]), base_name(found->gl_pathv[count])))
			return true;
	return false;
}

/* The paths of all experiment files, folder by folder. 0 or 1. */
static int find_paths(glob_t *found)
{
	char *folders = strdup(workload_folders()), *rest = NULL;
	int status = folders ? 0 : 1;

	for (char *folder = folders ? strtok_r(folders, ":", &rest) : NULL; !status && folder;
	     folder = strtok_r(NULL, ":", &rest)) {
		char pattern[4096];
		int flags = found->gl_pathc ? GLOB_APPEND : 0;

		snprintf(pattern, sizeof(pattern), "%s/*.cfg", folder);
		if (glob(pattern, flags, NULL, found) == GLOB_NOSPACE)
			status = 1;
	}
	free(folders);
	return status;
}

static int read_all(struct figure_files *files, const glob_t *found, char *error, size_t error_size)
{
	files->file = calloc(found->gl_pathc + 1, sizeof(*files->file));
	if (!files->file) {
		snprintf(error, error_size, "memory is short");
		return 1;
	}
	for (size_t i = 0; i < found->gl_pathc; i++) {
		struct figure_file *file = &files->file[files->count];
		int status;

		if (seen(found, i))
			continue;
		status = figure_file_read(file, found->gl_pathv[i], error, error_size);
		if (status || !file->has_figure)
			figure_file_clear(file);
		else
			files->count++;
		if (status)
			return status;
	}
	return 0;
}

int figure_files_find(struct figure_files *files, char *error, size_t error_size)
{
	glob_t found = {0};
	int status;

	*files = (struct figure_files){0};
	status = find_paths(&found);
	if (status)
		snprintf(error, error_size, "memory is short");
	else
		status = read_all(files, &found, error, error_size);
	globfree(&found);
	if (status)
		return status;
	qsort(files->file, files->count, sizeof(*files->file), by_id);
	for (size_t i = 1; i < files->count; i++)
		if (!strcmp(files->file[i - 1].figure.id, files->file[i].figure.id)) {
			snprintf(error, error_size, "%s: key 'id': '%s' is also the figure of %s", files->file[i].path,
				 files->file[i].figure.id, files->file[i - 1].path);
			return 2;
		}
	return 0;
}

void figure_files_clear(struct figure_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		figure_file_clear(&files->file[i]);
	free(files->file);
	*files = (struct figure_files){0};
}

const struct figure *figure_files_get(const struct figure_files *files, const char *id)
{
	for (size_t i = 0; i < files->count; i++)
		if (!strcmp(files->file[i].figure.id, id))
			return &files->file[i].figure;
	return NULL;
}

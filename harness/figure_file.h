/*
 * The figure that an experiment file describes, in its group `figure` (docs/manual.md), and where experiment files are
 * looked for: in the folders of IXLAB_WORKLOADS (separated by colons) where that is set, otherwise in ./workloads and
 * then in the installed share/ixlab/workloads.
 */
#ifndef IXLAB_HARNESS_FIGURE_FILE_H
#define IXLAB_HARNESS_FIGURE_FILE_H

#include "analysis/figure.h"
#include <libconfig.h>

struct figure_file {
	struct figure figure; /* its strings live in the members below */
	bool has_figure;      /* a file need not describe one */
	config_t *config;
	char *path;
	json_t *values; /* array that owns the JSON values */
};

/*
 * Reads and checks the experiment file @path, its figure included. Returns 0, 1 when memory is short, or 2 with @error
 * naming file, line, key and what is allowed. Clear @file in any case.
 */
int figure_file_read(struct figure_file *file, const char *path, char *error, size_t error_size);
void figure_file_clear(struct figure_file *file);

struct figure_files {
	struct figure_file *file; /* only files with a figure, by rising identifier */
	size_t count;
};

/*
 * Reads all experiment files of the search path; of several with one name the first found counts. Returns as
 * figure_file_read() does: one wrong file is an error, as are two figures with one identifier.
 */
int figure_files_find(struct figure_files *files, char *error, size_t error_size);
void figure_files_clear(struct figure_files *files);

/* The figure with identifier @id, or NULL. */
const struct figure *figure_files_get(const struct figure_files *files, const char *id);

#endif

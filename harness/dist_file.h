/*
 * Distributions as a user writes them, with those read from a file: `empirical:FILE`. The file is text, one `VALUE
 * WEIGHT` or `VALUE` (weight 1) per line in decimal notation; `#` starts a comment, blank lines count for nothing.
 */
#ifndef IXLAB_HARNESS_DIST_FILE_H
#define IXLAB_HARNESS_DIST_FILE_H

#include "models/dist.h"

#define DIST_FILE_BYTES_MAX ((size_t)64 << 20)

/*
 * Reads DIST, "empirical:FILE" included. *file_hash (which may be NULL) becomes a hash of the file's content, or 0
 * where no file is read. Returns 0, or -1 with @error: "FILE:LINE: ..." where a line is at fault. Destroy with
 * dist_destroy().
 */
int dist_read(struct dist *dist, const char *text, uint64_t *file_hash, char *error, size_t error_size);

/* The same for a file's content in memory; @name is what @error calls it. */
int dist_file_parse(struct dist *dist, const char *name, const char *content, size_t size, char *error,
		    size_t error_size);

#endif

/* Script files: reading one, and listing a folder. */
#ifndef IX_TESTS_PACKET_CORPUS_H
#define IX_TESTS_PACKET_CORPUS_H

#include "tests/packet/script.h"

struct corpus {
	char **file; /* in the order of their names */
	unsigned files;
};

/* All *.pkt of @folder. -1 if there are none. */
int corpus_list(struct corpus *corpus, const char *folder);
void corpus_free(struct corpus *corpus);

/* As script_read(); the script is to be cleared in any case. */
int corpus_read(struct script *script, const char *file, char *error, size_t error_size);

#endif

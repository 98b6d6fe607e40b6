/*
 * packet_script [--trace] [FILE...]: runs packet scripts, without names all of tests/packet. One line for each, then
 * "N passed, N failed". Exit code 0 if all passed, 1 if one failed, 2 if one cannot be read.
 */
#include "tests/packet/corpus.h"
#include "tests/packet/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_indented(const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		printf("    %.*s\n", (int)n, text);
		text += n + (text[n] == '\n');
	}
}

/* 0, 1 or 2 as the exit code. */
static int run_file(unsigned number, const char *file, bool trace)
{
	struct script script;
	struct run_result result;
	char error[512];

	if (corpus_read(&script, file, error, sizeof(error))) {
		printf("not ok %u - %s\n", number, file);
		fprintf(stderr, "%s\n", error);
		script_clear(&script);
		return 2;
	}
	run_script(&script, &device_under_test, &result);
	printf("%s %u - %s\n", result.passed ? "ok" : "not ok", number, file);
	if (!result.passed)
		print_indented(result.message);
	if (trace || !result.passed) {
		printf("    trace:\n");
		print_indented(result.trace ? result.trace : "");
	}
	free(result.trace);
	script_clear(&script);
	return result.passed ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct corpus corpus = {0};
	unsigned count[3] = {0}, files;
	bool trace = argc > 1 && strcmp(argv[1], "--trace") == 0;
	char **file = argv + 1 + trace;

	files = (unsigned)(argc - 1 - trace);
	if (!files) {
		if (corpus_list(&corpus, "tests/packet")) {
			fprintf(stderr, "tests/packet: no scripts\n");
			return 2;
		}
		file = corpus.file;
		files = corpus.files;
	}
	for (unsigned i = 0; i < files; i++)
		count[run_file(i + 1, file[i], trace)]++;
	printf("%u passed, %u failed\n", count[0], count[1] + count[2]);
	corpus_free(&corpus);
	return count[2] ? 2 : count[1] ? 1 : 0;
}

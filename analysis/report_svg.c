/* A figure as an element of a page. */
#include "analysis/report.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "re");
	struct stat info;
	char *text = NULL;

	if (!file)
		return NULL;
	if (!fstat(fileno(file), &info) && (text = malloc((size_t)info.st_size + 1)))
		text[fread(text, 1, (size_t)info.st_size, file)] = '\0';
	fclose(file);
	return text;
}

/* gnuplot names its markers alike in every drawing: in a page with several, each needs names of its own. */
static void write_unique(FILE *out, const char *text, const char *id)
{
	static const char *const before_name[] = {" id=\"", " id='", "href='#", "href=\"#", "url(#"};

	while (*text) {
		size_t length = 0;

		for (size_t i = 0; !length && i < sizeof(before_name) / sizeof(before_name[0]); i++)
			if (!strncmp(text, before_name[i], strlen(before_name[i])))
				length = strlen(before_name[i]);
		if (length) {
			fwrite(text, 1, length, out);
			fprintf(out, "f");
			report_anchor(out, id);
			fprintf(out, "-");
			text += length;
		} else {
			fputc(*text++, out);
		}
	}
}

/* From the <svg> tag on, with the figure's title in place of "Gnuplot". */
static char *embed(const char *svg, const struct figure *figure)
{
	static const char title[] = "<title>Gnuplot</title>";
	const char *start = strstr(svg, "<svg"), *named = strstr(svg, title);
	char *text = NULL;
	size_t size;
	FILE *out = start && named && start < named ? open_memstream(&text, &size) : NULL;
	int failed;

	if (!out)
		return NULL;
	fprintf(out, "<svg role=\"img\"%.*s<title>", (int)(named - start - 4), start + 4);
	report_text(out, figure->title);
	fprintf(out, "</title>");
	write_unique(out, named + strlen(title), figure->id);
	failed = ferror(out);
	if (fclose(out) || failed) {
		free(text);
		return NULL;
	}
	return text;
}

char *report_svg(const struct figure *figure, const struct figure_data *data, char *error, size_t error_size)
{
	const char *temporary = getenv("TMPDIR");
	char folder[512], path[600], *svg, *text = NULL;

	snprintf(folder, sizeof(folder), "%s/ixlab-XXXXXX", temporary && *temporary ? temporary : "/tmp");
	if (!mkdtemp(folder)) {
		snprintf(error, error_size, "%s: %s", folder, strerror(errno));
		return NULL;
	}
	snprintf(path, sizeof(path), "%s/figure.svg", folder);
	if (!figure_draw(figure, data, FIGURE_SVG, path, error, error_size)) {
		svg = read_file(path);
		text = svg ? embed(svg, figure) : NULL;
		free(svg);
		if (!text)
			snprintf(error, error_size, "cannot read what gnuplot drew for figure %s", figure->id);
	}
	unlink(path);
	rmdir(folder);
	return text;
}

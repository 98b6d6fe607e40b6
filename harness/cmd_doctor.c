/* ixlab doctor: what works on this machine, and how to get the rest. */
#include "harness/command.h"
#include "harness/doctor.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const status_name[] = {"ok", "limited", "missing"};

enum { KEY_JSON = 1 };

static const struct argp_option options[] = {
    {"json", KEY_JSON, NULL, 0, "Print one JSON object on one line", 0},
    {0},
};

static error_t parse(int key, char *value, struct argp_state *state)
{
	if (key != KEY_JSON)
		return ARGP_ERR_UNKNOWN;
	*(bool *)state->input = true;
	return 0;
}

static const struct argp argp = {
    .options = options,
    .parser = parse,
    .doc =
	"Say what works on this machine, what it is for, and how to get the rest. The exit code is 1 if something is "
	"missing that 'make demo' or 'make check' needs.",
};

/* Does one list of checks, printing (or, with @array, collecting) each. Returns whether all that is required is there.
 */
static bool examine(const char *title, const struct doctor_check *checks, json_t *array)
{
	bool complete = true;

	if (!array)
		printf("%s\n", title);
	for (const struct doctor_check *check = checks; check->name; check++) {
		char detail[DOCTOR_DETAIL_BYTES] = "";
		enum doctor_status status = check->look(check, detail);

		complete &= !(check->required && status == DOCTOR_MISSING);
		if (array) {
			json_array_append_new(array,
					      json_pack("{ss ss ss ss ss sb}", "name", check->name, "status",
							status_name[status], "found", detail, "purpose", check->purpose,
							"get", check->get, "required", check->required));
			continue;
		}
		printf("  %-8s %-19s %-36s %s\n", status_name[status], check->name, check->purpose,
		       *detail ? detail : "not found");
		if (status != DOCTOR_OK)
			printf("           get it: %s\n", check->get);
	}
	return complete;
}

int cmd_doctor(int argc, char **argv)
{
	bool as_json = false, complete;
	json_t *array = NULL, *out;
	char *text;

	command_parse(&argp, argc, argv, &as_json);
	if (as_json)
		array = json_array();
	complete = examine("Programs and libraries", doctor_software, array);
	complete &= examine("This machine", doctor_machine, array);
	if (!as_json) {
		printf("%s\n", complete ? "'make demo' and 'make check' have all they need."
					: "'make demo' or 'make check' lack something: install what is missing above.");
		return complete ? EXIT_DONE : EXIT_RUN_FAILED;
	}
	out = json_pack("{sb so}", "complete", complete, "checks", array);
	text = json_dumps(out, 0);
	if (text)
		puts(text);
	free(text);
	json_decref(out);
	return complete && text ? EXIT_DONE : EXIT_RUN_FAILED;
}

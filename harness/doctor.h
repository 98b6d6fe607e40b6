/* What `ixlab doctor` looks at: each check says whether one thing works on this machine. */
#ifndef IXLAB_HARNESS_DOCTOR_H
#define IXLAB_HARNESS_DOCTOR_H

#include <stdbool.h>

enum doctor_status { DOCTOR_OK, DOCTOR_LIMITED, DOCTOR_MISSING };

#define DOCTOR_DETAIL_BYTES 96

struct doctor_check {
	const char *name;
	const char *purpose; /* what it is for */
	const char *get;     /* the command that gets it, or what has to be different */
	bool required;       /* by `make demo` or `make check` */
	/* Sets @detail, of DOCTOR_DETAIL_BYTES, to a version or to what was found. */
	enum doctor_status (*look)(const struct doctor_check *check, char *detail);
	const char *argument; /* for look */
};

/* Software, and the machine itself; each list ends with a check without name. */
extern const struct doctor_check doctor_software[], doctor_machine[];

#endif

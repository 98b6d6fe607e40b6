#ifndef IXDP_MAIN_H
#define IXDP_MAIN_H

#include "impl/apps/app.h"

/* The program ixdp with applications beyond those of impl/apps; @more ends with NULL. Returns the exit code. */
int ixdp_main(int argc, char **argv, const struct ix_app *const *more);

#endif

#ifndef TEST_APPS_UPPER_H
#define TEST_APPS_UPPER_H

#include "impl/apps/app.h"

extern const struct ix_app app_upper;

#endif

/* cmocka.h with what it wants included before it, and comparisons of doubles that print both sides. */
#ifndef IXLAB_TESTS_CMOCKA_ALL_H
#define IXLAB_TESTS_CMOCKA_ALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

/* |actual - expected| <= tolerance, which fails for NaN. */
#define assert_near(actual, expected, tolerance)                                                                       \
	do {                                                                                                           \
		double actual_ = (actual), expected_ = (expected), tolerance_ = (tolerance);                           \
		if (!(fabs(actual_ - expected_) <= tolerance_))                                                        \
			fail_msg("%s is %.12g, expected %.12g within %g", #actual, actual_, expected_, tolerance_);    \
	} while (0)

#define assert_near_relative(actual, expected, relative)                                                               \
	assert_near(actual, expected, fabs((double)(expected)) * (relative))

#endif

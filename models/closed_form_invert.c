#include "models/closed_form_invert.h"
#include <math.h>

double closed_form_invert(double (*tail)(double t, void *context), void *context, double q, double guess)
{
	double low = 0, high = guess, value = tail(high, context);

	if (tail(0, context) <= q)
		return 0;
	while (value > q && isfinite(high)) {
		low = high;
		high *= 2;
		value = tail(high, context);
	}
	/* Bisection to the last bit; a comparison with NAN is false and ends it. */
	for (double middle = (low + high) / 2; value <= q && low < middle && middle < high; middle = (low + high) / 2) {
		double there = tail(middle, context);

		if (isnan(there))
			value = there;
		else if (there > q)
			low = middle;
		else
			high = middle;
	}
	return value <= q ? high : NAN;
}

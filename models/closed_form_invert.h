/* Inversion of distribution functions: internal to models. */
#ifndef IXLAB_MODELS_CLOSED_FORM_INVERT_H
#define IXLAB_MODELS_CLOSED_FORM_INVERT_H

/*
 * The t >= 0 where @tail, falling from at most 1 towards 0, passes @q in (0,1): 0 if it begins below. @guess > 0 is a
 * time of the right order. NAN if the tail is NAN or does not pass @q.
 */
double closed_form_invert(double (*tail)(double t, void *context), void *context, double q, double guess);

#endif

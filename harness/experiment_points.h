/* The points of an experiment: the cross products of its parameters, sweep and cases, each checked by the kind. */
#ifndef IXLAB_HARNESS_EXPERIMENT_POINTS_H
#define IXLAB_HARNESS_EXPERIMENT_POINTS_H

#include "harness/experiment.h"

/* The kind of point called by the text @setting. 0, or 2 with the error. */
int experiment_kind(const struct experiment_source *source, const config_setting_t *setting,
		    const struct point_kind **kind);

/* Fills in @e's points; its kind is known. Returns 0, 1 (memory is short) or 2 with @source's error. */
int experiment_points_read(struct experiment *e, const struct experiment_source *source, const config_t *config);

#endif

/* When a run is long enough: the p99 interval is as narrow as asked for. */
#ifndef IXLAB_HARNESS_STOPPING_H
#define IXLAB_HARNESS_STOPPING_H

#include "analysis/estimate.h"

struct stopping {
	double ci;           /* relative half-width to reach; 0: all requests are wanted */
	double share_done;   /* of the run, as far as can be told */
	uint64_t next_check; /* requests simulated; UINT64_MAX if all are wanted */
	bool reached;
};

void stopping_start(struct stopping *stopping, double ci, uint64_t warmup);

/* To be called once next_check requests are simulated: is it enough, and if not, when to look again? */
void stopping_check(struct stopping *stopping, const struct estimator *estimator);

#endif

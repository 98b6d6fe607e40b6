#include "tests/unit/models/naive_queue.h"
#include <math.h>
#include <stdlib.h>

struct present {
	size_t id;
	double left; /* work */
};

/* The share of a server that the job at @place of @jobs, in order of arrival, gets. */
static double share(size_t place, size_t jobs, unsigned servers, bool sharing)
{
	if (sharing)
		return jobs > servers ? (double)servers / (double)jobs : 1;
	return place < servers;
}

/* The place of the job that would finish first if nobody came, and when after now. */
static size_t first_to_finish(const struct present *present, size_t jobs, unsigned servers, bool sharing, double *after)
{
	size_t first = 0;

	*after = INFINITY;
	for (size_t i = 0; i < jobs; i++) {
		double rate = share(i, jobs, servers, sharing);

		if (rate > 0 && present[i].left / rate < *after) {
			*after = present[i].left / rate;
			first = i;
		}
	}
	return first;
}

double naive_queue_run(struct naive_job *job, size_t n, unsigned servers, bool sharing)
{
	struct present *present = calloc(n, sizeof(*present));
	size_t next = 0, jobs = 0;
	double now = 0, integral = 0;

	if (!present)
		abort();
	while (next < n || jobs > 0) {
		double after, arrival = next < n ? job[next].arrival : INFINITY;
		size_t first = first_to_finish(present, jobs, servers, sharing, &after);
		bool departs = now + after <= arrival;
		double elapsed = departs ? after : arrival - now;

		integral += elapsed * (double)jobs;
		for (size_t i = 0; i < jobs; i++)
			present[i].left -= elapsed * share(i, jobs, servers, sharing);
		now = departs ? now + after : arrival;
		if (departs) {
			job[present[first].id].departure = now;
			for (size_t i = first; i + 1 < jobs; i++)
				present[i] = present[i + 1];
			jobs--;
		} else {
			present[jobs++] = (struct present){next, job[next].work};
			next++;
		}
	}
	free(present);
	return integral;
}

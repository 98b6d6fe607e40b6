/*
 * What a thread measures of itself for the control plane (thesis 2.4.6): every interval of 10 ms, exponential moving
 * averages over intervals with alpha 0.5, 0.25 and 0.125 of queue size and idle fraction, and with 0.5 of queuing
 * delay, batch size and loop time. Written by its thread only; readable by any at any time (each word is atomic,
 * relaxed).
 */
#ifndef IX_METRICS_H
#define IX_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

#define IX_METRICS_INTERVAL_NS 10000000ull

enum { IX_EMA_FAST, IX_EMA_MIDDLE, IX_EMA_SLOW, IX_EMA_COUNT };
extern const double ix_ema_alpha[IX_EMA_COUNT];

struct ix_metrics {
	_Atomic double queue_packets[IX_EMA_COUNT]; /* backlog after polling, mean over cycles */
	_Atomic double idle_fraction[IX_EMA_COUNT];
	_Atomic double queuing_delay_ns; /* arrival at the NIC to protocol processing */
	_Atomic double batch_packets;
	_Atomic double cycle_ns;
	_Atomic uint64_t intervals; /* completed */

	/* of the current interval; private to the thread */
	uint64_t start_ns, last_cycle_ns, cycles, idle_ns, queue_sum;
	uint64_t busy_cycles, batch_sum, delay_sum_ns, delayed, cycle_sum_ns; /* of cycles with packets */
};

/* Estimate of the tail delay from queue depth Q, batch bound B and cycle time tau: ceil(Q / B) * tau (thesis 2.4.6). */
double ix_tail_delay_ns(double queue_packets, unsigned batch_bound, double cycle_ns);

void ix_metrics_start(struct ix_metrics *m, uint64_t now_ns);
/*
 * At the end of a cycle (the core calls it): @idle_ns of it were spent waiting, @queue packets stood in the software
 * queue after polling, @batch of them were processed, having waited @delay_sum_ns in all. Closes the intervals that
 * have passed; if several, each counts as their average. Delay, batch and cycle time average over packets and over
 * cycles with packets; an interval without any counts as 0.
 */
void ix_metrics_cycle(struct ix_metrics *m, uint64_t now_ns, uint64_t idle_ns, uint32_t queue, uint32_t batch,
		      uint64_t delay_sum_ns);

#endif

#include "impl/core/metrics.h"

const double ix_ema_alpha[IX_EMA_COUNT] = {0.5, 0.25, 0.125};
#define DELAY_ALPHA 0.5

/* After so many equal intervals an average is the value itself, to the last bit but a few. */
#define INTERVALS_MAX 512

double ix_tail_delay_ns(double queue_packets, unsigned batch_bound, double cycle_ns)
{
	double cycles = queue_packets / batch_bound, whole = (double)(uint64_t)cycles;

	return (whole < cycles ? whole + 1 : whole) * cycle_ns;
}

void ix_metrics_start(struct ix_metrics *m, uint64_t now_ns)
{
	*m = (struct ix_metrics){.start_ns = now_ns, .last_cycle_ns = now_ns};
}

static void average(_Atomic double *ema, double alpha, double value)
{
	double old = atomic_load_explicit(ema, memory_order_relaxed);

	atomic_store_explicit(ema, old + alpha * (value - old), memory_order_relaxed);
}

static double ratio(uint64_t sum, uint64_t count)
{
	return count ? (double)sum / (double)count : 0;
}

/* One interval like the average of those since the last one closed. */
static void close_interval(struct ix_metrics *m, double idle_fraction)
{
	int i;

	for (i = 0; i < IX_EMA_COUNT; i++) {
		average(&m->queue_packets[i], ix_ema_alpha[i], ratio(m->queue_sum, m->cycles));
		average(&m->idle_fraction[i], ix_ema_alpha[i], idle_fraction);
	}
	average(&m->queuing_delay_ns, DELAY_ALPHA, ratio(m->delay_sum_ns, m->delayed));
	average(&m->batch_packets, DELAY_ALPHA, ratio(m->batch_sum, m->busy_cycles));
	average(&m->cycle_ns, DELAY_ALPHA, ratio(m->cycle_sum_ns, m->busy_cycles));
}

void ix_metrics_cycle(struct ix_metrics *m, uint64_t now_ns, uint64_t idle_ns, uint32_t queue, uint32_t batch,
		      uint64_t delay_sum_ns)
{
	uint64_t cycle_ns = now_ns - m->last_cycle_ns, elapsed_ns, intervals, i;
	double idle_fraction;

	m->last_cycle_ns = now_ns;
	m->cycles++;
	m->queue_sum += queue;
	m->idle_ns += idle_ns;
	if (batch) {
		m->busy_cycles++;
		m->batch_sum += batch;
		m->delay_sum_ns += delay_sum_ns;
		m->delayed += batch;
		m->cycle_sum_ns += cycle_ns > idle_ns ? cycle_ns - idle_ns : 0;
	}
	elapsed_ns = now_ns - m->start_ns;
	if (elapsed_ns < IX_METRICS_INTERVAL_NS)
		return;
	intervals = elapsed_ns / IX_METRICS_INTERVAL_NS;
	idle_fraction = m->idle_ns < elapsed_ns ? (double)m->idle_ns / (double)elapsed_ns : 1;
	for (i = 0; i < intervals && i < INTERVALS_MAX; i++)
		close_interval(m, idle_fraction);
	atomic_fetch_add_explicit(&m->intervals, intervals, memory_order_relaxed);
	m->start_ns = now_ns;
	m->cycles = m->busy_cycles = m->queue_sum = m->batch_sum = m->delay_sum_ns = m->delayed = 0;
	m->idle_ns = m->cycle_sum_ns = 0;
}

/*
 * Every timer of a connection, in nanoseconds, behind one timer of the core's wheel: the earliest deadline is armed,
 * and one that has moved back is only noticed when the old one fires, so that ordinary traffic touches the wheel
 * seldom. Retransmission follows RFC 6298 with our own round-trip samples (lwIP's clock is too coarse and its samples
 * include retransmissions, against Karn).
 */
#include "impl/tcp/internal.h"

#define CLOCK_GRANULARITY_NS (1ull << IX_WHEEL_TICK_SHIFT)

static uint64_t clamp(uint64_t x, uint64_t low, uint64_t high)
{
	return x < low ? low : x > high ? high : x;
}

void tcp_timers_start(struct tcp_thread *t, struct tcp_connection *c)
{
	c->timer.fire = tcp_timer_fire;
	c->rto_ns = t->host->options.rto_initial_ns;
	c->heard_ns = t->thread->now_ns;
	c->seen_nxt = c->pcb->snd_nxt;
	c->seen_ack = c->pcb->lastack;
	c->seen_state = CLOSED;
}

/* RFC 6298 section 2. */
static void sample(const struct ix_tcp_options *o, struct tcp_connection *c, uint64_t rtt_ns)
{
	uint64_t variance;

	if (!c->srtt_ns) {
		c->srtt_ns = rtt_ns ? rtt_ns : 1;
		c->rttvar_ns = rtt_ns / 2;
	} else {
		uint64_t error = rtt_ns > c->srtt_ns ? rtt_ns - c->srtt_ns : c->srtt_ns - rtt_ns;

		c->rttvar_ns = (3 * c->rttvar_ns + error) / 4;
		c->srtt_ns = (7 * c->srtt_ns + rtt_ns) / 8;
	}
	variance = 4 * c->rttvar_ns;
	c->rto_ns = clamp(c->srtt_ns + (variance > CLOCK_GRANULARITY_NS ? variance : CLOCK_GRANULARITY_NS),
			  o->rto_min_ns, o->rto_max_ns);
}

/* One segment is timed at a time; none of which a byte was sent twice (Karn's rule). */
static void update_samples(struct tcp_thread *t, struct tcp_connection *c)
{
	const struct tcp_pcb *pcb = c->pcb;
	uint64_t now = t->thread->now_ns;

	if (pcb->nrtx > c->seen_nrtx)
		c->rtt_start_ns = 0;
	if (c->rtt_start_ns && seq_before(c->rtt_seq, pcb->lastack)) {
		sample(&t->host->options, c, now - c->rtt_start_ns);
		c->rtt_start_ns = 0;
	}
	if (!c->rtt_start_ns && seq_before(c->seen_nxt, pcb->snd_nxt)) {
		c->rtt_start_ns = now ? now : 1;
		c->rtt_seq = c->seen_nxt;
	}
	c->seen_nxt = pcb->snd_nxt;
}

/* RFC 5681 section 3.1, equation 4; lwIP takes the congestion window instead of what is in flight. */
static void lower_threshold(struct tcp_pcb *pcb)
{
	tcpwnd_size_t flight = pcb->snd_nxt - pcb->lastack;

	pcb->ssthresh = LWIP_MAX(flight / 2, (tcpwnd_size_t)(2 * pcb->mss));
}

/* The handshake is complete, but its SYN had to be repeated. RFC 5681 section 3.1: data starts with one segment. RFC
 * 6298 section 5.7: and with a time-out of 3 s, which is three times the initial one. */
static void start_carefully(const struct ix_tcp_options *o, struct tcp_connection *c)
{
	c->pcb->cwnd = c->pcb->mss;
	c->rto_ns = clamp(3 * o->rto_initial_ns, o->rto_min_ns, o->rto_max_ns);
}

static void update_retransmission(struct tcp_thread *t, struct tcp_connection *c)
{
	struct tcp_pcb *pcb = c->pcb;
	bool progress = c->seen_ack != pcb->lastack, resent = pcb->nrtx > c->seen_nrtx;

	if (progress && c->retries) {
		if (c->seen_state == SYN_SENT || c->seen_state == SYN_RCVD)
			start_carefully(&t->host->options, c);
		c->retries = 0;
	}
	if (pcb->rtime < 0 || pcb->persist_backoff)
		c->rto_at_ns = 0;
	else if (!c->rto_at_ns || progress || resent)
		c->rto_at_ns = t->thread->now_ns + c->rto_ns;
	if (resent && pcb->flags & TF_INFR) {
		t->counters.retransmits_fast++;
		lower_threshold(pcb);
		pcb->cwnd = pcb->ssthresh + 3u * pcb->mss;
	}
	c->seen_ack = pcb->lastack;
	c->seen_nrtx = pcb->nrtx;
}

/* Probing is needed when something waits for the window and nothing in flight will bring news of it. */
static void update_persist(struct tcp_thread *t, struct tcp_connection *c)
{
	const struct tcp_pcb *pcb = c->pcb;
	bool wants = c->flags & CONN_WANTS && pcb->snd_lbb == pcb->lastack &&
		     (pcb->state == ESTABLISHED || pcb->state == CLOSE_WAIT);

	if (!pcb->persist_backoff && !wants) {
		c->persist_at_ns = 0;
		c->persist_shift = 0;
	} else if (!c->persist_at_ns) {
		c->persist_at_ns = t->thread->now_ns + c->rto_ns;
	}
}

static void update_state(struct tcp_thread *t, struct tcp_connection *c)
{
	const struct ix_tcp_options *o = &t->host->options;
	const struct tcp_pcb *pcb = c->pcb;
	uint64_t now = t->thread->now_ns;

	if (pcb->state == c->seen_state)
		return;
	c->seen_state = (uint8_t)pcb->state;
	if (pcb->state == TIME_WAIT)
		c->state_at_ns = now + o->time_wait_ns;
	else if (pcb->state == FIN_WAIT_2 && c->flags & CONN_CLOSED)
		c->state_at_ns = now + o->fin_wait_2_ns;
	else if (pcb->state == LAST_ACK || pcb->state == CLOSING)
		c->state_at_ns = now + o->last_ack_ns;
	else
		c->state_at_ns = 0;
}

static uint64_t keepalive_at(const struct ix_tcp_options *o, const struct tcp_connection *c)
{
	if (!o->keepalive_idle_ns || (c->pcb->state != ESTABLISHED && c->pcb->state != CLOSE_WAIT) || c->rto_at_ns ||
	    c->persist_at_ns)
		return 0;
	return c->heard_ns + o->keepalive_idle_ns + c->probes * o->keepalive_interval_ns;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return !a ? b : !b ? a : a < b ? a : b;
}

/* After a call into lwIP: which deadlines there are now. */
void tcp_timers_update(struct tcp_thread *t, struct tcp_connection *c)
{
	const struct ix_tcp_options *o = &t->host->options;
	const struct tcp_pcb *pcb = c->pcb;
	uint64_t next;

	update_samples(t, c);
	update_retransmission(t, c);
	update_persist(t, c);
	update_state(t, c);
	if (!(pcb->flags & (TF_ACK_DELAY | TF_ACK_NOW | TF_CLOSEPEND)))
		c->ack_at_ns = 0;
	else if (!c->ack_at_ns)
		c->ack_at_ns = t->thread->now_ns + o->delayed_ack_ns;

	next = earlier(earlier(c->rto_at_ns, c->ack_at_ns), earlier(c->persist_at_ns, c->state_at_ns));
	next = earlier(next, keepalive_at(o, c));
	if (next && (!ix_timer_armed(&c->timer) || c->timer.expires_ns > next))
		ix_wheel_arm(&t->thread->wheel, &c->timer, next, &c->group->group->timers);
}

/* RFC 6298 section 5.4 to 5.7, RFC 5681 section 3.1. */
static void retransmit(struct tcp_thread *t, struct tcp_connection *c)
{
	const struct ix_tcp_options *o = &t->host->options;
	struct tcp_pcb *pcb = c->pcb;
	unsigned limit = pcb->state == SYN_SENT || pcb->state == SYN_RCVD ? o->syn_retries : o->retries;
	bool first = !c->retries; /* a segment that is lost again lowers the threshold no further */

	if (c->retries >= limit) {
		t->counters.timed_out++;
		tcp_connection_abandon(c, IX_DEAD_TIMEOUT, 0);
		return;
	}
	c->retries++;
	c->rtt_start_ns = 0;
	c->rto_ns = clamp(2 * c->rto_ns, o->rto_min_ns, o->rto_max_ns);
	c->rto_at_ns = t->thread->now_ns + c->rto_ns;
	if (tcp_rexmit_rto_prepare(pcb) != ERR_OK && (pcb->unacked || !pcb->unsent))
		return;
	t->counters.retransmits_timeout++;
	if (first)
		lower_threshold(pcb);
	pcb->cwnd = pcb->mss;
	pcb->bytes_acked = 0;
	tcp_rexmit_rto_commit(pcb);
	c->seen_nrtx = pcb->nrtx;
}

static void acknowledge(struct tcp_thread *t, struct tcp_connection *c)
{
	struct tcp_pcb *pcb = c->pcb;

	if (pcb->flags & TF_CLOSEPEND) { /* there was no memory for the FIN */
		tcp_clear_flags(pcb, TF_CLOSEPEND);
		tcp_shutdown(pcb, 0, 1);
	}
	if (pcb->flags & (TF_ACK_DELAY | TF_ACK_NOW)) {
		t->counters.delayed_acks++;
		tcp_ack_now(pcb);
		tcp_clear_flags(pcb, TF_ACK_DELAY);
		tcp_output(pcb);
	}
	c->ack_at_ns = 0;
}

/* RFC 1122 section 4.2.2.17. Data that waits in lwIP is probed with its first byte. SENDV buffers nothing, so where
 * only the application waits a segment below the window asks for an acknowledgement. */
static void probe_window(struct tcp_thread *t, struct tcp_connection *c)
{
	const struct ix_tcp_options *o = &t->host->options;
	struct tcp_pcb *pcb = c->pcb;
	uint64_t interval;

	if (c->probes >= o->retries) {
		t->counters.timed_out++;
		tcp_connection_abandon(c, IX_DEAD_TIMEOUT, 0);
		return;
	}
	if (c->persist_shift < 32)
		c->persist_shift++;
	interval = c->persist_shift < 20 ? c->rto_ns << c->persist_shift : o->rto_max_ns;
	c->persist_at_ns = t->thread->now_ns + clamp(interval, o->rto_min_ns, o->rto_max_ns);
	if (pcb->persist_backoff && pcb->snd_wnd) {
		if (tcp_split_unsent_seg(pcb, (u16_t)LWIP_MIN(pcb->snd_wnd, 0xffff)) == ERR_OK)
			tcp_output(pcb);
		return;
	}
	if (!pcb->persist_backoff && tcp_send_room(c))
		return; /* it has opened meanwhile: settling tells */
	t->counters.window_probes++;
	c->probes++;
	if (pcb->persist_backoff)
		tcp_zero_window_probe(pcb);
	else
		tcp_keepalive(pcb);
}

static void keep_alive(struct tcp_thread *t, struct tcp_connection *c)
{
	if (c->probes >= t->host->options.keepalive_count) {
		t->counters.timed_out++;
		tcp_connection_abandon(c, IX_DEAD_TIMEOUT, 1);
		return;
	}
	t->counters.keepalives++;
	c->probes++;
	tcp_keepalive(c->pcb);
}

static bool due(uint64_t at_ns, uint64_t now_ns)
{
	return at_ns && at_ns <= now_ns;
}

void tcp_timer_fire(struct ix_timer *timer, void *thread)
{
	struct tcp_connection *c = container_of(timer, struct tcp_connection, timer);
	struct tcp_thread *t = tcp_enter(thread);
	struct tcp_bucket *b = tcp_bucket_of(c->group, c->hash);
	uint64_t now = t->thread->now_ns;

	t->group = c->group;
	tcp_bucket_in(b);
	if (c->pcb && due(c->state_at_ns, now)) {
		int closed = c->pcb->state == TIME_WAIT || c->pcb->state == FIN_WAIT_2;

		tcp_connection_abandon(c, closed ? IX_DEAD_CLOSED : IX_DEAD_TIMEOUT, 0);
	}
	if (c->pcb && due(c->rto_at_ns, now))
		retransmit(t, c);
	if (c->pcb && due(c->ack_at_ns, now))
		acknowledge(t, c);
	if (c->pcb && due(c->persist_at_ns, now))
		probe_window(t, c);
	if (c->pcb && due(keepalive_at(&t->host->options, c), now))
		keep_alive(t, c);
	tcp_bucket_out(b);
	tcp_connection_settle(t, c, IX_EVENTS_PER_STEP);
}

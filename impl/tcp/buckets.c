/*
 * lwIP looks connections up in two linear lists. A flow group has a table of pairs of such lists instead; the pair of
 * the packet's hash is put in place around each call into lwIP. Chains stay short: the table doubles with them.
 */
#include "impl/tcp/internal.h"

#define CACHE_LINE 64

static struct tcp_bucket *table_new(const struct tcp_group *g, uint32_t buckets)
{
	const struct ix_platform *p = &g->host->dataplane->platform;

	return p->allocate(p->context, buckets * sizeof(struct tcp_bucket), 64);
}

int tcp_buckets_init(struct tcp_group *g, uint32_t buckets)
{
	g->bucket = table_new(g, buckets);
	g->mask = buckets - 1;
	return g->bucket ? 0 : IX_ERR_NO_MEMORY;
}

void tcp_buckets_fini(struct tcp_group *g)
{
	const struct ix_platform *p = &g->host->dataplane->platform;

	if (g->bucket)
		p->release(p->context, g->bucket);
	g->bucket = NULL;
}

/* The low bits of the Toeplitz hash are the group's, alike for all of its connections: mix the others down. */
static uint32_t mix(uint32_t hash)
{
	hash ^= hash >> 15;
	hash *= 0x2c1b3c6du;
	return hash ^ hash >> 13;
}

struct tcp_bucket *tcp_bucket_of(const struct tcp_group *g, uint32_t hash)
{
	return &g->bucket[mix(hash) & g->mask];
}

static void move_list(struct tcp_pcb *pcb, struct tcp_group *g, bool time_wait)
{
	while (pcb) {
		struct tcp_pcb *next = pcb->next;
		const struct tcp_connection *c = pcb->callback_arg;
		struct tcp_bucket *b = tcp_bucket_of(g, c->hash);
		struct tcp_pcb **head = time_wait ? &b->time_wait : &b->active;

		pcb->next = *head;
		*head = pcb;
		pcb = next;
	}
}

/* Doubles the table when there are more connections than half of the buckets: most then stand first in theirs, which is
 * where tcp_prefetch() looks. Without memory for it chains get longer. */
void tcp_buckets_grow(struct tcp_group *g)
{
	uint32_t old_buckets = g->mask + 1;
	struct tcp_bucket *old = g->bucket, *table;
	const struct ix_platform *p = &g->host->dataplane->platform;

	if (2 * g->connections <= old_buckets)
		return;
	table = table_new(g, 2 * old_buckets);
	if (!table)
		return;
	g->bucket = table;
	g->mask = 2 * old_buckets - 1;
	for (uint32_t i = 0; i < old_buckets; i++) {
		move_list(old[i].active, g, false);
		move_list(old[i].time_wait, g, true);
	}
	p->release(p->context, old);
}

static struct tcp_pcb *find(struct tcp_pcb *pcb, uint32_t remote_ip, uint16_t remote_port, uint16_t local_port)
{
	while (pcb &&
	       (pcb->remote_port != remote_port || pcb->local_port != local_port || pcb->remote_ip.addr != remote_ip))
		pcb = pcb->next;
	return pcb;
}

struct tcp_pcb *tcp_bucket_find(const struct tcp_bucket *b, uint32_t remote_ip, uint16_t remote_port,
				uint16_t local_port)
{
	struct tcp_pcb *pcb = find(b->active, remote_ip, remote_port, local_port);

	return pcb ? pcb : find(b->time_wait, remote_ip, remote_port, local_port);
}

/* inline: with a size that is known, a few instructions. */
static inline void fetch(const void *object, size_t size)
{
	for (size_t at = 0; at < size; at += CACHE_LINE)
		__builtin_prefetch((const char *)object + at, 1);
}

/* The first connection of the bucket is taken for the packet's, as it mostly is: chains are short, and lwIP puts the one
 * it has found to the front. */
void tcp_prefetch(const struct tcp_group *g, uint32_t hash, unsigned step)
{
	const struct tcp_bucket *b = tcp_bucket_of(g, hash);
	const struct tcp_pcb *pcb;

	if (step == 0) {
		__builtin_prefetch(b, 1);
		return;
	}
	pcb = b->active;
	if (!pcb)
		return;
	if (step == 1) {
		fetch(pcb, sizeof(*pcb));
	} else if (step == 2) {
		fetch(pcb->callback_arg, sizeof(struct tcp_connection));
		if (pcb->unacked)
			__builtin_prefetch(pcb->unacked, 1);
	} else if (pcb->unacked) { /* what the packet will acknowledge, most likely */
		const struct pbuf *header = pcb->unacked->p;

		__builtin_prefetch(step == 3 ? header : header->next, 1);
	}
}

/*
 * ARP (RFC 826): one table per host, read by all its threads without a lock. Entries are found through atomic pointers
 * and change by atomic words; one that is evicted is freed after a grace period of liburcu's QSBR flavour, in which
 * every cycle of a thread is a quiescent state. A packet that waits for an address waits at its thread.
 */
#include "impl/tcp/internal.h"
#include "impl/tcp/wire.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <urcu-qsbr.h>

#define HEADS       256u
#define ENTRIES_MAX 4096u
#define WAITING_MAX 256u /* packets of a thread */
#define TRIES       3u
#define DEFEND_NS   (10 * NS_PER_S) /* RFC 5227 */

struct arp_entry {
	struct arp_entry *_Atomic next;
	uint32_t ip;
	_Atomic uint64_t mac; /* 48 bits, 0: not known yet */
	_Atomic uint64_t updated_ns, requested_ns;
	struct rcu_head rcu;
};

struct arp_table {
	struct arp_entry *_Atomic head[HEADS];
	pthread_mutex_t lock; /* of writers */
	unsigned entries;
	_Atomic uint64_t defended_ns;
	bool deferred; /* call_rcu() has been used */
};

/* The thread sanitizer does not see into liburcu: what a grace period orders is told to it. */
#ifdef __has_feature
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#endif
#ifdef __SANITIZE_THREAD__
void __tsan_acquire(void *object);
void __tsan_release(void *object);
static char grace_period;
#define READS_DONE()   __tsan_release(&grace_period)
#define READERS_DONE() __tsan_acquire(&grace_period)
#else
#define READS_DONE()   ((void)0)
#define READERS_DONE() ((void)0)
#endif

/* An entry has been given to call_rcu(). Until then nobody waits for cycles to end. */
static _Atomic bool evicted;
static _Thread_local bool online;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t at_exit; /* of an operating-system thread */

static void unregister(void *registered)
{
	(void)registered;
	READS_DONE();
	rcu_unregister_thread();
}

static void make_key(void)
{
	pthread_key_create(&at_exit, unregister);
}

static void register_thread(void)
{
	static _Thread_local bool registered;

	if (registered)
		return;
	registered = true;
	pthread_once(&once, make_key);
	pthread_setspecific(at_exit, &registered);
	rcu_register_thread();
	online = true;
}

void arp_quiescent(void)
{
	if (!online || !atomic_load_explicit(&evicted, memory_order_relaxed))
		return;
	READS_DONE();
	rcu_quiescent_state();
}

/* This operating-system thread may not run cycles for long: nobody shall wait for it. */
void arp_offline(void)
{
	register_thread();
	READS_DONE();
	if (online)
		rcu_thread_offline();
	online = false;
}

void arp_online(void)
{
	if (online)
		return;
	register_thread();
	if (!online)
		rcu_thread_online();
	online = true;
}

struct arp_table *arp_new(void)
{
	struct arp_table *table = calloc(1, sizeof(*table));

	if (table)
		pthread_mutex_init(&table->lock, NULL);
	return table;
}

void arp_delete(struct arp_table *table)
{
	if (!table)
		return;
	if (table->deferred)
		rcu_barrier();
	for (unsigned i = 0; i < HEADS; i++)
		for (struct arp_entry *e = atomic_load(&table->head[i]), *next; e; e = next) {
			next = atomic_load(&e->next);
			free(e);
		}
	pthread_mutex_destroy(&table->lock);
	free(table);
}

static struct arp_entry *_Atomic *head_of(struct arp_table *table, uint32_t ip)
{
	return &table->head[(ip * 0x9e3779b1u) >> 24];
}

static struct arp_entry *find(struct arp_table *table, uint32_t ip)
{
	struct arp_entry *e = atomic_load_explicit(head_of(table, ip), memory_order_acquire);

	while (e && e->ip != ip)
		e = atomic_load_explicit(&e->next, memory_order_acquire);
	return e;
}

static void free_entry(struct rcu_head *head)
{
	READERS_DONE();
	free(container_of(head, struct arp_entry, rcu));
}

/* Makes room in a full table: everything that is out of date. With the lock held. */
static void evict(struct arp_table *table, uint64_t now, uint64_t lifetime_ns)
{
	for (unsigned i = 0; i < HEADS; i++) {
		struct arp_entry *_Atomic *at = &table->head[i];

		for (struct arp_entry *e = atomic_load(at); e; e = atomic_load(at)) {
			uint64_t updated = atomic_load_explicit(&e->updated_ns, memory_order_relaxed);
			uint64_t asked = atomic_load_explicit(&e->requested_ns, memory_order_relaxed);

			if ((updated > asked ? updated : asked) + lifetime_ns > now) {
				at = &e->next;
				continue;
			}
			atomic_store_explicit(at, atomic_load(&e->next), memory_order_release);
			table->entries--;
			table->deferred = true;
			atomic_store_explicit(&evicted, true, memory_order_relaxed);
			call_rcu(&e->rcu, free_entry);
		}
	}
}

static struct arp_entry *find_or_add(struct tcp_thread *t, uint32_t ip)
{
	struct arp_table *table = t->host->arp;
	struct arp_entry *e = find(table, ip);

	if (e)
		return e;
	pthread_mutex_lock(&table->lock);
	e = find(table, ip);
	if (!e && table->entries >= ENTRIES_MAX)
		evict(table, t->thread->now_ns, t->host->options.arp_lifetime_ns);
	if (!e && table->entries < ENTRIES_MAX && (e = calloc(1, sizeof(*e)))) {
		struct arp_entry *_Atomic *head = head_of(table, ip);

		e->ip = ip;
		atomic_store(&e->next, atomic_load(head));
		atomic_store_explicit(head, e, memory_order_release);
		table->entries++;
	}
	pthread_mutex_unlock(&table->lock);
	return e;
}

static uint64_t mac_to_word(const uint8_t mac[6])
{
	uint64_t word = 0;

	memcpy(&word, mac, 6);
	return word;
}

/* Sends a message; @to: link address as a word, all ones for everybody. */
static void send_message(struct tcp_thread *t, unsigned operation, uint64_t to, uint32_t target_ip)
{
	const struct ix_tcp_options *o = &t->host->options;
	struct ix_packet *packet = tcp_packet_alloc(t);
	uint32_t ip_be = lwip_htonl(o->ip), target_be = lwip_htonl(target_ip);
	struct arp_message m = {
	    lwip_htons(1), lwip_htons(ETH_TYPE_IP), 6, 4, lwip_htons((uint16_t)operation), {0}, {0}, {0}, {0}};

	if (!packet)
		return;
	memcpy(m.sender_mac, o->mac, 6);
	memcpy(m.sender_ip, &ip_be, 4);
	if (operation == ARP_REPLY)
		memcpy(m.target_mac, &to, 6);
	memcpy(m.target_ip, &target_be, 4);
	memcpy(packet->data, &to, 6);
	memcpy(packet->data + 6, o->mac, 6);
	packet->data[12] = ETH_TYPE_ARP >> 8;
	packet->data[13] = ETH_TYPE_ARP & 0xff;
	memcpy(packet->data + ETH_HEADER, &m, ARP_LENGTH);
	packet->length = ETH_HEADER + ARP_LENGTH;
	ix_send(t->thread, packet);
	if (operation == ARP_REQUEST)
		t->counters.arp_requests++;
	else
		t->counters.arp_replies++;
}

void arp_announce(struct tcp_thread *t)
{
	send_message(t, ARP_REQUEST, UINT64_MAX, t->host->options.ip);
}

/* At most one request per entry and retry interval, whichever thread asks. */
static void request(struct tcp_thread *t, struct arp_entry *e, uint64_t to)
{
	uint64_t now = t->thread->now_ns, last = atomic_load_explicit(&e->requested_ns, memory_order_relaxed);

	if (last && now < last + t->host->options.arp_retry_ns)
		return;
	if (atomic_compare_exchange_strong(&e->requested_ns, &last, now ? now : 1))
		send_message(t, ARP_REQUEST, to, e->ip);
}

/* The link address, or 0 while it is not known. One that grows old is asked for again in time. */
static uint64_t resolve(struct tcp_thread *t, uint32_t ip)
{
	uint64_t lifetime = t->host->options.arp_lifetime_ns, now = t->thread->now_ns, mac, age;
	struct arp_entry *e = find_or_add(t, ip);

	if (!e)
		return 0;
	mac = atomic_load_explicit(&e->mac, memory_order_acquire);
	age = now - atomic_load_explicit(&e->updated_ns, memory_order_relaxed);
	if (mac && ((int64_t)age < 0 || age < lifetime)) {
		if ((int64_t)age > (int64_t)(lifetime - lifetime / 4))
			request(t, e, mac);
		return mac;
	}
	request(t, e, UINT64_MAX);
	return 0;
}

static void complete(struct tcp_thread *t, struct ix_packet *packet, uint64_t mac)
{
	memcpy(packet->data, &mac, 6);
	memcpy(packet->data + 6, t->host->options.mac, 6);
	ix_send(t->thread, packet);
}

/* While a packet waits, two of its fields are ours: undone, the next hop, and arrival_ns, since when. */
void arp_send(struct tcp_thread *t, struct ix_packet *packet, uint32_t next_hop)
{
	uint64_t mac = resolve(t, next_hop);

	if (mac) {
		complete(t, packet, mac);
		return;
	}
	if (t->arp_wait.count >= WAITING_MAX) {
		t->counters.arp_unresolved++;
		tcp_packet_free(t, packet);
		return;
	}
	packet->undone = next_hop;
	packet->arrival_ns = t->thread->now_ns;
	ix_packet_queue_push(&t->arp_wait, packet);
	atomic_store(&t->arp_waiting, true);
	if (!ix_timer_armed(&t->arp_timer))
		ix_wheel_arm(&t->thread->wheel, &t->arp_timer, t->thread->now_ns + t->host->options.arp_retry_ns, NULL);
}

/* Sends what can go now; drops what has waited in vain. */
void arp_retry_waiting(struct tcp_thread *t)
{
	uint64_t patience = TRIES * t->host->options.arp_retry_ns;

	for (uint32_t n = t->arp_wait.count; n; n--) {
		struct ix_packet *packet = ix_packet_queue_pop(&t->arp_wait);
		uint64_t mac = resolve(t, packet->undone);

		if (mac) {
			packet->undone = 0;
			complete(t, packet, mac);
		} else if (t->thread->now_ns >= packet->arrival_ns + patience) {
			t->counters.arp_unresolved++;
			tcp_packet_free(t, packet);
		} else {
			ix_packet_queue_push(&t->arp_wait, packet);
		}
	}
	if (!t->arp_wait.count) {
		atomic_store(&t->arp_waiting, false);
		ix_wheel_cancel(&t->thread->wheel, &t->arp_timer);
	}
}

static void arp_timer_fire(struct ix_timer *timer, void *thread)
{
	struct tcp_thread *t = tcp_enter(thread);

	arp_retry_waiting(t);
	if (t->arp_wait.count)
		ix_wheel_arm(&t->thread->wheel, timer, t->thread->now_ns + t->host->options.arp_retry_ns, NULL);
}

void arp_thread_start(struct tcp_thread *t)
{
	t->arp_timer.fire = arp_timer_fire;
}

void arp_thread_stop(struct tcp_thread *t)
{
	struct ix_packet *packet;

	ix_wheel_cancel(&t->thread->wheel, &t->arp_timer);
	while ((packet = ix_packet_queue_pop(&t->arp_wait)))
		tcp_packet_free(t, packet);
}

/* The reply came to one thread; others may have packets that wait for it. */
static void tell_threads(struct tcp_thread *t)
{
	struct ix_dataplane *d = t->host->dataplane;

	for (unsigned i = 0; i < d->options.threads; i++) {
		struct tcp_thread *other = d->thread[i].stack_state;

		if (other == t)
			arp_retry_waiting(t);
		else if (other && atomic_load(&other->arp_waiting))
			d->platform.kick(d->platform.context, i, 0);
	}
}

static void learn(struct tcp_thread *t, uint32_t ip, uint64_t mac, bool add)
{
	struct arp_entry *e = add ? find_or_add(t, ip) : find(t->host->arp, ip);

	if (!e)
		return;
	atomic_store_explicit(&e->updated_ns, t->thread->now_ns, memory_order_relaxed);
	if (atomic_exchange_explicit(&e->mac, mac, memory_order_acq_rel) != mac || t->arp_wait.count)
		tell_threads(t);
}

/* Somebody else claims our address: say once in a while that it is taken. */
static void defend(struct tcp_thread *t)
{
	_Atomic uint64_t *defended = &t->host->arp->defended_ns;
	uint64_t now = t->thread->now_ns, last = atomic_load(defended);

	t->counters.arp_conflicts++;
	if ((!last || now >= last + DEFEND_NS) && atomic_compare_exchange_strong(defended, &last, now ? now : 1))
		arp_announce(t);
}

static bool valid(const struct ix_packet *packet, const struct arp_message *m)
{
	return packet->length >= ETH_HEADER + ARP_LENGTH && m->hardware == lwip_htons(1) &&
	       m->protocol == lwip_htons(ETH_TYPE_IP) && m->hardware_length == 6 && m->protocol_length == 4 &&
	       (m->operation == lwip_htons(ARP_REQUEST) || m->operation == lwip_htons(ARP_REPLY)) &&
	       !(m->sender_mac[0] & 1) && mac_to_word(m->sender_mac);
}

void arp_in(struct tcp_thread *t, struct ix_packet *packet)
{
	const struct ix_tcp_options *o = &t->host->options;
	struct arp_message m = {0};
	uint32_t sender, target;
	bool is_request;

	if (packet->length >= ETH_HEADER + ARP_LENGTH)
		memcpy(&m, packet->data + ETH_HEADER, ARP_LENGTH);
	if (!valid(packet, &m)) {
		tcp_refuse(t, packet, &t->counters.malformed);
		return;
	}
	memcpy(&sender, m.sender_ip, 4);
	memcpy(&target, m.target_ip, 4);
	sender = lwip_ntohl(sender);
	target = lwip_ntohl(target);
	is_request = m.operation == lwip_htons(ARP_REQUEST);
	tcp_packet_free(t, packet);
	if (sender == o->ip) {
		if (memcmp(m.sender_mac, o->mac, 6) != 0)
			defend(t);
		return;
	}
	/* A reply nobody asked for adds no entry; one that is there follows its owner. */
	if (sender && !((sender ^ o->ip) & o->netmask))
		learn(t, sender, mac_to_word(m.sender_mac), is_request && target == o->ip);
	if (is_request && target == o->ip)
		send_message(t, ARP_REPLY, mac_to_word(m.sender_mac), sender);
}

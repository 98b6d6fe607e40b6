/*
 * Structures of the stack `tcp`. Ownership: a host (dataplane) has threads and flow groups; a group has buckets of
 * connections; a connection has at most one lwIP PCB. Nothing below a group points to a thread, so that a group can
 * change threads by pointer.
 */
#ifndef IX_TCP_INTERNAL_H
#define IX_TCP_INTERNAL_H

#include "impl/tcp/tcp.h"
#include <lwip/priv/tcp_priv.h>
#include <lwip/tcp.h>

#include <stdbool.h>

#define NS_PER_MS 1000000ull
#define NS_PER_S  1000000000ull

#define TCP_SIZE_CLASSES 16 /* memory.c */

struct tcp_group;
struct arp_table;
struct block;
struct slab;

/* Shared by the threads of a dataplane and, but for the ARP table and the open UDP ports, constant. */
struct tcp_host {
	struct ix_dataplane *dataplane;
	struct ix_tcp_options options;
	struct tcp_pcb_listen listener[IX_TCP_PORTS_MAX];
	struct arp_table *arp;
	_Atomic uint64_t udp_open[65536 / 64];
	struct slab *_Atomic slabs; /* memory.c */
	unsigned users;
};

/* A received packet in lwIP's hands, then in the connection's: unread (its event not yet delivered), then held by the
 * application until all its bytes are done. */
struct rx_buffer {
	struct pbuf_custom pbuf; /* first: lwIP hands back its address */
	struct ix_packet *packet;
	struct rx_buffer *next;
	uint8_t *data;
	uint32_t length, undone;
};

struct rx_queue {
	struct rx_buffer *head, *tail;
};

/* Events of a connection that wait for room, beside unread data. */
enum { OWE_KNOCK = 1, OWE_CONNECTED = 2, OWE_SENT = 4, OWE_EOF = 8, OWE_DEAD = 16 };

enum tcp_connection_flags {
	CONN_PASSIVE = 1,     /* came by a SYN */
	CONN_HALF_OPEN = 2,   /* SYN_RCVD: on the group's list of these */
	CONN_KNOWN = 4,       /* the application has the handle */
	CONN_ACCEPTED = 8,    /* events may carry its cookie: accepted, or opened by CONNECT */
	CONN_BACKLOG = 16,    /* counts as established and not accepted */
	CONN_CLOSED = 32,     /* CLOSE or ABORT has been called */
	CONN_WANTS = 64,      /* SENDV accepted less than it was given */
	CONN_OWED = 128,      /* on the group's list of owed events */
	CONN_DEAD_SAID = 256, /* DEAD was delivered */
	CONN_CONNECTING = 512 /* CONNECTED is still to come */
};

/* What every segment touches comes first, in four lines with all of it. */
struct tcp_connection {
	struct tcp_pcb *pcb; /* NULL once lwIP has freed it */
	struct tcp_group *group;
	ix_handle handle; /* 0 when the application cannot name it (yet, or any more) */
	ix_cookie cookie;
	struct rx_queue unread, held;

	uint32_t hash; /* Toeplitz hash of arriving packets */
	uint16_t flags;
	uint8_t owed;   /* OWE_* */
	uint8_t reason; /* enum ix_reason, once dead */
	uint32_t acked; /* bytes not yet reported by SENT */

	/* Retransmission time-out (timers.c). A deadline of 0 is none. */
	uint32_t rtt_seq;  /* sequence number being timed, if rtt_start_ns is not 0 */
	uint32_t seen_nxt; /* snd_nxt, lastack, nrtx and state after the last call into lwIP */
	uint32_t seen_ack;
	uint8_t seen_nrtx, seen_state;
	uint8_t retries, probes, persist_shift;
	uint64_t srtt_ns, rttvar_ns, rto_ns;
	uint64_t rtt_start_ns;
	uint64_t rto_at_ns, ack_at_ns, persist_at_ns, state_at_ns, heard_ns;
	struct ix_timer timer;

	struct ix_list link; /* owed, or half open */
	struct ix_list all;  /* of the group */
	uint32_t remote_ip;  /* of the pcb, in network byte order: they outlive it */
	uint16_t remote_port, local_port;
};

struct tcp_bucket {
	struct tcp_pcb *active, *time_wait;
};

struct tcp_group {
	struct ix_flow_group *group;
	struct tcp_host *host;
	struct tcp_bucket *bucket;
	uint32_t mask; /* buckets - 1 */
	uint32_t connections;
	unsigned half_open, unaccepted;
	struct ix_list all;            /* connections */
	struct ix_list half_open_list; /* oldest first */
	struct ix_list owed;           /* connections with events that found no room */
	struct ix_list owed_link;      /* among the thread's groups with such connections */
};

struct tcp_thread {
	struct ix_thread *thread;
	struct tcp_host *host;
	struct netif netif; /* what lwIP asks for: MTU and checksum flags */
	struct ix_list owed_groups;
	struct rx_buffer *rx_free;
	struct block *free_block[TCP_SIZE_CLASSES]; /* memory.c, as the next two */
	uint8_t *fresh, *fresh_end;                 /* of the newest slab: not yet cut */
	size_t slab_bytes;                          /* of all its slabs */
	struct ix_packet_queue arp_wait;            /* packets without a link address; user of arp.c */
	struct ix_timer arp_timer;
	_Atomic bool arp_waiting;
	struct rx_buffer **udp_held; /* hash of buffers held by the application */
	uint32_t port_cursor;
	uint16_t ip_id;
	bool announced;
	/* of the call that runs */
	struct tcp_group *group;
	struct tcp_connection *opened; /* by a SYN */
	uint32_t hash;
	int64_t connections, lwip_objects, received_packets; /* made less freed here */
	struct ix_tcp_counters counters;
};

/* instance.c: whose turn it is on this operating-system thread */
extern _Thread_local struct tcp_thread *tcp_current;
void tcp_set_current(struct tcp_thread *t);
static inline struct tcp_thread *tcp_enter(struct ix_thread *thread)
{
	struct tcp_thread *t = thread->stack_state;

	if (tcp_current != t)
		tcp_set_current(t);
	return t;
}
uint64_t tcp_keyed_hash(const uint64_t secret[2], uint64_t a, uint64_t b);

/* memory.c: as malloc() and free(), for sizes that come again and again; what an object of lwIP's of that size takes. */
void *tcp_block_take(struct tcp_thread *t, size_t size);
void tcp_block_give(struct tcp_thread *t, void *memory, size_t size);
size_t tcp_lwip_bytes(size_t size);
void tcp_free_slabs(struct tcp_host *h);

/* buckets.c */
int tcp_buckets_init(struct tcp_group *g, uint32_t buckets);
void tcp_buckets_fini(struct tcp_group *g);
struct tcp_bucket *tcp_bucket_of(const struct tcp_group *g, uint32_t hash);
void tcp_buckets_grow(struct tcp_group *g);
/* A PCB by addresses as lwIP keeps them (IP in network byte order, ports in host byte order). */
struct tcp_pcb *tcp_bucket_find(const struct tcp_bucket *b, uint32_t remote_ip, uint16_t remote_port,
				uint16_t local_port);
/* Has the cache fetch what a packet with that hash will touch; the steps are those of the stack's prefetch(). */
void tcp_prefetch(const struct tcp_group *g, uint32_t hash, unsigned step);
static inline void tcp_bucket_in(const struct tcp_bucket *b)
{
	tcp_active_pcbs = b->active;
	tcp_tw_pcbs = b->time_wait;
}
static inline void tcp_bucket_out(struct tcp_bucket *b)
{
	b->active = tcp_active_pcbs;
	b->time_wait = tcp_tw_pcbs;
}

/* connection.c */
extern const struct tcp_ext_arg_callbacks tcp_connection_callbacks;
struct tcp_connection *tcp_connection_new(struct tcp_thread *t, struct tcp_group *g, struct tcp_pcb *pcb, uint32_t hash,
					  uint16_t flags);
void tcp_connection_destroy(struct tcp_thread *t, struct tcp_connection *c);
void tcp_connection_settle(struct tcp_thread *t, struct tcp_connection *c, unsigned room);
void tcp_connection_abandon(struct tcp_connection *c, int reason, int reset);
void tcp_drop_unread(struct tcp_thread *t, struct tcp_connection *c);
void tcp_backlog_leave(struct tcp_connection *c);
err_t tcp_connected(void *arg, struct tcp_pcb *pcb, err_t error);
err_t tcp_accept_callback(void *arg, struct tcp_pcb *pcb, err_t error);
void tcp_connection_release_if_done(struct tcp_thread *t, struct tcp_connection *c);
void tcp_half_open_remove(struct tcp_connection *c);
uint32_t tcp_send_room(const struct tcp_connection *c);

/* events.c */
void tcp_disown(struct tcp_thread *t, struct tcp_connection *c);
void tcp_owe(struct tcp_thread *t, struct tcp_connection *c, unsigned what);
void tcp_deliver_pending(struct tcp_thread *t, unsigned room);
unsigned tcp_flush(struct tcp_thread *t, struct tcp_connection *c, unsigned room);

/* timers.c */
void tcp_timers_start(struct tcp_thread *t, struct tcp_connection *c);
void tcp_timers_update(struct tcp_thread *t, struct tcp_connection *c);
void tcp_timer_fire(struct ix_timer *timer, void *thread);

/* calls.c, input.c */
void tcp_call(struct ix_thread *thread, struct ix_flow_group *group, struct ix_call *call);
void tcp_segment_in(struct tcp_thread *t, struct tcp_group *g, struct ix_packet *packet, uint8_t *segment,
		    uint16_t length, uint32_t src_be, uint32_t dst_be);

/* rx.c */
struct rx_buffer *rx_new(struct tcp_thread *t, struct ix_packet *packet, uint8_t *payload, uint16_t length);
void rx_free(struct tcp_thread *t, struct rx_buffer *rx);
void rx_stop(struct tcp_thread *t);
void rx_queue_push(struct rx_queue *q, struct rx_buffer *rx);
struct rx_buffer *rx_queue_pop(struct rx_queue *q);
/* Takes length bytes at @buffer as done. Returns 1 if the whole buffer is done and was freed, 0 if not yet, or a
 * negative enum ix_error. */
int rx_queue_done(struct tcp_thread *t, struct rx_queue *q, ix_buffer buffer, uint32_t length);

/* checksum.c: of data, and of data with the pseudo-header of TCP and UDP; 0 if they contain a right one. */
uint16_t ip_checksum(const void *data, uint32_t length);
uint16_t ip_checksum_header(const void *header); /* of IPv4, without options */
uint16_t ip_checksum_pseudo(const void *data, uint16_t length, uint32_t src_be, uint32_t dst_be, uint8_t protocol);

/* ip.c */
void ip_in(struct tcp_thread *t, struct tcp_group *g, struct ix_packet *packet);
bool ip_has_route(const struct tcp_host *h, uint32_t ip);
void tcp_refuse(struct tcp_thread *t, struct ix_packet *packet, uint64_t *counter);
struct ix_packet *tcp_packet_alloc(struct tcp_thread *t);
void tcp_packet_free(struct tcp_thread *t, struct ix_packet *packet);
/* Completes packet (IP payload of @length already at data + 34) with IP and Ethernet headers and sends it. */
void ip_finish(struct tcp_thread *t, struct ix_packet *packet, uint16_t length, uint32_t src_be, uint32_t dst_be,
	       uint8_t ttl, uint8_t tos, uint8_t protocol);
#define ETH_HEADER 14
#define IP_HEADER  20

/* udp.c */
int udp_start(struct tcp_thread *t);
void udp_stop(struct tcp_thread *t);
void udp_in(struct tcp_thread *t, struct ix_packet *packet, uint8_t *datagram, uint16_t length, uint32_t src_be,
	    uint32_t dst_be);
int64_t udp_send(struct tcp_thread *t, const struct ix_call *call);
int udp_done(struct tcp_thread *t, ix_buffer buffer);

/* ports.c: a local port whose arriving packets come to this thread, and is free; 0 if none. *hash and *group are those
 * of arriving packets. */
uint16_t tcp_port_choose(struct tcp_thread *t, uint32_t remote_ip, uint16_t remote_port, bool tcp, uint32_t *hash,
			 struct tcp_group **group);

/* arp.c */
struct arp_table *arp_new(void);
void arp_delete(struct arp_table *table);
void arp_thread_start(struct tcp_thread *t);
void arp_thread_stop(struct tcp_thread *t);
void arp_online(void);    /* an operating-system thread is about to run cycles */
void arp_offline(void);   /* it may not run any for long */
void arp_quiescent(void); /* between cycles: no entry is in use */
void arp_in(struct tcp_thread *t, struct ix_packet *packet);
void arp_retry_waiting(struct tcp_thread *t);
void arp_announce(struct tcp_thread *t);
/* Sends an IPv4 frame whose link addresses are missing to @next_hop (host byte order), now or when it is resolved. */
void arp_send(struct tcp_thread *t, struct ix_packet *packet, uint32_t next_hop);

static inline void tcp_list_add(struct ix_list *head, struct ix_list *item)
{
	item->prev = head->prev;
	item->next = head;
	head->prev->next = item;
	head->prev = item;
}

static inline void tcp_list_remove(struct ix_list *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	item->next = item->prev = NULL;
}

#define container_of(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

static inline bool seq_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

#endif

#include "sim/wire.h"

#include <string.h>

#define SEED_STEP 0x9e3779b97f4a7c15ull /* tells the streams of several wires apart */

/* When it arrives, in the word of the packet's bookkeeping that is the platform's. */
static inline uint64_t *due_ns(struct ix_packet *packet)
{
	return &packet->user[0];
}

static void hand_over(struct sim_wire *wire, struct ix_packet *packet)
{
	wire->totals.delivered++;
	wire->deliver(wire->context, packet);
}

/* The queue whose head is due first, or NULL. On equal times the packet on time goes first. */
static struct ix_packet_queue *next_queue(struct sim_wire *wire)
{
	if (!wire->held.head)
		return wire->on_time.head ? &wire->on_time : NULL;
	if (!wire->on_time.head)
		return &wire->held;
	return *due_ns(wire->held.head) < *due_ns(wire->on_time.head) ? &wire->held : &wire->on_time;
}

static void arrive(struct sim_event *event)
{
	struct sim_wire *wire = SIM_CONTAINER(event, struct sim_wire, event);
	struct ix_packet_queue *queue;

	while ((queue = next_queue(wire)) && *due_ns(queue->head) <= wire->engine->now_ns)
		hand_over(wire, ix_packet_queue_pop(queue));
	if (queue) /* moves it where a receiver has sent something on */
		sim_schedule(wire->engine, event, *due_ns(queue->head));
	else
		sim_cancel(wire->engine, event);
}

void sim_wire_init(struct sim_wire *wire, struct sim_engine *engine, struct sim_pool *pool,
		   const struct sim_wire_options *options, uint64_t seed, uint32_t replication, uint32_t number)
{
	memset(wire, 0, sizeof(*wire));
	wire->engine = engine;
	wire->pool = pool;
	wire->options = *options;
	wire->event.fire = arrive;
	wire->ns_per_byte = options->bandwidth_bps ? 8e9 / (double)options->bandwidth_bps : 0;
	wire->impaired = options->loss > 0 || options->duplicate > 0 || options->reorder > 0 || options->corrupt > 0;
	wire->ideal = !wire->impaired && !options->bandwidth_bps && !options->delay_ns;
	if (wire->impaired)
		rng_init(&wire->rng, seed + number * SEED_STEP, RNG_WIRE, replication);
}

void sim_wire_fini(struct sim_wire *wire)
{
	struct ix_packet *packet;

	while ((packet = ix_packet_queue_pop(&wire->on_time)))
		sim_pool_put(wire->pool, packet);
	while ((packet = ix_packet_queue_pop(&wire->held)))
		sim_pool_put(wire->pool, packet);
	sim_cancel(wire->engine, &wire->event);
}

static void enqueue(struct sim_wire *wire, struct ix_packet_queue *queue, struct ix_packet *packet, uint64_t at_ns)
{
	*due_ns(packet) = at_ns;
	ix_packet_queue_push(queue, packet);
	if (sim_scheduled(&wire->event) && (queue->head != packet || next_queue(wire) != queue))
		return;
	sim_schedule(wire->engine, &wire->event, at_ns);
}

static void flip_bit(struct sim_wire *wire, struct ix_packet *packet)
{
	uint32_t bit = rng_below(&wire->rng, 8u * packet->length);

	packet->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	packet->flags |= SIM_WIRE_DAMAGED;
	wire->totals.corrupted++;
}

static struct ix_packet *copy_of(struct sim_wire *wire, const struct ix_packet *packet)
{
	struct ix_packet *copy = sim_pool_get(wire->pool);

	if (!copy)
		return NULL;
	memcpy(copy->data, packet->data, packet->length);
	copy->length = packet->length;
	copy->rss_hash = packet->rss_hash;
	return copy;
}

/* Always draws the same numbers for a packet, so that one impairment does not change what another one hits. */
static void impair(struct sim_wire *wire, struct ix_packet *packet, uint64_t at_ns)
{
	const struct sim_wire_options *o = &wire->options;
	int lost = rng_uniform(&wire->rng) < o->loss;
	int duplicated = rng_uniform(&wire->rng) < o->duplicate;
	int held = rng_uniform(&wire->rng) < o->reorder;
	int corrupted = rng_uniform(&wire->rng) < o->corrupt;

	if (lost) {
		wire->totals.lost++;
		sim_pool_put(wire->pool, packet);
		return;
	}
	if (duplicated) {
		struct ix_packet *copy = copy_of(wire, packet);

		if (copy) {
			wire->totals.duplicated++;
			enqueue(wire, &wire->on_time, copy, at_ns);
		}
	}
	if (corrupted && packet->length)
		flip_bit(wire, packet);
	wire->totals.reordered += (unsigned)held;
	enqueue(wire, held ? &wire->held : &wire->on_time, packet, held ? at_ns + o->reorder_ns : at_ns);
}

static uint32_t wire_bytes(const struct sim_wire *wire, const struct ix_packet *packet)
{
	uint32_t bytes = packet->length + wire->options.header_bytes;

	if (wire->options.wire_bytes)
		return wire->options.wire_bytes(packet);
	if (bytes < SIM_ETHERNET_MIN_BYTES)
		bytes = SIM_ETHERNET_MIN_BYTES;
	return bytes + SIM_ETHERNET_OVERHEAD_BYTES;
}

/* In whole nanoseconds; what is cut off counts for the next packet, so that the bandwidth is exact. */
static uint64_t serialization_ns(struct sim_wire *wire, const struct ix_packet *packet)
{
	double exact_ns = wire_bytes(wire, packet) * wire->ns_per_byte + wire->carry_ns;
	uint64_t whole_ns = (uint64_t)exact_ns;

	wire->carry_ns = exact_ns - (double)whole_ns;
	wire->totals.busy_ns += whole_ns;
	return whole_ns;
}

/* On a wire that takes time, or is not to be trusted. */
static uint64_t serialize(struct sim_wire *wire, struct ix_packet *packet)
{
	uint64_t now_ns = wire->engine->now_ns, start_ns = wire->free_ns > now_ns ? wire->free_ns : now_ns;
	uint64_t left_ns, at_ns;

	if (wire->options.queue_bytes && wire->ns_per_byte > 0 &&
	    (double)(start_ns - now_ns) > (double)wire->options.queue_bytes * wire->ns_per_byte) {
		wire->totals.overflowed++;
		sim_pool_put(wire->pool, packet);
		return start_ns;
	}
	left_ns = wire->ns_per_byte > 0 ? start_ns + serialization_ns(wire, packet) : start_ns;
	wire->free_ns = left_ns;
	at_ns = left_ns + wire->options.delay_ns;
	if (wire->impaired)
		impair(wire, packet, at_ns);
	else
		enqueue(wire, &wire->on_time, packet, at_ns);
	return left_ns;
}

uint64_t sim_wire_send(struct sim_wire *wire, struct ix_packet *packet)
{
	if (wire->bonded)
		return sim_wire_send(&wire->bonded[packet->rss_hash % wire->bonded_count], packet);
	wire->totals.packets++;
	wire->totals.bytes += packet->length;
	if (!wire->ideal)
		return serialize(wire, packet);
	hand_over(wire, packet);
	return wire->engine->now_ns;
}

void sim_wire_bond(struct sim_wire *wire, struct sim_wire *bonded, uint32_t count)
{
	wire->bonded = bonded;
	wire->bonded_count = count;
}

uint64_t sim_wire_busy_ns(const struct sim_wire *wire)
{
	uint64_t now_ns = wire->engine->now_ns, ahead_ns = wire->free_ns > now_ns ? wire->free_ns - now_ns : 0;

	return wire->totals.busy_ns - ahead_ns;
}

/* What travels, sending it and checking it. */
#include "sim/packet_world.h"

#include <string.h>

#define GOLDEN             0x9e3779b97f4a7c15ull
#define DISPLACED_REACH    (1u << 20) /* bytes either way in which displaced ones are looked for */
#define DISPLACED_PROBE    16u
#define DISPLACED_SEARCHES 100u

/* The finalizer of splitmix64. */
static inline uint64_t mix(uint64_t z)
{
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

uint64_t packet_key(uint64_t id, int direction)
{
	return mix(mix(2 * id + (unsigned)direction + 1));
}

static inline uint64_t word_at(uint64_t key, uint64_t word)
{
	return mix(key + word * GOLDEN);
}

void packet_fill(uint64_t key, uint64_t position, uint8_t *bytes, size_t n)
{
	while (n) {
		uint64_t word = word_at(key, position / 8);
		size_t offset = position % 8, part = 8 - offset < n ? 8 - offset : n;

		if (part == 8)
			memcpy(bytes, &word, 8);
		else
			memcpy(bytes, (const uint8_t *)&word + offset, part);
		bytes += part;
		position += part;
		n -= part;
	}
}

size_t packet_wrong(uint64_t key, uint64_t position, const uint8_t *bytes, size_t n)
{
	size_t wrong = 0;

	while (n) {
		uint64_t word = word_at(key, position / 8), there = 0;
		size_t offset = position % 8, part = 8 - offset < n ? 8 - offset : n;

		memcpy((uint8_t *)&there + offset, bytes, part);
		if (part < 8) {
			uint64_t mask = 0;

			memset((uint8_t *)&mask + offset, 0xff, part);
			word &= mask;
		}
		for (uint64_t differs = word ^ there; differs; differs >>= 8)
			wrong += (differs & 0xff) != 0;
		bytes += part;
		position += part;
		n -= part;
	}
	return wrong;
}

void packet_pump(struct sim_packet *world, struct packet_end *end)
{
	while (end->sent < end->allowed && ix_connection_unsent(end->connection) < PACKET_UNSENT_MAX) {
		uint64_t left = end->allowed - end->sent;
		size_t n = left < PACKET_PIECE ? left : PACKET_PIECE;
		int error;

		packet_fill(end->out_key, end->sent, world->scratch, n);
		error = ix_write(end->connection, world->scratch, n);
		if (error == IX_ERR_NO_MEMORY)
			packet_fail(world, "the application's pool is used up");
		if (error)
			return;
		end->sent += n;
	}
}

/* Are the wrong bytes those of another position nearby? Then they are right, but out of order. */
static int displaced(struct sim_packet *world, const struct packet_end *end, const uint8_t *bytes, size_t n)
{
	uint64_t from = end->received > DISPLACED_REACH ? end->received - DISPLACED_REACH : 0;
	uint64_t to = end->received + DISPLACED_REACH;

	if (n < DISPLACED_PROBE || world->displaced_looked == DISPLACED_SEARCHES)
		return 0;
	world->displaced_looked++;
	for (uint64_t at = from; at < to; at++)
		if (!packet_wrong(end->in_key, at, bytes, DISPLACED_PROBE))
			return 1;
	return 0;
}

void packet_verify(struct sim_packet *world, struct packet_end *end, const uint8_t *bytes, size_t n)
{
	size_t wrong = packet_wrong(end->in_key, end->received, bytes, n);

	if (wrong && displaced(world, end, bytes, n))
		world->totals.out_of_order_bytes += n;
	else
		world->totals.corrupted_bytes += wrong;
	end->received += n;
	world->totals.bytes_delivered += n;
	world->progress_ns = world->engine.now_ns;
}

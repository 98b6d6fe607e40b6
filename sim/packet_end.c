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

/* Keys are hashes already, so a multiplication is enough to make all bytes of a word depend on the position. */
static inline uint64_t word_at(uint64_t key, uint64_t word)
{
	uint64_t z = (key ^ word) * GOLDEN;

	return z ^ z >> 32;
}

static inline uint64_t part_at(uint64_t key, uint64_t position)
{
	return word_at(key, position / 8) >> 8 * (position % 8);
}

void packet_fill(uint64_t key, uint64_t position, uint8_t *bytes, size_t n)
{
	uint64_t word;

	while (n && (position % 8 || n < 8)) { /* a byte at a time up to a whole word, and after the last */
		*bytes++ = (uint8_t)part_at(key, position++);
		n--;
	}
	for (; n >= 8; n -= 8, bytes += 8, position += 8) {
		word = word_at(key, position / 8);
		memcpy(bytes, &word, 8);
	}
	if (n)
		packet_fill(key, position, bytes, n);
}

/* How many of @n bytes, up to 8, differ from those of @word. */
static size_t differing(uint64_t word, const uint8_t *bytes, size_t n)
{
	size_t wrong = 0;

	for (size_t i = 0; i < n; i++)
		wrong += bytes[i] != (uint8_t)(word >> 8 * i);
	return wrong;
}

size_t packet_wrong(uint64_t key, uint64_t position, const uint8_t *bytes, size_t n)
{
	size_t wrong = 0;
	uint64_t there;

	while (n && (position % 8 || n < 8)) {
		wrong += *bytes++ != (uint8_t)part_at(key, position++);
		n--;
	}
	for (; n >= 8; n -= 8, bytes += 8, position += 8) {
		memcpy(&there, bytes, 8);
		if (there != word_at(key, position / 8))
			wrong += differing(word_at(key, position / 8), bytes, 8);
	}
	return n ? wrong + packet_wrong(key, position, bytes, n) : wrong;
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
